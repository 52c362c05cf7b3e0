//! Operators' commands on `$CONTROL/enterprise-push/v1`.

use serde_json::{Value, json};

use crate::harness::{Mqtt, MqttClient, Scene, Version, each_broker};

each_broker!(
    operator_sends_notices_lists_kicks_and_asks,
    bad_commands_are_answered_one_by_one,
    nobody_else_gives_commands,
    policy_is_reloaded_by_command,
);

const CONTROL: &str = "$CONTROL/enterprise-push/v1";
const RESPONSE: &str = "$CONTROL/enterprise-push/v1/response";

fn operator(scene: &Scene) -> MqttClient {
    scene.join_with("root@acme:pc", json!({"roles": ["operator"]}))
}

/// Sends commands; gives the answers.
fn ask(operator: &mut MqttClient, commands: &Value) -> Vec<Value> {
    let request = json!({ "commands": commands }).to_string();
    assert_eq!(operator.publish(CONTROL, request.as_bytes()), 0);
    loop {
        let message = operator.next_said();
        if message.topic == RESPONSE {
            let answers = message.json()["responses"].clone();
            return answers.as_array().expect("a list").clone();
        }
    }
}

fn operator_sends_notices_lists_kicks_and_asks(on: Version) {
    let scene = Scene::start(on);
    let mut operator = operator(&scene).subscribed(RESPONSE);
    let mut bob = scene.join_as("bob@acme:pc", Mqtt::V5);
    let mut carol = scene.join("carol@beta:pc");
    let answers = ask(
        &mut operator,
        &json!([
            {"command": "sendNotice", "scope": {"eid": "acme"}, "title": "Maintenance", "correlationData": "c1"},
            {"command": "listSessions", "eid": "acme", "correlationData": 2},
            {"command": "getStatus"},
        ]),
    );
    assert_eq!(answers[0]["correlationData"], "c1");
    assert!(answers[0]["data"]["id"].is_string());
    assert_eq!(answers[1]["correlationData"], 2);
    assert_eq!(answers[1]["data"]["total"], 2);
    assert_eq!(answers[1]["data"]["sessions"][0]["clientId"], "bob@acme:pc");
    assert_eq!(answers[2]["data"]["sessions"], 3);
    assert_eq!(answers[2]["data"]["feed"], true);
    assert_eq!(bob.next().json()["title"], "Maintenance");
    let kick = json!([{"command": "kickUser", "eid": "acme", "uid": "bob", "reason": "bye"}]);
    assert_eq!(ask(&mut operator, &kick)[0]["data"]["sessions"], 1);
    scene
        .broker
        .wait_for_log("bob@acme:pc: connection ended: bye");
    carol.ping();
    assert_eq!(carol.all(), [], "a notice to acme");
}

fn bad_commands_are_answered_one_by_one(on: Version) {
    let scene = Scene::start(on);
    let mut operator = operator(&scene);
    let answers = ask(
        &mut operator,
        &json!([
            {"command": "makeCoffee", "correlationData": "x"},
            {"command": "kickUser", "eid": "acme"},
            {"command": "sendNotice", "scope": {"eid": "a/b"}, "title": "x"},
            {"command": "getStatus"},
        ]),
    );
    assert_eq!(answers[0]["error"], "no such command");
    assert_eq!(answers[0]["correlationData"], "x");
    assert!(
        answers[1]["error"]
            .as_str()
            .is_some_and(|e| e.contains("uid"))
    );
    assert!(
        answers[2]["error"]
            .as_str()
            .is_some_and(|e| e.contains("0x2f"))
    );
    assert!(answers[3]["data"]["version"].is_string());
    for nonsense in [&b"{"[..], b"", b"\xff", b"[]", &vec![b' '; 70_000]] {
        assert_eq!(operator.publish(CONTROL, nonsense), 0);
        let answer = operator.next_said();
        assert_eq!(answer.topic, RESPONSE);
        assert!(answer.json()["responses"][0]["error"].is_string());
    }
}

fn nobody_else_gives_commands(on: Version) {
    let scene = Scene::start(on);
    let mut operator = operator(&scene).subscribed(RESPONSE);
    let mut bob = scene.join("bob@acme:pc");
    let kick = json!({"commands": [{"command": "kickUser", "eid": "acme", "uid": "root"}]});
    for client in ["eve@acme:pc", "mallory@beta:pc"] {
        let mut client = scene.join_as(client, Mqtt::V5);
        client.subscribe(RESPONSE);
        // The broker may end the connection over it.
        let answer = client.try_publish(CONTROL, kick.to_string().as_bytes(), false);
        assert_ne!(answer, Ok(0));
    }
    bob.publish_qos0("acme/im/msg/nobody", b"");
    let status = json!([{"command": "getStatus"}]);
    assert_eq!(
        ask(&mut operator, &status).len(),
        1,
        "still here, and no other answer came"
    );
}

fn policy_is_reloaded_by_command(on: Version) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("policy.json");
    std::fs::write(&file, r#"{"version":1,"rules":[]}"#).expect("a policy");
    let scene = Scene::with(on, |conf| conf.option("policy_file", file.display()));
    let mut operator = operator(&scene);
    let rule =
        r#"{"version":1,"rules":[{"name":"t","allow":["publish"],"topics":["{eid}/t/{uid}"]}]}"#;
    std::fs::write(&file, rule).expect("a policy");
    let reload = json!([{"command": "reloadPolicy"}]);
    assert_eq!(ask(&mut operator, &reload)[0]["data"]["rules"], 1);
    let mut bob = scene.join_as("bob@acme:pc", Mqtt::V5);
    assert!(bob.publish("acme/t/bob", b"x") < 0x80);
    std::fs::write(&file, "{").expect("a bad policy");
    let error = ask(&mut operator, &reload)[0]["error"].clone();
    assert!(
        error.as_str().is_some_and(|e| e.contains("policy.json")),
        "{error}"
    );
    assert!(
        bob.publish("acme/t/bob", b"x") < 0x80,
        "the former one stands"
    );
}
