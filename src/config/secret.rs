//! A secret that cannot be printed and is wiped when dropped.

use std::fmt;
use std::path::Path;

use zeroize::Zeroizing;

use super::ConfigError;

/// Longest secret, in bytes.
const MAX_SECRET_BYTES: u64 = 4096;

/// Text that must never reach a log: `Debug` shows `[secret]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes text in.
    pub fn new(text: String) -> Secret {
        Secret(Zeroizing::new(text))
    }

    /// Gives the text out, to the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Reads the first line of a secret file.
pub(super) fn read_file(path: &Path) -> Result<Secret, ConfigError> {
    let option = "client_secret_file";
    let failed = |why: String| ConfigError::File {
        option,
        path: path.to_owned(),
        why,
    };
    let size = std::fs::metadata(path)
        .map_err(|e| failed(e.to_string()))?
        .len();
    if size > MAX_SECRET_BYTES {
        return Err(failed(format!(
            "is {size} bytes long, want one line of at most {MAX_SECRET_BYTES}"
        )));
    }
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(|e| failed(e.to_string()))?);
    let line = text.lines().next().unwrap_or_default().trim();
    if line.is_empty() {
        return Err(failed("holds no secret in its first line".to_owned()));
    }
    if text.lines().skip(1).any(|rest| !rest.trim().is_empty()) {
        return Err(failed("holds more than one line".to_owned()));
    }
    Ok(Secret::new(line.to_owned()))
}
