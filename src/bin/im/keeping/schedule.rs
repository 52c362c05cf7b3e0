//! When the address book is asked for: at the start, soon after a notice, every quarter of an hour, and after a
//! failure ever later. Always with jitter: a notice reaches everybody at the same moment.

use std::time::Duration;

use tokio::time::Instant;

const EVERY: Duration = Duration::from_secs(15 * 60);
const AFTER_NOTICE: Duration = Duration::from_secs(2);
const AFTER_FAILURE: Duration = Duration::from_secs(5);
const LONGEST_AFTER_FAILURE: Duration = EVERY;

/// The next time.
#[derive(Debug)]
pub(super) struct Schedule {
    due: Option<Instant>,
    failures: u32,
}

impl Schedule {
    /// At once.
    pub(super) fn new(now: Instant) -> Schedule {
        let due = Some(now);
        Schedule { due, failures: 0 }
    }

    /// None: never again.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Something has changed; one asking does for several notices.
    pub(super) fn soon(&mut self, now: Instant) {
        let soon = now + jitter(AFTER_NOTICE);
        self.due = self.due.map(|due| due.min(soon));
    }

    /// Done: next time in a while.
    pub(super) fn done(&mut self, now: Instant) {
        self.failures = 0;
        self.due = Some(now + jitter(EVERY));
    }

    /// Failed, for now: later, but not before the time that the server asked for.
    pub(super) fn failed(&mut self, now: Instant, asked: Option<Duration>) {
        let pause = AFTER_FAILURE
            .saturating_mul(1 << self.failures.min(16))
            .min(LONGEST_AFTER_FAILURE);
        self.failures = self.failures.saturating_add(1);
        let asked = asked.unwrap_or_default();
        self.due = Some(now + jitter(pause).max(asked + jitter(asked / 2)));
    }

    /// Failed for good.
    pub(super) fn stop(&mut self) {
        self.due = None;
    }
}

/// Half to all of a time.
fn jitter(full: Duration) -> Duration {
    full.mul_f64(rand::random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(schedule: &Schedule, now: Instant) -> Duration {
        schedule.due().unwrap().duration_since(now)
    }

    #[test]
    fn notices_bring_the_next_time_nearer_and_never_put_it_off() {
        let now = Instant::now();
        let mut schedule = Schedule::new(now);
        assert_eq!(schedule.due(), Some(now));
        schedule.soon(now);
        assert_eq!(schedule.due(), Some(now));
        schedule.done(now);
        assert!(wait(&schedule, now) >= EVERY / 2);
        schedule.soon(now);
        assert!(wait(&schedule, now) <= AFTER_NOTICE);
    }

    #[test]
    fn failures_wait_ever_longer_and_as_long_as_the_server_asks() {
        let now = Instant::now();
        let mut schedule = Schedule::new(now);
        for full in [5, 10, 20, 40] {
            schedule.failed(now, None);
            assert!(wait(&schedule, now) <= Duration::from_secs(full));
            assert!(wait(&schedule, now) >= Duration::from_secs(full) / 2);
        }
        let asked = Duration::from_secs(7200);
        schedule.failed(now, Some(asked));
        assert!(wait(&schedule, now) >= asked);
        schedule.stop();
        schedule.soon(now);
        assert_eq!(schedule.due(), None);
    }
}
