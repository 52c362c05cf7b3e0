//! The time by a clock that is the same for all processes of the machine: CLOCK_MONOTONIC.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Since an arbitrary moment, the same one everywhere.
pub(super) fn now() -> Duration {
    let now = clock_gettime(ClockId::Monotonic);
    // Neither is ever negative, and there are fewer nanoseconds than a second has.
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(now.tv_nsec).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_does_not_go_back() {
        let before = now();
        assert!(now() >= before && before > Duration::ZERO);
    }
}
