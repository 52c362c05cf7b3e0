//! SIGTERM: the broker ends soon and in order, whatever goes on.

use crate::harness::{Answer, Connect, Login, Mqtt, Scene, Version, each_broker, eventually};

each_broker!(
    broker_stops_with_clients_connected,
    broker_stops_with_questions_and_logins_pending,
    broker_stops_while_the_static_service_is_away,
    broker_that_was_stopped_starts_again,
);

// `Broker::stop` asserts the time that it takes and the exit status.

fn broker_stops_with_clients_connected(on: Version) {
    let mut scene = Scene::start(on);
    let _clients: Vec<_> = (0..20)
        .map(|n| scene.join_as(&format!("user{n}@acme:pc"), Mqtt::BOTH[n % 2]))
        .collect();
    scene.broker.stop();
}

fn broker_stops_with_questions_and_logins_pending(on: Version) {
    let mut scene = Scene::with(on, |conf| {
        conf.option("feed", "off").option("timeout_ms", 60_000)
    });
    scene.service.introspection(Answer::Hang);
    let logins: Vec<Login> = (0..100)
        .map(|n| scene.service.issue(&format!("user{n}@acme:pc")))
        .collect();
    let port = scene.broker.port();
    let _pending: Vec<_> = logins
        .iter()
        .map(|login| Connect::new(Mqtt::V5, &login.client_id, &login.token).begin(port))
        .collect();
    eventually("a question that hangs", || {
        (!scene.service.questions().is_empty()).then_some(())
    });
    scene.broker.stop();
}

fn broker_stops_while_the_static_service_is_away(on: Version) {
    let mut scene = Scene::start(on);
    let mut alice = scene.join("alice@acme:pc");
    scene.service.stop();
    scene.broker.wait_for_log("trying again");
    alice.ping();
    scene.broker.stop();
}

fn broker_that_was_stopped_starts_again(on: Version) {
    let mut scene = Scene::start(on);
    for _ in 0..3 {
        scene.broker.stop();
        scene.broker.start_again();
        let login = scene.service.issue("alice@acme:pc");
        let connect = Connect::new(Mqtt::V5, &login.client_id, &login.token);
        scene.connect_until_decided(&connect).client("alice").ping();
    }
}
