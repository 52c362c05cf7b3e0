//! Growing pauses between attempts to connect again, with jitter so that a broker's restart does not
//! bring everybody back at the same moment.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(60);
/// A connection that lasted this long was a good one: begin with short pauses again.
const GOOD_CONNECTION: Duration = Duration::from_secs(10);

/// The state of the pauses.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// The next pause, after a connection that lasted for `lasted`: half to all of a time that doubles.
    pub(crate) fn next(&mut self, lasted: Duration) -> Duration {
        if lasted >= GOOD_CONNECTION {
            self.attempts = 0;
        }
        let full = FIRST
            .saturating_mul(1 << self.attempts.min(16))
            .min(LONGEST);
        self.attempts = self.attempts.saturating_add(1);
        full.mul_f64(rand::random_range(0.5..=1.0))
    }

    /// The next pause after a failed attempt, but not before the time that a server asked for; then a little
    /// later still, since it has asked everybody.
    pub(crate) fn no_sooner(&mut self, asked: Option<Duration>) -> Duration {
        let pause = self.next(Duration::ZERO);
        let asked = asked.unwrap_or_default();
        pause.max(asked.mul_f64(rand::random_range(1.0..=1.5)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_limit_and_start_again_after_a_good_connection() {
        let mut backoff = Backoff::default();
        for full in [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0] {
            let pause = backoff.next(Duration::ZERO).as_secs_f64();
            assert!((full / 2.0..=full).contains(&pause), "{pause} of {full}");
        }
        assert!(backoff.next(GOOD_CONNECTION) <= FIRST);
    }

    #[test]
    fn server_that_asks_for_time_gets_it() {
        let asked = Duration::from_secs(20);
        let pause = Backoff::default().no_sooner(Some(asked));
        assert!((asked..=asked * 3 / 2).contains(&pause), "{pause:?}");
        assert!(Backoff::default().no_sooner(None) <= FIRST);
    }
}
