//! The JSON lines that `docs/client.md` promises to scripts: members are added, never changed.

use base64::{Engine, prelude::BASE64_STANDARD};
use mosquitto_enterprise_push::protocol::{Content, Direction, Notice};
use serde_json::{Map, Value, json};

use crate::event::{Event, MessageEvent};
use crate::failure::Failure;
use crate::link::Reason;
use crate::profile::Profile;
use crate::report::{Report, Sent, Subscribed};
use crate::report_kept;

/// The line for a report, without its end.
pub(crate) fn line(report: &Report<'_>) -> Value {
    match report {
        Report::Ready(subscribed) => subscribed_line("ready", subscribed),
        Report::Reconnected(subscribed) => subscribed_line("reconnected", subscribed),
        Report::Arrived {
            topic,
            retained,
            duplicate,
            event,
        } => {
            let mut line = event_line(event);
            line.insert("topic".to_owned(), json!(topic));
            line.insert("retained".to_owned(), json!(retained));
            line.insert("duplicate".to_owned(), json!(duplicate));
            Value::Object(line)
        }
        Report::Disconnected {
            why,
            reason,
            retry_in,
        } => json!({
            "event": "disconnected",
            "reason": why,
            "reason_code": reason.and_then(|reason| reason.code),
            "retry_in_ms": retry_in.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
        }),
        Report::Refused { topic, reason } => refused(*topic, reason),
        Report::Sent(sent) => sent_line(sent),
        Report::LoggedIn(profile) => logged_in(profile),
        Report::Kept(kept) => report_kept::json_line(kept),
        Report::Person { uid, person } => json!({
            "event": "person",
            "uid": uid,
            "presence": person.presence.map(|presence| presence.as_str()),
            "signature": person.signature,
        }),
    }
}

/// The line for what is not as it should be.
pub(crate) fn warning(text: &str) -> Value {
    json!({ "event": "warning", "warning": text })
}

/// The line for a command that failed.
pub(crate) fn failure(failure: &Failure) -> Value {
    json!({
        "event": "error",
        "error": failure.to_string(),
        "exit_code": failure.exit_code(),
        "reason_code": failure.reason_code(),
    })
}

fn subscribed_line(event: &str, subscribed: &Subscribed<'_>) -> Value {
    json!({ "event": event, "session": subscribed.session, "filters": subscribed.filters })
}

fn refused(topic: Option<&str>, reason: &Reason) -> Value {
    json!({ "event": "refused", "topic": topic, "reason": reason.text, "reason_code": reason.code })
}

fn sent_line(sent: &Sent<'_>) -> Value {
    json!({
        "event": "sent",
        "topic": sent.topic,
        "seq": sent.seq,
        "qos": u8::from(sent.confirmed),
        "reason_code": sent.reason.code,
        "nobody_subscribed": sent.reason.is_nobody_subscribed(),
        "via": if sent.handed_over { "session" } else { "connection" },
    })
}

fn logged_in(profile: &Profile) -> Value {
    let user = profile.session.user();
    json!({
        "event": "logged_in",
        "profile": profile.session.as_str(),
        "uid": user.uid,
        "eid": user.eid,
        "device": profile.session.name().device,
        "kind": profile.kind.as_str(),
        "broker": profile.grant.broker,
        "exp": profile.grant.exp,
    })
}

fn event_line(event: &Event) -> Map<String, Value> {
    let value = match event {
        Event::Message(message) => return message_line(message),
        Event::Presence { uid, presence } => {
            json!({ "event": "presence", "from": uid, "presence": presence.as_str() })
        }
        Event::Signature { uid, text } => {
            json!({ "event": "signature", "from": uid, "text": text })
        }
        Event::Notice(notice) => notice_line("notice", notice),
        Event::Refused(notice) => refusal_line(notice),
        Event::Malformed { error, data } => {
            json!({ "event": "malformed", "error": error, "data_base64": BASE64_STANDARD.encode(data) })
        }
    };
    object(value)
}

/// The notice's text is the reason; a refusal of this kind has no reason code.
fn refusal_line(notice: &Notice) -> Value {
    let mut line = object(notice_line("refused", notice));
    let said = [&notice.body, &notice.title]
        .into_iter()
        .find(|text| !text.is_empty());
    line.insert("reason".to_owned(), json!(said));
    line.insert("reason_code".to_owned(), Value::Null);
    Value::Object(line)
}

