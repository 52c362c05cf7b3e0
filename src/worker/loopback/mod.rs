//! The plugin's own MQTT sessions at its broker, for brokers without calls for publishing and kicking (1.x).
//!
//! One session carries the plugin's notices in, and gets the broker's thread to take a turn: those brokers have no TICK,
//! but they ask about each publish. A publish to [`TURN`] is a ring of the doorbell, which the plugin takes and refuses.
//! Short ones take client ids over, which ends their connections.
//!
//! Nobody else gets in that way: the password is made anew at each start and never leaves the process, save for the
//! host's loopback device.

mod session;
mod takeover;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rumqttc_v4::MqttOptions;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Notify, mpsc};

use super::mailbox::Outbox;
use crate::config::Secret;
use crate::engine::Publication;

/// The session's user name: no user's, for want of an `@`.
pub const USERNAME: &str = "$enterprise-push";
/// What is published here is a wish for a turn.
pub const TURN: &str = "$enterprise-push/turn";

/// Publications that may wait for the worker, or for the broker's listener; further ones are refused.
const MOST_PUBLICATIONS: usize = 4096;
/// Connections that may wait for their end; further ones live on, without any rights.
const MOST_TAKEOVERS: usize = 16_384;
const KEEP_ALIVE_S: u16 = 30;

/// The end on the broker's thread.
pub struct Messenger {
    publications: mpsc::Sender<Publication>,
    takeovers: mpsc::Sender<Takeover>,
    identity: Arc<Identity>,
    turns: Turns,
}

/// The worker's end.
pub struct Loopback {
    publications: mpsc::Receiver<Publication>,
    takeovers: mpsc::Receiver<Takeover>,
    identity: Arc<Identity>,
    turns: Turns,
    /// Sent, and not confirmed yet, in the order of sending: sent again over the next connection.
    unconfirmed: RefCell<VecDeque<Publication>>,
}

/// Asks for a turn of the broker's thread; from any thread.
#[derive(Clone, Default)]
pub struct Turns(Arc<Turn>);

/// A client id whose connection is to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Takeover {
    /// The client id.
    pub client_id: String,
    /// The user name that the broker has for its session.
    pub username: String,
}

#[derive(Default)]
struct Turn {
    wanted: Notify,
    under_way: AtomicBool,
}

struct Identity {
    client_id: String,
    password: Secret,
}

/// Both ends, with a password that nobody else knows.
pub fn open() -> io::Result<(Messenger, Loopback, Turns)> {
    let identity = Arc::new(Identity {
        client_id: format!("{USERNAME}-{}", random_hex::<8>()?),
        password: Secret::new(random_hex::<32>()?),
    });
    let (publish, publications) = mpsc::channel(MOST_PUBLICATIONS);
    let (take_over, takeovers) = mpsc::channel(MOST_TAKEOVERS);
    let turns = Turns::default();
    let messenger = Messenger {
        publications: publish,
        takeovers: take_over,
        identity: Arc::clone(&identity),
        turns: turns.clone(),
    };
    let loopback = Loopback {
        publications,
        takeovers,
        identity,
        turns: turns.clone(),
        unconfirmed: RefCell::default(),
    };
    Ok((messenger, loopback, turns))
}

fn random_hex<const BYTES: usize>() -> io::Result<String> {
    let mut bytes = [0u8; BYTES];
    let source = rustls::crypto::ring::default_provider().secure_random;
    source
        .fill(&mut bytes)
        .map_err(|_| io::Error::other("the system has no random numbers"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

impl Messenger {
    /// Sends a publication on its way; false when too many wait already. Never waits itself. Where there is no session
    /// it goes nowhere.
    pub fn publish(&self, publication: Publication) -> bool {
        use mpsc::error::TrySendError::Full;
        !matches!(self.publications.try_send(publication), Err(Full(_)))
    }

    /// Has a connection ended; false when too many wait for that already.
    pub fn take_over(&self, takeover: Takeover) -> bool {
        use mpsc::error::TrySendError::Full;
        !matches!(self.takeovers.try_send(takeover), Err(Full(_)))
    }

    /// Whether this is our password. How long that takes tells nothing of it.
    pub fn admits(&self, password: Option<&str>) -> bool {
        let digest = |text: &str| Sha256::digest(text.as_bytes());
        password.is_some_and(|given| digest(given) == digest(self.identity.password.expose()))
    }

    /// Whether this is the session's client id.
    pub fn is_own(&self, client_id: &str) -> bool {
        client_id == self.identity.client_id
    }

    /// The turn that was asked for has come.
    pub fn turn_came(&self) {
        self.turns.0.under_way.store(false, Ordering::Release);
    }
}

impl Turns {
    /// Asks for a turn, unless one is on its way.
    pub fn want(&self) {
        if !self.0.under_way.load(Ordering::Acquire) {
            self.0.wanted.notify_one();
        }
    }
}

impl Loopback {
    /// Works at the listener, for ever.
    pub(in crate::worker) async fn keep(&mut self, listener: Option<SocketAddr>, outbox: &Outbox) {
        let Some(listener) = listener else {
            self.publications.close();
            self.takeovers.close();
            return pending().await;
        };
        let Loopback {
            publications,
            takeovers,
            identity,
            turns,
            unconfirmed,
        } = self;
        let mut session = session::Session {
            publications,
            turns,
            unconfirmed,
        };
        tokio::select! {
            () = session.keep(listener, identity, outbox) => {}
            () = takeover::serve(takeovers, listener, identity) => {}
        }
    }
}

impl Identity {
    /// For the session itself.
    fn options(&self, listener: SocketAddr) -> MqttOptions {
        self.options_as(listener, &self.client_id, USERNAME)
    }

    fn options_as(&self, listener: SocketAddr, client_id: &str, username: &str) -> MqttOptions {
        let address = (listener.ip().to_string(), listener.port());
        let mut options = MqttOptions::new(client_id, address);
        options
            .set_credentials(username, self.password.expose().to_owned())
            .set_keep_alive(KEEP_ALIVE_S);
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_of_this_start_is_ours() {
        let (messenger, loopback, _) = open().unwrap();
        let (other, ..) = open().unwrap();
        let password = loopback.identity.password.expose();
        assert_eq!(password.len(), 64);
        assert!(messenger.admits(Some(password)) && !other.admits(Some(password)));
        for wrong in [None, Some(""), Some("x"), password.get(..63)] {
            assert!(!messenger.admits(wrong), "{wrong:?}");
        }
        assert!(messenger.is_own(&loopback.identity.client_id));
        assert!(!messenger.is_own(USERNAME) && !other.is_own(&loopback.identity.client_id));
    }

    #[test]
    fn what_waits_is_bounded() {
        let (messenger, mut loopback, _) = open().unwrap();
        let publication = Publication {
            to: None,
            topic: "t".to_owned(),
            payload: Vec::new(),
            qos: 0,
            retain: false,
            expiry_s: 0,
        };
        let sent = (0..MOST_PUBLICATIONS + 1).filter(|_| messenger.publish(publication.clone()));
        assert_eq!(sent.count(), MOST_PUBLICATIONS);
        loopback.publications.close();
        while loopback.publications.try_recv().is_ok() {}
        assert!(messenger.publish(publication), "goes nowhere, by choice");
    }
}
