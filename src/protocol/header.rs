//! The header of messages below `{eid}/im/msg/`, big-endian, in the paper's field order.
//!
//! | field | bytes | meaning |
//! |---|---|---|
//! | Version | 1 | high nibble: this protocol, 1; low nibble: MQTT protocol level 3, 4 or 5 |
//! | SeqNumber | 4 | per sender and device, increasing |
//! | Type | 1 | high nibble [`Direction`], low nibble [`Content`] |
//! | TimeStamp | 8 | milliseconds since 1970 UTC |
//! | Source | 1 + n | length n (1 to 129), then `uid`, or `uid@eid` in another enterprise's topic |
//! | DataLength | 4 | bytes of Data |
//! | Data | DataLength | anything; nothing follows |
//!
//! The receiver is not in the header: the topic already says it.

use std::fmt;

use super::name;

/// The version of this protocol.
pub const PROTOCOL_VERSION: u8 = 1;
/// Bytes before Source.
const FIXED_BYTES: usize = 1 + 4 + 1 + 8 + 1;
/// The longest Source: `uid@eid`.
const MAX_SOURCE_BYTES: usize = 2 * name::MAX_NAME_BYTES + 1;

/// DirType, the high nibble of Type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Direction {
    /// From one user to another.
    PointToPoint = 1,
    /// From a user's PC to the same user's phone.
    PcToPhone = 2,
    /// From a user's phone to the same user's PC.
    PhoneToPc = 3,
    /// To a group.
    Group = 4,
}

impl Direction {
    /// Reads DirType; none of a reserved value.
    pub fn from_nibble(nibble: u8) -> Option<Self> {
        Some(match nibble {
            1 => Direction::PointToPoint,
            2 => Direction::PcToPhone,
            3 => Direction::PhoneToPc,
            4 => Direction::Group,
            _ => return None,
        })
    }
}

/// ContentType, the low nibble of Type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Content {
    /// Plain text, UTF-8.
    Text = 1,
    /// Audio.
    Audio = 2,
    /// Video.
    Video = 3,
    /// A hyperlink, such as that of an uploaded file.
    Hyperlink = 4,
    /// An image.
    Image = 5,
    /// A file.
    File = 6,
    /// The application's own business.
    UserDefined = 15,
}

impl Content {
    /// Reads ContentType; none of a reserved value.
    pub fn from_nibble(nibble: u8) -> Option<Self> {
        Some(match nibble {
            1 => Content::Text,
            2 => Content::Audio,
            3 => Content::Video,
            4 => Content::Hyperlink,
            5 => Content::Image,
            6 => Content::File,
            15 => Content::UserDefined,
            _ => return None,
        })
    }
}

/// Why a message's header was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderError {
    /// The message ends inside the named field.
    Truncated(&'static str),
    /// The high nibble of Version is not 1.
    ProtocolVersion(u8),
    /// The low nibble of Version is not 3, 4 or 5.
    MqttLevel(u8),
    /// A reserved DirType.
    Direction(u8),
    /// A reserved ContentType.
    Content(u8),
    /// Source is empty, too long, or not `uid` or `uid@eid`.
    Source,
    /// DataLength is not the number of bytes that follow it.
    DataLength {
        /// What the field says.
        said: u32,
        /// What is there.
        found: usize,
    },
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeaderError::Truncated(field) => write!(f, "message ends inside {field}"),
            HeaderError::ProtocolVersion(v) => {
                write!(f, "protocol version {v}, want {PROTOCOL_VERSION}")
            }
            HeaderError::MqttLevel(level) => {
                write!(f, "MQTT protocol level {level}, want 3, 4 or 5")
            }
            HeaderError::Direction(d) => write!(f, "reserved DirType {d}"),
            HeaderError::Content(c) => write!(f, "reserved ContentType {c}"),
            HeaderError::Source => f.write_str("Source is not uid or uid@eid"),
            HeaderError::DataLength { said, found } => {
                write!(f, "DataLength says {said} bytes, {found} follow")
            }
        }
    }
}

impl std::error::Error for HeaderError {}

/// All of the header but DataLength, which the data itself gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// MQTT protocol level of the sender's connection: 3, 4 or 5.
    pub mqtt_level: u8,
    /// Increasing per sender and device.
    pub seq: u32,
    /// From whom to whom.
    pub direction: Direction,
    /// What Data is.
    pub content: Content,
    /// Milliseconds since 1970 UTC.
    pub timestamp_ms: u64,
    /// The sender: `uid`, or `uid@eid` in another enterprise's topic.
    pub source: &'a str,
}

