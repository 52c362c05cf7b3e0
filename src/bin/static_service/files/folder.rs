//! The folder: where the bytes of a file are, and whether it is the right folder. All calls block.
//!
//! A folder that several replicas share is a mount on each of them, and a mount can be missing. So the folder
//! holds a mark that the database knows: without it nothing is served, and, above all, no row is taken for one
//! whose file is lost.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::FileError;
use super::id::FileId;
use crate::secret::unique_id;

/// The name of the mark.
const MARK: &str = "store-id";
/// What an upload's name ends with.
const PARTIAL: &str = ".part";
/// The number of subfolders.
pub(super) const SHELVES: u16 = 256;

/// The files folder. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Folder(Arc<Path>);

/// What the folder says whose it is.
pub(super) struct Mark {
    id: String,
    /// The file, if we have just made it.
    made: Option<PathBuf>,
}

impl Mark {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Takes away a mark that we have just made.
    pub(super) fn undo(self) {
        if let Some(Err(error)) = self.made.map(fs::remove_file) {
            tracing::warn!(%error, "cannot take back the mark of a files folder");
        }
    }
}

impl Folder {
    /// A new folder is for its owner alone.
    pub(super) fn create(root: &Path) -> io::Result<Folder> {
        DirBuilder::new().recursive(true).mode(0o700).create(root)?;
        Ok(Folder(root.into()))
    }

    /// Where all of a file is.
    pub(super) fn whole(&self, id: &FileId) -> PathBuf {
        self.shelf(id.shelf()).join(id.as_str())
    }

    /// Where a part of it is.
    pub(super) fn partial(&self, id: &FileId) -> PathBuf {
        let name = format!("{}{PARTIAL}", id.as_str());
        self.shelf(id.shelf()).join(name)
    }

    /// A subfolder.
    pub(super) fn shelf(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The id that a name in a subfolder belongs to, if it is one of ours.
    pub(super) fn id_of(name: &OsString) -> Option<FileId> {
        let name = name.to_str()?;
        name.strip_suffix(PARTIAL).unwrap_or(name).parse().ok()
    }

    /// Opens an upload for writing; `create` it when nothing has come yet.
    pub(super) fn open_partial(&self, id: &FileId, create: bool) -> io::Result<File> {
        let open = || {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(create).mode(0o600);
            options.open(self.partial(id))
        };
        match open() {
            Err(error) if create && error.kind() == ErrorKind::NotFound => {
                self.make_shelf(id)?;
                open()
            }
            opened => opened,
        }
    }

    /// Gives a whole file its name, for good.
    pub(super) fn publish(&self, id: &FileId) -> io::Result<()> {
        fs::rename(self.partial(id), self.whole(id))
    }

    /// Makes the names of a file outlive a power cut.
    pub(super) fn sync_names(&self, id: &FileId) -> io::Result<()> {
        sync_folder(&self.shelf(id.shelf()))
    }

    /// Removes the upload of a file that is whole.
    pub(super) fn forget_partial(&self, id: &FileId) -> io::Result<()> {
        remove_if_there(&self.partial(id))
    }

    /// How much there is of a file, in bytes.
    pub(super) fn len(&self, id: &FileId) -> io::Result<u64> {
        // An upload that completes meanwhile moves from the first name to the second.
        for file in [self.partial(id), self.whole(id)] {
            match fs::metadata(file) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                found => return Ok(found?.len()),
            }
        }
        Ok(0)
    }

    /// Removes all there is of a file.
    pub(super) fn erase(&self, id: &FileId) -> io::Result<()> {
        // An upload that completes between the two finds no row and erases its file itself.
        remove_if_there(&self.partial(id))?;
        remove_if_there(&self.whole(id))
    }

    /// Where a mount is missing there are no subfolders, so this is where it shows.
    fn make_shelf(&self, id: &FileId) -> io::Result<()> {
        if !self.0.join(MARK).try_exists()? {
            return Err(io::Error::other(format!("there is no {MARK}")));
        }
        let made = DirBuilder::new().mode(0o700).create(self.shelf(id.shelf()));
        match made {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => sync_folder(&self.0),
        }
    }

    /// Whose folder it is. One without a mark gets one.
    pub(super) fn mark(&self) -> io::Result<Mark> {
        match self.read_mark() {
            Ok(id) => Ok(Mark { id, made: None }),
            Err(error) if error.kind() == ErrorKind::NotFound => self.make_mark(),
            Err(error) => Err(error),
        }
    }

    /// What the mark says.
    pub(super) fn read_mark(&self) -> io::Result<String> {
        let text = fs::read_to_string(self.0.join(MARK))?;
        Ok(text.trim().to_owned())
    }

    /// Two processes may come at once: the mark appears whole, and once.
    fn make_mark(&self) -> io::Result<Mark> {
        let id = unique_id();
        let (draft, mark) = (self.0.join(format!("{MARK}.{id}")), self.0.join(MARK));
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)?;
        writeln!(file, "{id}")?;
        file.sync_all()?;
        let made = fs::hard_link(&draft, &mark);
        fs::remove_file(&draft)?;
        match made {
            Ok(()) => {
                sync_folder(&self.0)?;
                let made = Some(mark);
                Ok(Mark { id, made })
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Mark {
                id: self.read_mark()?,
                made: None,
            }),
            Err(error) => Err(error),
        }
    }

    /// The error that says that the folder is not the one that holds `want`.
    pub(super) fn foreign(&self, want: String) -> FileError {
        FileError::Foreign {
            folder: self.0.to_path_buf(),
            mark: MARK,
            want,
        }
    }
}

/// Makes names in a folder outlive a power cut.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn remove_if_there(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
