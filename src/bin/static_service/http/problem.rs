//! Wire module: errors as RFC 9457 problem documents. They never hold what the client sent.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::authenticate::BEARER;
use crate::password::PasswordError;
use crate::storage::StorageError;

/// What went wrong, for the client.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    detail: String,
    header: Option<(HeaderName, HeaderValue)>,
    storage_failed: bool,
}

/// Goes along with an answer, unseen by the client, when the database failed.
#[derive(Debug, Clone)]
pub(super) struct StorageFailed;

/// A problem document (RFC 9457).
#[derive(Serialize, ToSchema)]
pub(super) struct Document<'a> {
    /// Always `about:blank`: the status says what kind of problem it is.
    r#type: &'static str,
    /// What the status means.
    title: &'a str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong with this request.
    detail: &'a str,
    /// The word of RFC 6749 section 5.2, which OAuth clients look for.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
}

impl Problem {
    /// A problem without further ado.
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Problem {
        Problem {
            status,
            detail: detail.into(),
            header: None,
            storage_failed: false,
        }
    }

    /// The request makes no sense.
    pub(crate) fn bad_request(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, detail)
    }

    /// Who asks did not say who they are, or not truly; `scheme` is how to.
    pub(crate) fn unauthorized(scheme: &'static str, detail: &str) -> Problem {
        let mut problem = Problem::new(StatusCode::UNAUTHORIZED, detail);
        problem.header = Some((WWW_AUTHENTICATE, HeaderValue::from_static(scheme)));
        problem
    }

    /// Who asks has to wait.
    pub(crate) fn try_later(status: StatusCode, detail: &str, after_s: u64) -> Problem {
        let mut problem = Problem::new(status, detail);
        problem.header = Some((RETRY_AFTER, HeaderValue::from(after_s)));
        problem
    }

    /// The fallback of all routes.
    pub(crate) async fn unknown_route() -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "no such resource")
    }

    /// The fallback of known routes.
    pub(crate) async fn unknown_method(method: Method, uri: Uri) -> Problem {
        let detail = format!("{} does not take {method}", uri.path());
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
    }

    /// The HTTP status.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// What is wrong, in words; none of them is the client's.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    fn oauth_error(&self) -> Option<&'static str> {
        match self.status {
            StatusCode::UNAUTHORIZED => Some("invalid_client"),
            StatusCode::BAD_REQUEST => Some("invalid_request"),
            _ => None,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let document = Document {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            error: self.oauth_error(),
        };
        let mut response = (self.status, Json(document)).into_response();
        let headers = response.headers_mut();
        let problem = HeaderValue::from_static("application/problem+json");
        headers.insert(CONTENT_TYPE, problem);
        headers.extend(self.header);
        if self.storage_failed {
            response.extensions_mut().insert(StorageFailed);
        }
        response
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Problem {
        match error {
            StorageError::Exists(_) | StorageError::Conflict(_) => {
                Problem::new(StatusCode::CONFLICT, error.to_string())
            }
            StorageError::Missing(_) => Problem::new(StatusCode::NOT_FOUND, error.to_string()),
            StorageError::Refused(_) => Problem::bad_request(error.to_string()),
            StorageError::Ended => Problem::unauthorized(BEARER, "the session has ended"),
            StorageError::Busy => unavailable("too many writes wait"),
            StorageError::Stopped
            | StorageError::Shared(_)
            | StorageError::Database(_)
            | StorageError::Migrate(_) => {
                tracing::error!(%error, "storage failed");
                Problem {
                    storage_failed: true,
                    ..unavailable("storage is not available")
                }
            }
        }
    }
}

fn unavailable(detail: &str) -> Problem {
    Problem::try_later(StatusCode::SERVICE_UNAVAILABLE, detail, 1)
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Problem {
        tracing::warn!(%error, "password check");
        let detail = "password checks are not available";
        Problem::try_later(StatusCode::SERVICE_UNAVAILABLE, detail, 5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_go_well_later_says_when_and_nothing_of_why() {
        let lost = std::io::Error::other("10.0.0.7 is gone");
        let lost = StorageError::Database(sqlx::Error::Io(lost));
        for (error, detail) in [
            (StorageError::Busy, "too many writes wait"),
            (StorageError::Stopped, "storage is not available"),
            (lost, "storage is not available"),
        ] {
            let problem = Problem::from(error);
            assert_eq!(problem.detail, detail);
            let response = problem.into_response();
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(response.headers()[RETRY_AFTER], "1");
        }
    }
}
