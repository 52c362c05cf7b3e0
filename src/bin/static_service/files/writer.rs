//! Bytes on their way to the disk, in pieces: nothing else of an upload is ever in memory.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::FileExt as _;

use sha2::{Digest as _, Sha256};

use super::disk::on_disk;
use super::lock::Locked;
use crate::secret::Digest;

/// Bytes that gather before they are written.
pub(super) const PIECE_BYTES: usize = 256 * 1024;
/// Bytes after which the disk is made to keep up, so that the last sync, for which a client waits, is short.
const SYNC_BYTES: u64 = 64 * 1024 * 1024;

/// A locked file and its place. It moves to a thread that may block, and back.
pub(super) struct Writer {
    file: File,
    /// Its length, in bytes.
    pub(super) len: u64,
    pub(super) is_whole: bool,
    unsynced: u64,
    /// The hash of all that is there; none after a resumption, since a hash's state is not kept.
    hash: Option<Sha256>,
}

impl Writer {
    pub(super) fn new(locked: Locked) -> Writer {
        let hash = (locked.len == 0).then(Sha256::new);
        Writer {
            file: locked.file,
            len: locked.len,
            is_whole: locked.is_whole,
            unsynced: 0,
            hash,
        }
    }

    /// Appends a piece; gives its memory back.
    pub(super) async fn append(mut self, mut piece: Vec<u8>) -> io::Result<(Writer, Vec<u8>)> {
        if piece.is_empty() {
            return Ok((self, piece));
        }
        on_disk(move || {
            self.append_now(&piece)?;
            piece.clear();
            Ok((self, piece))
        })
        .await
    }

    fn append_now(&mut self, piece: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.len))?;
        self.file.write_all(piece)?;
        if let Some(hash) = &mut self.hash {
            hash.update(piece);
        }
        let count = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        self.len += count;
        self.unsynced += count;
        if self.unsynced >= SYNC_BYTES {
            self.file.sync_data()?;
            self.unsynced = 0;
        }
        Ok(())
    }

    /// Takes back what came after `len`, which was the client's mistake.
    pub(super) async fn truncate(self, len: u64) -> io::Result<()> {
        on_disk(move || self.file.set_len(len)).await
    }

    /// What is there outlives a power cut.
    pub(super) async fn sync(self) -> io::Result<Writer> {
        on_disk(move || {
            self.file.sync_all()?;
            Ok(self)
        })
        .await
    }

    /// The hash of all of it, read again if need be.
    pub(super) async fn digest(mut self) -> io::Result<(Writer, Digest)> {
        if let Some(hash) = self.hash.take() {
            return Ok((self, Digest::from_hash(hash)));
        }
        let (mut hash, mut at) = (Sha256::new(), 0);
        let mut piece = vec![0; PIECE_BYTES];
        while at < self.len {
            (self, piece, hash, at) = on_disk(move || {
                let count = self.file.read_at(&mut piece, at)?;
                let read = piece.get(..count).unwrap_or_default();
                if read.is_empty() {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                hash.update(read);
                at += u64::try_from(count).unwrap_or(u64::MAX);
                Ok((self, piece, hash, at))
            })
            .await?;
        }
        Ok((self, Digest::from_hash(hash)))
    }
}
