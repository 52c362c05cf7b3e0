//! Shadow mode: what would be refused is told, counted and put on record, and nothing else follows from it.
//!
//! There are no sessions then: what ends one, or is brought to one, has nobody to go to. Only the kinds of devices are
//! remembered, since rules of the policy may ask for them.

use lru::LruCache;

use super::acl::{Access, Denial, Query};
use super::{Effect, Engine, Event, Level, Now, Refused};
use crate::policy::Kind;
use crate::protocol::Topic;

/// Devices whose kind is remembered; the one that logged in first is forgotten first.
const MOST: usize = 100_000;

/// What is remembered of those who would have been let in.
pub(super) struct Shadow {
    kinds: LruCache<Box<str>, Kind>,
}

impl Shadow {
    pub(super) fn new() -> Shadow {
        Shadow {
            kinds: LruCache::unbounded(),
        }
    }

    /// A login would have been granted.
    pub(super) fn note(&mut self, client_id: &str, kind: Kind) {
        self.kinds.put(client_id.into(), kind);
        if self.kinds.len() > MOST {
            self.kinds.pop_lru();
        }
    }

    pub(super) fn kind_of(&self, client_id: &str) -> Option<Kind> {
        self.kinds.peek(client_id).copied()
    }
}

/// What would have been refused since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WouldRefuse {
    /// Logins.
    pub logins: u64,
    /// Messages.
    pub publishes: u64,
    /// Subscriptions.
    pub subscriptions: u64,
    /// Deliveries.
    pub deliveries: u64,
}

impl Engine {
    /// Looks at what somebody does, and tells what it would have come to.
    pub fn observe(&mut self, query: &Query<'_>, now: impl FnOnce() -> Now) {
        // That a sender of old has no right any more is nothing that somebody does.
        if query.sender_at_rest || query.access == Access::Unsubscribe {
            return;
        }
        let topic = Topic::parse(query.topic);
        let subject = self.subject(query, topic);
        let judged = self.judge(&subject, query, topic);
        self.counts.decisions.count(query.access, judged.is_ok());
        if let Err(denial) = judged {
            self.tell_would_refuse(query, &denial, now());
        }
    }

    fn tell_would_refuse(&mut self, query: &Query<'_>, denial: &Denial, now: Now) {
        let (what, verb) = match query.access {
            Access::Publish => (Refused::Publish, "publish to"),
            Access::Receive => (Refused::Receive, "delivery on"),
            _ => (Refused::Subscribe, "subscribe to"),
        };
        let client_id = query.client.text();
        // Deliveries must not keep the rest from being told.
        let each = format!("{verb} {client_id}");
        let reason = denial.to_string();
        if self.refusal_logs.pass(&each, now.mono) {
            let topic = query.topic.escape_debug();
            let text = format!("shadow: {client_id}: {verb} `{topic}` would be refused: {reason}");
            self.later(Effect::Log(Level::Notice, text));
        }
        if let Some(unrecorded) = self.refusal_records.count(&each, now.mono) {
            let event = Event::Refused {
                client_id: client_id.into(),
                what,
                topic: query.topic.into(),
                reason,
                unrecorded,
            };
            self.put_on_record(event, now);
        }
    }

    /// What would have been refused since the start.
    pub fn would_refuse(&self) -> WouldRefuse {
        let [receive, publish, subscribe, _] = self.counts.decisions.each.map(|[_, no]| no);
        WouldRefuse {
            logins: self.counts.refused.values().sum(),
            publishes: publish,
            subscriptions: subscribe,
            deliveries: receive,
        }
    }
}
