//! Payload checks by topic.

use proptest::prelude::*;

use super::world::{on, user};
use crate::policy::{Kind, PayloadError, check_payload, is_to_somebody_else};
use crate::protocol::{Content, Direction, Header, HeaderError, MAX_PAYLOAD_BYTES, Message, Topic};

fn message(source: &str, direction: Direction) -> Vec<u8> {
    let header = Header {
        mqtt_level: 4,
        seq: 1,
        direction,
        content: Content::Text,
        timestamp_ms: 0,
        source,
    };
    Message {
        header,
        data: b"hi",
    }
    .encode()
    .unwrap()
}

fn check(topic: &str, sender: &str, payload: &[u8]) -> Result<(), PayloadError> {
    check_payload(Topic::parse(topic), user(sender), payload)
}

#[test]
fn source_is_the_sender_as_the_topic_demands() {
    for (topic, source, good) in [
        ("acme/im/msg/bob", "alice", true),
        ("acme/im/msg/bob", "alice@acme", false),
        ("acme/im/msg/bob", "bob", false),
        ("acme/im/msg/alice", "alice", true),
        ("beta/im/msg/carol", "alice@acme", true),
        ("beta/im/msg/carol", "alice", false),
        ("beta/im/msg/carol", "alice@beta", false),
        ("beta/im/msg/carol", "carol", false),
    ] {
        let payload = message(source, Direction::PointToPoint);
        let want = if good {
            Ok(())
        } else {
            Err(PayloadError::Source)
        };
        assert_eq!(
            check(topic, "alice@acme", &payload),
            want,
            "{topic} {source}"
        );
    }
}

#[test]
fn direction_fits_topic_and_device() {
    use Direction::{Group, PcToPhone, PhoneToPc, PointToPoint};
    let unfit = |d| Err(PayloadError::DirectionTopic(d));
    let alien = |d, kind| Err(PayloadError::DirectionKind(d, kind));
    for (topic, direction, kind, want) in [
        ("acme/im/msg/bob", PointToPoint, Kind::Pc, Ok(())),
        ("acme/im/msg/bob", Group, Kind::Pc, unfit(Group)),
        ("acme/im/msg/bob", PcToPhone, Kind::Pc, unfit(PcToPhone)),
        ("acme/im/msg/g/dev", Group, Kind::Service, Ok(())),
        (
            "acme/im/msg/g/dev",
            PointToPoint,
            Kind::Pc,
            unfit(PointToPoint),
        ),
        (
            "acme/im/msg/g/dev",
            PhoneToPc,
            Kind::Phone,
            unfit(PhoneToPc),
        ),
        ("acme/im/msg/alice", PcToPhone, Kind::Pc, Ok(())),
        (
            "acme/im/msg/alice",
            PcToPhone,
            Kind::Phone,
            alien(PcToPhone, Kind::Phone),
        ),
        ("acme/im/msg/alice", PhoneToPc, Kind::Phone, Ok(())),
        (
            "acme/im/msg/alice",
            PhoneToPc,
            Kind::Service,
            alien(PhoneToPc, Kind::Service),
        ),
        ("acme/im/msg/alice", PointToPoint, Kind::Phone, Ok(())),
    ] {
        let payload = message("alice", direction);
        let sender = on("alice@acme", "d", kind);
        let got = check_payload(Topic::parse(topic), sender, &payload);
        assert_eq!(got, want, "{topic} {direction:?} {kind}");
    }
    // Without a session the kind is unknown and not judged.
    assert_eq!(
        check(
            "acme/im/msg/alice",
            "alice@acme",
            &message("alice", PhoneToPc)
        ),
        Ok(())
    );
    // The same uid elsewhere is somebody else's inbox.
    let foreign = message("alice@acme", PcToPhone);
    assert_eq!(
        check("beta/im/msg/alice", "alice@acme", &foreign),
        unfit(PcToPhone)
    );
}

