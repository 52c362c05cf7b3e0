//! The end of an upload: synced, hashed, renamed, and only then told. Whatever a crash leaves undone of this is
//! done by the next one who asks.

use std::io::ErrorKind;

use super::disk::on_disk;
use super::error::FileError;
use super::lock::lock;
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
    pub(crate) async fn progress(&self, file: &StoredFile) -> Result<Progress, FileError> {
        if let Some(sha256) = &file.sha256 {
            return Ok(Progress {
                offset: file.size,
                sha256: Some(sha256.clone()),
            });
        }
        let offset = self.len(&file.id).await?;
        if offset < file.size {
            let sha256 = None;
            return Ok(Progress { offset, sha256 });
        }
        match self.complete_again(&file.id).await {
            // By the one who sends it.
            Err(FileError::Locked) => Ok(Progress {
                offset,
                sha256: None,
            }),
            done => done,
        }
    }

    async fn len(&self, id: &FileId) -> Result<u64, FileError> {
        let (folder, id) = (self.folder.clone(), id.clone());
        Ok(on_disk(move || folder.len(&id)).await?)
    }

    async fn complete_again(&self, id: &FileId) -> Result<Progress, FileError> {
        // Of an empty file nothing ever comes.
        let locked = lock(&self.folder, id, true).await?;
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
