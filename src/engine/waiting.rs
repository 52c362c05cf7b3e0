//! System notices that wait for absent devices, kept over restarts.
//!
//! They wait in the broker's queues, too, and while it runs they come from there. But its database is not meant for `$SYS`:
//! a message that waits for one client alone is not written on 2.1, and on 2.0 only until the second restart
//! (persist_write.c: `ref_count`, `dest_id_count`). So the plugin remembers what waits for whom. Who comes back after a
//! restart is brought all of it by hand, in the feed's order, and what the broker has still got is held back.

use std::collections::{BTreeMap, VecDeque};
use std::hash::BuildHasher;
use std::rc::Rc;

use hashbrown::{DefaultHashBuilder, HashMap};

use super::acl::Query;
use super::devices::user_part;
use super::{Effect, Engine, Now, Publication, Stage, Undelivered, left_s};
use crate::protocol::Topic;

/// Notices that may wait for one device; as many as Mosquitto lets wait (`max_queued_messages`).
const MOST_FOR_ONE: usize = 1000;
/// Notices that may wait for all devices together.
const MOST: usize = 4_000_000;
/// TICKs within which a notice is published and routed: the next one, and the one after.
const ROUTED: u8 = 2;
/// Notices brought in one TICK.
const AT_ONCE: usize = 500;

/// A notice that waits for somebody.
struct Notice {
    /// The order in which notices came up.
    number: u64,
    hash: u64,
    topic: Box<str>,
    payload: Box<[u8]>,
    qos: u8,
    void_at_unix_s: u64,
}

/// What waits for a device.
struct Device {
    client_id: Box<str>,
    notices: VecDeque<Rc<Notice>>,
    /// The broker was started anew since the device left: what waits is brought by hand.
    by_hand: bool,
}

/// What waits, by user.
#[derive(Default)]
pub(super) struct Waiting {
    by_user: HashMap<Box<str>, Vec<Device>>,
    /// Client ids that are being brought what waits.
    here: Vec<Box<str>>,
    /// Notices that are being routed, by hash, with the TICKs that it may take.
    in_the_air: HashMap<u64, (Rc<Notice>, u8)>,
    last_copied: Option<Rc<Notice>>,
    numbers: u64,
    entries: usize,
    /// How often a notice found no room.
    left_out: u64,
    hasher: DefaultHashBuilder,
}

impl Waiting {
    fn note(&mut self, topic: &str, payload: &[u8], qos: u8, void_at_unix_s: u64) -> Rc<Notice> {
        self.numbers += 1;
        Rc::new(Notice {
            number: self.numbers,
            hash: self.hash(topic, payload),
            topic: topic.into(),
            payload: payload.into(),
            qos,
            void_at_unix_s,
        })
    }

    fn hash(&self, topic: &str, payload: &[u8]) -> u64 {
        self.hasher.hash_one((topic, payload))
    }

    /// The notice that is being routed, if this is one; not one that has been waiting.
    fn routed(&self, hash: u64) -> Option<Rc<Notice>> {
        let routed = self.in_the_air.get(&hash);
        routed.map(|(notice, _)| Rc::clone(notice))
    }

    /// Whether the broker has not routed this notice yet.
    pub(super) fn is_in_the_air(&self, topic: &str, payload: &[u8]) -> bool {
        let hash = self.hash(topic, payload);
        self.in_the_air.contains_key(&hash)
    }

    /// The notice of which this is a copy. Copies of one come one after the other.
    fn copied(&mut self, copy: &Publication, now: Now) -> Rc<Notice> {
        let hash = self.hash(&copy.topic, &copy.payload);
        if let Some(last) = self.last_copied.as_ref().filter(|last| last.hash == hash) {
            return Rc::clone(last);
        }
        let notice = self
            .routed(hash)
            .unwrap_or_else(|| self.note(&copy.topic, &copy.payload, copy.qos, copy.void_at(now)));
        self.last_copied = Some(Rc::clone(&notice));
        notice
    }

    fn device(&mut self, client_id: &str) -> Option<&mut Device> {
        let devices = self.by_user.get_mut(user_part(client_id))?;
        devices.iter_mut().find(|d| *d.client_id == *client_id)
    }

