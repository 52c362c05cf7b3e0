//! Presence that tells the truth: who has a session is `online`, who has none is `offline`, whatever clients
//! say or forget to say. In between a user's own word counts: `away`, `busy`, or even `offline`.
//!
//! Kept by the broker as a retained message. After a restart the broker may hold words of sessions that never
//! came back: such a word is held back from whoever would be given it, and put right.
//!
//! Presence goes out at QoS 0: it has no history, so it must not fill the queues of absent devices.

use hashbrown::{HashMap, HashSet};

use super::acl::Query;
use super::devices::with_key;
use super::{ConnKey, Effect, Engine, Publication, Session};
use crate::protocol::{Presence, SessionName, Topic, UserName};

/// What a user said last, and on which connection.
struct Own {
    word: Presence,
    by: ConnKey,
}

/// Words of users who are here, and words to be put right.
#[derive(Default)]
pub(super) struct Words {
    own: HashMap<Box<str>, Own>,
    stale: HashSet<Box<str>>,
    /// Users whose `online` may still be on its way, with the TICKs that it may take.
    on_its_way: HashMap<Box<str>, u8>,
}

impl Engine {
    /// A session has begun, of a user who was here already or not.
    pub(super) fn presence_came(&mut self, user: UserName<'_>, first: bool) {
        if first {
            self.say(user, Presence::Online);
        }
    }

    /// A session has ended.
    pub(super) fn presence_left(&mut self, conn: ConnKey, session: &Session) {
        let Some(name) = session.name().filter(|_| self.config.presence) else {
            return;
        };
        let key = name.user.to_string();
        let own = self.words.own.get(key.as_str());
        let went_offline = own.is_some_and(|own| own.word == Presence::Offline);
        if !self.sessions.is_online(&key) {
            self.words.own.remove(key.as_str());
            if !went_offline && !self.directory.is_removed(name.user) {
                self.say(name.user, Presence::Offline);
            }
        } else if went_offline && own.is_some_and(|own| own.by == conn) {
            // The device said goodbye for itself; the user is still here on another one.
            self.words.own.remove(key.as_str());
            self.say(name.user, Presence::Online);
        }
    }

    /// A user is no more: the retained word is cleared by others.
    pub(super) fn presence_forgotten(&mut self, user: UserName<'_>) {
        self.words.own.remove(user.to_string().as_str());
    }

    /// Whether a publish is a will about the own presence: the plugin knows better, so it is not sent.
    pub(super) fn is_will_of_presence(
        &self,
        query: &Query<'_>,
        topic: Topic<'_>,
        name: SessionName<'_>,
    ) -> bool {
        self.config.presence
            && is_own(topic, name.user)
            && !query.sender_at_rest
            && self.sessions.get(query.place.conn).is_none()
    }

    /// A user has published: the word is kept if it is one about the own presence. Said right after the login,
    /// it may be overtaken by our `online`, and is then said again.
    pub(super) fn presence_said(
        &mut self,
        query: &Query<'_>,
        topic: Topic<'_>,
        user: UserName<'_>,
    ) {
        if !self.config.presence
            || !is_own(topic, user)
            || self.sessions.get(query.place.conn).is_none()
        {
            return;
        }
        match Presence::parse(query.payload) {
            Some(Presence::Online) | None => {
                self.words.own.remove(query.client.username());
            }
            Some(word) => {
                let by = query.place.conn;
                self.words
                    .own
                    .insert(query.client.username().into(), Own { word, by });
                if self.words.on_its_way.contains_key(query.client.username()) {
                    self.say(user, word);
                }
            }
        }
    }

    /// Whether a presence that is about to be delivered is a word of somebody who is not here. Puts it right.
    pub(super) fn is_stale_presence(&mut self, topic: Topic<'_>, payload: &[u8]) -> bool {
        let Topic::Presence { eid, uid } = topic else {
            return false;
        };
        if !self.config.presence || payload.is_empty() || payload == b"offline" {
            return false;
        }
        let user = UserName { uid, eid };
        if with_key(user, |key| self.sessions.is_online(key)) {
            return false;
        }
        if self.words.stale.insert(user.to_string().into_boxed_str()) {
            self.say(user, Presence::Offline);
        }
        true
    }

    /// Some of the users who were here before the broker started and have not come back: they are offline,
    /// whatever the broker may have kept.
    pub(super) fn presence_of_absent(&mut self, some: usize) {
        let from = self.returning.len().saturating_sub(some);
        for user in self.returning.split_off(from) {
            if let Ok(user) = UserName::parse(&user)
                && !with_key(user, |key| self.sessions.is_online(key))
                && self.directory.is_active(user)
            {
                self.say(user, Presence::Offline);
            }
        }
    }

    /// Whether nothing is on its way.
    pub(super) fn is_quiet_presence(&self) -> bool {
        self.words.stale.is_empty() && self.words.on_its_way.is_empty()
    }

    /// From TICK: what was to be put right is being published.
    pub(super) fn presence_put_right(&mut self) {
        self.words.stale.clear();
        self.words.on_its_way.retain(|_, ticks| {
            *ticks -= 1;
            *ticks > 0
        });
    }

    fn say(&mut self, user: UserName<'_>, presence: Presence) {
        if !self.config.presence {
            return;
        }
        if presence == Presence::Online {
            let key = user.to_string().into_boxed_str();
            // TICKs until it has been routed: 2.0 routes what it is given in TICK before it turns to its
            // clients, 2.1 (which has the calls for subscriptions) after that.
            let ticks = 1 + u8::from(self.config.broker_subscriptions);
            self.words.on_its_way.insert(key, ticks);
        }
        let UserName { uid, eid } = user;
        self.due.push(Effect::Publish(Publication {
            to: None,
            topic: Topic::Presence { eid, uid }.to_string(),
            payload: presence.as_str().as_bytes().to_vec(),
            qos: 0,
            retain: true,
            expiry_s: 0,
        }));
    }
}

fn is_own(topic: Topic<'_>, user: UserName<'_>) -> bool {
    let UserName { uid, eid } = user;
    topic == Topic::Presence { eid, uid }
}
