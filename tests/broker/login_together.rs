//! Many logins at once: one question for all, and answers that reach only whom they are for.

use std::time::Duration;

use crate::harness::{
    Answer, Connect, Login, Mqtt, Outcome, Scene, Version, each_broker, eventually,
};

each_broker!(
    simultaneous_logins_with_one_token_ask_once,
    storm_of_logins_is_let_in,
    answer_for_a_client_that_left_does_not_let_its_successor_in,
    forged_login_does_not_end_a_pending_one_in_its_favour,
    client_id_held_by_a_forger_is_free_when_the_forgery_is_answered,
    connected_client_is_not_touched_by_a_forger_who_waits_under_its_client_id,
    forger_soon_no_longer_holds_the_client_id,
    reload_disturbs_no_login_under_way,
);

fn connect(login: &Login, mqtt: Mqtt) -> Connect {
    Connect::new(mqtt, &login.client_id, &login.token)
}

fn late(ms: u64) -> Answer {
    Answer::Late(Duration::from_millis(ms), Box::new(Answer::Normal))
}

fn asking(on: Version) -> Scene {
    Scene::with(on, |conf| conf.option("feed", "off"))
}

fn simultaneous_logins_with_one_token_ask_once(on: Version) {
    let scene = asking(on);
    scene.service.introspection(late(300));
    let login = scene.service.issue("alice@acme:pc");
    let all: Vec<_> = (0..20)
        .map(|n| connect(&login, Mqtt::BOTH[n % 2]).begin(scene.broker.port()))
        .collect();
    for connecting in all {
        // One takes over from another, or is closed while the check goes on: what counts is below.
        drop(connecting.finish());
    }
    let mut alice = scene
        .connect_until_decided(&connect(&login, Mqtt::V5))
        .client("alice");
    alice.ping();
    assert_eq!(scene.service.asked_about(&login.token), 1);
}

fn storm_of_logins_is_let_in(on: Version) {
    let scene = asking(on);
    scene.service.introspection(late(20));
    let logins: Vec<Login> = (0..100)
        .map(|n| scene.service.issue(&format!("user{n}@acme:pc")))
        .collect();
    let port = scene.broker.port();
    let begun: Vec<_> = logins
        .iter()
        .map(|login| connect(login, Mqtt::V311).begin(port))
        .collect();
    for (login, connecting) in logins.iter().zip(begun) {
        let outcome = match connecting.finish() {
            Outcome::Closed => scene.connect_until_decided(&connect(login, Mqtt::V311)),
            outcome => outcome,
        };
        outcome.client(&login.client_id).ping();
        assert_eq!(scene.service.asked_about(&login.token), 1);
    }
}

/// A good login waits and leaves; a forged one comes under the same client id. The good one's answer
/// must not be taken for the forged one's.
fn answer_for_a_client_that_left_does_not_let_its_successor_in(on: Version) {
    let scene = asking(on);
    scene.service.introspection(late(400));
    for mqtt in Mqtt::BOTH {
        let good = scene.service.issue("alice@acme:pc");
        let forged = Connect::new(mqtt, "alice@acme:pc", &format!("forged-{mqtt:?}"));
        let left = connect(&good, mqtt).begin(scene.broker.port());
        eventually("the question about the good token", || {
            (scene.service.asked_about(&good.token) == 1).then_some(())
        });
        drop(left);
        let outcome = forged.send(scene.broker.port());
        assert!(!outcome.is_in(), "{mqtt:?}: the forged login was let in");
        // Its answers may still be under way; none may let it in later either.
        let outcome = scene.connect_until_decided(&forged);
        assert!(!outcome.is_in(), "{mqtt:?}: the forged login was let in");
        scene
            .connect_until_decided(&connect(&good, mqtt))
            .client("alice")
            .ping();
    }
}

