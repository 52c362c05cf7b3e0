//! The device's session, kept open for whoever shows what arrives: connects, subscribes, connects again,
//! and publishes for short commands.
//!
//! A message is acknowledged when it has been shown: what was not shown stays at the broker.

use std::future::Future;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::backoff::Backoff;
use crate::control::{ControlServer, Pending, publication};
use crate::event::Event;
use crate::failure::Failure;
use crate::keeping::{Keeper, Keeping, News};
use crate::link::{Arrival, Filter, Link, LinkError, Publisher, Purpose, Reason};
use crate::roster::Roster;
use crate::session::{Context, Door, SessionLock};
use crate::wire::control::{ControlAnswer, ControlRequest};

/// Whoever shows what arrives.
pub(super) trait Front {
    /// All is subscribed to that is not `refused`.
    async fn connected(&mut self, connected: Connected<'_>) -> Result<(), Failure>;

    /// The connection is lost; there will be another attempt after `retry_in`.
    async fn lost(&mut self, error: &LinkError, retry_in: Option<Duration>) -> Result<(), Failure>;

    /// Shows what arrived; true when that was the last one wanted.
    async fn arrived(&mut self, arrival: &Arrival, event: Event) -> Result<bool, Failure>;

    /// The address book or the history has something to tell.
    async fn told(&mut self, news: News) -> Result<(), Failure>;

    /// What else there is to do, for as long as there is something. Cancel-safe.
    async fn work(&mut self) -> Result<(), Failure>;
}

/// How the subscribing went.
pub(super) struct Connected<'a> {
    pub(super) filters: &'a [Filter],
    pub(super) refused: &'a [(String, Reason)],
    /// Whether the own inbox is among what was granted; it is over otherwise.
    pub(super) usable: bool,
    /// After a lost connection.
    pub(super) again: bool,
    pub(super) publisher: &'a Publisher,
}

/// How to receive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    pub(super) subscribe: bool,
    pub(super) reconnect: bool,
}

/// An open session; nobody else has it meanwhile.
pub(super) struct Reception<F> {
    context: Context,
    manner: Manner,
    pub(super) front: F,
    requests: mpsc::Receiver<Pending>,
    /// Until it is closed.
    keeping: Option<Keeping>,
    roster: Roster,
    /// Open while connected; kept here so that it can be closed however receiving ends.
    link: Option<Link>,
    _server: ControlServer,
    _lock: SessionLock,
}

impl<F: Front> Reception<F> {
    /// Takes the session; does not connect yet.
    pub(super) async fn open(context: Context, manner: Manner, front: F) -> Result<Self, Failure> {
        let Door::Free(lock) = context.door().await? else {
            return Err(Failure::AlreadyListening(
                context.profile.session.to_string(),
            ));
        };
        let socket = context.store.control_socket(&context.profile.session)?;
        let (server, requests) = ControlServer::open(socket)?;
        Ok(Reception {
            keeping: Some(Keeping::start(&context)),
            context,
            manner,
            front,
            requests,
            roster: Roster::default(),
            link: None,
            _server: server,
            _lock: lock,
        })
    }

    /// Until the front has enough (`Ok`) or nothing more can be done.
    pub(super) async fn receive(&mut self) -> Result<(), Failure> {
        let mut backoff = Backoff::default();
        let mut link = self.context.connect(Purpose::Listen).await?;
        let mut again = false;
        loop {
            let opened = Instant::now();
            match self.over(link, again).await {
                Err(Failure::Link(error)) => {
                    self.lost(error, backoff.next(opened.elapsed())).await?;
                }
                result => return result,
            }
            link = self.connect_again(&mut backoff).await?;
            again = true;
        }
    }

    /// Leaves the broker and what is kept in good order.
    pub(super) async fn close(&mut self) {
        if let Some(link) = self.link.take() {
            link.close(false).await;
        }
        if let Some(keeping) = self.keeping.take() {
            keeping.close().await;
        }
    }

    /// For what the front publishes itself.
    pub(super) fn keeper(&self) -> Option<Keeper> {
        self.keeping.as_ref().map(Keeping::keeper)
    }

    /// Tells that the connection is lost, and waits before the next attempt if there is to be one.
    async fn lost(&mut self, error: LinkError, pause: Duration) -> Result<(), Failure> {
        self.link = None;
        let again = self.manner.reconnect && error.is_passing();
        self.front.lost(&error, again.then_some(pause)).await?;
        if !again {
            return Err(error.into());
        }
        beside(&mut self.front, sleep(pause)).await
    }

    async fn connect_again(&mut self, backoff: &mut Backoff) -> Result<Link, Failure> {
        loop {
            let mut asked = None;
            let timeout = self.context.timeout;
            let connecting = self.context.connect_once(Purpose::Listen, timeout);
            match beside(&mut self.front, connecting).await? {
                Err(Failure::Link(error)) if error.is_passing() => {}
                // The static service is away and our token is not good any more: go on trying.
                Err(Failure::Service(error)) if error.is_temporary() => {
                    asked = error.retry_after();
                }
                result => return result,
            }
            beside(&mut self.front, sleep(backoff.no_sooner(asked))).await?;
        }
    }

