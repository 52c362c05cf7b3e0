//! The personal key between two commands: a file in `$XDG_RUNTIME_DIR`, if that is memory and not disk.
//!
//! The runtime directory is the user's alone and is gone when the user has logged out, so the key is on no disk
//! that could be stolen. Without such a directory nothing is kept, and commands ask a listening `im` or the
//! static service.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mosquitto_enterprise_push::client::PersonalKey;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::profile::Profile;
use crate::store::{StoreError, make_private_dir, replace};

/// Types of file systems that are in memory (`statfs(2)`): tmpfs and ramfs.
const IN_MEMORY: [i128; 2] = [0x0102_1994, 0x8584_58f6];

/// The key kept for this login, if it is there and whole.
pub(crate) fn load(profile: &Profile) -> Option<PersonalKey> {
    load_below(&runtime_dir()?, profile)
}

/// Keeps the key where that is safe. Best effort: without it a command asks again.
pub(crate) fn keep(profile: &Profile, key: &PersonalKey) {
    if let Some(dir) = runtime_dir() {
        let _ = keep_below(&dir, profile, key);
    }
}

/// Forgets the key.
pub(crate) fn forget(profile: &Profile) {
    if let Some(dir) = runtime_dir() {
        let _ = fs::remove_file(path(&dir, profile));
    }
}

fn load_below(dir: &Path, profile: &Profile) -> Option<PersonalKey> {
    let text = Zeroizing::new(fs::read_to_string(path(dir, profile)).ok()?);
    PersonalKey::parse(&text).ok()
}

fn keep_below(dir: &Path, profile: &Profile, key: &PersonalKey) -> Result<(), StoreError> {
    make_private_dir(&dir.join("im"))?;
    replace(&path(dir, profile), key.reveal_text().as_bytes())
}

fn runtime_dir() -> Option<PathBuf> {
    let dir = PathBuf::from(std::env::var_os("XDG_RUNTIME_DIR").filter(|dir| !dir.is_empty())?);
    is_in_memory(&dir).unwrap_or(false).then_some(dir)
}

fn is_in_memory(dir: &Path) -> io::Result<bool> {
    let kind = i128::from(rustix::fs::statfs(dir)?.f_type);
    Ok(IN_MEMORY.contains(&kind))
}

/// One file for each login; its name tells nothing about it.
fn path(dir: &Path, profile: &Profile) -> PathBuf {
    let of = format!("{} {}", profile.static_url, profile.session);
    let digest = Sha256::digest(of);
    let name: String = digest.iter().take(16).map(|b| format!("{b:02x}")).collect();
    dir.join("im").join(name + ".key")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Kind, tests::alice};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn key_is_private_and_of_one_login() {
        let dir = tempfile::tempdir().unwrap();
        let (pc, phone) = (alice(Kind::Pc), alice(Kind::Phone));
        let key = PersonalKey::new([7; 32]);
        keep_below(dir.path(), &pc, &key).unwrap();
        assert_eq!(load_below(dir.path(), &pc), Some(key));
        assert_eq!(load_below(dir.path(), &phone), None);
        let file = path(dir.path(), &pc);
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        fs::write(&file, "half a ke").unwrap();
        assert_eq!(load_below(dir.path(), &pc), None);
    }

    #[test]
    fn memory_is_told_from_disk() {
        assert!(is_in_memory(Path::new("/dev/shm")).unwrap());
        assert!(!is_in_memory(Path::new("/proc")).unwrap());
    }
}
