//! Texts that end with their SHA-256: what somebody, or a crash, has changed is not believed.

use sha2::{Digest, Sha256};

/// The lines, with a last line that seals them.
pub(super) fn sealed(lines: &str) -> String {
    format!("{lines}{}\n", hex(Sha256::new_with_prefix(lines)))
}

/// The lines of a sealed text, without the last one; or what is wrong with it.
pub(super) fn unsealed(text: &str) -> Result<&str, &'static str> {
    let body = text.strip_suffix('\n').unwrap_or_default();
    let (lines, digest) = body.rsplit_once('\n').ok_or("too short")?;
    if digest == hex(Sha256::new_with_prefix(lines).chain_update("\n")) {
        Ok(lines)
    } else {
        Err("damaged")
    }
}

pub(super) fn hex(digest: Sha256) -> String {
    digest
        .finalize()
        .iter()
        .fold(String::new(), |mut text, byte| {
            text.push_str(&format!("{byte:02x}"));
            text
        })
}
