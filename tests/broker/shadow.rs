//! Shadow mode beside a password file and an access list: they decide, the plugin tells what it would have decided.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{
    Broker, Conf, Connect, Mqtt, Outcome, Scene, Version, each_broker, eventually, free_port,
    message,
};

each_broker!(
    others_decide_about_logins_and_the_plugin_tells,
    others_decide_about_messages_and_the_plugin_tells,
    nothing_is_done_to_anybody,
    slow_static_service_stops_nobody,
    it_is_marked_everywhere,
    nothing_opens_that_was_shut_without_the_plugin,
    where_nobody_else_decides_2_1_goes_on_as_ever,
);

/// What stood there before: alice, bob and an old client have passwords; each may use what is below `acme`, and nothing else.
struct Former {
    folder: TempDir,
}

const ACL: &str = "pattern readwrite acme/#\npattern read $SYS/#\n";

impl Former {
    fn new(on: Version) -> Former {
        let folder = tempfile::tempdir().expect("a folder");
        let passwords = folder.path().join("passwords");
        for (n, user) in ["alice@acme", "bob@acme", "sensor"].iter().enumerate() {
            let mut program = Command::new(on.program().with_file_name("mosquitto_passwd"));
            program.arg("-b").args((n == 0).then_some("-c"));
            program.arg(&passwords).args([user, "old-password"]);
            let done = program.output().expect("mosquitto_passwd");
            assert!(done.status.success(), "{done:?}");
        }
        std::fs::write(folder.path().join("acl"), ACL).expect("an access list");
        Former { folder }
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn conf(&self, conf: Conf) -> Conf {
        conf.option("mode", "shadow")
            .line(&format!("password_file {}", self.file("passwords")))
            .line(&format!("acl_file {}", self.file("acl")))
    }

    fn scene(&self, on: Version) -> Scene {
        Scene::with(on, |conf| {
            let conf = conf.option("audit_file", self.file("audit.log"));
            self.conf(conf)
        })
    }

    fn records(&self) -> Vec<Value> {
        read(Path::new(&self.file("audit.log")))
    }
}

fn read(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let lines = whole.lines();
    lines
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

fn old(client_id: &str) -> Connect {
    Connect::new(Mqtt::V5, client_id, "old-password")
}

fn others_decide_about_logins_and_the_plugin_tells(on: Version) {
    let former = Former::new(on);
    let scene = former.scene(on);
    // The password is good, and no token of ours.
    scene.send(&old("alice@acme:pc")).client("alice").ping();
    let told = scene
        .broker
        .wait_for_log("shadow: login client_id=\"alice@acme:pc\"");
    assert!(
        told.contains("would be refused: login token is not active"),
        "{told}"
    );
    // A name that is none of ours.
    let sensor = old("s-17").username("sensor");
    scene.send(&sensor).client("a sensor").ping();
    let told = scene
        .broker
        .wait_for_log("shadow: login client_id=\"s-17\"");
    assert!(told.contains("would be refused: "), "{told}");
    // A good token is no password.
    let login = scene.announced("bob@acme:pc");
    assert!(matches!(
        scene.connect(&login, Mqtt::V5),
        Outcome::Refused(_)
    ));
    scene
        .broker
        .wait_for_log("shadow: login client_id=\"bob@acme:pc\" peer=127.0.0.1 would be granted");
    // A wrong password stays wrong.
    let wrong = Connect::new(Mqtt::V5, "bob@acme:pc", "wrong");
    assert!(matches!(scene.send(&wrong), Outcome::Refused(_)));
    let anonymous = Connect {
        username: None,
        password: None,
        ..old("x")
    };
    assert!(!scene.send(&anonymous).is_in());
    let record = eventually("a record", || {
        let records = former.records().into_iter();
        let mut found = records.filter(|r| r["event"] == "login.refused" && r["uid"] == "alice");
        found.next()
    });
    assert_eq!(record["shadow"], true, "{record}");
}

fn others_decide_about_messages_and_the_plugin_tells(on: Version) {
    let former = Former::new(on);
    let scene = former.scene(on);
    scene.announced("alice@acme:pc");
    scene.announced("bob@acme:pc");
    let mut bob = scene
        .send(&old("bob@acme:pc"))
        .client("bob")
        .subscribed("acme/#");
    let mut alice = scene.send(&old("alice@acme:pc")).client("alice");
    // No header, no right of ours; the access list allows it.
    assert_eq!(alice.publish("acme/machines/7", b"on"), 0);
    assert_eq!(bob.next().payload, b"on");
    // What the access list forbids stays forbidden, though we would allow nothing of it either.
    alice.publish("beta/machines/7", b"on");
    let good = message("alice", "a word");
    alice.publish("acme/im/msg/bob", &good);
    assert_eq!(
        bob.next().payload,
        good,
        "no echo, no copy, nothing but the message"
    );
    assert_eq!(bob.all(), []);
    for line in [
        "shadow: bob@acme:pc: subscribe to `acme/#` would be refused: ",
        "shadow: alice@acme:pc: publish to `acme/machines/7` would be refused: ",
        "shadow: bob@acme:pc: delivery on `acme/machines/7` would be refused: ",
    ] {
        scene.broker.wait_for_log(line);
    }
    assert!(
        !scene
            .broker
            .log()
            .contains("`acme/im/msg/bob` would be refused")
    );
    for event in ["publish.refused", "subscribe.refused", "receive.refused"] {
        let record = eventually(event, || {
            former.records().into_iter().find(|r| r["event"] == event)
        });
        assert_eq!(record["shadow"], true, "{record}");
    }
}

fn nothing_is_done_to_anybody(on: Version) {
    let former = Former::new(on);
    let mut scene = former.scene(on);
    let login = scene.announced("alice@acme:pc");
    let mut bob = scene
        .send(&old("bob@acme:pc"))
        .client("bob")
        .subscribed("acme/#");
    bob.subscribe("$SYS/notice/#");
    let mut alice = scene.send(&old("alice@acme:pc")).client("alice");
    let retained = b"kept";
    alice.publish_retained("acme/im/pres/alice", retained);
    assert_eq!(bob.next().payload, retained);
    // A kick, a revocation, a removal, a suspension, a notice: nobody is ended, nobody is told, nothing is cleared.
    let who = json!({"eid": "acme", "uid": "alice", "reason": "bye"});
    scene.service.event("session.kick", &who);
    scene
        .service
        .event("token.revoked", &json!({"digest": login.digest()}));
    scene
        .service
        .event("user.removed", &json!({"eid": "acme", "uid": "alice"}));
    scene
        .service
        .event("enterprise.suspended", &json!({"eid": "acme"}));
    scene.service.notice(&json!({"all": true}), "hello");
    scene.settle();
    // Another device with the same client id: the broker's own rule, no other.
    let mut again = scene.send(&old("alice@acme:pc")).client("alice again");
    scene.broker.reload();
    scene.broker.wait_for_log("were read again");
    again.ping();
    let control = "$CONTROL/enterprise-push/v1";
    again.publish(control, br#"{"commands":[{"command":"getStatus"}]}"#);
    assert_eq!(bob.all(), []);
    assert_eq!(again.all(), []);
    let mut late = scene.send(&old("bob@acme:tablet")).client("bob's tablet");
    late.subscribe("acme/im/pres/alice");
    assert_eq!(late.next().payload, retained);
    scene.broker.assert_runs();
    assert!(!scene.broker.log().contains("connection ended"));
}

fn slow_static_service_stops_nobody(on: Version) {
    let former = Former::new(on);
    let scene = Scene::with(on, |conf| {
        former.conf(conf.option("feed", "off").option("stall_budget_ms", 1000))
    });
    scene.service.introspection(crate::harness::Answer::Hang);
    let mut bob = scene
        .send(&old("bob@acme:pc"))
        .client("bob")
        .subscribed("acme/t");
    let began = std::time::Instant::now();
    for n in 0..20 {
        let mut alice = scene
            .send(&old(&format!("alice@acme:d{n}")))
            .client("alice");
        alice.publish("acme/t", b"x");
        assert_eq!(bob.next().payload, b"x");
    }
    // Each answer takes two seconds to be given up.
    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    scene
        .broker
        .wait_for_log("would be refused: static service cannot be asked");
}

fn it_is_marked_everywhere(on: Version) {
    let former = Former::new(on);
    let port = free_port();
    let mut scene = Scene::with(on, |conf| former.conf(conf.option("metrics_listen", port)));
    scene
        .broker
        .wait_for_log("SHADOW MODE: nothing is enforced");
    scene.broker.wait_for_log("logins are only looked at");
    let settings = scene.broker.log();
    assert!(settings.contains(" mode=shadow"));
    let before = settings.len();
    scene.send(&old("alice@acme:pc")).client("alice").ping();
    scene
        .broker
        .wait_for_log("would be refused: login token is not active");
    scene.broker.reload();
    let told = scene.broker.wait_for_log_after(before, "SHADOW MODE");
    assert!(told.contains("1 logins, 0 messages"), "{told}");
    eventually("the gauge", || {
        let text = super::metrics::scrape(port);
        let mut lines = text.lines();
        lines
            .any(|line| line == "enterprise_push_shadow_mode 1")
            .then_some(())
    });
    let mut bob = scene.send(&old("bob@acme:pc")).client("bob");
    bob.subscribe("$SYS/broker/enterprise-push/shadow");
    assert_eq!(bob.next().payload, b"1");
}

/// The same questions to a broker with the plugin and one without: all that differs is what is logged.
fn nothing_opens_that_was_shut_without_the_plugin(on: Version) {
    let former = Former::new(on);
    let shadowed = former.scene(on);
    let bare = Broker::start(on, &former.conf(Conf::new("http://127.0.0.1:9")).bare());
    let granted = shadowed.announced_with("alice@acme:pc", json!({"roles": ["operator"]}));
    for broker in [&shadowed.broker, &bare] {
        let send = |connect: &Connect| connect.send(broker.port());
        let in_by_token = Connect::new(Mqtt::V5, "alice@acme:pc", &granted.token);
        let wrong = Connect::new(Mqtt::V5, "alice@acme:pc", "wrong");
        let stranger = Connect::new(Mqtt::V5, "carol@acme:pc", "old-password");
        let nobody = Connect {
            username: None,
            password: None,
            ..old("y")
        };
        for shut in [in_by_token, wrong, stranger, nobody] {
            assert!(matches!(send(&shut), Outcome::Refused(_)));
        }
        let mut bob = send(&old("bob@acme:pc")).client("bob");
        for filter in ["#", "beta/#", "acme/im/msg/bob"] {
            bob.subscribe(filter);
        }
        let mut alice = send(&old("alice@acme:pc")).client("alice");
        for topic in [
            "beta/x",
            "other",
            "$SYS/notice",
            "$CONTROL/dynamic-security/v1",
        ] {
            alice.publish(topic, b"shut");
        }
        let text = message("alice", "open");
        alice.publish("acme/im/msg/bob", &text);
        let mut seen = bob.all();
        seen.retain(|m| !m.topic.starts_with("$SYS"));
        seen.dedup();
        assert!(
            seen.iter().all(|m| m.payload == text) && !seen.is_empty(),
            "{seen:?}"
        );
    }
}

/// Without password file and access list. 2.0 refuses what nobody else decides, as the documentation says.
fn where_nobody_else_decides_2_1_goes_on_as_ever(on: Version) {
    let scene = Scene::with(on, |conf| {
        conf.option("mode", "shadow").line("allow_anonymous true")
    });
    let mut nobody = Connect {
        username: None,
        password: None,
        ..old("z")
    };
    nobody.client_id = b"z".to_vec();
    let mut nobody = scene.send(&nobody).client("an anonymous client");
    let named = scene.send(&old("alice@acme:pc"));
    nobody.subscribe("any/topic");
    if on.is_2_1() {
        let mut alice = named.client("alice");
        alice.publish("any/topic", b"as ever");
        assert_eq!(nobody.next().payload, b"as ever");
    } else {
        assert!(!named.is_in());
        let told = scene.broker.wait_for_log("refuses what nobody else allows");
        assert!(told.contains("docs/shadow.md"), "{told}");
        nobody.publish("any/topic", b"shut");
        assert_eq!(nobody.all(), []);
    }
}
