//! When things are to happen, fixed before anything does: open loop.
//!
//! A slow system cannot slow the schedule down, and what is measured from the intended time contains the
//! whole of a stall. Pure.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// A fixed rate over a fixed time. Each event has a slot of `1 / rate` and lies anywhere in it, so that
/// nothing periodic in the system falls into step with the schedule.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    per_second: f64,
    events: u32,
    next: u32,
    random: SmallRng,
}

impl Schedule {
    /// `per_second` events for `time`; the same seed gives the same schedule.
    pub(crate) fn new(per_second: f64, time: Duration, seed: u64) -> Schedule {
        Schedule {
            per_second,
            events: event_count(per_second, time),
            next: 0,
            random: SmallRng::seed_from_u64(seed),
        }
    }
}

impl Iterator for Schedule {
    /// Which event, and how long after the start.
    type Item = (u32, Duration);

    fn next(&mut self) -> Option<(u32, Duration)> {
        if self.next >= self.events {
            return None;
        }
        let at = (f64::from(self.next) + self.random.random::<f64>()) / self.per_second;
        let event = (self.next, Duration::from_secs_f64(at));
        self.next += 1;
        Some(event)
    }
}

fn event_count(per_second: f64, time: Duration) -> u32 {
    // Saturates; a rate that is no number gives no event.
    (per_second * time.as_secs_f64()).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(per_second: f64, seconds: u64) -> Vec<(u32, Duration)> {
        Schedule::new(per_second, Duration::from_secs(seconds), 7).collect()
    }

    #[test]
    fn rate_times_seconds_events_each_in_its_own_slot() {
        let events = all(200.0, 3);
        assert_eq!(events.len(), 600);
        for (n, (number, at)) in events.iter().enumerate() {
            assert_eq!(*number as usize, n);
            let slot = at.as_secs_f64() * 200.0;
            assert!(
                slot >= n as f64 - 1e-6 && slot <= n as f64 + 1.0,
                "{n}: {slot}"
            );
        }
    }

    #[test]
    fn events_are_not_periodic_and_repeat_with_their_seed() {
        let events = all(100.0, 1);
        let gaps: Vec<Duration> = events.windows(2).map(|w| w[1].1 - w[0].1).collect();
        assert!(gaps.iter().any(|g| *g != gaps[0]));
        assert_eq!(events, all(100.0, 1));
        assert_ne!(
            events,
            Schedule::new(100.0, Duration::from_secs(1), 8).collect::<Vec<_>>()
        );
    }

    #[test]
    fn no_rate_or_no_time_is_no_event() {
        assert!(all(0.0, 10).is_empty());
        assert!(all(10.0, 0).is_empty());
        assert!(all(f64::NAN, 10).is_empty());
    }
}
