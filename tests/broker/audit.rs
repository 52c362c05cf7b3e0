//! The audit log: what goes on record, into a file and on to the static service, and what an outage does to it.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Answer, MARK, Mqtt, MqttClient, Scene, Version, each_broker, eventually};

each_broker!(
    what_happens_is_written_down,
    file_that_was_moved_away_is_opened_anew,
    records_wait_for_the_static_service_and_none_is_lost,
    what_the_spool_holds_is_sent_after_a_restart,
    batch_that_is_refused_is_set_aside_and_the_next_is_sent,
);

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// The records of a file, as far as whole lines have been written.
fn read(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let lines = whole.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect()
}

/// Waits for a record with these members.
fn wait_for(look: impl Fn() -> Vec<Value>, members: &Value) -> Value {
    let wanted = members.as_object().expect("an object");
    let fits = |record: &Value| wanted.iter().all(|(name, value)| record[name] == *value);
    eventually(&format!("a record {members}"), || {
        look().into_iter().find(|record| fits(record))
    })
}

/// Records of this event.
fn of_event(records: &[Value], event: &str) -> usize {
    records.iter().filter(|r| r["event"] == event).count()
}

fn assert_each_once(records: &[Value]) {
    let ids: BTreeSet<&str> = records.iter().filter_map(|r| r["id"].as_str()).collect();
    assert_eq!(ids.len(), records.len(), "an id twice, or none");
}

fn operator(scene: &Scene) -> MqttClient {
    scene.join_with("root@acme:pc", json!({"roles": ["operator"]}))
}