fn notice_line(event: &str, notice: &Notice) -> Value {
    json!({
        "event": event,
        "id": notice.id,
        "kind": notice.kind,
        "timestamp_ms": notice.time,
        "title": notice.title,
        "text": notice.body,
        "data": notice.data,
    })
}

fn message_line(message: &MessageEvent) -> Map<String, Value> {
    let mut line = object(json!({
        "event": "message",
        "from": message.from,
        "group": message.group,
        "seq": message.seq,
        "direction": direction(message.direction),
        "content": content(message.content),
        "timestamp_ms": message.timestamp_ms,
        "own": message.own,
    }));
    let (name, value) = match message.text() {
        Some(text) => ("text", json!(text)),
        None => ("data_base64", json!(BASE64_STANDARD.encode(&message.data))),
    };
    line.insert(name.to_owned(), value);
    line
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::PointToPoint => "point_to_point",
        Direction::PcToPhone => "pc_to_phone",
        Direction::PhoneToPc => "phone_to_pc",
        Direction::Group => "group",
    }
}

/// The name of a content type, for scripts and people alike.
pub(crate) fn content(content: Content) -> &'static str {
    match content {
        Content::Text => "text",
        Content::Audio => "audio",
        Content::Video => "video",
        Content::Hyperlink => "hyperlink",
        Content::Image => "image",
        Content::File => "file",
        Content::UserDefined => "user_defined",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Kind, tests::alice};
    use mosquitto_enterprise_push::protocol::Presence;

    fn arrived(event: &Event) -> Value {
        line(&Report::Arrived {
            topic: "t",
            retained: true,
            duplicate: false,
            event,
        })
    }

    fn message(content: Content, data: &[u8]) -> Event {
        let (from, group, data) = ("bob".to_owned(), None, data.to_vec());
        let direction = Direction::PointToPoint;
        Event::Message(MessageEvent {
            from,
            group,
            seq: 7,
            direction,
            content,
            timestamp_ms: 9,
            data,
            own: false,
        })
    }

    #[test]
    fn message_line_has_the_documented_shape() {
        let want = json!({
            "event": "message", "topic": "t", "from": "bob", "group": null, "seq": 7,
            "direction": "point_to_point", "content": "text", "timestamp_ms": 9, "text": "hi\u{1b}",
            "own": false, "retained": true, "duplicate": false,
        });
        assert_eq!(arrived(&message(Content::Text, b"hi\x1b")), want);
    }

    #[test]
    fn what_is_no_text_is_base64() {
        for (kind, data) in [
            (Content::Image, &b"abc"[..]),
            (Content::Text, b"\xff\xfe\xfd"),
        ] {
            let line = arrived(&message(kind, data));
            assert_eq!(line["data_base64"], BASE64_STANDARD.encode(data));
            assert!(line.get("text").is_none());
        }
    }

    #[test]
    fn presence_signature_and_notice_lines_have_the_documented_shape() {
        let uid = || "bob".to_owned();
        let common = |mut line: Value| {
            line["topic"] = json!("t");
            line["retained"] = json!(true);
            line["duplicate"] = json!(false);
            line
        };
        let presence = Event::Presence {
            uid: uid(),
            presence: Presence::Busy,
        };
        assert_eq!(
            arrived(&presence),
            common(json!({"event": "presence", "from": "bob", "presence": "busy"}))
        );
        let signature = Event::Signature {
            uid: uid(),
            text: "x".to_owned(),
        };
        assert_eq!(
            arrived(&signature),
            common(json!({"event": "signature", "from": "bob", "text": "x"}))
        );
        let notice: Notice =
            Notice::decode(br#"{"id":"1","kind":"k","time":2,"title":"t","body":"b"}"#).unwrap();
        let want = json!({"event": "notice", "id": "1", "kind": "k", "timestamp_ms": 2, "title": "t", "text": "b", "data": null});
        assert_eq!(arrived(&Event::Notice(notice)), common(want));
    }

    #[test]
    fn login_line_holds_no_token() {
        let text = line(&Report::LoggedIn(&alice(Kind::Pc))).to_string();
        assert!(text.contains("alice@acme:pc") && !text.contains("secret"));
    }
}
