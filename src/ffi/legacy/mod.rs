//! Mosquitto 1.x, by the same library: API version 2 (1.4), 3 (1.5) and 4 (1.6) of authentication plugins.
//!
//! What differs: there is no TICK, so each callback first does what TICK does elsewhere ([`seat`]); there is no call
//! for publishing, so a session of the plugin's own does it (`worker::loopback`); nobody tells of ended connections, so
//! a login stands until its token ends. docs/mosquitto-1.md says what that means to operators.
//!
//! The versions share the names of functions that take different arguments. The broker asks for the version first, and
//! what it exports tells which broker it is.

mod acl;
mod entry;
mod host;
mod login;
mod platform;
mod seat;
#[cfg(test)]
mod tests;

use std::os::raw::c_int;

use super::host::probe;

/// A version of the API for authentication plugins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Api {
    /// Mosquitto 1.4: names only, no clients, no payloads, no question about subscriptions.
    V2,
    /// Mosquitto 1.5.
    V3,
    /// Mosquitto 1.6: MQTT 5, and nobody writes to `$SYS`.
    V4,
}

impl Api {
    /// The version that the broker around us wants; `None` when it is one of 2.x, which has nothing to look for here.
    fn of_broker() -> Option<Api> {
        let host = probe();
        match (host.callbacks, host.set_username, host.client_id) {
            (true, _, _) => None,
            (false, true, _) => Some(Api::V4),
            (false, false, true) => Some(Api::V3),
            (false, false, false) => Some(Api::V2),
        }
    }

    fn number(self) -> c_int {
        match self {
            Api::V2 => 2,
            Api::V3 => 3,
            Api::V4 => 4,
        }
    }

    /// Whether callbacks are about clients, rather than about names alone.
    fn shows_clients(self) -> bool {
        self != Api::V2
    }
}
