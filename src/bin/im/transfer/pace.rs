//! Holding a transfer to a rate, so that it leaves a narrow line to others.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The slowest rate, in bytes a second: below it a block would take longer than a silent server is waited for.
pub(crate) const SLOWEST: i64 = 64 * 1024;

/// How fast, on average since the beginning; `None` is as fast as it goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    rate: Option<NonZeroU32>,
    began: Instant,
    bytes: u64,
}

impl Pace {
    /// From now on.
    pub(super) fn new(rate: Option<NonZeroU32>) -> Pace {
        Pace {
            rate,
            began: Instant::now(),
            bytes: 0,
        }
    }

    /// So many more bytes are due: when they may pass.
    pub(super) fn due(&mut self, bytes: usize) -> Instant {
        self.bytes = self
            .bytes
            .saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        let Some(rate) = self.rate else {
            return self.began;
        };
        let ms = self.bytes.saturating_mul(1000) / u64::from(rate.get());
        self.began + Duration::from_millis(ms)
    }

    /// Waits until so many more bytes may pass.
    pub(super) async fn pass(&mut self, bytes: usize) {
        let due = self.due(bytes);
        if self.rate.is_some() {
            sleep_until(due).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_due_when_the_rate_allows_them() {
        let mut pace = Pace::new(NonZeroU32::new(1000));
        let began = pace.began;
        assert_eq!(pace.due(500) - began, Duration::from_millis(500));
        assert_eq!(pace.due(1500) - began, Duration::from_secs(2));
        let mut free = Pace::new(None);
        assert_eq!(free.due(1 << 30), free.began);
    }
}
