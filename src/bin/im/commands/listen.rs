//! `im listen`: the device's session, kept open. Shows what arrives and publishes for short commands.
//!
//! A message is acknowledged when its line is written: what was not shown stays at the broker.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::backoff::Backoff;
use super::listen_stop::{Stop, stop};
use crate::cli::Listen;
use crate::control::{ControlServer, Pending, publication};
use crate::event::Event;
use crate::failure::Failure;
use crate::keeping::{Keeping, News};
use crate::link::{Arrival, Filter, Link, LinkError, Publisher, Purpose, Reason};
use crate::output::Output;
use crate::report::{Report, Subscribed};
use crate::report_kept::Kept;
use crate::roster::Roster;
use crate::session::{Context, Door};
use crate::wire::control::{ControlAnswer, ControlRequest};

pub(super) async fn run(
    options: Listen,
    context: Context,
    output: &mut Output,
) -> Result<(), Failure> {
    let Door::Free(_lock) = context.door().await? else {
        return Err(Failure::AlreadyListening(
            context.profile.session.to_string(),
        ));
    };
    let socket = context.store.control_socket(&context.profile.session)?;
    let (_server, requests) = ControlServer::open(socket)?;
    let after = options.for_seconds.map(Duration::from_secs_f64);
    let mut listener = Listener {
        options,
        output,
        requests,
        keeping: Keeping::start(&context),
        context,
        roster: Roster::default(),
        link: None,
        shown: 0,
    };
    let ended = tokio::select! {
        biased;
        stopped = stop(after) => Ended::Stopped(stopped?),
        result = listener.listen() => Ended::ByItself(result),
    };
    listener.end(ended).await
}

/// How listening ended.
enum Ended {
    Stopped(Stop),
    ByItself(Result<(), Failure>),
}

struct Listener<'a> {
    options: Listen,
    context: Context,
    output: &'a mut Output,
    requests: mpsc::Receiver<Pending>,
    keeping: Keeping,
    roster: Roster,
    /// Open while connected; kept here so that it can be closed however listening ends.
    link: Option<Link>,
    /// Messages and notices.
    shown: u64,
}

