//! Starting: what makes the broker refuse, and what it says when it does not.

use std::path::Path;

use crate::harness::{Broker, Conf, FakeService, Scene, Version, each_broker};

each_broker!(
    good_options_start_and_the_greeting_shows_them,
    each_bad_option_keeps_the_broker_from_starting_and_is_named,
    bad_files_keep_the_broker_from_starting_and_are_named,
    secret_in_the_configuration_is_used_and_never_logged,
    old_directives_load_the_new_plugin,
);

fn good_options_start_and_the_greeting_shows_them(on: Version) {
    let scene = Scene::with(on, |conf| {
        conf.option("feed", "off")
            .option("node", "broker-eins")
            .option("timeout_ms", 1234)
            .option("cache_ttl_s", 77)
            .option("negative_ttl_s", 7)
            .option("cache_size", 4321)
            .option("stall_budget_ms", 33)
            .option("claim_eid", "/sub {uid}@{eid}")
            .option("claim_uid", "/sub {uid}@{eid}")
    });
    let log = scene.broker.log();
    let (api, login) = if on.is_2_1() {
        (
            "Mosquitto 2.1 or later, plugin API 5, host calls: delayed_login=yes subscriptions=yes; ",
            "delayed login",
        )
    } else {
        (
            "Mosquitto 2.0, plugin API 5, host calls: delayed_login=no subscriptions=no; ",
            "blocking login within 33 ms per second",
        )
    };
    let version = concat!(
        "mosquitto-enterprise-push ",
        env!("CARGO_PKG_VERSION"),
        ": "
    );
    let greeting = format!("{version}{api}{login}\n");
    assert!(log.contains(&greeting), "no `{greeting}` in: {log}");
    let settings = log
        .lines()
        .filter_map(|line| line.split_once(": settings: "));
    let settings: String = settings.map(|(_, pairs)| format!("{pairs} ")).collect();
    let url = format!("static_url={}", scene.service.url());
    for part in [
        "node=broker-eins",
        url.as_str(),
        "client_id=broker-1",
        "feed=off",
        "timeout_ms=1234",
        "cache_ttl_s=77",
        "negative_ttl_s=7",
        "cache_size=4321",
        "stall_budget_ms=33",
        "presence=on",
        "mode=enforce",
        "claim_uid=\"/sub {uid}@{eid}\"",
    ] {
        let part = format!("{part} ");
        assert!(settings.contains(&part), "no `{part}` in: {settings}");
    }
    // Each line as it was meant to be: Mosquitto cuts long ones.
    let whole = log.lines().filter(|line| line.contains(": settings: "));
    assert!(whole.clone().count() >= 1 && whole.clone().all(|line| line.len() < 900));
}

/// `auth_plugin` and `auth_opt_...`, as 1.x has them: a broker of 2.x asks the same file for its newest interface first.
fn old_directives_load_the_new_plugin(on: Version) {
    let scene = Scene::with(on, Conf::old_words);
    scene.broker.wait_for_log(" pre_subscribe=on presence=on");
    scene.join("alice@acme:pc");
    assert!(!scene.broker.log().contains("Mosquitto 1."));
}

/// The broker must refuse, and its log must hold all of `named` in one line, and nothing secret.
fn assert_refused(on: Version, conf: &Conf, named: &[&str]) {
    let failed = match Broker::try_start(on, conf) {
        Ok(_) => panic!("the broker started, but should name {named:?}"),
        Err(failed) => failed,
    };
    assert!(!failed.status.success(), "exit status 0 with {named:?}");
    assert!(
        failed.status.code().is_some(),
        "{named:?}: the broker crashed: {}",
        failed.status
    );
    let told = |line: &str| named.iter().all(|part| line.contains(part));
    assert!(
        failed.log.lines().any(told),
        "{named:?} not named in:\n{}",
        failed.log
    );
    assert!(!failed.log.contains("s3cr3t"), "{}", failed.log);
}

fn each_bad_option_keeps_the_broker_from_starting_and_is_named(on: Version) {
    let good = || Conf::new("http://127.0.0.1:9");
    for name in ["static_url", "client_id", "client_secret_file"] {
        assert_refused(on, &good().without(name), &[name]);
    }
    for (name, value) in [
        ("static_url", "ftp://static.example.com"),
        ("static_url", "static.example.com"),
        ("static_url", "http://bob:s3cr3t@static.example.com"),
        ("static_url", "http://static.example.com/?a=b"),
        ("client_id", "a:b"),
        ("introspection_path", "introspect"),
        ("introspection_sends", "everything"),
        ("claim_uid", "=alice"),
        ("claim_uid", "/sub {uid}@{eid}"),
        ("claim_roles", "roles"),
        ("require_claims", "/aud"),
        ("feed", "yes"),
        ("timeout_ms", "0"),
        ("timeout_ms", "2s"),
        ("cache_ttl_s", "-1"),
        ("negative_ttl_s", "301"),
        ("cache_size", "99"),
        ("stall_budget_ms", "1001"),
        ("tiemout_ms", "100"),
        ("client_secret", "s3cr3t-beside-the-file"),
    ] {
        let option = format!("plugin_opt_{name}");
        assert_refused(on, &good().option(name, value), &[&option]);
    }
    let twice = good().option("feed", "on").line("plugin_opt_feed off");
    assert_refused(on, &twice, &["plugin_opt_feed", "more than once"]);
}

fn bad_files_keep_the_broker_from_starting_and_are_named(on: Version) {
    let good = || Conf::new("http://127.0.0.1:9");
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).expect("a file");
        path.display().to_string()
    };
    let missing = folder.path().join("missing").display().to_string();
    for name in ["client_secret_file", "ca_file", "policy_file", "state_dir"] {
        assert_refused(on, &good().option(name, &missing), &[name, &missing]);
    }
    for (name, content) in [
        ("client_secret_file", b"" as &[u8]),
        ("client_secret_file", b"s3cr3t\nsecond line\n"),
        ("client_secret_file", b"s3cr3t\xff\n"),
        ("ca_file", b"not a certificate"),
        ("policy_file", b"not JSON"),
        ("policy_file", br#"{"version": 2, "rules": []}"#),
        ("policy_file", br#"{"version": 1, "rules": [{}]}"#),
    ] {
        let path = file("bad", content);
        assert_refused(on, &good().option(name, &path), &[name, &path]);
    }
    let not_a_folder = file("file", b"");
    let conf = good().option("state_dir", &not_a_folder);
    assert_refused(on, &conf, &["state_dir", &not_a_folder]);
}

fn secret_in_the_configuration_is_used_and_never_logged(on: Version) {
    let service = FakeService::start();
    let conf = Conf::new(&service.url())
        .without("client_secret_file")
        .option("client_secret", crate::harness::BROKER_SECRET);
    // That the feed connects shows that the secret was right; dropping the broker searches its log.
    let broker = Broker::start(on, &conf);
    broker.wait_for_log("control feed: connected");
    assert!(Path::new(broker.folder()).join("log").is_file());
}
