//! Who is logged in, for brokers that do not tell of ended connections (1.x).
//!
//! There a login stands until its token ends or is revoked, or until the device is kicked. After that all is refused to
//! the device until its connection has been ended (`worker::loopback`); then it counts as absent.

use super::{Host, Plugin};
use crate::engine::{ConnKey, Ending, SessionId};

impl<H: Host> Plugin<H> {
    /// The broker, as the plugin sees it.
    pub fn host(&self) -> &H {
        &self.host
    }

    /// Whether the login of a client id stands.
    pub fn is_logged_in(&self, client: SessionId<'_>) -> bool {
        let conn = ConnKey::of_client_id(client.text());
        self.with_engine(|engine| engine.sessions().get(conn).is_some())
    }

    /// Whether the device is absent for sure, and a session of it may be waiting in the broker.
    pub fn is_awaited(&self, client: SessionId<'_>) -> bool {
        self.with_engine(|engine| engine.is_awaited(client))
    }

    /// The device's connection has been ended. Its session may wait for it, unless it has logged in anew meanwhile.
    pub fn await_device(&self, client: SessionId<'_>) {
        if !self.is_logged_in(client) {
            self.with_engine(|engine| engine.await_device(client));
        }
    }

    /// Ends the login of a client id. Its connection may live on, so nothing is delivered to it either.
    pub fn log_out(&self, client_id: &str) {
        self.disconnected(ConnKey::of_client_id(client_id), Ending::Over);
    }
}