impl Listener<'_> {
    /// Until the count is reached (`Ok`) or nothing more can be done.
    async fn listen(&mut self) -> Result<(), Failure> {
        let mut backoff = Backoff::default();
        let mut link = self.context.connect(Purpose::Listen).await?;
        let mut again = false;
        loop {
            let opened = Instant::now();
            match self.receive(link, again).await {
                Err(Failure::Link(error)) => {
                    self.lost(error, backoff.next(opened.elapsed())).await?
                }
                result => return result,
            }
            link = self.connect_again(&mut backoff).await?;
            again = true;
        }
    }

    /// Tells that the connection is lost, and waits before the next attempt if there is to be one.
    async fn lost(&mut self, error: LinkError, pause: Duration) -> Result<(), Failure> {
        self.link = None;
        let again = !self.options.no_reconnect && error.is_passing();
        let retry_in = again.then_some(pause);
        self.output.report(&Report::Disconnected {
            why: error.to_string(),
            reason: error.reason(),
            retry_in,
        })?;
        if !again {
            return Err(error.into());
        }
        sleep(pause).await;
        Ok(())
    }

    async fn connect_again(&mut self, backoff: &mut Backoff) -> Result<Link, Failure> {
        loop {
            let mut asked = None;
            match self
                .context
                .connect_once(Purpose::Listen, self.context.timeout)
                .await
            {
                Err(Failure::Link(error)) if error.is_passing() => {}
                // The static service is away and our token is not good any more: go on trying.
                Err(Failure::Service(error)) if error.is_temporary() => {
                    asked = error.retry_after();
                }
                result => return result,
            }
            sleep(backoff.no_sooner(asked)).await;
        }
    }

    /// Subscribes and receives until the count is reached or the connection ends.
    async fn receive(&mut self, link: Link, again: bool) -> Result<(), Failure> {
        let publisher = link.publisher();
        self.link = Some(link);
        self.roster.clear();
        let filters = self.filters();
        let subscribing = subscribe(&publisher, &filters);
        tokio::pin!(subscribing);
        let refused = loop {
            tokio::select! {
                refused = &mut subscribing => break refused?,
                arrival = next(&mut self.link) => if self.show(arrival?)? { return Ok(()) },
            }
        };
        self.subscribed(&filters, &refused, again)?;
        loop {
            tokio::select! {
                arrival = next(&mut self.link) => if self.show(arrival?)? { return Ok(()) },
                Some(pending) = self.requests.recv() => self.answer(pending, &publisher),
                news = self.keeping.news() => self.tell(&news)?,
            }
        }
    }

    /// Tells what is subscribed to. Without the own inbox there is nothing to listen to.
    fn subscribed(
        &mut self,
        filters: &[Filter],
        refused: &[(String, Reason)],
        again: bool,
    ) -> Result<(), Failure> {
        let inbox = self.context.profile.inbox();
        for (topic, reason) in refused {
            self.output.report(&Report::Refused {
                topic: Some(topic),
                reason,
            })?;
            if *topic == inbox {
                let what = format!("subscribe to {topic}");
                return Err(Failure::Refused {
                    what,
                    reason: reason.clone(),
                });
            }
        }
        let granted = filters.iter().map(|filter| filter.filter.as_str());
        let filters = granted
            .filter(|filter| refused.iter().all(|(topic, _)| topic != filter))
            .collect();
        let subscribed = Subscribed {
            session: self.context.profile.session.as_str(),
            filters,
        };
        self.output.report(&if again {
            Report::Reconnected(subscribed)
        } else {
            Report::Ready(subscribed)
        })
    }

    /// Shows and acknowledges; true when that was the last one wanted.
    fn show(&mut self, arrival: Arrival) -> Result<bool, Failure> {
        let event = Event::decode(
            &arrival.topic,
            &arrival.payload,
            self.context.profile.session.user(),
        );
        self.roster.note(&event);
        self.keeping.keeper().received(&event);
        if self.options.presence || !is_presence(&event) {
            let Arrival {
                topic,
                retained,
                duplicate,
                ..
            } = &arrival;
            let report = Report::Arrived {
                topic,
                retained: *retained,
                duplicate: *duplicate,
                event: &event,
            };
            self.output.report(&report)?;
        }
        if let Some(link) = &mut self.link {
            link.acknowledge(&arrival);
        }
        self.shown += u64::from(matches!(event, Event::Message(_) | Event::Notice(_)));
        Ok(self.options.count.is_some_and(|count| self.shown >= count))
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
            self.keeping.keeper().tell_key(reply);
            return;
        }
        let publisher = publisher.clone();
        // Beside the receiving, which must go on for the confirmation to arrive.
        let (keeper, session) = (self.keeping.keeper(), self.context.profile.session.clone());
        tokio::spawn(async move {
            let answer = publish(&request, &publisher).await;
            if let (ControlAnswer::Published { .. }, Some(Ok(taken))) =
                (&answer, publication(&request))
            {
                keeper.sent(&taken.topic, &taken.payload, session.user());
            }
            reply.send(answer)
        });
    }

    /// Tells of the address book and the history.
    fn tell(&mut self, news: &News) -> Result<(), Failure> {
        match news {
            News::Synced(synced) => self.output.report(&Report::Kept(Kept::Synced(synced))),
            News::Trouble(text) => self.output.warning(text),
        }
    }

    fn known_people(&self) -> ControlAnswer {
        if self.options.no_subscribe {
            let text = "it listens without subscriptions, so it knows nobody's presence".to_owned();
            return ControlAnswer::Invalid { text };
        }
        ControlAnswer::Roster {
            people: self.roster.rows(),
        }
    }

    /// What to subscribe to.
    fn filters(&self) -> Vec<Filter> {
        if self.options.no_subscribe {
            return Vec::new();
        }
        let profile = &self.context.profile;
        let messages = profile.message_filters().into_iter().map(filter(false));
        let roster = profile.roster_filters().into_iter().map(filter(true));
        messages.chain(roster).collect()
    }

    /// Leaves the broker in good order and judges the end.
    async fn end(mut self, ended: Ended) -> Result<(), Failure> {
        if let Some(link) = self.link.take() {
            link.close(false).await;
        }
        self.keeping.close().await;
        match (ended, self.options.count) {
            (Ended::ByItself(result), _) => result,
            (Ended::Stopped(Stop::TimeUp), Some(count)) => Err(Failure::TimedOut(format!(
                "time is up with {} of {count} messages",
                self.shown
            ))),
            (Ended::Stopped(_), _) => Ok(()),
        }
    }
}

async fn next(link: &mut Option<Link>) -> Result<Arrival, LinkError> {
    match link {
        Some(link) => link.next().await,
        None => Err(LinkError::Lost("not connected".to_owned())),
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

fn is_presence(event: &Event) -> bool {
    matches!(event, Event::Presence { .. } | Event::Signature { .. })
}
