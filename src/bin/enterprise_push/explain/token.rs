//! The login token of the operator: from the environment or a file, never from the command line.

use std::io::BufRead;
use std::path::Path;

use anyhow::{Context, bail};
use mosquitto_enterprise_push::config::Secret;
use zeroize::Zeroizing;

/// Where it is looked for unless a file is named.
const VARIABLE: &str = "ENTERPRISE_PUSH_TOKEN";
/// Longer ones no broker takes.
const MAX_BYTES: u64 = 4096;

/// Reads it.
pub(super) fn read(file: Option<&Path>) -> anyhow::Result<Secret> {
    let text = match file {
        Some(file) if file == Path::new("-") => first_line(std::io::stdin().lock()),
        Some(file) => {
            let named = || file.display().to_string();
            let opened = std::fs::File::open(file).with_context(named)?;
            first_line(std::io::BufReader::new(opened)).with_context(named)
        }
        None => std::env::var(VARIABLE)
            .map(Zeroizing::new)
            .with_context(|| {
                format!("no login token: set {VARIABLE}, or name a file with --token-file")
            }),
    }?;
    let token = text.trim();
    if token.is_empty() {
        bail!("the login token is empty");
    }
    Ok(Secret::new(token.to_owned()))
}

fn first_line(from: impl BufRead) -> anyhow::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    from.take(MAX_BYTES).read_line(&mut line)?;
    Ok(line)
}
