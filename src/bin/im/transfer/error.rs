//! Why a file was not transferred.

use std::io;
use std::path::PathBuf;

/// Why an upload or a download ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransferError {
    #[error("not logged in any more, the static service says: {0}")]
    SessionEnded(String),
    #[error("the server refused the file: {0}")]
    Refused(String),
    #[error("the server does not have it: {0}")]
    Gone(String),
    #[error("offset {0} is not the server's")]
    WrongOffset(u64),
    #[error("the server cannot do it now (status {0}): {1}")]
    Busy(u16, String),
    #[error("the server has all of it, but has not completed it")]
    Unfinished,
    #[error("connection lost: {0}")]
    Lost(String),
    #[error("the server answered nonsense: {0}")]
    Nonsense(String),
    #[error("cannot download from {0}: {1}")]
    Address(String, &'static str),
    #[error("what came is not what was announced: {0}")]
    Mismatch(String),
    #[error("{0} bytes are over the limit of {1}")]
    TooLarge(u64, u64),
    #[error("{0} changed while it was being sent")]
    Changed(PathBuf),
    #[error("{0} is not a file")]
    NotAFile(PathBuf),
    #[error("{0} exists already: use --overwrite, or another --output")]
    Exists(PathBuf),
    #[error("another im is downloading to {0}")]
    InUse(PathBuf),
    #[error("{0}: {1}")]
    Io(PathBuf, io::Error),
}

impl TransferError {
    /// Whether the same attempt may succeed a little later.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(
            self,
            TransferError::Lost(_)
                | TransferError::Busy(..)
                | TransferError::WrongOffset(_)
                | TransferError::Unfinished
        )
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            TransferError::Address(..) | TransferError::NotAFile(_) | TransferError::Exists(_) => 2,
            TransferError::SessionEnded(_) => 3,
            TransferError::Refused(_) | TransferError::Gone(_) | TransferError::TooLarge(..) => 4,
            error if error.is_passing() => 5,
            _ => 1,
        }
    }
}
