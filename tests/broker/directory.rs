//! The directory of the static service rules: loaded as a whole, kept current, kept over restarts.

use serde_json::{Value, json};

use crate::harness::directory::{enterprise, group, partners, user};
use crate::harness::{
    Answer, Connect, Message, Mqtt, Outcome, Scene, Version, each_broker, eventually,
    group_message, message,
};

each_broker!(
    directory_gives_rights_that_logins_did_not_tell,
    what_a_later_load_no_longer_holds_is_taken_away,
    nonsense_and_cuts_change_nothing_and_are_tried_again,
    service_without_a_directory_is_served_by_logins,
    copy_serves_while_the_static_service_is_away,
    damaged_copy_is_said_to_be_and_not_used,
    retained_messages_of_removed_users_and_groups_are_cleared,
    suspended_enterprise_receives_nothing_that_waited,
    what_waits_is_withheld_when_its_right_has_gone,
);

fn acme() -> Vec<Value> {
    vec![
        enterprise("acme"),
        enterprise("beta"),
        user("alice@acme", &[], &["news"]),
        user("bob@acme", &[], &[]),
        user("dora@beta", &[], &[]),
        group("dev@acme", &["alice", "bob"]),
        partners("alice@acme", "dora@beta"),
    ]
}

/// A broker that has loaded this directory.
fn with_directory(on: Version, entries: &[Value], state: Option<&std::path::Path>) -> Scene {
    let scene = Scene::with(on, |conf| match state {
        Some(folder) => conf.option("state_dir", folder.display()),
        None => conf,
    });
    // The plugin has asked once, and will not again by itself: each load from here on is the test's own.
    scene.broker.wait_for_log("static service has no directory");
    load(&scene, entries, 1);
    scene
}

/// Serves a directory and waits until the broker has loaded it, for the `nth` time.
fn load(scene: &Scene, entries: &[Value], nth: usize) {
    scene.service.directory(entries);
    scene.service.event("snapshot.required", &json!({}));
    let loaded = || scene.broker.log().matches(" users, ").count();
    eventually("the directory", || (loaded() >= nth).then_some(()));
}

fn no_rights() -> Value {
    json!({"groups": null, "partners": null, "roles": null, "channels": null})
}

fn directory_gives_rights_that_logins_did_not_tell(on: Version) {
    let scene = with_directory(on, &acme(), None);
    let mut alice = scene.join_with("alice@acme:pc", no_rights());
    let mut bob = scene
        .join_with("bob@acme:pc", no_rights())
        .subscribed("acme/im/msg/g/dev");
    let mut dora = scene
        .join_with("dora@beta:pc", no_rights())
        .subscribed("acme/im/pres/alice");
    assert_eq!(dora.next().payload, b"online");
    let text = group_message("alice", "by the directory");
    assert!(alice.publish("acme/im/msg/g/dev", &text) < 0x80);
    assert_eq!(bob.next_said().payload, text);
    let text = message("alice@acme", "across the wall");
    assert_eq!(alice.publish("beta/im/msg/dora", &text), 0);
    assert_eq!(dora.next_said().payload, text);
    assert!(bob.subscribe("beta/im/pres/dora") >= 0x80);
}

fn what_a_later_load_no_longer_holds_is_taken_away(on: Version) {
    let scene = with_directory(on, &acme(), None);
    let less = vec![
        enterprise("acme"),
        enterprise("beta"),
        user("alice@acme", &[], &[]),
        user("dora@beta", &[], &[]),
    ];
    load(&scene, &less, 2);
    let login = scene.announced_with("bob@acme:pc", no_rights());
    for mqtt in Mqtt::BOTH {
        assert!(!scene.connect(&login, mqtt).is_in(), "bob is gone");
    }
    let login = scene.announced_with("alice@acme:pc", no_rights());
    let mut alice = scene.connect(&login, Mqtt::V5).client("alice");
    let text = group_message("alice", "to nobody");
    assert_eq!(alice.publish("acme/im/msg/g/dev", &text), 0x87);
    let text = message("alice@acme", "no link");
    assert_eq!(alice.publish("beta/im/msg/dora", &text), 0x87);
}

