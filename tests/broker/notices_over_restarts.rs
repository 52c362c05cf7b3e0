//! Notices over restarts of the broker: those that wait for absent devices and those that are retained, of which Mosquitto's
//! own database keeps little.

use std::time::Duration;

use serde_json::{Value, json};

use crate::directory::state_dir;
use crate::harness::{Mqtt, MqttClient, Scene, Version, each_broker, free_port};
use crate::metrics::wait_for;
use crate::notices::{BOBS, notices, scopes, settle, titles};
use crate::stopped_on_the_way::{back, durable, restart, scene, scene_of_acme, waiting};

each_broker!(
    notices_wait_through_restarts_and_come_in_order_and_once,
    session_that_begins_anew_holds_no_notice_of_before,
    retained_notice_outlives_a_restart_and_comes_once,
    notices_that_cannot_be_kept_are_told_of,
    notices_that_find_no_room_are_counted_and_told_of,
    notice_that_was_not_acknowledged_comes_again,
);

fn notices_wait_through_restarts_and_come_in_order_and_once(on: Version) {
    let state = state_dir();
    let mut scene = scene_of_acme(on, &state);
    let mut devices = Vec::new();
    for mqtt in Mqtt::BOTH {
        for filters in [&[][..], &["$SYS/notice", "$SYS/notice/acme", BOBS]] {
            let client_id = format!("bob@acme:{mqtt:?}-{}", filters.len());
            let login = scene.announced_with(&client_id, json!({"groups": ["dev"]}));
            let client = scene.send(&durable(&login, mqtt)).client(&client_id);
            let subscribe = |client: MqttClient, filter: &&str| client.subscribed(filter);
            filters.iter().fold(client, subscribe).disconnect();
            devices.push((login, mqtt));
        }
    }
    scene.settle();
    // The last round begins with sessions that the broker has had since its start.
    for round in 0..3 {
        let mut sent = Vec::new();
        for part in 0..3 {
            for (scope, _) in scopes() {
                let title = format!("round {round}, part {part}, {scope}");
                scene.service.notice(&scope, &title);
                sent.push(title);
            }
            settle(&scene);
            if round < 2 && part < 2 {
                restart(&mut scene);
            }
        }
        for (login, mqtt) in &devices {
            scene.service.announce(login);
            scene.settle();
            let connect = durable(login, *mqtt);
            let mut seen = waiting(&scene, &connect);
            seen.retain(|m| m.topic.starts_with("$SYS"));
            // The broker routes by subscription before the plugin brings by hand: each scope has an order of its own.
            for (scope, _) in scopes() {
                let of_scope = |titles: &[String]| -> Vec<String> {
                    let scope = format!(", {scope}");
                    titles
                        .iter()
                        .filter(|t| t.ends_with(&scope))
                        .cloned()
                        .collect()
                };
                let expected = of_scope(&sent);
                assert_eq!(of_scope(&titles(&seen)), expected, "{}", login.client_id);
            }
            assert_eq!(seen.len(), sent.len(), "{}: {seen:?}", login.client_id);
            assert_eq!(waiting(&scene, &connect), [], "{}", login.client_id);
        }
    }
}

fn session_that_begins_anew_holds_no_notice_of_before(on: Version) {
    let state = state_dir();
    let mut scene = scene(on, &state);
    for mqtt in Mqtt::BOTH {
        let login = scene.announced("bob@acme:pc");
        let connect = durable(&login, mqtt);
        scene.send(&connect).client("bob").disconnect();
        scene.settle();
        let bob = json!({"eid": "acme", "uid": "bob"});
        scene.service.notice(&bob, "of before");
        settle(&scene);
        restart(&mut scene);
        scene.service.announce(&login);
        settle(&scene);
        let mut client = scene.connect(&login, mqtt).client("bob");
        assert!(!client.session_present);
        settle(&scene);
        assert_eq!(notices(&mut client), []);
        client.disconnect();
        assert_eq!(notices(&mut scene.send(&connect).client("bob")), []);
        scene.settle();
    }
}

/// A notice to all of acme that the broker is to keep.
fn retained(scene: &Scene, title: &str, members: &[(&str, Value)]) {
    let mut data = json!({
        "id": title, "scope": {"eid": "acme"}, "title": title, "body": "", "kind": "announcement", "retain": true,
    });
    for (name, value) in members {
        data[*name] = value.clone();
    }
    scene.service.event("notice", &data);
    settle(scene);
}

