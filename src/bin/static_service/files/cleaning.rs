//! Cleaning: what nobody finishes, what has expired, and what a crash left, a slice at a time. Several replicas
//! may do it at once on one folder: rows go in transactions, and bytes only after their row, or under the lock.
//!
//! | what | when it goes |
//! |---|---|
//! | a file whose time is over | at once |
//! | a file whose owner is no user any more | when the walk comes by |
//! | an upload to which nothing came for [`IDLE`] | when the walk comes by |
//! | a complete file without bytes | when the walk comes by, and older than [`IDLE`] |
//! | bytes without a row | when the look into subfolders comes by, and older than [`IDLE`] |

use std::collections::HashSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::disk::on_disk;
use super::error::FileError;
use super::folder::{Folder, SHELVES};
use super::lock::try_lock;
use super::{FileId, Files};
use crate::storage::KeptFile;

/// How long an upload waits for more, and anything unexplained for an explanation.
pub(super) const IDLE: Duration = Duration::from_secs(3600);
/// Rest between two slices.
const REST: Duration = Duration::from_secs(60);
/// Expired files of one transaction.
const EXPIRED: u32 = 100;
/// Rows of one slice of the walk.
const ROWS: u32 = 500;
/// Subfolders of one slice, so that all are seen in a quarter of an hour.
const SHELVES_AT_ONCE: u16 = 16;
/// Names that are looked up at a time.
const NAMES: usize = 256;

/// Where the next slice begins.
#[derive(Debug, Default)]
pub(super) struct Place {
    after: String,
    shelf: u16,
}

impl Files {
    /// Cleans for ever.
    pub(crate) async fn keep_clean(&self) {
        let mut place = Place::default();
        loop {
            match self.clean(&mut place, SystemTime::now()).await {
                Ok(gone) => tracing::debug!(gone, "files cleaned"),
                Err(error) => tracing::error!(%error, "cannot clean files"),
            }
            tokio::time::sleep(REST).await;
        }
    }

    /// Cleans a slice. Answers how many files went; two replicas may both count one, the first its row and the
    /// second its bytes.
    pub(super) async fn clean(&self, place: &mut Place, now: SystemTime) -> Result<u64, FileError> {
        self.require_own_folder().await?;
        let mut gone = self.clean_expired(now).await?;
        let kept = self.storage.files_after(&place.after, ROWS).await?;
        place.after = match kept.last() {
            Some(last) if kept.len() >= usize::try_from(ROWS).unwrap_or(usize::MAX) => {
                last.id.as_str().to_owned()
            }
            _ => String::new(),
        };
        for file in &kept {
            gone += u64::from(self.judge(file, now).await?);
        }
        for _ in 0..SHELVES_AT_ONCE {
            gone += self.clean_shelf(place.shelf, now).await?;
            place.shelf = (place.shelf + 1) % SHELVES;
        }
        Ok(gone)
    }

    /// Fails when the folder is not ours, or not there: then nothing may be concluded from what is missing.
    pub(super) async fn require_own_folder(&self) -> Result<(), FileError> {
        let folder = self.folder.clone();
        let mark = on_disk(move || folder.read_mark()).await;
        match mark {
            Ok(id) if id == self.store_id => Ok(()),
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Err(self.folder.foreign(self.store_id.clone())),
        }
    }

    async fn clean_expired(&self, now: SystemTime) -> Result<u64, FileError> {
        let mut gone = 0;
        loop {
            let expired = self
                .storage
                .remove_expired_files(since_1970_s(now), EXPIRED);
            let expired = expired.await?;
            if expired.is_empty() {
                return Ok(gone);
            }
            for id in &expired {
                self.erase(id).await?;
                gone += 1;
            }
        }
    }

    /// Removes a file that is not worth keeping. Answers whether it did.
    async fn judge(&self, file: &KeptFile, now: SystemTime) -> Result<bool, FileError> {
        if !file.has_owner {
            return self.remove(&file.id).await;
        }
        let old_ms = since_1970_s(now - IDLE).saturating_mul(1000);
        if file.created_at_ms > old_ms {
            return Ok(false);
        }
        if !file.is_complete {
            return self.remove_idle(&file.id, now).await;
        }
        let whole = self.folder.whole(&file.id);
        if on_disk(move || whole.try_exists()).await? {
            return Ok(false);
        }
        tracing::error!(
            id = file.id.as_str(),
            size = file.size,
            "a file's bytes are lost"
        );
        self.remove(&file.id).await
    }

    /// Removes an upload that nobody writes to, under its lock.
    async fn remove_idle(&self, id: &FileId, now: SystemTime) -> Result<bool, FileError> {
        let (folder, name) = (self.folder.clone(), id.clone());
        let locked = on_disk(move || {
            let locked = try_lock(&folder, &name, false)?;
            let changed = locked
                .as_ref()
                .map(|locked| locked.file.metadata()?.modified());
            Ok((locked, changed.transpose()?))
        });
        let locked = match locked.await {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Ok((_, Some(changed))) if !is_old(changed, now) => return Ok(false),
            idle => idle?,
        };
        let was_there = self.storage.remove_upload(id).await?;
        if was_there {
            self.erase(id).await?;
        }
        drop(locked);
        Ok(was_there)
    }

    /// Removes the bytes in a subfolder that have no row.
    async fn clean_shelf(&self, shelf: u16, now: SystemTime) -> Result<u64, FileError> {
        let folder = self.folder.clone();
        let old = on_disk(move || old_files(&folder, &format!("{shelf:02x}"), now)).await?;
        let mut gone = 0;
        for ids in old.chunks(NAMES) {
            let (Some(first), Some(last)) = (ids.first(), ids.last()) else {
                continue;
            };
            let known = self.storage.file_ids(first, last).await?;
            let known: HashSet<&str> = known.iter().map(String::as_str).collect();
            for id in ids.iter().filter(|id| !known.contains(id.as_str())) {
                self.erase(id).await?;
                gone += 1;
            }
        }
        Ok(gone)
    }
}

/// The ids of what has not changed for long, in their order. What is not named by us is left alone.
fn old_files(folder: &Folder, shelf: &str, now: SystemTime) -> io::Result<Vec<FileId>> {
    let entries = match fs::read_dir(folder.shelf(shelf)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut ids = Vec::new();
    for entry in entries {
        let entry = entry?;
        if let Some(id) = Folder::id_of(&entry.file_name())
            && id.shelf() == shelf
            && is_old_file(&entry.path(), now)?
        {
            ids.push(id);
        }
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

fn is_old_file(file: &Path, now: SystemTime) -> io::Result<bool> {
    match fs::metadata(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        found => Ok(is_old(found?.modified()?, now)),
    }
}

fn is_old(changed: SystemTime, now: SystemTime) -> bool {
    now.duration_since(changed).is_ok_and(|age| age >= IDLE)
}

fn since_1970_s(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
