//! The end of an upload: synced, hashed, renamed, and only then told. Whatever a crash leaves undone of this is
//! done by the next one who asks.

use std::io::ErrorKind;

use super::disk::on_disk;
use super::error::FileError;
use super::lock::{Locked, lock};
use super::writer::Writer;
use super::{FileId, Files};
use crate::storage::StoredFile;

/// How far an upload is.
#[derive(Debug)]
pub(crate) struct Progress {
    /// How much is on the disk, in bytes.
    pub(crate) offset: u64,
    /// The hash, once all of it is there.
    pub(crate) sha256: Option<String>,
}

impl Files {
    /// How far an upload is. Completes one that is all there.
    ///
    /// Waits a moment for the lock: a client that was cut off asks while its old request still puts away what
    /// it finds in the socket, and would be told too little.
    pub(crate) async fn progress(&self, file: &StoredFile) -> Result<Progress, FileError> {
        if let Some(sha256) = &file.sha256 {
            return Ok(Progress {
                offset: file.size,
                sha256: Some(sha256.clone()),
            });
        }
        // Of an empty file nothing ever comes.
        match lock(&self.folder, &file.id, file.size == 0).await {
            Ok(locked) => self.complete_if_all_there(&file.id, locked).await,
            Err(FileError::Locked) => Ok(Progress {
                offset: self.len(&file.id).await?,
                sha256: None,
            }),
            Err(error) => Err(error),
        }
    }

    async fn len(&self, id: &FileId) -> Result<u64, FileError> {
        let (folder, id) = (self.folder.clone(), id.clone());
        Ok(on_disk(move || folder.len(&id)).await?)
    }

    async fn complete_if_all_there(
        &self,
        id: &FileId,
        locked: Option<Locked>,
    ) -> Result<Progress, FileError> {
        let file = self.row(id).await?;
        let (offset, sha256) = match (locked, file.sha256.clone()) {
            (_, Some(sha256)) => (file.size, Some(sha256)),
            (Some(locked), None) if locked.len == file.size => {
                let sha256 = self.complete(&file, Writer::new(locked)).await?;
                (file.size, Some(sha256))
            }
            (locked, None) => (locked.map_or(0, |locked| locked.len), None),
        };
        Ok(Progress { offset, sha256 })
    }

    /// Completes a file that is all there, while its lock is held. Answers its hash.
    pub(super) async fn complete(
        &self,
        file: &StoredFile,
        writer: Writer,
    ) -> Result<String, FileError> {
        let is_whole = writer.is_whole;
        let writer = writer.sync().await?;
        let (writer, digest) = writer.digest().await?;
        let (folder, id) = (self.folder.clone(), file.id.clone());
        let named = on_disk(move || {
            if !is_whole {
                folder.publish(&id)?;
            }
            folder.sync_names(&id)
        });
        match named.await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(FileError::Gone),
            named => named?,
        }
        let sha256 = digest.as_str().to_owned();
        if !self.storage.complete_file(&file.id, &sha256).await? {
            self.erase(&file.id).await?;
            return Err(FileError::Gone);
        }
        drop(writer);
        tracing::debug!(id = file.id.as_str(), size = file.size, "file complete");
        Ok(sha256)
    }
}
