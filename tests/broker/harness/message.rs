//! The binary message header, written byte by byte: an independent reading of the design's table.

use std::time::{SystemTime, UNIX_EPOCH};

/// Every field, so that each can be wrong.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    pub(crate) version: u8,
    pub(crate) seq: u32,
    pub(crate) kind: u8,
    pub(crate) timestamp_ms: u64,
    pub(crate) source: Vec<u8>,
    /// Other than the data's own length, when set.
    pub(crate) data_length: Option<u32>,
}

impl Header {
    /// Of a text from one user to another.
    pub(crate) fn text(source: &str) -> Header {
        Header {
            version: 0x14,
            seq: 1,
            kind: 0x11,
            timestamp_ms: now_ms(),
            source: source.into(),
            data_length: None,
        }
    }

    /// The payload.
    pub(crate) fn with(&self, data: &[u8]) -> Vec<u8> {
        let own = u32::try_from(data.len()).expect("short data");
        let mut out = vec![self.version];
        out.extend(self.seq.to_be_bytes());
        out.push(self.kind);
        out.extend(self.timestamp_ms.to_be_bytes());
        out.push(u8::try_from(self.source.len()).expect("a short source"));
        out.extend(&self.source);
        out.extend(self.data_length.unwrap_or(own).to_be_bytes());
        out.extend(data);
        out
    }
}

/// A text from `source`, to a user.
pub(crate) fn message(source: &str, text: &str) -> Vec<u8> {
    Header::text(source).with(text.as_bytes())
}

/// A text from `source`, to a group.
pub(crate) fn group_message(source: &str, text: &str) -> Vec<u8> {
    let header = Header {
        kind: 0x41,
        ..Header::text(source)
    };
    header.with(text.as_bytes())
}

/// Milliseconds since 1970 UTC.
pub(crate) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(now.expect("after 1970").as_millis()).expect("before the year 500 million")
}
