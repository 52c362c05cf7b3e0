//! Pre-subscription without the broker's help: messages are brought by hand to the devices that did not subscribe.
//!
//! So come the messages to all of an enterprise or to everybody, on every broker, since Mosquitto looks through
//! all subscribers of a filter for each new one, and that would cost each login more the more users there are. On
//! 2.0, which has no call for subscriptions, all others come so, too.
//!
//! Who is subscribed, the broker shows by itself: routing a message, it asks about each delivery. So a message is
//! kept until its routing is over, and what nobody asked about is delivered to the client id, absent devices
//! included. At QoS 2 the routing waits for the sender's PUBREL, so such a message is kept until the first
//! question, or for [`PUBREL_S`].
//!
//! Copies carry no MQTT 5 properties, are of QoS 1 at most, and keep no order with what the broker routes.

mod copies;
mod undelivered;

use std::hash::BuildHasher;
use std::rc::Rc;
use std::time::Duration;

use hashbrown::DefaultHashBuilder;

pub use undelivered::{Stage, Undelivered};

use super::acl::Query;
use super::devices::with_key;
use super::routes::{Routes, Senders};
use super::{Effect, Engine, EngineConfig, Level, Now, Publication};
use crate::protocol::{SessionName, Topic, UserName};
use copies::{Copies, CopyQueue};

/// How long a QoS 2 message waits for its routing.
const PUBREL_S: u64 = 2;
/// Messages kept for their routing; further ones are not brought by hand.
const MOST_KEPT: usize = 10_000;
/// Copies of one message, in bytes, beyond which it is not brought by hand.
const MOST_COPIED_BYTES: usize = 64 * 1024 * 1024;
/// Copies handed to the broker in one TICK.
const COPIES_AT_ONCE: usize = 500;

/// When the routing of a message is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Routed {
    /// After so many more TICKs.
    Ticks(u8),
    /// One TICK after the first question about it, or at this time.
    Asked(Duration),
}

/// A message whose routing is not over.
struct Kept {
    topic: Rc<str>,
    payload: Rc<[u8]>,
    qos: u8,
    expiry_s: u32,
    /// The client id that sent it; empty for the plugin.
    sender: Box<str>,
    routed: Routed,
    /// How often this very message is routed.
    times: usize,
    /// Who there was and what held when it was kept: see [`Engine::routing_version`].
    version: u64,
    /// The clients that the broker asked about, by a hash of the client id; each as often as it was asked about.
    seen: Vec<u64>,
}

/// Messages kept, and copies to be handed over.
#[derive(Default)]
pub(super) struct ByHand {
    kept: Vec<Kept>,
    copies: CopyQueue,
    routes: Routes,
    hasher: DefaultHashBuilder,
}

impl Engine {
    /// Whether nothing has to be noted about a delivery to an inbox or to a member of a group.
    pub(super) fn notes_no_delivery(&self) -> bool {
        !self.config.brings_routed_by_hand() || self.by_hand.kept.is_empty()
    }

    /// Whether nothing has to be kept of a message to an inbox.
    pub(super) fn keeps_nothing_for_hand(&self, inbox: &[u8]) -> bool {
        let routes = || (self.by_hand.routes).complete_for(inbox, self.routing_version());
        !self.config.brings_routed_by_hand() || routes() == Some(Senders::All)
    }

    /// A client's message was let through; its routing follows.
    pub(super) fn keep_for_hand(
        &mut self,
        query: &Query<'_>,
        topic: Topic<'_>,
        now: impl FnOnce() -> Now,
    ) {
        if !self.config.brings_by_hand(topic)
            || query.sender_at_rest
            || self.by_hand.kept.len() >= MOST_KEPT
            || self.is_surely_routed(query, topic)
        {
            return;
        }
        let routed = match query.qos {
            2 => Routed::Asked(now().mono + Duration::from_secs(PUBREL_S)),
            _ => Routed::Ticks(1),
        };
        self.by_hand.kept.push(Kept {
            topic: query.topic.into(),
            payload: query.payload.into(),
            qos: query.qos,
            expiry_s: 0,
            sender: query.client.text().into(),
            routed,
            times: 1,
            version: self.routing_version(),
            seen: Vec::new(),
        });
    }

