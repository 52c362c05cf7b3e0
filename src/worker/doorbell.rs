//! The doorbell: makes the broker's thread run TICK at once instead of at the end of its wait.
//!
//! A ring just before the broker's `epoll_wait` is lost, so it is rung again until the queue of updates
//! has been drained.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use super::Platform;

/// Between two rings while something lies in the queue.
const AGAIN: Duration = Duration::from_millis(1);

/// Counts what lies in the queue and rings while that is not nothing.
#[derive(Clone)]
pub struct Bell {
    platform: Arc<dyn Platform>,
    waiting: Arc<AtomicUsize>,
    wake: Arc<Notify>,
}

impl Bell {
    /// A bell for an empty queue.
    pub fn new(platform: Arc<dyn Platform>) -> Bell {
        Bell {
            platform,
            waiting: Arc::default(),
            wake: Arc::default(),
        }
    }

    /// One more update is about to lie in the queue. Counted first: the broker may take it at once.
    pub(super) fn announce(&self) {
        self.waiting.fetch_add(1, Ordering::AcqRel);
    }

    /// It lies there.
    pub(super) fn ring(&self) {
        self.platform.ring();
        self.wake.notify_one();
    }

    /// One was taken out, on the broker's thread.
    pub(super) fn taken(&self) {
        self.waiting.fetch_sub(1, Ordering::AcqRel);
    }

    /// Whether nothing lies in the queue.
    pub(super) fn is_silent(&self) -> bool {
        self.waiting.load(Ordering::Acquire) == 0
    }

    /// From the broker's thread: makes it take another turn, until that turn calls [`Bell::taken`]. A ring
    /// now would be lost, since the thread is not waiting yet.
    pub(super) fn want_turn(&self) {
        self.announce();
        self.wake.notify_one();
    }

    /// Rings until the queue is empty, for ever.
    pub(super) async fn keep_ringing(&self) {
        loop {
            self.wake.notified().await;
            while self.waiting.load(Ordering::Acquire) > 0 {
                tokio::time::sleep(AGAIN).await;
                if self.waiting.load(Ordering::Acquire) > 0 {
                    self.platform.ring();
                }
            }
        }
    }
}
