//! Profiles on disk, readable by their owner alone.
//!
//! | path below the home directory | what |
//! |---|---|
//! | `current` | the profile of the latest login |
//! | `profiles/{uid@eid:device}/profile.json` | credentials, mode 0600, replaced atomically |
//! | `profiles/{uid@eid:device}/sequence` | the latest SeqNumber |
//! | `profiles/{uid@eid:device}/session.lock` | locked by whoever has the session at the broker |
//! | `profiles/{uid@eid:device}/refresh.lock` | locked by whoever refreshes the credentials |
//! | `run/{digest}.sock` | control socket of a listening `im` |

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::profile::{Profile, Session};
use crate::wire::profile_file::ProfileFile;

/// Why a profile could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("no home directory: set --home, XDG_DATA_HOME or HOME")]
    NoHome,
    #[error("not logged in: run `im login` first")]
    NoProfile,
    #[error("not logged in as {0}: run `im login` first")]
    UnknownProfile(String),
    #[error("{0}: {1}")]
    Io(PathBuf, io::Error),
    #[error("{0} is damaged ({1}): log in again")]
    Damaged(PathBuf, String),
}

impl StoreError {
    /// Whether logging in would help.
    pub(crate) fn is_not_logged_in(&self) -> bool {
        !matches!(self, StoreError::Io(..) | StoreError::NoHome)
    }
}

/// The home directory of `im`.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    home: PathBuf,
}

impl Store {
    /// `home`, or the place that the XDG base directory specification gives.
    pub(crate) fn open(home: Option<PathBuf>) -> Result<Self, StoreError> {
        let set = |name| {
            std::env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let home = home
            .or_else(|| set("XDG_DATA_HOME").map(|data| data.join("im")))
            .or_else(|| set("HOME").map(|home| home.join(".local/share/im")))
            .ok_or(StoreError::NoHome)?;
        Ok(Store { home })
    }

    /// Reads the profile named, or else the latest login's, or else the only one.
    pub(crate) fn load(&self, name: Option<&str>) -> Result<Profile, StoreError> {
        let Some(name) = name.map(str::to_owned).or_else(|| self.default_name()) else {
            return Err(StoreError::NoProfile);
        };
        let unknown = || StoreError::UnknownProfile(name.clone());
        let session = Session::parse(&name).map_err(|_| unknown())?;
        let path = self.profile_dir(&session).join("profile.json");
        let text = fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => unknown(),
            _ => StoreError::Io(path.clone(), error),
        })?;
        let damaged = |why: String| StoreError::Damaged(path.clone(), why);
        let file: ProfileFile =
            serde_json::from_slice(&text).map_err(|e| damaged(e.to_string()))?;
        Profile::try_from(file).map_err(damaged)
    }

    /// Writes a profile in place of an older one.
    pub(crate) fn save(&self, profile: &Profile) -> Result<(), StoreError> {
        let dir = self.profile_dir(&profile.session);
        make_private_dir(&dir)?;
        let text = serde_json::to_vec_pretty(&ProfileFile::from(profile))
            .expect("strings and numbers always serialise");
        replace(&dir.join("profile.json"), &text)
    }

    /// Makes this the profile that commands use when they name none.
    pub(crate) fn make_current(&self, session: &Session) -> Result<(), StoreError> {
        replace(&self.home.join("current"), session.as_str().as_bytes())
    }

    /// The directory of one profile.
    pub(crate) fn profile_dir(&self, session: &Session) -> PathBuf {
        self.home.join("profiles").join(session.as_str())
    }

    /// The control socket of one profile; short, since socket paths are limited to some 100 bytes.
    pub(crate) fn control_socket(&self, session: &Session) -> Result<PathBuf, StoreError> {
        let dir = self.home.join("run");
        make_private_dir(&dir)?;
        let digest = Sha256::digest(session.as_str());
        let name: String = digest
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(dir.join(name + ".sock"))
    }

    /// The right to connect as this device; given up when the file is closed. None while another has it.
    pub(crate) fn try_lock_session(&self, session: &Session) -> Result<Option<File>, StoreError> {
        try_lock(&self.profile_dir(session).join("session.lock"))
    }

    /// The right to change the credentials, as above.
    pub(crate) fn try_lock_refresh(&self, session: &Session) -> Result<Option<File>, StoreError> {
        let dir = self.profile_dir(session);
        make_private_dir(&dir)?;
        try_lock(&dir.join("refresh.lock"))
    }

    fn default_name(&self) -> Option<String> {
        if let Ok(name) = fs::read_to_string(self.home.join("current")) {
            return Some(name.trim().to_owned());
        }
        let mut entries = fs::read_dir(self.home.join("profiles")).ok()?.flatten();
        let only = entries.next()?.file_name().into_string().ok()?;
        entries.next().is_none().then_some(only)
    }
}

