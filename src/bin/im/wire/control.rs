//! The control socket's two lines of JSON: one request, one answer.

use serde::{Deserialize, Serialize};

/// What a short command asks of the listening session.
#[derive(Debug, Serialize, Deserialize, PartialEq)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(crate) enum ControlRequest {
    /// Publish this.
    Publish {
        topic: String,
        payload_base64: String,
        qos: u8,
        retain: bool,
    },
    /// Tell presence and signatures as known.
    Roster,
    /// Tell the personal key, if known.
    PersonalKey,
}

/// The listening session's answer.
#[derive(Debug, Serialize, Deserialize, PartialEq)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub(crate) enum ControlAnswer {
    /// The broker took it, with this reason code (0, or 16: nobody is subscribed).
    Published { reason_code: u8 },
    /// The broker refused it.
    Refused {
        reason_code: Option<u8>,
        text: String,
    },
    /// It is not known whether the broker took it.
    Unconfirmed { text: String },
    /// The roster.
    Roster { people: Vec<PersonRow> },
    /// The personal key in base64url; null when not known.
    PersonalKey { key: Option<KeyText> },
    /// The request was not understood, or cannot be answered.
    Invalid { text: String },
}

/// A personal key as text; never shown.
#[derive(Serialize, Deserialize, PartialEq)]
#[serde(transparent)]
pub(crate) struct KeyText(pub(crate) String);

impl std::fmt::Debug for KeyText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyText(..)")
    }
}

/// One user of the roster.
#[derive(Debug, Serialize, Deserialize, PartialEq)]
pub(crate) struct PersonRow {
    pub(crate) uid: String,
    pub(crate) presence: Option<String>,
    pub(crate) signature: Option<String>,
}
