//! What a payload must look like to be let through, by its topic (DESIGN section 4).
//!
//! | topic | payload |
//! |---|---|
//! | `{eid}/im/msg/...` | a message header whose Source is the sender and whose Direction fits the topic |
//! | `{eid}/im/pres/{uid}` | one of the four words, or empty to clear the retained value |
//! | `{eid}/im/sig/{uid}` | at most 256 bytes of UTF-8; empty clears |
//! | `{eid}/notice/...` | a notice as JSON object, or empty to clear a retained one |
//! | all others | anything up to [`MAX_PAYLOAD_BYTES`] |
//!
//! Whether the sender may publish there at all is `decide`. Pure. Errors hold numbers, no content.

use std::fmt;

use super::decide::Subject;
use super::rights::Kind;
use crate::protocol::presence::{MAX_SIGNATURE_BYTES, is_signature};
use crate::protocol::{
    Direction, HeaderError, MAX_PAYLOAD_BYTES, Message, Notice, Presence, Topic, UserName,
    direction_from,
};

/// Why a payload was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadError {
    /// More than [`MAX_PAYLOAD_BYTES`].
    TooLarge(usize),
    /// The message header is malformed.
    Header(HeaderError),
    /// Source is not the sender: `uid` at home, `uid@eid` in another enterprise's topic.
    Source,
    /// The DirType does not fit the topic.
    DirectionTopic(Direction),
    /// The DirType does not fit the sender's kind of device.
    DirectionKind(Direction, Kind),
    /// Not one of the four presence words.
    Presence(usize),
    /// The signature is too long or not UTF-8.
    Signature(usize),
    /// Not a notice; where the reading stopped.
    Notice {
        /// from 1
        line: usize,
        /// from 1; 0 at a line's start
        column: usize,
    },
}

impl fmt::Display for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PayloadError::TooLarge(bytes) => write!(
                f,
                "payload of {bytes} bytes, at most {MAX_PAYLOAD_BYTES}: upload it and send a hyperlink"
            ),
            PayloadError::Header(error) => write!(f, "message header: {error}"),
            PayloadError::Source => f.write_str(
                "message header: Source is not the sender (uid, or uid@eid in another enterprise's topic)",
            ),
            PayloadError::DirectionTopic(d) => {
                write!(f, "message header: DirType {} does not fit the topic", *d as u8)
            }
            PayloadError::DirectionKind(d, kind) => {
                write!(f, "message header: DirType {} does not come from a {kind}", *d as u8)
            }
            PayloadError::Presence(bytes) => write!(
                f,
                "presence payload of {bytes} bytes is not online, away, busy or offline"
            ),
            PayloadError::Signature(bytes) => write!(
                f,
                "signature of {bytes} bytes, want UTF-8 of at most {MAX_SIGNATURE_BYTES}"
            ),
            PayloadError::Notice { line, column } => {
                write!(f, "not a notice: JSON of another shape, line {line} column {column}")
            }
        }
    }
}

impl std::error::Error for PayloadError {}

/// Checks what `sender` publishes to `topic`.
pub fn check_payload<'s>(
    topic: Topic<'_>,
    sender: impl Into<Subject<'s>>,
    payload: &[u8],
) -> Result<(), PayloadError> {
    let bytes = payload.len();
    if bytes > MAX_PAYLOAD_BYTES {
        return Err(PayloadError::TooLarge(bytes));
    }
    let ok = match topic {
        Topic::Inbox { .. } | Topic::Group { .. } => {
            return check_message(topic, &sender.into(), payload);
        }
        Topic::Notice { .. } if !payload.is_empty() => return check_notice(payload),
        Topic::Presence { .. } => payload.is_empty() || Presence::parse(payload).is_some(),
        Topic::Signature { .. } => is_signature(payload),
        _ => true,
    };
    match topic {
        _ if ok => Ok(()),
        Topic::Presence { .. } => Err(PayloadError::Presence(bytes)),
        _ => Err(PayloadError::Signature(bytes)),
    }
}

