//! The keys derived from a personal key, and nonces.

use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::SealedError;
use crate::client::PersonalKey;

/// How many bytes the tag adds to what is sealed.
pub(super) const TAG_BYTES: usize = 16;
/// How long a nonce is.
pub(super) const NONCE_BYTES: usize = 24;
/// How long a key's id is.
pub(super) const KEY_ID_BYTES: usize = 8;
/// What stands before the purpose in HKDF's info.
const INFO: &str = "mosquitto-enterprise-push/";

/// What a key is for: each purpose has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The readable copy of the address book.
    AddressBook,
    /// Messages received and sent.
    History,
}

impl Purpose {
    fn info(self) -> &'static str {
        match self {
            Purpose::AddressBook => "address-book/1",
            Purpose::History => "history/1",
        }
    }
}

/// A key for one purpose; never shown, wiped when dropped.
pub struct StorageKey {
    cipher: XChaCha20Poly1305,
    id: [u8; KEY_ID_BYTES],
}

impl StorageKey {
    /// Derives it: 40 bytes of HKDF's output, 32 for the cipher and 8 to know the key by.
    pub fn derive(personal: &PersonalKey, purpose: Purpose) -> StorageKey {
        let hkdf = Hkdf::<Sha256>::new(None, personal.reveal());
        let mut okm = Zeroizing::new([0; 32 + KEY_ID_BYTES]);
        let info = [INFO.as_bytes(), purpose.info().as_bytes()].concat();
        hkdf.expand(&info, okm.as_mut_slice())
            .expect("HKDF-SHA256 gives up to 8160 bytes");
        let (key, id) = okm.split_first_chunk::<32>().expect("longer than that");
        StorageKey {
            cipher: XChaCha20Poly1305::new(key.into()),
            id: id.try_into().expect("the rest is the id"),
        }
    }

    /// Tells keys apart without telling them.
    pub fn id(&self) -> [u8; KEY_ID_BYTES] {
        self.id
    }

    /// The ciphertext and its tag.
    pub(super) fn seal(
        &self,
        nonce: &Nonce,
        aad: &[u8],
        msg: &[u8],
    ) -> Result<Vec<u8>, SealedError> {
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce.0), Payload { msg, aad });
        sealed.map_err(|_| SealedError::TooLong(msg.len()))
    }

    /// What was sealed, if nothing has been changed.
    pub(super) fn open(
        &self,
        nonce: &Nonce,
        aad: &[u8],
        msg: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealedError> {
        let opened = self
            .cipher
            .decrypt(&XNonce::from(nonce.0), Payload { msg, aad });
        opened.map(Zeroizing::new).map_err(|_| SealedError::Forged)
    }
}

impl fmt::Debug for StorageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StorageKey(..)")
    }
}

/// A number used once under a key. 24 random bytes never meet again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nonce(pub(super) [u8; NONCE_BYTES]);

impl Nonce {
    /// A fresh one, from the operating system.
    pub fn random() -> Nonce {
        Nonce(random())
    }

    /// A given one, for golden vectors. Two things sealed under one key with the same nonce give both away.
    pub fn from_bytes(bytes: [u8; NONCE_BYTES]) -> Nonce {
        Nonce(bytes)
    }
}

/// Random bytes; a system without any cannot keep secrets.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_purpose_and_each_personal_key_has_its_own() {
        let id = |byte, purpose| StorageKey::derive(&PersonalKey::new([byte; 32]), purpose).id();
        let book = id(1, Purpose::AddressBook);
        assert_ne!(book, id(1, Purpose::History));
        assert_ne!(book, id(2, Purpose::AddressBook));
        assert_eq!(book, id(1, Purpose::AddressBook));
        assert_ne!(Nonce::random(), Nonce::random());
    }
}
