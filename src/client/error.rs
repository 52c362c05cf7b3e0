//! Why the static service gave nothing, and what a caller may conclude from it.

use std::time::Duration;

/// A call that failed. Texts are the static service's own words where it had some; never a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The static service understood and said no: wrong password, a right that is missing, a bad name.
    #[error("static service refused the login: {0}")]
    Refused(String),
    /// The session or refresh token is not good (any more): only a password helps.
    #[error("not logged in any more, the static service says: {0}")]
    SessionOver(String),
    /// Too much was asked of it, or it is on its way down or up.
    #[error("static service wants to be asked later (status {status}): {detail}")]
    TryLater {
        /// The HTTP status: 429, 502, 503 or 504.
        status: u16,
        /// Its words.
        detail: String,
        /// When to ask again, if it said so.
        retry_after: Option<Duration>,
    },
    /// Any other status that is no success.
    #[error("static service failed with status {status}: {detail}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// Its words.
        detail: String,
    },
    /// No whole answer came: no connection, a broken one, or too slow.
    #[error("static service unreachable: {0}")]
    Unreachable(String),
    /// An answer that is not what the contract says.
    #[error("static service answered nonsense: {0}")]
    Nonsense(String),
    /// The address or the CA is not usable.
    #[error("bad address or CA of the static service: {0}")]
    Configuration(String),
}

impl ClientError {
    /// Whether the tokens presented are worthless now: the user must log in with the password.
    pub fn is_session_over(&self) -> bool {
        matches!(self, ClientError::SessionOver(_))
    }

    /// Whether the same call may succeed later, with the same tokens.
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            ClientError::TryLater { .. } | ClientError::Unreachable(_)
        )
    }

    /// Whether the server decided against it, rather than failing.
    pub fn is_refused(&self) -> bool {
        matches!(self, ClientError::Refused(_))
            || matches!(self, ClientError::TryLater { status: 429, .. })
    }

    /// How long the static service wants to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            ClientError::TryLater { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The HTTP status, where one came that is told by number.
    pub fn status(&self) -> Option<u16> {
        match self {
            ClientError::TryLater { status, .. } | ClientError::Status { status, .. } => {
                Some(*status)
            }
            _ => None,
        }
    }

    /// The same as an answer to a request that carries credentials: 401 means that they are over, other
    /// refusals that this is not theirs to have.
    #[must_use]
    pub(super) fn of_session(self) -> Self {
        match self {
            ClientError::Status {
                status: 401,
                detail,
            } => ClientError::SessionOver(detail),
            ClientError::Status {
                status: 403,
                detail,
            } => ClientError::Refused(detail),
            other => other,
        }
    }

    /// The same as an answer to a password: any 4xx is a refusal.
    #[must_use]
    pub(super) fn of_login(self) -> Self {
        match self {
            ClientError::Status {
                status: 400..=499,
                detail,
            } => ClientError::Refused(detail),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16) -> ClientError {
        let detail = "no".to_owned();
        ClientError::Status { status, detail }
    }

    #[test]
    fn status_means_what_the_call_makes_of_it() {
        assert!(status(401).of_session().is_session_over());
        assert!(status(403).of_session().is_refused());
        assert!(status(401).of_login().is_refused());
        assert_eq!(status(500).of_session(), status(500));
        assert_eq!(status(404).of_session().status(), Some(404));
    }

    #[test]
    fn only_what_may_pass_is_temporary() {
        let busy = ClientError::TryLater {
            status: 429,
            detail: String::new(),
            retry_after: Some(Duration::from_secs(3)),
        };
        assert!(busy.is_temporary() && busy.is_refused());
        assert_eq!(busy.retry_after(), Some(Duration::from_secs(3)));
        assert!(ClientError::Unreachable(String::new()).is_temporary());
        for lasting in [
            status(500),
            ClientError::SessionOver(String::new()),
            ClientError::Nonsense(String::new()),
        ] {
            assert!(!lasting.is_temporary(), "{lasting}");
            assert_eq!(lasting.retry_after(), None);
        }
    }
}