fn nonsense_and_cuts_change_nothing_and_are_tried_again(on: Version) {
    let scene = with_directory(on, &acme(), None);
    let begin = r#"{"event":"directory.begin","data":{"seq":1}}"#;
    for (text, why) in [
        ("", "cut off"),
        ("nonsense\n", "line 1"),
        (
            r#"{"event":"user.upserted","data":{"eid":"acme","uid":"bob"}}"#,
            "directory.begin",
        ),
        (begin, "cut off"),
        (&format!("{begin}\n{begin}\n"), "twice"),
        (
            &format!("{begin}\n{{\"event\":\"directory.end\",\"data\":{{\"entries\":1}}}}\n"),
            "entries",
        ),
        (
            &format!(
                "{begin}\n{{\"event\":\"user.upserted\",\"data\":{{\"eid\":\"a/b\",\"uid\":\"x\"}}}}\n"
            ),
            "0x2f",
        ),
        (
            &format!(
                "{begin}\n{{\"event\":\"notice\",\"data\":{{\"id\":\"1\",\"scope\":{{\"all\":true}},\"title\":\"x\"}}}}\n"
            ),
            "does not belong",
        ),
    ] {
        let skip = scene.broker.log().len();
        scene.service.directory_text(text);
        scene.service.event("snapshot.required", &json!({}));
        let line = scene.broker.wait_for_log_after(skip, why);
        assert!(line.contains("directory:"), "{text}: {line}");
    }
    let skip = scene.broker.log().len();
    scene.service.directory_answer(Answer::Torn);
    scene.service.event("snapshot.required", &json!({}));
    scene.service.directory(&acme());
    scene.broker.wait_for_log_after(skip, "trying again");
    // The former directory has stood all the time, and is replaced by the first good answer.
    let login = scene.announced_with("alice@acme:pc", no_rights());
    let mut alice = scene.connect(&login, Mqtt::V5).client("alice");
    let text = group_message("alice", "still a member");
    assert!(alice.publish("acme/im/msg/g/dev", &text) < 0x80);
    scene.service.directory_answer(Answer::Normal);
    scene.broker.wait_for_log_after(skip, " users, ");
}

fn service_without_a_directory_is_served_by_logins(on: Version) {
    let scene = Scene::start(on);
    scene.broker.wait_for_log("static service has no directory");
    let login = scene.announced_with("alice@acme:pc", json!({"groups": ["dev"]}));
    let mut alice = scene.connect(&login, Mqtt::V5).client("alice");
    let text = group_message("alice", "told at the login");
    assert!(alice.publish("acme/im/msg/g/dev", &text) < 0x80);
    assert_eq!(scene.service.directory_openings(), 1);
}

fn copy_serves_while_the_static_service_is_away(on: Version) {
    let state = state_dir();
    let mut scene = with_directory(on, &acme(), Some(state.path()));
    // A change after the load, which only the journal has.
    let members = json!({"eid": "acme", "gid": "dev", "members": ["alice", "bob", "carl"]});
    scene.service.event("group.upserted", &members);
    let event = json!({"eid": "acme", "uid": "carl"});
    scene.service.event("user.upserted", &event);
    scene.settle();
    let bob = scene.announced_with("bob@acme:phone", no_rights());
    let durable = Connect::new(Mqtt::V311, &bob.client_id, &bob.token).durable();
    let client = scene.send(&durable).client("bob");
    client.subscribed("acme/im/msg/g/dev").disconnect();
    let alice = scene.announced_with("alice@acme:pc", no_rights());
    let mut client = scene.connect(&alice, Mqtt::V5).client("alice");
    let waiting = group_message("alice", "waits for bob");
    assert!(client.publish("acme/im/msg/g/dev", &waiting) < 0x80);
    scene.broker.stop();
    scene.service.stop();
    scene.broker.start_again();
    scene.broker.wait_for_log(" users, ");
    // Nobody new gets in, and the session that was restored is judged as before.
    assert!(!scene.connect(&alice, Mqtt::V5).is_in());
    scene.service.start_again();
    let mut bob = scene.connect_until_decided(&durable).client("bob");
    assert_eq!(bob.next_said().payload, waiting);
    assert_eq!(scene.service.directory_openings(), 2, "not loaded again");
}

fn damaged_copy_is_said_to_be_and_not_used(on: Version) {
    let state = state_dir();
    let mut scene = with_directory(on, &acme(), Some(state.path()));
    scene.broker.stop();
    let file = state.path().join("directory");
    let mut bytes = std::fs::read(&file).expect("the copy");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).expect("the copy can be damaged");
    let skip = scene.broker.log().len();
    scene.broker.start_again();
    scene.broker.wait_for_log_after(skip, "damaged: not used");
    // It is loaded again by itself.
    scene.broker.wait_for_log_after(skip, " users, ");
}

