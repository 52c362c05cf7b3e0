//! A file that is being downloaded: its part on disk, and how it takes its place in one step.
//!
//! | path beside the destination | what |
//! |---|---|
//! | `.NAME.KEY.im-part` | what has come so far; locked while somebody downloads |
//! | `.NAME.KEY.im-etag` | the server's validator of it |
//!
//! KEY tells files of the same name apart.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::TransferError;
use crate::content::numbered;

/// As many names are tried for a file whose name is taken.
const MOST_NUMBERS: u32 = 1000;

/// Where a download goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// Into this folder, under a safe name; with a number if that is taken.
    Folder(PathBuf, String),
    /// To this path, which must be free.
    Free(PathBuf),
    /// To this path, in place of what is there.
    Over(PathBuf),
}

impl Place {
    fn folder_and_name(&self) -> Result<(PathBuf, String), TransferError> {
        match self {
            Place::Folder(folder, name) => Ok((folder.clone(), name.clone())),
            Place::Free(path) | Place::Over(path) => {
                let name = path.file_name().map(|name| name.to_string_lossy());
                let name = name.ok_or_else(|| TransferError::NotAFile(path.clone()))?;
                let folder = path.parent().filter(|folder| *folder != Path::new(""));
                Ok((folder.unwrap_or(Path::new(".")).to_owned(), name.into()))
            }
        }
    }

    /// Whether what is asked for can be done at all, before anything is downloaded.
    fn check(&self) -> Result<(), TransferError> {
        match self {
            Place::Free(path) if path.symlink_metadata().is_ok() => {
                Err(TransferError::Exists(path.clone()))
            }
            Place::Over(path) if path.is_dir() => Err(TransferError::NotAFile(path.clone())),
            _ => Ok(()),
        }
    }
}

/// The part of a file.
#[derive(Debug)]
pub(super) struct Part {
    place: Place,
    path: PathBuf,
    etag_path: PathBuf,
    file: File,
}

