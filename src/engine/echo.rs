//! Nobody hears the own echo: a message to a group, or from a PC to the own phone, reaches every device of its
//! sender but the one that sent it.
//!
//! The header names the user but not the device, so the sending device is remembered from the publish until its
//! deliveries: they follow at once, or, at QoS 2, after one more round trip.

use std::hash::BuildHasher;

use hashbrown::DefaultHashBuilder;

use crate::protocol::{Direction, Message, SessionName, Topic, is_from};

/// Messages remembered; one may push another out, which may then be echoed.
const PLACES: u64 = 8192;

/// What was sent of late: a hash of topic and header, and one of the client id that it came from. Each message has its
/// place by its hash, so that remembering it takes no memory.
pub(super) struct Sent {
    recent: Box<[(u64, u64)]>,
    hasher: DefaultHashBuilder,
}

impl Sent {
    /// Nothing yet.
    pub(super) fn new() -> Sent {
        Sent {
            recent: vec![(0, 0); place_of(PLACES - 1) + 1].into_boxed_slice(),
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
        let from = self.hasher.hash_one(client_id);
        if let Some(place) = self.recent.get_mut(place_of(key)) {
            *place = (key, from);
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
        if !is_from(payload, to.user.uid) {
            return false;
        }
        let Ok(message) = Message::decode(payload) else {
            return false;
        };
        let key = self.key(topic, &message);
        let echo = (key, self.hasher.hash_one(client_id));
        self.recent.get(place_of(key)) == Some(&echo)
    }

    fn key(&self, topic: &str, message: &Message<'_>) -> u64 {
        let header = &message.header;
        self.hasher
            .hash_one((topic, header.source, header.seq, header.timestamp_ms))
    }
}

fn place_of(key: u64) -> usize {
    usize::try_from(key % PLACES).unwrap_or(0)
}

/// Whether messages on this topic can come back to their sender.
pub(super) fn may_echo(topic: Topic<'_>, own: SessionName<'_>) -> bool {
    match topic {
        Topic::Group { .. } => true,
        Topic::Inbox { eid, uid } => own.user.eid == eid && own.user.uid == uid,
        _ => false,
    }
}
