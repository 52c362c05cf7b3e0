//! The control feed: notices reach whom they are for, and withdrawn rights end sessions at once.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{
    Closing, Connect, Login, Mqtt, MqttClient, Scene, Version, each_broker, now_ms,
};

each_broker!(
    notices_reach_their_scope_and_nobody_else,
    retained_notice_is_seen_by_those_who_come_later,
    kick_ends_the_named_sessions_and_lets_them_come_back,
    revoked_token_ends_its_session_and_opens_nothing,
    removed_user_is_out_even_if_introspection_says_otherwise,
    suspended_enterprise_is_out_until_it_is_restored,
    expiry_of_the_token_ends_the_session,
    group_changes_take_effect_at_once,
    unreadable_events_are_logged_and_passed_over,
    lost_events_make_tokens_be_checked_again,
);

/// Within this an event must have ended a session.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Fails unless the connection ends at once.
fn assert_ends(client: &mut MqttClient, why: &str) {
    let end = client.ended_within(AT_ONCE);
    assert_ne!(end, Closing::Silent, "still connected: {why}");
}

fn connect(login: &Login) -> Connect {
    Connect::new(Mqtt::V5, &login.client_id, &login.token)
}

fn notices_reach_their_scope_and_nobody_else(on: Version) {
    let scene = Scene::start(on);
    let people = [
        ("alice", "acme", json!({"groups": ["dev"]})),
        ("bob", "acme", json!({"groups": []})),
        ("mallory", "beta", json!({"groups": ["dev"]})),
    ];
    let mut clients: Vec<(&str, MqttClient)> = people
        .into_iter()
        .map(|(uid, eid, members)| {
            let client = scene
                .join_with(&format!("{uid}@{eid}:pc"), members)
                .subscribed("$SYS/notice")
                .subscribed(&format!("$SYS/notice/{eid}"))
                .subscribed(&format!("$SYS/notice/{eid}/{uid}"));
            (uid, client)
        })
        .collect();
    for (scope, for_whom) in [
        (json!({"all": true}), ["alice", "bob", "mallory"].as_slice()),
        (json!({"eid": "acme"}), &["alice", "bob"]),
        (json!({"eid": "beta"}), &["mallory"]),
        (json!({"eid": "acme", "uid": "bob"}), &["bob"]),
        (json!({"eid": "acme", "gid": "dev"}), &["alice"]),
        (json!({"eid": "acme", "gid": "none"}), &[]),
        (json!({"eid": "gamma"}), &[]),
    ] {
        let title = scope.to_string();
        scene.service.notice(&scope, &title);
        scene.settle();
        for (uid, client) in &mut clients {
            let titles: Vec<Value> = client
                .all()
                .iter()
                .map(|m| m.json()["title"].clone())
                .collect();
            let want = usize::from(for_whom.contains(uid));
            assert_eq!(titles, vec![json!(title); want], "{uid}");
        }
    }
}

fn retained_notice_is_seen_by_those_who_come_later(on: Version) {
    let scene = Scene::start(on);
    for (title, retain) in [("kept", true), ("gone", false)] {
        let notice = json!({"id": title, "scope": {"eid": "acme"}, "retain": retain,
            "expiry_s": 600, "title": title, "body": "b", "kind": "k", "data": {"n": 1}});
        scene.service.event("notice", &notice);
    }
    scene.settle();
    let mut alice = scene
        .join_as("alice@acme:pc", Mqtt::V5)
        .subscribed("$SYS/notice/acme");
    let seen = alice.next();
    let told = seen.json();
    assert!(seen.retain);
    for (name, value) in [
        ("id", json!("kept")),
        ("title", json!("kept")),
        ("body", json!("b")),
        ("kind", json!("k")),
        ("data", json!({"n": 1})),
    ] {
        assert_eq!(told[name], value);
    }
    assert!(told["time"].as_u64().expect("a time") > 0);
    assert_eq!(alice.all(), []);
}

