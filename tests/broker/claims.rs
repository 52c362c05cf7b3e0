//! An OAuth server that knows nothing of us as the static service: its answers have other members, its questions
//! other rules, and its tokens may be meant for somebody else.

use serde_json::{Value, json};

use crate::harness::{
    Closing, Conf, Connect, Login, Mqtt, Outcome, PATIENCE, REALM_PATH, Scene, Version,
    each_broker, group_message, now_ms,
};

each_broker!(
    user_of_an_oauth_server_gets_in_and_only_the_token_is_sent,
    user_is_the_answers_whatever_the_client_says,
    devices_that_are_not_listed_are_refused,
    groups_and_roles_of_an_oauth_server_are_honoured,
    token_for_another_application_is_refused,
    answer_without_a_claim_lets_nobody_in_and_its_pointer_is_named,
    string_that_holds_user_and_enterprise_is_taken_apart,
    token_without_an_end_ends_after_the_life_that_is_given,
);

/// Every token is asked about, and there is time to wait for the answer, on 2.0 too.
fn asking(conf: Conf) -> Conf {
    conf.option("feed", "off").option("stall_budget_ms", 1000)
}

/// As docs/own-static-service.md has it for Keycloak.
fn keycloak(on: Version) -> Scene {
    Scene::with(on, |conf| {
        asking(conf)
            .option("introspection_path", REALM_PATH)
            .option("introspection_sends", "token")
            .option("require_claims", "/aud=mqtt /typ=Bearer")
            .option("claim_eid", "=acme")
            .option("claim_uid", "/preferred_username")
            .option("claim_device", "as-claimed pc phone*")
            .option("claim_kind", "by-device pc=pc phone*=phone")
            .option("claim_roles", "/realm_access/roles push-{role}")
            .option("claim_groups", "/groups /acme/{gid}")
            .option("claim_partners", "none")
            .option("claim_channels", "none")
    })
}

/// What such a server says of a user's token, with some members changed.
fn answer(user: &str, members: Value) -> Value {
    let mut answer = json!({
        "active": true, "exp": now_ms() / 1000 + 3600, "iss": "https://sso.example/realms/acme",
        "aud": ["mqtt", "account"], "sub": "5f2c6ad5-7e52-4f49-90ef-0c39ad17b2a1", "typ": "Bearer",
        "azp": "im", "preferred_username": user, "scope": "openid profile", "client_id": "im",
        "realm_access": {"roles": ["offline_access", "default-roles-acme"]}, "groups": [],
    });
    for (name, value) in members.as_object().expect("an object") {
        answer[name] = value.clone();
    }
    answer
}

fn connect(login: &Login, client_id: &str) -> Connect {
    Connect::new(Mqtt::V5, client_id, &login.token)
}

fn assert_refused(scene: &Scene, connect: &Connect, what: &str) {
    let outcome = scene.connect_until_decided(connect);
    assert!(
        matches!(outcome, Outcome::Refused(0x87)),
        "{what}: {outcome:?}"
    );
}

fn user_of_an_oauth_server_gets_in_and_only_the_token_is_sent(on: Version) {
    let scene = keycloak(on);
    for (client_id, mqtt) in [
        ("alice@acme:pc", Mqtt::V311),
        ("alice@acme:phone-7", Mqtt::V5),
    ] {
        let login = scene
            .service
            .issue_answer(client_id, answer("alice", json!({})));
        scene.connect(&login, mqtt).client("alice").ping();
        let questions = scene.service.questions();
        let last = questions.last().expect("a question");
        assert_eq!(last.get("token"), Some(&login.token));
        assert_eq!(last.len(), 1, "{last:?}");
    }
    assert_eq!(scene.service.questions().len(), 2);
}

fn user_is_the_answers_whatever_the_client_says(on: Version) {
    let scene = keycloak(on);
    let mallory = scene
        .service
        .issue_answer("mallory@acme:pc", answer("mallory", json!({})));
    for client_id in ["alice@acme:pc", "mallory@beta:pc", "Mallory@acme:pc"] {
        assert_refused(&scene, &connect(&mallory, client_id), client_id);
    }
    scene.broker.wait_for_log("the client id is another user's");
    // Claims of others have not bound the token to anything.
    let own = connect(&mallory, "mallory@acme:phone");
    scene.connect_until_decided(&own).client("mallory").ping();
    // From here on it is this device's.
    assert_refused(
        &scene,
        &connect(&mallory, "mallory@acme:pc"),
        "a second device",
    );
}

fn devices_that_are_not_listed_are_refused(on: Version) {
    let scene = keycloak(on);
    let login = scene
        .service
        .issue_answer("alice@acme:pc", answer("alice", json!({})));
    for client_id in ["alice@acme:tv", "alice@acme:PC", "alice@acme:pc2"] {
        assert_refused(&scene, &connect(&login, client_id), client_id);
    }
    scene.broker.wait_for_log("claim_device");
    let listed = connect(&login, "alice@acme:pc");
    scene.connect_until_decided(&listed).client("alice").ping();
}

