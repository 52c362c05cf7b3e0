//! On SIGHUP the broker asks anew about everybody that it knows, here or absent. For the plugin nothing has happened.

use std::time::{Duration, Instant};

use crate::harness::{Connect, Mqtt, MqttClient, Scene, Version, each_broker, eventually};

each_broker!(
    sessions_whose_tokens_are_no_longer_remembered_stay,
    nobody_comes_or_leaves_by_a_reload,
    devices_that_are_absent_lose_nothing_by_reloads,
    who_comes_during_reloads_is_checked,
);

fn reload(scene: &mut Scene) {
    let before = scene.broker.log().len();
    scene.broker.reload();
    // Everybody has been asked about by then: the line is the worker's, told in a later turn.
    scene.broker.wait_for_log_after(before, "were read again");
}

fn sessions_whose_tokens_are_no_longer_remembered_stay(on: Version) {
    let mut scene = Scene::with(on, |conf| {
        conf.option("feed", "off")
            .option("stall_budget_ms", 1000)
            .option("cache_ttl_s", 1)
    });
    let logins: Vec<_> = ["alice", "bob", "carol"]
        .iter()
        .map(|uid| scene.service.issue(&format!("{uid}@acme:pc")))
        .collect();
    let join = |login| scene.connect(login, Mqtt::V5).client("a user");
    let mut clients: Vec<MqttClient> = logins.iter().map(join).collect();
    let joined = Instant::now();
    eventually("tokens that are forgotten", || {
        (joined.elapsed() > Duration::from_millis(1100)).then_some(())
    });
    for _ in 0..3 {
        reload(&mut scene);
        clients.iter_mut().for_each(MqttClient::ping);
    }
    for login in &logins {
        assert_eq!(scene.service.asked_about(&login.token), 1);
    }
    // Who comes anew is asked about.
    let login = &logins[0];
    scene.connect(login, Mqtt::V5).client("alice again").ping();
    assert_eq!(scene.service.asked_about(&login.token), 2);
}

fn nobody_comes_or_leaves_by_a_reload(on: Version) {
    let mut scene = Scene::start(on);
    let mut bob = scene.join("bob@acme:pc").subscribed("acme/im/pres/+");
    let mut alice = scene.join("alice@acme:pc");
    let carol = scene.announced("carol@acme:pc");
    let durable = Connect::new(Mqtt::V311, &carol.client_id, &carol.token).durable();
    scene.send(&durable).client("carol").disconnect();
    let seen = eventually("carol's leaving", || {
        let message = bob.next();
        let gone = message.topic == "acme/im/pres/carol" && message.payload == b"offline";
        gone.then_some(message)
    });
    assert!(seen.topic.ends_with("carol"));
    scene.settle();
    bob.all();
    let before = scene.broker.log().len();
    for _ in 0..3 {
        reload(&mut scene);
        alice.ping();
    }
    scene.settle();
    let words = bob.all();
    assert!(words.is_empty(), "presence by a reload: {words:?}");
    let log = scene.broker.log();
    let told = log[before..]
        .lines()
        .find(|l| l.contains("login client_id"));
    assert_eq!(told, None, "a login on record");
}

fn devices_that_are_absent_lose_nothing_by_reloads(on: Version) {
    let mut scene = Scene::start(on);
    let login = scene.announced("bob@acme:pc");
    let durable = Connect::new(Mqtt::V311, &login.client_id, &login.token).durable();
    let bob = scene.send(&durable).client("bob");
    bob.subscribed("acme/im/msg/bob").disconnect();
    let mut alice = scene.join("alice@acme:pc");
    let text = crate::harness::message("alice", "for later");
    alice.publish("acme/im/msg/bob", &text);
    for _ in 0..3 {
        reload(&mut scene);
    }
    // And once more when all that the broker knows of it comes from the disk.
    scene.broker.stop();
    let before = scene.broker.log().len();
    scene.broker.start_again();
    // TICK runs by then, without which nobody would be passed over.
    (scene.broker).wait_for_log_after(before, "control feed: connected");
    reload(&mut scene);
    scene.service.announce(&login);
    let mut bob = scene.connect_until_decided(&durable).client("bob");
    assert_eq!(bob.next_said().payload, text);
    assert!(!scene.broker.log().contains("no login token"));
    scene.broker.assert_runs();
}

/// Forged logins, some of them under the client id of a session at rest, in a hail of SIGHUPs.
fn who_comes_during_reloads_is_checked(on: Version) {
    let mut scene = Scene::start(on);
    let login = scene.announced("bob@acme:pc");
    let durable = Connect::new(Mqtt::V311, &login.client_id, &login.token).durable();
    scene.send(&durable).client("bob").disconnect();
    for n in 0..60 {
        scene.broker.reload();
        for client_id in ["bob@acme:pc", &format!("bob@acme:d{n}")] {
            let forged = Connect::new(Mqtt::BOTH[n % 2], client_id, &format!("forged-{n}"));
            assert!(
                !scene.send(&forged).is_in(),
                "{client_id} with a forged token"
            );
        }
    }
    let bob = scene.connect_until_decided(&durable);
    bob.client("bob, with the own token").ping();
}
