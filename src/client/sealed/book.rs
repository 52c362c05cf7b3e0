//! The address book's file: one sealed whole.
//!
//! | offset | bytes | field | meaning |
//! |---|---|---|---|
//! | 0 | 18 | preamble | magic `MEP-BOOK`, version 1, cipher 1, key id |
//! | 18 | 24 | nonce | random, new each time it is written |
//! | 42 | n | ciphertext | of JSON as `GET /api/v1/address-book` answers it, `full` and on one page |
//! | 42 + n | 16 | tag | Poly1305 |
//!
//! Associated data: the preamble, then the client id.

use zeroize::Zeroizing;

use super::preamble::{self, Magic, PREAMBLE_BYTES};
use super::{Nonce, SealedError, StorageKey};
use crate::client::AddressBook;

const MAGIC: Magic = *b"MEP-BOOK";

/// The file's bytes.
pub fn seal_book(
    key: &StorageKey,
    client_id: &str,
    nonce: &Nonce,
    book: &AddressBook,
) -> Result<Vec<u8>, SealedError> {
    let mut file = preamble::write(MAGIC, key.id());
    let aad = [&file[..], client_id.as_bytes()].concat();
    let text = Zeroizing::new(book.to_json());
    let sealed = key.seal(nonce, &aad, &text)?;
    file.extend_from_slice(&nonce.0);
    file.extend_from_slice(&sealed);
    Ok(file)
}

/// The book in a file's bytes.
pub fn open_book(
    key: &StorageKey,
    client_id: &str,
    file: &[u8],
) -> Result<AddressBook, SealedError> {
    let (key_id, rest) = preamble::read(MAGIC, file)?;
    let (nonce, sealed) = preamble::split(rest, "the nonce")?;
    preamble::expect_key(key, key_id)?;
    let (clear, _) = preamble::split::<PREAMBLE_BYTES>(file, "the preamble")?;
    let aad = [&clear[..], client_id.as_bytes()].concat();
    let text = key.open(&Nonce(nonce), &aad, sealed)?;
    // What the key has sealed and we cannot read is as good as damaged.
    AddressBook::from_json(&text).map_err(|_| SealedError::Forged)
}
