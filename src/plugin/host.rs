//! The broker, as the plugin needs it. `ffi` implements it; tests bring their own.

use std::time::Duration;

use crate::engine::{Level, Publication};

/// What this broker can do beyond the least that we need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Delayed login (2.1): `MOSQ_ERR_AUTH_DELAYED` and its completion.
    pub delayed_login: bool,
    /// Calls for its clients' subscriptions (2.1).
    pub subscriptions: bool,
    /// TICK, word of ended connections, calls for publishing and kicking (2.0). Without them nothing is brought to
    /// clients by hand, and presence is theirs.
    pub events: bool,
    /// The client id at login, and what clients publish (1.5).
    pub shows_clients: bool,
}

/// A call that the broker refused; the number is Mosquitto's `mosq_err_t`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("broker error {0}")]
pub struct HostError(pub i32);

impl HostError {
    /// `MOSQ_ERR_NOT_FOUND`, the same number in all versions.
    const NOT_FOUND: i32 = 6;

    /// Whether the broker has no session of that client id, or the session no such subscription.
    pub fn is_no_such_session(self) -> bool {
        self.0 == Self::NOT_FOUND
    }
}

/// Calls into the broker. Only on the broker's thread; all but `log` only from TICK.
pub trait Host {
    /// Writes a line into the broker's log.
    fn log(&self, level: Level, text: &str);
    /// A clock that never goes back, some milliseconds behind at most, and cheap enough to be read for each message.
    fn coarse_time(&self) -> Duration;
    /// Publishes.
    fn publish(&self, publication: &Publication) -> Result<(), HostError>;
    /// Ends a client's connection; its will is sent.
    fn kick(&self, client_id: &str) -> Result<(), HostError>;
    /// Subscribes a client at QoS 1. Retained messages are not sent for it. Also right after a connect.
    fn subscribe(&self, client_id: &str, filter: &str) -> Result<(), HostError>;
    /// Drops a client's subscription.
    fn unsubscribe(&self, client_id: &str, filter: &str) -> Result<(), HostError>;
    /// Completes a delayed login.
    fn complete_login(&self, client_id: &str, allow: bool) -> Result<(), HostError>;
}
