//! Failed logins per user and peer. Keyed by both, so that nobody can lock somebody else out; bounded
//! in memory by forgetting the least recently seen.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;

/// Failures after which a pair has to wait.
const MAX_FAILURES: u32 = 5;
/// How long failures count.
const WINDOW: Duration = Duration::from_secs(60);
/// Pairs remembered.
const PAIRS: NonZeroUsize = NonZeroUsize::new(10_000).expect("10,000 is not zero");

/// Counts failures.
#[derive(Debug)]
pub(crate) struct Limiter(Mutex<LruCache<(String, IpAddr), Failures>>);

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    since: Instant,
}

impl Limiter {
    /// Knows no failures.
    pub(crate) fn new() -> Limiter {
        Limiter(Mutex::new(LruCache::new(PAIRS)))
    }

    /// Counts an attempt as failed until [`Limiter::forgive`] says otherwise (so that many at once
    /// do not slip through); `Err` is how long to wait.
    pub(crate) fn admit(&self, user: &str, peer: IpAddr, now: Instant) -> Result<(), Duration> {
        let mut pairs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Failures {
            count: 0,
            since: now,
        };
        let failures = pairs.get_or_insert_mut((user.to_owned(), peer), fresh);
        let age = now.saturating_duration_since(failures.since);
        if age >= WINDOW {
            *failures = fresh();
        }
        if failures.count >= MAX_FAILURES {
            return Err(WINDOW.saturating_sub(age));
        }
        failures.count += 1;
        Ok(())
    }

    /// Forgets the failures of a pair that logged in.
    pub(crate) fn forgive(&self, user: &str, peer: IpAddr) {
        let mut pairs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pairs.pop(&(user.to_owned(), peer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_failure_in_a_minute_waits_and_others_do_not() {
        let (limiter, now) = (Limiter::new(), Instant::now());
        let (here, there) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        for _ in 0..MAX_FAILURES {
            assert!(limiter.admit("bob@acme", here, now).is_ok());
        }
        assert_eq!(limiter.admit("bob@acme", here, now), Err(WINDOW));
        assert!(limiter.admit("bob@acme", there, now).is_ok());
        assert!(limiter.admit("alice@acme", here, now).is_ok());
        assert!(limiter.admit("bob@acme", here, now + WINDOW).is_ok());
    }

    #[test]
    fn a_success_forgives() {
        let (limiter, now) = (Limiter::new(), Instant::now());
        let here = IpAddr::from([127, 0, 0, 1]);
        for _ in 0..20 {
            assert!(limiter.admit("bob@acme", here, now).is_ok());
            limiter.forgive("bob@acme", here);
        }
    }
}
