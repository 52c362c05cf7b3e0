//! `im history`: messages that were kept.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};

use crate::cli_kept::History;
use crate::credentials::KeySource;
use crate::failure::Failure;
use crate::history::{Found, Wanted, conversation, read};
use crate::output::Output;
use crate::report::Report;
use crate::report_kept::Kept;
use crate::session::Context;

pub(super) async fn run(
    history: History,
    context: &mut Context,
    output: &mut Output,
) -> Result<(), Failure> {
    let wanted = wanted(&history, context)?;
    let (key, source) = context.personal_key().await?;
    let mut found = read(context, &key, &wanted);
    if found.foreign > 0 && source == KeySource::Remembered {
        // The key may have changed since it was remembered; without the static service it is the best there is.
        if let Ok(latest) = context.fresh_personal_key().await {
            found = read(context, &latest, &wanted);
        }
    }
    warn(&found, output)?;
    let mut records = found.records.iter();
    records.try_for_each(|record| output.report(&Report::Kept(Kept::Message(record))))
}

fn wanted(history: &History, context: &Context) -> Result<Wanted, Failure> {
    let me = context.profile.session.user();
    let with = history.with.as_deref().map(|typed| {
        let unknown = || Failure::Usage(format!("`{typed}` is nobody's name, group or `me`"));
        conversation(typed, me).ok_or_else(unknown)
    });
    let since = history.since.as_deref().map(|typed| {
        let unknown = || {
            let want = "a time, a day, or how long ago";
            Failure::Usage(format!("cannot understand --since `{typed}`: want {want}"))
        };
        since_ms(typed, &Zoned::now()).ok_or_else(unknown)
    });
    Ok(Wanted {
        with: with.transpose()?,
        limit: history.limit,
        since_ms: since.transpose()?.unwrap_or(0),
    })
}

/// Milliseconds since 1970 of a moment as typed: RFC 3339, a local time or day, or a span before now.
fn since_ms(typed: &str, now: &Zoned) -> Option<u64> {
    let local = |at: DateTime| at.to_zoned(TimeZone::system()).ok();
    let ago = |span: Span| now.checked_sub(span).ok();
    let at = if let Ok(at) = typed.parse::<Timestamp>() {
        at
    } else if let Ok(span) = typed.parse::<Span>() {
        ago(span.abs())?.timestamp()
    } else {
        local(typed.parse().ok()?)?.timestamp()
    };
    u64::try_from(at.as_millisecond()).ok()
}

/// What could not be shown.
fn warn(found: &Found, output: &mut Output) -> Result<(), Failure> {
    for (count, what) in [
        (found.damaged, "damaged messages are not shown"),
        (
            found.torn,
            "files are cut or damaged; what could be read of them is shown",
        ),
        (
            found.foreign,
            "files are sealed under an older key and are not shown",
        ),
    ] {
        if count > 0 {
            output.warning(&format!("history: {count} {what}"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_understood_as_people_write_them() {
        let now: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        let now = now.to_zoned(TimeZone::UTC);
        let hour = 3_600_000;
        let now_ms = u64::try_from(now.timestamp().as_millisecond()).unwrap();
        assert_eq!(since_ms("2h", &now), Some(now_ms - 2 * hour));
        assert_eq!(since_ms("3 days", &now), Some(now_ms - 72 * hour));
        assert_eq!(since_ms("2026-11-25T11:00:00Z", &now), Some(now_ms - hour));
        assert!(since_ms("2026-11-24", &now).is_some());
        for typed in ["", "yesterdayish", "-"] {
            assert_eq!(since_ms(typed, &now), None, "{typed}");
        }
    }
}
