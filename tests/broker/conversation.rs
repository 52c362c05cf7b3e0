//! People of one enterprise at work: messages, groups, presence, signatures, channels; and what waits
//! for those who are away.

use serde_json::json;

use crate::harness::{
    Broker, Conf, Connect, Mqtt, Scene, StaticService, Version, each_broker, group_message, message,
};

each_broker!(
    two_employees_talk_by_the_reference_service,
    members_talk_in_groups_that_introspection_names,
    presence_and_signature_are_seen_by_those_who_come_later,
    holder_of_a_channel_sends_notices_to_colleagues,
    linked_partners_talk_across_enterprises,
    messages_wait_for_an_absent_device_across_a_restart,
    retained_signature_survives_a_restart,
    right_withdrawn_from_a_durable_subscription_stops_delivery,
);

fn two_employees_talk_by_the_reference_service(on: Version) {
    let service = StaticService::start();
    let broker = Broker::start(on, &Conf::new(&service.url()));
    broker.wait_for_log("control feed: connected");
    for (alice_mqtt, bob_mqtt) in [(Mqtt::V311, Mqtt::V5), (Mqtt::V5, Mqtt::V311)] {
        let mut alice = service
            .join(&broker, "alice@acme:pc", alice_mqtt)
            .subscribed("acme/im/msg/alice");
        let mut bob = service
            .join(&broker, "bob@acme:phone", bob_mqtt)
            .subscribed("acme/im/msg/bob")
            .subscribed("acme/im/msg/g/dev")
            .subscribed("$SYS/notice");
        let hello = message("alice", "hello");
        assert_eq!(alice.publish("acme/im/msg/bob", &hello), 0);
        assert_eq!(bob.next().payload, hello);
        let answer = message("bob", "hello yourself");
        bob.publish_qos0("acme/im/msg/alice", &answer);
        assert_eq!(alice.next().payload, answer);
        let all = group_message("alice", "all of you");
        assert_eq!(alice.publish("acme/im/msg/g/dev", &all), 0);
        assert_eq!(bob.next().payload, all);
        service.admin(&["notice", "send", "--all", "--title", "Lunch"]);
        assert_eq!(bob.next().json()["title"], "Lunch");
    }
}

fn members_talk_in_groups_that_introspection_names(on: Version) {
    let scene = Scene::asking(on);
    let mut alice = scene.join_with("alice@acme:pc", json!({"groups": ["dev"]}));
    let mut bob = scene
        .join_with("bob@acme:pc", json!({"groups": ["ops", "dev"]}))
        .subscribed("acme/im/msg/g/dev");
    let mut carol = scene.join_with("carol@acme:pc", json!({"groups": ["ops"]}));
    carol.subscribe("acme/im/msg/g/dev");
    let text = group_message("alice", "standup");
    alice.publish("acme/im/msg/g/dev", &text);
    assert_eq!(bob.next().payload, text);
    carol.publish("acme/im/msg/g/dev", &group_message("carol", "me too"));
    let seen = carol.all();
    assert!(
        seen.iter().all(|m| m.topic.starts_with("$SYS/notice/")),
        "{seen:?}"
    );
    assert_eq!(bob.all(), [], "a non-member's message");
    let mut outsider = scene.join_with("mallory@beta:pc", json!({"groups": ["dev"]}));
    outsider.subscribe("acme/im/msg/g/dev");
    alice.publish("acme/im/msg/g/dev", &text);
    assert_eq!(bob.next().payload, text);
    assert_eq!(outsider.all(), [], "a group of the same name elsewhere");
}

fn presence_and_signature_are_seen_by_those_who_come_later(on: Version) {
    let scene = Scene::start(on);
    let mut bob = scene.join("bob@acme:phone");
    assert_eq!(bob.publish_retained("acme/im/pres/bob", b"away"), 0);
    let signature = "在路上 – unterwegs".as_bytes();
    assert_eq!(bob.publish_retained("acme/im/sig/bob", signature), 0);
    for mqtt in Mqtt::BOTH {
        let mut alice = scene
            .join_as("alice@acme:pc", mqtt)
            .subscribed("acme/im/pres/bob")
            .subscribed("acme/im/sig/bob");
        let mut seen = [alice.next(), alice.next()];
        seen.sort_by(|a, b| a.topic.cmp(&b.topic));
        assert_eq!(seen[0].payload, b"away");
        assert_eq!(seen[1].payload, signature);
        assert!(seen.iter().all(|m| m.retain));
    }
}