fn kick_ends_the_named_sessions_and_lets_them_come_back(on: Version) {
    let scene = Scene::start(on);
    let pc = scene.announced("alice@acme:pc");
    let phone = scene.announced("alice@acme:phone");
    let mut bob = scene.join("bob@acme:pc");
    let mut on_pc = scene.send(&connect(&pc)).client("pc");
    let mut on_phone = scene.connect(&phone, Mqtt::V311).client("phone");
    let one = json!({"eid": "acme", "uid": "alice", "device": "pc", "reason": "moved"});
    scene.service.event("session.kick", &one);
    assert_ends(&mut on_pc, "kicked by device");
    on_phone.ping();
    let mut on_pc = scene.send(&connect(&pc)).client("pc again");
    on_pc.ping();
    let all = json!({"eid": "acme", "uid": "alice", "reason": "all"});
    scene.service.event("session.kick", &all);
    assert_ends(&mut on_pc, "kicked");
    assert_ends(&mut on_phone, "kicked");
    scene.send(&connect(&pc)).client("pc once more").ping();
    scene.send(&connect(&phone)).client("phone again").ping();
    bob.ping();
    assert_eq!(scene.service.questions().len(), 0, "kicks void no token");
}

fn revoked_token_ends_its_session_and_opens_nothing(on: Version) {
    let scene = Scene::start(on);
    let revoked = scene.announced("alice@acme:pc");
    let other = scene.announced("alice@acme:phone");
    let mut session = scene.send(&connect(&revoked)).client("alice");
    let mut bystander = scene.send(&connect(&other)).client("alice's phone");
    scene
        .service
        .event("token.revoked", &json!({"digest": revoked.digest()}));
    assert_ends(&mut session, "revoked");
    // Introspection may not have heard of it yet: the feed's word counts.
    for mqtt in Mqtt::BOTH {
        let outcome = scene.connect(&revoked, mqtt);
        assert!(!outcome.is_in(), "{outcome:?}");
    }
    bystander.ping();
    scene.join("alice@acme:pc").ping();
}

fn removed_user_is_out_even_if_introspection_says_otherwise(on: Version) {
    let scene = Scene::start(on);
    let login = scene.announced("alice@acme:pc");
    let mut session = scene.send(&connect(&login)).client("alice");
    let mut bob = scene.join("bob@acme:pc");
    let gone = json!({"eid": "acme", "uid": "alice"});
    scene.service.event("user.removed", &gone);
    assert_ends(&mut session, "user removed");
    let outcome = scene.connect_until_decided(&connect(&login));
    assert!(!outcome.is_in(), "{outcome:?}");
    bob.ping();
}

fn suspended_enterprise_is_out_until_it_is_restored(on: Version) {
    let scene = Scene::start(on);
    let login = scene.announced("alice@acme:pc");
    let mut session = scene.send(&connect(&login)).client("alice");
    let mut second = scene.join("bob@acme:pc");
    let mut outsider = scene.join("mallory@beta:pc");
    scene
        .service
        .event("enterprise.suspended", &json!({"eid": "acme"}));
    assert_ends(&mut session, "suspended");
    assert_ends(&mut second, "suspended");
    outsider.ping();
    let outcome = scene.connect_until_decided(&connect(&login));
    assert!(!outcome.is_in(), "{outcome:?}");
    scene.service.event(
        "enterprise.upserted",
        &json!({"eid": "acme", "name": "Acme"}),
    );
    scene.settle();
    let outcome = scene.connect_until_decided(&connect(&login));
    outcome.client("alice after the suspension").ping();
}

fn expiry_of_the_token_ends_the_session(on: Version) {
    let scene = Scene::start(on);
    let exp = now_ms() / 1000 + 2;
    let login = scene.announced_with("alice@acme:pc", json!({"exp": exp}));
    let mut session = scene.send(&connect(&login)).client("alice");
    session.ping();
    let began = Instant::now();
    let end = session.ended_within(Duration::from_secs(5));
    assert_ne!(
        end,
        Closing::Silent,
        "still connected after {:?}",
        began.elapsed()
    );
    assert!(now_ms() / 1000 >= exp, "ended before its time");
    let outcome = scene.connect_until_decided(&connect(&login));
    assert!(!outcome.is_in(), "{outcome:?}");
}