    /// A notice of the plugin's own is about to be published: its routing follows the next TICK.
    pub(super) fn keep_notice_for_hand(&mut self, publication: &Publication) {
        let topic = Topic::parse(&publication.topic);
        if !self.config.brings_by_hand(topic) || self.by_hand.kept.len() >= MOST_KEPT {
            return;
        }
        let twin = self.by_hand.kept.iter_mut().find(|kept| {
            kept.routed == Routed::Ticks(2)
                && *kept.topic == *publication.topic
                && *kept.payload == *publication.payload
        });
        if let Some(twin) = twin {
            twin.times += 1;
            return;
        }
        self.by_hand.kept.push(Kept {
            topic: publication.topic.as_str().into(),
            payload: publication.payload.as_slice().into(),
            qos: publication.qos,
            expiry_s: publication.expiry_s,
            sender: Box::default(),
            routed: Routed::Ticks(2),
            times: 1,
            version: self.routing_version(),
            seen: Vec::new(),
        });
    }

    /// The broker asks about a delivery: this client is subscribed.
    pub(super) fn seen_by_broker(&mut self, query: &Query<'_>, topic: Topic<'_>) {
        if !self.config.brings_by_hand(topic) {
            return;
        }
        let by_hand = &mut self.by_hand;
        // The broker routes a message right after it was kept, so this is mostly the last one.
        let mut kept = by_hand.kept.iter_mut().rev();
        let routed =
            kept.find(|kept| *kept.topic == *query.topic && is_same(&kept.payload, query.payload));
        if let Some(kept) = routed {
            kept.seen.push(by_hand.hasher.hash_one(query.client.text()));
            if let Routed::Asked(_) = kept.routed {
                kept.routed = Routed::Ticks(1);
            }
            // Of nothing but a message that is being routed: at a reconnect the broker asks about what waits, too.
            if let Topic::Inbox { .. } = topic {
                let sessions = self.sessions.change_unseen();
                sessions.note_inbox(query.place.conn, true);
            }
        }
    }

    /// From TICK: what is routed goes to those whom the broker did not ask about.
    pub(super) fn bring_by_hand(&mut self, now: Now) -> Vec<Effect> {
        let mut effects = Vec::new();
        for kept in self.routed(now) {
            effects.extend(self.address(kept));
        }
        while effects.len() < COPIES_AT_ONCE {
            let Some((client_id, copy)) = self.by_hand.copies.next() else {
                break;
            };
            if self.waits_with_others(&client_id, &copy, now) {
                continue;
            }
            // About a copy for a device that is here the broker does not ask; for an absent one, when that comes.
            if !self.sessions.has_client(&client_id) || self.may_receive(&client_id, &copy.topic) {
                effects.push(Effect::Publish(copy));
            }
        }
        effects
    }

    /// Whether nothing is kept or on its way.
    pub(super) fn is_quiet_by_hand(&self) -> bool {
        self.by_hand.kept.is_empty() && self.by_hand.copies.is_empty()
    }

    /// Whether something waits for another TICK.
    pub(super) fn has_more_by_hand(&self) -> bool {
        let waits = |kept: &Kept| matches!(kept.routed, Routed::Ticks(_));
        !self.by_hand.copies.is_empty() || self.by_hand.kept.iter().any(waits)
    }

    /// Whether all devices that a message is for are known to be subscribed: then it need not be kept.
    fn is_surely_routed(&mut self, query: &Query<'_>, topic: Topic<'_>) -> bool {
        if !matches!(topic, Topic::Inbox { .. } | Topic::Group { .. }) {
            return false;
        }
        let version = self.routing_version();
        let ByHand { routes, hasher, .. } = &self.by_hand;
        let senders = routes.complete_for(query.topic.as_bytes(), version);
        if senders.is_some_and(|senders| senders.include(|| hasher.hash_one(query.client.text()))) {
            return true;
        }
        let Topic::Inbox { eid, uid } = topic else {
            return false;
        };
        let complete = with_key(UserName { uid, eid }, |user| {
            self.devices.of_user(user).is_empty() && self.sessions.all_take_inbox(user)
        });
        if complete {
            let routes = &mut self.by_hand.routes;
            routes.note_complete(query.topic.as_bytes(), version, Senders::All);
        }
        complete
    }

    /// Goes up whenever a message may have to reach somebody else, or in another way.
    pub(super) fn routing_version(&self) -> u64 {
        self.changes.count()
    }

