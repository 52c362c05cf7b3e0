//! A broker that is stopped right behind a message: with `state_dir` what was on its way goes on after the start, once.

use std::time::Duration;

use serde_json::json;

use crate::directory::state_dir;
use crate::harness::{
    Connect, Login, Message, Mqtt, MqttClient, Scene, Version, directory, each_broker,
    group_message, message,
};
use crate::notices::{settle, titles};

each_broker!(
    copies_for_many_go_on_after_a_stop_right_behind_their_message,
    nothing_is_lost_or_doubled_by_a_stop_at_any_moment,
    what_was_on_its_way_is_not_brought_to_who_has_lost_the_right,
    loss_is_told_where_nothing_can_be_kept,
    damaged_file_is_said_to_be_and_not_used,
);

/// More than the plugin brings copies to in one turn.
const CROWD: usize = 700;
const KEPT: &str = "messages are on their way; they are kept for the next start";
const GO_ON: &str = "messages were on their way when the broker stopped; they go on";

/// With a folder for the broker's state.
pub(crate) fn scene(on: Version, state: &tempfile::TempDir) -> Scene {
    Scene::with(on, |conf| conf.option("state_dir", state.path().display()))
}

/// With a directory, too: by its copy the members of a group are known after a start.
pub(crate) fn scene_of_acme(on: Version, state: &tempfile::TempDir) -> Scene {
    let acme = [
        directory::enterprise("acme"),
        directory::user("alice@acme", &[], &["news"]),
        directory::user("bob@acme", &[], &[]),
        directory::group("dev@acme", &["alice", "bob"]),
    ];
    let scene = Scene::prepared(
        on,
        |service| service.directory(&acme),
        |conf| conf.option("state_dir", state.path().display()),
    );
    scene.broker.wait_for_log(" users, ");
    scene
}

pub(crate) fn durable(login: &Login, mqtt: Mqtt) -> Connect {
    Connect::new(mqtt, &login.client_id, &login.token).durable()
}

fn alice(scene: &Scene) -> MqttClient {
    let members = json!({"groups": ["dev"], "channels": ["news"]});
    scene.join_with("alice@acme:pc", members)
}

fn news(tag: &str) -> Vec<u8> {
    let news = json!({"id": tag, "kind": "news", "time": 1, "title": tag});
    news.to_string().into_bytes()
}

/// Stops the broker and starts it again; gives what it logged since.
pub(crate) fn restart(scene: &mut Scene) -> String {
    let before = scene.broker.log().len();
    scene.broker.stop();
    scene.broker.start_again();
    scene
        .broker
        .wait_for_log_after(before, "control feed: connected");
    scene.broker.log().split_off(before)
}

/// Comes back with a session that waited; what was kept for it follows in the next turns.
pub(crate) fn back(scene: &Scene, connect: &Connect) -> MqttClient {
    let client = scene.send(connect).client("who was absent");
    assert!(client.session_present);
    client
}

/// All that came for a device that was absent.
pub(crate) fn waiting(scene: &Scene, connect: &Connect) -> Vec<Message> {
    let mut client = back(scene, connect);
    settle(scene);
    let seen = client.all_said();
    // The broker has our acknowledgements before we go.
    client.ping();
    client.disconnect();
    seen
}

fn announce(scene: &Scene, logins: &[Login]) {
    logins.iter().for_each(|l| scene.service.announce(l));
    scene.settle();
}

/// Many devices that were here, have gone and left their sessions.
fn crowd(scene: &Scene) -> Vec<Login> {
    let login = |n| scene.service.issue(&format!("user{n}@acme:phone"));
    let logins: Vec<Login> = (0..CROWD).map(login).collect();
    announce(scene, &logins);
    for login in &logins {
        let connect = durable(login, Mqtt::V5);
        scene.send(&connect).client(&login.client_id).disconnect();
    }
    scene.settle();
    logins
}

fn copies_for_many_go_on_after_a_stop_right_behind_their_message(on: Version) {
    let state = state_dir();
    let mut scene = scene(on, &state);
    let logins = crowd(&scene);
    let mut sent = Vec::new();
    let mut caught = 0;
    // A stop may come too late, on a busy machine.
    while caught < 2 {
        let tag = format!("news {}", sent.len());
        assert!(sent.len() < 40, "no stop came in time: {sent:?}");
        let mut alice = alice(&scene);
        assert_eq!(alice.publish("acme/notice/news", &news(&tag)), 0);
        let log = restart(&mut scene);
        assert_eq!(log.contains(KEPT), log.contains(GO_ON), "{log}");
        caught += usize::from(log.contains(KEPT));
        sent.push(tag);
    }
    announce(&scene, &logins);
    settle(&scene);
    for login in &logins {
        let mut client = back(&scene, &durable(login, Mqtt::V5));
        let mut seen = titles(&client.all_said());
        seen.sort();
        sent.sort();
        assert_eq!(seen, sent, "{}", login.client_id);
    }
    assert!(!state.path().join("undelivered").exists());
}

