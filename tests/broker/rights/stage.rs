//! A broker that has been told of the whole world, and everybody's connections to it.

use serde_json::json;
use tempfile::TempDir;

use super::judge::Tally;
use super::letter::Letter;
use super::people::{Person, World};
use super::table::POLICY_FILE;
use super::topics::{SYSTEM_NOTICES, TOPICS};
use crate::harness::{Conf, Connect, Login, Message, Mqtt, MqttClient, Scene, Version};

/// One connection of somebody.
pub(super) struct Seat {
    pub(super) person: Person,
    pub(super) mqtt: Mqtt,
    pub(super) login: Login,
    pub(super) client: MqttClient,
    sentinels: usize,
}

impl Seat {
    /// Everything that was sent to it before now: its sentinel comes after that.
    pub(super) fn drain(&mut self) -> Vec<Message> {
        self.sentinels += 1;
        let sentinel = format!("{} {}", self.login.client_id, self.sentinels).into_bytes();
        let topic = self.sentinel_topic();
        self.client.publish(&topic, &sentinel);
        let mut messages = Vec::new();
        loop {
            let message = self.client.next();
            if message.topic != topic {
                messages.push(message);
            } else if message.payload == sentinel {
                return messages;
            }
        }
    }

    fn sentinel_topic(&self) -> String {
        format!("{}/sentinel/{}", self.person.eid, self.person.uid)
    }

    /// For a cell's name.
    pub(super) fn name(&self) -> String {
        format!("{} ({:?})", self.person.name, self.mqtt)
    }
}

/// All of it.
pub(super) struct Stage {
    pub(super) scene: Scene,
    pub(super) world: World,
    /// Those who listen.
    pub(super) listeners: Vec<Seat>,
    /// Those who speak.
    pub(super) speakers: Vec<Seat>,
    pub(super) tally: Tally,
    marks: usize,
    _policy: TempDir,
}

impl Stage {
    /// With everybody of the world connected.
    pub(super) fn open(on: Version, world: World) -> Stage {
        let policy = tempfile::tempdir().expect("a folder for the policy file");
        let file = policy.path().join("policy.json");
        std::fs::write(&file, POLICY_FILE).expect("a policy file");
        let scene = Scene::prepared(
            on,
            |service| service.directory(&world.told()),
            |conf| quiet(conf).option("policy_file", file.display()),
        );
        let mut stage = Stage {
            scene,
            world,
            listeners: Vec::new(),
            speakers: Vec::new(),
            tally: Tally::default(),
            marks: 0,
            _policy: policy,
        };
        stage.tell();
        stage.listeners = stage.seats("rx");
        stage.speakers = stage.seats("tx");
        stage
    }

    /// Tells the plugin all of the world over the feed.
    pub(super) fn tell(&self) {
        for entry in self.world.told() {
            let name = entry["event"].as_str().expect("an event");
            self.scene.service.event(name, &entry["data"]);
        }
        self.settle();
    }

    /// Returns when the plugin has applied all events so far, and the broker has sent what it published
    /// on their behalf.
    pub(super) fn settle(&self) {
        self.pass_barrier();
        if self.scene.on.is_2_1() {
            // What is published in one turn leaves in the next.
            self.pass_barrier();
        }
    }

    /// As `Scene::settle`, by an event of which the log speaks even when it is quiet: a notice that is
    /// none.
    fn pass_barrier(&self) {
        let id = self.scene.service.event("notice", &json!({}));
        self.scene.broker.wait_for_log(&format!("event {id} "));
    }

    /// Announced tokens for such a device of each active person, in both protocols.
    pub(super) fn logins(&self, device: &str) -> Vec<(Person, Mqtt, Login)> {
        let mut logins = Vec::new();
        for person in self.world.active() {
            for mqtt in Mqtt::BOTH {
                let client_id = format!("{}:{device}-{}", person.name, mqtt.level());
                let login = self.scene.service.issue_with(&client_id, person.grant());
                self.scene.service.announce(&login);
                logins.push((person.clone(), mqtt, login));
            }
        }
        self.settle();
        logins
    }

