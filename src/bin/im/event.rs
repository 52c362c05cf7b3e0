//! What an arrived message is, judged by its topic. Pure.

use mosquitto_enterprise_push::protocol::{
    Content, Direction, Message, Notice, Presence, Topic, UserName, presence,
};

use crate::content::{Offer, read_offer};

/// The kind of notice with which the plugin tells a sender that it refused a message.
const REFUSED_MESSAGE: &str = "message.refused";

/// Something that arrived.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    /// A message to the user or a group.
    Message(MessageEvent),
    /// Somebody's presence; `uid@eid` for a partner in another enterprise.
    Presence { uid: String, presence: Presence },
    /// Somebody's signature; empty when cleared.
    Signature { uid: String, text: String },
    /// A notice.
    Notice(Notice),
    /// The notice that a message of our own was refused.
    Refused(Notice),
    /// Nothing that we can read, and why.
    Malformed { error: String, data: Vec<u8> },
}

/// A message with its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MessageEvent {
    /// `uid`, or `uid@eid` from another enterprise.
    pub(crate) from: String,
    /// The group, when it was sent to one.
    pub(crate) group: Option<String>,
    pub(crate) seq: u32,
    pub(crate) direction: Direction,
    pub(crate) content: Content,
    pub(crate) timestamp_ms: u64,
    pub(crate) data: Vec<u8>,
    /// Whether the user has sent it, on this or another device.
    pub(crate) own: bool,
}

impl MessageEvent {
    /// The data of a text or hyperlink, if it is UTF-8.
    pub(crate) fn text(&self) -> Option<&str> {
        match self.content {
            Content::Text | Content::Hyperlink => std::str::from_utf8(&self.data).ok(),
            _ => None,
        }
    }

    /// The file that a hyperlink offers, or why it cannot be made out; none when it is a plain link.
    pub(crate) fn offer(&self) -> Option<Result<Offer, String>> {
        if self.content != Content::Hyperlink {
            return None;
        }
        read_offer(self.text()?)
    }

    /// Whether its data is content by itself, fit for a file.
    pub(crate) fn is_inline(&self) -> bool {
        !matches!(self.content, Content::Text | Content::Hyperlink)
    }
}

impl Event {
    /// Reads what `me` received.
    pub(crate) fn decode(topic: &str, payload: &[u8], me: UserName<'_>) -> Event {
        let malformed = |error: String| Event::Malformed {
            error,
            data: payload.to_vec(),
        };
        match Topic::parse(topic) {
            Topic::Inbox { .. } => message(payload, None, me).unwrap_or_else(malformed),
            Topic::Group { gid, .. } => message(payload, Some(gid), me).unwrap_or_else(malformed),
            Topic::Presence { eid, uid } => {
                decode_presence(known_as(uid, eid, me), payload).unwrap_or_else(malformed)
            }
            Topic::Signature { eid, uid } => {
                decode_signature(known_as(uid, eid, me), payload).unwrap_or_else(malformed)
            }
            Topic::Notice { .. } | Topic::SysNotice | Topic::SysNoticeEnterprise { .. } => {
                decode_notice(payload)
                    .map(Event::Notice)
                    .unwrap_or_else(malformed)
            }
            Topic::SysNoticeUser { .. } => decode_notice(payload)
                .map(own_notice)
                .unwrap_or_else(malformed),
            _ => malformed("topic is none of ours".to_owned()),
        }
    }
}

fn message(payload: &[u8], group: Option<&str>, me: UserName<'_>) -> Result<Event, String> {
    let Message { header, data } = Message::decode(payload).map_err(|e| e.to_string())?;
    Ok(Event::Message(MessageEvent {
        from: header.source.to_owned(),
        group: group.map(str::to_owned),
        seq: header.seq,
        direction: header.direction,
        content: header.content,
        timestamp_ms: header.timestamp_ms,
        data: data.to_vec(),
        own: header.source == me.uid,
    }))
}

