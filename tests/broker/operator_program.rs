//! The operator's program: explanations by a broker that runs.

mod checks;

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::harness::directory::{enterprise, group, partners, user};
use crate::harness::{
    Authority, Login, MARK, Scene, Version, each_broker, eventually, free_port, message,
};

each_broker!(
    running_broker_explains_what_it_decides,
    answers_by_a_copy_are_those_of_the_broker,
    nobody_but_operators_is_given_an_explanation,
    explanations_come_over_tls_too,
);

const PROGRAM: &str = env!("CARGO_BIN_EXE_enterprise-push");
const OPERATOR: &str = "root@acme:cli";

fn program(words: &[&str], token: Option<&str>) -> Output {
    let mut command = Command::new(PROGRAM);
    command.args(words).env_remove("ENTERPRISE_PUSH_TOKEN");
    if let Some(token) = token {
        command.env("ENTERPRISE_PUSH_TOKEN", token);
    }
    let done = command.output().expect("the program runs");
    for text in [&done.stdout, &done.stderr] {
        assert!(
            !String::from_utf8_lossy(text).contains(MARK),
            "a secret is shown: {done:?}"
        );
    }
    done
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn operator(scene: &Scene) -> Login {
    scene.announced_with(OPERATOR, json!({"roles": ["operator"]}))
}

/// Asks the broker; gives the exit code and the answer.
fn ask(scene: &Scene, operator: &Login, question: &[&str]) -> (Option<i32>, Value) {
    let url = format!("tcp://127.0.0.1:{}", scene.broker.port());
    let words = [
        &["explain", "--json", "--broker", &url, "--as", OPERATOR],
        question,
    ]
    .concat();
    let done = program(&words, Some(&operator.token));
    let answer = serde_json::from_slice(&done.stdout);
    (
        done.status.code(),
        answer.unwrap_or_else(|e| panic!("{e}: {done:?}")),
    )
}

fn running_broker_explains_what_it_decides(on: Version) {
    let scene = Scene::start(on);
    let operator = operator(&scene);
    let mut bob = scene.join_with(
        "bob@acme:phone",
        json!({"kind": "phone", "groups": ["dev"]}),
    );
    let (status, told) = ask(
        &scene,
        &operator,
        &["bob@acme:phone", "write", "acme/im/msg/alice"],
    );
    assert_eq!(
        (status, &told["allowed"]),
        (Some(0), &json!(true)),
        "{told}"
    );
    assert_eq!(told["kind"], "phone", "of the session");
    assert_eq!(told["source"]["row"], "{eid}/im/msg/{uid}");
    assert_eq!(bob.publish("acme/im/msg/alice", &message("bob", "hi")), 0);

    let (status, told) = ask(
        &scene,
        &operator,
        &["bob@acme", "subscribe", "acme/im/msg/g/ops"],
    );
    assert_eq!(
        (status, &told["allowed"]),
        (Some(1), &json!(false)),
        "{told}"
    );
    assert!(bob.subscribe("acme/im/msg/g/ops") >= 0x80);
    let (status, _) = ask(
        &scene,
        &operator,
        &["bob@acme", "subscribe", "acme/im/msg/g/dev"],
    );
    assert_eq!(status, Some(0));
    assert!(bob.subscribe("acme/im/msg/g/dev") < 0x80);

    let (status, told) = ask(&scene, &operator, &["bob@acme", "login"]);
    assert_eq!(
        (status, &told["sessions"][0]["clientId"]),
        (Some(0), &json!("bob@acme:phone"))
    );
    scene
        .service
        .event("user.removed", &json!({"eid": "acme", "uid": "bob"}));
    scene.settle();
    let (status, told) = ask(&scene, &operator, &["bob@acme", "login"]);
    assert_eq!(
        (status, &told["why"]),
        (Some(1), &json!("the user was removed"))
    );
}

fn answers_by_a_copy_are_those_of_the_broker(on: Version) {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = folder.path().join("policy.json");
    let rules = r#"{"version":1,"rules":[
        {"name":"stock","who":{"roles":["buyer"]},"allow":["publish","subscribe","receive"],"topics":["{eid}/stock/#"]}]}"#;
    std::fs::write(&policy, rules).expect("a policy");
    let entries = [
        enterprise("acme"),
        enterprise("beta"),
        user("root@acme", &["operator"], &[]),
        user("alice@acme", &["buyer"], &["news"]),
        user("dora@beta", &[], &[]),
        group("dev@acme", &["alice"]),
        partners("alice@acme", "dora@beta"),
    ];
    let scene = Scene::prepared(
        on,
        |service| service.directory(&entries),
        |conf| {
            conf.option("state_dir", folder.path().display())
                .option("policy_file", policy.display())
        },
    );
    scene.broker.wait_for_log("directory: 3 users");
    let operator = scene.announced_with(OPERATOR, json!({"groups": null}));
    let copy = folder.path().join("directory");
    eventually("the copy", || copy.is_file().then_some(()));
    let conf = scene
        .broker
        .folder()
        .join("mosquitto.conf")
        .display()
        .to_string();
    for question in [
        ["alice@acme", "write", "acme/stock/x"],
        ["alice@acme", "read", "beta/im/pres/dora"],
        ["alice@acme", "subscribe", "acme/#"],
        ["alice@acme:pc", "subscribe", "acme/stock/+/#"],
        ["dora@beta", "write", "acme/stock/x"],
        ["dora@beta", "read", "acme/im/msg/g/dev"],
        ["root@acme", "read", "$SYS/broker/uptime"],
        ["eve@acme", "write", "acme/im/msg/alice"],
    ] {
        let (status, live) = ask(&scene, &operator, &question);
        let done = program(
            &[&["explain", "--json", "--conf", &conf], &question[..]].concat(),
            None,
        );
        let mut copied: Value =
            serde_json::from_slice(&done.stdout).unwrap_or_else(|e| panic!("{e}: {done:?}"));
        assert_eq!(done.status.code(), status, "{question:?}: {live} {copied}");
        let added = copied["notes"].as_array_mut().and_then(Vec::pop);
        assert!(
            added.is_some_and(|note| note.to_string().contains("by the copy")),
            "{copied}"
        );
        copied
            .as_object_mut()
            .expect("an object")
            .remove("policyFile");
        assert_eq!(copied, live, "{question:?}");
    }
}