fn holder_of_a_channel_sends_notices_to_colleagues(on: Version) {
    let scene = Scene::start(on);
    let mut hr = scene.join_with(
        "hr@acme:srv",
        json!({"kind": "service", "channels": ["hr"]}),
    );
    let mut bob = scene.join("bob@acme:pc").subscribed("acme/notice/#");
    let notice = json!({"id": "1", "kind": "leave", "time": 1, "title": "Holiday"}).to_string();
    assert_eq!(hr.publish("acme/notice/hr", notice.as_bytes()), 0);
    assert_eq!(bob.next().json()["title"], "Holiday");
    hr.publish("acme/notice/sales", notice.as_bytes());
    hr.publish("acme/notice/hr", b"no notice");
    bob.publish("acme/notice/hr", notice.as_bytes());
    let seen = bob.all();
    assert!(
        seen.iter().all(|m| m.topic.starts_with("$SYS/notice/")),
        "{seen:?}"
    );
}

fn linked_partners_talk_across_enterprises(on: Version) {
    let scene = Scene::start(on);
    let mut alice = scene
        .join_with("alice@acme:pc", json!({"partners": ["dora@beta"]}))
        .subscribed("beta/im/pres/dora");
    let mut dora = scene
        .join_with("dora@beta:pc", json!({"partners": ["alice@acme"]}))
        .subscribed("beta/im/msg/dora");
    let text = message("alice@acme", "an offer");
    assert_eq!(alice.publish("beta/im/msg/dora", &text), 0);
    assert_eq!(dora.next().payload, text);
    scene.settle();
    dora.publish_retained("beta/im/pres/dora", b"busy");
    assert_eq!(alice.next_said().payload, b"busy");
    scene.service.event(
        "partner.unlinked",
        &json!({"a": "alice@acme", "b": "dora@beta"}),
    );
    scene.settle();
    alice.publish("beta/im/msg/dora", &text);
    dora.publish_retained("beta/im/pres/dora", b"away");
    assert_eq!(dora.all(), [], "a message after the link was undone");
    let seen = alice.all();
    assert!(
        seen.iter().all(|m| m.topic.starts_with("$SYS/notice/")),
        "{seen:?}"
    );
}

fn messages_wait_for_an_absent_device_across_a_restart(on: Version) {
    let mut scene = Scene::start(on);
    for (mqtt, uid) in [(Mqtt::V311, "bob"), (Mqtt::V5, "bill")] {
        let inbox = format!("acme/im/msg/{uid}");
        let login = scene.announced(&format!("{uid}@acme:phone"));
        let connect = Connect::new(mqtt, &login.client_id, &login.token).durable();
        let bob = scene.send(&connect).client(uid).subscribed(&inbox);
        bob.disconnect();
        let mut alice = scene.join("alice@acme:pc");
        let before = message("alice", "before the restart");
        assert_eq!(alice.publish(&inbox, &before), 0);
        scene.broker.stop();
        scene.broker.start_again();
        let login = scene.service.issue("alice@acme:pc");
        let again = Connect::new(Mqtt::V5, &login.client_id, &login.token);
        let mut alice = scene.connect_until_decided(&again).client("alice");
        let after = message("alice", "after the restart");
        assert_eq!(alice.publish(&inbox, &after), 0);
        let mut bob = scene.connect_until_decided(&connect).client(uid);
        assert!(bob.session_present);
        assert_eq!(bob.next().payload, before);
        assert_eq!(bob.next().payload, after);
        assert_eq!(bob.all(), []);
    }
}

fn retained_signature_survives_a_restart(on: Version) {
    let mut scene = Scene::start(on);
    let mut bob = scene.join("bob@acme:pc");
    bob.publish_retained("acme/im/sig/bob", b"on the train");
    scene.broker.stop();
    scene.broker.start_again();
    let login = scene.service.issue("alice@acme:pc");
    let connect = Connect::new(Mqtt::V311, &login.client_id, &login.token);
    let alice = scene.connect_until_decided(&connect).client("alice");
    let mut alice = alice.subscribed("acme/im/sig/bob");
    assert_eq!(alice.next().payload, b"on the train");
}

fn right_withdrawn_from_a_durable_subscription_stops_delivery(on: Version) {
    let scene = Scene::start(on);
    let mut alice = scene.join_with("alice@acme:pc", json!({"groups": ["dev"]}));
    let mut bob = scene
        .join_with("bob@acme:pc", json!({"groups": ["dev"]}))
        .subscribed("acme/im/msg/g/dev")
        .subscribed("acme/im/msg/bob");
    let group = json!({"eid": "acme", "gid": "dev", "members": ["alice"]});
    scene.service.event("group.upserted", &group);
    scene.settle();
    alice.publish("acme/im/msg/g/dev", &group_message("alice", "without bob"));
    let direct = message("alice", "to bob");
    alice.publish("acme/im/msg/bob", &direct);
    assert_eq!(bob.next().payload, direct);
    assert_eq!(bob.all(), []);
}