/// A whole message: header and data, borrowed from the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// The header.
    pub header: Header<'a>,
    /// The data.
    pub data: &'a [u8],
}

/// Whether the payload of a well-formed message names `source` as its sender: of messages that were checked when they
/// were published this is all that most deliveries need to know.
pub fn is_from(payload: &[u8], source: &str) -> bool {
    source_bytes(payload) == Some(source.as_bytes())
}

/// The Source of a well-formed message's payload.
pub fn source_of(payload: &[u8]) -> Option<&str> {
    std::str::from_utf8(source_bytes(payload)?).ok()
}

fn source_bytes(payload: &[u8]) -> Option<&[u8]> {
    let (fixed, rest) = payload.split_at_checked(FIXED_BYTES)?;
    rest.get(..usize::from(*fixed.last()?))
}

/// The DirType of a well-formed message whose Source is `source`, which must be one that a message can have: it is compared
/// and not read.
pub fn direction_from(payload: &[u8], source: &str) -> Option<Direction> {
    let fields = Fields::read(payload).ok()?;
    (fields.source == source.as_bytes()).then_some(fields.direction)
}

/// A payload's fields, all of them checked but Source.
struct Fields<'a> {
    mqtt_level: u8,
    seq: u32,
    direction: Direction,
    content: Content,
    timestamp_ms: u64,
    source: &'a [u8],
    data: &'a [u8],
}

impl<'a> Fields<'a> {
    #[inline]
    fn read(payload: &'a [u8]) -> Result<Fields<'a>, HeaderError> {
        let mut rest = payload;
        let [version] = take(&mut rest, "Version")?;
        let seq = u32::from_be_bytes(take(&mut rest, "SeqNumber")?);
        let [kind] = take(&mut rest, "Type")?;
        let timestamp_ms = u64::from_be_bytes(take(&mut rest, "TimeStamp")?);
        let [source_len] = take(&mut rest, "Source")?;
        let (source, mut data) = rest
            .split_at_checked(usize::from(source_len))
            .ok_or(HeaderError::Truncated("Source"))?;
        let said = u32::from_be_bytes(take(&mut data, "DataLength")?);

        if version >> 4 != PROTOCOL_VERSION {
            return Err(HeaderError::ProtocolVersion(version >> 4));
        }
        let mqtt_level = version & 0x0f;
        if !(3..=5).contains(&mqtt_level) {
            return Err(HeaderError::MqttLevel(mqtt_level));
        }
        let direction =
            Direction::from_nibble(kind >> 4).ok_or(HeaderError::Direction(kind >> 4))?;
        let content = Content::from_nibble(kind & 0x0f).ok_or(HeaderError::Content(kind & 0x0f))?;
        if usize::try_from(said) != Ok(data.len()) {
            let found = data.len();
            return Err(HeaderError::DataLength { said, found });
        }
        Ok(Fields {
            mqtt_level,
            seq,
            direction,
            content,
            timestamp_ms,
            source,
            data,
        })
    }
}

impl<'a> Message<'a> {
    /// Reads a payload; every byte must be accounted for.
    pub fn decode(payload: &'a [u8]) -> Result<Message<'a>, HeaderError> {
        let fields = Fields::read(payload)?;
        let header = Header {
            mqtt_level: fields.mqtt_level,
            seq: fields.seq,
            direction: fields.direction,
            content: fields.content,
            timestamp_ms: fields.timestamp_ms,
            source: read_source(fields.source)?,
        };
        let data = fields.data;
        Ok(Message { header, data })
    }

    /// Writes the payload. Fails on a Source that [`Message::decode`] would refuse, a bad MQTT level,
    /// and data of 4 GiB or more.
    pub fn encode(&self) -> Result<Vec<u8>, HeaderError> {
        let Header {
            mqtt_level,
            seq,
            direction,
            content,
            timestamp_ms,
            source,
        } = self.header;
        if !(3..=5).contains(&mqtt_level) {
            return Err(HeaderError::MqttLevel(mqtt_level));
        }
        read_source(source.as_bytes())?;
        let source_len = u8::try_from(source.len()).map_err(|_| HeaderError::Source)?;
        let found = self.data.len();
        let said = u32::try_from(found).map_err(|_| HeaderError::DataLength {
            said: u32::MAX,
            found,
        })?;

        let mut out = Vec::with_capacity(FIXED_BYTES + source.len() + 4 + found);
        out.push(PROTOCOL_VERSION << 4 | mqtt_level);
        out.extend_from_slice(&seq.to_be_bytes());
        out.push((direction as u8) << 4 | content as u8);
        out.extend_from_slice(&timestamp_ms.to_be_bytes());
        out.push(source_len);
        out.extend_from_slice(source.as_bytes());
        out.extend_from_slice(&said.to_be_bytes());
        out.extend_from_slice(self.data);
        Ok(out)
    }
}

fn take<const N: usize>(rest: &mut &[u8], field: &'static str) -> Result<[u8; N], HeaderError> {
    let (head, tail) = rest
        .split_first_chunk::<N>()
        .ok_or(HeaderError::Truncated(field))?;
    *rest = tail;
    Ok(*head)
}

fn read_source(bytes: &[u8]) -> Result<&str, HeaderError> {
    if bytes.len() > MAX_SOURCE_BYTES {
        return Err(HeaderError::Source);
    }
    if !name::is_user(bytes.iter().copied()) {
        return Err(HeaderError::Source);
    }
    std::str::from_utf8(bytes).map_err(|_| HeaderError::Source)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: Message<'static> = Message {
        header: Header {
            mqtt_level: 4,
            seq: 7,
            direction: Direction::PointToPoint,
            content: Content::Text,
            timestamp_ms: 1_420_070_400_000,
            source: "alice",
        },
        data: b"hello",
    };

