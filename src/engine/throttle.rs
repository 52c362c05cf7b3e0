//! One per span and name, with bounded memory: for notices and log lines that an outsider can provoke.

use std::time::Duration;

use lru::LruCache;

/// When a name was let through, and how often it was not since.
struct Passed {
    at: Duration,
    held_back: u64,
}

/// Remembers when each name was last let through.
pub(super) struct Throttle {
    last: LruCache<Box<str>, Passed>,
    span: Duration,
    names: usize,
}

impl Throttle {
    /// One per `span`, remembering `names` of them.
    pub(super) fn new(span: Duration, names: usize) -> Throttle {
        Throttle {
            last: LruCache::unbounded(),
            span,
            names,
        }
    }

    /// Whether `name` may pass now.
    pub(super) fn pass(&mut self, name: &str, now: Duration) -> bool {
        self.count(name, now).is_some()
    }

    /// If `name` may pass now: how often it was held back since it last did.
    pub(super) fn count(&mut self, name: &str, now: Duration) -> Option<u64> {
        let mut held_back = 0;
        if let Some(passed) = self.last.peek_mut(name) {
            if now < passed.at + self.span {
                passed.held_back += 1;
                return None;
            }
            held_back = passed.held_back;
        }
        let passed = Passed {
            at: now,
            held_back: 0,
        };
        self.last.put(name.into(), passed);
        if self.last.len() > self.names {
            self.last.pop_lru();
        }
        Some(held_back)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_passes_once_per_span_and_memory_is_bounded() {
        let mut throttle = Throttle::new(Duration::from_secs(1), 2);
        assert!(throttle.pass("a", Duration::from_millis(0)));
        assert!(!throttle.pass("a", Duration::from_millis(999)));
        assert!(throttle.pass("b", Duration::from_millis(999)));
        assert!(throttle.pass("a", Duration::from_millis(1000)));
        for name in ["c", "d", "e"] {
            assert!(throttle.pass(name, Duration::from_millis(1000)));
        }
        assert_eq!(throttle.last.len(), 2);
    }

    #[test]
    fn what_was_held_back_is_told_with_the_next_that_passes() {
        let mut throttle = Throttle::new(Duration::from_secs(1), 2);
        let told =
            [0, 100, 200, 1000, 2000].map(|ms| throttle.count("a", Duration::from_millis(ms)));
        assert_eq!(told, [Some(0), None, None, Some(2), Some(0)]);
    }
}
