//! Reading: a file, or a part of it, as a stream of pieces. One piece waits for the reader while the next is
//! read, and no more; a reader that takes nothing for [`STALL`] is given up.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek as _, SeekFrom};
use std::ops::Range;
use std::time::Duration;

use axum::body::Bytes;
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::mpsc;

use super::Files;
use super::disk::on_disk;
use super::error::FileError;
use crate::storage::StoredFile;

/// Bytes of a piece.
pub(super) const PIECE_BYTES: u64 = 128 * 1024;
/// Pieces that wait for the reader, beside the one that is being read.
const PIECES: usize = 1;
/// How long a reader may take nothing.
const STALL: Duration = Duration::from_secs(60);

impl Files {
    /// A part of a complete file.
    pub(crate) async fn read(
        &self,
        file: &StoredFile,
        part: Range<u64>,
    ) -> Result<impl Stream<Item = io::Result<Bytes>> + Send + 'static, FileError> {
        let (path, start, size) = (self.folder.whole(&file.id), part.start, file.size);
        let opened = on_disk(move || {
            let mut file = File::open(path)?;
            if file.metadata()?.len() != size {
                return Err(ErrorKind::InvalidData.into());
            }
            file.seek(SeekFrom::Start(start))?;
            Ok(file)
        });
        match opened.await {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.require_own_folder().await?;
                tracing::error!(id = file.id.as_str(), "a file's bytes are lost");
                Err(FileError::Gone)
            }
            opened => Ok(pieces(opened?, part.end.saturating_sub(part.start))),
        }
    }
}

/// `len` bytes of a source. The stream fails when it gives less.
pub(super) fn pieces(
    source: impl Read + Send + 'static,
    len: u64,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let (into, pieces) = mpsc::channel(PIECES);
    tokio::spawn(read_all(source, len, into));
    unfold(Some((pieces, len)), |rest| async move {
        let (mut pieces, left): (mpsc::Receiver<Bytes>, u64) = rest?;
        if left == 0 {
            return None;
        }
        match pieces.recv().await {
            Some(bytes) => {
                let left = left.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
                Some((Ok(bytes), Some((pieces, left))))
            }
            // A stream that merely ended would look like all of it.
            None => Some((Err(io::Error::other("file cut off")), None)),
        }
    })
}

async fn read_all(
    mut source: impl Read + Send + 'static,
    mut left: u64,
    into: mpsc::Sender<Bytes>,
) {
    while left > 0 {
        let count = left.min(PIECE_BYTES);
        let want = usize::try_from(count).unwrap_or(usize::MAX);
        let read = on_disk(move || {
            let mut piece = vec![0; want];
            source.read_exact(&mut piece)?;
            Ok((source, Bytes::from(piece)))
        });
        let piece = match read.await {
            Ok((rest, piece)) => {
                source = rest;
                piece
            }
            Err(error) => {
                tracing::error!(%error, "cannot read a file");
                return;
            }
        };
        left -= count;
        // Otherwise the reader is gone, or as good as.
        let Ok(Ok(())) = tokio::time::timeout(STALL, into.send(piece)).await else {
            return;
        };
    }
}
