//! Loads the whole directory from the static service: at the first start, when events were lost, and now and then
//! to shorten the journal of the copy.
//!
//! The feed goes on meanwhile. What it tells of the directory is applied at once, and once more after the load,
//! because a line of the load may be older.

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::Notify;

use super::backoff::Backoff;
use super::copy::{Copy, NewCopy};
use super::mailbox::Outbox;
use super::service::Service;
use crate::engine::Level;
use crate::protocol::contract::{DirectoryStep, FeedEvent};
use crate::upstream::{RawEvent, UpstreamError};

/// Between two tries, at first and at most.
const TRIES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(2));
/// Entries and members in one step.
const STEP: usize = 16;
/// Events that may come during one load; beyond that it begins anew.
const MOST_MEANWHILE: usize = 100_000;

/// An event of the feed that came during a load.
type Meanwhile = (u64, RawEvent, FeedEvent);

/// The loader, shared by the task that loads and the one that follows the feed. Never locked across an await.
pub(super) struct Directory {
    wanted: Notify,
    state: Mutex<State>,
}

struct State {
    /// Events since the load began; `None` when there is none under way.
    meanwhile: Option<Vec<Meanwhile>>,
    copy: Option<Copy>,
    /// Whether there is a directory, from the copy or from a load.
    is_there: bool,
}

impl Directory {
    /// With the copy in `state_dir`, if there is such a folder; `is_there` if it could be read.
    pub(super) fn new(copy: Option<Copy>, is_there: bool) -> Directory {
        Directory {
            wanted: Notify::new(),
            state: Mutex::new(State {
                meanwhile: None,
                copy,
                is_there,
            }),
        }
    }

    /// The work is taken up, perhaps after it broke off within a load.
    pub(super) fn resume(&self) {
        if self.state().meanwhile.take().is_some() {
            self.want();
        }
    }

    /// Asks for a load.
    pub(super) fn want(&self) {
        self.wanted.notify_one();
    }

    /// The feed is followed: without a directory, or from an unknown position on, one has to be loaded.
    pub(super) fn feed_opened(&self, resumed: bool) {
        if !resumed || !self.state().is_there {
            self.want();
        }
    }

    /// The last event that the copy holds; 0 without one.
    pub(super) fn copied(&self) -> u64 {
        let state = self.state();
        state.copy.as_ref().and_then(Copy::last).unwrap_or(0)
    }

    /// Hears of an event of the feed before it is passed on.
    pub(super) async fn hear(&self, id: u64, raw: RawEvent, event: &FeedEvent, outbox: &Outbox) {
        if *event == FeedEvent::SnapshotRequired {
            self.want();
        }
        if !event.is_of_directory() {
            return;
        }
        let failed = self.note(id, raw, event);
        if let Some(error) = failed {
            outbox.log(Level::Error, given_up(&error)).await;
        }
    }

    fn note(&self, id: u64, raw: RawEvent, event: &FeedEvent) -> Option<std::io::Error> {
        let mut state = self.state();
        let mut failed = None;
        if let Some(copy) = &mut state.copy {
            failed = copy.append(id, &raw).err();
            if copy.is_long() {
                self.want();
            }
        }
        if failed.is_some() {
            state.copy = None;
        }
        if let Some(meanwhile) = &mut state.meanwhile {
            meanwhile.push((id, raw, event.clone()));
            if meanwhile.len() > MOST_MEANWHILE {
                state.meanwhile = None;
            }
        }
        failed
    }

    /// Loads whenever it is asked to, for ever.
    pub(super) async fn keep(&self, service: &Service, outbox: &Outbox) {
        loop {
            self.wanted.notified().await;
            let mut backoff = Backoff::new(TRIES.0, TRIES.1);
            let mut told = None;
            while let Err(error) = self.load(service, outbox).await {
                self.state().meanwhile = None;
                if told.as_ref() != Some(&error) {
                    let text = format!("directory: {error}; trying again");
                    outbox.log(Level::Warning, text).await;
                    told = Some(error);
                }
                tokio::time::sleep(backoff.next()).await;
            }
        }
    }

    async fn load(&self, service: &Service, outbox: &Outbox) -> Result<(), UpstreamError> {
        self.state().meanwhile = Some(Vec::new());
        let service = service.get();
        let Some((mut stream, seq)) = service.open_directory().await? else {
            self.state().meanwhile = None;
            let text = "static service has no directory: rights come with the logins";
            outbox.log(Level::Notice, text).await;
            return Ok(());
        };
        let mut new = self.state().copy.as_ref().map(|copy| copy.begin(seq));
        outbox.put_step(DirectoryStep::Begin).await;
        let (mut step, mut weight) = (Vec::new(), 0);
        while let Some((event, line)) = stream.next().await? {
            if let Some(Ok(writer)) = &mut new
                && let Err(error) = writer.line(&line)
            {
                new = Some(Err(error));
            }
            weight += weight_of(&event);
            step.push(event);
            if weight >= STEP {
                outbox
                    .put_step(DirectoryStep::Entries(std::mem::take(&mut step)))
                    .await;
                weight = 0;
            }
        }
        outbox.put_step(DirectoryStep::Entries(step)).await;
        self.finish(seq, new, outbox).await
    }

    /// From here on until the broker has taken in the whole load, events of the feed go behind it, too.
    async fn finish(
        &self,
        seq: u64,
        new: Option<std::io::Result<NewCopy>>,
        outbox: &Outbox,
    ) -> Result<(), UpstreamError> {
        let meanwhile = self.state().meanwhile.take();
        let Some(mut later) = meanwhile else {
            let why = "more events came during the load than can be kept".to_owned();
            return Err(UpstreamError::Broken(why));
        };
        outbox.set_load_under_way();
        later.retain(|(id, ..)| *id > seq);
        // No event may slip in between the taking of those above and the new copy: nothing awaits here.
        let raw = later
            .iter()
            .map(|(id, raw, _)| (*id, raw.clone()))
            .collect();
        let written = new.map(|new| new.and_then(|new| self.replace_copy(new, raw)));
        self.state().is_there = true;
        if let Some(Err(error)) = written {
            self.state().copy = None;
            outbox.log(Level::Error, given_up(&error)).await;
        }
        let again = later.into_iter().map(|(.., event)| event);
        outbox.put_step(DirectoryStep::Again(again.collect())).await;
        outbox.put_step(DirectoryStep::End).await;
        Ok(())
    }

    fn replace_copy(&self, new: NewCopy, later: Vec<(u64, RawEvent)>) -> std::io::Result<()> {
        match &mut self.state().copy {
            Some(copy) => copy.replace(new, &later),
            None => Ok(()),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn given_up(error: &std::io::Error) -> String {
    format!("the copy of the directory cannot be written: {error}; it is given up")
}

/// How much work an entry is, in users.
fn weight_of(event: &FeedEvent) -> usize {
    match event {
        FeedEvent::GroupUpserted { members, .. } => 1 + members.len(),
        _ => 1,
    }
}
