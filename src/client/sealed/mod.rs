//! What a client keeps on disk, sealed: byte formats only, no files.
//!
//! Both formats seal with XChaCha20-Poly1305 under a key that is derived from the personal key, one for each
//! purpose: HKDF-SHA256 without salt, info `mosquitto-enterprise-push/` followed by `address-book/1` or `history/1`.
//! What a file says of itself in the clear, and the client id (`uid@eid:device`) of who keeps it, are
//! authenticated with it: a file of another device, or one whose beginning was changed, does not open.
//! Golden bytes stand in `tests/vectors/`.

mod book;
mod error;
mod history;
mod key;
mod preamble;

pub use book::{open_book, seal_book};
pub use error::SealedError;
pub use history::{FileId, HISTORY_HEADER_BYTES, HistoryHeader, MAX_RECORD_BYTES, Record, Records};
pub use key::{Nonce, Purpose, StorageKey};
