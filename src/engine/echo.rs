//! Nobody hears the own echo: a message to a group, or from a PC to the own phone, reaches every device of its
//! sender but the one that sent it.
//!
//! The header names the user but not the device, so the sending device is remembered from the publish until its
//! deliveries: they follow at once, or, at QoS 2, after one more round trip.

use std::hash::BuildHasher;

use hashbrown::DefaultHashBuilder;
use lru::LruCache;

use crate::protocol::{Direction, Message, SessionName, Topic};

/// Messages remembered; the oldest is forgotten first, and may then be echoed.
const MOST: usize = 4096;

/// What was sent of late, by a hash of topic and header; and from which client id, hashed likewise.
pub(super) struct Sent {
    recent: LruCache<u64, u64>,
    hasher: DefaultHashBuilder,
}

impl Sent {
    /// Nothing yet.
    pub(super) fn new() -> Sent {
        Sent {
            recent: LruCache::unbounded(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// A message was let through.
    pub(super) fn remember(&mut self, client_id: &str, topic: &str, payload: &[u8]) {
        let Ok(message) = Message::decode(payload) else {
            return;
        };
        let wanted = matches!(
            message.header.direction,
            Direction::Group | Direction::PcToPhone | Direction::PhoneToPc
        );
        if !wanted {
            return;
        }
        let key = self.key(topic, &message);
        self.recent.put(key, self.hasher.hash_one(client_id));
        if self.recent.len() > MOST {
            self.recent.pop_lru();
        }
    }

    /// Whether this delivery would bring a message back to the device that sent it.
    pub(super) fn is_echo(
        &self,
        to: SessionName<'_>,
        client_id: &str,
        topic: &str,
        payload: &[u8],
    ) -> bool {
        if self.recent.is_empty() {
            return false;
        }
        let Ok(message) = Message::decode(payload) else {
            return false;
        };
        message.header.source == to.user.uid
            && self.recent.peek(&self.key(topic, &message))
                == Some(&self.hasher.hash_one(client_id))
    }

    fn key(&self, topic: &str, message: &Message<'_>) -> u64 {
        let header = &message.header;
        self.hasher
            .hash_one((topic, header.source, header.seq, header.timestamp_ms))
    }
}

/// Whether messages on this topic can come back to their sender.
pub(super) fn may_echo(topic: Topic<'_>, own: SessionName<'_>) -> bool {
    match topic {
        Topic::Group { .. } => true,
        Topic::Inbox { eid, uid } => own.user.eid == eid && own.user.uid == uid,
        _ => false,
    }
}
