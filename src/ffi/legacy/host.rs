//! What the plugin asks of a broker that has no calls but the one for its log.

use std::borrow::Cow;
use std::cell::RefCell;
use std::time::Duration;

use super::super::c;
use super::super::host::{self, Broker};
use super::Api;
use crate::engine::{Level, Publication};
use crate::plugin::{Host, HostError};
use crate::worker::{Messenger, Takeover};

/// Where 1.6 has its system notices: it takes no message to `$SYS` from anybody.
pub(super) const NOTICE: &str = "$NOTICE";
/// Where they stand elsewhere.
const SYS_NOTICE: &str = "$SYS/notice";
const SYS: &str = "$SYS/";

/// A broker of 1.x.
pub(super) struct OldBroker {
    broker: Broker,
    api: Api,
    messenger: Messenger,
    /// Those whose logins are to end.
    ended: RefCell<Vec<Box<str>>>,
}

impl OldBroker {
    pub(super) fn new(api: Api, messenger: Messenger) -> OldBroker {
        OldBroker {
            broker: Broker::new(),
            api,
            messenger,
            ended: RefCell::default(),
        }
    }

    pub(super) fn messenger(&self) -> &Messenger {
        &self.messenger
    }

    /// The client ids whose logins are to end, since this was last asked.
    pub(super) fn take_ended(&self) -> Vec<Box<str>> {
        self.ended.take()
    }
}

impl Host for OldBroker {
    fn log(&self, level: Level, text: &str) {
        host::log(level, &in_old_words(text));
    }

    fn coarse_time(&self) -> Duration {
        self.broker.coarse_time()
    }

    /// What is meant for one client reaches it by its topic: only notices to its user are.
    fn publish(&self, publication: &Publication) -> Result<(), HostError> {
        let Some(topic) = topic_at_broker(self.api, publication) else {
            return Ok(());
        };
        let topic = topic.into_owned();
        let sent = self.messenger.publish(Publication {
            to: None,
            topic,
            ..publication.clone()
        });
        if sent { Ok(()) } else { Err(NO_ROOM) }
    }

    /// All that comes over the connection is refused from now on, until the worker has ended it by a takeover. On 1.4
    /// the takeover's user name is all that we are shown, so there it is the whole client id.
    fn kick(&self, client_id: &str) -> Result<(), HostError> {
        self.ended.borrow_mut().push(client_id.into());
        let user = client_id
            .split_once(':')
            .map_or(client_id, |(user, _)| user);
        let username = if self.api.shows_clients() {
            user
        } else {
            client_id
        };
        let takes = self.messenger.take_over(Takeover {
            client_id: client_id.to_owned(),
            username: username.to_owned(),
        });
        if takes { Ok(()) } else { Err(NO_ROOM) }
    }

    fn subscribe(&self, _client_id: &str, _filter: &str) -> Result<(), HostError> {
        Err(NOT_SUPPORTED)
    }

    fn unsubscribe(&self, _client_id: &str, _filter: &str) -> Result<(), HostError> {
        Err(NOT_SUPPORTED)
    }

    fn complete_login(&self, _client_id: &str, _allow: bool) -> Result<(), HostError> {
        Err(NOT_SUPPORTED)
    }
}

const NO_ROOM: HostError = HostError(c::MOSQ_ERR_NOMEM);
const NOT_SUPPORTED: HostError = HostError(c::MOSQ_ERR_NOT_SUPPORTED);

/// Options have another prefix in the configuration of 1.x.
pub(super) fn in_old_words(text: &str) -> String {
    text.replace("plugin_opt_", "auth_opt_")
}

/// Where a publication goes at this broker; `None` when it cannot go anywhere.
fn topic_at_broker(api: Api, publication: &Publication) -> Option<Cow<'_, str>> {
    let topic = &*publication.topic;
    let notice = below(topic, SYS_NOTICE);
    match (notice, api) {
        (Some(rest), Api::V4) => Some(Cow::Owned(format!("{NOTICE}{rest}"))),
        (Some(_), _) => Some(Cow::Borrowed(topic)),
        (None, Api::V4) if topic.starts_with(SYS) => None,
        (None, _) if publication.to.is_some() => None,
        (None, _) => Some(Cow::Borrowed(topic)),
    }
}

/// The topic or filter by which the plugin judges what the broker asks about.
pub(super) fn topic_of_plugin(api: Api, topic: &str) -> Cow<'_, str> {
    match below(topic, NOTICE).filter(|_| api == Api::V4) {
        Some(rest) => Cow::Owned(format!("{SYS_NOTICE}{rest}")),
        None => Cow::Borrowed(topic),
    }
}

/// What follows a topic's first levels: nothing, or `/` and more.
fn below<'a>(topic: &'a str, first: &str) -> Option<&'a str> {
    let rest = topic.strip_prefix(first)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(client_id: Option<&str>, topic: &str) -> Publication {
        Publication {
            to: client_id.map(Into::into),
            topic: topic.to_owned(),
            payload: Vec::new(),
            qos: 0,
            retain: false,
            expiry_s: 0,
        }
    }

    #[test]
    fn system_notices_have_a_place_of_their_own_on_1_6() {
        for (api, topic, at_broker) in [
            (Api::V2, "$SYS/notice/acme", Some("$SYS/notice/acme")),
            (Api::V3, "$SYS/notice", Some("$SYS/notice")),
            (Api::V4, "$SYS/notice", Some("$NOTICE")),
            (Api::V4, "$SYS/notice/acme/bob", Some("$NOTICE/acme/bob")),
            (Api::V3, "$SYS/broker/x", Some("$SYS/broker/x")),
            (Api::V4, "$SYS/broker/x", None),
            (Api::V4, "$SYS/noticed", None),
            (Api::V4, "acme/im/msg/bob", Some("acme/im/msg/bob")),
        ] {
            let publication = to(None, topic);
            let found = topic_at_broker(api, &publication);
            assert_eq!(found.as_deref(), at_broker, "{api:?} {topic}");
        }
    }

    #[test]
    fn only_notices_reach_a_single_client() {
        let notice = to(Some("a@acme:pc"), "$SYS/notice/acme/a");
        assert!(topic_at_broker(Api::V3, &notice).is_some());
        let copy = to(Some("a@acme:pc"), "acme/im/msg/a");
        assert_eq!(topic_at_broker(Api::V3, &copy), None, "a copy for one");
    }

    #[test]
    fn notices_are_judged_by_the_topic_that_they_have_elsewhere() {
        for (api, at_broker, topic) in [
            (Api::V4, "$NOTICE", "$SYS/notice"),
            (Api::V4, "$NOTICE/#", "$SYS/notice/#"),
            (Api::V4, "$NOTICE/acme/bob", "$SYS/notice/acme/bob"),
            (Api::V4, "$NOTICES/acme", "$NOTICES/acme"),
            (Api::V3, "$NOTICE/acme", "$NOTICE/acme"),
            (Api::V2, "acme/notice/news", "acme/notice/news"),
        ] {
            assert_eq!(topic_of_plugin(api, at_broker), topic, "{api:?}");
        }
    }
}