fn group_changes_take_effect_at_once(on: Version) {
    let scene = Scene::start(on);
    let mut alice = scene.join_as("alice@acme:pc", Mqtt::V5);
    let mut bob = scene.join("bob@acme:pc");
    let text = crate::harness::group_message("alice", "hi");
    assert_eq!(alice.publish("acme/im/msg/g/new", &text), 0x87);
    let group = json!({"eid": "acme", "gid": "new", "members": ["alice", "bob"]});
    scene.service.event("group.upserted", &group);
    scene.settle();
    bob = bob.subscribed("acme/im/msg/g/new");
    assert_eq!(alice.publish("acme/im/msg/g/new", &text), 0);
    assert_eq!(bob.next().payload, text);
    scene
        .service
        .event("group.removed", &json!({"eid": "acme", "gid": "new"}));
    scene.settle();
    assert_eq!(alice.publish("acme/im/msg/g/new", &text), 0x87);
    assert_eq!(bob.all(), []);
}

/// Events that cannot be what they say they are.
const UNREADABLE: [(&str, &str); 16] = [
    ("notice", ""),
    ("notice", "{"),
    ("notice", "[]"),
    ("notice", r#"{"title": "no scope", "id": "1"}"#),
    ("notice", r#"{"title": "t", "id": "1", "scope": {}}"#),
    (
        "notice",
        r#"{"title": "t", "id": "1", "scope": {"all": false}}"#,
    ),
    (
        "notice",
        r#"{"title": "t", "id": "1", "scope": {"eid": "a/b"}}"#,
    ),
    (
        "notice",
        r##"{"title": "t", "id": "1", "scope": {"eid": "#"}}"##,
    ),
    (
        "notice",
        r#"{"title": "t", "id": "1", "scope": {"uid": "bob"}}"#,
    ),
    ("token.issued", "{}"),
    ("token.issued", r#"{"digest": "00", "eid": "acme"}"#),
    ("token.revoked", r#"{"digest": "zz"}"#),
    ("session.kick", r#"{"uid": "alice"}"#),
    ("session.kick", r#"{"eid": "acme", "uid": "+"}"#),
    (
        "group.upserted",
        r#"{"eid": "acme", "gid": "g", "members": "alice"}"#,
    ),
    ("partner.linked", r#"{"a": "alice", "b": "bob@beta"}"#),
];

fn unreadable_events_are_logged_and_passed_over(on: Version) {
    let scene = Scene::start(on);
    let mut alice = scene
        .join("alice@acme:pc")
        .subscribed("$SYS/notice")
        .subscribed("$SYS/notice/acme");
    for (name, data) in UNREADABLE {
        let before = scene.broker.log().len();
        let id = scene.service.event_text(name, data);
        scene.settle();
        if data.is_empty() {
            // Server-Sent Events without data are none.
            continue;
        }
        let line = scene
            .broker
            .wait_for_log_after(before, &format!("event {id} "));
        assert!(line.contains(name), "{line}");
    }
    assert_eq!(alice.all(), []);
    scene.service.notice(&json!({"all": true}), "still here");
    assert_eq!(alice.next().json()["title"], "still here");
    assert_eq!(
        scene.service.openings().len(),
        1,
        "the feed was opened anew"
    );
}

fn lost_events_make_tokens_be_checked_again(on: Version) {
    let scene = Scene::start(on);
    let login = scene.announced("alice@acme:pc");
    scene.send(&connect(&login)).client("alice").disconnect();
    assert_eq!(scene.service.asked_about(&login.token), 0);
    scene.service.event("snapshot.required", &json!({}));
    scene.settle();
    scene.service.void(&login);
    let outcome = scene.connect_until_decided(&connect(&login));
    assert!(!outcome.is_in(), "{outcome:?}");
    assert_eq!(scene.service.asked_about(&login.token), 1);
}