fn try_lock(path: &Path) -> Result<Option<File>, StoreError> {
    let file = open_private(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(StoreError::Io(path.to_owned(), error)),
    }
}

/// Makes a directory that is the user's alone, and those above it.
pub(crate) fn make_private_dir(dir: &Path) -> Result<(), StoreError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|error| StoreError::Io(dir.to_owned(), error))
}

/// Opens a private file for reading and writing, made when missing.
pub(crate) fn open_private(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600);
    options
        .open(path)
        .map_err(|error| StoreError::Io(path.to_owned(), error))
}

/// Replaces a file whole: readers see the old text or the new one, whenever we are interrupted. When it
/// returns the new one outlives a crash of the machine.
pub(crate) fn replace(path: &Path, text: &[u8]) -> Result<(), StoreError> {
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    write_private(&temporary, text)
        .and_then(|()| fs::rename(&temporary, path))
        .and_then(|()| sync_dir(path))
        .map_err(|error| {
            // Best effort: what matters is the error that brought us here.
            let _ = fs::remove_file(&temporary);
            StoreError::Io(path.to_owned(), error)
        })
}

/// A rename is on disk when its folder is.
fn sync_dir(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(dir) => File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}

fn write_private(path: &Path, text: &[u8]) -> io::Result<()> {
    // A leftover of a killed process with the same id may have any mode.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Kind, tests::alice};
    use std::os::unix::fs::PermissionsExt;

    fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(Some(dir.path().join("im"))).unwrap();
        (dir, store)
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn profile_is_private_and_nothing_else_is_left() {
        let (_dir, store) = store();
        let profile = alice(Kind::Pc);
        store.save(&profile).unwrap();
        store.save(&profile).unwrap();
        let dir = store.profile_dir(&profile.session);
        assert_eq!(
            (mode(&dir), mode(&dir.join("profile.json"))),
            (0o700, 0o600)
        );
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 1);
        assert_eq!(store.load(None).unwrap(), profile);
    }

    #[test]
    fn interrupted_write_leaves_the_old_profile() {
        let (_dir, store) = store();
        let profile = alice(Kind::Pc);
        store.save(&profile).unwrap();
        let path = store.profile_dir(&profile.session).join("profile.json");
        let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
        fs::write(&temporary, "{half").unwrap();
        assert_eq!(store.load(None).unwrap(), profile);
        store.save(&profile).unwrap();
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn latest_login_is_the_default_and_names_choose() {
        let (_dir, store) = store();
        let (pc, phone) = (alice(Kind::Pc), alice(Kind::Phone));
        store.save(&pc).unwrap();
        store.save(&phone).unwrap();
        assert!(matches!(store.load(None), Err(StoreError::NoProfile)));
        store.make_current(&phone.session).unwrap();
        assert_eq!(store.load(None).unwrap(), phone);
        assert_eq!(store.load(Some("alice@acme:pc")).unwrap(), pc);
    }

    #[test]
    fn missing_damaged_and_strange_profiles_are_told_apart() {
        let (_dir, store) = store();
        assert!(matches!(store.load(None), Err(StoreError::NoProfile)));
        for name in ["bob@acme:pc", "../../etc", "bob"] {
            assert!(
                matches!(store.load(Some(name)), Err(StoreError::UnknownProfile(_))),
                "{name}"
            );
        }
        let profile = alice(Kind::Pc);
        store.save(&profile).unwrap();
        fs::write(
            store.profile_dir(&profile.session).join("profile.json"),
            "{}",
        )
        .unwrap();
        assert!(matches!(store.load(None), Err(StoreError::Damaged(..))));
    }
}
