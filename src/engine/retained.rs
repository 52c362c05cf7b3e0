//! Retained system notices: Mosquitto keeps nothing retained below `$SYS` over a restart, so the plugin does.
//!
//! A publication sets what is retained, and goes to all who are subscribed, too. After a restart they have had the notice
//! long since: sessions at rest are denied it while it is routed, and what is left is what is retained.

use std::rc::Rc;

use hashbrown::HashMap;
use lru::LruCache;

use super::acl::Query;
use super::waiting::is_notice;
use super::{Effect, Engine, Now, Publication, Stage, Undelivered};
use crate::protocol::Topic;

/// Topics with a retained notice that are remembered; the one that was written first is forgotten first.
const MOST: usize = 100_000;

/// A retained notice.
struct Notice {
    payload: Rc<[u8]>,
    qos: u8,
    void_at_unix_s: u64,
}

/// What is retained below `$SYS`, by topic, and what of it is being published anew.
pub(super) struct Retained {
    notices: LruCache<Box<str>, Notice>,
    /// Payloads that are being published anew, by topic.
    anew: HashMap<String, Vec<u8>>,
    /// For how many more TICKs these may be on their way.
    ticks: u8,
}

impl Retained {
    /// Nothing is retained.
    pub(super) fn new() -> Retained {
        Retained {
            notices: LruCache::unbounded(),
            anew: HashMap::new(),
            ticks: 0,
        }
    }

    /// A notice is about to be published, to be retained or not.
    pub(super) fn note(&mut self, publication: &Publication, now: Now) {
        if !publication.retain {
            return;
        }
        let notice = Notice {
            payload: publication.payload.as_slice().into(),
            qos: publication.qos,
            void_at_unix_s: publication.void_at(now),
        };
        self.notices.put(publication.topic.as_str().into(), notice);
        if self.notices.len() > MOST {
            self.notices.pop_lru();
        }
    }

    /// Nothing is retained on this topic any more.
    pub(super) fn forget(&mut self, topic: &str) {
        self.notices.pop(topic);
    }

    /// Topics with a retained notice.
    pub(super) fn len(&self) -> usize {
        self.notices.len()
    }

    /// What is to be kept over a restart, what was written first in front.
    pub(super) fn undelivered(&self) -> impl Iterator<Item = Undelivered> {
        self.notices
            .iter()
            .rev()
            .map(|(topic, notice)| Undelivered {
                topic: topic.to_string(),
                payload: notice.payload.to_vec(),
                qos: notice.qos,
                retain: true,
                void_at_unix_s: notice.void_at_unix_s,
                stage: Stage::Retained,
            })
    }

    /// Whether this is a notice of before the start that is on its way.
    pub(super) fn is_anew(&self, publication: &Publication) -> bool {
        let anew = self.anew.get(&publication.topic);
        publication.to.is_none() && anew.is_some_and(|payload| *payload == publication.payload)
    }

    /// From TICK.
    pub(super) fn tick(&mut self) {
        self.ticks = self.ticks.saturating_sub(1);
        if self.ticks == 0 {
            self.anew.clear();
        }
    }

    /// Whether nothing is being published anew.
    pub(super) fn is_quiet(&self) -> bool {
        self.anew.is_empty()
    }
}

impl Engine {
    /// From the first TICK: publishes a retained notice of before the start anew.
    pub(super) fn retain_anew(&mut self, publication: Publication, now: Now) -> Effect {
        let retained = &mut self.retained;
        retained.note(&publication, now);
        let (topic, payload) = (publication.topic.clone(), publication.payload.clone());
        retained.anew.insert(topic, payload);
        // This TICK, and the one before which it is routed.
        retained.ticks = 2;
        Effect::Publish(publication)
    }

    /// Whether a session at rest is about to be given a notice that it was given before the start.
    pub(super) fn is_retained_anew(&self, query: &Query<'_>, topic: Topic<'_>) -> bool {
        let anew = &self.retained.anew;
        is_notice(topic)
            && anew.get(query.topic).is_some_and(|p| *p == query.payload)
            && self.sessions.get(query.place.conn).is_none()
    }
}
