//! A message as it is kept. Pure.

use mosquitto_enterprise_push::protocol::{Content, Message, Topic, UserName};

use crate::destination::Destination;
use crate::event::MessageEvent;

/// Longer texts are not kept, only that they were there.
const MAX_TEXT_BYTES: usize = 64 * 1024;
/// One's own other devices, as a conversation.
const OWN_DEVICES: &str = "me";

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// When it was kept, by our clock.
    pub(crate) kept_ms: u64,
    /// The conversation: `uid`, `uid@eid`, `#gid`, or `me`.
    pub(crate) with: String,
    pub(crate) from: String,
    /// Whether this device has sent it.
    pub(crate) outgoing: bool,
    pub(crate) seq: u32,
    pub(crate) content: Content,
    /// The sender's clock.
    pub(crate) timestamp_ms: u64,
    /// How much data it had.
    pub(crate) bytes: u64,
    pub(crate) body: Body,
}

/// What is kept of the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    Text(String),
    /// Nothing: it is no text, or too long.
    Left,
}

impl Record {
    /// A message that arrived.
    pub(crate) fn received(message: &MessageEvent, kept_ms: u64) -> Record {
        let with = match &message.group {
            Some(gid) => format!("#{gid}"),
            None if message.own => OWN_DEVICES.to_owned(),
            None => message.from.clone(),
        };
        Record {
            kept_ms,
            with,
            from: message.from.clone(),
            outgoing: false,
            seq: message.seq,
            content: message.content,
            timestamp_ms: message.timestamp_ms,
            bytes: size(&message.data),
            body: body(message.content, &message.data),
        }
    }

    /// A message that the broker took from us; none when what was published is none.
    pub(crate) fn sent(
        topic: &str,
        payload: &[u8],
        me: UserName<'_>,
        kept_ms: u64,
    ) -> Option<Record> {
        let with = match Topic::parse(topic) {
            Topic::Group { gid, .. } => format!("#{gid}"),
            Topic::Inbox { eid, uid } if (eid, uid) == (me.eid, me.uid) => OWN_DEVICES.to_owned(),
            Topic::Inbox { eid, uid } if eid == me.eid => uid.to_owned(),
            Topic::Inbox { eid, uid } => UserName { uid, eid }.to_string(),
            _ => return None,
        };
        let Message { header, data } = Message::decode(payload).ok()?;
        Some(Record {
            kept_ms,
            with,
            from: header.source.to_owned(),
            outgoing: true,
            seq: header.seq,
            content: header.content,
            timestamp_ms: header.timestamp_ms,
            bytes: size(data),
            body: body(header.content, data),
        })
    }
}

/// The conversation that somebody means by a destination.
pub(crate) fn conversation(typed: &str, me: UserName<'_>) -> Option<String> {
    if typed == OWN_DEVICES {
        return Some(OWN_DEVICES.to_owned());
    }
    Some(match Destination::parse(typed).ok()? {
        Destination::Group { gid } => format!("#{gid}"),
        Destination::MyDevice(_) => OWN_DEVICES.to_owned(),
        Destination::User {
            uid,
            eid: Some(eid),
        } if eid != me.eid => format!("{uid}@{eid}"),
        Destination::User { uid, .. } => uid,
    })
}

fn size(data: &[u8]) -> u64 {
    u64::try_from(data.len()).unwrap_or(u64::MAX)
}

fn body(content: Content, data: &[u8]) -> Body {
    let is_text = matches!(content, Content::Text | Content::Hyperlink);
    match std::str::from_utf8(data) {
        Ok(text) if is_text && text.len() <= MAX_TEXT_BYTES => Body::Text(text.to_owned()),
        _ => Body::Left,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mosquitto_enterprise_push::protocol::{Direction, Header};

    const ALICE: UserName<'static> = UserName {
        uid: "alice",
        eid: "acme",
    };

    fn message(from: &str, group: Option<&str>, content: Content, data: &[u8]) -> MessageEvent {
        MessageEvent {
            from: from.to_owned(),
            group: group.map(str::to_owned),
            seq: 7,
            direction: Direction::PointToPoint,
            content,
            timestamp_ms: 9,
            data: data.to_vec(),
            own: from == "alice",
        }
    }

    fn sent(topic: &str) -> Option<Record> {
        let header = Header {
            mqtt_level: 5,
            seq: 7,
            direction: Direction::PointToPoint,
            content: Content::Text,
            timestamp_ms: 9,
            source: "alice",
        };
        let payload = Message {
            header,
            data: b"hi",
        }
        .encode()
        .unwrap();
        Record::sent(topic, &payload, ALICE, 10)
    }

    #[test]
    fn both_sides_of_a_conversation_have_one_name() {
        let with =
            |from, group| Record::received(&message(from, group, Content::Text, b""), 1).with;
        for (received, topic, typed, want) in [
            (with("bob", None), "acme/im/msg/bob", "bob@acme", "bob"),
            (
                with("eve@beta", None),
                "beta/im/msg/eve",
                "eve@beta",
                "eve@beta",
            ),
            (
                with("bob", Some("dev")),
                "acme/im/msg/g/dev",
                "g:dev",
                "#dev",
            ),
            (with("alice", None), "acme/im/msg/alice", "me:phone", "me"),
        ] {
            assert_eq!(received, want);
            assert_eq!(sent(topic).unwrap().with, want);
            assert_eq!(conversation(typed, ALICE).as_deref(), Some(want));
        }
        assert_eq!(sent("acme/im/pres/alice"), None);
        assert_eq!(conversation("a/b", ALICE), None);
    }

    #[test]
    fn text_is_kept_and_of_all_else_that_it_was_there() {
        let kept = |content, data: &[u8]| Record::received(&message("bob", None, content, data), 1);
        assert_eq!(kept(Content::Text, b"hi").body, Body::Text("hi".to_owned()));
        let image = kept(Content::Image, b"hi");
        assert_eq!((image.body, image.bytes), (Body::Left, 2));
        assert_eq!(kept(Content::Text, b"\xff").body, Body::Left);
        let long = "x".repeat(MAX_TEXT_BYTES + 1);
        assert_eq!(kept(Content::Text, long.as_bytes()).body, Body::Left);
    }
}
