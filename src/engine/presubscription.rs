//! What everybody receives without sending SUBSCRIBE: the own inbox, the own groups, the enterprise's notices
//! and the system's.
//!
//! Mosquitto 2.1 has calls for subscriptions: they are made for what is a user's own (inbox, groups, notices to
//! this user), at each login and at each change of the directory. The rest is brought `by_hand`, and so is all
//! of it on 2.0. Where the broker has the calls they also drop subscriptions whose right was withdrawn, be
//! pre-subscription on or off.

use super::devices::with_key;
use super::{Effect, Ending, Engine};
use crate::protocol::{SessionName, Topic, UserName};

impl Engine {
    /// The subscriptions of a client that has just logged in.
    pub(super) fn subscribe_client(&mut self, client_id: &str) -> Vec<Effect> {
        let filters = self.own_filters(client_id).into_iter();
        let effects: Vec<Effect> = filters.map(|f| subscribe(client_id, f)).collect();
        if self.lingering.iter().any(|other| **other == *client_id) {
            self.due.extend_from_slice(&effects);
        }
        effects
    }

    /// What has to be done about the subscriptions of a connection that has ended.
    ///
    /// Mosquitto 2.1 takes them back in its next turn. What a client of the same id is subscribed to until then is taken
    /// for theirs, and goes with them (subs.c, `sub__add_leaf` and `sub__clean_session`). At a takeover they are taken
    /// back here, before the new connection is subscribed. At any other end messages may just be on their way to them;
    /// who comes back in the same turn is subscribed once more in the next.
    pub(super) fn subscriptions_ended(&mut self, client_id: &str, ending: Ending) -> Vec<Effect> {
        if !self.subscribes_by_broker() {
            return Vec::new();
        }
        match ending {
            Ending::Waits => Vec::new(),
            Ending::Over => {
                self.lingering.push(client_id.into());
                Vec::new()
            }
            Ending::TakenOver => {
                let filters = self.own_filters(client_id).into_iter();
                filters.map(|f| unsubscribe(client_id, f)).collect()
            }
        }
    }

    fn own_filters(&self, client_id: &str) -> Vec<String> {
        let name = SessionName::parse(client_id).ok();
        let name = name.filter(|_| self.subscribes_by_broker());
        name.map_or_else(Vec::new, |name| self.filters(name.user))
    }

    /// Subscribes all devices of a user.
    pub(super) fn subscribe(&self, user: UserName<'_>, topic: Topic<'_>) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.subscribes_by_broker() {
            self.each_device(user, &mut |client_id| {
                effects.push(subscribe(client_id, topic.to_string()));
            });
        }
        effects
    }

    /// Drops a subscription of all devices of a user.
    pub(super) fn unsubscribe(&self, user: UserName<'_>, topic: Topic<'_>) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.config.broker_subscriptions {
            self.each_device(user, &mut |client_id| {
                effects.push(unsubscribe(client_id, topic.to_string()));
            });
        }
        effects
    }

    /// Drops all that a user receives without asking.
    pub(super) fn unsubscribe_all(&self, user: UserName<'_>) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.config.broker_subscriptions {
            let filters = self.filters(user);
            self.each_device(user, &mut |client_id| {
                let filters = filters.iter().cloned();
                effects.extend(filters.map(|filter| unsubscribe(client_id, filter)));
            });
        }
        effects
    }

    fn subscribes_by_broker(&self) -> bool {
        self.config.pre_subscribe && self.config.broker_subscriptions
    }

    fn filters(&self, user: UserName<'_>) -> Vec<String> {
        let UserName { uid, eid } = user;
        let mut filters = vec![
            Topic::Inbox { eid, uid }.to_string(),
            Topic::SysNoticeUser { eid, uid }.to_string(),
        ];
        let groups = self.directory.find(user).groups();
        filters.extend(groups.map(|gid| Topic::Group { eid, gid }.to_string()));
        filters
    }

    /// Looks at each of a user's devices, here and absent, by client id. Takes no memory: a load of the directory
    /// comes here for each membership, and most users have no device on this broker.
    pub(super) fn each_device(&self, user: UserName<'_>, look_at: &mut impl FnMut(&str)) {
        with_key(user, |key| {
            self.sessions.client_ids_of(key).for_each(&mut *look_at);
            let waiting = self.devices.of_user(key).iter();
            waiting.for_each(|client_id| look_at(client_id));
        });
    }
}

fn subscribe(client_id: &str, filter: String) -> Effect {
    Effect::Subscribe {
        client_id: client_id.into(),
        filter,
    }
}

fn unsubscribe(client_id: &str, filter: String) -> Effect {
    Effect::Unsubscribe {
        client_id: client_id.into(),
        filter,
    }
}