impl Part {
    /// Opens the part that an earlier run left, or begins one.
    pub(super) fn open(place: Place, key: &str) -> Result<Part, TransferError> {
        place.check()?;
        let (folder, name) = place.folder_and_name()?;
        let digest = Sha256::digest(key);
        let key: String = digest.iter().take(4).map(|b| format!("{b:02x}")).collect();
        let beside = |end: &str| folder.join(format!(".{name}.{key}.im-{end}"));
        let path = beside("part");
        let io = |error| TransferError::Io(path.clone(), error);
        let file = open_plain(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(TransferError::InUse(path)),
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
        Ok(Part {
            place,
            etag_path: beside("etag"),
            path,
            file,
        })
    }

    /// A handle for writing and reading.
    pub(super) fn handle(&self) -> Result<File, TransferError> {
        self.file.try_clone().map_err(|error| self.io(error))
    }

    /// Bytes that are here, and their validator: nothing without one.
    pub(super) fn resumable(&self) -> Result<Option<(u64, String)>, TransferError> {
        let have = self.file.metadata().map_err(|error| self.io(error))?.len();
        let etag = fs::read_to_string(&self.etag_path).unwrap_or_default();
        Ok((have > 0 && is_strong(&etag)).then_some((have, etag)))
    }

    /// Begins anew, with this validator if the server gave one that can be relied on.
    pub(super) fn restart(&self, etag: Option<&str>) -> Result<(), TransferError> {
        self.file.set_len(0).map_err(|error| self.io(error))?;
        match etag.filter(|etag| is_strong(etag)) {
            Some(etag) => fs::write(&self.etag_path, etag).map_err(|error| self.io(error)),
            None => self.forget_etag(),
        }
    }

    /// Puts the whole file where it belongs, in one step; gives its path.
    pub(super) fn finish(self) -> Result<PathBuf, TransferError> {
        self.file.sync_all().map_err(|error| self.io(error))?;
        let target = match &self.place {
            Place::Over(path) => path.clone(),
            Place::Free(path) => claim(path)
                .map_err(|error| self.io(error))?
                .then(|| path.clone())
                .ok_or_else(|| TransferError::Exists(path.clone()))?,
            Place::Folder(folder, name) => self.claim_numbered(folder, name)?,
        };
        fs::rename(&self.path, &target).map_err(|error| self.io(error))?;
        self.forget_etag()?;
        Ok(target)
    }

    /// Takes what has come away: it is of no use.
    pub(super) fn discard(self) -> Result<(), TransferError> {
        fs::remove_file(&self.path).map_err(|error| self.io(error))?;
        self.forget_etag()
    }

    fn claim_numbered(&self, folder: &Path, name: &str) -> Result<PathBuf, TransferError> {
        for nth in 1..=MOST_NUMBERS {
            let path = folder.join(numbered(name, nth));
            if claim(&path).map_err(|error| self.io(error))? {
                return Ok(path);
            }
        }
        Err(TransferError::Exists(folder.join(name)))
    }

    fn forget_etag(&self) -> Result<(), TransferError> {
        match fs::remove_file(&self.etag_path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(self.io(error)),
            _ => Ok(()),
        }
    }

    pub(super) fn io(&self, error: io::Error) -> TransferError {
        TransferError::Io(self.path.clone(), error)
    }
}

/// Takes a name by making an empty file of it; false when somebody has it.
fn claim(path: &Path) -> io::Result<bool> {
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Never through a symbolic link, which somebody may have laid.
fn open_plain(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    options.custom_flags(libc::O_NOFOLLOW).open(path)
}

/// Only a strong validator says that bytes are the same.
fn is_strong(etag: &str) -> bool {
    etag.len() > 2 && etag.starts_with('"') && etag.ends_with('"')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn folder(dir: &Path) -> Place {
        Place::Folder(dir.to_owned(), "a.txt".to_owned())
    }

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap().flatten();
        let mut names: Vec<String> = entries
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn taken_names_are_never_overwritten_unless_that_is_asked() {
        let dir = tempfile::tempdir().unwrap();
        let fill = |place: Place| {
            let part = Part::open(place, "k")?;
            part.restart(None)?;
            part.handle()?.write_all(b"new").unwrap();
            part.finish()
        };
        let first = fill(folder(dir.path())).unwrap();
        let second = fill(folder(dir.path())).unwrap();
        assert!(first.ends_with("a.txt") && second.ends_with("a (2).txt"));
        fs::write(&first, "mine").unwrap();
        let refused = fill(Place::Free(first.clone())).unwrap_err();
        assert!(matches!(refused, TransferError::Exists(_)));
        assert_eq!(fs::read(&first).unwrap(), b"mine");
        fill(Place::Over(first.clone())).unwrap();
        assert_eq!(fs::read(&first).unwrap(), b"new");
        assert_eq!(names(dir.path()), ["a (2).txt", "a.txt"]);
    }

    #[test]
    fn part_is_resumed_only_with_a_strong_validator() {
        let dir = tempfile::tempdir().unwrap();
        for (etag, resumes) in [
            (Some("\"x\""), true),
            (Some("W/\"x\""), false),
            (Some("\"\""), false),
            (None, false),
        ] {
            let part = Part::open(folder(dir.path()), "k").unwrap();
            part.restart(etag).unwrap();
            part.handle().unwrap().write_all(b"half").unwrap();
            drop(part);
            let part = Part::open(folder(dir.path()), "k").unwrap();
            let want = resumes.then(|| (4, "\"x\"".to_owned()));
            assert_eq!(part.resumable().unwrap(), want, "{etag:?}");
        }
        Part::open(folder(dir.path()), "k")
            .unwrap()
            .discard()
            .unwrap();
        assert_eq!(names(dir.path()), Vec::<String>::new());
    }

    #[test]
    fn one_downloads_at_a_time_and_links_are_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let part = Part::open(folder(dir.path()), "k").unwrap();
        let second = Part::open(folder(dir.path()), "k").unwrap_err();
        assert!(matches!(second, TransferError::InUse(_)));
        let path = part.path.clone();
        part.discard().unwrap();
        std::os::unix::fs::symlink(dir.path().join("elsewhere"), &path).unwrap();
        let through = Part::open(folder(dir.path()), "k").unwrap_err();
        assert!(matches!(through, TransferError::Io(..)));
        assert!(!dir.path().join("elsewhere").exists());
    }
}
