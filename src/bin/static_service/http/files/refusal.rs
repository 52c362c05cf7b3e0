//! Wire module: what went wrong with files, as problem documents.

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::super::problem::Problem;
use super::UPLOAD_OFFSET;
use crate::files::FileError;

impl From<FileError> for Problem {
    fn from(error: FileError) -> Problem {
        let status = match &error {
            FileError::Gone => StatusCode::NOT_FOUND,
            FileError::Locked => StatusCode::LOCKED,
            FileError::WrongOffset { .. } => StatusCode::CONFLICT,
            FileError::TooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            FileError::Cut => StatusCode::BAD_REQUEST,
            FileError::Silent(_) => StatusCode::REQUEST_TIMEOUT,
            _ if error.is_disk_full() => {
                tracing::error!(%error, "no room for files");
                let detail = "the service's disk is full";
                return Problem::new(StatusCode::INSUFFICIENT_STORAGE, detail);
            }
            FileError::Disk(_) | FileError::Foreign { .. } => {
                tracing::error!(%error, "files failed");
                let detail = "files are not available";
                return Problem::try_later(StatusCode::SERVICE_UNAVAILABLE, detail, 5);
            }
            FileError::Storage(_) => return storage_problem(error),
        };
        Problem::new(status, error.to_string())
    }
}

fn storage_problem(error: FileError) -> Problem {
    match error {
        FileError::Storage(error) => error.into(),
        other => Problem::new(StatusCode::SERVICE_UNAVAILABLE, other.to_string()),
    }
}

/// A refusal that tells the client how to go on.
pub(super) fn refuse(error: FileError) -> Response {
    let hint = match &error {
        FileError::WrongOffset { at } => Some((UPLOAD_OFFSET, HeaderValue::from(*at))),
        FileError::Locked => Some((RETRY_AFTER, HeaderValue::from(1))),
        _ => None,
    };
    let mut response = Problem::from(error).into_response();
    response.headers_mut().extend(hint);
    response
}

/// What nobody is told more of.
pub(super) fn no_such_file() -> Problem {
    FileError::Gone.into()
}

/// A file whose time is over.
pub(super) fn expired() -> Problem {
    Problem::new(StatusCode::GONE, "the file has expired")
}
