//! Disks and ports that fail while the broker runs: the log says so, and clients notice nothing. With what stands in
//! tests/broker/login_faults.rs, audit.rs and others this is the table "What happens when something is down" of
//! docs/operations.md.

use std::net::{Ipv4Addr, TcpListener, TcpStream};

use crate::harness::{Scene, Version, each_broker, eventually, free_port, message};

each_broker!(
    audit_file_on_a_full_disk_is_said_and_stops_nobody,
    state_folder_that_cannot_be_written_is_said_and_stops_nobody,
    metrics_port_that_is_taken_is_said_and_tried_again,
);

/// Bob reads what Alice writes.
fn assert_people_talk(scene: &Scene) {
    let mut bob = scene.join("bob@acme:pc").subscribed("acme/im/msg/bob");
    let mut alice = scene.join("alice@acme:pc");
    let text = message("alice", "still here");
    alice.publish("acme/im/msg/bob", &text);
    assert_eq!(bob.next().payload, text);
}

fn audit_file_on_a_full_disk_is_said_and_stops_nobody(on: Version) {
    let scene = Scene::with(on, |conf| conf.option("audit_file", "/dev/full"));
    assert_people_talk(&scene);
    let line = scene.broker.wait_for_log("audit log `/dev/full`: ");
    assert!(line.contains("No space left on device"), "{line}");
    assert_people_talk(&scene);
}

fn state_folder_that_cannot_be_written_is_said_and_stops_nobody(on: Version) {
    let parent = tempfile::tempdir().expect("a folder");
    let state = parent.path().join("state");
    std::fs::create_dir(&state).expect("a folder");
    let scene = Scene::with(on, |conf| conf.option("state_dir", state.display()));
    assert_people_talk(&scene);
    std::fs::remove_dir_all(&state).expect("it is there");
    std::fs::write(&state, "a file in its place").expect("a file");
    assert_people_talk(&scene);
    scene.broker.wait_for_log("feed-position: Not a directory");
    assert_people_talk(&scene);
}

fn metrics_port_that_is_taken_is_said_and_tried_again(on: Version) {
    let port = free_port();
    let somebody = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("a free port");
    let scene = Scene::with(on, |conf| conf.option("metrics_listen", port));
    let line = scene.broker.wait_for_log("plugin_opt_metrics_listen");
    assert!(line.contains("Address already in use"), "{line}");
    assert_people_talk(&scene);
    drop(somebody);
    eventually("the port", || {
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()
    });
}
