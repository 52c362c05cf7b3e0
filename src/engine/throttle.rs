//! One per span and name, with bounded memory: for notices and log lines that an outsider can provoke.

use std::time::Duration;

use lru::LruCache;

/// Remembers when each name was last let through.
pub(super) struct Throttle {
    last: LruCache<Box<str>, Duration>,
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
        if self
            .last
            .peek(name)
            .is_some_and(|last| now < *last + self.span)
        {
            return false;
        }
        self.last.put(name.into(), now);
        if self.last.len() > self.names {
            self.last.pop_lru();
        }
        true
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
}
