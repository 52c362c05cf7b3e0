//! What everybody receives without sending SUBSCRIBE: the own inbox, the own groups, the enterprise's notices
//! and the system's.
//!
//! Mosquitto 2.1 has calls for subscriptions: they are made for what is a user's own (inbox, groups, notices to
//! this user), at each login and at each change of the directory. The rest is brought `by_hand`, and so is all
//! of it on 2.0. Where the broker has the calls they also drop subscriptions whose right was withdrawn, be
//! pre-subscription on or off.

use super::devices::with_key;
use super::{Effect, Engine};
use crate::protocol::{SessionName, Topic, UserName};

impl Engine {
    /// The subscriptions of a client that has just logged in.
    pub(super) fn subscribe_client(&self, client_id: &str) -> Vec<Effect> {
        let name = SessionName::parse(client_id).ok();
        let Some(name) = name.filter(|_| self.subscribes_by_broker()) else {
            return Vec::new();
        };
        let filters = self.filters(name.user).into_iter();
        filters.map(|filter| subscribe(client_id, filter)).collect()
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
