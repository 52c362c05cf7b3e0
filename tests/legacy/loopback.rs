//! The plugin's own session: notices come by it, and nobody else gets in under its name.

use serde_json::json;

use crate::each_host;
use crate::harness::{Connect, Mqtt, Outcome};
use crate::host::{Api, Options, Scene};

each_host!(
    notices_of_every_scope_arrive,
    notices_wait_for_the_session,
    stranger_with_the_plugins_name_is_refused,
    another_client_under_its_client_id_stops_no_notice,
);

fn notices_of_every_scope_arrive(api: Api) {
    let scene = Scene::start(api);
    let members = json!({"groups": ["dev"]});
    let mut bob = scene.join_with("bob@acme:pc", members);
    let mut mallory = scene.join("mallory@beta:pc");
    for client in [&mut bob, &mut mallory] {
        client.subscribe(&api.notice(""));
        client.subscribe(&api.notice("/acme"));
        client.subscribe(&api.notice("/acme/bob"));
    }
    for (scope, topic) in [
        (json!({"all": true}), api.notice("")),
        (json!({"eid": "acme"}), api.notice("/acme")),
        (
            json!({"eid": "acme", "uid": "bob"}),
            api.notice("/acme/bob"),
        ),
        (
            json!({"eid": "acme", "gid": "dev"}),
            api.notice("/acme/bob"),
        ),
    ] {
        scene.service.notice(&scope, &scope.to_string());
        let notice = bob.next();
        assert_eq!(notice.topic, topic);
        assert_eq!(notice.json()["title"], scope.to_string());
    }
    let seen = mallory.all_said();
    let topics: Vec<_> = seen.iter().map(|m| m.topic.clone()).collect();
    assert_eq!(topics, [api.notice("")], "what is for everybody");
}

fn notices_wait_for_the_session(api: Api) {
    let options = Options::default().set("stall_budget_ms", 0);
    let scene = Scene::with(api, options);
    let mut bob = scene.join("bob@acme:pc").subscribed(&api.notice("/acme"));
    for n in 0..300 {
        scene
            .service
            .notice(&json!({"eid": "acme"}), &n.to_string());
    }
    for n in 0..300 {
        assert_eq!(bob.next().json()["title"], n.to_string());
    }
}

fn stranger_with_the_plugins_name_is_refused(api: Api) {
    let scene = Scene::start(api);
    let alice = scene.announced("alice@acme:pc");
    for (client_id, password) in [
        ("$enterprise-push", ""),
        ("$enterprise-push", "$enterprise-push"),
        ("$enterprise-push", &*alice.token),
        ("alice@acme:pc", &alice.token),
        ("", "x"),
    ] {
        let connect = Connect::new(Mqtt::V311, client_id, password).username("$enterprise-push");
        let outcome = scene.send(&connect);
        assert!(!outcome.is_in(), "{client_id} {password}: {outcome:?}");
    }
    let line = scene.wait_for_log("login as $enterprise-push from");
    assert!(line.contains("refused"), "{line}");
}

/// On 1.4 a user may choose any client id; the session finds another connection then.
fn another_client_under_its_client_id_stops_no_notice(api: Api) {
    let scene = Scene::start(api);
    let mut bob = scene.join("bob@acme:pc").subscribed(&api.notice("/acme"));
    let log = scene.log();
    let own = log.split(" as $enterprise-push-").nth(1);
    let own = own.and_then(|rest| rest.split(' ').next()).expect("its id");
    let own = format!("$enterprise-push-{own}");
    let mallory = scene.announced("mallory@beta:pc");
    let connect = Connect::new(Mqtt::V311, &mallory.client_id, &mallory.token);
    let outcome = scene.send(&connect.client_id(own));
    match (api, outcome) {
        (Api::V2, Outcome::In(mut mallory)) => {
            mallory.subscribe("#");
            // Until the plugin's session is back, mallory has its client id, and nothing else of it.
            let _ = mallory.try_publish("acme/notice/news", b"{}", false);
        }
        (Api::V3 | Api::V4, Outcome::Refused(5)) => {}
        (_, outcome) => panic!("{outcome:?}"),
    }
    scene.service.notice(&json!({"eid": "acme"}), "still here");
    assert_eq!(bob.next().json()["title"], "still here");
}
