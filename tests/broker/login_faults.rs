//! The static service is down, hangs, or answers nonsense: nobody gets in by it, those who are in keep
//! talking, and all is well again when it is.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{
    Answer, Connect, FakeService, Login, Mqtt, MqttClient, Outcome, Scene, StaticService, Version,
    each_broker, eventually, message,
};

each_broker!(
    no_nonsense_of_the_static_service_lets_anybody_in,
    established_clients_keep_talking_while_the_static_service_is_down,
    established_clients_keep_talking_while_the_static_service_hangs,
    slow_answers_do_not_let_in_but_do_not_spoil_the_token,
    killed_reference_service_comes_back,
    wrong_credentials_of_the_broker_let_nobody_in,
    trouble_of_the_service_is_not_told_as_a_bad_token,
);

/// Two people who are logged in and write to each other.
struct Pair(MqttClient, MqttClient);

impl Pair {
    fn join(scene: &Scene) -> Pair {
        let a = scene.join("anne@acme:pc").subscribed("acme/im/msg/anne");
        let b = scene.join("bert@acme:pc").subscribed("acme/im/msg/bert");
        Pair(a, b)
    }

    fn talk(&mut self) {
        let there = message("anne", "there");
        assert_eq!(self.0.publish("acme/im/msg/bert", &there), 0);
        assert_eq!(self.1.next().payload, there);
        let back = message("bert", "back");
        assert_eq!(self.1.publish("acme/im/msg/anne", &back), 0);
        assert_eq!(self.0.next().payload, back);
    }
}

fn connect(login: &Login, mqtt: Mqtt) -> Connect {
    Connect::new(mqtt, &login.client_id, &login.token)
}

/// A good grant with one member changed, or taken out by `null`.
fn grant_but(login: &Login, member: &str, value: Value) -> Value {
    let mut grant = login.grant.clone();
    if value.is_null() {
        grant.as_object_mut().expect("an object").remove(member);
    } else {
        grant[member] = value;
    }
    grant
}

/// Everything that a service may say in place of a proper answer.
fn nonsense(login: &Login) -> Vec<Answer> {
    let good = login.grant.to_string();
    let but = |member: &str, value: Value| Answer::Json(grant_but(login, member, value));
    let text = |status: u16, kind, body: &str| Answer::Body(status, kind, body.into());
    let json_text = |body: &str| text(200, "application/json", body);
    let mut huge = login.grant.clone();
    huge["padding"] = json!("x".repeat(2 * 1024 * 1024));
    let mut all = vec![
        json_text(""),
        json_text("{"),
        json_text("null"),
        json_text("true"),
        json_text("[]"),
        json_text("{}"),
        json_text("\u{feff}{}"),
        json_text(&"[".repeat(100_000)),
        json_text(&good[..good.len() - 1]),
        json_text(&format!("{good}{good}")),
        text(200, "text/html", "<html>active: true</html>"),
        text(201, "application/json", &good),
        text(204, "application/json", ""),
        text(206, "application/json", &good),
        text(300, "application/json", &good),
        text(400, "application/json", &good),
        text(401, "application/json", &good),
        text(404, "application/json", &good),
        text(429, "application/json", &good),
        text(500, "application/json", &good),
        text(503, "application/json", &good),
        Answer::Body(200, "application/json", vec![0xff; 64]),
        Answer::Json(huge),
        Answer::Close,
        Answer::Torn,
    ];
    for (member, value) in [
        ("active", json!("true")),
        ("active", json!(1)),
        ("active", Value::Null),
        ("eid", Value::Null),
        ("eid", json!("")),
        ("eid", json!("beta")),
        ("eid", json!("ac/me")),
        ("eid", json!(7)),
        ("uid", Value::Null),
        ("uid", json!("#")),
        ("uid", json!("bob")),
        ("uid", json!(["alice"])),
        ("device", Value::Null),
        ("device", json!("phone")),
        ("kind", Value::Null),
        ("kind", json!("toaster")),
        ("exp", Value::Null),
        ("exp", json!(0)),
        ("exp", json!(-1)),
        ("exp", json!("4102444800")),
        ("exp", json!(1.5)),
        ("roles", json!("operator")),
        ("roles", json!(["op/erator"])),
        ("groups", json!([1])),
        ("groups", json!(["a/b"])),
        ("groups", json!({"dev": true})),
        ("partners", json!(["dora"])),
        ("channels", json!([""])),
        ("channels", json!(["a/+"])),
    ] {
        all.push(but(member, value));
    }
    all
}

