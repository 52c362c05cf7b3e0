//! What can go wrong with the static service, and what that means for us.

use std::time::Duration;

/// A failed call. Never shows a token or a secret.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum UpstreamError {
    /// No connection.
    #[error("static service cannot be reached: {0}")]
    Unreachable(String),
    /// The connection broke before the answer was complete.
    #[error("static service broke off: {0}")]
    Broken(String),
    /// No answer in time.
    #[error("static service did not answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// Not asked: it has failed too often in a row, and has not answered a probe since.
    #[error("static service is out of reach and is left alone")]
    LeftAlone,
    /// Our own credentials were refused.
    #[error(
        "static service refuses our credentials (HTTP {0}): check client_id and client_secret, and client_cert_file if it wants one"
    )]
    Credentials(u16),
    /// An answer with a status that the contract does not know.
    #[error("static service answered HTTP {0}")]
    Status(u16),
    /// An answer that is not what the contract says.
    #[error("static service answered nonsense: {0}")]
    Nonsense(String),
    /// An answer that is too long to be read.
    #[error("static service's answer is longer than {0} bytes")]
    TooLong(usize),
    /// The client cannot be set up: CA file, secret, certificate or TLS.
    #[error("cannot set up the HTTP client: {0}")]
    Setup(String),
}

impl UpstreamError {
    /// Whether asking again later may help without anybody changing a configuration.
    pub fn is_outage(&self) -> bool {
        match self {
            UpstreamError::Unreachable(_)
            | UpstreamError::Broken(_)
            | UpstreamError::Timeout(_) => true,
            UpstreamError::Status(status) => *status >= 500 || *status == 429,
            UpstreamError::LeftAlone
            | UpstreamError::Credentials(_)
            | UpstreamError::Nonsense(_)
            | UpstreamError::TooLong(_)
            | UpstreamError::Setup(_) => false,
        }
    }

    /// Whether what was sent was refused for what it is: sending it again would not help.
    pub fn is_refusal(&self) -> bool {
        matches!(self, UpstreamError::Status(400 | 413 | 415 | 422))
    }

    /// Whether asking again in a moment may help: there was no connection, so nothing was asked.
    pub fn may_pass_soon(&self) -> bool {
        matches!(
            self,
            UpstreamError::Unreachable(_) | UpstreamError::LeftAlone
        )
    }

    /// Sorts a failure of the HTTP client; `patience` is the timeout that was set.
    pub(super) fn from_http(error: &reqwest::Error, patience: Duration) -> UpstreamError {
        if error.is_timeout() {
            return UpstreamError::Timeout(patience);
        }
        let cause = root_cause(error);
        if error.is_connect() {
            UpstreamError::Unreachable(cause)
        } else {
            UpstreamError::Broken(cause)
        }
    }
}

/// The innermost cause: `connection refused` says more than `error sending request`. The URL is not
/// in it.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
