//! The lines for people. Text of others passes [`sanitise`].

use std::path::Path;

use mosquitto_enterprise_push::protocol::{Direction, Notice};

use crate::clock;
use crate::content::{Offer, guess, safe_name, size};
use crate::event::{Event, MessageEvent};
use crate::names::Names;
use crate::report::{Report, Sent};
use crate::report_json::content;
use crate::report_kept;
use crate::sanitise::sanitise;

/// The line for a report, without its end.
pub(crate) fn line(report: &Report<'_>, names: &Names) -> String {
    match report {
        Report::Ready(subscribed) => format!("-- listening as {}", subscribed.session),
        Report::Reconnected(subscribed) => format!("-- connected again as {}", subscribed.session),
        Report::Arrived { event, saved, .. } => event_line(event, *saved, names),
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
        // A bar shows it instead.
        Report::Progress(_) => String::new(),
        Report::Offered { offer, from } => format!("-- {} from {from}", offered(offer)),
        Report::Downloaded { downloaded, .. } => {
            let checked = if downloaded.verified {
                "its hash is right"
            } else {
                "nobody told its hash"
            };
            let bytes = size(downloaded.bytes);
            let path = sanitise(&downloaded.path.to_string_lossy());
            format!("-- downloaded {bytes} to {path} ({checked})")
        }
        Report::NotDownloaded { offer, why, .. } => {
            format!("-- {} not downloaded: {}", title(offer), sanitise(why))
        }
        Report::Kept(kept) => report_kept::text_line(kept),
        Report::Person { uid, person } => {
            let presence = person.presence.map_or("?", |presence| presence.as_str());
            let signature = person
                .signature
                .as_deref()
                .map(sanitise)
                .unwrap_or_default();
            let who = sanitise(&names.full(uid));
            format!("{who:<20} {presence:<8} {signature}")
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

fn event_line(event: &Event, saved: Option<&Path>, names: &Names) -> String {
    let who = |uid: &str| sanitise(&names.full(uid));
    match event {
        Event::Message(message) => message_line(message, saved, names),
        Event::Presence { uid, presence } => format!("-- {} is {presence}", who(uid)),
        Event::Signature { uid, text } if text.is_empty() => {
            format!("-- {} has no signature any more", who(uid))
        }
        Event::Signature { uid, text } => format!("-- {} signs: {}", who(uid), sanitise(text)),
        Event::Notice(notice) | Event::Refused(notice) => notice_line(notice),
        Event::Malformed { error, data } => format!(
            "-- unreadable message of {} bytes: {}",
            data.len(),
            sanitise(error)
        ),
    }
}

fn notice_line(notice: &Notice) -> String {
    format!("{} {}", clock::local(notice.time), notice_words(notice))
}

/// What a notice says, and what it is about.
pub(crate) fn notice_words(notice: &Notice) -> String {
    let (label, is_sentence) = label(&notice.kind);
    let (title, body) = (sanitise(&notice.title), sanitise(&notice.body));
    let text = match (title.is_empty(), body.is_empty()) {
        (_, true) => title,
        (true, _) => body,
        (false, false) if is_sentence => body,
        (false, false) => format!("{title}: {body}"),
    };
    format!("[{label}] {text}")
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

fn message_line(message: &MessageEvent, saved: Option<&Path>, names: &Names) -> String {
    let time = clock::local(message.timestamp_ms);
    let saved = saved.map(|path| format!(", saved as {}", sanitise(&path.to_string_lossy())));
    format!(
        "{time} {} -> {}: {}{}",
        sanitise(&names.full(&message.from)),
        receiver(message),
        body(message),
        saved.unwrap_or_default()
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

/// What a message carries, in a few harmless words.
pub(crate) fn body(message: &MessageEvent) -> String {
    match (message.offer(), message.text()) {
        (Some(Ok(offer)), _) => offered(&offer),
        (Some(Err(error)), Some(text)) => {
            format!(
                "[unreadable offer: {}] {}",
                sanitise(&error),
                sanitise(text)
            )
        }
        (_, Some(text)) => sanitise(text),
        (_, None) => {
            let bytes = u64::try_from(message.data.len()).unwrap_or(u64::MAX);
            let guess = guess(&message.data, "");
            let kind = content(message.content);
            format!("[{kind} of {}, {}]", size(bytes), guess.content_type)
        }
    }
}

/// What is offered, and from where.
pub(crate) fn offered(offer: &Offer) -> String {
    let kind = content(offer.content);
    let bytes = offer.size.map_or("unknown size".to_owned(), size);
    let content_type = match sanitise(&offer.content_type) {
        empty if empty.is_empty() => String::new(),
        named => format!(", {named}"),
    };
    let host = sanitise(&offer.host());
    format!(
        "[{kind} {}, {bytes}{content_type}, at {host}]",
        title(offer)
    )
}

/// The offered file's name, as it would be saved.
pub(crate) fn title(offer: &Offer) -> String {
    safe_name(&offer.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mosquitto_enterprise_push::protocol::Content;

    fn names() -> Names {
        let bob = ("bob".to_owned(), "Bob\x1b Smith".to_owned());
        [bob].into_iter().collect()
    }

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
        let line = message_line(
            &message(Content::Text, b"a\nb\x1b[31m"),
            None,
            &Names::default(),
        );
        assert!(line.ends_with(" bob -> #dev: a\\nb\\u{1b}[31m"), "{line}");
        let image = message(Content::Image, b"\x89PNG\r\n\x1a\n\x1b[2J");
        let line = message_line(&image, Some(Path::new("a\x1bb.png")), &names());
        let wanted =
            " Bob\\u{1b} Smith (bob) -> #dev: [image of 12 B, image/png], saved as a\\u{1b}b.png";
        assert!(line.ends_with(wanted), "{line}");
    }

    #[test]
    fn offer_tells_kind_name_size_type_and_host_and_nothing_harmful() {
        let offer =
            br#"{"url":"https://push.example.com/f?signature=s","name":"../a\u001b[2Jb.mp4",
            "size":20971520,"content_type":"video/mp4\u001b","as":"video"}"#;
        let line = message_line(&message(Content::Hyperlink, offer), None, &Names::default());
        let wanted = "[video a[2Jb.mp4, 20.00 MiB, video/mp4\\u{1b}, at push.example.com]";
        assert!(line.ends_with(wanted), "{line}");
        let line = message_line(
            &message(Content::Hyperlink, b"{\x1b"),
            None,
            &Names::default(),
        );
        assert!(
            line.contains("[unreadable offer: ") && !line.contains('\x1b'),
            "{line}"
        );
    }
}