fn nobody_but_operators_is_given_an_explanation(on: Version) {
    let scene = Scene::start(on);
    let eve = scene.announced("eve@acme:pc");
    let url = format!("tcp://127.0.0.1:{}", scene.broker.port());
    let words = [
        "explain",
        "bob@acme",
        "login",
        "--broker",
        &url,
        "--as",
        "eve@acme:pc",
    ];
    let done = program(&words, Some(&eve.token));
    assert_eq!(done.status.code(), Some(3), "{done:?}");
    assert!(
        text(&done.stderr).contains("it takes the role operator"),
        "{done:?}"
    );
    let done = program(&words, Some("not-a-token"));
    assert_eq!(done.status.code(), Some(3), "{done:?}");
    assert_eq!(text(&done.stdout), "");
}

fn explanations_come_over_tls_too(on: Version) {
    let authority = Authority::new();
    authority.sign("broker", "localhost");
    let port = free_port();
    let file = |name: &str| authority.file(name).display().to_string();
    let scene = Scene::with(on, |conf| {
        conf.line(&format!("listener {port} 127.0.0.1"))
            .line(&format!("certfile {}", file("broker.pem")))
            .line(&format!("keyfile {}", file("broker.key")))
    });
    let operator = operator(&scene);
    let folder = tempfile::tempdir().expect("a folder");
    let token = folder.path().join("token");
    std::fs::write(&token, format!("{}\n", operator.token)).expect("a file");
    let (url, token) = (
        format!("tls://localhost:{port}"),
        token.display().to_string(),
    );
    let words = [
        "explain",
        "bob@acme",
        "write",
        "acme/im/msg/alice",
        "--broker",
        &url,
        "--as",
        OPERATOR,
        "--token-file",
        &token,
    ];
    let authority_file = file("ca.pem");
    let trusting = [&words[..], &["--ca-file", &authority_file]].concat();
    let done = program(&trusting, None);
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    assert_eq!(
        text(&done.stdout),
        documented(),
        "as docs/operator-program.md shows it"
    );
    let strange = program(&words, None);
    assert_eq!(
        strange.status.code(),
        Some(3),
        "the system trusts no such authority: {strange:?}"
    );
}

/// The page's example of a running broker, which knows nothing of bob but the name.
fn documented() -> String {
    let page = include_str!("../../docs/operator-program.md");
    let call =
        "bob@acme write acme/im/msg/alice --broker tcp://127.0.0.1:1883 --as root@acme:cli\n";
    let rest = page.split(call).nth(1).expect("the example");
    let shown = rest
        .split("```text\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("its output");
    let fact = "  fact     nothing is known of bob@acme, and the directory is not complete: the rights of the name alone count";
    shown.replace("...", fact)
}