    fn is_by_hand(&mut self, client_id: &str) -> bool {
        self.device(client_id).is_some_and(|device| device.by_hand)
    }

    fn has(&mut self, client_id: &str, hash: u64) -> bool {
        self.device(client_id)
            .is_some_and(|device| device.has(hash))
    }

    /// A notice waits for a device from now on; false when it did already, or finds no room.
    fn add(&mut self, client_id: &str, notice: &Rc<Notice>, by_hand: bool) -> bool {
        if self.entries >= MOST {
            self.left_out += 1;
            return false;
        }
        let user = user_part(client_id).into();
        let devices = self.by_user.entry(user).or_default();
        let at = devices.iter().position(|d| *d.client_id == *client_id);
        let at = at.unwrap_or_else(|| {
            devices.push(Device {
                client_id: client_id.into(),
                notices: VecDeque::new(),
                by_hand,
            });
            devices.len() - 1
        });
        let Some(device) = devices.get_mut(at).filter(|d| !d.has(notice.hash)) else {
            return false;
        };
        if device.notices.len() >= MOST_FOR_ONE {
            self.left_out += 1;
            return false;
        }
        device.notices.push_back(Rc::clone(notice));
        self.entries += 1;
        true
    }

    /// Notices that wait, counted for each device.
    pub(super) fn len(&self) -> usize {
        self.entries
    }

    /// How often a notice found no room.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Nothing waits for this device any more.
    pub(super) fn forget(&mut self, client_id: &str) {
        let user = user_part(client_id);
        let Some(devices) = self.by_user.get_mut(user) else {
            return;
        };
        if let Some(at) = devices.iter().position(|d| *d.client_id == *client_id) {
            self.entries -= devices.swap_remove(at).notices.len();
        }
        if devices.is_empty() {
            self.by_user.remove(user);
        }
    }

    /// Nothing waits for any device of this user (`uid@eid`) any more.
    pub(super) fn forget_user(&mut self, user: &str) {
        let gone = self.by_user.remove(user).into_iter().flatten();
        self.entries -= gone.map(|device| device.notices.len()).sum::<usize>();
    }

    /// A device has logged in. What waits comes from the broker, or is brought from the next TICK on.
    pub(super) fn came(&mut self, client_id: &str) {
        match self.device(client_id) {
            Some(device) if device.by_hand => {
                self.left(client_id);
                self.here.push(client_id.into());
            }
            Some(_) => self.forget(client_id),
            None => {}
        }
    }

    /// A device has gone.
    pub(super) fn left(&mut self, client_id: &str) {
        self.here.retain(|here| **here != *client_id);
    }

    /// From TICK.
    pub(super) fn tick(&mut self) {
        self.in_the_air.retain(|_, (_, ticks)| {
            *ticks -= 1;
            *ticks > 0
        });
    }

    /// Whether nobody is being brought anything, and nothing is in the air.
    pub(super) fn is_quiet(&self) -> bool {
        self.here.is_empty() && self.in_the_air.is_empty()
    }

    /// Whether somebody is being brought what waits.
    pub(super) fn has_more(&self) -> bool {
        !self.here.is_empty()
    }

    /// What is to be kept over a restart, in the order in which it came up.
    pub(super) fn undelivered(&self) -> impl Iterator<Item = Undelivered> {
        let mut notices: BTreeMap<u64, (&Notice, Vec<Box<str>>)> = BTreeMap::new();
        for device in self.by_user.values().flatten() {
            for notice in &device.notices {
                let entry = notices.entry(notice.number);
                let (_, to) = entry.or_insert_with(|| (notice, Vec::new()));
                to.push(device.client_id.clone());
            }
        }
        notices.into_values().map(|(notice, to)| Undelivered {
            topic: notice.topic.to_string(),
            payload: notice.payload.to_vec(),
            qos: notice.qos,
            retain: false,
            void_at_unix_s: notice.void_at_unix_s,
            stage: Stage::Waiting(to),
        })
    }

    /// What was kept over a restart.
    pub(super) fn restore(
        &mut self,
        topic: &str,
        payload: &[u8],
        qos: u8,
        void_at_unix_s: u64,
        to: &[Box<str>],
    ) {
        let notice = self.note(topic, payload, qos, void_at_unix_s);
        for client_id in to {
            self.add(client_id, &notice, true);
        }
    }

