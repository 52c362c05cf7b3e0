//! A file of messages kept: a header, then records that are only ever appended.
//!
//! | offset | bytes | field | meaning |
//! |---|---|---|---|
//! | 0 | 18 | preamble | magic `MEP-HIST`, version 1, cipher 1, key id |
//! | 18 | 16 | file id | random: records of one file do not fit into another |
//!
//! and for each record
//!
//! | offset | bytes | field | meaning |
//! |---|---|---|---|
//! | 0 | 4 | length | of all that follows, big-endian: 40 + n, at most 1 MiB |
//! | 4 | 24 | nonce | random |
//! | 28 | n | ciphertext | of the record's JSON |
//! | 28 + n | 16 | tag | Poly1305 |
//!
//! Associated data: the file's header (34 bytes), the record's place as a 64-bit big-endian number (the first has 0),
//! then the client id. So no record can be moved, swapped, copied or taken out of the middle unseen. A file
//! that ends inside a record was cut by a crash: what stands before is good.

use zeroize::Zeroizing;

use super::key::{KEY_ID_BYTES, NONCE_BYTES, TAG_BYTES, random};
use super::preamble::{self, Magic, PREAMBLE_BYTES};
use super::{Nonce, SealedError, StorageKey};

const MAGIC: Magic = *b"MEP-HIST";
/// The longest record, without its length.
pub const MAX_RECORD_BYTES: usize = 1024 * 1024;
/// What a record has beside its text, without its length.
const OVERHEAD_BYTES: usize = NONCE_BYTES + TAG_BYTES;
/// How long the header is.
pub const HISTORY_HEADER_BYTES: usize = PREAMBLE_BYTES + 16;

/// Tells files apart.
pub type FileId = [u8; 16];

/// How a file begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryHeader {
    key_id: [u8; KEY_ID_BYTES],
    file_id: FileId,
}

impl HistoryHeader {
    /// That of a new file with a random id.
    pub fn random(key: &StorageKey) -> HistoryHeader {
        HistoryHeader::new(key, random())
    }

    /// That of a file with this id.
    pub fn new(key: &StorageKey, file_id: FileId) -> HistoryHeader {
        let key_id = key.id();
        HistoryHeader { key_id, file_id }
    }

    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = preamble::write(MAGIC, self.key_id);
        bytes.extend_from_slice(&self.file_id);
        bytes
    }

    /// Reads it, whoever's key it names.
    pub fn decode(file: &[u8]) -> Result<HistoryHeader, SealedError> {
        let (key_id, rest) = preamble::read(MAGIC, file)?;
        let (file_id, _) = preamble::split(rest, "the file id")?;
        Ok(HistoryHeader { key_id, file_id })
    }

    /// Whether this key seals the file's records.
    pub fn is_under(&self, key: &StorageKey) -> bool {
        self.key_id == key.id()
    }

    /// The bytes of the record at `place`, its length in front.
    pub fn seal_record(
        &self,
        key: &StorageKey,
        client_id: &str,
        place: u64,
        nonce: &Nonce,
        text: &[u8],
    ) -> Result<Vec<u8>, SealedError> {
        let too_long = || SealedError::TooLong(text.len());
        let bytes = text.len() + OVERHEAD_BYTES;
        if bytes > MAX_RECORD_BYTES {
            return Err(too_long());
        }
        let length = u32::try_from(bytes).map_err(|_| too_long())?;
        let sealed = key.seal(nonce, &self.associated(client_id, place), text)?;
        Ok([&length.to_be_bytes()[..], &nonce.0, &sealed].concat())
    }

    fn associated(&self, client_id: &str, place: u64) -> Vec<u8> {
        let place = place.to_be_bytes();
        [&self.encode()[..], &place, client_id.as_bytes()].concat()
    }
}

/// A record as it stands in a file, still sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    header: HistoryHeader,
    /// How many stand before it.
    pub place: u64,
    sealed: &'a [u8],
}

impl Record<'_> {
    /// What it says.
    pub fn open(
        &self,
        key: &StorageKey,
        client_id: &str,
    ) -> Result<Zeroizing<Vec<u8>>, SealedError> {
        preamble::expect_key(key, self.header.key_id)?;
        let (nonce, sealed) = preamble::split(self.sealed, "the nonce")?;
        let aad = self.header.associated(client_id, self.place);
        key.open(&Nonce(nonce), &aad, sealed)
    }
}

/// The records of a file, in order. Ends where the file does, or where no record can be made out any more.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    header: HistoryHeader,
    place: u64,
    rest: &'a [u8],
}

impl<'a> Records<'a> {
    /// Reads a whole file's header.
    pub fn read(file: &'a [u8]) -> Result<Records<'a>, SealedError> {
        let header = HistoryHeader::decode(file)?;
        let rest = file.split_at_checked(HISTORY_HEADER_BYTES);
        let (_, rest) = rest.ok_or(SealedError::Truncated("the file id"))?;
        Ok(Records {
            header,
            place: 0,
            rest,
        })
    }

    /// How the file begins.
    pub fn header(&self) -> HistoryHeader {
        self.header
    }

    /// The place of the next record.
    pub fn place(&self) -> u64 {
        self.place
    }

    /// Whether nothing is left: when the records are through and this is false, the file was cut inside one.
    pub fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let (length, rest) = self.rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        if !(OVERHEAD_BYTES..=MAX_RECORD_BYTES).contains(&length) {
            return None;
        }
        let (sealed, rest) = rest.split_at_checked(length)?;
        let (header, place) = (self.header, self.place);
        (self.rest, self.place) = (rest, place.saturating_add(1));
        Some(Record {
            header,
            place,
            sealed,
        })
    }
}

#[cfg(test)]
mod tests;
