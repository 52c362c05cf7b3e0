//! The lines for people. Text of others passes [`sanitise`].

use mosquitto_enterprise_push::protocol::{Direction, Notice};

use crate::clock;
use crate::event::{Event, MessageEvent};
use crate::report::{Report, Sent};
use crate::report_json::content;
use crate::report_kept;
use crate::sanitise::sanitise;

/// The line for a report, without its end.
pub(crate) fn line(report: &Report<'_>) -> String {
    match report {
        Report::Ready(subscribed) => format!("-- listening as {}", subscribed.session),
        Report::Reconnected(subscribed) => format!("-- connected again as {}", subscribed.session),
        Report::Arrived { event, .. } => event_line(event),
        Report::Disconnected { why, retry_in, .. } => match retry_in {
            Some(wait) => format!(
                "-- {}; trying again in {:.1} s",
                sanitise(why),
                wait.as_secs_f64()
            ),
            None => format!("-- {}", sanitise(why)),
        },
        Report::Refused {
            topic: Some(topic),
            reason,
        } => {
            format!(
                "-- the broker refused the subscription to {topic}: {}",
                sanitise(&reason.to_string())
            )
        }
        Report::Refused {
            topic: None,
            reason,
        } => {
            format!(
                "-- the broker refused the login: {}",
                sanitise(&reason.to_string())
            )
        }
        Report::Sent(sent) => sent_line(sent),
        Report::LoggedIn(profile) => {
            format!(
                "logged in as {} ({}), broker {}",
                profile.session,
                profile.kind,
                sanitise(&profile.grant.broker)
            )
        }
        Report::Kept(kept) => report_kept::text_line(kept),
        Report::Person { uid, person } => {
            let presence = person.presence.map_or("?", |presence| presence.as_str());
            let signature = person
                .signature
                .as_deref()
                .map(sanitise)
                .unwrap_or_default();
            format!("{uid:<20} {presence:<8} {signature}")
                .trim_end()
                .to_owned()
        }
    }
}

fn sent_line(sent: &Sent<'_>) -> String {
    let note = match (sent.confirmed, sent.reason.is_nobody_subscribed()) {
        (_, true) => " (the broker took it, but nobody has subscribed to it)",
        (false, _) => " (without confirmation)",
        _ => "",
    };
    format!("{}{note}", sent.what)
}

fn event_line(event: &Event) -> String {
    match event {
        Event::Message(message) => message_line(message),
        Event::Presence { uid, presence } => format!("-- {uid} is {presence}"),
        Event::Signature { uid, text } if text.is_empty() => {
            format!("-- {uid} has no signature any more")
        }
        Event::Signature { uid, text } => format!("-- {uid} signs: {}", sanitise(text)),
        Event::Notice(notice) | Event::Refused(notice) => notice_line(notice),
        Event::Malformed { error, data } => format!(
            "-- unreadable message of {} bytes: {}",
            data.len(),
            sanitise(error)
        ),
    }
}

fn notice_line(notice: &Notice) -> String {
    let (label, is_sentence) = label(&notice.kind);
    let (title, body) = (sanitise(&notice.title), sanitise(&notice.body));
    let text = match (title.is_empty(), body.is_empty()) {
        (_, true) => title,
        (true, _) => body,
        (false, false) if is_sentence => body,
        (false, false) => format!("{title}: {body}"),
    };
    format!("{} [{label}] {text}", clock::local(notice.time))
}

/// What a notice is about, and whether its body is a sentence that says all that its title does.
fn label(kind: &str) -> (&'static str, bool) {
    match kind {
        "group.added" | "group.removed" => ("group", true),
        "partner.linked" | "partner.unlinked" => ("partner", true),
        "password.changed" | "role.changed" | "channel.changed" | "login.elsewhere" => {
            ("account", true)
        }
        "message.refused" => ("refused", false),
        _ => ("notice", false),
    }
}

fn message_line(message: &MessageEvent) -> String {
    let time = clock::local(message.timestamp_ms);
    format!(
        "{time} {} -> {}: {}",
        message.from,
        receiver(message),
        body(message)
    )
}

fn receiver(message: &MessageEvent) -> String {
    match (&message.group, message.direction) {
        (Some(gid), _) => format!("#{gid}"),
        (None, Direction::PcToPhone) => "my phone".to_owned(),
        (None, Direction::PhoneToPc) => "my pc".to_owned(),
        (None, _) => "me".to_owned(),
    }
}

fn body(message: &MessageEvent) -> String {
    match message.text() {
        Some(text) => sanitise(text),
        None => format!(
            "[{}, {} bytes]",
            content(message.content),
            message.data.len()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mosquitto_enterprise_push::protocol::Content;

    fn message(content: Content, data: &[u8]) -> MessageEvent {
        let (from, group, data) = ("bob".to_owned(), Some("dev".to_owned()), data.to_vec());
        let direction = Direction::Group;
        MessageEvent {
            from,
            group,
            seq: 7,
            direction,
            content,
            timestamp_ms: clock::now_ms(),
            data,
            own: false,
        }
    }

    #[test]
    fn notice_is_one_line_that_says_everything_once() {
        let line = |kind: &str, title: &str, body: &str| {
            let notice = Notice {
                id: "1".to_owned(),
                kind: kind.to_owned(),
                time: clock::now_ms(),
                title: title.to_owned(),
                body: body.to_owned(),
                data: serde_json::Value::Null,
            };
            let line = notice_line(&notice);
            let (_time, text) = line.split_once(" [").unwrap();
            format!("[{text}")
        };
        let sentence = "You are now a member of the group Devs (dev).";
        for (kind, title, body, want) in [
            (
                "group.added",
                "Added to group Devs",
                sentence,
                "[group] You are now a member of the group Devs (dev).",
            ),
            (
                "group.added",
                "Added to group Devs",
                "",
                "[group] Added to group Devs",
            ),
            (
                "login.elsewhere",
                "Logged in",
                "On a phone.\x1b",
                "[account] On a phone.\\u{1b}",
            ),
            (
                "message.refused",
                "Message refused",
                "no such right",
                "[refused] Message refused: no such right",
            ),
            (
                "announcement",
                "Fire drill",
                "Use the stairs.",
                "[notice] Fire drill: Use the stairs.",
            ),
            (
                "announcement",
                "",
                "Use the stairs.",
                "[notice] Use the stairs.",
            ),
        ] {
            assert_eq!(line(kind, title, body), want);
        }
    }

    #[test]
    fn message_is_one_harmless_line() {
        let line = message_line(&message(Content::Text, b"a\nb\x1b[31m"));
        assert!(line.ends_with(" bob -> #dev: a\\nb\\u{1b}[31m"), "{line}");
        let line = message_line(&message(Content::Image, b"\x1b\x1b"));
        assert!(line.ends_with(" bob -> #dev: [image, 2 bytes]"), "{line}");
    }
}
