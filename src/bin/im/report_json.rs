//! The JSON lines that `docs/client.md` promises to scripts: members are added, never changed.

use base64::{Engine, prelude::BASE64_STANDARD};
use mosquitto_enterprise_push::protocol::{Content, Direction, Notice};
use serde_json::{Map, Value, json};

use crate::content::{Offer, guess, safe_name, word};
use crate::event::{Event, MessageEvent};
use crate::failure::Failure;
use crate::link::Reason;
use crate::names::Names;
use crate::profile::Profile;
use crate::report::{Progress, Report, Sent, Subscribed};
use crate::report_kept;

/// The line for a report, without its end. Where a user has a name, it stands beside the uid.
pub(crate) fn line(report: &Report<'_>, names: &Names) -> Value {
    let mut line = nameless_line(report);
    let uid = |member| line.get(member).and_then(Value::as_str);
    let of_user = !matches!(report, Report::Offered { .. });
    let name = uid("from")
        .filter(|_| of_user)
        .and_then(|uid| names.get(uid));
    let (member, name) = match (report, name) {
        (Report::Person { uid, .. }, _) => ("name", names.get(uid)),
        (_, name) => ("from_name", name),
    };
    if let (Some(name), Some(members)) = (name.map(|name| json!(name)), line.as_object_mut()) {
        members.insert(member.to_owned(), name);
    }
    line
}

fn nameless_line(report: &Report<'_>) -> Value {
    match report {
        Report::Ready(subscribed) => subscribed_line("ready", subscribed),
        Report::Reconnected(subscribed) => subscribed_line("reconnected", subscribed),
        Report::Arrived {
            topic,
            retained,
            duplicate,
            event,
            saved,
        } => {
            let mut line = event_line(event);
            if matches!(event, Event::Message(message) if message.is_inline()) {
                line.insert("saved".to_owned(), json!(saved));
            }
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
        Report::Progress(progress) => progress_line(progress),
        Report::Offered { offer, from } => {
            let mut line = object(offer_line(offer));
            line.insert("event".to_owned(), json!("offer"));
            line.insert("from".to_owned(), json!(from));
            Value::Object(line)
        }
        Report::Downloaded { offer, downloaded } => json!({
            "event": "downloaded",
            "url": offer.url,
            "name": safe_name(&offer.name),
            "path": downloaded.path,
            "bytes": downloaded.bytes,
            "sha256": downloaded.sha256,
            "verified": downloaded.verified,
            "resumed_from": downloaded.resumed_from,
        }),
        Report::NotDownloaded {
            offer,
            why,
            exit_code,
        } => json!({
            "event": "not_downloaded",
            "url": offer.url,
            "name": safe_name(&offer.name),
            "error": why,
            "exit_code": exit_code,
        }),
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

fn progress_line(progress: &Progress<'_>) -> Value {
    json!({
        "event": "progress",
        "direction": if progress.upload { "upload" } else { "download" },
        "name": progress.name,
        "bytes": progress.bytes,
        "total": progress.total,
    })
}

/// The name is as the sender gave it: make it safe before it is used for anything.
fn offer_line(offer: &Offer) -> Value {
    json!({
        "url": offer.url,
        "name": offer.name,
        "size": offer.size,
        "content_type": offer.content_type,
        "sha256": offer.sha256,
        "expires_at": offer.expires_at,
        "as": word(offer.content),
    })
}

fn sent_line(sent: &Sent<'_>) -> Value {
    json!({
        "event": "sent",
        "topic": sent.topic,
        "seq": sent.seq,
        "content": sent.content.map(content),
        "offer": sent.offer.map(offer_line),
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
    line.insert("bytes".to_owned(), json!(message.data.len()));
    if message.content == Content::Hyperlink {
        let offer = message.offer().and_then(Result::ok);
        line.insert("offer".to_owned(), json!(offer.as_ref().map(offer_line)));
    }
    if message.is_inline() {
        let guess = guess(&message.data, "");
        line.insert("content_type".to_owned(), json!(guess.content_type));
    }
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
mod tests;
