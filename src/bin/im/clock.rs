//! The wall clock, as the header and people want it.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::{Timestamp, tz::TimeZone};

/// Milliseconds since 1970 UTC.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A sender's time stamp in the local zone: the time alone when it is today, with the date otherwise.
pub(crate) fn local(timestamp_ms: u64) -> String {
    let zone = TimeZone::system();
    let parse = |ms| Timestamp::from_millisecond(i64::try_from(ms).ok()?).ok();
    match (parse(timestamp_ms), parse(now_ms())) {
        (Some(then), Some(now)) => {
            let (then, now) = (then.to_zoned(zone.clone()), now.to_zoned(zone));
            let today = then.date() == now.date();
            then.strftime(if today { "%H:%M:%S" } else { "%F %H:%M:%S" })
                .to_string()
        }
        _ => "--:--:--".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn todays_times_are_short_and_absurd_ones_do_not_fail() {
        assert_eq!(local(now_ms()).len(), "12:34:56".len());
        assert!(local(0).starts_with("19"));
        assert_eq!(local(u64::MAX), "--:--:--");
    }
}
