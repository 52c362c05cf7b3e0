//! The broker's secret at the static service is changed without a restart: the file is read again on SIGHUP.

use crate::harness::{Mqtt, Scene, Version, each_broker};

each_broker!(secret_is_rotated_without_a_disconnect);

fn secret_is_rotated_without_a_disconnect(on: Version) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("secret");
    let write = |secret: &str| std::fs::write(&file, secret).expect("a secret file");
    write("not-the-secret");
    let mut scene = Scene::with(on, |conf| {
        conf.option("client_secret_file", file.display())
            .option("feed", "off")
            .option("stall_budget_ms", 1000)
            .option("negative_ttl_s", 0)
    });
    let login = scene.service.issue("alice@acme:pc");
    assert!(!scene.connect(&login, Mqtt::V5).is_in());
    let before = scene.broker.log().len();
    write("two\nlines");
    scene.broker.reload();
    scene.broker.wait_for_log_after(
        before,
        "the former secret, CA and client certificate stay in use",
    );
    let before = scene.broker.log().len();
    write(crate::harness::BROKER_SECRET);
    scene.broker.reload();
    scene.broker.wait_for_log_after(before, "were read again");
    let mut alice = scene.join_as("alice@acme:pc", Mqtt::V5);
    let before = scene.broker.log().len();
    scene.broker.reload();
    scene.broker.wait_for_log_after(before, "were read again");
    alice.ping();
    assert!(!scene.broker.log().contains(crate::harness::BROKER_SECRET));
}
