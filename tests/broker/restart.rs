//! What survives a restart of the broker: with `state_dir`, the position in the control feed.

use serde_json::json;

use crate::harness::{Connect, Mqtt, Scene, Version, each_broker};

each_broker!(
    events_sent_while_the_broker_is_down_take_effect_when_it_is_back,
    position_of_another_service_is_not_used,
    damaged_position_is_said_to_be_and_survived,
);

fn events_sent_while_the_broker_is_down_take_effect_when_it_is_back(on: Version) {
    let state = tempfile::tempdir().expect("a folder");
    let mut scene = Scene::with(on, |conf| conf.option("state_dir", state.path().display()));
    let login = scene.announced("alice@acme:pc");
    let alice = Connect::new(Mqtt::V5, &login.client_id, &login.token).durable();
    let client = scene.send(&alice).client("alice");
    client.subscribed("$SYS/notice/acme/alice").disconnect();
    let to_alice = json!({"eid": "acme", "uid": "alice"});
    scene.service.notice(&to_alice, "before");
    scene.settle();
    scene.broker.stop();
    scene.service.notice(&to_alice, "meanwhile");
    let later = scene.service.issue("bob@acme:pc");
    scene.service.announce(&later);
    scene.broker.start_again();
    // Announced while the broker was down, yet let in without a question.
    scene.settle();
    let bob = Connect::new(Mqtt::V5, &later.client_id, &later.token);
    assert!(scene.send(&bob).is_in());
    assert_eq!(scene.service.asked_about(&later.token), 0);
    let back = scene.service.issue("alice@acme:pc");
    scene.service.announce(&back);
    scene.settle();
    let mut client = scene
        .send(&Connect::new(Mqtt::V5, &back.client_id, &back.token).durable())
        .client("alice");
    // Which 2.1 by itself does not keep when it waits for one client alone (persist_write.c).
    assert_eq!(client.next().json()["title"], "before");
    assert_eq!(client.next().json()["title"], "meanwhile");
    assert_eq!(client.all(), [], "and nothing twice");
}

fn position_of_another_service_is_not_used(on: Version) {
    let state = tempfile::tempdir().expect("a folder");
    let position = "feed-position-1 http://elsewhere.example 7\n";
    std::fs::write(state.path().join("feed-position"), position).expect("a file");
    let scene = Scene::with(on, |conf| conf.option("state_dir", state.path().display()));
    assert_eq!(scene.service.openings().first(), Some(&None));
}

fn damaged_position_is_said_to_be_and_survived(on: Version) {
    let state = tempfile::tempdir().expect("a folder");
    std::fs::write(state.path().join("feed-position"), b"\xff nonsense").expect("a file");
    let scene = Scene::with(on, |conf| conf.option("state_dir", state.path().display()));
    scene.broker.wait_for_log("feed-position");
    scene.join("alice@acme:pc").ping();
}