fn no_nonsense_of_the_static_service_lets_anybody_in(on: Version) {
    let scene = Scene::asking(on);
    let mut pair = Pair::join(&scene);
    let elsewhere = FakeService::start();
    let sample = scene.service.issue("alice@acme:pc");
    let mut answers = nonsense(&sample);
    answers.push(Answer::Redirect(format!(
        "{}/oauth2/introspect",
        elsewhere.url()
    )));
    answers.push(Answer::Redirect("file:///etc/passwd".to_owned()));
    for (at, answer) in answers.into_iter().enumerate() {
        let mqtt = Mqtt::BOTH[at % 2];
        let login = scene.service.issue("alice@acme:pc");
        scene.service.introspection(answer.clone());
        let shown = format!("{answer:?}");
        let shown = shown.get(..200).unwrap_or(&shown);
        let outcome = scene.send(&connect(&login, mqtt));
        assert!(!outcome.is_in(), "let in by {shown}");
        // On 2.0 the broker soon stops waiting for such a service, but it goes on asking.
        eventually("the question", || {
            (scene.service.asked_about(&login.token) == 1).then_some(())
        });
        scene.service.introspection(Answer::Normal);
        // A service that said nonsense said nothing: the token is as good as before.
        if at % 8 == 0 {
            pair.talk();
        }
    }
    assert_eq!(elsewhere.questions().len(), 0, "a token went elsewhere");
    let login = scene.service.issue("alice@acme:pc");
    scene
        .connect_until_decided(&connect(&login, Mqtt::V5))
        .client("alice")
        .ping();
    pair.talk();
}

fn established_clients_keep_talking_while_the_static_service_is_down(on: Version) {
    let mut scene = Scene::start(on);
    let mut pair = Pair::join(&scene);
    let known = scene.announced("carol@acme:pc");
    let unknown = scene.service.issue("dave@acme:pc");
    scene.service.stop();
    for round in 0..10 {
        let mqtt = Mqtt::BOTH[round % 2];
        let outcome = scene.send(&connect(&unknown, mqtt));
        assert!(!outcome.is_in(), "round {round}");
        pair.talk();
        // A token that is known needs no service.
        scene.connect(&known, mqtt).client("carol").disconnect();
    }
    scene.service.start_again();
    let outcome = eventually("the login of an unknown token", || {
        let outcome = scene.send(&connect(&unknown, Mqtt::V5));
        outcome.is_in().then_some(outcome)
    });
    outcome.client("dave").ping();
    pair.talk();
}

fn established_clients_keep_talking_while_the_static_service_hangs(on: Version) {
    let scene = Scene::with(on, |conf| {
        conf.option("feed", "off").option("timeout_ms", 400)
    });
    let anne = scene.service.issue("anne@acme:pc");
    let bert = scene.service.issue("bert@acme:pc");
    let [anne, bert] = [&anne, &bert].map(|login| {
        let outcome = scene.connect_until_decided(&connect(login, Mqtt::V311));
        outcome.client("pair")
    });
    let mut pair = Pair(
        anne.subscribed("acme/im/msg/anne"),
        bert.subscribed("acme/im/msg/bert"),
    );
    scene.service.introspection(Answer::Hang);
    let logins: Vec<Login> = (0..20)
        .map(|n| scene.service.issue(&format!("user{n}@acme:pc")))
        .collect();
    let port = scene.broker.port();
    let waiting: Vec<_> = logins
        .iter()
        .map(|login| connect(login, Mqtt::V5).begin(port))
        .collect();
    for _ in 0..20 {
        pair.talk();
    }
    for connecting in waiting {
        assert!(!connecting.finish().is_in());
    }
    scene.service.introspection(Answer::Normal);
    for login in &logins {
        eventually("the login after the trouble", || {
            scene.send(&connect(login, Mqtt::V5)).is_in().then_some(())
        });
    }
    pair.talk();
}

