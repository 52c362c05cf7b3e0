//! The file of the audit log: appended to, readable by its group, opened anew when it was moved away.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The file.
pub(super) struct LogFile {
    path: PathBuf,
    open: Option<File>,
    /// A write failed on its way, so the last line may be half of one.
    torn: bool,
}

impl LogFile {
    pub(super) fn new(path: &Path) -> LogFile {
        LogFile {
            path: path.to_owned(),
            open: None,
            torn: false,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn close(&mut self) {
        self.open = None;
    }

    /// Appends lines, which come without their ends.
    pub(super) fn append<'l>(&mut self, lines: impl Iterator<Item = &'l String>) -> io::Result<()> {
        let mut text = String::new();
        if self.torn {
            text.push('\n');
        }
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
        let file = match &mut self.open {
            Some(file) => file,
            none => none.insert(append_to(&self.path)?),
        };
        let done = file.write_all(text.as_bytes());
        self.torn = done.is_err();
        if self.torn {
            self.open = None;
        }
        done
    }
}

/// Opens a file of the log; makes it, for its owner to write and its group to read.
pub(super) fn append_to(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o640).open(path)
}
