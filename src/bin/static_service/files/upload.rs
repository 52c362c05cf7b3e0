//! Receiving: a body goes to the end of its upload, piece by piece. What came before a cut is kept.

use std::time::Duration;

use axum::body::Bytes;
use futures_util::{Stream, StreamExt as _};

use super::error::FileError;
use super::lock::lock;
use super::writer::{PIECE_BYTES, Writer};
use super::{FileId, Files};
use crate::storage::StoredFile;

/// How long a client may send nothing. Until then nobody else can write.
pub(super) const SILENCE: Duration = Duration::from_secs(10);

/// What a client says before it sends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Announced {
    /// How much it thinks has come, in bytes.
    pub(crate) offset: u64,
    /// How much it is about to send, if it says so.
    pub(crate) len: Option<u64>,
}

/// How a body ended.
enum Ending {
    Whole,
    Cut,
    Silent,
    TooLong,
}

impl Files {
    /// Appends a body. Answers how much of the file is there, in bytes, all of it on the disk.
    pub(crate) async fn append<E>(
        &self,
        id: &FileId,
        announced: Announced,
        body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    ) -> Result<u64, FileError> {
        let locked = lock(&self.folder, id, true).await?;
        let locked = locked.ok_or(FileError::Gone)?;
        // Only now, since it may have been removed or completed while we waited.
        let file = self.row(id).await?;
        let at = if locked.is_whole || file.sha256.is_some() {
            file.size
        } else {
            locked.len
        };
        if announced.offset != at {
            return Err(FileError::WrongOffset { at });
        }
        let room = file.size.saturating_sub(at);
        if announced.len.is_some_and(|len| len > room) {
            return Err(FileError::TooLong { size: file.size });
        }
        if file.sha256.is_some() {
            return Ok(at);
        }
        let writer = receive(Writer::new(locked), &file, body, SILENCE).await?;
        let writer = writer.sync().await?;
        let len = writer.len;
        if len == file.size {
            self.complete(&file, writer).await?;
        }
        Ok(len)
    }
}

async fn receive<E>(
    mut writer: Writer,
    file: &StoredFile,
    mut body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    silence: Duration,
) -> Result<Writer, FileError> {
    let start = writer.len;
    let (mut gathered, mut room) = (Vec::new(), file.size.saturating_sub(start));
    let ending = loop {
        let bytes = match tokio::time::timeout(silence, body.next()).await {
            Ok(Some(Ok(bytes))) => bytes,
            Ok(Some(Err(_))) => break Ending::Cut,
            Ok(None) => break Ending::Whole,
            Err(_) => break Ending::Silent,
        };
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let Some(rest) = room.checked_sub(count) else {
            break Ending::TooLong;
        };
        room = rest;
        gathered.extend_from_slice(&bytes);
        if gathered.len() >= PIECE_BYTES {
            (writer, gathered) = writer.append(gathered).await?;
        }
    };
    if let Ending::TooLong = ending {
        // Whoever sends too much sends something else: none of it counts.
        writer.truncate(start).await?;
        return Err(FileError::TooLong { size: file.size });
    }
    (writer, _) = writer.append(gathered).await?;
    match ending {
        Ending::Cut => Err(FileError::Cut),
        Ending::Silent => Err(FileError::Silent(silence)),
        Ending::Whole | Ending::TooLong => Ok(writer),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;
    use crate::files::folder::Folder;

    const SHORT: Duration = Duration::from_millis(10);

    #[tokio::test]
    async fn a_sender_that_falls_silent_is_given_up_and_what_came_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::create(dir.path()).unwrap();
        folder.mark().unwrap();
        let file = StoredFile {
            id: FileId::random(),
            owner: "alice@acme".parse().unwrap(),
            name: "a".into(),
            content_type: "a/b".into(),
            size: 10,
            sha256: None,
            expires_at_s: 0,
        };
        let locked = lock(&folder, &file.id, true).await.unwrap().unwrap();
        let came = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"abc"))]);
        let body = came.chain(stream::pending());
        let received = receive(Writer::new(locked), &file, Box::pin(body), SHORT).await;
        assert!(matches!(received, Err(FileError::Silent(_))));
        assert_eq!(std::fs::read(folder.partial(&file.id)).unwrap(), b"abc");
        let again = crate::files::lock::try_lock(&folder, &file.id, false);
        assert!(
            again.is_ok_and(|locked| locked.is_some()),
            "the lock is free"
        );
    }
}
