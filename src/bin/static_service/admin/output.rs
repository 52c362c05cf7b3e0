//! What a command did, for people or (`--json`) for programs.

use std::io::Write as _;

use serde_json::Value;

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Done {
    /// For people.
    pub(crate) text: String,
    /// For programs: an object.
    pub(crate) json: Value,
}

/// Prints one or the other. A reader that has gone is no error of the command, which is done.
pub(crate) fn print(done: &Done, as_json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let written = if as_json {
        writeln!(out, "{}", done.json)
    } else if done.text.is_empty() {
        // An empty list.
        Ok(())
    } else {
        writeln!(out, "{}", done.text)
    };
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
