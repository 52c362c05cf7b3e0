//! Every kind of notice, as clients get it: what the reference service tells of changes, and what the plugin and
//! operators tell. `notices_in_time` has their order and what becomes of them later.

use serde_json::{Value, json};

use crate::harness::{
    Broker, Conf, Connect, Message, Mqtt, MqttClient, Scene, StaticService, Version,
    connect_until_decided, each_broker, message,
};

each_broker!(
    reference_service_tells_users_of_changes_that_concern_them,
    new_password_is_told_at_the_next_login,
    sender_is_told_why_a_message_was_refused,
    other_devices_are_told_of_a_new_one,
    operator_reaches_every_scope,
);

pub(crate) const BOBS: &str = "$SYS/notice/acme/bob";

/// The scopes that bob is in, in `dev` of acme, with their topics.
pub(crate) fn scopes() -> [(Value, &'static str); 4] {
    [
        (json!({"all": true}), "$SYS/notice"),
        (json!({"eid": "acme"}), "$SYS/notice/acme"),
        (json!({"eid": "acme", "uid": "bob"}), BOBS),
        (json!({"eid": "acme", "gid": "dev"}), BOBS),
    ]
}

/// Also what is brought by hand, which takes a turn more.
pub(crate) fn settle(scene: &Scene) {
    scene.settle();
    scene.settle();
}

pub(crate) fn titles(seen: &[Message]) -> Vec<String> {
    let title = |m: &Message| m.json()["title"].as_str().unwrap_or_default().to_owned();
    seen.iter().map(title).collect()
}

/// The notices that have come, but for those of logins.
pub(crate) fn notices(client: &mut MqttClient) -> Vec<Message> {
    let mut seen = client.all_said();
    seen.retain(|m| m.topic.starts_with("$SYS/notice") && m.json()["kind"] != "login.elsewhere");
    seen
}

/// Administrators' commands about bob and mallory@beta, with what bob is told of each.
fn changes() -> Vec<(&'static [&'static str], &'static str, Value)> {
    let group = || json!({"gid": "ops", "name": "Operations"});
    let partner = || json!({"partner": "mallory@beta"});
    let role = |change: &str| json!({"role": "hr", "change": change});
    let channel = |change: &str| json!({"channel": "news", "change": change});
    vec![
        (
            &["group", "member", "add", "ops@acme", "bob"],
            "group.added",
            group(),
        ),
        (
            &["group", "member", "remove", "ops@acme", "bob"],
            "group.removed",
            group(),
        ),
        (
            &["group", "member", "add", "ops@acme", "bob"],
            "group.added",
            group(),
        ),
        (&["group", "remove", "ops@acme"], "group.removed", group()),
        (
            &["partner", "link", "bob@acme", "mallory@beta"],
            "partner.linked",
            partner(),
        ),
        (
            &["partner", "unlink", "mallory@beta", "bob@acme"],
            "partner.unlinked",
            partner(),
        ),
        (
            &["user", "role", "add", "bob@acme", "hr"],
            "role.changed",
            role("added"),
        ),
        (
            &["user", "role", "remove", "bob@acme", "hr"],
            "role.changed",
            role("removed"),
        ),
        (
            &["user", "channel", "add", "bob@acme", "news"],
            "channel.changed",
            channel("added"),
        ),
        (
            &["user", "channel", "remove", "bob@acme", "news"],
            "channel.changed",
            channel("removed"),
        ),
    ]
}

fn reference_service_tells_users_of_changes_that_concern_them(on: Version) {
    let service = StaticService::start();
    let broker = Broker::start(on, &Conf::new(&service.url()));
    broker.wait_for_log("control feed: connected");
    let mut bobs = [
        service.join(&broker, "bob@acme:phone", Mqtt::V5),
        service
            .join(&broker, "bob@acme:pc", Mqtt::V311)
            .subscribed(BOBS),
    ];
    assert_eq!(bobs[0].next_said().json()["kind"], "login.elsewhere");
    let mut mallory = service.join(&broker, "mallory@beta:pc", Mqtt::V5);
    let mut alice = service.join(&broker, "alice@acme:pc", Mqtt::V311);
    service.admin(&["group", "add", "ops@acme", "--name", "Operations"]);
    for (command, kind, data) in changes() {
        service.admin(command);
        for bob in &mut bobs {
            let message = bob.next_said();
            assert_eq!((&*message.topic, message.qos), (BOBS, 1), "{command:?}");
            let notice = message.json();
            assert_eq!((&notice["kind"], &notice["data"]), (&json!(kind), &data));
            assert!(!message.retain && notice["title"] != "" && notice["body"] != "");
        }
    }
    service.admin(&["notice", "send", "--all", "--title", "that was all"]);
    let until_the_end = |client: &mut MqttClient| -> Vec<Value> {
        let next = || client.next_said().json();
        let seen = std::iter::repeat_with(next).take_while(|n| n["title"] != "that was all");
        seen.map(|n| json!([n["kind"], n["data"]])).collect()
    };
    for bob in &mut bobs {
        assert_eq!(until_the_end(bob), [json!(null); 0]);
    }
    assert_eq!(until_the_end(&mut alice), [json!(null); 0]);
    let bob = json!({"partner": "bob@acme"});
    let told = [
        json!(["partner.linked", bob]),
        json!(["partner.unlinked", bob]),
    ];
    assert_eq!(until_the_end(&mut mallory), told);
}

