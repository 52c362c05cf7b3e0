//! How both kinds of file begin.
//!
//! | offset | bytes | field | meaning |
//! |---|---|---|---|
//! | 0 | 8 | magic | what kind of file it is |
//! | 8 | 1 | version | 1 |
//! | 9 | 1 | cipher | 1: XChaCha20-Poly1305 |
//! | 10 | 8 | key id | the last 8 of HKDF's 40 bytes |

use super::key::KEY_ID_BYTES;
use super::{SealedError, StorageKey};

/// How long it is.
pub(super) const PREAMBLE_BYTES: usize = 8 + 1 + 1 + KEY_ID_BYTES;
const VERSION: u8 = 1;
const CIPHER: u8 = 1;

/// The kind of a file.
pub(super) type Magic = [u8; 8];

/// The beginning of a file that this key seals.
pub(super) fn write(magic: Magic, key_id: [u8; KEY_ID_BYTES]) -> Vec<u8> {
    [&magic[..], &[VERSION, CIPHER], &key_id].concat()
}

/// What follows the beginning, which must be of this kind; and the id of its key.
pub(super) fn read(magic: Magic, bytes: &[u8]) -> Result<([u8; KEY_ID_BYTES], &[u8]), SealedError> {
    let (found, rest) = split(bytes, "the magic")?;
    if found != magic {
        return Err(SealedError::Magic);
    }
    match split(rest, "the version")? {
        ([VERSION], _) => {}
        ([other], _) => return Err(SealedError::Version(other)),
    }
    let ([_, cipher], rest) = split(rest, "the cipher")?;
    if cipher != CIPHER {
        return Err(SealedError::Cipher(cipher));
    }
    split(rest, "the key id")
}

/// Refuses what another key has sealed.
pub(super) fn expect_key(key: &StorageKey, id: [u8; KEY_ID_BYTES]) -> Result<(), SealedError> {
    if key.id() == id {
        Ok(())
    } else {
        Err(SealedError::OtherKey)
    }
}

/// The next bytes and the rest.
pub(super) fn split<'a, const N: usize>(
    bytes: &'a [u8],
    field: &'static str,
) -> Result<([u8; N], &'a [u8]), SealedError> {
    let split = bytes.split_first_chunk::<N>();
    let (head, rest) = split.ok_or(SealedError::Truncated(field))?;
    Ok((*head, rest))
}