fn groups_and_roles_of_an_oauth_server_are_honoured(on: Version) {
    let scene = keycloak(on);
    let join = |user: &str, members: Value| {
        let client_id = format!("{user}@acme:pc");
        let login = scene
            .service
            .issue_answer(&client_id, answer(user, members));
        scene.connect(&login, Mqtt::V5).client(user)
    };
    let mut alice = join(
        "alice",
        json!({"groups": ["/acme/dev", "/beta/ops", "/staff"]}),
    );
    let mut bob = join("bob", json!({"groups": ["/acme/dev"]}));
    // Of the same name, but not among those that are meant for us.
    let mut carol = join(
        "carol",
        json!({"groups": ["/dev"], "realm_access": {"roles": ["operator"]}}),
    );
    let mut olga = join(
        "olga",
        json!({"realm_access": {"roles": ["push-operator"]}}),
    );
    let text = group_message("alice", "for dev");
    assert!(alice.publish("acme/im/msg/g/dev", &text) < 0x80);
    assert_eq!(bob.next_said().payload, text);
    for gid in ["ops", "staff"] {
        let topic = format!("acme/im/msg/g/{gid}");
        assert_eq!(alice.publish(&topic, &text), 0x87, "{gid}");
    }
    let from_carol = group_message("carol", "not for dev");
    assert_eq!(carol.publish("acme/im/msg/g/dev", &from_carol), 0x87);
    assert!(carol.subscribe("acme/im/msg/g/dev") >= 0x80);
    assert!(carol.subscribe("$SYS/broker/uptime") >= 0x80);
    assert!(olga.subscribe("$SYS/broker/uptime") < 0x80);
    let said = carol.all_said();
    assert!(
        said.iter().all(|m| m.topic != "acme/im/msg/g/dev"),
        "{said:?}"
    );
}

fn token_for_another_application_is_refused(on: Version) {
    let scene = keycloak(on);
    for members in [
        json!({"aud": "account"}),
        json!({"aud": ["shop", "account"]}),
        json!({"aud": null}),
        json!({"typ": "Refresh"}),
    ] {
        let login = scene
            .service
            .issue_answer("alice@acme:pc", answer("alice", members.clone()));
        let shown = members.to_string();
        assert_refused(&scene, &connect(&login, "alice@acme:pc"), &shown);
        assert_refused(&scene, &connect(&login, "alice@acme:pc"), &shown);
        assert_eq!(scene.service.asked_about(&login.token), 1, "{shown}");
    }
    let line = scene.broker.wait_for_log("does not fit this login");
    assert!(line.contains("`/aud` is not `mqtt`"), "{line}");
}

fn answer_without_a_claim_lets_nobody_in_and_its_pointer_is_named(on: Version) {
    for (member, value, told) in [
        (
            "preferred_username",
            Value::Null,
            "`/preferred_username` is missing",
        ),
        ("exp", Value::Null, "`/exp` is missing"),
        ("exp", json!("s3cr3t"), "`/exp` is a string"),
        ("groups", json!("s3cr3t"), "`/groups` is a string"),
        (
            "groups",
            json!(["/acme/s3cr3t/x"]),
            "`/groups`: group holds the byte 0x2f",
        ),
    ] {
        let scene = keycloak(on);
        let bad = answer("alice", json!({ member: value }));
        let login = scene.service.issue_answer("alice@acme:pc", bad);
        assert!(!scene.connect(&login, Mqtt::V5).is_in(), "{told}");
        // That it holds nothing of the answer is looked after when the broker is dropped.
        let line = scene
            .broker
            .wait_for_log("static service answered nonsense");
        assert!(line.contains(told), "{line}");
    }
}

fn string_that_holds_user_and_enterprise_is_taken_apart(on: Version) {
    let scene = Scene::with(on, |conf| {
        asking(conf)
            .option("claim_eid", "/sub {uid}@{eid}")
            .option("claim_uid", "/sub {uid}@{eid}")
            .option("claim_device", "/ext/device")
            .option("claim_kind", "=phone")
            .option("claim_groups", "/ext/groups")
    });
    let hydra = |sub: &str| {
        json!({"active": true, "sub": sub, "exp": now_ms() / 1000 + 60, "token_type": "Bearer",
            "ext": {"device": "app", "groups": ["dev"]}})
    };
    for user in ["alice@acme", "alice@beta"] {
        let login = scene
            .service
            .issue_answer(&format!("{user}:app"), hydra(user));
        let (_, eid) = user.split_once('@').expect("uid@eid");
        let mut alice = scene.connect(&login, Mqtt::V5).client(user);
        let text = group_message("alice", "hello");
        assert!(alice.publish(&format!("{eid}/im/msg/g/dev"), &text) < 0x80);
        let elsewhere = if eid == "acme" { "beta" } else { "acme" };
        let foreign = format!("{elsewhere}/im/msg/g/dev");
        assert_eq!(alice.publish(&foreign, &text), 0x87);
    }
    for sub in [
        "alice",
        "alice@acme@beta",
        "alice@acme/x",
        "+@acme",
        "alice@acme ",
    ] {
        let login = scene.service.issue_answer("alice@acme:app", hydra(sub));
        let outcome = scene.connect(&login, Mqtt::V5);
        assert!(!outcome.is_in(), "{sub}: {outcome:?}");
    }
}

fn token_without_an_end_ends_after_the_life_that_is_given(on: Version) {
    let scene = Scene::with(on, |conf| asking(conf).option("claim_exp", "/exp or 2"));
    let login = scene
        .service
        .issue_with("alice@acme:pc", json!({"exp": null}));
    let mut alice = scene.connect(&login, Mqtt::V5).client("alice");
    alice.ping();
    assert_ne!(alice.ended_within(PATIENCE), Closing::Silent);
    scene.broker.wait_for_log("connection ended: ");
    // It is asked about anew, and may go on for as long.
    scene
        .connect_until_decided(&connect(&login, "alice@acme:pc"))
        .client("alice again")
        .ping();
    assert_eq!(scene.service.asked_about(&login.token), 2);
}