fn slow_answers_do_not_let_in_but_do_not_spoil_the_token(on: Version) {
    let scene = Scene::with(on, |conf| {
        conf.option("feed", "off").option("timeout_ms", 300)
    });
    let login = scene.service.issue("alice@acme:pc");
    let late = Answer::Late(Duration::from_secs(1), Box::new(Answer::Normal));
    scene.service.introspection(late);
    assert!(!scene.send(&connect(&login, Mqtt::V5)).is_in());
    scene.service.introspection(Answer::Normal);
    eventually("the login after the trouble", || {
        scene.send(&connect(&login, Mqtt::V5)).is_in().then_some(())
    });
}

fn killed_reference_service_comes_back(on: Version) {
    let mut service = StaticService::start();
    let conf = crate::harness::Conf::new(&service.url());
    let broker = crate::harness::Broker::start(on, &conf);
    broker.wait_for_log("control feed: connected");
    let mut alice = service
        .join(&broker, "alice@acme:pc", Mqtt::V311)
        .subscribed("acme/im/msg/alice")
        .subscribed("$SYS/notice");
    let mut bob = service.join(&broker, "bob@acme:pc", Mqtt::V5);
    let text = message("bob", "still here");
    service.kill();
    let unknown = Connect::new(Mqtt::V5, "carol@acme:pc", "never-issued");
    for _ in 0..5 {
        assert!(!unknown.send(broker.port()).is_in());
        assert_eq!(bob.publish("acme/im/msg/alice", &text), 0);
        assert_eq!(alice.next().payload, text);
    }
    // Written while nobody serves; the feed brings it when it is resumed.
    service.admin(&["notice", "send", "--all", "--title", "Back"]);
    service.start_again();
    assert_eq!(alice.next().json()["title"], "Back");
    service.join(&broker, "carol@acme:pc", Mqtt::V5).ping();
}

fn wrong_credentials_of_the_broker_let_nobody_in(on: Version) {
    let scene = Scene::with(on, |conf| {
        conf.option("client_id", "broker-2")
            .option("feed", "off")
            .option("stall_budget_ms", 1000)
    });
    let login = scene.service.issue("alice@acme:pc");
    assert!(!scene.send(&connect(&login, Mqtt::V5)).is_in());
    let line = scene.broker.wait_for_log("refuses our credentials");
    assert!(line.contains("401"), "{line}");
    assert_eq!(scene.service.questions().len(), 0);
}

/// MQTT 5 on 2.1 has a code for it; elsewhere the connection is closed without a word, since an
/// unattended client would throw a good token away over "not authorised". 2.1 itself knows no other code
/// than that for a login which it has let wait, so there the first refusal, the one that asked, says it.
fn trouble_of_the_service_is_not_told_as_a_bad_token(on: Version) {
    let mut scene = Scene::asking(on);
    let login = scene.service.issue("alice@acme:pc");
    scene.service.stop();
    let first = scene.send(&connect(&login, Mqtt::V5));
    match first {
        Outcome::Refused(0x87) if on.is_2_1() => {}
        Outcome::Closed if !on.is_2_1() => {}
        other => panic!("{other:?}"),
    }
    for mqtt in Mqtt::BOTH {
        match scene.send(&connect(&login, mqtt)) {
            Outcome::Refused(0x88) if on.is_2_1() && mqtt == Mqtt::V5 => {}
            Outcome::Closed if !on.is_2_1() || mqtt == Mqtt::V311 => {}
            other => panic!("{mqtt:?}: {other:?}"),
        }
    }
}
