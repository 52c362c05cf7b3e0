//! The command `explain`: what is asked.

use serde::Deserialize;

use super::check;
use crate::protocol::contract::DeviceKind;

/// What is to be explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Enterprise.
    pub eid: String,
    /// User.
    pub uid: String,
    /// The device, if it matters.
    pub device: Option<String>,
    /// Its kind; else that of the device's session, if there is one.
    pub kind: Option<DeviceKind>,
    /// What for.
    pub asked: Asked,
}

/// What somebody may want to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Log in.
    Login,
    /// Be given messages of a topic.
    Read(String),
    /// Publish to a topic.
    Write(String),
    /// Subscribe to a filter.
    Subscribe(String),
}

impl Asked {
    /// The words of the commands, and of the operator's program.
    pub const ACTIONS: [&str; 4] = ["read", "write", "subscribe", "login"];

    /// Reads the words.
    pub fn new(action: &str, topic: Option<String>) -> Result<Asked, String> {
        let needed = || "`topic` is missing".to_owned();
        match (action, topic) {
            ("login", None) => Ok(Asked::Login),
            ("login", Some(_)) => Err("`login` goes without `topic`".to_owned()),
            ("read", topic) => Ok(Asked::Read(topic.ok_or_else(needed)?)),
            ("write", topic) => Ok(Asked::Write(topic.ok_or_else(needed)?)),
            ("subscribe", topic) => Ok(Asked::Subscribe(topic.ok_or_else(needed)?)),
            _ => Err(format!(
                "action `{}`, want {}",
                action.escape_debug(),
                Asked::ACTIONS.join(", ")
            )),
        }
    }

    /// The word for it.
    pub fn action(&self) -> &'static str {
        match self {
            Asked::Login => "login",
            Asked::Read(_) => "read",
            Asked::Write(_) => "write",
            Asked::Subscribe(_) => "subscribe",
        }
    }

    /// The topic or filter, if it is about one.
    pub fn topic(&self) -> Option<&str> {
        match self {
            Asked::Login => None,
            Asked::Read(topic) | Asked::Write(topic) | Asked::Subscribe(topic) => Some(topic),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Wire {
    eid: String,
    uid: String,
    device: Option<String>,
    kind: Option<String>,
    action: String,
    topic: Option<String>,
}

impl TryFrom<Wire> for Question {
    type Error = String;

    fn try_from(wire: Wire) -> Result<Question, String> {
        check("eid", Some(&wire.eid))?;
        check("uid", Some(&wire.uid))?;
        check("device", wire.device.as_deref())?;
        let kind = |word: String| {
            let kind = DeviceKind::parse(&word);
            kind.ok_or_else(|| format!("kind `{}`, want pc, phone or service", word.escape_debug()))
        };
        Ok(Question {
            asked: Asked::new(&wire.action, wire.topic)?,
            kind: wire.kind.map(kind).transpose()?,
            eid: wire.eid,
            uid: wire.uid,
            device: wire.device,
        })
    }
}
