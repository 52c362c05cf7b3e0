//! Who listens to the feed and how far each has got, so that a client is answered only after the
//! brokers have been told of its token.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::watch;

use crate::storage::EventId;

/// How long a client's answer waits for the slowest listener.
const MAX_ANNOUNCEMENT: Duration = Duration::from_millis(200);

/// The listeners. One per process.
#[derive(Debug)]
pub(crate) struct Hub {
    listeners: watch::Sender<Listeners>,
    closing: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Listeners {
    next_key: u64,
    progress: BTreeMap<u64, Progress>,
}

/// How far a listener has got.
#[derive(Debug, Clone, Copy)]
struct Progress {
    /// Handed over up to this event.
    handed: EventId,
    /// Missed an announcement, or has yet to catch up: nobody waits for it until it does.
    lagging: bool,
}

impl Hub {
    /// A hub without listeners.
    pub(crate) fn new() -> Hub {
        Hub {
            listeners: watch::Sender::new(Listeners::default()),
            closing: watch::Sender::new(false),
        }
    }

    /// Adds a listener that starts after `position`; dropping the answer takes it out.
    pub(crate) fn join(&self, position: EventId, head: EventId) -> Listener {
        let mut key = 0;
        self.listeners.send_modify(|listeners| {
            key = listeners.next_key;
            listeners.next_key += 1;
            let progress = Progress {
                handed: position,
                lagging: position < head,
            };
            listeners.progress.insert(key, progress);
        });
        Listener {
            key,
            listeners: self.listeners.clone(),
            closing: self.closing.subscribe(),
        }
    }

    /// Waits until every listener that keeps up has been handed `event`, at most 200 ms.
    pub(crate) async fn announced(&self, event: EventId) {
        let mut listeners = self.listeners.subscribe();
        let told = listeners.wait_for(|listeners| listeners.have(event));
        if tokio::time::timeout(MAX_ANNOUNCEMENT, told).await.is_err() {
            tracing::warn!(
                event,
                "a feed listener lags: not waiting for it until it catches up"
            );
            self.listeners
                .send_modify(|listeners| listeners.leave_behind(event));
        }
    }

    /// How many listen.
    pub(crate) fn listeners(&self) -> usize {
        self.listeners.borrow().progress.len()
    }

    /// How far the slowest listener has got.
    pub(crate) fn slowest(&self) -> Option<EventId> {
        let listeners = self.listeners.borrow();
        let handed = listeners.progress.values().map(|progress| progress.handed);
        handed.min()
    }

    /// Waits for the hub to close.
    pub(crate) fn closed(&self) -> impl Future<Output = ()> + use<> {
        closed(self.closing.subscribe())
    }

    /// Ends all streams, now and from now on.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
    }
}

async fn closed(mut closing: watch::Receiver<bool>) {
    // An error means that the hub is gone, which is closed enough.
    let _ = closing.wait_for(|closing| *closing).await;
}

impl Listeners {
    fn have(&self, event: EventId) -> bool {
        let mut all = self.progress.values();
        all.all(|progress| progress.lagging || progress.handed >= event)
    }

    fn leave_behind(&mut self, event: EventId) {
        for progress in self.progress.values_mut() {
            progress.lagging |= progress.handed < event;
        }
    }
}

/// A place among the listeners.
#[derive(Debug)]
pub(crate) struct Listener {
    key: u64,
    listeners: watch::Sender<Listeners>,
    closing: watch::Receiver<bool>,
}

impl Listener {
    /// Says that everything up to `event` was handed over; `caught_up`: there is no more for now.
    pub(crate) fn handed(&self, event: EventId, caught_up: bool) {
        self.listeners.send_if_modified(|listeners| {
            let Some(progress) = listeners.progress.get_mut(&self.key) else {
                return false;
            };
            let changed = progress.handed != event || (caught_up && progress.lagging);
            progress.handed = event;
            progress.lagging &= !caught_up;
            changed
        });
    }

    /// Waits for the service to close.
    pub(crate) async fn closed(&self) {
        closed(self.closing.clone()).await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.listeners.send_modify(|listeners| {
            listeners.progress.remove(&self.key);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[tokio::test]
    async fn an_announcement_waits_for_every_listener() {
        let hub = Hub::new();
        let (one, other) = (hub.join(7, 7), hub.join(7, 7));
        let told = hub.announced(8);
        tokio::pin!(told);
        one.handed(8, true);
        let early = tokio::time::timeout(Duration::from_millis(20), &mut told).await;
        assert!(early.is_err(), "answered before the other listener knew");
        other.handed(8, true);
        told.await;
    }

    #[tokio::test]
    async fn nobody_waits_for_a_listener_that_left_or_lags() {
        let hub = Hub::new();
        drop(hub.join(7, 7));
        let late = hub.join(7, 7);
        hub.announced(8).await;
        let start = Instant::now();
        hub.announced(9).await;
        assert!(start.elapsed() < Duration::from_millis(50));
        late.handed(9, true);
        let start = Instant::now();
        hub.announced(10).await;
        assert!(
            start.elapsed() >= MAX_ANNOUNCEMENT,
            "caught up: waited for again"
        );
    }
}
