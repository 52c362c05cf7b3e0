//! Why a login is refused.

use std::fmt;

use crate::protocol::NameError;

/// The reason, for the log and for the CONNACK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No user name at all.
    NoUserName,
    /// The user name is not `uid@eid`.
    UserName(NameError),
    /// The client id is not `uid@eid:device`.
    ClientId(NameError),
    /// The client id is not one of the user's.
    ClientIdNotOwn,
    /// No password.
    NoToken,
    /// The password cannot be a login token.
    MalformedToken,
    /// The static service says that the token is not active.
    Inactive,
    /// The token is somebody else's, or another device's.
    NotOwnToken,
    /// The token has expired.
    Expired,
    /// The enterprise is suspended or the user removed.
    ShutOut,
    /// This peer, or logins for this user, failed too often of late.
    TooManyFailures,
    /// The static service could not be asked.
    Unavailable,
    /// Too many logins wait already.
    Overloaded,
    /// The broker never calls TICK, so revoked sessions could not be ended.
    NoTick,
    /// No answer came in the time that the broker can wait; the check goes on.
    NotYet,
}

impl Refusal {
    /// One word for the reason, for counting.
    pub fn word(self) -> &'static str {
        match self {
            Refusal::NoUserName => "no_user_name",
            Refusal::UserName(_) => "user_name",
            Refusal::ClientId(_) => "client_id",
            Refusal::ClientIdNotOwn => "client_id_not_own",
            Refusal::NoToken => "no_token",
            Refusal::MalformedToken => "malformed_token",
            Refusal::Inactive => "inactive",
            Refusal::NotOwnToken => "not_own_token",
            Refusal::Expired => "expired",
            Refusal::ShutOut => "shut_out",
            Refusal::TooManyFailures => "too_many_failures",
            Refusal::Unavailable => "unavailable",
            Refusal::Overloaded => "overloaded",
            Refusal::NoTick => "no_tick",
            Refusal::NotYet => "not_yet",
        }
    }

    /// Whether the reason is on our side: the same login may succeed later.
    pub fn is_ours(self) -> bool {
        matches!(
            self,
            Refusal::Unavailable | Refusal::Overloaded | Refusal::NotYet
        )
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NoUserName => f.write_str("no user name"),
            Refusal::UserName(error) => write!(f, "user name: {error}"),
            Refusal::ClientId(error) => write!(f, "client id: {error}"),
            Refusal::ClientIdNotOwn => f.write_str("client id is not one of this user's"),
            Refusal::NoToken => f.write_str("no login token"),
            Refusal::MalformedToken => f.write_str("password cannot be a login token"),
            Refusal::Inactive => f.write_str("login token is not active"),
            Refusal::NotOwnToken => f.write_str("login token belongs to another client id"),
            Refusal::Expired => f.write_str("login token has expired"),
            Refusal::ShutOut => f.write_str("user removed or enterprise suspended"),
            Refusal::TooManyFailures => f.write_str("too many failed logins of late"),
            Refusal::Unavailable => f.write_str("static service cannot be asked"),
            Refusal::Overloaded => f.write_str("too many logins are waiting"),
            Refusal::NoTick => f.write_str(
                "this broker does not run plugins' TICK: Mosquitto before 2.0.15 with per_listener_settings true; \
                 set it to false",
            ),
            Refusal::NotYet => f.write_str("no answer yet, the check goes on"),
        }
    }
}
