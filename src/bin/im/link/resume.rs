//! Lets a new process resume the session that an earlier one left at the broker.
//!
//! The library refuses a session that the broker kept when it finds no saved client state for it
//! (or, told to accept it, refuses to publish and subscribe). What MQTT 5 (section 4.1) has a client
//! keep is: QoS 1 and 2 messages sent and not confirmed, and QoS 2 messages received. We use no
//! QoS 2, and a publish that a connection's end left unconfirmed is reported to its sender, who
//! decides; it is never repeated behind his back. So the state to resume from is always empty.

use std::future::{Future, ready};
use std::pin::Pin;

use rumqttc::{
    PersistedAckMode, PersistedSession, SessionStore, SessionStoreError, SessionStoreKey,
};

use super::options::SESSION_EXPIRY_SECONDS;

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, SessionStoreError>> + Send + 'a>>;

/// The client state of a session without QoS 2: none.
#[derive(Debug)]
pub(super) struct QosOneSession;

impl SessionStore for QosOneSession {
    fn load<'a>(&'a self, key: &'a SessionStoreKey) -> Answer<'a, Option<PersistedSession>> {
        Box::pin(ready(Ok(Some(PersistedSession {
            format_version: 1,
            client_id: key.client_id().to_owned(),
            clean_start: false,
            session_expiry_interval: Some(SESSION_EXPIRY_SECONDS),
            outgoing_inflight_upper_limit: None,
            ack_mode: PersistedAckMode::Manual,
            last_pkid: 0,
            last_puback: 0,
            replay: Vec::new(),
            incoming_qos2: Vec::new(),
        }))))
    }

    fn save<'a>(&'a self, _: &'a SessionStoreKey, _: &'a PersistedSession) -> Answer<'a, ()> {
        Box::pin(ready(Ok(())))
    }

    fn clear<'a>(&'a self, _: &'a SessionStoreKey) -> Answer<'a, ()> {
        Box::pin(ready(Ok(())))
    }
}
