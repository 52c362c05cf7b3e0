//! Loading, refusing, reloading and unloading.

use serde_json::json;

use crate::each_host;
use crate::harness::{Connect, FakeService, Mqtt, eventually, message};
use crate::host::{Api, Options, Scene, real_brokers};

each_host!(
    bad_options_keep_the_host_from_starting,
    log_tells_what_is_in_force_and_what_lacks,
    other_doors_are_shut,
    reload_reads_the_policy_again,
    nothing_of_the_plugin_is_left_after_unloading,
    session_waits_over_a_restart,
);

fn bad_options_keep_the_host_from_starting(api: Api) {
    for (name, value, told) in [
        ("static_url", "ftp://x", "auth_opt_static_url"),
        ("nonsense", "1", "unknown option auth_opt_nonsense"),
        (
            "loopback_listener",
            "192.0.2.1:1883",
            "auth_opt_loopback_listener",
        ),
        (
            "client_secret_file",
            "/nonexistent",
            "auth_opt_client_secret_file",
        ),
        ("policy_file", "/nonexistent", "auth_opt_policy_file"),
    ] {
        let service = FakeService::start();
        let mut options = Options::default().set(name, value);
        if name != "static_url" {
            options = options.set("static_url", service.url());
        }
        let failed = match Scene::try_with(api, options, service) {
            Err(failed) => failed,
            Ok(_) => panic!("started with {name} {value}"),
        };
        assert!(!failed.status.success());
        assert!(failed.log.contains(told), "{name}: {}", failed.log);
        assert!(!failed.log.contains("plugin_opt_"), "{}", failed.log);
    }
}

fn log_tells_what_is_in_force_and_what_lacks(api: Api) {
    let scene = Scene::start(api);
    scene.wait_for_log(": Mosquitto 1.x, ");
    scene.wait_for_log(" pre_subscribe=off presence=off");
    scene.wait_for_log("docs/mosquitto-1.md");
    let names_1_4 = scene.log().contains("Mosquitto 1.4: ");
    assert_eq!(names_1_4, api == Api::V2);
}

fn other_doors_are_shut(api: Api) {
    if real_brokers().is_some() {
        return;
    }
    let scene = Scene::start(api);
    let line = scene.wait_for_log("pre-shared key: ");
    assert_eq!(line, "pre-shared key: 11 ``");
    if api == Api::V4 {
        let line = scene.wait_for_log("extended authentication: ");
        assert_eq!(line, "extended authentication: 11 11");
    }
}

fn reload_reads_the_policy_again(api: Api) {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.json");
    let all = ["publish", "subscribe", "receive"];
    let rule = json!({"name": "lab", "allow": all, "topics": ["{eid}/lab/+"]});
    let rule = json!({"version": 1, "rules": [rule]});
    std::fs::write(&policy, r#"{"version": 1, "rules": []}"#).unwrap();
    let options = Options::default().set("policy_file", policy.display());
    let mut scene = Scene::with(api, options);
    let mut bob = scene.join("bob@acme:pc");
    let mut alice = scene.join("alice@acme:pc");
    bob.subscribe("acme/lab/x");
    alice.publish("acme/lab/x", b"before");
    assert_eq!(bob.all_said(), []);
    std::fs::write(&policy, "not a policy").unwrap();
    scene.reload();
    scene.wait_for_log("the former policy stays in force");
    std::fs::write(&policy, rule.to_string()).unwrap();
    scene.reload();
    scene.wait_for_log("is in force");
    bob.subscribe("acme/lab/x");
    alice.publish("acme/lab/x", b"after");
    assert_eq!(bob.next().payload, b"after");
}

fn nothing_of_the_plugin_is_left_after_unloading(api: Api) {
    if real_brokers().is_some() {
        return;
    }
    let mut scene = Scene::start(api);
    let _alice = scene.join("alice@acme:pc");
    let log = scene.stop();
    let lines = log
        .lines()
        .filter_map(|line| line.strip_prefix("thread after cleanup: "));
    let threads: Vec<&str> = lines.collect();
    assert!(
        matches!(&*threads, [one] if one.starts_with("host")),
        "{threads:?}"
    );
    assert!(log.ends_with("unloaded\n"), "{log}");
}

/// What is sent to a device that has not come back yet is kept for it. Only real brokers keep sessions, and 1.4 does not
/// say whose a restored one is.
fn session_waits_over_a_restart(api: Api) {
    if real_brokers().is_none() || api == Api::V2 {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let options = Options::default()
        .set("state_dir", state.path().display())
        .set("allow_unseen_payloads", "on");
    let mut scene = Scene::with(api, options);
    let bob = scene.announced("bob@acme:pc");
    let connect = Connect::new(Mqtt::V311, &bob.client_id, &bob.token).durable();
    let client = scene.send(&connect).client("bob");
    drop(client.subscribed("acme/im/msg/bob"));
    eventually("the device to be written down", || {
        let files = std::fs::read_dir(state.path()).ok()?.flatten();
        let mut texts = files.filter_map(|file| std::fs::read_to_string(file.path()).ok());
        texts
            .any(|text| text.contains(&bob.client_id))
            .then_some(())
    });
    scene.stop();
    scene.start_again();
    scene.service.announce(&bob);
    let mut alice = scene.join("alice@acme:pc");
    alice.publish("acme/im/msg/bob", &message("alice", "while away"));
    let mut client = scene.send(&connect).client("bob again");
    assert!(client.next().payload.ends_with(b"while away"));
}
