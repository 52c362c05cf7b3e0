//! Waiting longer after each failure, each time by a different amount ("full jitter"): brokers that
//! lost the same service do not come back in step.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// The waits between tries.
pub(super) struct Backoff {
    first: Duration,
    most: Duration,
    ceiling: Duration,
}

impl Backoff {
    /// Waits up to `first` after the first failure, doubling to `most`.
    pub(super) fn new(first: Duration, most: Duration) -> Backoff {
        Backoff {
            first,
            most,
            ceiling: first,
        }
    }

    /// A try succeeded.
    pub(super) fn reset(&mut self) {
        self.ceiling = self.first;
    }

    /// The next wait: between half the ceiling and the ceiling.
    pub(super) fn next(&mut self) -> Duration {
        let wait = self.ceiling.mul_f64(0.5 + 0.5 * chance());
        self.ceiling = (self.ceiling * 2).min(self.most);
        wait
    }
}

/// Between 0 and 1. The standard library seeds each `RandomState` anew: random enough to spread tries.
fn chance() -> f64 {
    let bits = RandomState::new().build_hasher().finish() >> 40;
    f64::from(u32::try_from(bits).unwrap_or(0)) / f64::from(1u32 << 24)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_their_limit_and_start_over() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_millis(350));
        for ceiling in [100, 200, 350, 350] {
            let wait = backoff.next();
            let (low, high) = (
                Duration::from_millis(ceiling / 2),
                Duration::from_millis(ceiling),
            );
            assert!((low..=high).contains(&wait), "{wait:?}");
        }
        backoff.reset();
        assert!(backoff.next() <= Duration::from_millis(100));
    }

    #[test]
    fn chance_is_a_fraction_and_varies() {
        let many: Vec<f64> = (0..100).map(|_| chance()).collect();
        assert!(many.iter().all(|c| (0.0..1.0).contains(c)));
        assert!(many.windows(2).any(|w| w[0] != w[1]));
    }
}