/// The change ends the user's sessions first.
fn new_password_is_told_at_the_next_login(on: Version) {
    let service = StaticService::start();
    let broker = Broker::start(on, &Conf::new(&service.url()));
    broker.wait_for_log("control feed: connected");
    for (mqtt, subscribes) in [(Mqtt::V5, false), (Mqtt::V311, true)] {
        let come = || {
            let token = service.token("bob@acme", "phone");
            let connect = Connect::new(mqtt, "bob@acme:phone", &token).durable();
            connect_until_decided(&broker, &connect).client("bob")
        };
        let mut bob = come();
        if subscribes {
            bob = bob.subscribed(BOBS);
        }
        bob.ping();
        service.admin(&["user", "passwd", "bob@acme", "--password", "correct horse"]);
        bob.ended_within(crate::harness::PATIENCE);
        let mut bob = come();
        assert!(bob.session_present);
        let notice = bob.next_said().json();
        assert_eq!(
            (&notice["kind"], &notice["data"]),
            (&json!("password.changed"), &json!({}))
        );
        assert_eq!(bob.all_said(), [], "once");
        bob.disconnect();
    }
}

fn sender_is_told_why_a_message_was_refused(on: Version) {
    let scene = Scene::start(on);
    for (uid, mqtt) in [("bob", Mqtt::V5), ("carol", Mqtt::V311)] {
        let mut other = scene.join(&format!("{uid}@acme:pc"));
        let mut sender = scene.join_as(&format!("{uid}@acme:phone"), mqtt);
        sender.publish(
            "beta/im/msg/mallory",
            &message(&format!("{uid}@acme"), "psst"),
        );
        let told = sender.next_said();
        assert_eq!(told.topic, format!("$SYS/notice/acme/{uid}"));
        assert_eq!(told.qos, 0);
        let notice = told.json();
        assert_eq!(notice["kind"], "message.refused");
        assert_eq!(notice["data"]["topic"], "beta/im/msg/mallory");
        let reason = notice["data"]["reason"].as_str().expect("a reason");
        assert!(!reason.is_empty() && notice["body"] == reason, "{notice}");
        settle(&scene);
        assert_eq!(notices(&mut sender), [], "once");
        assert_eq!(notices(&mut other), [], "another device's");
    }
}

fn other_devices_are_told_of_a_new_one(on: Version) {
    let scene = Scene::start(on);
    let mut pc = scene.join("bob@acme:pc");
    let mut subscribed = scene.join_as("bob@acme:tablet", Mqtt::V5).subscribed(BOBS);
    let login = scene.announced_with("bob@acme:phone", json!({"kind": "phone"}));
    assert_eq!(pc.next_said().json()["data"]["device"], "tablet");
    let mut phone = scene.connect(&login, Mqtt::V5).client("bob");
    for other in [&mut pc, &mut subscribed] {
        let told = other.next_said();
        assert_eq!((&*told.topic, told.qos), (BOBS, 0));
        assert_eq!(told.json()["kind"], "login.elsewhere");
        assert_eq!(
            told.json()["data"],
            json!({"device": "phone", "kind": "phone"})
        );
    }
    settle(&scene);
    assert_eq!(phone.all_said(), [], "the new device itself");
    phone.disconnect();
    let mut phone = scene.connect(&login, Mqtt::V5).client("bob");
    settle(&scene);
    for client in [&mut pc, &mut subscribed, &mut phone] {
        assert_eq!(client.all_said(), [], "a device that was here before");
    }
}

fn operator_reaches_every_scope(on: Version) {
    let scene = Scene::start(on);
    let mut operator = scene.join_with("root@beta:pc", json!({"roles": ["operator"]}));
    let login = scene.announced_with("bob@acme:pc", json!({"groups": ["dev"]}));
    let mut bob = scene.connect(&login, Mqtt::V5).client("bob");
    let mut carol = scene.join("carol@acme:pc");
    for filter in ["$SYS/notice", "$SYS/notice/acme", "$SYS/notice/acme/carol"] {
        carol = carol.subscribed(filter);
    }
    let mut mallory = scene.join("mallory@beta:pc");
    let send = |(scope, _): &(Value, &str)| json!({"command": "sendNotice", "scope": scope, "title": scope.to_string(), "kind": "drill", "data": [7]});
    let commands: Vec<Value> = scopes().iter().map(send).collect();
    let request = json!({ "commands": commands }).to_string();
    assert_eq!(
        operator.publish("$CONTROL/enterprise-push/v1", request.as_bytes()),
        0
    );
    settle(&scene);
    let assert_told = |client: &mut MqttClient, scopes: &[(Value, &str)]| {
        let seen = notices(client);
        let told = |m: &Message| (m.json()["title"].to_string(), m.topic.clone());
        let mut found: Vec<_> = seen.iter().map(told).collect();
        found.sort();
        let wanted = |(scope, topic): &(Value, &str)| {
            (json!(scope.to_string()).to_string(), (*topic).to_owned())
        };
        let mut wanted: Vec<_> = scopes.iter().map(wanted).collect();
        wanted.sort();
        assert_eq!(found, wanted);
        assert!(
            seen.iter()
                .all(|m| m.json()["kind"] == "drill" && m.json()["data"] == json!([7]))
        );
    };
    let [all, acme, user, group] = scopes();
    assert_told(&mut mallory, std::slice::from_ref(&all));
    assert_told(&mut carol, &[all.clone(), acme.clone()]);
    assert_told(&mut bob, &[all, acme, user, group]);
}
