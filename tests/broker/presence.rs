//! Presence that tells the truth, whatever clients say or forget to say.

use std::time::Duration;

use serde_json::json;

use crate::harness::{Connect, Mqtt, MqttClient, Scene, Version, each_broker};

each_broker!(
    first_login_is_online_and_the_last_end_offline,
    every_way_to_go_is_seen,
    own_word_stays_while_a_device_is_left,
    wills_do_not_lie,
    stale_presence_is_put_right_after_a_restart,
    presence_is_left_to_clients_when_switched_off,
    presence_is_seen_only_by_those_allowed,
);

const BOB: &str = "acme/im/pres/bob";

/// Alice, who looks at bob's presence.
fn watching(scene: &Scene) -> MqttClient {
    scene.join("alice@acme:pc").subscribed(BOB)
}

fn assert_says(watcher: &mut MqttClient, word: &str) {
    let message = watcher.next();
    assert_eq!(message.topic, BOB);
    assert_eq!(String::from_utf8_lossy(&message.payload), word);
}

fn first_login_is_online_and_the_last_end_offline(on: Version) {
    let scene = Scene::start(on);
    let mut alice = watching(&scene);
    let pc = scene.join("bob@acme:pc");
    assert_says(&mut alice, "online");
    let phone = scene.join_as("bob@acme:phone", Mqtt::V5);
    pc.disconnect();
    scene.settle();
    assert_eq!(alice.all(), []);
    let mut late = scene.join("carol@acme:pc").subscribed(BOB);
    let kept = late.next();
    assert!(kept.retain && kept.payload == b"online");
    phone.disconnect();
    assert_says(&mut alice, "offline");
    assert_eq!(late.next().payload, b"offline");
}

/// Cut, kicked, taken over, gone quiet, out of date: with a will or without.
fn every_way_to_go_is_seen(on: Version) {
    let scene = Scene::start(on);
    let mut alice = watching(&scene);
    let login = scene.announced("bob@acme:pc");
    let mut connect = Connect::new(Mqtt::V5, &login.client_id, &login.token);
    connect.keep_alive_s = 1;
    let come = |connect: &Connect, alice: &mut MqttClient| {
        let bob = scene.send(connect).client("bob");
        assert_says(alice, "online");
        bob
    };
    drop(come(&connect, &mut alice));
    assert_says(&mut alice, "offline");

    let bob = come(&connect, &mut alice);
    let kick = json!({"eid": "acme", "uid": "bob", "reason": "test"});
    scene.service.event("session.kick", &kick);
    assert_says(&mut alice, "offline");
    drop(bob);

    // A takeover is no change.
    let former = come(&connect, &mut alice);
    let bob = scene.send(&connect).client("bob");
    scene.settle();
    assert_eq!(alice.all(), []);
    drop(former);
    // Not a word for longer than one and a half times the keep-alive.
    assert_says(&mut alice, "offline");
    drop(bob);

    let bob = come(&connect, &mut alice);
    let revoked = json!({"digest": login.digest()});
    scene.service.event("token.revoked", &revoked);
    assert_says(&mut alice, "offline");
    drop(bob);
}

fn own_word_stays_while_a_device_is_left(on: Version) {
    let scene = Scene::start(on);
    let mut alice = watching(&scene);
    let mut pc = scene.join("bob@acme:pc");
    assert_says(&mut alice, "online");
    // Until ours has surely been routed: said before that, a word is said again.
    scene.settle();
    pc.publish_retained(BOB, b"busy");
    assert_says(&mut alice, "busy");
    let mut phone = scene.join("bob@acme:phone");
    pc.disconnect();
    scene.settle();
    assert_eq!(alice.all(), [], "busy stands");
    // The phone says goodbye for itself, while a tablet is left.
    let tablet = scene.join("bob@acme:tablet");
    phone.publish_retained(BOB, b"offline");
    assert_says(&mut alice, "offline");
    phone.disconnect();
    assert_says(&mut alice, "online");
    drop(tablet);
    assert_says(&mut alice, "offline");
}

fn wills_do_not_lie(on: Version) {
    let scene = Scene::start(on);
    let mut alice = watching(&scene);
    let phone = scene.join("bob@acme:phone");
    assert_says(&mut alice, "online");
    for mqtt in Mqtt::BOTH {
        let login = scene.announced("bob@acme:pc");
        let connect = Connect::new(mqtt, &login.client_id, &login.token);
        drop(
            scene
                .send(&connect.will(BOB, b"offline", true))
                .client("bob"),
        );
        // The broker has dealt with the end, and so with the will, when the next login under this id is through.
        scene.join("bob@acme:pc").disconnect();
        scene.settle();
        assert_eq!(alice.all(), [], "{mqtt:?}: bob is still here");
    }
    drop(phone);
    assert_says(&mut alice, "offline");
}

fn stale_presence_is_put_right_after_a_restart(on: Version) {
    let mut scene = Scene::start(on);
    let mut bob = scene.join("bob@acme:pc");
    bob.publish_retained(BOB, b"away");
    scene.broker.stop();
    drop(bob);
    scene.broker.start_again();
    let login = scene.service.issue("alice@acme:pc");
    let connect = Connect::new(Mqtt::V311, &login.client_id, &login.token);
    let mut alice = scene
        .connect_until_decided(&connect)
        .client("alice")
        .subscribed(BOB);
    assert_says(&mut alice, "offline");
    let late = Connect::new(Mqtt::V5, &login.client_id, &login.token);
    let mut late = scene
        .connect_until_decided(&late)
        .client("alice")
        .subscribed(BOB);
    let kept = late.next();
    assert!(kept.retain && kept.payload == b"offline", "{kept:?}");
}

fn presence_is_left_to_clients_when_switched_off(on: Version) {
    let scene = Scene::with(on, |conf| conf.option("presence", "off"));
    let mut alice = watching(&scene);
    let login = scene.announced("bob@acme:pc");
    let connect = Connect::new(Mqtt::V311, &login.client_id, &login.token);
    let mut bob = scene
        .send(&connect.will(BOB, b"offline", true))
        .client("bob");
    scene.settle();
    assert_eq!(alice.all(), []);
    bob.publish_retained(BOB, b"online");
    assert_says(&mut alice, "online");
    drop(bob);
    assert_eq!(
        alice
            .next_within(Duration::from_secs(10))
            .map(|m| m.payload),
        Ok(b"offline".to_vec())
    );
}

fn presence_is_seen_only_by_those_allowed(on: Version) {
    let scene = Scene::start(on);
    let mut dora = scene.join_with("dora@beta:pc", json!({"partners": ["bob@acme"]}));
    let mut mallory = scene.join("mallory@beta:pc");
    for client in [&mut dora, &mut mallory] {
        client.subscribe(BOB);
        client.subscribe("acme/im/pres/+");
    }
    let linked = json!({"partners": ["dora@beta"]});
    let bob = scene.join_with("bob@acme:pc", linked);
    assert_eq!(dora.next().payload, b"online");
    drop(bob);
    assert_eq!(dora.next().payload, b"offline");
    assert_eq!(mallory.all(), []);
}
