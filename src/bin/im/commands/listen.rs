//! `im listen`: shows what arrives in the device's session, saves what came within messages, and downloads
//! what they offer if that is wanted.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::listen_files::Files;
use super::listen_stop::{Stop, stop};
use super::reception::{Connected, Front, Manner, Reception};
use super::save::save;
use crate::cli::Listen;
use crate::event::Event;
use crate::failure::Failure;
use crate::keeping::News;
use crate::link::{Arrival, LinkError};
use crate::names::{Names, kept_names};
use crate::output::Output;
use crate::report::{Report, Subscribed};
use crate::report_kept::Kept;
use crate::session::Context;

pub(super) async fn run(
    options: Listen,
    mut context: Context,
    output: &mut Output,
) -> Result<(), Failure> {
    output.set_names(kept_names(&mut context).await);
    let after = options.for_seconds.map(Duration::from_secs_f64);
    let count = options.count;
    let manner = Manner {
        subscribe: !options.no_subscribe,
        reconnect: !options.no_reconnect,
    };
    let lines = Lines {
        files: Files::new(&options, &context, output)?,
        session: context.profile.session.to_string(),
        presence: options.presence,
        count,
        save: options.save,
        output,
        shown: 0,
    };
    let mut reception = Reception::open(context, manner, lines).await?;
    let ended = tokio::select! {
        biased;
        stopped = stop(after) => Ended::Stopped(stopped?),
        result = to_the_end(&mut reception) => Ended::ByItself(result),
    };
    reception.close().await;
    match (ended, count) {
        (Ended::ByItself(result), _) => result,
        (Ended::Stopped(Stop::TimeUp), Some(count)) => Err(Failure::TimedOut(format!(
            "time is up with {} of {count} messages",
            reception.front.shown
        ))),
        (Ended::Stopped(_), _) => Ok(()),
    }
}

/// How listening ended.
enum Ended {
    Stopped(Stop),
    ByItself(Result<(), Failure>),
}

/// Receives all that is wanted, and what has been offered by then.
async fn to_the_end(reception: &mut Reception<Lines<'_>>) -> Result<(), Failure> {
    reception.receive().await?;
    reception.close().await;
    reception.front.finish().await
}

/// Shows a line for everything.
struct Lines<'a> {
    session: String,
    presence: bool,
    count: Option<u64>,
    save: Option<PathBuf>,
    output: &'a mut Output,
    files: Files,
    /// Messages and notices.
    shown: u64,
}

impl Lines<'_> {
    /// Waits for the downloads that have been begun.
    async fn finish(&mut self) -> Result<(), Failure> {
        while self.files.is_busy() {
            self.work().await?;
        }
        Ok(())
    }

    fn show(
        &mut self,
        arrival: &Arrival,
        event: &Event,
        saved: Option<&Path>,
    ) -> Result<(), Failure> {
        let Arrival {
            topic,
            retained,
            duplicate,
            ..
        } = arrival;
        self.output.report(&Report::Arrived {
            topic,
            retained: *retained,
            duplicate: *duplicate,
            event,
            saved,
        })
    }
}

impl Front for Lines<'_> {
    async fn connected(&mut self, connected: Connected<'_>) -> Result<(), Failure> {
        for (topic, reason) in connected.refused {
            self.output.report(&Report::Refused {
                topic: Some(topic),
                reason,
            })?;
        }
        if !connected.usable {
            return Ok(());
        }
        let is_refused = |filter: &&str| connected.refused.iter().any(|(topic, _)| topic == filter);
        let filters = connected
            .filters
            .iter()
            .map(|filter| filter.filter.as_str());
        let subscribed = Subscribed {
            session: &self.session,
            filters: filters.filter(|filter| !is_refused(filter)).collect(),
        };
        self.output.report(&if connected.again {
            Report::Reconnected(subscribed)
        } else {
            Report::Ready(subscribed)
        })
    }

    async fn lost(&mut self, error: &LinkError, retry_in: Option<Duration>) -> Result<(), Failure> {
        self.output.report(&Report::Disconnected {
            why: error.to_string(),
            reason: error.reason(),
            retry_in,
        })
    }

    async fn arrived(&mut self, arrival: &Arrival, event: Event) -> Result<bool, Failure> {
        let saved = match (&event, &self.save) {
            (Event::Message(message), Some(folder)) if message.is_inline() => {
                Some(save(message, folder)?)
            }
            _ => None,
        };
        if self.presence || !is_presence(&event) {
            self.show(arrival, &event, saved.as_deref())?;
        }
        if let Event::Message(message) = &event
            && let Some(Ok(offer)) = message.offer()
        {
            self.files.offered(offer, self.output)?;
        }
        self.shown += u64::from(matches!(event, Event::Message(_) | Event::Notice(_)));
        Ok(self.count.is_some_and(|count| self.shown >= count))
    }

    async fn told(&mut self, news: News) -> Result<(), Failure> {
        match &news {
            News::Synced(synced) => {
                self.output.set_names(Names::of_book(&synced.book));
                self.output.report(&Report::Kept(Kept::Synced(synced)))
            }
            News::Trouble(text) => self.output.warning(text),
        }
    }

    async fn work(&mut self) -> Result<(), Failure> {
        self.files.work(self.output).await
    }
}

fn is_presence(event: &Event) -> bool {
    matches!(event, Event::Presence { .. } | Event::Signature { .. })
}
