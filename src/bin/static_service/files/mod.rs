//! The file server's disk side: uploads that can be resumed, whole files, and the cleaning of both. No HTTP
//! here, and no SQL.
//!
//! | state of a file | its row | on disk |
//! |---|---|---|
//! | created | no hash | nothing |
//! | partly there | no hash | `ab/ID.part`, as long as what has come |
//! | all there, not yet told | no hash | `ab/ID.part` or `ab/ID`, of full length: whoever asks next completes it |
//! | complete | its hash | `ab/ID`, which never changes again |
//! | removed | none | what is left, cleaned up later |
//!
//! Whoever writes holds a lock of the operating system on the file, which ends with its process: several
//! replicas may share the folder. Every path is made of our own ids; nothing of a client's becomes one.

mod arguments;
mod cleaning;
mod completion;
mod disk;
mod error;
mod folder;
mod id;
mod link;
mod lock;
mod pieces;
mod recipient;
mod upload;
mod writer;

#[cfg(test)]
mod tests;

use std::path::Path;

pub(crate) use arguments::FileArgs;
pub(crate) use error::FileError;
pub(crate) use id::FileId;
pub(crate) use link::{LinkKey, SignedLink};
pub(crate) use recipient::Recipient;
pub(crate) use upload::Announced;

use crate::storage::{NewFile, Storage, StoredFile};
use disk::on_disk;
use folder::Folder;

/// How much is kept, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The largest file, in bytes.
    pub(crate) max_bytes: u64,
    /// What the files of an enterprise may take together, in bytes.
    pub(crate) quota_bytes: u64,
    /// How long a file is kept, in seconds.
    pub(crate) ttl_s: u32,
}

/// The files of all enterprises.
#[derive(Debug)]
pub(crate) struct Files {
    folder: Folder,
    storage: Storage,
    /// What the folder's mark must say.
    store_id: String,
    pub(crate) limits: Limits,
    pub(crate) links: LinkKey,
    /// What stands before all paths in links, without a `/` at its end; none: as the client asked.
    pub(crate) public_url: Option<String>,
}

impl Files {
    /// Opens the folder, creates it when missing, and makes sure that it is this database's.
    pub(crate) async fn open(
        folder: &Path,
        storage: Storage,
        limits: Limits,
    ) -> Result<Files, FileError> {
        let root = folder.to_owned();
        let (folder, mark) = on_disk(move || {
            let folder = Folder::create(&root)?;
            let mark = folder.mark()?;
            Ok((folder, mark))
        })
        .await?;
        let store_id = storage.file_store(mark.id()).await?;
        if store_id != mark.id() {
            mark.undo();
            return Err(folder.foreign(store_id));
        }
        let key = storage.service_key().await?;
        Ok(Files {
            folder,
            storage,
            store_id,
            limits,
            links: LinkKey::new(key.derive(LinkKey::PURPOSE, &[])),
            public_url: None,
        })
    }

    /// Writes down a file whose bytes are to come. Answers whether its enterprise's quota has room for it.
    pub(crate) async fn create(&self, file: &NewFile) -> Result<bool, FileError> {
        Ok(self.storage.add_file(file, self.limits.quota_bytes).await?)
    }

    /// Forgets a file, then its bytes: what a crash leaves between the two is cleaned up.
    pub(crate) async fn remove(&self, id: &FileId) -> Result<bool, FileError> {
        let was_there = self.storage.remove_file(id).await?;
        self.erase(id).await?;
        Ok(was_there)
    }

    /// Removes the bytes of a file that has no row any more.
    async fn erase(&self, id: &FileId) -> Result<(), FileError> {
        let (folder, id) = (self.folder.clone(), id.clone());
        Ok(on_disk(move || folder.erase(&id)).await?)
    }

    /// The row as it is now.
    async fn row(&self, id: &FileId) -> Result<StoredFile, FileError> {
        let row = self.storage.file(id).await?;
        row.ok_or(FileError::Gone)
    }
}
