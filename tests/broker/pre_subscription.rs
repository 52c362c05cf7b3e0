//! Clients that never send SUBSCRIBE, and clients that do: each gets what is theirs, once.

use serde_json::json;

use crate::harness::{
    Connect, Mqtt, MqttClient, Scene, Version, each_broker, group_message, message,
};

each_broker!(
    client_that_never_subscribes_receives_what_is_its_own,
    client_that_subscribes_receives_everything_once,
    absent_device_finds_what_came_meanwhile,
    who_takes_over_a_session_that_ends_is_subscribed,
    absent_device_is_known_after_a_restart,
    membership_gained_and_lost_takes_effect_without_a_login,
    every_device_but_the_sending_one_gets_a_group_message,
    message_to_the_own_phone_does_not_come_back,
    nothing_comes_unasked_when_switched_off,
);

/// One message of each kind for bob, by alice and by the system; how many.
fn send_all(scene: &Scene, alice: &mut MqttClient, tag: &str) -> usize {
    let news = json!({"id": tag, "kind": "news", "time": 1, "title": tag}).to_string();
    assert_eq!(alice.publish("acme/im/msg/bob", &message("alice", tag)), 0);
    assert_eq!(
        alice.publish("acme/im/msg/g/dev", &group_message("alice", tag)),
        0
    );
    assert_eq!(alice.publish("acme/notice/news", news.as_bytes()), 0);
    for scope in [
        json!({"all": true}),
        json!({"eid": "acme"}),
        json!({"eid": "acme", "uid": "bob"}),
        json!({"eid": "acme", "gid": "dev"}),
    ] {
        scene.service.notice(&scope, tag);
    }
    settle(scene);
    7
}

/// Also what is brought by hand, which takes a turn more.
fn settle(scene: &Scene) {
    scene.settle();
    scene.settle();
}

fn alice(scene: &Scene) -> MqttClient {
    let members = json!({"groups": ["dev"], "channels": ["news"]});
    scene.join_with("alice@acme:pc", members)
}

/// The topics on which messages with this text came, sorted.
fn topics(client: &mut MqttClient, tag: &str) -> Vec<String> {
    let seen = client.all_said().into_iter();
    let of_tag = seen.filter(|m| String::from_utf8_lossy(&m.payload).contains(tag));
    let mut topics: Vec<String> = of_tag.map(|m| m.topic).collect();
    topics.sort();
    topics
}

const BOBS: [&str; 7] = [
    "$SYS/notice",
    "$SYS/notice/acme",
    "$SYS/notice/acme/bob",
    "$SYS/notice/acme/bob",
    "acme/im/msg/bob",
    "acme/im/msg/g/dev",
    "acme/notice/news",
];

fn client_that_never_subscribes_receives_what_is_its_own(on: Version) {
    let scene = Scene::start(on);
    let mut alice = alice(&scene);
    for mqtt in Mqtt::BOTH {
        let login = scene.announced_with("bob@acme:pc", json!({"groups": ["dev"]}));
        let mut bob = scene.connect(&login, mqtt).client("bob");
        let mut mallory = scene.join_as("mallory@beta:pc", mqtt);
        let mut carol = scene.join_as("carol@acme:pc", mqtt);
        let tag = format!("{mqtt:?}");
        assert_eq!(send_all(&scene, &mut alice, &tag), BOBS.len());
        assert_eq!(topics(&mut bob, &tag), BOBS);
        assert_eq!(topics(&mut mallory, &tag), ["$SYS/notice"]);
        let colleagues = ["$SYS/notice", "$SYS/notice/acme", "acme/notice/news"];
        assert_eq!(topics(&mut carol, &tag), colleagues);
    }
}

