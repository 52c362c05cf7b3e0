//! What everybody receives without sending SUBSCRIBE: the own inbox, the own groups, the enterprise's notices
//! and the system's.
//!
//! Mosquitto 2.1 has calls for subscriptions: they are made for what is a user's own (inbox, groups, notices to
//! this user), at each login and at each change of the directory. The rest is brought `by_hand`, and so is all
//! of it on 2.0. Where the broker has the calls they also drop subscriptions whose right was withdrawn, be
//! pre-subscription on or off.

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
        if !self.subscribes_by_broker() {
            return Vec::new();
        }
        let devices = self.devices_of(user).into_iter();
        devices
            .map(|client_id| subscribe(&client_id, topic.to_string()))
            .collect()
    }

    /// Drops a subscription of all devices of a user.
    pub(super) fn unsubscribe(&self, user: UserName<'_>, topic: Topic<'_>) -> Vec<Effect> {
        self.unsubscribe_from(user, &[topic.to_string()])
    }

    /// Drops all that a user receives without asking.
    pub(super) fn unsubscribe_all(&self, user: UserName<'_>) -> Vec<Effect> {
        self.unsubscribe_from(user, &self.filters(user))
    }

    fn unsubscribe_from(&self, user: UserName<'_>, filters: &[String]) -> Vec<Effect> {
        if !self.config.broker_subscriptions {
            return Vec::new();
        }
        let mut effects = Vec::new();
        for client_id in self.devices_of(user) {
            effects.extend(filters.iter().map(|filter| Effect::Unsubscribe {
                client_id: client_id.clone(),
                filter: filter.clone(),
            }));
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

    /// The client ids of a user's devices, here and absent.
    pub(super) fn devices_of(&self, user: UserName<'_>) -> Vec<Box<str>> {
        let mut devices = self.sessions.of_user(user, None);
        devices.extend_from_slice(self.devices.of_user(&user.to_string()));
        devices
    }
}

fn subscribe(client_id: &str, filter: String) -> Effect {
    Effect::Subscribe {
        client_id: client_id.into(),
        filter,
    }
}
