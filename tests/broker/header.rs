//! What a message must look like: malformed headers, foreign senders and oversized payloads are not
//! delivered, and the sender is told.

use std::time::{Duration, Instant};

use crate::harness::{Header, Mqtt, MqttClient, Scene, Version, each_broker, message};

each_broker!(
    malformed_header_is_not_delivered,
    foreign_source_is_not_delivered,
    refused_sender_gets_a_notice_with_the_reason,
    refusal_notices_are_limited,
    payload_of_three_mebibytes_is_delivered_and_one_byte_more_is_not,
    presence_and_signature_are_checked,
);

/// The most that may be sent, in bytes.
const MOST: usize = 3 * 1024 * 1024;

fn text() -> Header {
    Header::text("alice")
}

/// Messages of alice to bob that must not arrive.
fn malformed() -> Vec<(&'static str, Vec<u8>)> {
    let with = |change: fn(&mut Header)| {
        let mut header = text();
        change(&mut header);
        header.with(b"data")
    };
    let whole = text().with(b"data");
    let mut all = vec![
        ("empty", Vec::new()),
        ("text without a header", b"hello bob".to_vec()),
        ("protocol 0", with(|h| h.version = 0x04)),
        ("protocol 2", with(|h| h.version = 0x24)),
        ("MQTT level 2", with(|h| h.version = 0x12)),
        ("MQTT level 6", with(|h| h.version = 0x16)),
        ("direction 0", with(|h| h.kind = 0x01)),
        ("direction 5", with(|h| h.kind = 0x51)),
        ("direction 15", with(|h| h.kind = 0xf1)),
        ("content 0", with(|h| h.kind = 0x10)),
        ("content 7", with(|h| h.kind = 0x17)),
        ("content 14", with(|h| h.kind = 0x1e)),
        ("group direction to a user", with(|h| h.kind = 0x41)),
        ("pc to phone in another's inbox", with(|h| h.kind = 0x21)),
        ("phone to pc in another's inbox", with(|h| h.kind = 0x31)),
        ("no source", with(|h| h.source.clear())),
        (
            "source not UTF-8",
            with(|h| h.source = b"\xff\xfe".to_vec()),
        ),
        ("source with NUL", with(|h| h.source = b"alice\0".to_vec())),
        (
            "source with a slash",
            with(|h| h.source = b"ali/ce".to_vec()),
        ),
        ("long source", with(|h| h.source = vec![b'a'; 200])),
        ("DataLength too small", with(|h| h.data_length = Some(3))),
        ("DataLength too large", with(|h| h.data_length = Some(5))),
        ("DataLength 0", with(|h| h.data_length = Some(0))),
        (
            "DataLength all ones",
            with(|h| h.data_length = Some(u32::MAX)),
        ),
        ("something follows", [whole.as_slice(), b"!"].concat()),
        ("two messages", [whole.as_slice(), &whole].concat()),
    ];
    all.extend((1..whole.len()).map(|end| ("truncated", whole[..end].to_vec())));
    all
}

fn bob(scene: &Scene) -> MqttClient {
    scene.join("bob@acme:pc").subscribed("acme/im/msg/bob")
}

/// Nothing but notices of refusal.
fn assert_only_notices(client: &mut MqttClient) {
    for seen in client.all() {
        assert_eq!(seen.topic, "$SYS/notice/acme/alice");
        assert_eq!(seen.json()["kind"], "message.refused");
    }
}

fn malformed_header_is_not_delivered(on: Version) {
    let scene = Scene::start(on);
    let mut bob = bob(&scene);
    for mqtt in Mqtt::BOTH {
        let mut alice = scene.join_as("alice@acme:pc", mqtt);
        for (what, payload) in malformed() {
            let reason = alice.publish("acme/im/msg/bob", &payload);
            // MQTT 3.1.1 has no reason.
            assert_eq!(reason, if mqtt == Mqtt::V5 { 0x87 } else { 0 }, "{what}");
            alice.publish_qos0("acme/im/msg/bob", &payload);
            assert_eq!(bob.all(), [], "{what}");
        }
        let good = message("alice", "at last");
        assert_eq!(alice.publish("acme/im/msg/bob", &good), 0);
        assert_eq!(bob.next().payload, good);
        assert_only_notices(&mut alice);
    }
}

fn foreign_source_is_not_delivered(on: Version) {
    let scene = Scene::start(on);
    let mut bob = bob(&scene);
    let mut alice = scene.join_as("alice@acme:pc", Mqtt::V5);
    for source in [
        "bob",
        "carol",
        "Alice",
        "alice@acme",
        "alice@beta",
        "alice2",
        "acme",
    ] {
        let payload = message(source, "psst");
        assert_eq!(alice.publish("acme/im/msg/bob", &payload), 0x87, "{source}");
    }
    assert_eq!(bob.all(), []);
    assert_only_notices(&mut alice);
}