    /// Subscribes and receives until the front has enough or the connection ends.
    async fn over(&mut self, link: Link, again: bool) -> Result<(), Failure> {
        let publisher = link.publisher();
        self.link = Some(link);
        self.roster.clear();
        let filters = self.filters();
        let subscribing = subscribe(&publisher, &filters);
        tokio::pin!(subscribing);
        let refused = loop {
            tokio::select! {
                refused = &mut subscribing => break refused?,
                arrival = next(&mut self.link) => if self.show(arrival?).await? { return Ok(()) },
                worked = self.front.work() => worked?,
            }
        };
        let inbox = self.check_inbox(&refused);
        let connected = Connected {
            filters: &filters,
            refused: &refused,
            usable: inbox.is_ok(),
            again,
            publisher: &publisher,
        };
        self.front.connected(connected).await?;
        inbox?;
        loop {
            tokio::select! {
                arrival = next(&mut self.link) => if self.show(arrival?).await? { return Ok(()) },
                Some(pending) = self.requests.recv() => self.answer(pending, &publisher),
                news = news(&mut self.keeping) => self.front.told(news).await?,
                worked = self.front.work() => worked?,
            }
        }
    }

    /// Without the own inbox there is nothing to listen to.
    fn check_inbox(&self, refused: &[(String, Reason)]) -> Result<(), Failure> {
        let inbox = self.context.profile.inbox();
        match refused.iter().find(|(topic, _)| *topic == inbox) {
            Some((topic, reason)) => Err(Failure::Refused {
                what: format!("subscribe to {topic}"),
                reason: reason.clone(),
            }),
            None => Ok(()),
        }
    }

    /// Shows and acknowledges; true when that was the last one wanted.
    async fn show(&mut self, arrival: Arrival) -> Result<bool, Failure> {
        let me = self.context.profile.session.user();
        let event = Event::decode(&arrival.topic, &arrival.payload, me);
        self.roster.note(&event);
        if let Some(keeper) = self.keeper() {
            keeper.received(&event);
        }
        let enough = self.front.arrived(&arrival, event).await?;
        if let Some(link) = &mut self.link {
            link.acknowledge(&arrival);
        }
        Ok(enough)
    }

    /// Does what a short command asks, unless it has gone.
    fn answer(&self, pending: Pending, publisher: &Publisher) {
        let Pending { request, reply } = pending;
        if reply.is_closed() {
            return;
        }
        if request == ControlRequest::Roster {
            // Should the asker have gone in between, nothing is lost.
            let _ = reply.send(self.known_people());
            return;
        }
        if request == ControlRequest::PersonalKey {
            if let Some(keeper) = self.keeper() {
                keeper.tell_key(reply);
            }
            return;
        }
        let publisher = publisher.clone();
        // Beside the receiving, which must go on for the confirmation to arrive.
        let (keeper, session) = (self.keeper(), self.context.profile.session.clone());
        tokio::spawn(async move {
            let answer = publish(&request, &publisher).await;
            let taken = matches!(answer, ControlAnswer::Published { .. });
            if let (true, Some(keeper), Some(Ok(taken))) = (taken, keeper, publication(&request)) {
                keeper.sent(&taken.topic, &taken.payload, session.user());
            }
            reply.send(answer)
        });
    }

    fn known_people(&self) -> ControlAnswer {
        if !self.manner.subscribe {
            let text = "it listens without subscriptions, so it knows nobody's presence".to_owned();
            return ControlAnswer::Invalid { text };
        }
        ControlAnswer::Roster {
            people: self.roster.rows(),
        }
    }

    /// What to subscribe to.
    fn filters(&self) -> Vec<Filter> {
        if !self.manner.subscribe {
            return Vec::new();
        }
        let profile = &self.context.profile;
        let messages = profile.message_filters().into_iter().map(filter(false));
        let roster = profile.roster_filters().into_iter().map(filter(true));
        messages.chain(roster).collect()
    }
}

/// Awaits something while the front goes on with its work.
pub(super) async fn beside<F: Front, T>(
    front: &mut F,
    waited_for: impl Future<Output = T>,
) -> Result<T, Failure> {
    tokio::pin!(waited_for);
    loop {
        tokio::select! {
            result = &mut waited_for => return Ok(result),
            worked = front.work() => worked?,
        }
    }
}

async fn next(link: &mut Option<Link>) -> Result<Arrival, LinkError> {
    match link {
        Some(link) => link.next().await,
        None => Err(LinkError::Lost("not connected".to_owned())),
    }
}

async fn news(keeping: &mut Option<Keeping>) -> News {
    match keeping {
        Some(keeping) => keeping.news().await,
        None => std::future::pending().await,
    }
}

async fn publish(request: &ControlRequest, publisher: &Publisher) -> ControlAnswer {
    let publication = match publication(request) {
        Some(Ok(publication)) => publication,
        Some(Err(text)) => return ControlAnswer::Invalid { text },
        None => {
            return ControlAnswer::Invalid {
                text: "nothing to publish".to_owned(),
            };
        }
    };
    match publisher.publish(publication).await {
        Ok(reason) => ControlAnswer::Published {
            reason_code: reason.code.unwrap_or(0),
        },
        Err(LinkError::PublishRefused(reason)) => ControlAnswer::Refused {
            reason_code: reason.code,
            text: reason.text,
        },
        Err(error) => ControlAnswer::Unconfirmed {
            text: error.to_string(),
        },
    }
}

/// Subscribes, unless there is nothing to subscribe to; gives the refused filters with their reasons.
async fn subscribe(
    publisher: &Publisher,
    filters: &[Filter],
) -> Result<Vec<(String, Reason)>, LinkError> {
    if filters.is_empty() {
        return Ok(Vec::new());
    }
    publisher.subscribe(filters).await
}

fn filter(latest_only: bool) -> impl Fn(String) -> Filter {
    move |filter| Filter {
        filter,
        latest_only,
    }
}
