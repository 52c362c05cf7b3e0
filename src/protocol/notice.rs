//! The payload of a notice: a JSON object.
//!
//! | member | type | meaning |
//! |---|---|---|
//! | `id` | string | unique; the same notice always carries the same id |
//! | `kind` | string | what it is about, such as `announcement` or `message.refused` |
//! | `time` | integer | milliseconds since 1970 UTC |
//! | `title` | string | one line for people |
//! | `body` | string | the text for people |
//! | `data` | any | what programs need; `null` when nothing |
//!
//! A wire module: its type is what stands on the wire.

use serde::{Deserialize, Serialize};

/// A notice as clients receive it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// Unique id.
    pub id: String,
    /// What it is about.
    pub kind: String,
    /// Milliseconds since 1970 UTC.
    pub time: u64,
    /// One line for people.
    pub title: String,
    /// Text for people.
    #[serde(default)]
    pub body: String,
    /// Data for programs.
    #[serde(default)]
    pub data: serde_json::Value,
}

impl Notice {
    /// The payload.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a struct of strings and JSON values always serialises")
    }

    /// Reads a payload.
    pub fn decode(payload: &[u8]) -> Result<Notice, serde_json::Error> {
        serde_json::from_slice(payload)
    }
}
