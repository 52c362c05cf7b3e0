//! What can go wrong with files.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::storage::StorageError;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// It is not there, or not any more.
    #[error("no such file")]
    Gone,
    /// Somebody else writes to it.
    #[error("another request is writing to this upload")]
    Locked,
    /// The client thinks that another number of bytes has come.
    #[error("the upload is at {at} bytes")]
    WrongOffset {
        /// How many have.
        at: u64,
    },
    /// More bytes than were declared.
    #[error("more than the {size} bytes that were declared")]
    TooLong {
        /// How many were declared.
        size: u64,
    },
    /// The connection ended too early. What came is kept.
    #[error("the body was cut off")]
    Cut,
    /// Nothing came for too long. What came is kept.
    #[error("nothing came for {0:?}")]
    Silent(Duration),
    /// The disk failed, or is full.
    #[error("files folder: {0}")]
    Disk(#[from] io::Error),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The folder holds another database's files, or a mount is missing.
    #[error(
        "{} is not the files folder of this database: its file {mark} does not say {want}. \
         If the files are lost for good, write that into it", folder.display()
    )]
    Foreign {
        /// The folder.
        folder: PathBuf,
        /// The name of the mark.
        mark: &'static str,
        /// What it must say.
        want: String,
    },
}

impl FileError {
    /// Whether the disk had no room.
    pub(crate) fn is_disk_full(&self) -> bool {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        let FileError::Disk(error) = self else {
            return false;
        };
        matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
    }
}
