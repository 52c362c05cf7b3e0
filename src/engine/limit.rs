//! Limits on failed logins, per peer address and per user: token buckets with bounded memory.
//!
//! A question to the static service is charged when it is asked and refunded when the answer is yes, so
//! that a flood is stopped before its first answer is in. Known good tokens are never looked up here:
//! whoever fills somebody's bucket keeps only unknown tokens out.

use core::net::IpAddr;
use std::time::Duration;

use lru::LruCache;

/// Names remembered; the longest unused is forgotten first, with a full bucket for its return.
const MAX_NAMES: usize = 100_000;
/// A bucket holds what flows in within a minute.
const MINUTE: Duration = Duration::from_secs(60);

struct Bucket {
    left: f64,
    filled_at: Duration,
}

/// Buckets by name.
pub(super) struct FailureLimit {
    buckets: LruCache<Box<str>, Bucket>,
    per_minute: u32,
    most: u32,
}

impl FailureLimit {
    /// `per_minute` failures; 0 means no limit.
    pub(super) fn new(per_minute: u32) -> FailureLimit {
        FailureLimit::with_room_for(per_minute, per_minute)
    }

    /// `per_minute` failures, of which `most` at once.
    pub(super) fn with_room_for(most: u32, per_minute: u32) -> FailureLimit {
        FailureLimit {
            buckets: LruCache::unbounded(),
            per_minute,
            most,
        }
    }

    /// Another limit from now on, as [`FailureLimit::new`] takes it. What is left in the buckets counts on.
    pub(super) fn set_limit(&mut self, per_minute: u32) {
        (self.per_minute, self.most) = (per_minute, per_minute);
    }

    /// Takes one from the bucket; false when it is empty.
    pub(super) fn charge(&mut self, name: &str, now: Duration) -> bool {
        if self.per_minute == 0 {
            return true;
        }
        let full = f64::from(self.most);
        let bucket = self.buckets.get_or_insert_mut(name.into(), || Bucket {
            left: full,
            filled_at: now,
        });
        let passed = now.saturating_sub(bucket.filled_at).as_secs_f64() / MINUTE.as_secs_f64();
        bucket.left = (bucket.left + passed * f64::from(self.per_minute)).min(full);
        bucket.filled_at = now;
        let enough = bucket.left >= 1.0;
        if enough {
            bucket.left -= 1.0;
        }
        if self.buckets.len() > MAX_NAMES {
            self.buckets.pop_lru();
        }
        enough
    }

    /// Puts one back: it was no failure after all.
    pub(super) fn refund(&mut self, name: &str) {
        if let Some(bucket) = self.buckets.peek_mut(name) {
            bucket.left = (bucket.left + 1.0).min(f64::from(self.most));
        }
    }
}

/// What counts as one peer: an IPv4 address, or the /64 of an IPv6 address, which one host has to itself.
pub(super) fn peer_name(address: &str) -> String {
    match address.parse() {
        Ok(IpAddr::V6(v6)) if v6.to_ipv4_mapped().is_none() => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn bucket_empties_and_fills_again() {
        let mut limit = FailureLimit::new(60);
        assert_eq!((0..100).filter(|_| limit.charge("a", at(0))).count(), 60);
        assert!(limit.charge("b", at(0)), "each name has its own");
        assert_eq!((0..100).filter(|_| limit.charge("a", at(10))).count(), 10);
    }

    #[test]
    fn refunds_leave_room_for_any_number_of_good_logins() {
        let mut limit = FailureLimit::new(5);
        for _ in 0..1000 {
            assert!(limit.charge("a", at(0)));
            limit.refund("a");
        }
    }

    #[test]
    fn room_may_be_smaller_than_a_minutes_inflow() {
        let mut limit = FailureLimit::with_room_for(10, 60);
        assert_eq!((0..100).filter(|_| limit.charge("a", at(0))).count(), 10);
        assert_eq!((0..100).filter(|_| limit.charge("a", at(5))).count(), 5);
        assert_eq!((0..100).filter(|_| limit.charge("a", at(600))).count(), 10);
    }

    #[test]
    fn zero_means_no_limit() {
        let mut limit = FailureLimit::new(0);
        assert!((0..1000).all(|_| limit.charge("a", at(0))));
    }

    #[test]
    fn memory_is_bounded() {
        let mut limit = FailureLimit::new(1);
        for n in 0..MAX_NAMES + 10 {
            limit.charge(&n.to_string(), at(0));
        }
        assert_eq!(limit.buckets.len(), MAX_NAMES);
    }

    #[test]
    fn ipv6_peers_count_by_their_network() {
        assert_eq!(peer_name("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(peer_name("::ffff:192.0.2.1"), "::ffff:192.0.2.1");
        assert_eq!(peer_name("192.0.2.1"), "192.0.2.1");
        assert_eq!(peer_name(""), "");
    }
}
