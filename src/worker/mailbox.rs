//! The queue of updates, from the worker to the broker's thread.
//!
//! Bounded. When it is full the worker waits: nothing is dropped, the feed and the answers slow down. The steps of
//! a directory load have a queue of their own, so that nothing has to wait behind them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{
    Receiver, RecvTimeoutError, SyncSender, TryRecvError, TrySendError, sync_channel,
};
use std::time::Duration;

use super::Bell;
use super::cursor::Applied;
use crate::config::Settings;
use crate::engine::{AskKey, Level};
use crate::protocol::contract::{DirectoryStep, FeedEvent, Verdict};
use crate::upstream::{Unreadable, UpstreamError};

/// Updates that may lie in the queue.
const CAPACITY: usize = 8192;
/// Steps of a directory load that may lie in their queue.
const DIRECTORY_CAPACITY: usize = 64;
/// Between two tries of a worker that finds the queue full.
const FULL: Duration = Duration::from_millis(2);

/// What the worker has to tell.
#[derive(Debug)]
pub enum Update {
    /// The answer to a question.
    Answer(AskKey, Result<Verdict, UpstreamError>),
    /// An event of the feed, with its id.
    Feed(u64, FeedEvent),
    /// An event of the feed that could not be read, with its id.
    FeedUnreadable(u64, Unreadable),
    /// Where the feed starts: all before is carried out or was never ours.
    FeedAt(u64),
    /// The static service can be asked, or can not.
    Reachable(bool),
    /// The feed is connected, or no longer.
    FeedLive(bool),
    /// The options file was read again: the settings in force.
    Options {
        /// Which file.
        file: String,
        /// In force from now on.
        settings: Box<Settings>,
        /// What has changed, for the log.
        changed: Vec<String>,
    },
    /// The options file is bad; why. All is as it was.
    OptionsRefused(String),
    /// A line for the log.
    Log(Level, String),
}

/// The worker's end.
#[derive(Clone)]
pub(super) struct Outbox {
    queue: SyncSender<Update>,
    directory: SyncSender<DirectoryStep>,
    /// Whether the last steps of a load lie in their queue.
    loading: Arc<AtomicBool>,
    bell: Bell,
}

/// The broker's end.
pub struct Inbox {
    queue: Receiver<Update>,
    directory: Receiver<DirectoryStep>,
    loading: Arc<AtomicBool>,
    bell: Bell,
    applied: Applied,
}

/// Both ends.
pub(super) fn open(bell: Bell, applied: Applied) -> (Outbox, Inbox) {
    let (sender, receiver) = sync_channel(CAPACITY);
    let loading = Arc::<AtomicBool>::default();
    let (steps, stepping) = sync_channel(DIRECTORY_CAPACITY);
    (
        Outbox {
            queue: sender,
            directory: steps,
            loading: Arc::clone(&loading),
            bell: bell.clone(),
        },
        Inbox {
            queue: receiver,
            directory: stepping,
            loading,
            bell,
            applied,
        },
    )
}

impl Outbox {
    /// Puts an update in, waiting for room.
    pub(super) async fn put(&self, update: Update) {
        self.put_into(&self.queue, update).await;
    }

    /// Puts a step of a directory load in, waiting for room.
    pub(super) async fn put_step(&self, step: DirectoryStep) {
        self.put_into(&self.directory, step).await;
    }

    /// The last steps of a load are about to be put in.
    pub(super) fn set_load_under_way(&self) {
        self.loading.store(true, Ordering::Release);
    }

    /// Whether the broker has not taken in the last step of a load yet: what the feed tells of the directory
    /// must then come after it once more.
    pub(super) fn is_load_under_way(&self) -> bool {
        self.loading.load(Ordering::Acquire)
    }

    async fn put_into<T>(&self, queue: &SyncSender<T>, item: T) {
        let mut item = item;
        self.bell.announce();
        loop {
            match queue.try_send(item) {
                Ok(()) => return self.bell.ring(),
                // The broker has gone: it will stop us any moment.
                Err(TrySendError::Disconnected(_)) => return self.bell.taken(),
                Err(TrySendError::Full(back)) => item = back,
            }
            tokio::time::sleep(FULL).await;
        }
    }

    pub(super) async fn log(&self, level: Level, text: impl Into<String>) {
        self.put(Update::Log(level, text.into())).await;
    }

    pub(super) async fn keep_ringing(&self) {
        self.bell.keep_ringing().await;
    }
}

impl Inbox {
    /// The next update, if one is there. Never waits.
    pub fn take(&self) -> Option<Update> {
        match self.queue.try_recv() {
            Ok(update) => {
                self.bell.taken();
                Some(update)
            }
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => None,
        }
    }

    /// The next step of a directory load, if one is there. Never waits.
    pub fn take_step(&self) -> Option<DirectoryStep> {
        let step = self.directory.try_recv().ok()?;
        self.bell.taken();
        if step == DirectoryStep::End {
            self.loading.store(false, Ordering::Release);
        }
        Some(step)
    }

    /// Whether nothing lies in either queue, and no turn is wanted.
    pub fn is_empty(&self) -> bool {
        self.bell.is_silent()
    }

    /// Makes the broker's thread take another turn at once, as if an update lay in the queue.
    pub fn want_turn(&self) {
        self.bell.want_turn();
    }

    /// The turn that was wanted has come.
    pub fn turn_came(&self) {
        self.bell.taken();
    }

    /// The effects of all events up to this one have been carried out.
    pub fn applied(&self, event: u64) {
        self.applied.store(event, Ordering::Release);
    }

    /// The next update, waiting for it at most this long. The one wait of the broker's thread.
    pub fn wait(&self, longest: Duration) -> Option<Update> {
        match self.queue.recv_timeout(longest) {
            Ok(update) => {
                self.bell.taken();
                Some(update)
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
        }
    }
}