fn what_happens_is_written_down(on: Version) {
    let folder = folder();
    let file = folder.path().join("audit.log");
    let policy = folder.path().join("policy.json");
    std::fs::write(&policy, r#"{"version": 1, "rules": []}"#).expect("a policy");
    let mut scene = Scene::with(on, |conf| {
        let conf = conf.option("audit_file", file.display());
        conf.option("policy_file", policy.display())
    });
    let look = || read(&file);
    let mut alice = scene.join_as("alice@acme:pc", Mqtt::V5);
    let login = json!({"event": "login", "eid": "acme", "uid": "alice", "device": "pc",
        "peer": "127.0.0.1", "via": "announcement", "node": "test"});
    let record = wait_for(look, &login);
    assert!(
        record["time"].as_u64() > Some(1_700_000_000_000),
        "{record}"
    );

    let mut foreign = scene.announced("mallory@beta:pc");
    foreign.client_id = "bob@acme:pc".to_owned();
    assert!(!scene.connect(&foreign, Mqtt::V5).is_in());
    let refused = json!({"event": "login.refused", "uid": "bob", "eid": "acme",
        "reason": "login token belongs to another client id"});
    wait_for(look, &refused);

    for _ in 0..3 {
        assert_eq!(
            alice.publish("beta/im/msg/mallory", b"words that nobody may read"),
            0x87
        );
    }
    let topic = json!({"event": "publish.refused", "uid": "alice", "topic": "beta/im/msg/mallory"});
    assert!(wait_for(look, &topic)["reason"].is_string());
    assert!(alice.subscribe("beta/#") >= 0x80);

    scene.service.notice(&json!({"eid": "acme"}), "maintenance");
    wait_for(
        look,
        &json!({"event": "notice", "notice": "maintenance", "kind": "announcement", "eid": "acme"}),
    );
    let group = json!({"eid": "acme", "gid": "dev", "members": ["alice"]});
    scene.service.event("group.upserted", &group);
    wait_for(
        look,
        &json!({"event": "directory.group.upserted", "eid": "acme", "gid": "dev"}),
    );
    scene.service.event(
        "partner.linked",
        &json!({"a": "alice@acme", "b": "mallory@beta"}),
    );
    let ends = json!(["alice@acme", "mallory@beta"]);
    wait_for(
        look,
        &json!({"event": "directory.partner.linked", "partners": ends}),
    );

    let mut operator = operator(&scene);
    let command = json!({"commands": [{"command": "kickUser", "eid": "acme", "uid": "alice", "reason": "bye"},
        {"command": "makeCoffee"}]});
    operator.publish(
        "$CONTROL/enterprise-push/v1",
        command.to_string().as_bytes(),
    );
    wait_for(
        look,
        &json!({"event": "command", "command": "kickUser", "uid": "root"}),
    );
    wait_for(
        look,
        &json!({"event": "command.refused", "command": "makeCoffee", "reason": "no such command"}),
    );
    wait_for(
        look,
        &json!({"event": "kick", "uid": "alice", "reason": "bye"}),
    );
    wait_for(
        look,
        &json!({"event": "logout", "uid": "alice", "device": "pc"}),
    );

    scene.broker.reload();
    wait_for(look, &json!({"event": "policy.loaded", "rules": 0}));
    std::fs::write(&policy, "{").expect("a policy");
    scene.broker.reload();
    wait_for(look, &json!({"event": "policy.refused"}));

    let records = read(&file);
    assert_each_once(&records);
    assert_eq!(of_event(&records, "publish.refused"), 1, "one a second");
    let text = std::fs::read_to_string(&file).expect("the log");
    assert!(!text.contains(MARK), "a token");
    assert!(!text.contains("words that nobody"), "a message");
}

fn file_that_was_moved_away_is_opened_anew(on: Version) {
    let folder = folder();
    let file = folder.path().join("audit.log");
    let old = folder.path().join("audit.log.1");
    let mut scene = Scene::with(on, |conf| conf.option("audit_file", file.display()));
    let _alice = scene.join("alice@acme:pc");
    wait_for(|| read(&file), &json!({"event": "login", "uid": "alice"}));
    std::fs::rename(&file, &old).expect("the log is there");
    let _bob = scene.join("bob@acme:pc");
    wait_for(|| read(&old), &json!({"event": "login", "uid": "bob"}));
    scene.broker.reload();
    let mut carol = None;
    eventually("the new file", || {
        carol = Some(scene.join("carol@acme:pc"));
        file.exists().then_some(())
    });
    wait_for(|| read(&file), &json!({"event": "login", "uid": "carol"}));
    let mut all = read(&old);
    all.extend(read(&file));
    assert_each_once(&all);
}

fn shipping(on: Version, state: &Path) -> Scene {
    Scene::with(on, |conf| {
        let conf = conf.option("audit_ship", "on");
        conf.option("state_dir", state.display())
    })
}

/// Files of the spool.
fn spooled(state: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(state.join("audit")).expect("the spool");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    names
        .map(|name| name.to_string_lossy().into_owned())
        .collect()
}

fn records_wait_for_the_static_service_and_none_is_lost(on: Version) {
    const ROUNDS: usize = 40;
    let state = folder();
    let scene = shipping(on, state.path());
    let unavailable = Answer::Body(503, "text/plain", Vec::new());
    scene.service.logs_answer(unavailable);
    let login = scene.announced("alice@acme:pc");
    for _ in 0..ROUNDS {
        let mut client = scene.connect(&login, Mqtt::V311).client("alice");
        client.ping();
        client.disconnect();
    }
    scene.broker.wait_for_log("records wait in the spool");
    assert!(scene.service.batches() > 0);
    assert_eq!(scene.service.records(), Vec::<Value>::new());
    scene.service.logs_answer(Answer::Normal);
    let look = || scene.service.records();
    eventually("all records", || {
        let records = look();
        let there = |event| of_event(&records, event) == ROUNDS;
        (there("login") && there("logout")).then_some(())
    });
    assert_each_once(&look());
    scene.broker.wait_for_log("takes records again");
    eventually("an empty spool", || {
        spooled(state.path()).is_empty().then_some(())
    });
    assert_eq!(of_event(&look(), "audit.dropped"), 0);
}

fn what_the_spool_holds_is_sent_after_a_restart(on: Version) {
    let state = folder();
    let mut scene = shipping(on, state.path());
    scene
        .service
        .logs_answer(Answer::Body(503, "text/plain", Vec::new()));
    let _alice = scene.join("alice@acme:pc");
    scene.broker.wait_for_log("records wait in the spool");
    scene.broker.stop();
    assert_eq!(scene.service.records(), Vec::<Value>::new());
    assert!(!spooled(state.path()).is_empty());
    scene.service.logs_answer(Answer::Normal);
    scene.broker.start_again();
    wait_for(
        || scene.service.records(),
        &json!({"event": "login", "uid": "alice"}),
    );
    assert_each_once(&scene.service.records());
}

fn batch_that_is_refused_is_set_aside_and_the_next_is_sent(on: Version) {
    let state = folder();
    let scene = shipping(on, state.path());
    scene
        .service
        .logs_answer(Answer::Body(400, "text/plain", Vec::new()));
    let _alice = scene.join("alice@acme:pc");
    scene.broker.wait_for_log("it will not have these records");
    let aside = read(&state.path().join("audit/refused"));
    assert!(of_event(&aside, "login") == 1, "{aside:?}");
    scene.service.logs_answer(Answer::Normal);
    let _bob = scene.join("bob@acme:pc");
    wait_for(
        || scene.service.records(),
        &json!({"event": "login", "uid": "bob"}),
    );
}