fn retained_messages_of_removed_users_and_groups_are_cleared(on: Version) {
    let scene = with_directory(on, &acme(), None);
    let mut bob = scene.join_with("bob@acme:pc", no_rights());
    bob.publish_retained("acme/im/sig/bob", b"here I am");
    bob.publish_retained("acme/im/msg/g/dev", &group_message("bob", "pinned"));
    let mut alice = scene
        .join_with("alice@acme:pc", no_rights())
        .subscribed("acme/im/sig/bob")
        .subscribed("acme/im/msg/g/dev");
    assert_eq!(alice.next_said().payload, b"here I am");
    assert_eq!(alice.next_said().topic, "acme/im/msg/g/dev");
    let gone = json!({"eid": "acme", "uid": "bob"});
    scene.service.event("user.removed", &gone);
    let cleared = alice.next_said();
    assert_eq!(
        (cleared.topic.as_str(), cleared.payload.len()),
        ("acme/im/sig/bob", 0)
    );
    let gone = json!({"eid": "acme", "gid": "dev"});
    scene.service.event("group.removed", &gone);
    let back = json!({"eid": "acme", "gid": "dev", "members": ["alice"]});
    scene.service.event("group.upserted", &back);
    scene.settle();
    alice.all();
    for filter in ["acme/im/sig/bob", "acme/im/msg/g/dev"] {
        assert!(alice.subscribe(filter) <= 2);
    }
    assert_eq!(alice.all_said(), [], "nothing is kept");
}

fn suspended_enterprise_receives_nothing_that_waited(on: Version) {
    let scene = with_directory(on, &acme(), None);
    let login = scene.announced_with("dora@beta:phone", no_rights());
    let connect = Connect::new(Mqtt::V311, &login.client_id, &login.token).durable();
    let dora = scene.send(&connect).client("dora");
    dora.subscribed("beta/im/msg/dora").disconnect();
    let mut alice = scene.join_with("alice@acme:pc", no_rights());
    alice.publish("beta/im/msg/dora", &message("alice@acme", "waits"));
    scene
        .service
        .event("enterprise.suspended", &json!({"eid": "beta"}));
    scene.settle();
    assert!(matches!(
        scene.connect_at_once(&connect),
        Outcome::Refused(_)
    ));
    alice.publish("beta/im/msg/dora", &message("alice@acme", "too late"));
    scene
        .service
        .event("enterprise.upserted", &json!({"eid": "beta"}));
    scene.service.announce(&login);
    scene.settle();
    let mut dora = scene.send(&connect).client("dora");
    let seen = dora.all_said();
    let late = seen
        .iter()
        .any(|m| String::from_utf8_lossy(&m.payload).contains("too late"));
    assert!(!late, "{seen:?}");
}

fn what_waits_is_withheld_when_its_right_has_gone(on: Version) {
    let scene = with_directory(on, &acme(), None);
    let login = scene.announced_with("bob@acme:phone", no_rights());
    let mut alice = scene.join_with("alice@acme:pc", no_rights());
    for mqtt in Mqtt::BOTH {
        let members = |list: &[&str]| {
            let data = json!({"eid": "acme", "gid": "dev", "members": list});
            scene.service.event("group.upserted", &data);
            scene.settle();
        };
        members(&["alice", "bob"]);
        let connect = Connect::new(mqtt, &login.client_id, &login.token).durable();
        let bob = scene.send(&connect).client("bob");
        bob.subscribed("acme/im/msg/g/dev").disconnect();
        let (group, own) = (format!("{mqtt:?} to all"), format!("{mqtt:?} to bob"));
        alice.publish("acme/im/msg/g/dev", &group_message("alice", &group));
        alice.publish("acme/im/msg/bob", &message("alice", &own));
        scene.settle();
        members(&["alice"]);
        let mut bob = scene.send(&connect).client("bob");
        assert!(bob.session_present);
        let seen = bob.all_said();
        let came = |text: &str| {
            let of_text = |m: &&Message| String::from_utf8_lossy(&m.payload).contains(text);
            seen.iter().filter(of_text).count()
        };
        assert_eq!((came(&group), came(&own)), (0, 1), "{mqtt:?}: {seen:?}");
        bob.disconnect();
    }
}

/// A folder that any user may write: the broker may have become another one.
pub(crate) fn state_dir() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder for the broker's state")
}
