//! Everything that can be renewed is renewed while people talk: nobody is disconnected, and not one message is lost.
//!
//! The real static service over TLS, which asks for a client certificate. The secret, the client certificate, the authority
//! and the service's own certificate change, the policy and the options file too.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::harness::{
    Authority, BROKER_SECRET, Broker, Conf, Connect, Mqtt, MqttClient, StaticService, Version,
    connect_until_decided, each_broker, eventually, message,
};

each_broker!(
    secret_policy_certificates_and_options_change_under_traffic,
    a_secret_that_the_files_already_hold_is_found_without_sighup,
);

const NEW_SECRET: &str = "broker-s3cr3t-of-the-next-quarter";
const BOARD: &str = r#"{"version": 1, "rules": [{"name": "board",
    "allow": ["publish", "subscribe", "receive"], "topics": ["{eid}/board"]}]}"#;

/// The files that the broker's configuration names.
struct Files {
    folder: TempDir,
}

impl Files {
    fn new(authority: &Authority) -> Files {
        let folder = tempfile::tempdir().expect("a folder");
        let files = Files { folder };
        files.write("secret", BROKER_SECRET);
        files.write("policy.json", r#"{"version": 1, "rules": []}"#);
        files.write("options", "cache_ttl_s 1\n");
        files.certify(authority);
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        replace(&self.path(name), text.as_bytes());
    }

    /// A new certificate of this authority, which is also the one that is trusted from now on.
    fn certify(&self, authority: &Authority) {
        authority.sign("broker", "broker-1.example");
        for name in ["ca.pem", "broker.pem", "broker.key"] {
            let pem = std::fs::read(authority.file(name)).expect("a file");
            replace(&self.path(name), &pem);
        }
    }

    fn conf(&self, service: &StaticService) -> Conf {
        let path = |name: &str| self.path(name).display().to_string();
        Conf::new(&service.url())
            .option("client_secret_file", path("secret"))
            .option("policy_file", path("policy.json"))
            .option("options_file", path("options"))
            .option("ca_file", path("ca.pem"))
            .option("client_cert_file", path("broker.pem"))
            .option("client_key_file", path("broker.key"))
    }
}

/// As rotating programs do it: whoever reads finds the old or the new.
fn replace(path: &Path, content: &[u8]) {
    let beside = path.with_extension("new");
    std::fs::write(&beside, content).expect("a file");
    std::fs::rename(&beside, path).expect("its place");
}

/// Two who talk without end; each message must come once, in its order.
struct Talk {
    alice: MqttClient,
    bob: MqttClient,
    said: u32,
}

impl Talk {
    fn go_on(&mut self) {
        for _ in 0..20 {
            self.said += 1;
            let text = message("alice", &format!("word {}", self.said));
            // QoS 1: it returns when the broker has it.
            self.alice.publish("acme/im/msg/bob", &text);
            assert_eq!(self.heard(), text, "word {}", self.said);
        }
    }

    /// Notices come in between: somebody logged in on another device.
    fn heard(&mut self) -> Vec<u8> {
        loop {
            let message = self.bob.next();
            if message.topic == "acme/im/msg/bob" {
                return message.payload;
            }
        }
    }

    /// Goes on until the broker's log says this.
    fn until(&mut self, broker: &Broker, skip: usize, line: &str) {
        eventually(line, || {
            self.go_on();
            let log = broker.log();
            log.get(skip..)?.contains(line).then_some(())
        });
        self.go_on();
    }
}

fn secret_policy_certificates_and_options_change_under_traffic(on: Version) {
    let authority = Authority::new();
    let files = Files::new(&authority);
    let mut service = StaticService::start_with_certificates(&authority);
    let mut broker = Broker::start(on, &files.conf(&service));
    broker.wait_for_log("control feed: connected");
    let durable = service.token("carol@acme", "pc");
    let durable = Connect::new(Mqtt::V5, "carol@acme:pc", &durable).durable();
    connect_until_decided(&broker, &durable)
        .client("carol")
        .subscribed("acme/im/msg/carol")
        .disconnect();
    let mut talk = Talk {
        alice: service.join(&broker, "alice@acme:pc", Mqtt::V5),
        bob: service
            .join(&broker, "bob@acme:pc", Mqtt::V311)
            .subscribed("acme/im/msg/bob"),
        said: 0,
    };
    let text = message("alice", "for carol");
    talk.alice.publish("acme/im/msg/carol", &text);
    talk.go_on();

    // The secret: the service has the new one first, so that the old is refused for a while.
    let cut = |broker: &Broker| broker.log().len();
    let before = cut(&broker);
    service.change_broker_secret(NEW_SECRET);
    talk.go_on();
    files.write("secret", NEW_SECRET);
    broker.reload();
    talk.until(&broker, before, "were read again");
    let mut dave = service.join(&broker, "bob@acme:phone", Mqtt::V5);

    // Policy and options, together.
    let before = cut(&broker);
    files.write("policy.json", BOARD);
    files.write("options", "cache_ttl_s 2\nuser_failures_per_min 30\n");
    broker.reload();
    talk.until(
        &broker,
        before,
        "in force: cache_ttl_s=2 user_failures_per_min=30",
    );
    // 0x10: allowed, and nobody has subscribed.
    assert!(talk.alice.publish("acme/board", b"allowed now") < 0x80);

    // The broker's certificate, by the same authority.
    let before = cut(&broker);
    files.certify(&authority);
    broker.reload();
    talk.until(&broker, before, "were read again");

    // Another authority, and with it the service's certificate: the service is restarted, the feed comes back.
    let before = cut(&broker);
    let next = Authority::new();
    service.certify_anew(&next);
    talk.until(&broker, before, "trying again");
    files.certify(&next);
    broker.reload();
    talk.until(&broker, before, "control feed: connected");
    let mut late = service.join(&broker, "alice@acme:phone", Mqtt::V5);

    for client in [&mut talk.alice, &mut talk.bob, &mut dave, &mut late] {
        client.ping();
    }
    let mut carol = connect_until_decided(&broker, &durable).client("carol");
    assert_eq!(carol.next_said().payload, text);
    let log = broker.log();
    let ended: Vec<&str> = log
        .lines()
        .filter(|l| l.contains("connection ended") || l.contains("not authorised"))
        .collect();
    assert!(ended.is_empty(), "{ended:?}");
    assert!(talk.said >= 100, "{} words", talk.said);
    assert!(!log.contains(NEW_SECRET));
}

/// Whoever changes the files need not know of SIGHUP: a refusal makes the plugin look.
fn a_secret_that_the_files_already_hold_is_found_without_sighup(on: Version) {
    let authority = Authority::new();
    let files = Files::new(&authority);
    let service = StaticService::start_with_certificates(&authority);
    let conf = files.conf(&service).option("feed", "off");
    let broker = Broker::start(on, &conf.option("stall_budget_ms", 1000));
    let mut alice = service.join(&broker, "alice@acme:pc", Mqtt::V5);
    service.change_broker_secret(NEW_SECRET);
    files.write("secret", NEW_SECRET);
    let token = service.token("bob@acme", "pc");
    let connect = Connect::new(Mqtt::V5, "bob@acme:pc", &token);
    let mut bob = eventually("bob's login", || {
        let outcome = connect.send(broker.port());
        outcome.is_in().then(|| outcome.client("bob"))
    });
    broker.wait_for_log("the files hold others by now");
    alice.ping();
    bob.ping();
    assert!(bob.next_within(Duration::from_millis(1)).is_err());
}
