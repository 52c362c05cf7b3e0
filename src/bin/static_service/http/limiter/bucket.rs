//! A counter that empties by itself: so many at once, and then one every so often. Kept as one time for each
//! key (the generic cell rate algorithm), for the keys that were seen last.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use lru::LruCache;

/// What a key may do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    /// So many at once.
    pub(super) burst: u32,
    /// After that, one in this time.
    pub(super) every: Duration,
}

/// Counts for many keys.
#[derive(Debug)]
pub(super) struct Buckets {
    rate: Rate,
    /// When the key's bucket will be empty again.
    empty_at: LruCache<u64, Instant>,
}

impl Buckets {
    /// All are empty; the `remembered` keys that were seen last are known.
    pub(super) fn new(rate: Rate, remembered: NonZeroUsize) -> Buckets {
        Buckets {
            rate,
            empty_at: LruCache::new(remembered),
        }
    }

    /// How long `key` has to wait for its turn; none: it has it.
    pub(super) fn wait(&self, key: u64, now: Instant) -> Option<Duration> {
        let empty_at = self.empty_at.peek(&key)?;
        let level = empty_at.saturating_duration_since(now) + self.rate.every;
        let over = level.saturating_sub(self.rate.every * self.rate.burst);
        (!over.is_zero()).then_some(over)
    }

    /// Counts one.
    pub(super) fn charge(&mut self, key: u64, now: Instant) {
        let empty_at = self.empty_at.get_or_insert_mut(key, || now);
        *empty_at = (*empty_at).max(now) + self.rate.every;
    }

    /// Takes one back.
    pub(super) fn refund(&mut self, key: u64) {
        if let Some(empty_at) = self.empty_at.get_mut(&key) {
            *empty_at = empty_at.checked_sub(self.rate.every).unwrap_or(*empty_at);
        }
    }

    /// Takes all back.
    pub(super) fn forget(&mut self, key: u64) {
        self.empty_at.pop(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn buckets(remembered: usize) -> Buckets {
        let rate = Rate {
            burst: 3,
            every: S * 10,
        };
        Buckets::new(rate, NonZeroUsize::new(remembered).unwrap())
    }

    #[test]
    fn after_the_burst_there_is_one_every_so_often() {
        let (mut buckets, start) = (buckets(10), Instant::now());
        for _ in 0..3 {
            assert_eq!(buckets.wait(1, start), None);
            buckets.charge(1, start);
        }
        assert_eq!(buckets.wait(1, start), Some(S * 10));
        assert_eq!(buckets.wait(1, start + S * 4), Some(S * 6));
        assert_eq!(buckets.wait(2, start), None);
        let later = start + S * 10;
        assert_eq!(buckets.wait(1, later), None);
        buckets.charge(1, later);
        assert_eq!(buckets.wait(1, later), Some(S * 10));
        // Rest is not saved up beyond the burst.
        let much_later = start + S * 1000;
        for _ in 0..3 {
            buckets.charge(1, much_later);
        }
        assert_eq!(buckets.wait(1, much_later), Some(S * 10));
    }

    #[test]
    fn what_is_taken_back_does_not_count() {
        let (mut buckets, now) = (buckets(10), Instant::now());
        for _ in 0..3 {
            buckets.charge(1, now);
        }
        buckets.refund(1);
        assert_eq!(buckets.wait(1, now), None);
        buckets.charge(1, now);
        assert!(buckets.wait(1, now).is_some());
        buckets.forget(1);
        assert_eq!(buckets.wait(1, now), None);
        buckets.refund(1);
    }

    #[test]
    fn the_keys_seen_last_are_known() {
        let (mut buckets, now) = (buckets(2), Instant::now());
        for key in [1, 1, 1, 2, 2, 2, 1, 3] {
            buckets.charge(key, now);
        }
        assert!(buckets.wait(1, now).is_some());
        assert_eq!(buckets.wait(2, now), None);
    }
}