fn client_that_subscribes_receives_everything_once(on: Version) {
    let scene = Scene::start(on);
    let mut alice = alice(&scene);
    for mqtt in Mqtt::BOTH {
        let login = scene.announced_with("bob@acme:pc", json!({"groups": ["dev"]}));
        let mut bob = scene.connect(&login, mqtt).client("bob");
        for filter in [
            "acme/im/msg/bob",
            "acme/im/msg/g/dev",
            "acme/notice/#",
            "$SYS/notice",
            "$SYS/notice/acme",
            "$SYS/notice/acme/bob",
        ] {
            assert!(bob.subscribe(filter) <= 2, "{filter}");
        }
        for round in 0..3 {
            let tag = format!("{mqtt:?}-{round}");
            send_all(&scene, &mut alice, &tag);
            assert_eq!(topics(&mut bob, &tag), BOBS);
        }
        // Giving a subscription up does not give the message up.
        bob.unsubscribe("acme/im/msg/bob");
        bob.unsubscribe("acme/notice/#");
        let login = scene.announced_with("bob@acme:pc", json!({"groups": ["dev"]}));
        drop(bob);
        let mut bob = scene.connect(&login, mqtt).client("bob");
        let tag = format!("{mqtt:?}-after");
        send_all(&scene, &mut alice, &tag);
        assert_eq!(topics(&mut bob, &tag), BOBS);
    }
}

fn absent_device_finds_what_came_meanwhile(on: Version) {
    let scene = Scene::start(on);
    let mut alice = alice(&scene);
    for mqtt in Mqtt::BOTH {
        let login = scene.announced_with("bob@acme:phone", json!({"groups": ["dev"]}));
        let connect = Connect::new(mqtt, &login.client_id, &login.token).durable();
        scene.send(&connect).client("bob").disconnect();
        scene.settle();
        let tag = format!("{mqtt:?}");
        send_all(&scene, &mut alice, &tag);
        let mut bob = scene.send(&connect).client("bob");
        assert!(bob.session_present);
        assert_eq!(topics(&mut bob, &tag), BOBS);
        // The broker asked about what waited, not because he is subscribed.
        send_all(&scene, &mut alice, "later");
        assert_eq!(topics(&mut bob, "later"), BOBS);
        bob.disconnect();
        // The session is thrown away, for the next round.
        scene.connect(&login, mqtt).client("bob").disconnect();
    }
}

fn who_takes_over_a_session_that_ends_is_subscribed(on: Version) {
    let scene = Scene::start(on);
    let mut alice = alice(&scene);
    for mqtt in Mqtt::BOTH {
        let login = scene.announced_with("bob@acme:pc", json!({"groups": ["dev"]}));
        let before = scene.connect(&login, mqtt).client("bob");
        let connect = Connect::new(mqtt, &login.client_id, &login.token).durable();
        let mut bob = scene.send(&connect).client("bob");
        assert!(!bob.session_present);
        let tag = format!("{mqtt:?}");
        send_all(&scene, &mut alice, &tag);
        assert_eq!(topics(&mut bob, &tag), BOBS);
        drop(before);
        bob.disconnect();
        scene.connect(&login, mqtt).client("bob").disconnect();
    }
}

fn absent_device_is_known_after_a_restart(on: Version) {
    let state = tempfile::tempdir().expect("a folder for the broker's state");
    let mut scene = Scene::with(on, |conf| conf.option("state_dir", state.path().display()));
    let login = scene.announced_with("bob@acme:phone", json!({"groups": ["dev"]}));
    let connect = Connect::new(Mqtt::V5, &login.client_id, &login.token).durable();
    scene.send(&connect).client("bob").disconnect();
    scene.settle();
    scene.broker.stop();
    scene.broker.start_again();
    scene
        .broker
        .wait_for_log_after(0, "control feed: connected");
    scene.service.announce(&login);
    let mut alice = alice(&scene);
    assert!(alice.publish("acme/im/msg/bob", &message("alice", "after")) < 0x80);
    scene.service.notice(&json!({"eid": "acme"}), "after");
    settle(&scene);
    let mut bob = scene.send(&connect).client("bob");
    assert!(bob.session_present);
    assert_eq!(
        topics(&mut bob, "after"),
        ["$SYS/notice/acme", "acme/im/msg/bob"]
    );
}