/// Whether this is a message that a user may write to the inbox of anybody else in the own enterprise: [`check_payload`] for
/// the most frequent case. `uid` is the sender's.
pub fn is_to_somebody_else(payload: &[u8], uid: &str) -> bool {
    payload.len() <= MAX_PAYLOAD_BYTES
        && direction_from(payload, uid) == Some(Direction::PointToPoint)
}

/// Whether a payload on this topic has to be of a certain form.
pub fn has_rules(topic: Topic<'_>) -> bool {
    matches!(
        topic,
        Topic::Inbox { .. }
            | Topic::Group { .. }
            | Topic::Notice { .. }
            | Topic::Presence { .. }
            | Topic::Signature { .. }
    )
}

/// What [`check_payload`] asks of a payload, in words.
pub fn payload_wanted(topic: Topic<'_>, sender: UserName<'_>) -> String {
    let UserName { uid, eid: own } = sender;
    match topic {
        Topic::Inbox { eid, .. } | Topic::Group { eid, .. } if eid == own => {
            format!("a message whose header has the Source `{uid}`")
        }
        Topic::Inbox { .. } | Topic::Group { .. } => {
            format!("a message whose header has the Source `{sender}`")
        }
        Topic::Presence { .. } => "online, away, busy, offline, or empty".to_owned(),
        Topic::Signature { .. } => format!("UTF-8 of at most {MAX_SIGNATURE_BYTES} bytes"),
        Topic::Notice { .. } => "a notice as a JSON object, or empty".to_owned(),
        _ => format!("of at most {MAX_PAYLOAD_BYTES} bytes"),
    }
}

fn check_notice(payload: &[u8]) -> Result<(), PayloadError> {
    match Notice::decode(payload) {
        Ok(_) => Ok(()),
        Err(error) => Err(PayloadError::Notice {
            line: error.line(),
            column: error.column(),
        }),
    }
}

fn check_message(
    topic: Topic<'_>,
    sender: &Subject<'_>,
    payload: &[u8],
) -> Result<(), PayloadError> {
    let header = Message::decode(payload)
        .map_err(PayloadError::Header)?
        .header;
    if !is_source(header.source, topic, sender) {
        return Err(PayloadError::Source);
    }
    check_direction(header.direction, topic, sender)
}

/// `uid` exactly when the topic is of the sender's enterprise, else `uid@eid` exactly.
fn is_source(source: &str, topic: Topic<'_>, sender: &Subject<'_>) -> bool {
    let user = sender.user;
    match topic {
        Topic::Inbox { eid, .. } | Topic::Group { eid, .. } if eid == user.eid => {
            source == user.uid
        }
        _ => source.split_once('@') == Some((user.uid, user.eid)),
    }
}

/// Group to groups only; between a user's own devices only in the own inbox, and as the device is.
fn check_direction(
    direction: Direction,
    topic: Topic<'_>,
    sender: &Subject<'_>,
) -> Result<(), PayloadError> {
    let user = sender.user;
    let (uid, eid) = (user.uid, user.eid);
    let own_inbox = || topic == Topic::Inbox { eid, uid };
    let (fits, from) = match direction {
        Direction::PointToPoint => (matches!(topic, Topic::Inbox { .. }), None),
        Direction::Group => (matches!(topic, Topic::Group { .. }), None),
        Direction::PcToPhone => (own_inbox(), Some(Kind::Pc)),
        Direction::PhoneToPc => (own_inbox(), Some(Kind::Phone)),
    };
    match (from, sender.kind) {
        _ if !fits => Err(PayloadError::DirectionTopic(direction)),
        (Some(from), Some(kind)) if from != kind => {
            Err(PayloadError::DirectionKind(direction, kind))
        }
        _ => Ok(()),
    }
}
