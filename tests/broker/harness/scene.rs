//! A broker that follows a fake service, and people who join.

use serde_json::{Value, json};

use super::broker::Broker;
use super::conf::Conf;
use super::fake::{FakeService, Login};
use super::mqtt::{Connect, Mqtt, MqttClient, Outcome};
use super::version::Version;
use super::wait::{eventually, slowdown};

/// Both, the broker first: it is stopped while the service is still there.
pub(crate) struct Scene {
    pub(crate) broker: Broker,
    pub(crate) service: FakeService,
    pub(crate) on: Version,
    follows_feed: bool,
}

impl Scene {
    /// A broker with the shipped configuration that follows the feed.
    pub(crate) fn start(on: Version) -> Scene {
        Scene::with(on, |conf| conf)
    }

    /// A broker that asks about every token. It has time to wait for the answers, on 2.0 too.
    pub(crate) fn asking(on: Version) -> Scene {
        Scene::with(on, |conf| {
            conf.option("feed", "off").option("stall_budget_ms", 1000)
        })
    }

    /// A broker with a changed configuration.
    pub(crate) fn with(on: Version, change: impl FnOnce(Conf) -> Conf) -> Scene {
        Scene::prepared(on, |_| (), change)
    }

    /// As [`Scene::with`], with a service that is prepared before the broker starts.
    pub(crate) fn prepared(
        on: Version,
        prepare: impl FnOnce(&FakeService),
        change: impl FnOnce(Conf) -> Conf,
    ) -> Scene {
        let service = FakeService::start();
        prepare(&service);
        let conf = change(Conf::new(&service.url()));
        let broker = Broker::start(on, &conf);
        let settings = broker.wait_for_log(" feed=");
        let follows_feed = settings.contains(" feed=on");
        if follows_feed {
            broker.wait_for_log("control feed: connected");
        }
        Scene {
            broker,
            service,
            on,
            follows_feed,
        }
    }

    /// Returns when the plugin has applied all events that the feed has carried so far, and the broker
    /// has sent what it published on their behalf.
    pub(crate) fn settle(&self) {
        self.pass_barrier();
        if self.on.is_2_1() {
            // What is published in one turn leaves in the next.
            self.pass_barrier();
        }
    }

    /// Asks for the line that the plugin logs about an event of a kind unknown to it.
    fn pass_barrier(&self) {
        let id = self.service.event("test.barrier", &json!({}));
        self.broker
            .wait_for_log(&format!("event {id} is of an unknown kind"));
    }

    /// A token that the broker has been told of, unless it asks about all of them.
    pub(crate) fn announced(&self, client_id: &str) -> Login {
        self.announced_with(client_id, json!({}))
    }

    /// As [`Scene::announced`], with other members (`groups`, `exp`, ...).
    pub(crate) fn announced_with(&self, client_id: &str, members: Value) -> Login {
        let login = self.service.issue_with(client_id, members);
        if self.follows_feed {
            self.service.announce(&login);
            self.settle();
        }
        login
    }

    /// A new token's owner, logged in.
    pub(crate) fn join(&self, client_id: &str) -> MqttClient {
        self.join_as(client_id, Mqtt::V311)
    }

    /// As [`Scene::join`], in this version of the protocol.
    pub(crate) fn join_as(&self, client_id: &str, mqtt: Mqtt) -> MqttClient {
        let login = self.announced(client_id);
        self.connect(&login, mqtt).client(client_id)
    }

    /// As [`Scene::join`], with other members of the token's grant (`groups`, `exp`, ...).
    pub(crate) fn join_with(&self, client_id: &str, members: Value) -> MqttClient {
        let login = self.announced_with(client_id, members);
        self.connect(&login, Mqtt::V311).client(client_id)
    }

    /// Tries a login.
    pub(crate) fn connect(&self, login: &Login, mqtt: Mqtt) -> Outcome {
        Connect::new(mqtt, &login.client_id, &login.token).send(self.broker.port())
    }

    /// Tries a CONNECT.
    pub(crate) fn send(&self, connect: &Connect) -> Outcome {
        connect.send(self.broker.port())
    }

    /// Decided at the first try, but under a tool that slows the broker down: then an answer may come later than a login may last.
    pub(crate) fn connect_at_once(&self, connect: &Connect) -> Outcome {
        if slowdown() > 1 {
            return self.connect_until_decided(connect);
        }
        self.send(connect)
    }

    /// Tries again while the broker closes without an answer, which on 2.0 means "not yet".
    pub(crate) fn connect_until_decided(&self, connect: &Connect) -> Outcome {
        connect_until_decided(&self.broker, connect)
    }
}

/// Tries again while the broker closes without an answer, which on 2.0 means "not yet".
pub(crate) fn connect_until_decided(broker: &Broker, connect: &Connect) -> Outcome {
    eventually("a login that is decided", || {
        match connect.send(broker.port()) {
            Outcome::Closed => None,
            outcome => Some(outcome),
        }
    })
}
