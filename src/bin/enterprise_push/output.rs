//! Printing. A reader that has gone away is told nothing.

use std::io::{self, Write};

/// Writes a line to standard output.
pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// Why a command could not be done; to standard error.
pub(crate) fn failure(error: &anyhow::Error) {
    let _ = writeln!(io::stderr(), "enterprise-push: {error:#}");
}