    /// The next notice for a device that is being brought what waits; `None` when nothing waits.
    fn next(&mut self, client_id: &str) -> Option<Rc<Notice>> {
        let notice = self.device(client_id)?.notices.pop_front()?;
        self.entries -= 1;
        Some(notice)
    }
}

impl Device {
    /// Whether a notice waits for it. One may come up twice: copies of the last turn before a restart are on their way, and wait.
    fn has(&self, hash: u64) -> bool {
        self.notices.iter().any(|notice| notice.hash == hash)
    }
}

impl Engine {
    /// A notice is about to be published: absent devices may have to wait for it, and it may be retained.
    pub(super) fn keep_notice_over_restarts(&mut self, publication: &Publication, now: Now) {
        if self.config.keeps_notices {
            self.retained.note(publication, now);
            let (topic, payload) = (&publication.topic, &publication.payload);
            let void_at = publication.void_at(now);
            let notice = self.waiting.note(topic, payload, publication.qos, void_at);
            self.waiting
                .in_the_air
                .insert(notice.hash, (notice, ROUTED));
        }
    }

    /// Whether a notice that the broker is about to deliver is to come by hand instead. Remembers what waits for an
    /// absent device.
    pub(super) fn comes_by_hand_later(&mut self, query: &Query<'_>, topic: Topic<'_>) -> bool {
        if !self.config.keeps_notices || !is_notice(topic) {
            return false;
        }
        let is_here = self.sessions.get(query.place.conn).is_some();
        let client_id = query.client.text();
        let by_hand = self.waiting.is_by_hand(client_id);
        if is_here && !by_hand {
            return false;
        }
        let hash = self.waiting.hash(query.topic, query.payload);
        if by_hand && self.waiting.has(client_id, hash) {
            // What the broker has still got of it.
            return true;
        }
        let Some(notice) = self.waiting.routed(hash) else {
            return false;
        };
        self.waiting.add(client_id, &notice, false) && by_hand && is_here
    }

    /// A copy of a notice is on its way to a device. Whether it will come by hand with all that waits.
    pub(super) fn waits_with_others(
        &mut self,
        client_id: &str,
        copy: &Publication,
        now: Now,
    ) -> bool {
        if !self.config.keeps_notices || !is_notice(Topic::parse(&copy.topic)) {
            return false;
        }
        let by_hand = self.waiting.is_by_hand(client_id);
        let is_here = self.sessions.has_client(client_id);
        if by_hand || !is_here {
            let notice = self.waiting.copied(copy, now);
            self.waiting.add(client_id, &notice, false);
        }
        by_hand && is_here
    }

    /// From TICK: devices that have come back after a restart are brought what waits for them.
    pub(super) fn bring_what_waits(&mut self, now: Now) -> Vec<Effect> {
        let mut effects = Vec::new();
        for client_id in std::mem::take(&mut self.waiting.here) {
            let before = effects.len();
            while effects.len() < AT_ONCE
                && let Some(notice) = self.waiting.next(&client_id)
            {
                let copy = notice.copy_for(&client_id, now);
                effects.extend(
                    copy.filter(|copy| self.may_receive(&client_id, &copy.topic))
                        .map(Effect::Publish),
                );
            }
            // One that came up while the last ones were on their way is not to overtake them.
            if effects.len() > before || effects.len() >= AT_ONCE {
                self.waiting.here.push(client_id);
            } else {
                self.waiting.forget(&client_id);
            }
        }
        effects
    }
}

impl Notice {
    /// `None` when its time is over.
    fn copy_for(&self, client_id: &str, now: Now) -> Option<Publication> {
        let expiry_s = left_s(self.void_at_unix_s, now)?;
        Some(Publication {
            to: Some(client_id.into()),
            topic: self.topic.to_string(),
            payload: self.payload.to_vec(),
            qos: self.qos.min(1),
            retain: false,
            expiry_s,
        })
    }
}

/// Whether a topic is one of the system's notices.
pub(super) fn is_notice(topic: Topic<'_>) -> bool {
    matches!(
        topic,
        Topic::SysNotice | Topic::SysNoticeEnterprise { .. } | Topic::SysNoticeUser { .. }
    )
}
