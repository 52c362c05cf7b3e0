//! Bounded waiting for something to become true.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The bound of a wait whose length is not what is tested: generous, since machines are noisy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);
/// Between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// Looks until there is something; fails the test when [`PATIENCE`] is over.
pub(crate) fn eventually<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, what, look)
}

/// How much slower than usual the broker is: `MEP_SLOWDOWN`, for a run under a tool that slows it down.
pub(crate) fn slowdown() -> u32 {
    static SLOWDOWN: OnceLock<u32> = OnceLock::new();
    *SLOWDOWN.get_or_init(|| {
        let typed = std::env::var("MEP_SLOWDOWN").ok();
        typed.and_then(|times| times.parse().ok()).unwrap_or(1)
    })
}

/// Looks until there is something; fails the test when `limit`, times `MEP_SLOWDOWN`, is over.
pub(crate) fn within<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let limit = limit * slowdown();
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(LOOK_AGAIN);
    }
}
