//! What is on its way when the broker stops: it is kept until the next start, and goes on then.
//!
//! What the plugin publishes waits in the broker's memory until the next turn, and a broker that ends has none. So the
//! last turn's publications are undelivered, and so are copies that no turn had room for. What the control feed had told
//! in that turn is not here: its position has not moved on, and it will be told again.

use std::time::Duration;

use super::copies::Copies;
use super::{Kept, Routed};
use crate::engine::{Effect, Engine, Now, Publication, left_s, void_at};
use crate::protocol::topic::CONTROL_RESPONSE;

/// How long a QoS 2 message of before the start waits for its sender to come back and release it.
const RELEASE: Duration = Duration::from_secs(30);

/// A message that was on its way when the broker stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// The topic.
    pub topic: String,
    /// The payload.
    pub payload: Vec<u8>,
    /// The quality of service.
    pub qos: u8,
    /// Whether the broker keeps it.
    pub retain: bool,
    /// When it is void, in seconds since 1970; 0 means never.
    pub void_at_unix_s: u64,
    /// How far it had come.
    pub stage: Stage,
}

/// How far a message had come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The plugin's own, not routed yet.
    Unrouted,
    /// Routed; these devices, by client id, are to be brought a copy.
    Copies(Vec<Box<str>>),
    /// Of QoS 2, and this client id has not released it.
    Unreleased(Box<str>),
    /// A system notice that was delivered, and is retained.
    Retained,
    /// A system notice that waits for these devices, by client id.
    Waiting(Vec<Box<str>>),
}

impl Engine {
    /// From the broker's end: what was on its way, `published` in the last turn included. Takes it out of the engine.
    pub fn take_undelivered(
        &mut self,
        published: Vec<Publication>,
        now: Now,
    ) -> (Vec<Undelivered>, Vec<Effect>) {
        let mut all = Vec::new();
        let published = published.into_iter().filter(is_worth_keeping);
        let published = published.filter(|publication| !self.retained.is_anew(publication));
        published.for_each(|publication| add(&mut all, publication, now));
        let mut effects = Vec::new();
        for kept in std::mem::take(&mut self.by_hand.kept) {
            match kept.routed {
                // The plugin's own, published in the last turn.
                _ if kept.sender.is_empty() => {}
                Routed::Asked(_) => all.push(kept.unreleased()),
                Routed::Ticks(_) => effects.extend(self.address(kept)),
            }
        }
        // What has not been routed is news to everybody: it is published again, or told again by the feed.
        let waiting = &self.waiting;
        let is_news = |one: &Undelivered| waiting.is_in_the_air(&one.topic, &one.payload);
        let retained = self.retained.undelivered().filter(|one| !is_news(one));
        let kept: Vec<_> = retained.chain(waiting.undelivered()).collect();
        all.splice(0..0, kept);
        let copies = self.by_hand.copies.take();
        all.extend(copies.map(|copies| copies.undelivered(now)));
        (all, effects)
    }

    /// From the first TICK: what was on its way goes on.
    pub fn go_on_with(&mut self, undelivered: Vec<Undelivered>, now: Now) -> Vec<Effect> {
        let mut effects = Vec::new();
        for one in undelivered {
            let Some(expiry_s) = left_s(one.void_at_unix_s, now) else {
                continue;
            };
            let Undelivered {
                topic,
                payload,
                qos,
                retain,
                void_at_unix_s,
                stage,
            } = one;
            let publication = |topic, payload| Publication {
                to: None,
                topic,
                payload,
                qos,
                retain,
                expiry_s,
            };
            match stage {
                Stage::Unrouted => {
                    let publication = publication(topic, payload);
                    self.keep_notice_for_hand(&publication);
                    self.keep_notice_over_restarts(&publication, now);
                    effects.push(Effect::Publish(publication));
                }
                Stage::Waiting(to) => {
                    let waiting = &mut self.waiting;
                    waiting.restore(&topic, &payload, qos, void_at_unix_s, &to);
                }
                Stage::Retained => {
                    let publication = publication(topic, payload);
                    effects.push(self.retain_anew(publication, now));
                }
                Stage::Copies(to) => self.by_hand.copies.push(Copies {
                    topic: topic.into(),
                    payload: payload.into(),
                    qos,
                    expiry_s,
                    to,
                }),
                Stage::Unreleased(sender) => {
                    let version = self.routing_version();
                    self.by_hand.kept.push(Kept {
                        topic: topic.into(),
                        payload: payload.into(),
                        qos,
                        expiry_s,
                        sender,
                        routed: Routed::Asked(now.mono + RELEASE),
                        times: 1,
                        version,
                        seen: Vec::new(),
                    });
                }
            }
        }
        effects
    }
}

impl Undelivered {
    /// How many deliveries this stands for.
    pub fn count(&self) -> usize {
        match &self.stage {
            Stage::Copies(to) => to.len(),
            Stage::Unrouted | Stage::Unreleased(_) => 1,
            Stage::Retained | Stage::Waiting(_) => 0,
        }
    }
}

impl Kept {
    fn unreleased(self) -> Undelivered {
        Undelivered {
            topic: self.topic.to_string(),
            payload: self.payload.to_vec(),
            qos: self.qos,
            retain: false,
            void_at_unix_s: 0,
            stage: Stage::Unreleased(self.sender),
        }
    }
}

impl Copies {
    fn undelivered(self, now: Now) -> Undelivered {
        Undelivered {
            topic: self.topic.to_string(),
            payload: self.payload.to_vec(),
            qos: self.qos,
            retain: false,
            void_at_unix_s: void_at(self.expiry_s, now),
            stage: Stage::Copies(self.to),
        }
    }
}

/// Presence and figures are told anew after a start; an operator whose broker ended has no answer to wait for; and
/// what is of QoS 0 may be lost.
fn is_worth_keeping(publication: &Publication) -> bool {
    let clears = publication.retain && publication.payload.is_empty();
    clears || (publication.qos > 0 && publication.topic != CONTROL_RESPONSE)
}

/// Copies of one message, which were handed over one after the other, become one entry again.
fn add(all: &mut Vec<Undelivered>, publication: Publication, now: Now) {
    let void_at_unix_s = publication.void_at(now);
    let stage = match publication.to {
        None => Stage::Unrouted,
        Some(to) => {
            if let Some(last) = all.last_mut()
                && let Stage::Copies(others) = &mut last.stage
                && last.topic == publication.topic
                && last.payload == publication.payload
            {
                others.push(to);
                return;
            }
            Stage::Copies(vec![to])
        }
    };
    all.push(Undelivered {
        topic: publication.topic,
        payload: publication.payload,
        qos: publication.qos,
        retain: publication.retain,
        void_at_unix_s,
        stage,
    });
}