proptest! {
    #[test]
    fn to_somebody_else_is_what_the_whole_check_says(
        source in prop::sample::select(&["alice", "bob", "alice@acme", "alic"][..]),
        direction in prop::sample::select(&[Direction::PointToPoint, Direction::Group, Direction::PcToPhone][..]),
        hit in prop::option::of((0..40usize, any::<u8>())),
        length in 0..60usize,
        padding in prop::sample::select(&[0, 0, 0, 1, MAX_PAYLOAD_BYTES][..]),
    ) {
        let mut payload = message(source, direction);
        if let Some((at, byte)) = hit && let Some(hit) = payload.get_mut(at) {
            *hit = byte;
        }
        payload.truncate(length);
        payload.resize(payload.len() + padding, 0);
        let whole = check("acme/im/msg/bob", "alice@acme", &payload);
        prop_assert_eq!(is_to_somebody_else(&payload, "alice"), whole.is_ok(), "{:?}", whole);
    }
}

#[test]
fn what_goes_to_somebody_else_may_be_as_large_as_any_message() {
    let short = message("alice", Direction::PointToPoint);
    let Message { header, data } = Message::decode(&short).unwrap();
    let before = short.len() - data.len();
    for (more, good) in [(0, true), (1, false)] {
        let data = &vec![b'x'; MAX_PAYLOAD_BYTES - before + more];
        let payload = Message { header, data }.encode().unwrap();
        assert_eq!(is_to_somebody_else(&payload, "alice"), good);
        let whole = check("acme/im/msg/bob", "alice@acme", &payload);
        assert_eq!(whole.is_ok(), good);
    }
}

#[test]
fn presence_signature_and_notices_have_their_shapes() {
    let notice = br#"{"id":"1","kind":"k","time":1,"title":"t","body":"b","data":null}"#;
    for (topic, payload, want) in [
        ("acme/im/pres/alice", &b"away"[..], Ok(())),
        ("acme/im/pres/alice", b"", Ok(())),
        (
            "acme/im/pres/alice",
            b"gone",
            Err(PayloadError::Presence(4)),
        ),
        ("acme/im/sig/alice", b"at lunch", Ok(())),
        ("acme/im/sig/alice", b"", Ok(())),
        (
            "acme/im/sig/alice",
            &[b'x'; 257],
            Err(PayloadError::Signature(257)),
        ),
        (
            "acme/im/sig/alice",
            b"\xff",
            Err(PayloadError::Signature(1)),
        ),
        ("acme/notice/news", notice, Ok(())),
        ("acme/notice/news", b"", Ok(())),
        (
            "acme/notice/news",
            b"hi",
            Err(PayloadError::Notice { line: 1, column: 1 }),
        ),
        (
            "acme/im/msg/bob",
            b"",
            Err(PayloadError::Header(HeaderError::Truncated("Version"))),
        ),
        ("acme/x", b"\xff\x00", Ok(())),
    ] {
        assert_eq!(check(topic, "alice@acme", payload), want, "{topic}");
    }
}

#[test]
fn large_payloads_are_refused_on_every_topic() {
    let payload = vec![b' '; MAX_PAYLOAD_BYTES + 1];
    for topic in [
        "acme/im/msg/bob",
        "acme/im/pres/alice",
        "acme/notice/news",
        "x",
    ] {
        let got = check(topic, "alice@acme", &payload);
        assert_eq!(got, Err(PayloadError::TooLarge(MAX_PAYLOAD_BYTES + 1)));
    }
    assert_eq!(check("x", "alice@acme", &payload[1..]), Ok(()));
}

#[test]
fn errors_tell_numbers_and_no_content() {
    let secret = br#"{"id":"hunter2"}"#;
    let text = check("acme/notice/news", "alice@acme", secret)
        .unwrap_err()
        .to_string();
    assert_eq!(
        text,
        "not a notice: JSON of another shape, line 1 column 16"
    );
    let text = check("acme/im/pres/alice", "alice@acme", b"hunter2")
        .unwrap_err()
        .to_string();
    assert_eq!(
        text,
        "presence payload of 7 bytes is not online, away, busy or offline"
    );
    let stolen = message("hunter2", Direction::PointToPoint);
    let text = check("acme/im/msg/bob", "alice@acme", &stolen)
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("Source") && !text.contains("hunter2"),
        "{text}"
    );
}
