//! Secrets from standard input, or from the command line.

use std::io::{BufRead as _, Read as _};

use anyhow::{Context as _, bail};

use super::args::PasswordSource;
use crate::secret::Secret;

/// The longest line read, in bytes.
const MAX_LINE_BYTES: u64 = 1024;

/// The password, if one was given.
pub(crate) fn password(source: PasswordSource) -> anyhow::Result<Option<Secret>> {
    if source.password_stdin {
        return line("password").map(Some);
    }
    match source.password {
        Some(typed) if typed.0.is_empty() => bail!("password is empty"),
        typed => Ok(typed.map(|typed| Secret::new(typed.0))),
    }
}

/// The first line.
pub(crate) fn line(what: &str) -> anyhow::Result<Secret> {
    let mut text = String::new();
    let mut input = std::io::stdin().lock().take(MAX_LINE_BYTES + 2);
    input
        .read_line(&mut text)
        .with_context(|| format!("cannot read the {what}"))?;
    let end = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(end);
    if text.is_empty() {
        bail!("{what} is empty");
    }
    if end as u64 > MAX_LINE_BYTES {
        bail!("{what} is longer than {MAX_LINE_BYTES} bytes");
    }
    Ok(Secret::new(text))
}
