//! Nobody crosses the wall between enterprises, and nobody sends in another's name.

use serde_json::json;

use crate::each_host;
use crate::harness::{Header, MqttClient, message};
use crate::host::{Api, Options, Scene};

each_host!(
    mallory_of_another_enterprise_gets_nothing_and_sends_nothing,
    message_with_a_forged_sender_is_refused,
    retained_message_of_a_removed_user_is_not_given_out,
    system_and_control_topics_are_closed_to_clients,
);

/// On 1.4 messages go through only where the operator has said so.
fn open(api: Api) -> Scene {
    let options = match api {
        Api::V2 => Options::default().set("allow_unseen_payloads", "on"),
        Api::V3 | Api::V4 => Options::default(),
    };
    Scene::with(api, options)
}

fn topics(client: &mut MqttClient) -> Vec<String> {
    let seen = client.all_said();
    seen.into_iter().map(|message| message.topic).collect()
}

fn mallory_of_another_enterprise_gets_nothing_and_sends_nothing(api: Api) {
    let scene = open(api);
    let mut alice = scene.join("alice@acme:pc");
    let mut bob = scene.join("bob@acme:pc").subscribed("acme/im/msg/bob");
    let mut mallory = scene.join("mallory@beta:pc");
    for filter in [
        "#",
        "+/im/msg/+",
        "acme/#",
        "acme/im/msg/bob",
        "$SYS/notice/acme/#",
        &api.notice("/acme/bob"),
        "$share/g/acme/im/msg/bob",
    ] {
        let code = mallory.subscribe(filter);
        let refused = code == 0x80;
        assert_eq!(
            refused,
            api.asks_about_subscriptions(),
            "{filter}: {code:#x}"
        );
    }
    alice.publish("acme/im/msg/bob", &message("alice", "for bob"));
    scene
        .service
        .notice(&json!({"eid": "acme", "uid": "bob"}), "for bob");
    scene.settle();
    assert_eq!(topics(&mut bob), ["acme/im/msg/bob"]);
    assert_eq!(topics(&mut mallory), [""; 0]);

    mallory.publish("acme/im/msg/bob", &message("mallory@beta", "hello"));
    mallory.publish("acme/im/msg/bob", &message("alice", "hello"));
    mallory.publish_retained("acme/im/pres/bob", b"offline");
    alice.publish("acme/im/msg/bob", &message("alice", "last"));
    assert_eq!(topics(&mut bob), ["acme/im/msg/bob"], "alice's alone");
}

fn message_with_a_forged_sender_is_refused(api: Api) {
    let scene = Scene::start(api);
    let mut alice = scene.join("alice@acme:pc");
    let mut bob = scene
        .join("bob@acme:pc")
        .subscribed("acme/im/msg/bob")
        .subscribed(&scene.api.notice("/acme/bob"));
    let notices = scene.api.notice("/acme/alice");
    assert_eq!(alice.subscribe(&notices) & 0x80, 0);
    alice.publish("acme/im/msg/bob", &message("carol", "forged"));
    alice.publish("acme/im/msg/bob", b"no header");
    let foreign = Header {
        version: 0x24,
        ..Header::text("alice")
    };
    alice.publish("acme/im/msg/bob", &foreign.with(b"x"));
    let told = alice.next();
    assert_eq!(told.topic, notices);
    assert_eq!(told.json()["kind"], "message.refused");
    alice.publish("acme/im/msg/bob", &message("alice", "true"));
    let seen = bob.all_said();
    if api == Api::V2 {
        // It cannot tell one from the other, so all are refused unless the operator says otherwise.
        scene.wait_for_log("does not show what is published");
        assert_eq!(seen, []);
    } else {
        let [message] = &*seen else {
            panic!("{seen:?}");
        };
        assert!(message.payload.ends_with(b"true"));
    }
}

fn retained_message_of_a_removed_user_is_not_given_out(api: Api) {
    let scene = open(api);
    let mut alice = scene.join("alice@acme:pc");
    let mut bob = scene.join("bob@acme:pc");
    alice.publish_retained("acme/im/sig/alice", b"at work");
    bob = bob.subscribed("acme/im/sig/alice");
    assert_eq!(bob.next().payload, b"at work");
    scene
        .service
        .event("user.removed", &json!({"eid": "acme", "uid": "alice"}));
    scene.settle();
    let mut carol = scene.join("carol@acme:pc").subscribed("acme/im/sig/+");
    // Cleared by the plugin, and refused even before that where the broker asks about the sender.
    assert_eq!(topics(&mut carol), [""; 0]);
}

fn system_and_control_topics_are_closed_to_clients(api: Api) {
    let scene = open(api);
    let mut operator = scene.join_with("root@acme:pc", json!({"roles": ["operator"]}));
    let mut alice = scene
        .join("alice@acme:pc")
        .subscribed(&api.notice("/acme/alice"))
        .subscribed(&api.notice(""));
    for topic in [
        &*api.notice(""),
        &*api.notice("/acme/alice"),
        "$SYS/notice/acme/alice",
        "$SYS/broker/x",
        "$CONTROL/enterprise-push/v1",
        "$enterprise-push/turn",
        "$enterprise-push/x",
    ] {
        operator.publish(topic, b"{}");
    }
    assert_eq!(
        alice
            .all_said()
            .iter()
            .filter(|m| m.payload == b"{}")
            .count(),
        0
    );
}