    #[rustfmt::skip]
    const HELLO_BYTES: &[u8] = &[
        0x14, 0, 0, 0, 7, 0x11, 0x00, 0x00, 0x01, 0x4a, 0xa2, 0xca, 0xb0, 0x00,
        5, b'a', b'l', b'i', b'c', b'e', 0, 0, 0, 5, b'h', b'e', b'l', b'l', b'o',
    ];

    #[test]
    fn layout_is_the_documented_one() {
        assert_eq!(HELLO.encode().unwrap(), HELLO_BYTES);
        assert_eq!(Message::decode(HELLO_BYTES), Ok(HELLO));
    }

    #[test]
    fn every_truncation_is_refused() {
        for end in 0..HELLO_BYTES.len() {
            assert!(Message::decode(&HELLO_BYTES[..end]).is_err(), "{end} bytes");
        }
    }

    #[test]
    fn each_malformed_field_is_named() {
        let with = |at: usize, byte: u8| {
            let mut bytes = HELLO_BYTES.to_vec();
            bytes[at] = byte;
            Message::decode(&bytes).map(|_| ()).unwrap_err()
        };
        assert_eq!(with(0, 0x24), HeaderError::ProtocolVersion(2));
        assert_eq!(with(0, 0x12), HeaderError::MqttLevel(2));
        assert_eq!(with(5, 0x01), HeaderError::Direction(0));
        assert_eq!(with(5, 0x51), HeaderError::Direction(5));
        assert_eq!(with(5, 0x10), HeaderError::Content(0));
        assert_eq!(with(5, 0x17), HeaderError::Content(7));
        assert_eq!(with(15, b'/'), HeaderError::Source);
        assert_eq!(with(15, 0xff), HeaderError::Source);
        assert_eq!(with(23, 4), HeaderError::DataLength { said: 4, found: 5 });
        assert_eq!(
            with(20, 0xff),
            HeaderError::DataLength {
                said: 0xff00_0005,
                found: 5
            }
        );
        assert_eq!(with(14, 200), HeaderError::Truncated("Source"));
        let trailing = [HELLO_BYTES, b"!"].concat();
        assert_eq!(
            Message::decode(&trailing),
            Err(HeaderError::DataLength { said: 5, found: 6 })
        );
    }

    #[test]
    fn empty_data_and_foreign_source_are_fine() {
        let header = Header {
            source: "bob@beta",
            content: Content::UserDefined,
            ..HELLO.header
        };
        let message = Message { header, data: b"" };
        assert_eq!(Message::decode(&message.encode().unwrap()), Ok(message));
    }

    #[test]
    fn encode_refuses_what_decode_would() {
        for source in ["", "a/b", "a@b@c", "@b"] {
            let message = Message {
                header: Header {
                    source,
                    ..HELLO.header
                },
                ..HELLO
            };
            assert_eq!(message.encode(), Err(HeaderError::Source), "{source:?}");
        }
    }
}
