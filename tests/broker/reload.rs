//! SIGHUP: the policy file is read again; a bad one changes nothing and hurts nobody.

use std::path::Path;

use crate::harness::{Mqtt, Scene, Version, each_broker};

each_broker!(
    good_policy_file_takes_effect_on_reload,
    bad_policy_file_leaves_the_old_one_in_force,
    broker_without_a_policy_file_survives_a_reload,
);

/// Everybody may use `{eid}/board` in their enterprise.
const BOARD: &str = r#"{"version": 1, "rules": [{"name": "board",
    "allow": ["publish", "subscribe", "receive"], "topics": ["{eid}/board"]}]}"#;
const NOTHING: &str = r#"{"version": 1, "rules": []}"#;

fn write(file: &Path, text: &str) {
    std::fs::write(file, text).expect("a policy file");
}

/// Reloads, and waits until the plugin has said what it made of the file.
fn reload(scene: &mut Scene, said: &str) {
    let before = scene.broker.log().len();
    scene.broker.reload();
    scene.broker.wait_for_log_after(before, said);
}

fn good_policy_file_takes_effect_on_reload(on: Version) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("policy.json");
    write(&file, NOTHING);
    let mut scene = Scene::with(on, |conf| conf.option("policy_file", file.display()));
    let mut alice = scene.join_as("alice@acme:pc", Mqtt::V5);
    let mut bob = scene.join("bob@acme:pc");
    let mut mallory = scene.join("mallory@beta:pc");
    assert_eq!(alice.publish("acme/board", b"before"), 0x87);
    write(&file, BOARD);
    assert_eq!(alice.publish("acme/board", b"not read yet"), 0x87);
    reload(&mut scene, "is in force");
    bob = bob.subscribed("acme/board");
    mallory.subscribe("acme/board");
    assert_eq!(alice.publish("acme/board", b"hello"), 0);
    assert_eq!(bob.next().payload, b"hello");
    assert_eq!(mallory.all(), []);
    write(&file, NOTHING);
    reload(&mut scene, "is in force");
    assert_eq!(alice.publish("acme/board", b"after"), 0x87);
    assert_eq!(bob.all(), []);
}

fn bad_policy_file_leaves_the_old_one_in_force(on: Version) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("policy.json");
    write(&file, BOARD);
    let mut scene = Scene::with(on, |conf| conf.option("policy_file", file.display()));
    let mut alice = scene
        .join_as("alice@acme:pc", Mqtt::V5)
        .subscribed("acme/board");
    for bad in [
        "",
        "{",
        "[]",
        r#"{"version": 9, "rules": []}"#,
        r#"{"version": 1, "rules": [{"name": "x", "allow": ["everything"], "topics": ["a"]}]}"#,
        r##"{"version": 1, "rules": [{"name": "x", "allow": ["subscribe"], "topics": ["#/#"]}]}"##,
    ] {
        write(&file, bad);
        reload(&mut scene, "the former policy stays in force");
        assert_eq!(alice.publish("acme/board", b"still"), 0, "after `{bad}`");
        assert_eq!(alice.next().payload, b"still");
    }
    std::fs::remove_file(&file).expect("the file is there");
    reload(&mut scene, "the former policy stays in force");
    assert_eq!(alice.publish("acme/board", b"still"), 0);
    scene.broker.assert_runs();
}

fn broker_without_a_policy_file_survives_a_reload(on: Version) {
    let mut scene = Scene::start(on);
    let mut alice = scene.join("alice@acme:pc");
    for _ in 0..3 {
        reload(&mut scene, "Reloading config");
        alice.ping();
    }
    scene.join("bob@acme:pc").ping();
}
