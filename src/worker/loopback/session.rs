//! The session that carries publications in and asks for turns.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rumqttc_v4::{
    AsyncClient, ClientError, ConnectionError, Event, EventLoop, Packet, PublishOptions, QoS,
};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use super::super::backoff::Backoff;
use super::super::mailbox::Outbox;
use super::{Identity, TURN, Turns};
use crate::engine::{Level, Publication};

/// Publications handed to the library at a time.
const AT_ONCE: u16 = 16;
/// A turn is due this often, whatever happens: tokens expire.
const DUE: Duration = Duration::from_millis(500);
/// Without a session for so long, the log says so. A broker opens its listeners after it has started its plugins.
const PATIENCE: Duration = Duration::from_secs(5);

/// What it works with.
pub(super) struct Session<'a> {
    pub(super) publications: &'a mut mpsc::Receiver<Publication>,
    pub(super) turns: &'a Turns,
    pub(super) unconfirmed: &'a RefCell<VecDeque<Publication>>,
}

impl Session<'_> {
    /// Keeps it up, for ever.
    pub(super) async fn keep(
        &mut self,
        listener: SocketAddr,
        identity: &Identity,
        outbox: &Outbox,
    ) {
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(5));
        let mut down_since = Instant::now();
        let mut told = false;
        loop {
            let mut options = identity.options(listener);
            options.set_inflight(AT_ONCE);
            let capacity = usize::from(AT_ONCE);
            let (client, mut events) = AsyncClient::builder(options).capacity(capacity).build();
            let mut error = connect(&mut events).await.err();
            if error.is_none() {
                let text = format!("loopback session at {listener}: connected");
                outbox.log(Level::Notice, text).await;
                let began = Instant::now();
                error = self.carry(&client, &mut events).await.err();
                (down_since, told) = (Instant::now(), false);
                if began.elapsed() >= PATIENCE {
                    backoff.reset();
                }
            }
            if let Some(error) = error.filter(|_| !told && down_since.elapsed() >= PATIENCE) {
                told = true;
                let text = format!(
                    "loopback session at {listener}: {error}; until it connects, no notice goes out and nobody is \
                     disconnected"
                );
                outbox.log(Level::Error, text).await;
            }
            tokio::time::sleep(backoff.next()).await;
        }
    }

    /// Works over one connection until it breaks.
    async fn carry(
        &mut self,
        client: &AsyncClient,
        events: &mut EventLoop,
    ) -> Result<Infallible, ConnectionError> {
        let unconfirmed = self.unconfirmed;
        let confirm = async {
            loop {
                if let Event::Incoming(Packet::PubAck(_)) = events.poll().await? {
                    // The broker confirms in the order of sending.
                    unconfirmed.borrow_mut().pop_front();
                }
            }
        };
        let send = async {
            // The library takes requests for as long as the connection is looked after.
            let _ = self.send(client).await;
            pending().await
        };
        tokio::select! {
            broken = confirm => broken,
            never = send => never,
        }
    }

    async fn send(&mut self, client: &AsyncClient) -> Result<Infallible, ClientError> {
        let again = self.unconfirmed.borrow().clone();
        for publication in again {
            publish(client, publication).await?;
        }
        let mut due = tokio::time::interval(DUE);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some(publication) = self.publications.recv() => {
                    if publication.qos > 0 {
                        self.unconfirmed.borrow_mut().push_back(publication.clone());
                    }
                    publish(client, publication).await?;
                }
                () = self.turns.0.wanted.notified() => ask_for_turn(client, self.turns).await?,
                _ = due.tick() => ask_for_turn(client, self.turns).await?,
            }
        }
    }
}

async fn connect(events: &mut EventLoop) -> Result<(), ConnectionError> {
    while !matches!(events.poll().await?, Event::Incoming(Packet::ConnAck(_))) {}
    Ok(())
}

async fn publish(client: &AsyncClient, publication: Publication) -> Result<(), ClientError> {
    let qos = match publication.qos {
        0 => QoS::AtMostOnce,
        _ => QoS::AtLeastOnce,
    };
    let options = PublishOptions::new(qos).retain(publication.retain);
    client
        .publish(publication.topic, publication.payload, options)
        .await
}

async fn ask_for_turn(client: &AsyncClient, turns: &Turns) -> Result<(), ClientError> {
    turns.0.under_way.store(true, Ordering::Release);
    client
        .publish(TURN, Vec::new(), PublishOptions::at_most_once())
        .await
}