fn forged_login_does_not_end_a_pending_one_in_its_favour(on: Version) {
    let scene = asking(on);
    scene.service.introspection(late(400));
    let good = scene.service.issue("alice@acme:pc");
    let waiting = connect(&good, Mqtt::V5).begin(scene.broker.port());
    eventually("the question about the good token", || {
        (scene.service.asked_about(&good.token) == 1).then_some(())
    });
    let forged = Connect::new(Mqtt::V5, "alice@acme:pc", "forged");
    assert!(!forged.send(scene.broker.port()).is_in());
    let first = waiting.finish();
    if on.is_2_1() {
        // The broker refuses a second CONNECT under a client id that waits; the first goes on waiting.
        first.client("alice").ping();
    }
    scene
        .connect_until_decided(&connect(&good, Mqtt::V5))
        .client("alice")
        .ping();
    assert!(!scene.connect_until_decided(&forged).is_in());
}

/// The most that a forger can do on 2.1: the broker itself closes the victim's CONNECT while the forger's
/// question is under way. On 2.0 nobody waits, so nobody is held out.
fn client_id_held_by_a_forger_is_free_when_the_forgery_is_answered(on: Version) {
    let scene = Scene::start(on);
    let good = scene.announced("alice@acme:pc");
    scene.service.introspection(late(1500));
    let forged = Connect::new(Mqtt::V5, "alice@acme:pc", "forged");
    let forger = forged.begin(scene.broker.port());
    eventually("the question about the forged token", || {
        (scene.service.asked_about("forged") == 1).then_some(())
    });
    let held = scene.send(&connect(&good, Mqtt::V5));
    assert_eq!(held.is_in(), !on.is_2_1());
    let victim = eventually("alice's login", || {
        let outcome = scene.send(&connect(&good, Mqtt::V5));
        outcome.is_in().then(|| outcome.client("alice"))
    });
    { victim }.ping();
    assert!(!forger.finish().is_in());
}

fn connected_client_is_not_touched_by_a_forger_who_waits_under_its_client_id(on: Version) {
    let scene = Scene::start(on);
    let mut alice = scene.join_as("alice@acme:pc", Mqtt::V5);
    scene.service.introspection(late(300));
    let forged = Connect::new(Mqtt::V5, "alice@acme:pc", "forged");
    let forger = forged.begin(scene.broker.port());
    alice.ping();
    assert!(!forger.finish().is_in());
    alice.ping();
    assert!(!scene.connect_until_decided(&forged).is_in());
    alice.ping();
}

/// Forgeries beyond the fifth a minute are asked about, but hold nothing: alice gets in while one is under way.
fn forger_soon_no_longer_holds_the_client_id(on: Version) {
    let scene = Scene::start(on);
    let good = scene.announced("alice@acme:pc");
    for n in 0..5 {
        let forged = Connect::new(Mqtt::V5, "alice@acme:pc", &format!("forged-{n}"));
        assert!(!scene.connect_until_decided(&forged).is_in());
    }
    scene.service.introspection(late(2000));
    let forged = Connect::new(Mqtt::V5, "alice@acme:pc", "forged-again");
    let forger = forged.begin(scene.broker.port());
    eventually("the question about the forged token", || {
        (scene.service.asked_about("forged-again") == 1).then_some(())
    });
    scene.send(&connect(&good, Mqtt::V5)).client("alice").ping();
    assert!(!forger.finish().is_in());
}

fn reload_disturbs_no_login_under_way(on: Version) {
    let mut scene = asking(on);
    scene.service.introspection(late(500));
    let login = scene.service.issue("alice@acme:pc");
    let waiting = connect(&login, Mqtt::V5).begin(scene.broker.port());
    eventually("the question", || {
        (scene.service.asked_about(&login.token) == 1).then_some(())
    });
    let skip = scene.broker.log().len();
    scene.broker.reload();
    scene
        .broker
        .wait_for_log_after(skip, "client certificate files were read again");
    let first = waiting.finish();
    if on.is_2_1() {
        first.client("alice").ping();
    }
    scene
        .connect_until_decided(&connect(&login, Mqtt::V5))
        .client("alice")
        .ping();
    assert_eq!(scene.service.asked_about(&login.token), 1);
}
