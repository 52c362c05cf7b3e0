//! Notices in time: in the feed's order and once each, by subscription and without, and to those who come later
//! as long as they are of use.

use serde_json::{Value, json};

use crate::harness::{Connect, Mqtt, Scene, Version, each_broker, eventually};
use crate::notices::{BOBS, notices, scopes, settle, titles};

each_broker!(
    absent_devices_find_notices_in_order_and_once,
    notices_come_in_the_feeds_order_and_once,
    retained_notice_is_kept_for_later_subscribers,
    notice_that_has_expired_is_not_delivered,
);

/// A device that keeps its session, subscribed to all notices or to none.
fn durable(scene: &Scene, client_id: &str, mqtt: Mqtt, subscribes: bool) -> Connect {
    let login = scene.announced_with(client_id, json!({"groups": ["dev"]}));
    let connect = Connect::new(mqtt, client_id, &login.token).durable();
    let mut client = scene.send(&connect).client(client_id);
    let filters: &[&str] = if subscribes {
        &["$SYS/notice", "$SYS/notice/acme", BOBS]
    } else {
        &[]
    };
    for filter in filters {
        client = client.subscribed(filter);
    }
    client.disconnect();
    connect
}

/// Four of bob's devices that have gone, in both versions, subscribed or not.
fn absent_devices(scene: &Scene) -> Vec<Connect> {
    let mut devices = Vec::new();
    for mqtt in Mqtt::BOTH {
        for subscribes in [true, false] {
            let client_id = format!("bob@acme:{mqtt:?}-{subscribes}");
            devices.push(durable(scene, &client_id, mqtt, subscribes));
        }
    }
    scene.settle();
    devices
}

/// Puts twenty notices of a scope on the feed; gives their titles.
fn twenty(scene: &Scene, scope: &Value) -> Vec<String> {
    let titles = (0..20).map(|n| format!("{scope} {n}"));
    titles
        .inspect(|title| assert!(scene.service.notice(scope, title) > 0))
        .collect()
}

fn absent_devices_find_notices_in_order_and_once(on: Version) {
    let scene = Scene::start(on);
    for (scope, topic) in scopes() {
        let devices = absent_devices(&scene);
        let sent = twenty(&scene, &scope);
        settle(&scene);
        for connect in &devices {
            let mut bob = scene.send(connect).client("bob");
            assert!(bob.session_present);
            let seen = notices(&mut bob);
            assert_eq!(titles(&seen), sent, "{connect:?}");
            assert!(seen.iter().all(|m| m.topic == topic && m.qos == 1));
            bob.disconnect();
        }
    }
}

fn notices_come_in_the_feeds_order_and_once(on: Version) {
    let scene = Scene::start(on);
    let login = scene.announced_with("bob@acme:pc", json!({"groups": ["dev"]}));
    for mqtt in Mqtt::BOTH {
        let mut bob = scene.connect(&login, mqtt).client("bob");
        for (scope, _) in scopes() {
            let sent = twenty(&scene, &scope);
            settle(&scene);
            assert_eq!(titles(&notices(&mut bob)), sent, "{mqtt:?}, not subscribed");
        }
        for filter in ["$SYS/notice", "$SYS/notice/acme", BOBS] {
            bob = bob.subscribed(filter);
        }
        // Of all scopes together: the broker routes them one after another.
        let sent: Vec<String> = scopes()
            .iter()
            .flat_map(|(scope, _)| twenty(&scene, scope))
            .collect();
        settle(&scene);
        assert_eq!(titles(&notices(&mut bob)), sent, "{mqtt:?}, subscribed");
        bob.disconnect();
    }
}

fn special(scene: &Scene, scope: &Value, title: &str, members: &Value) {
    let mut data = json!({"id": title, "scope": scope, "title": title});
    for (name, value) in members.as_object().expect("an object") {
        data[name] = value.clone();
    }
    scene.service.event("notice", &data);
    settle(scene);
}

fn retained_notice_is_kept_for_later_subscribers(on: Version) {
    let scene = Scene::start(on);
    for (scope, topic) in scopes() {
        special(&scene, &scope, "former", &json!({"retain": true}));
        special(&scene, &scope, "latest", &json!({"retain": true}));
        special(&scene, &scope, "passing", &json!({}));
        for mqtt in Mqtt::BOTH {
            let login = scene.announced_with("bob@acme:pc", json!({"groups": ["dev"]}));
            let mut bob = scene.connect(&login, mqtt).client("bob");
            assert_eq!(notices(&mut bob), [], "{topic}: not subscribed");
            let mut bob = bob.subscribed(topic);
            let seen = notices(&mut bob);
            assert_eq!(titles(&seen), ["latest"], "{topic}");
            assert!(seen.iter().all(|m| m.retain));
        }
    }
}

/// That its time is over shows in a retained notice that expires after it. (A second later, since Mosquitto drops
/// a retained message when its last second begins, and a waiting one when that is over.)
fn notice_that_has_expired_is_not_delivered(on: Version) {
    let scene = Scene::start(on);
    let devices = absent_devices(&scene);
    for (scope, _) in scopes() {
        special(&scene, &scope, "still of use", &json!({"expiry_s": 3600}));
        special(&scene, &scope, "void", &json!({"expiry_s": 1}));
    }
    let carols = json!({"eid": "acme", "uid": "carol"});
    special(
        &scene,
        &carols,
        "probe",
        &json!({"expiry_s": 2, "retain": true}),
    );
    let mut carol = scene.join_as("carol@acme:pc", Mqtt::V5);
    eventually("the end of the probe's time", || {
        assert!(carol.subscribe("$SYS/notice/acme/carol") <= 2);
        carol.all_said().is_empty().then_some(())
    });
    for connect in &devices {
        let mut bob = scene.send(connect).client("bob");
        let seen = notices(&mut bob);
        assert_eq!(titles(&seen), ["still of use"; 4], "{connect:?}");
    }
}
