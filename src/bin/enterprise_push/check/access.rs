//! What the modes of files allow to somebody. Access lists beyond the modes are not looked at.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::user::Identity;

/// What is wanted of a file or folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    Read = 4,
    Write = 2,
    /// To find what is in a folder.
    Search = 1,
}

/// Whether it may; the error names what stands in the way.
pub(super) fn check(who: &Identity, path: &Path, wants: &[Want]) -> Result<(), String> {
    let absolute = std::path::absolute(path).map_err(|e| e.to_string())?;
    let folders: Vec<&Path> = absolute.ancestors().skip(1).collect();
    for folder in folders.into_iter().rev() {
        let meta = look(folder)?;
        if !may(who, &meta, Want::Search) {
            return Err(format!(
                "the folder `{}` is closed to it ({})",
                folder.display(),
                modes(&meta)
            ));
        }
    }
    let meta = look(&absolute)?;
    match wants.iter().find(|want| !may(who, &meta, **want)) {
        Some(_) => Err(format!("its modes do not allow it ({})", modes(&meta))),
        None => Ok(()),
    }
}

fn look(path: &Path) -> Result<Metadata, String> {
    fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("`{}` is not there", path.display()),
        _ => format!("`{}`: {error}", path.display()),
    })
}

fn may(who: &Identity, meta: &Metadata, want: Want) -> bool {
    let shift = if meta.uid() == who.uid {
        6
    } else if who.gids.contains(&meta.gid()) {
        3
    } else {
        0
    };
    who.uid == 0 || meta.mode() >> shift & want as u32 != 0
}

/// As `ls` would, in numbers.
pub(super) fn modes(meta: &Metadata) -> String {
    format!(
        "mode {:04o}, owner {}, group {}",
        meta.mode() & 0o7777,
        meta.uid(),
        meta.gid()
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn owner_group_and_others_are_judged_by_their_own_bits() {
        let folder = tempfile::tempdir().unwrap();
        set(folder.path(), 0o755);
        let file = folder.path().join("secret");
        fs::write(&file, "x").unwrap();
        let meta = fs::metadata(&file).unwrap();
        let who = |uid, gid| Identity {
            uid,
            gids: vec![gid],
        };
        let owner = who(meta.uid().max(1), meta.gid());
        let (group, other) = (who(70_001, meta.gid()), who(70_001, 70_001));
        for (mode, reads) in [
            (0o640, [true, false]),
            (0o604, [false, true]),
            (0o600, [false, false]),
        ] {
            set(&file, mode);
            let told = [&group, &other].map(|who| check(who, &file, &[Want::Read]).is_ok());
            assert_eq!(told, reads, "{mode:o}");
            assert!(check(&other, &file, &[Want::Write]).is_err());
        }
        if meta.uid() == owner.uid {
            set(&file, 0o040);
            assert!(
                check(&owner, &file, &[Want::Read]).is_err(),
                "the owner's bits count, not the group's"
            );
        }
        let root = who(0, 0);
        assert_eq!(check(&root, &file, &[Want::Read, Want::Write]), Ok(()));
    }

    #[test]
    fn closed_folders_and_missing_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        set(folder.path(), 0o755);
        let closed = folder.path().join("closed");
        fs::create_dir(&closed).unwrap();
        fs::write(closed.join("file"), "x").unwrap();
        set(&closed, 0o700);
        let other = Identity {
            uid: 70_001,
            gids: vec![70_001],
        };
        let error = check(&other, &closed.join("file"), &[Want::Read]).unwrap_err();
        assert!(
            error.contains("closed` is closed to it (mode 0700"),
            "{error}"
        );
        let error = check(&other, &folder.path().join("none"), &[Want::Read]).unwrap_err();
        assert!(error.contains("none` is not there"), "{error}");
    }
}