fn nothing_is_lost_or_doubled_by_a_stop_at_any_moment(on: Version) {
    const ROUNDS: u64 = 16;
    let state = state_dir();
    let mut scene = scene_of_acme(on, &state);
    let dev = json!({"groups": ["dev"]});
    let devices: Vec<(Login, Mqtt)> = ["phone", "tablet"]
        .iter()
        .zip(Mqtt::BOTH)
        .map(|(device, mqtt)| {
            let client_id = format!("bob@acme:{device}");
            (scene.announced_with(&client_id, dev.clone()), mqtt)
        })
        .collect();
    for (login, mqtt) in &devices {
        scene
            .send(&durable(login, *mqtt))
            .client("bob")
            .disconnect();
    }
    scene.settle();
    for round in 0..ROUNDS {
        let mut alice = alice(&scene);
        let tag = format!("round {round};");
        for scope in [json!({"all": true}), json!({"eid": "acme", "uid": "bob"})] {
            scene.service.notice(&scope, &tag);
        }
        alice.publish("acme/im/msg/bob", &message("alice", &tag));
        alice.publish("acme/im/msg/g/dev", &group_message("alice", &tag));
        alice.publish("acme/notice/news", &news(&tag));
        std::thread::sleep(Duration::from_micros(97 * (round % 8)));
        restart(&mut scene);
    }
    settle(&scene);
    for (login, mqtt) in &devices {
        scene.service.announce(login);
        scene.settle();
        let seen = waiting(&scene, &durable(login, *mqtt));
        for round in 0..ROUNDS {
            let tag = format!("round {round};");
            let of_round = |m: &&Message| String::from_utf8_lossy(&m.payload).contains(&tag);
            let mut topics: Vec<&str> = seen.iter().filter(of_round).map(|m| &*m.topic).collect();
            topics.sort_unstable();
            assert_eq!(
                topics,
                [
                    "$SYS/notice",
                    "$SYS/notice/acme/bob",
                    "acme/im/msg/bob",
                    "acme/im/msg/g/dev",
                    "acme/notice/news"
                ],
                "{tag} {mqtt:?}"
            );
        }
    }
}

/// Copies that nobody had to wait for, as the plugin writes them.
fn write_undelivered(state: &tempfile::TempDir, topic: &str, to: &[&str], payload: &[u8]) {
    use base64::Engine as _;
    use sha2::{Digest, Sha256};
    let payload = base64::engine::general_purpose::STANDARD_NO_PAD.encode(payload);
    let line = json!({
        "topic": topic, "payload": payload, "qos": 1, "retain": false, "void_at": 0,
        "stage": {"copies": {"to": to}},
    });
    let lines = format!("enterprise-push-undelivered-1\n{line}\n");
    let digest: String = Sha256::digest(&lines)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let file = state.path().join("undelivered");
    std::fs::write(file, format!("{lines}{digest}\n")).expect("a file");
}

fn what_was_on_its_way_is_not_brought_to_who_has_lost_the_right(on: Version) {
    let state = state_dir();
    let mut scene = scene(on, &state);
    let bob = scene.announced_with("bob@acme:phone", json!({"groups": ["dev"]}));
    let carol = scene.announced_with("carol@acme:phone", json!({"groups": ["dev"]}));
    for login in [&bob, &carol] {
        scene
            .send(&durable(login, Mqtt::V5))
            .client("a member")
            .disconnect();
    }
    scene.settle();
    scene.broker.stop();
    let members = ["bob@acme:phone", "carol@acme:phone"];
    let text = group_message("alice", "of before");
    write_undelivered(&state, "acme/im/msg/g/dev", &members, &text);
    scene.broker.start_again();
    scene.broker.wait_for_log(&format!("2 {GO_ON}"));
    for (client_id, groups, expected) in [
        ("bob@acme:phone", json!([]), 0),
        ("carol@acme:phone", json!(["dev"]), 1),
    ] {
        let login = scene.announced_with(client_id, json!({"groups": groups}));
        let seen = back(&scene, &durable(&login, Mqtt::V5)).all_said();
        assert_eq!(seen.len(), expected, "{client_id}: {seen:?}");
    }
}

fn loss_is_told_where_nothing_can_be_kept(on: Version) {
    let mut scene = Scene::start(on);
    let logins = crowd(&scene);
    for round in 0.. {
        assert!(round < 40, "no stop came in time");
        let mut alice = alice(&scene);
        assert_eq!(alice.publish("acme/notice/news", &news("lost")), 0);
        let log = restart(&mut scene);
        if log.contains("are lost: there is no plugin_opt_state_dir") {
            return;
        }
        // Who has been here is not known over a restart without a folder: they come once more.
        announce(&scene, &logins);
        for login in &logins {
            back(&scene, &durable(login, Mqtt::V5)).disconnect();
        }
    }
}

fn damaged_file_is_said_to_be_and_not_used(on: Version) {
    let state = state_dir();
    std::fs::write(state.path().join("undelivered"), "nonsense\n").expect("a file");
    let scene = scene(on, &state);
    scene
        .broker
        .wait_for_log("undelivered: too short: not used");
    scene.join("alice@acme:pc").ping();
}
