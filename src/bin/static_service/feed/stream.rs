//! One listener's stream: batches read from the database by id. Nothing queues up in memory for a
//! slow listener; it just reads later.

use std::collections::VecDeque;

use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::watch;

use super::event::SNAPSHOT_REQUIRED;
use super::hub::Listener;
use crate::storage::{EventId, Storage, StorageError, StoredEvent};

/// Events read at once.
const BATCH: u32 = 64;

/// What a stream yields.
#[derive(Debug)]
pub(crate) enum Item {
    /// First of all, so that the response's bytes leave at once.
    Opening,
    /// An event.
    Event(StoredEvent),
}

/// Where a listener wants to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// With what is new.
    Now,
    /// After that event.
    After(EventId),
    /// After an event that was never ours.
    Unknown,
}

/// Where a listener does start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// The stream carries what comes after this event.
    pub(crate) after: EventId,
    /// The newest event when the stream was opened.
    pub(crate) head: EventId,
    /// The start that was asked for cannot be had: first comes `snapshot.required`.
    pub(crate) gap: bool,
}

/// Settles where to start.
pub(crate) async fn position(storage: &Storage, start: Start) -> Result<Position, StorageError> {
    let head = storage.refresh_head().await?;
    let (after, gap) = match start {
        Start::Now => (head, false),
        Start::After(id) if storage.can_resume_after(id).await? => (id, false),
        Start::After(_) | Start::Unknown => (head, true),
    };
    Ok(Position { after, head, gap })
}

/// The stream. Ends when the service closes or the database fails; the listener then comes again
/// with the last id it saw.
pub(crate) fn stream(
    storage: Storage,
    listener: Listener,
    position: Position,
) -> impl Stream<Item = Item> {
    let tail = Tail {
        head: storage.watch_head(),
        storage,
        listener,
        last: position.after,
        pending: VecDeque::new(),
    };
    let opening = position.gap.then(|| snapshot_required(position.after));
    unfold((tail, Some(opening)), |(mut tail, opening)| async move {
        match opening {
            Some(Some(snapshot)) => {
                tail.pending.push_back(snapshot);
                Some((Item::Opening, (tail, None)))
            }
            Some(None) => Some((Item::Opening, (tail, None))),
            None => {
                let event = tail.next().await?;
                Some((Item::Event(event), (tail, None)))
            }
        }
    })
}

fn snapshot_required(id: EventId) -> StoredEvent {
    StoredEvent {
        id,
        kind: SNAPSHOT_REQUIRED.to_owned(),
        data: "{}".to_owned(),
    }
}

struct Tail {
    storage: Storage,
    listener: Listener,
    head: watch::Receiver<EventId>,
    last: EventId,
    pending: VecDeque<StoredEvent>,
}

impl Tail {
    /// The next event. Being asked for it says that the one before was taken.
    async fn next(&mut self) -> Option<StoredEvent> {
        loop {
            if let Some(event) = self.pending.pop_front() {
                self.listener.handed(self.last, false);
                self.last = event.id;
                return Some(event);
            }
            self.listener
                .handed(self.last, self.last >= *self.head.borrow());
            self.wait_for_news().await?;
            self.read_batch().await?;
        }
    }

    async fn wait_for_news(&mut self) -> Option<()> {
        let last = self.last;
        tokio::select! {
            biased;
            () = self.listener.closed() => None,
            news = self.head.wait_for(|head| *head > last) => news.ok().map(|_| ()),
        }
    }

    async fn read_batch(&mut self) -> Option<()> {
        match self.try_read_batch().await {
            Ok(()) => Some(()),
            Err(error) => {
                tracing::error!(%error, "feed stream ends");
                None
            }
        }
    }

    async fn try_read_batch(&mut self) -> Result<(), StorageError> {
        let batch = self.storage.events_after(self.last, BATCH).await?;
        let dense = batch.first().is_none_or(|first| first.id == self.last + 1);
        if dense || self.storage.can_resume_after(self.last).await? {
            self.pending.extend(batch);
        } else {
            // So slow that what it had yet to read was pruned.
            let head = self.storage.refresh_head().await?;
            self.pending.push_back(snapshot_required(head));
        }
        Ok(())
    }
}