fn retained_notice_outlives_a_restart_and_comes_once(on: Version) {
    let state = state_dir();
    let mut scene = scene(on, &state);
    let login = scene.announced("bob@acme:pc");
    let bob = durable(&login, Mqtt::V5);
    let client = scene.send(&bob).client("bob");
    let mut client = client.subscribed("$SYS/notice/acme");
    retained(&scene, "former", &[]);
    retained(&scene, "latest", &[]);
    assert_eq!(titles(&notices(&mut client)), ["former", "latest"]);
    client.disconnect();
    scene.settle();
    for round in ["one restart", "another"] {
        restart(&mut scene);
        scene.service.announce(&login);
        settle(&scene);
        let mut client = back(&scene, &bob);
        assert_eq!(titles(&notices(&mut client)), [""; 0], "{round}");
        client.disconnect();
        let mut carol = scene.join("carol@acme:pc").subscribed("$SYS/notice/acme");
        let seen = notices(&mut carol);
        assert_eq!(titles(&seen), ["latest"], "{round}");
        assert!(seen.iter().all(|m| m.retain), "{round}");
    }
    retained(&scene, "short", &[("expiry_s", json!(1))]);
    scene.broker.stop();
    std::thread::sleep(Duration::from_millis(2100));
    scene.broker.start_again();
    let carol = scene.announced("carol@acme:pc");
    let mut carol = scene
        .connect(&carol, Mqtt::V5)
        .client("carol")
        .subscribed("$SYS/notice/acme");
    assert_eq!(titles(&notices(&mut carol)), [""; 0], "its time is over");
}

/// Bob's device has been here, and is expected back; gives the scope of notices to him.
fn bob_is_away(scene: &Scene) -> Value {
    let login = scene.announced("bob@acme:pc");
    let connect = durable(&login, Mqtt::V5);
    scene.send(&connect).client("bob").disconnect();
    scene.settle();
    json!({"eid": "acme", "uid": "bob"})
}

fn notices_that_cannot_be_kept_are_told_of(on: Version) {
    let state = state_dir();
    let mut scene = scene(on, &state);
    let bob = bob_is_away(&scene);
    scene.service.notice(&bob, "to one who is absent");
    settle(&scene);
    state.close().expect("it is there");
    scene.broker.stop();
    let log = scene.broker.log();
    let line = log
        .lines()
        .find(|line| line.contains("or are retained are lost: "));
    assert!(
        line.is_some_and(|line| line.contains("No such file")),
        "{log}"
    );
}

fn notices_that_find_no_room_are_counted_and_told_of(on: Version) {
    let state = state_dir();
    let port = free_port();
    let scene = Scene::with(on, |conf| {
        conf.option("state_dir", state.path().display())
            .option("metrics_listen", port)
    });
    let bob = bob_is_away(&scene);
    for n in 0..1003 {
        scene.service.notice(&bob, &n.to_string());
    }
    wait_for(port, "waiting_notices", "1000");
    wait_for(port, "waiting_notices_left_out_total", "3");
    let line = "notices for absent devices found no room";
    scene.broker.wait_for_log(line);
}

/// On 2.1 it takes an option that is 2.0's default: Mosquitto by itself does not write such a message.
fn notice_that_was_not_acknowledged_comes_again(on: Version) {
    let state = state_dir();
    let mut scene = Scene::with(on, |conf| {
        conf.option("state_dir", state.path().display())
            .line("allow_duplicate_messages false")
    });
    let login = scene.announced("bob@acme:pc");
    let connect = durable(&login, Mqtt::V5);
    let deaf = scene.send(&connect).client("bob").subscribed(BOBS);
    scene
        .service
        .notice(&json!({"eid": "acme", "uid": "bob"}), "sent, and not read");
    settle(&scene);
    restart(&mut scene);
    drop(deaf);
    scene.service.announce(&login);
    settle(&scene);
    let seen = waiting(&scene, &connect);
    assert_eq!(titles(&seen), ["sent, and not read"]);
    assert_eq!(waiting(&scene, &connect), []);
}
