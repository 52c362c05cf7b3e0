//! Limits and modes: failed logins, the broker that cannot wait, listeners of their own, state on disk.

use serde_json::json;

use crate::harness::{
    Broker, Conf, Connect, FakeService, Login, Mqtt, Outcome, Scene, Version, each_broker,
};

each_broker!(
    peer_that_fails_too_often_is_not_asked_about,
    user_who_is_guessed_at_is_not_asked_about_and_keeps_known_tokens,
    login_without_delay_is_possible_everywhere,
    listener_settings_that_switch_tick_off_let_nobody_in,
    events_of_a_restart_are_caught_up_with_a_state_folder,
);

fn connect(login: &Login) -> Connect {
    Connect::new(Mqtt::V5, &login.client_id, &login.token)
}

fn peer_that_fails_too_often_is_not_asked_about(on: Version) {
    let scene = Scene::with(on, |conf| {
        conf.option("feed", "off")
            .option("stall_budget_ms", 1000)
            .option("peer_failures_per_min", 5)
    });
    let known = scene.service.issue("alice@acme:pc");
    scene
        .connect_until_decided(&connect(&known))
        .client("alice");
    for n in 0..30 {
        let forged = Connect::new(Mqtt::BOTH[n % 2], &format!("user{n}@acme:pc"), "forged");
        assert!(!scene.send(&forged).is_in());
    }
    let asked = scene.service.questions().len();
    assert!(asked <= 1 + 6, "{asked} questions");
    // Who is known gets in all the same.
    scene.send(&connect(&known)).client("alice again").ping();
}

fn user_who_is_guessed_at_is_not_asked_about_and_keeps_known_tokens(on: Version) {
    let scene = Scene::with(on, |conf| {
        conf.option("feed", "off")
            .option("stall_budget_ms", 1000)
            .option("user_failures_per_min", 5)
    });
    let known = scene.service.issue("alice@acme:pc");
    scene
        .connect_until_decided(&connect(&known))
        .client("alice");
    for n in 0..30 {
        let guess = Connect::new(Mqtt::V5, "alice@acme:pc", &format!("guess-{n}"));
        assert!(!scene.send(&guess).is_in());
    }
    let asked = scene.service.questions().len();
    assert!(asked <= 1 + 6, "{asked} questions");
    scene.send(&connect(&known)).client("alice again").ping();
    let bob = scene.service.issue("bob@acme:pc");
    scene
        .connect_until_decided(&connect(&bob))
        .client("bob")
        .ping();
}

/// `delayed_login off` makes 2.1 wait as 2.0 does.
fn login_without_delay_is_possible_everywhere(on: Version) {
    let scene = Scene::with(on, |conf| {
        conf.option("feed", "off")
            .option("stall_budget_ms", 1000)
            .option("delayed_login", "off")
    });
    for mqtt in Mqtt::BOTH {
        let login = scene.service.issue("alice@acme:pc");
        scene.connect(&login, mqtt).client("alice").ping();
        let forged = Connect::new(mqtt, "alice@acme:pc", &format!("forged-{mqtt:?}"));
        assert!(matches!(scene.send(&forged), Outcome::Refused(_)));
    }
}

/// Mosquitto before 2.0.15 does not run plugins' TICK then, so nobody could be put out again.
fn listener_settings_that_switch_tick_off_let_nobody_in(on: Version) {
    let service = FakeService::start();
    let conf = Conf::new(&service.url())
        .option("feed", "off")
        .per_listener();
    let broker = Broker::start(on, &conf.option("stall_budget_ms", 1000));
    let login = service.issue("alice@acme:pc");
    if on == Version::V2_0_11 {
        // It is found out when the first seconds have passed without a TICK.
        crate::harness::eventually("a login refused for want of TICK", || {
            drop(connect(&login).send(broker.port()));
            broker
                .log()
                .contains("does not run plugins' TICK")
                .then_some(())
        });
        assert!(!connect(&login).send(broker.port()).is_in());
    } else {
        connect(&login).send(broker.port()).client("alice").ping();
    }
}

fn events_of_a_restart_are_caught_up_with_a_state_folder(on: Version) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut scene = Scene::with(on, |conf| conf.option("state_dir", folder.path().display()));
    let login = scene.announced("bob@acme:pc");
    let durable = connect(&login).durable();
    let mut bob = scene
        .send(&durable)
        .client("bob")
        .subscribed("$SYS/notice/acme");
    let last = scene.service.notice(&json!({"eid": "acme"}), "before");
    // Read before the restart: 2.1.2 does not save a `$SYS` message that waits for one session only.
    assert_eq!(bob.next().json()["title"], "before");
    bob.disconnect();
    scene.broker.stop();
    scene.service.notice(&json!({"eid": "acme"}), "meanwhile");
    scene.broker.start_again();
    let mut bob = scene.connect_until_decided(&durable).client("bob");
    assert_eq!(bob.next().json()["title"], "meanwhile");
    scene.settle();
    assert_eq!(bob.all(), []);
    let resumed = scene.service.openings().last().cloned().flatten();
    let resumed: u64 = resumed.expect("Last-Event-ID").parse().expect("a number");
    assert!(resumed >= last, "{resumed} is before {last}");
}
