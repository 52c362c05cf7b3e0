//! Who may write: whoever holds the operating system's lock on the file. It works across processes, and across
//! machines where the shared file system has locks (NFS does), and ends with its holder, however that ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use super::disk::on_disk;
use super::error::FileError;
use super::folder::Folder;
use super::id::FileId;

/// How long one waits for the lock: a client that comes back after a cut finds its old request still putting
/// away what came.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// What is there of a file, locked until dropped.
pub(super) struct Locked {
    pub(super) file: File,
    /// Its length, in bytes.
    pub(super) len: u64,
    /// Whether it has its last name already, and so is not written to any more.
    pub(super) is_whole: bool,
}

/// Locks what is there of a file; none: nothing is. `create`: then an empty upload is made.
///
/// What was read of the file's row before may be old by now.
pub(super) async fn lock(
    folder: &Folder,
    id: &FileId,
    create: bool,
) -> Result<Option<Locked>, FileError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (place, name) = (folder.clone(), id.clone());
        match on_disk(move || try_lock(&place, &name, create)).await {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if Instant::now() >= deadline {
                    return Err(FileError::Locked);
                }
                tokio::time::sleep(PAUSE).await;
            }
            locked => return Ok(locked?),
        }
    }
}

/// The same without waiting: [`ErrorKind::WouldBlock`] when somebody else has the lock.
pub(super) fn try_lock(folder: &Folder, id: &FileId, create: bool) -> io::Result<Option<Locked>> {
    if let Some(whole) = lock_whole(folder, id)? {
        return Ok(Some(whole));
    }
    let file = match folder.open_partial(id, create) {
        Err(error) if error.kind() == ErrorKind::NotFound => return lock_whole(folder, id),
        opened => opened?,
    };
    take(&file)?;
    if folder.whole(id).try_exists()? {
        // Completed since we looked. What we have is the same file by its old name, or a new one that
        // `create` has just made for nobody.
        drop(file);
        folder.forget_partial(id)?;
        return lock_whole(folder, id);
    }
    locked(file, false).map(Some)
}

fn lock_whole(folder: &Folder, id: &FileId) -> io::Result<Option<Locked>> {
    // NFS wants a file that is open for writing.
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .open(folder.whole(id));
    let file = match opened {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    take(&file)?;
    locked(file, true).map(Some)
}

fn take(file: &File) -> io::Result<()> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => ErrorKind::WouldBlock.into(),
        TryLockError::Error(error) => error,
    })
}

fn locked(file: File, is_whole: bool) -> io::Result<Locked> {
    let len = file.metadata()?.len();
    Ok(Locked {
        file,
        len,
        is_whole,
    })
}