fn refused_sender_gets_a_notice_with_the_reason(on: Version) {
    let scene = Scene::start(on);
    for (at, (topic, payload, reason)) in [
        ("acme/im/msg/bob", message("bob", "x"), "Source"),
        ("acme/im/msg/bob", b"hello".to_vec(), "message header"),
        ("beta/im/msg/bob", message("x", "x"), "another enterprise"),
        ("acme/im/pres/bob", b"busy".to_vec(), "owner"),
        ("acme/im/msg/g/dev", message("x", "x"), "group"),
        ("acme/elsewhere", b"x".to_vec(), "no rule"),
    ]
    .into_iter()
    .enumerate()
    {
        let user = format!("user{at}");
        let mut sender = scene.join_as(&format!("{user}@acme:pc"), Mqtt::BOTH[at % 2]);
        sender.publish(topic, &payload);
        // Sent to the sender without being subscribed to.
        let notice = sender.next();
        assert_eq!(notice.topic, format!("$SYS/notice/acme/{user}"));
        let told = notice.json();
        assert_eq!(told["kind"], "message.refused");
        assert_eq!(told["data"]["topic"], topic);
        let body = told["body"].as_str().expect("a body");
        assert!(body.contains(reason), "`{body}`, want `{reason}`");
    }
}

fn refusal_notices_are_limited(on: Version) {
    let scene = Scene::start(on);
    let mut alice = scene.join("alice@acme:pc");
    let began = Instant::now();
    for _ in 0..200 {
        alice.publish_qos0("acme/im/msg/bob", b"nonsense");
    }
    let most = began.elapsed().as_secs() + 2;
    // The notices are sent from the broker's next turn on.
    scene.settle();
    let notices = alice.all().len();
    assert!(
        (1..=usize::try_from(most).expect("few")).contains(&notices),
        "{notices} notices"
    );
}

fn payload_of_three_mebibytes_is_delivered_and_one_byte_more_is_not(on: Version) {
    let scene = Scene::start(on);
    let mut bob = bob(&scene);
    let header = text().with(b"").len();
    for mqtt in Mqtt::BOTH {
        let mut alice = scene.join_as("alice@acme:pc", mqtt);
        let largest = text().with(&vec![0xab; MOST - header]);
        assert_eq!(largest.len(), MOST);
        assert_eq!(alice.publish("acme/im/msg/bob", &largest), 0);
        assert!(bob.next().payload == largest, "not the same bytes");
        let larger = text().with(&vec![0xab; MOST - header + 1]);
        let reason = alice.publish("acme/im/msg/bob", &larger);
        assert_eq!(reason, if mqtt == Mqtt::V5 { 0x87 } else { 0 });
        let told = alice.next().json();
        let body = told["body"].as_str().expect("a body");
        assert!(body.contains("3145729 bytes"), "{body}");
        assert_eq!(bob.all().len(), 0);
        // Past the notice of the next round's refusal: one a second for each user.
        std::thread::sleep(Duration::from_millis(if mqtt == Mqtt::V311 {
            1100
        } else {
            0
        }));
    }
}

fn presence_and_signature_are_checked(on: Version) {
    let scene = Scene::start(on);
    let mut bob = scene
        .join("bob@acme:pc")
        .subscribed("acme/im/pres/+")
        .subscribed("acme/im/sig/+");
    let mut alice = scene.join_as("alice@acme:pc", Mqtt::V5);
    for bad in ["Online", "online ", "on", "{}", "invisible"] {
        let reason = alice.publish_retained("acme/im/pres/alice", bad.as_bytes());
        assert_eq!(reason, 0x87, "{bad}");
    }
    let long = "s".repeat(257);
    for bad in [long.as_bytes(), b"\xff\xfe"] {
        assert_eq!(alice.publish_retained("acme/im/sig/alice", bad), 0x87);
    }
    assert_eq!(bob.all_said(), []);
    scene.settle();
    for good in ["online", "away", "busy", "offline"] {
        assert_eq!(
            alice.publish_retained("acme/im/pres/alice", good.as_bytes()),
            0
        );
        assert_eq!(bob.next().payload, good.as_bytes());
    }
    let full = "s".repeat(256);
    assert_eq!(
        alice.publish_retained("acme/im/sig/alice", full.as_bytes()),
        0
    );
    assert_eq!(bob.next().payload, full.as_bytes());
    // An empty payload takes the retained value away.
    assert_eq!(alice.publish_retained("acme/im/sig/alice", b""), 0);
    assert_eq!(bob.next().payload, b"");
    let mut late = scene.join("carol@acme:pc").subscribed("acme/im/sig/+");
    assert_eq!(late.all(), []);
}