    fn seats(&self, device: &str) -> Vec<Seat> {
        let logins = self.logins(device).into_iter();
        logins
            .map(|(person, mqtt, login)| self.seat(person, mqtt, login))
            .collect()
    }

    /// Logs in, for a session that outlives its connection, with a subscription for the sentinels.
    pub(super) fn seat(&self, person: Person, mqtt: Mqtt, login: Login) -> Seat {
        let connect = Connect::new(mqtt, &login.client_id, &login.token).durable();
        let client = self.scene.send(&connect).client(&login.client_id);
        let mut seat = Seat {
            person,
            mqtt,
            login,
            client,
            sentinels: 0,
        };
        let code = seat.client.subscribe(&seat.sentinel_topic());
        assert!(code <= 2, "no sentinels for {}: {code:#x}", seat.name());
        seat
    }

    /// A mark that no letter had.
    pub(super) fn mark(&mut self) -> String {
        self.marks += 1;
        format!("letter-{}", self.marks)
    }

    /// Each listener asks for each of these filters; whether it is granted is judged.
    pub(super) fn subscribe(&mut self, filters: &[&'static str]) {
        let asked: Vec<String> = filters.iter().map(|f| (*f).to_owned()).collect();
        for at in 0..self.listeners.len() {
            let codes = self.listeners[at].client.subscribe_all(&asked);
            for (filter, code) in filters.iter().zip(codes) {
                self.judge_grant(at, filter, filter, code);
            }
        }
    }

    /// What became of a SUBSCRIBE. A grant for the operators' commands would give nothing: the plugin
    /// takes them, nobody is sent them.
    pub(super) fn judge_grant(&mut self, listener: usize, filter: &str, asked: &str, code: u8) {
        if filter == "$CONTROL/enterprise-push/v1" {
            return;
        }
        let seat = &self.listeners[listener];
        let want = self.world.may_subscribe(&seat.person, filter);
        self.tally.cell(want, code <= 2, || {
            format!("{} subscribes to {asked} (code {code:#x})", seat.name())
        });
    }

    /// Everything that came to each listener; nobody may have been given a topic beyond the rights, whoever
    /// sent it.
    pub(super) fn drain(&mut self) -> Vec<Vec<Message>> {
        let mut all = Vec::new();
        for seat in &mut self.listeners {
            let messages = seat.drain();
            for message in &messages {
                let may = self.world.may_receive(&seat.person, &message.topic);
                self.tally.cell(true, may, || {
                    format!("{} is given {message:?}", seat.name())
                });
            }
            all.push(messages);
        }
        all
    }

    /// One system notice of each scope, which the plugin has published when this returns.
    pub(super) fn system_notices(&mut self) -> Vec<Letter> {
        let mut letters = Vec::new();
        for (topic, scope) in SYSTEM_NOTICES {
            let title = self.mark();
            let scope = serde_json::from_str(scope).expect("a scope");
            self.scene.service.notice(&scope, &title);
            letters.push(Letter::system_notice(topic, &title));
        }
        self.settle();
        letters
    }

    /// Somebody who may publish, for each topic that anybody may publish to.
    pub(super) fn authors(&self) -> Vec<(&'static str, usize)> {
        let author = |topic: &'static str| {
            let may = |seat: &Seat| self.world.may_publish(&seat.person, topic);
            Some((topic, self.speakers.iter().position(may)?))
        };
        TOPICS.into_iter().filter_map(author).collect()
    }
}

/// Without the broker's account of each packet, which would be most of the test's work; and with clients
/// given nothing but what they subscribe to and what others publish, which is what is judged here.
fn quiet(conf: Conf) -> Conf {
    let types = ["none", "error", "warning", "notice", "information"];
    let conf = types
        .iter()
        .fold(conf, |conf, t| conf.line(&format!("log_type {t}")));
    conf.option("pre_subscribe", "off")
        .option("presence", "off")
}
