//! Who gets in, by which token, and how long the host may stand still for that.

use std::time::{Duration, Instant};

use crate::each_host;
use crate::harness::{Answer, Connect, Mqtt, Outcome, message};
use crate::host::{Api, Options, Scene};

each_host!(
    announced_and_asked_tokens_let_in_and_no_others,
    token_of_another_device_opens_nothing,
    malformed_names_are_refused_without_a_question,
    slow_static_service_does_not_stop_the_host,
    static_service_that_is_away_opens_no_door,
);

fn is_refused(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused(5))
}

fn announced_and_asked_tokens_let_in_and_no_others(api: Api) {
    let scene = Scene::start(api);
    let alice = scene.announced("alice@acme:pc");
    assert!(scene.connect(&alice).is_in());
    assert_eq!(scene.service.asked_about(&alice.token), 0);
    drop(scene);
    let scene = Scene::asking(api);
    let bob = scene.service.issue("bob@acme:pc");
    assert!(scene.connect(&bob).is_in());
    assert!(scene.connect(&bob).is_in());
    assert_eq!(scene.service.asked_about(&bob.token), 1);
    let forged = Connect::new(Mqtt::V311, "bob@acme:pc", "forged-token");
    assert!(is_refused(&scene.send(&forged)));
    let asked = scene.service.questions();
    let question = asked.iter().find(|q| q["token"] == bob.token);
    let question = question.expect("a question");
    assert_eq!(question["username"], "bob@acme");
    // 1.4 does not show it, and an empty one would be somebody's.
    let client_id = question.get("client_id").map(String::as_str);
    assert_eq!(client_id, (api != Api::V2).then_some("bob@acme:pc"));
}

fn token_of_another_device_opens_nothing(api: Api) {
    let options = Options::default().set("allow_unseen_payloads", "on");
    let scene = Scene::with(api, options);
    let mut bob = scene.join("bob@acme:pc").subscribed("acme/im/msg/bob");
    let alice = scene.announced("alice@acme:pc");
    for client_id in ["alice@acme:phone", "carol@acme:pc", "x"] {
        let connect = Connect::new(Mqtt::V311, &alice.client_id, &alice.token);
        let outcome = scene.send(&connect.client_id(client_id));
        if api != Api::V2 {
            assert!(is_refused(&outcome), "{client_id}: {outcome:?}");
            continue;
        }
        // The login shows no client id, so it is all that follows that is refused.
        let mut stranger = outcome.client(client_id);
        stranger.subscribe("acme/im/msg/+");
        stranger.subscribe("acme/notice/#");
        stranger.publish("acme/im/msg/bob", &message("alice", client_id));
        assert_eq!(stranger.all_said(), []);
    }
    assert_eq!(bob.all_said(), []);
    let mallory = scene.announced("mallory@beta:pc");
    let connect = Connect::new(Mqtt::V311, "alice@acme:pc", &mallory.token);
    assert!(is_refused(&scene.send(&connect)), "somebody else's token");
}

fn malformed_names_are_refused_without_a_question(api: Api) {
    let scene = Scene::asking(api);
    let good = Connect::new(Mqtt::V311, "alice@acme:pc", "some-token");
    for connect in [
        good.clone().username("alice"),
        good.clone().username("alice@acme/#"),
        good.clone().username("+@acme"),
        good.clone().username("$enterprise-push"),
        good.clone()
            .username("$enterprise-push")
            .client_id("$enterprise-push"),
        good.clone().password(""),
    ] {
        let outcome = scene.send(&connect);
        assert!(!outcome.is_in(), "{connect:?}: {outcome:?}");
    }
    assert_eq!(scene.service.asked_about("some-token"), 0);
}

fn slow_static_service_does_not_stop_the_host(api: Api) {
    let options = Options::default().set("feed", "off");
    let scene = Scene::with(api, options.set("stall_budget_ms", 50));
    let alice = scene.service.issue("alice@acme:pc");
    let late = Answer::Late(Duration::from_millis(400), Box::new(Answer::Normal));
    scene.service.introspection(late);
    let began = Instant::now();
    let outcome = scene.connect(&alice);
    assert!(matches!(outcome, Outcome::Closed), "{outcome:?}");
    assert!(
        began.elapsed() < Duration::from_millis(390),
        "closed before the answer: {:?}",
        began.elapsed()
    );
    let connect = Connect::new(Mqtt::V311, &alice.client_id, &alice.token);
    assert!(scene.connect_until_decided(&connect).is_in());
    assert_eq!(scene.service.asked_about(&alice.token), 1);
}

fn static_service_that_is_away_opens_no_door(api: Api) {
    let mut scene = Scene::asking(api);
    let known = scene.service.issue("alice@acme:pc");
    assert!(scene.connect(&known).is_in());
    scene.service.stop();
    let unknown = Connect::new(Mqtt::V311, "bob@acme:pc", "unknown-token");
    for _ in 0..10 {
        let outcome = scene.send(&unknown);
        assert!(matches!(outcome, Outcome::Closed), "{outcome:?}");
    }
    assert!(scene.connect(&known).is_in(), "known tokens still work");
}
