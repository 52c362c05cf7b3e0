//! Mallory, of another enterprise: whatever she tries, she sees nothing of acme and acme nothing of her.

use serde_json::json;

use crate::harness::{
    Connect, Message, Mqtt, MqttClient, Scene, Version, each_broker, group_message, message,
};

each_broker!(
    subscriptions_to_foreign_topics_give_nothing,
    publish_to_foreign_enterprise_is_denied,
    will_to_foreign_enterprise_is_not_sent,
    retained_messages_from_outside_do_not_appear,
    retained_message_stays_in_its_enterprise,
    system_and_control_topics_are_closed_to_everybody,
    colleagues_do_not_read_each_others_inbox,
);

/// What mallory may try to subscribe to.
const FILTERS: [&str; 24] = [
    "#",
    "+/#",
    "+/+/#",
    "+/+/+/+",
    "acme/#",
    "acme/+/#",
    "acme/im/#",
    "acme/im/msg/#",
    "acme/im/msg/+",
    "acme/im/msg/bob",
    "acme/im/msg/g/dev",
    "acme/im/msg/g/+",
    "acme/im/pres/+",
    "acme/im/pres/alice",
    "acme/im/sig/+",
    "acme/notice/#",
    "acme/notice/news",
    "$share/g/acme/im/msg/bob",
    "$share/g/#",
    "$share/acme/+/im/pres/+",
    "$SYS/#",
    "$SYS/notice/#",
    "$SYS/notice/acme/#",
    "$SYS/notice/acme/bob",
];

/// Alice, who may do most of what can be done in acme, and bob, who sees all that he may.
fn alice_and_bob(scene: &Scene) -> (MqttClient, MqttClient) {
    let alice = scene.join_with(
        "alice@acme:pc",
        json!({"groups": ["dev"], "channels": ["news"]}),
    );
    let bob = scene
        .join_with("bob@acme:pc", json!({"groups": ["dev"]}))
        .subscribed("acme/im/msg/bob")
        .subscribed("acme/im/msg/g/dev")
        .subscribed("acme/im/pres/+")
        .subscribed("acme/im/sig/+")
        .subscribed("acme/notice/#")
        .subscribed("$SYS/notice/acme")
        .subscribed("$SYS/notice/acme/bob");
    (alice, bob)
}

/// Messages of acme: nobody else gets any.
fn of_acme(seen: Vec<Message>) -> Vec<Message> {
    let acme = |m: &Message| m.topic.split('/').any(|level| level == "acme");
    seen.into_iter().filter(acme).collect()
}

/// One message of each kind in acme; how many bob gets of it.
fn traffic(scene: &Scene, alice: &mut MqttClient) -> usize {
    let news = json!({"id": "n", "kind": "news", "time": 1, "title": "t"});
    alice.publish("acme/im/msg/bob", &message("alice", "for bob"));
    alice.publish("acme/im/msg/g/dev", &group_message("alice", "for dev"));
    alice.publish_retained("acme/im/pres/alice", b"online");
    alice.publish_retained("acme/im/sig/alice", b"at work");
    alice.publish("acme/notice/news", news.to_string().as_bytes());
    scene.service.notice(&json!({"eid": "acme"}), "for acme");
    scene
        .service
        .notice(&json!({"eid": "acme", "uid": "bob"}), "for bob");
    scene.settle();
    7
}

fn subscriptions_to_foreign_topics_give_nothing(on: Version) {
    let scene = Scene::start(on);
    let (mut alice, mut bob) = alice_and_bob(&scene);
    let mut mallories: Vec<MqttClient> = Vec::new();
    for (mqtt, device) in [(Mqtt::V311, "old"), (Mqtt::V5, "new")] {
        let mut mallory = scene.join_as(&format!("mallory@beta:{device}"), mqtt);
        for filter in FILTERS {
            mallory.subscribe(filter);
        }
        mallories.push(mallory);
    }
    let sent = traffic(&scene, &mut alice);
    for mallory in &mut mallories {
        assert_eq!(of_acme(mallory.all()), []);
        for filter in FILTERS {
            mallory.unsubscribe(filter);
        }
        // Nor what is kept, by subscribing once more.
        for filter in FILTERS {
            mallory.subscribe(filter);
        }
        assert_eq!(of_acme(mallory.all()), []);
    }
    let seen: Vec<String> = (0..sent).map(|_| bob.next().topic).collect();
    assert_eq!(seen.len(), sent, "{seen:?}");
}

fn publish_to_foreign_enterprise_is_denied(on: Version) {
    let scene = Scene::start(on);
    let (mut alice, mut bob) = alice_and_bob(&scene);
    let mut mallory = scene.join_as("mallory@beta:pc", Mqtt::V5);
    let news = json!({"id": "n", "kind": "news", "time": 1, "title": "t"}).to_string();
    for (topic, payload) in [
        ("acme/im/msg/bob", message("mallory@beta", "hi")),
        ("acme/im/msg/bob", message("mallory", "hi")),
        ("acme/im/msg/bob", message("alice", "hi")),
        ("acme/im/msg/bob", message("bob@acme", "hi")),
        ("acme/im/msg/g/dev", group_message("mallory@beta", "hi")),
        ("acme/im/msg/g/dev", group_message("alice", "hi")),
        ("acme/im/pres/bob", b"busy".to_vec()),
        ("acme/im/pres/mallory", b"busy".to_vec()),
        ("acme/im/sig/alice", b"hacked".to_vec()),
        ("acme/notice/news", news.clone().into_bytes()),
        ("acme/other", b"hi".to_vec()),
    ] {
        let reason = mallory.publish(topic, &payload);
        assert_eq!(reason, 0x87, "{topic}");
        mallory.publish_qos0(topic, &payload);
    }
    assert_eq!(bob.all_said(), []);
    assert_eq!(alice.all_said(), []);
    let real = message("alice", "really");
    alice.publish("acme/im/msg/bob", &real);
    assert_eq!(bob.next_said().payload, real);
}