fn membership_gained_and_lost_takes_effect_without_a_login(on: Version) {
    let scene = Scene::start(on);
    let mut alice = alice(&scene);
    let mut bob = scene.join_with("bob@acme:pc", json!({"groups": []}));
    let mut say = |text: &str, bob: &mut MqttClient| {
        alice.publish("acme/im/msg/g/dev", &group_message("alice", text));
        settle(&scene);
        topics(bob, text)
    };
    let members = |list: &[&str]| {
        let data = json!({"eid": "acme", "gid": "dev", "members": list});
        scene.service.event("group.upserted", &data);
        scene.settle();
    };
    assert_eq!(say("one", &mut bob), [""; 0]);
    members(&["alice", "bob"]);
    assert_eq!(say("two", &mut bob), ["acme/im/msg/g/dev"]);
    members(&["alice"]);
    assert_eq!(say("three", &mut bob), [""; 0]);
    members(&["alice", "bob"]);
    assert_eq!(say("four", &mut bob), ["acme/im/msg/g/dev"]);
    let gone = json!({"eid": "acme", "gid": "dev"});
    scene.service.event("group.removed", &gone);
    scene.settle();
    assert_eq!(say("five", &mut bob), [""; 0]);
}

fn every_device_but_the_sending_one_gets_a_group_message(on: Version) {
    let scene = Scene::start(on);
    let dev = || json!({"groups": ["dev"]});
    let mut sender = scene.join_with("alice@acme:pc", dev());
    let mut others = vec![
        scene.join_with("alice@acme:phone", dev()),
        scene
            .join_with("bob@acme:pc", dev())
            .subscribed("acme/im/msg/g/dev"),
        scene.join_with("bob@acme:phone", dev()),
    ];
    for n in 0..5 {
        if n == 2 {
            sender = sender.subscribed("acme/im/msg/g/dev");
        }
        let text = format!("message {n}");
        sender.publish("acme/im/msg/g/dev", &group_message("alice", &text));
        settle(&scene);
        for other in &mut others {
            assert_eq!(topics(other, &text), ["acme/im/msg/g/dev"], "{text}");
        }
        assert_eq!(topics(&mut sender, &text), [""; 0], "{text}: no echo");
    }
}

fn message_to_the_own_phone_does_not_come_back(on: Version) {
    let scene = Scene::start(on);
    let inbox = "acme/im/msg/alice";
    let mut pc = scene.join("alice@acme:pc").subscribed(inbox);
    let mut phone = scene
        .join_with("alice@acme:phone", json!({"kind": "phone"}))
        .subscribed(inbox);
    let header = crate::harness::Header {
        kind: 0x21,
        ..crate::harness::Header::text("alice")
    };
    assert_eq!(pc.publish(inbox, &header.with(b"to my phone")), 0);
    settle(&scene);
    assert_eq!(topics(&mut phone, "to my phone"), [inbox]);
    assert_eq!(topics(&mut pc, "to my phone"), [""; 0]);
}

fn nothing_comes_unasked_when_switched_off(on: Version) {
    let scene = Scene::with(on, |conf| conf.option("pre_subscribe", "off"));
    let mut alice = alice(&scene);
    let mut bob = scene.join_with("bob@acme:pc", json!({"groups": ["dev"]}));
    send_all(&scene, &mut alice, "unasked");
    assert_eq!(topics(&mut bob, "unasked"), [""; 0]);
    assert!(bob.subscribe("acme/im/msg/g/dev") <= 2);
    send_all(&scene, &mut alice, "asked");
    assert_eq!(topics(&mut bob, "asked"), ["acme/im/msg/g/dev"]);
}
