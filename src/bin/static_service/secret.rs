//! Secrets and their digests. A [`Secret`] never prints itself; only a [`Digest`] is ever stored.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroize as _;

/// Bytes of randomness in a token or a generated secret.
const SECRET_BYTES: usize = 32;

/// A password, a token or a broker's secret: wiped when dropped, never shown.
#[derive(Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(String);

impl Secret {
    /// Takes what somebody gave us.
    pub(crate) fn new(text: String) -> Secret {
        Secret(text)
    }

    /// 32 random bytes in base64url without padding: 43 characters, safe in a C string.
    pub(crate) fn random() -> Secret {
        let mut bytes = [0u8; SECRET_BYTES];
        rand::fill(&mut bytes);
        let text = URL_SAFE_NO_PAD.encode(bytes);
        bytes.zeroize();
        Secret(text)
    }

    /// The text itself, for the one who is to know it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// SHA-256 of the text.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// 32 hex digits that nothing else has, for what is no secret.
pub(crate) fn unique_id() -> String {
    let digest = Secret::random().digest();
    digest.as_str().chars().take(32).collect()
}

/// SHA-256 in lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Digest(String);

impl Digest {
    /// The digest of `bytes`.
    pub(crate) fn of(bytes: &[u8]) -> Digest {
        Digest::from_hash(Sha256::new_with_prefix(bytes))
    }

    /// The digest of all that a hash was given.
    pub(crate) fn from_hash(hash: Sha256) -> Digest {
        use fmt::Write as _;
        let mut hex = String::with_capacity(2 * SECRET_BYTES);
        for byte in hash.finalize() {
            write!(hex, "{byte:02x}").expect("writing to a string does not fail");
        }
        Digest(hex)
    }

    /// A digest that is read back.
    pub(crate) fn stored(hex: &str) -> Digest {
        Digest(hex.to_owned())
    }

    /// 64 hex digits.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_a_secret() {
        let secret = Secret::new("hunter2".into());
        assert_eq!(format!("{secret:?}"), "Secret([redacted])");
    }

    #[test]
    fn random_secrets_are_43_base64url_characters_and_differ() {
        let (a, b) = (Secret::random(), Secret::random());
        assert_ne!(a, b);
        assert_eq!(a.reveal().len(), 43);
        assert!(
            a.reveal()
                .bytes()
                .all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
        );
    }

    #[test]
    fn digest_is_hex_sha256() {
        assert_eq!(
            Digest::of(b"abc").as_str(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