/// `uid` to colleagues, `uid@eid` to others.
fn known_as(uid: &str, eid: &str, me: UserName<'_>) -> String {
    if eid == me.eid {
        uid.to_owned()
    } else {
        UserName { uid, eid }.to_string()
    }
}

/// An empty payload is a retained value that was taken away.
fn decode_presence(uid: String, payload: &[u8]) -> Result<Event, String> {
    let presence = if payload.is_empty() {
        Some(Presence::Offline)
    } else {
        Presence::parse(payload)
    };
    let presence = presence.ok_or_else(|| "presence is none of the four words".to_owned())?;
    Ok(Event::Presence { uid, presence })
}

fn decode_signature(uid: String, payload: &[u8]) -> Result<Event, String> {
    if !presence::is_signature(payload) {
        return Err(format!(
            "signature is not UTF-8 of at most {} bytes",
            presence::MAX_SIGNATURE_BYTES
        ));
    }
    let text = String::from_utf8_lossy(payload).into_owned();
    Ok(Event::Signature { uid, text })
}

fn decode_notice(payload: &[u8]) -> Result<Notice, String> {
    Notice::decode(payload).map_err(|e| format!("notice: {e}"))
}

fn own_notice(notice: Notice) -> Event {
    if notice.kind == REFUSED_MESSAGE {
        Event::Refused(notice)
    } else {
        Event::Notice(notice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mosquitto_enterprise_push::protocol::Header;

    const ALICE: UserName<'static> = UserName {
        uid: "alice",
        eid: "acme",
    };

    pub(crate) fn payload(source: &str, data: &[u8]) -> Vec<u8> {
        let header = Header {
            mqtt_level: 5,
            seq: 7,
            direction: Direction::Group,
            content: Content::Text,
            timestamp_ms: 9,
            source,
        };
        Message { header, data }.encode().unwrap()
    }

    #[test]
    fn topic_tells_what_a_payload_is() {
        let Event::Message(message) =
            Event::decode("acme/im/msg/g/dev", &payload("bob", b"hi"), ALICE)
        else {
            panic!("not a message");
        };
        assert_eq!(
            (message.group.as_deref(), message.from.as_str(), message.own),
            (Some("dev"), "bob", false)
        );
        let away = Event::Presence {
            uid: "bob".to_owned(),
            presence: Presence::Away,
        };
        assert_eq!(Event::decode("acme/im/pres/bob", b"away", ALICE), away);
        let partner = Event::Presence {
            uid: "bob@beta".to_owned(),
            presence: Presence::Away,
        };
        assert_eq!(Event::decode("beta/im/pres/bob", b"away", ALICE), partner);
        let cleared = Event::Signature {
            uid: "bob".to_owned(),
            text: String::new(),
        };
        assert_eq!(Event::decode("acme/im/sig/bob", b"", ALICE), cleared);
    }

    #[test]
    fn own_messages_are_known_by_their_source() {
        let own = |source| match Event::decode("acme/im/msg/g/dev", &payload(source, b""), ALICE) {
            Event::Message(message) => message.own,
            other => panic!("{other:?}"),
        };
        assert!(own("alice"));
        assert!(!own("alice@beta"));
    }

    #[test]
    fn refusals_are_notices_of_one_kind_to_the_user() {
        let notice = br#"{"id":"1","kind":"message.refused","time":1,"title":"no"}"#;
        assert!(matches!(
            Event::decode("$SYS/notice/acme/alice", notice, ALICE),
            Event::Refused(_)
        ));
        assert!(matches!(
            Event::decode("$SYS/notice/acme", notice, ALICE),
            Event::Notice(_)
        ));
    }

    #[test]
    fn unreadable_payloads_are_told_not_dropped() {
        for (topic, payload) in [
            ("acme/im/msg/alice", &b"hello"[..]),
            ("acme/im/pres/bob", b"gone"),
            ("acme/im/sig/bob", b"\xff"),
            ("acme/notice/news", b"{}"),
            ("other/topic", b"x"),
        ] {
            assert!(
                matches!(
                    Event::decode(topic, payload, ALICE),
                    Event::Malformed { .. }
                ),
                "{topic}"
            );
        }
    }
}
