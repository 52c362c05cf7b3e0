//! The service key: the one secret behind secrets that are derived rather than stored. Each purpose has
//! keys of its own (HKDF-SHA256, RFC 5869): what is known of one tells nothing of another.

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// Bytes of a derived key, and of a fresh service key.
pub(crate) const KEY_BYTES: usize = 32;
/// The longest key file, in bytes.
const MAX_FILE_BYTES: u64 = 4096;
/// Keeps these keys apart from whatever else somebody derives from the same material.
const SALT: &[u8] = b"mosquitto-enterprise-push static-service";

/// Why a key file is of no use. Says nothing of what is in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyFileError {
    /// It cannot be read.
    #[error("cannot read the service key file {0}: {1}")]
    Unreadable(PathBuf, std::io::Error),
    /// It is too short, or no key at all.
    #[error("the service key file {0} holds {1} bytes: want {KEY_BYTES} to {MAX_FILE_BYTES}")]
    Length(PathBuf, usize),
}

/// A key derived for one purpose, wiped when dropped.
pub(crate) type DerivedKey = Zeroizing<[u8; KEY_BYTES]>;

/// The key. Cheap to clone, never shown.
#[derive(Clone)]
pub(crate) struct ServiceKey(Arc<Zeroizing<[u8; KEY_BYTES]>>);

impl ServiceKey {
    /// The key that stands behind `material`, which holds at least 256 bits of randomness.
    pub(crate) fn new(material: &[u8]) -> ServiceKey {
        let (extracted, _) = Hkdf::<Sha256>::extract(Some(SALT), material);
        ServiceKey(Arc::new(Zeroizing::new(extracted.into())))
    }

    /// The key of a file; a line break at the end does not count.
    pub(crate) fn read(file: &Path) -> Result<ServiceKey, KeyFileError> {
        let mut material = Zeroizing::new(Vec::new());
        std::fs::File::open(file)
            .and_then(|open| open.take(MAX_FILE_BYTES + 1).read_to_end(&mut material))
            .map_err(|error| KeyFileError::Unreadable(file.to_owned(), error))?;
        let length = material.trim_ascii_end().len();
        if length < KEY_BYTES || material.len() as u64 > MAX_FILE_BYTES {
            return Err(KeyFileError::Length(file.to_owned(), length));
        }
        Ok(ServiceKey::new(material.trim_ascii_end()))
    }

    /// The key for a purpose and what it is bound to. The same in all replicas; another one when any
    /// part differs.
    pub(crate) fn derive(&self, purpose: &str, context: &[&str]) -> DerivedKey {
        let mut info = Vec::new();
        for part in std::iter::once(&purpose).chain(context) {
            // The length before each part: `ab`, `c` is not `a`, `bc`.
            info.extend((part.len() as u64).to_be_bytes());
            info.extend(part.as_bytes());
        }
        let mut key = DerivedKey::default();
        Hkdf::<Sha256>::from_prk(self.0.as_slice())
            .expect("32 bytes are as long as SHA-256's output")
            .expand(&info, key.as_mut_slice())
            .expect("32 bytes are fewer than 255 outputs of SHA-256");
        key
    }
}

impl fmt::Debug for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_key_depends_on_material_purpose_and_every_part() {
        let key = ServiceKey::new(&[7; 32]);
        let derived = key.derive("personal-key", &["acme", "alice"]);
        assert_eq!(derived, key.derive("personal-key", &["acme", "alice"]));
        for other in [
            key.derive("file-link", &["acme", "alice"]),
            key.derive("personal-key", &["acme", "alic", "e"]),
            key.derive("personal-key", &["acmea", "lice"]),
            key.derive("personal-key", &["acme"]),
            ServiceKey::new(&[8; 32]).derive("personal-key", &["acme", "alice"]),
        ] {
            assert_ne!(derived, other);
        }
    }

    /// RFC 5869 worked out by another implementation (Python's `hmac` and `hashlib`).
    #[test]
    fn derivation_is_hkdf_sha256() {
        let key = ServiceKey::new(&[7; 32]).derive("file-link", &[]);
        let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            "18f15a001eddcab1cc200e4cac1639131f5dcf34be38d5ff6ba5f7135389cf8f"
        );
    }

    #[test]
    fn a_key_file_is_long_enough_and_its_line_break_does_not_count() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("key");
        let text = "0123456789abcdef0123456789abcdef";
        for (content, good) in [
            (format!("{text}\n"), true),
            (text.to_owned(), true),
            (format!("{}\n\n", &text[1..]), false),
            (String::new(), false),
            ("x".repeat(5000), false),
        ] {
            std::fs::write(&file, &content).unwrap();
            assert_eq!(ServiceKey::read(&file).is_ok(), good, "{content:?}");
        }
        std::fs::write(&file, format!("{text}\r\n")).unwrap();
        let read = ServiceKey::read(&file).unwrap();
        let same = ServiceKey::new(text.as_bytes());
        assert_eq!(read.derive("x", &[]), same.derive("x", &[]));
        let missing = ServiceKey::read(&dir.path().join("none")).unwrap_err();
        assert!(missing.to_string().contains("cannot read"), "{missing}");
    }

    #[test]
    fn debug_never_shows_the_key() {
        let key = ServiceKey::new(&[7; 32]);
        assert_eq!(format!("{key:?}"), "ServiceKey([redacted])");
    }
}