fn will_to_foreign_enterprise_is_not_sent(on: Version) {
    let scene = Scene::start(on);
    let (_alice, mut bob) = alice_and_bob(&scene);
    for (mqtt, topic, payload) in [
        (Mqtt::V311, "acme/im/msg/bob", message("mallory@beta", "x")),
        (Mqtt::V5, "acme/im/msg/bob", message("alice", "x")),
        (Mqtt::V311, "acme/im/pres/alice", b"busy".to_vec()),
        (Mqtt::V5, "$SYS/notice/acme", b"x".to_vec()),
    ] {
        let login = scene.announced("mallory@beta:pc");
        let connect = Connect::new(mqtt, &login.client_id, &login.token);
        let outcome = scene.send(&connect.will(topic, &payload, true));
        // A will to $SYS may already be refused here.
        drop(outcome);
        left(&scene, "mallory@beta:pc");
        assert_eq!(bob.all_said(), [], "{topic}");
    }
    // The wills of those who may are sent.
    let login = scene.announced("carol@acme:pc");
    let connect = Connect::new(Mqtt::V311, &login.client_id, &login.token);
    drop(scene.send(&connect.will("acme/im/sig/carol", b"gone", true)));
    assert_eq!(bob.next_said().topic, "acme/im/sig/carol");
}

/// Waits until the broker has seen that a client has gone: logs in anew under the same client id, which
/// it answers only after it has dealt with the former connection.
fn left(scene: &Scene, client_id: &str) {
    let mut again = scene.join(client_id);
    again.ping();
    again.disconnect();
}

fn retained_messages_from_outside_do_not_appear(on: Version) {
    let scene = Scene::start(on);
    let mut mallory = scene.join("mallory@beta:pc");
    for topic in ["acme/im/pres/bob", "acme/im/sig/bob", "acme/im/msg/bob"] {
        mallory.publish_retained(topic, b"busy");
    }
    let (_alice, mut bob) = alice_and_bob(&scene);
    assert_eq!(bob.all_said(), []);
}

fn retained_message_stays_in_its_enterprise(on: Version) {
    let scene = Scene::start(on);
    let mut mallory = scene.join("mallory@beta:pc");
    mallory.publish_retained("beta/im/pres/mallory", b"online");
    let mut trudy = scene.join("trudy@beta:pc").subscribed("beta/im/pres/+");
    assert_eq!(trudy.next().payload, b"online");
    let mut alice = scene.join("alice@acme:pc");
    for filter in ["beta/im/pres/mallory", "beta/im/pres/+", "beta/#", "#"] {
        alice.subscribe(filter);
    }
    assert_eq!(alice.all(), []);
}

fn system_and_control_topics_are_closed_to_everybody(on: Version) {
    let scene = Scene::start(on);
    let mut bob = scene
        .join("bob@acme:pc")
        .subscribed("$SYS/notice")
        .subscribed("$SYS/notice/acme")
        .subscribed("$SYS/notice/acme/bob");
    let mut alice = scene.join("alice@acme:pc");
    for filter in [
        "$SYS/#",
        "$SYS/broker/#",
        "$SYS/broker/version",
        "$CONTROL/#",
        "$CONTROL/enterprise-push/v1",
        "$CONTROL/enterprise-push/v1/response",
        "$CONTROL/dynamic-security/v1/response",
    ] {
        alice.subscribe(filter);
    }
    assert_eq!(alice.all(), []);
    for topic in [
        "$SYS/notice",
        "$SYS/notice/acme",
        "$SYS/notice/acme/bob",
        "$CONTROL/enterprise-push/v1",
        "$CONTROL/dynamic-security/v1",
    ] {
        // The broker may end the connection over some of these.
        let mut eve = scene.join_as("eve@acme:pc", Mqtt::V5);
        let answer = eve.try_publish(topic, b"{}", true);
        assert_ne!(answer, Ok(0), "{topic}");
    }
    assert_eq!(bob.all(), []);
}

fn colleagues_do_not_read_each_others_inbox(on: Version) {
    let scene = Scene::start(on);
    let (mut alice, mut bob) = alice_and_bob(&scene);
    let mut carol = scene.join("carol@acme:pc");
    for filter in [
        "acme/im/msg/bob",
        "acme/im/msg/+",
        "acme/im/msg/#",
        "acme/im/msg/g/dev",
        "acme/#",
        "$share/x/acme/im/msg/bob",
        "$SYS/notice/acme/bob",
    ] {
        carol.subscribe(filter);
    }
    let sent = traffic(&scene, &mut alice);
    for _ in 0..sent {
        bob.next();
    }
    // As a colleague she gets the notices of acme.
    let notices = ["acme/notice/news", "$SYS/notice/acme"];
    let mut seen = carol.all();
    seen.retain(|m| !notices.contains(&m.topic.as_str()));
    assert_eq!(seen, []);
}