    /// What was seen of a message that nobody has to be brought.
    fn note_route(&mut self, kept: &Kept) {
        if !matches!(Topic::parse(&kept.topic), Topic::Group { .. }) {
            return;
        }
        let sender = self.by_hand.hasher.hash_one(&*kept.sender);
        let senders = if kept.times_seen(sender) > 0 {
            Senders::All
        } else {
            Senders::Only(sender)
        };
        let routes = &mut self.by_hand.routes;
        routes.note_complete(kept.topic.as_bytes(), kept.version, senders);
    }

    fn routed(&mut self, now: Now) -> Vec<Kept> {
        let over = |kept: &mut Kept| match &mut kept.routed {
            Routed::Asked(until) => *until <= now.mono,
            Routed::Ticks(left) => {
                *left -= 1;
                *left == 0
            }
        };
        self.by_hand.kept.extract_if(.., over).collect()
    }

    fn address(&mut self, mut kept: Kept) -> Option<Effect> {
        kept.seen.sort_unstable();
        let to = self.left_out(&kept);
        if to.len().saturating_mul(kept.payload.len()) > MOST_COPIED_BYTES {
            let text = format!(
                "{}: {} bytes are not brought to the {} devices that did not subscribe: too much to copy",
                kept.topic,
                kept.payload.len(),
                to.len()
            );
            return Some(Effect::Log(Level::Warning, text));
        }
        if to.is_empty() {
            if kept.version == self.routing_version() {
                self.note_route(&kept);
            }
            return None;
        }
        self.by_hand.copies.push(Copies {
            topic: kept.topic,
            payload: kept.payload,
            qos: kept.qos,
            expiry_s: kept.expiry_s,
            to,
        });
        None
    }

    /// The devices, here and absent, that may receive a message without asking, and were not asked about.
    fn left_out(&self, kept: &Kept) -> Vec<Box<str>> {
        let mut left_out = Vec::new();
        let mut look_at = |client_id: &str| {
            let missing = kept.times - kept.times_seen(self.by_hand.hasher.hash_one(client_id));
            let sender = *client_id == *kept.sender;
            if missing > 0 && !sender && self.may_receive(client_id, &kept.topic) {
                left_out.extend(std::iter::repeat_n(Box::from(client_id), missing));
            }
        };
        match Topic::parse(&kept.topic) {
            Topic::Inbox { eid, uid } | Topic::SysNoticeUser { eid, uid } => {
                self.each_device(UserName { uid, eid }, &mut look_at);
            }
            Topic::Group { eid, gid } => {
                for uid in self.directory.members(eid, gid) {
                    self.each_device(UserName { uid, eid }, &mut look_at);
                }
            }
            Topic::Notice { .. } | Topic::SysNoticeEnterprise { .. } | Topic::SysNotice => {
                self.sessions.client_ids().for_each(&mut look_at);
                self.devices.all().for_each(look_at);
            }
            _ => {}
        }
        left_out
    }

    pub(super) fn may_receive(&self, client_id: &str, topic: &str) -> bool {
        SessionName::parse(client_id).is_ok_and(|name| {
            let decision = self.policy.may_receive(&self.directory, name, topic);
            decision.is_allowed()
        })
    }
}

impl Kept {
    /// How often the broker asked about a client, once `seen` is sorted.
    fn times_seen(&self, hash: u64) -> usize {
        let from = self.seen.partition_point(|seen| *seen < hash);
        let same = self
            .seen
            .iter()
            .skip(from)
            .take_while(|seen| **seen == hash);
        same.count().min(self.times)
    }
}

impl EngineConfig {
    /// Whether messages on this topic are brought by hand.
    fn brings_by_hand(&self, topic: Topic<'_>) -> bool {
        self.pre_subscribe
            && match topic {
                Topic::Notice { .. } | Topic::SysNotice | Topic::SysNoticeEnterprise { .. } => true,
                Topic::Inbox { .. } | Topic::Group { .. } | Topic::SysNoticeUser { .. } => {
                    self.brings_routed_by_hand()
                }
                _ => false,
            }
    }

    /// Whether those are that a broker with calls for subscriptions routes by itself.
    fn brings_routed_by_hand(&self) -> bool {
        self.pre_subscribe && !self.broker_subscriptions
    }
}

/// Whether two payloads on one topic are of the same message. What tells messages apart, header or id of a
/// notice, stands at the beginning.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    const BEGINNING: usize = 512;
    let shown = one.len().min(BEGINNING);
    one.len() == other.len() && one.get(..shown) == other.get(..shown)
}
