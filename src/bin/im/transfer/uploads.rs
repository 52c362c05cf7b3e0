//! What has been uploaded from this device, wholly or in part: `uploads.json` beside the profile.
//!
//! It only saves work: a file that is missing or unreadable means that the next upload begins anew.

use std::path::{Path, PathBuf};

use super::source::Source;
use crate::clock;
use crate::store::{StoreError, open_private, replace};
use crate::wire::files::{UploadRow, UploadsFile};

const VERSION: u32 = 1;
/// Uploads that are remembered; older ones are forgotten.
const MOST: usize = 64;
/// An upload whose file the server keeps for less than this is made anew.
const MARGIN_S: i64 = 3600;

/// The uploads of one profile.
#[derive(Debug, Clone)]
pub(crate) struct Uploads {
    path: PathBuf,
}

impl Uploads {
    pub(crate) fn of(profile_dir: &Path) -> Self {
        Uploads {
            path: profile_dir.join("uploads.json"),
        }
    }

    /// The upload of this very file to this service, if it is of use still.
    pub(super) fn find(&self, service: &str, source: &Source, sha256: &str) -> Option<UploadRow> {
        let now_s = i64::try_from(clock::now_ms() / 1000).unwrap_or(i64::MAX);
        let same = |row: &UploadRow| {
            row.service == service
                && row.size == source.size
                && row.modified_ns == source.modified_ns
                && row.sha256 == sha256
                && row.name == source.name
        };
        let kept = |row: &UploadRow| row.expires_at.is_none_or(|at| at > now_s + MARGIN_S);
        let rows = self.rows().into_iter();
        rows.rev().find(|row| same(row) && kept(row))
    }

    /// Remembers one.
    pub(super) fn put(&self, row: UploadRow) -> Result<(), StoreError> {
        self.change(|rows| {
            rows.retain(|other| other.id != row.id);
            rows.push(row);
            let surplus = rows.len().saturating_sub(MOST);
            rows.drain(..surplus);
        })
    }

    /// Forgets one.
    pub(super) fn forget(&self, id: &str) -> Result<(), StoreError> {
        self.change(|rows| rows.retain(|row| row.id != id))
    }

    /// One `im` at a time: the lock is released with its file.
    fn change(&self, change: impl FnOnce(&mut Vec<UploadRow>)) -> Result<(), StoreError> {
        let lock = self.path.with_extension("lock");
        let file = open_private(&lock)?;
        file.lock().map_err(|error| StoreError::Io(lock, error))?;
        let mut uploads = self.rows();
        change(&mut uploads);
        let file = UploadsFile {
            version: VERSION,
            uploads,
        };
        let text = serde_json::to_vec(&file).expect("strings and numbers always serialise");
        replace(&self.path, &text)
    }

    fn rows(&self) -> Vec<UploadRow> {
        let text = std::fs::read(&self.path).unwrap_or_default();
        match serde_json::from_slice::<UploadsFile>(&text) {
            Ok(file) if file.version == VERSION => file.uploads,
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage() -> (tempfile::TempDir, Uploads, Source) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.bin");
        std::fs::write(&path, [7; 10]).unwrap();
        let source = Source::open(&path, None).unwrap();
        (dir, Uploads::of(&path.with_file_name("")), source)
    }

    fn row(source: &Source, id: &str) -> UploadRow {
        UploadRow {
            service: "http://s/".to_owned(),
            size: source.size,
            modified_ns: source.modified_ns,
            sha256: "h".to_owned(),
            name: source.name.clone(),
            id: id.to_owned(),
            chunk_bytes: None,
            expires_at: None,
        }
    }

    #[test]
    fn only_the_same_file_at_the_same_service_counts() {
        let (_dir, uploads, source) = stage();
        uploads.put(row(&source, "f1")).unwrap();
        let found = |service: &str, source: &Source, hash: &str| {
            uploads.find(service, source, hash).map(|row| row.id)
        };
        assert_eq!(found("http://s/", &source, "h").as_deref(), Some("f1"));
        assert_eq!(found("http://t/", &source, "h"), None);
        assert_eq!(found("http://s/", &source, "i"), None);
        let touched = Source {
            modified_ns: source.modified_ns + 1,
            ..source.clone()
        };
        assert_eq!(found("http://s/", &touched, "h"), None);
        uploads.forget("f1").unwrap();
        assert_eq!(found("http://s/", &source, "h"), None);
    }

    #[test]
    fn what_expires_soon_or_is_damaged_is_made_anew_and_the_memory_is_bounded() {
        let (_dir, uploads, source) = stage();
        let expired = UploadRow {
            expires_at: Some(1),
            ..row(&source, "old")
        };
        uploads.put(expired).unwrap();
        assert_eq!(uploads.find("http://s/", &source, "h"), None);
        for nth in 0..MOST + 5 {
            uploads.put(row(&source, &format!("f{nth}"))).unwrap();
        }
        assert_eq!(uploads.rows().len(), MOST);
        std::fs::write(&uploads.path, "{half").unwrap();
        assert_eq!(uploads.find("http://s/", &source, "h"), None);
        uploads.put(row(&source, "new")).unwrap();
        assert!(uploads.find("http://s/", &source, "h").is_some());
    }
}
