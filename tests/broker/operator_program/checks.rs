//! A configuration's check: that of a broker that runs, and against static services.

use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use super::{program, text};
use crate::harness::{
    Answer, Authority, BROKER_SECRET, Conf, FakeService, Scene, StaticService, Version, each_broker,
};

each_broker!(configuration_of_a_running_broker_passes_the_check,);

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
