//! Rights that end: the connection ends with them, though these brokers have no call for that.

use serde_json::json;

use crate::each_host;
use crate::harness::{Connect, Mqtt, MqttClient, eventually, message, now_ms};
use crate::host::{Api, Options, Scene};

each_host!(
    revoked_token_ends_the_connection,
    kicked_user_may_log_in_anew,
    expired_token_ends_the_connection,
    without_a_session_who_is_kicked_is_refused_everything,
    username_with_device_is_taken_over_as_well,
);

fn open() -> Options {
    Options::default().set("allow_unseen_payloads", "on")
}

/// Whether the broker has closed it.
fn is_closed(client: &mut MqttClient) -> bool {
    client.try_publish("acme/x", b"", false).is_err()
}

fn revoked_token_ends_the_connection(api: Api) {
    let scene = Scene::with(api, open());
    let login = scene.announced("alice@acme:pc");
    let mut alice = scene.connect(&login).client("alice");
    let mut bob = scene.join("bob@acme:pc").subscribed("acme/im/msg/bob");
    scene
        .service
        .event("token.revoked", &json!({"digest": login.digest()}));
    eventually("alice's connection to end", || {
        is_closed(&mut alice).then_some(())
    });
    assert!(!scene.connect(&login).is_in(), "the token is void");
    scene.wait_for_log("alice@acme:pc: connection ended: login token revoked");
    bob.ping();
}

fn kicked_user_may_log_in_anew(api: Api) {
    let scene = Scene::with(api, open());
    let login = scene.announced("alice@acme:pc");
    let mut alice = scene.connect(&login).client("alice");
    scene.service.event(
        "session.kick",
        &json!({"eid": "acme", "uid": "alice", "reason": "test"}),
    );
    eventually("alice's connection to end", || {
        is_closed(&mut alice).then_some(())
    });
    let mut bob = scene.join("bob@acme:pc").subscribed("acme/im/msg/bob");
    let mut alice = scene.connect(&login).client("alice anew");
    alice.publish("acme/im/msg/bob", &message("alice", "back"));
    assert!(bob.next().payload.ends_with(b"back"));
}

fn expired_token_ends_the_connection(api: Api) {
    let scene = Scene::with(api, open());
    let exp = now_ms() / 1000 + 2;
    let mut alice = scene.join_with("alice@acme:pc", json!({"exp": exp}));
    assert!(!is_closed(&mut alice));
    eventually("alice's connection to end", || {
        is_closed(&mut alice).then_some(())
    });
    assert!(now_ms() / 1000 >= exp);
}

fn without_a_session_who_is_kicked_is_refused_everything(api: Api) {
    let scene = Scene::with(api, open().set("loopback_listener", "off"));
    let login = scene.service.issue("alice@acme:pc");
    let bobs = scene.service.issue("bob@acme:pc");
    scene.service.announce(&login);
    scene.service.announce(&bobs);
    let connect = |login: &crate::harness::Login| {
        let connect = Connect::new(Mqtt::V311, &login.client_id, &login.token);
        scene.connect_until_decided(&connect).client("in")
    };
    let mut alice = connect(&login).subscribed("acme/im/msg/alice");
    let mut bob = connect(&bobs).subscribed("acme/im/msg/bob");
    alice.publish("acme/im/msg/bob", &message("alice", "before"));
    assert!(bob.next().payload.ends_with(b"before"));
    scene
        .service
        .event("token.revoked", &json!({"digest": login.digest()}));
    eventually("alice to be shut out", || {
        alice.publish("acme/im/msg/bob", &message("alice", "after"));
        bob.all_said().is_empty().then_some(())
    });
    bob.publish("acme/im/msg/alice", &message("bob", "secret"));
    assert_eq!(alice.all_said(), [], "and she receives nothing");
}

/// On 1.4 the user name may hold the device, for listeners that make it the client id.
fn username_with_device_is_taken_over_as_well(api: Api) {
    if api != Api::V2 {
        return;
    }
    let scene = Scene::with(api, open());
    let login = scene.announced("alice@acme:pc");
    let connect = Connect::new(Mqtt::V311, &login.client_id, &login.token);
    let outcome = scene.send(&connect.clone().username("alice@acme:phone"));
    assert!(!outcome.is_in(), "another device's name: {outcome:?}");
    let mut bob = scene.join("bob@acme:pc").subscribed("acme/im/msg/bob");
    let mut alice = scene.send(&connect.username("alice@acme:pc")).client("in");
    alice.publish("acme/im/msg/bob", &message("alice", "hello"));
    assert!(bob.next().payload.ends_with(b"hello"));
    scene
        .service
        .event("token.revoked", &json!({"digest": login.digest()}));
    eventually("alice's connection to end", || {
        is_closed(&mut alice).then_some(())
    });
}
