//! A record of the history, before it is sealed.

use mosquitto_enterprise_push::protocol::Content;
use serde::{Deserialize, Serialize};

use crate::history::{Body, Record};

/// The record's JSON. Members may be added.
#[derive(Serialize, Deserialize)]
pub(crate) struct RecordRow {
    kept_ms: u64,
    with: String,
    from: String,
    outgoing: bool,
    seq: u32,
    /// The number that the message header has.
    content: u8,
    timestamp_ms: u64,
    bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl From<&Record> for RecordRow {
    fn from(record: &Record) -> Self {
        RecordRow {
            kept_ms: record.kept_ms,
            with: record.with.clone(),
            from: record.from.clone(),
            outgoing: record.outgoing,
            seq: record.seq,
            content: record.content as u8,
            timestamp_ms: record.timestamp_ms,
            bytes: record.bytes,
            text: match &record.body {
                Body::Text(text) => Some(text.clone()),
                Body::Left => None,
            },
        }
    }
}

impl From<RecordRow> for Record {
    fn from(row: RecordRow) -> Self {
        Record {
            kept_ms: row.kept_ms,
            with: row.with,
            from: row.from,
            outgoing: row.outgoing,
            seq: row.seq,
            content: content(row.content),
            timestamp_ms: row.timestamp_ms,
            bytes: row.bytes,
            body: row.text.map_or(Body::Left, Body::Text),
        }
    }
}

/// A number of a later version is the application's own business.
fn content(number: u8) -> Content {
    const ALL: [Content; 6] = [
        Content::Text,
        Content::Audio,
        Content::Video,
        Content::Hyperlink,
        Content::Image,
        Content::File,
    ];
    ALL.into_iter()
        .find(|content| *content as u8 == number)
        .unwrap_or(Content::UserDefined)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_survives_its_text() {
        for body in [Body::Text("hi".to_owned()), Body::Left] {
            let record = Record {
                kept_ms: 1,
                with: "#dev".to_owned(),
                from: "bob".to_owned(),
                outgoing: false,
                seq: 7,
                content: Content::Hyperlink,
                timestamp_ms: 9,
                bytes: 2,
                body,
            };
            let text = serde_json::to_vec(&RecordRow::from(&record)).unwrap();
            let row: RecordRow = serde_json::from_slice(&text).unwrap();
            assert_eq!(Record::from(row), record);
        }
        assert_eq!(content(15), Content::UserDefined);
    }
}
