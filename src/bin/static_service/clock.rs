//! Wall-clock time as the tables and the wire carry it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970 UTC.
pub(crate) fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        })
}

/// Seconds since 1970 UTC.
pub(crate) fn now_s() -> i64 {
    now_ms() / 1000
}
