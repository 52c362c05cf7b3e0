//! One message of the matrix: valid for its topic, and told from all others.

use serde_json::json;

use super::people::Person;
use crate::harness::{Message, group_message, message};

/// What a person tries to say on a topic.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    pub(super) topic: &'static str,
    pub(super) payload: Vec<u8>,
    /// The title of a notice that the plugin sends; its payload is the plugin's affair.
    title: Option<String>,
}

/// Presence has few words. This one is the owner's, which the plugin never says by itself...
const OWNERS_PRESENCE: &[u8] = b"busy";
/// ...and this one is everybody else's.
const INTRUDERS_PRESENCE: &[u8] = b"away";

impl Letter {
    /// From `sender`, with a mark that nothing else bears. Were the sender allowed, it would be delivered.
    pub(super) fn new(sender: &Person, topic: &'static str, mark: &str) -> Letter {
        let levels: Vec<&str> = topic.split('/').collect();
        let source = if levels[0] == sender.eid {
            sender.uid
        } else {
            sender.name
        };
        let payload = match levels.as_slice() {
            [_, "im", "msg", "g", _] => group_message(source, mark),
            [_, "im", "msg", _] => message(source, mark),
            [eid, "im", "pres", uid] if (*eid, *uid) == (sender.eid, sender.uid) => {
                OWNERS_PRESENCE.to_vec()
            }
            [_, "im", "pres", _] => INTRUDERS_PRESENCE.to_vec(),
            [_, "notice", ..] => json!({"id": mark, "kind": "k", "time": 1, "title": mark})
                .to_string()
                .into_bytes(),
            _ => mark.as_bytes().to_vec(),
        };
        Letter {
            topic,
            payload,
            title: None,
        }
    }

    /// A system notice.
    pub(super) fn system_notice(topic: &'static str, title: &str) -> Letter {
        Letter {
            topic,
            payload: Vec::new(),
            title: Some(title.to_owned()),
        }
    }

    /// Whether a message that came is this letter.
    pub(super) fn is(&self, message: &Message) -> bool {
        if message.topic != self.topic {
            return false;
        }
        match &self.title {
            Some(title) => message.json()["title"] == title.as_str(),
            None => message.payload == self.payload,
        }
    }

    /// How often it came.
    pub(super) fn count(&self, messages: &[Message]) -> usize {
        messages.iter().filter(|message| self.is(message)).count()
    }
}
