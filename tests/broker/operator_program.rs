//! The operator's program: explanations by a broker that runs, and a configuration's check against a static service.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::directory::{enterprise, group, partners, user};
use crate::harness::{
    Answer, Authority, BROKER_SECRET, Conf, FakeService, Login, MARK, Scene, StaticService,
    Version, each_broker, eventually, free_port, message,
};

each_broker!(
    running_broker_explains_what_it_decides,
    answers_by_a_copy_are_those_of_the_broker,
    nobody_but_operators_is_given_an_explanation,
    explanations_come_over_tls_too,
    configuration_of_a_running_broker_passes_the_check,
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

fn configuration_of_a_running_broker_passes_the_check(on: Version) {
    let scene = Scene::start(on);
    let conf = scene
        .broker
        .folder()
        .join("mosquitto.conf")
        .display()
        .to_string();
    let done = program(&["check", "--broker-version", on.name(), &conf], None);
    let shown = text(&done.stdout);
    assert_eq!(done.status.code(), Some(0), "{shown}");
    assert!(shown.contains("calls a random token inactive"), "{shown}");
    let asked = scene.service.questions();
    assert_eq!(
        asked.last().expect("a question")["client_id"],
        "check@enterprise-push:check"
    );
}

/// A configuration for a service, without a broker.
struct Files {
    folder: TempDir,
}

impl Files {
    fn new(conf: &Conf) -> Files {
        let folder = tempfile::tempdir().expect("a folder");
        let secret = folder.path().join("secret");
        std::fs::write(&secret, BROKER_SECRET).expect("a secret");
        let text = conf.render(folder.path(), 1883, &secret);
        std::fs::write(folder.path().join("mosquitto.conf"), text).expect("a configuration");
        Files { folder }
    }

    fn conf(&self) -> PathBuf {
        self.folder.path().join("mosquitto.conf")
    }
}

fn check(conf: &Path) -> (Option<i32>, String) {
    let done = program(&["check", &conf.display().to_string()], None);
    (done.status.code(), text(&done.stdout))
}

fn assert_line(shown: &str, level: &str, wanted: &str) {
    let found = shown
        .lines()
        .any(|line| line.starts_with(level) && line.contains(wanted));
    assert!(found, "no {level} `{wanted}`:\n{shown}");
}

#[test]
fn check_asks_the_reference_static_service_as_a_broker_does() {
    let service = StaticService::start();
    let files = Files::new(&Conf::new(&service.url()));
    let (status, shown) = check(&files.conf());
    assert_eq!(status, Some(0), "{shown}");
    assert_line(
        &shown,
        "ok",
        "/oauth2/introspect takes our credentials, and calls a random token inactive",
    );
    assert_line(&shown, "ok", "control feed: it opens after event");
    assert_line(&shown, "ok", "directory: 4 users, 1 groups");
}

#[test]
fn check_asks_over_tls_with_the_brokers_certificate() {
    let authority = Authority::new();
    authority.sign("broker", "broker-1.example");
    let service = StaticService::start_with_certificates(&authority);
    let conf = Conf::new(&service.url()).option("ca_file", authority.file("ca.pem").display());
    let (status, shown) = check(&Files::new(&conf).conf());
    assert_eq!(status, Some(1), "{shown}");
    assert_line(&shown, "error", "refuses our credentials (HTTP 403)");
    let conf = conf
        .option("client_cert_file", authority.file("broker.pem").display())
        .option("client_key_file", authority.file("broker.key").display());
    let (status, shown) = check(&Files::new(&conf).conf());
    assert_eq!(status, Some(0), "{shown}");
    assert_line(
        &shown,
        "warning",
        "client_key_file: everybody on this machine may read",
    );
    std::fs::write(authority.file("ca.pem"), "not a certificate").expect("a file");
    let (status, shown) = check(&Files::new(&conf).conf());
    assert_eq!(status, Some(1), "{shown}");
    assert_line(&shown, "error", "plugin_opt_ca_file");
}

#[test]
fn check_tells_what_is_wrong_with_a_static_service() {
    let mut service = FakeService::start();
    let files = Files::new(&Conf::new(&service.url()));
    let wrong = |service: &FakeService, answer: Answer, wanted: &str| {
        service.introspection(answer);
        let (status, shown) = check(&files.conf());
        assert_eq!(status, Some(1), "{shown}");
        assert_line(&shown, "error", wanted);
    };
    let active = json!({"active": true, "eid": "enterprise-push", "uid": "check", "device": "check", "kind": "pc", "exp": 4_000_000_000_u64});
    wrong(
        &service,
        Answer::Json(active),
        "calls a random token active: anybody gets in",
    );
    wrong(
        &service,
        Answer::Json(json!({"ok": true})),
        "answered nonsense",
    );
    wrong(
        &service,
        Answer::Body(404, "text/plain", Vec::new()),
        "HTTP 404; look at static_url and introspection_path",
    );
    service.introspection(Answer::Normal);
    service.feed_answer(Answer::Body(404, "text/plain", Vec::new()));
    assert_line(
        &check(&files.conf()).1,
        "error",
        "where the static service has no feed, set plugin_opt_feed off",
    );
    service.feed_answer(Answer::Normal);
    let (status, shown) = check(&files.conf());
    assert_eq!(status, Some(0), "{shown}");
    assert_line(&shown, "warning", "directory: the static service has none");
    service.directory_text("{\"event\":\"directory.begin\",\"data\":{\"seq\":0}}\nnonsense\n");
    let (status, shown) = check(&files.conf());
    assert_eq!(status, Some(1), "{shown}");
    assert_line(
        &shown,
        "error",
        "directory: static service answered nonsense: directory: line 1",
    );
    service.stop();
    let (status, shown) = check(&files.conf());
    assert_eq!(status, Some(1), "{shown}");
    assert_line(&shown, "error", "static service cannot be reached");
    let other =
        Files::new(&Conf::new(&service.url()).option("client_secret_file", "/nowhere/secret"));
    let (_, shown) = check(&other.conf());
    assert_line(
        &shown,
        "warning",
        "static service: not asked; mend the files above first",
    );
}

#[test]
fn check_tells_of_credentials_that_are_refused() {
    let service = FakeService::start();
    let files = Files::new(&Conf::new(&service.url()));
    std::fs::write(files.folder.path().join("secret"), "another").expect("a secret");
    let (status, shown) = check(&files.conf());
    assert_eq!(status, Some(1), "{shown}");
    assert_line(&shown, "error", "refuses our credentials (HTTP 401)");
}
