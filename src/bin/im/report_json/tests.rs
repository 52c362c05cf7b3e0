//! The lines as `docs/client.md` promises them.

use super::*;
use crate::profile::{Kind, tests::alice};
use mosquitto_enterprise_push::protocol::Presence;

fn arrived(event: &Event) -> Value {
    arrived_with(event, &Names::default())
}

fn arrived_with(event: &Event, names: &Names) -> Value {
    let report = Report::Arrived {
        topic: "t",
        retained: true,
        duplicate: false,
        event,
        saved: None,
    };
    line(&report, names)
}

fn message(content: Content, data: &[u8]) -> Event {
    let (from, group, data) = ("bob".to_owned(), None, data.to_vec());
    let direction = Direction::PointToPoint;
    Event::Message(MessageEvent {
        from,
        group,
        seq: 7,
        direction,
        content,
        timestamp_ms: 9,
        data,
        own: false,
    })
}

#[test]
fn message_line_has_the_documented_shape() {
    let want = json!({
        "event": "message", "topic": "t", "from": "bob", "group": null, "seq": 7,
        "direction": "point_to_point", "content": "text", "timestamp_ms": 9, "text": "hi\u{1b}", "bytes": 3,
        "own": false, "retained": true, "duplicate": false,
    });
    assert_eq!(arrived(&message(Content::Text, b"hi\x1b")), want);
}

#[test]
fn known_name_stands_beside_the_uid() {
    let bob = ("bob".to_owned(), "Bob Smith".to_owned());
    let names = [bob].into_iter().collect();
    let line = arrived_with(&message(Content::Text, b"hi"), &names);
    assert_eq!(
        (&line["from"], &line["from_name"]),
        (&json!("bob"), &json!("Bob Smith"))
    );
    let person = &crate::roster::Person::default();
    let uid = "bob";
    let line = super::line(&Report::Person { uid, person }, &names);
    assert_eq!(
        (&line["uid"], &line["name"]),
        (&json!("bob"), &json!("Bob Smith"))
    );
}

#[test]
fn what_is_no_text_is_base64() {
    for (kind, data) in [
        (Content::Image, &b"abc"[..]),
        (Content::Text, b"\xff\xfe\xfd"),
    ] {
        let line = arrived(&message(kind, data));
        assert_eq!(line["data_base64"], BASE64_STANDARD.encode(data));
        assert!(line.get("text").is_none());
    }
}

#[test]
fn hyperlink_tells_its_offer_and_media_their_type() {
    let offer = crate::content::tests::report();
    let line = arrived(&message(Content::Hyperlink, offer.encode().as_bytes()));
    assert_eq!(line["offer"]["name"], "report.pdf");
    assert_eq!(line["offer"]["as"], "file");
    let line = arrived(&message(Content::Hyperlink, b"https://example.com"));
    assert_eq!(line["offer"], Value::Null);
    let line = arrived(&message(Content::Image, b"\x89PNG\r\n\x1a\n"));
    assert_eq!(
        (&line["content_type"], &line["bytes"]),
        (&json!("image/png"), &json!(8))
    );
    assert_eq!(line["saved"], Value::Null);
}

#[test]
fn presence_signature_and_notice_lines_have_the_documented_shape() {
    let uid = || "bob".to_owned();
    let common = |mut line: Value| {
        line["topic"] = json!("t");
        line["retained"] = json!(true);
        line["duplicate"] = json!(false);
        line
    };
    let presence = Event::Presence {
        uid: uid(),
        presence: Presence::Busy,
    };
    assert_eq!(
        arrived(&presence),
        common(json!({"event": "presence", "from": "bob", "presence": "busy"}))
    );
    let signature = Event::Signature {
        uid: uid(),
        text: "x".to_owned(),
    };
    assert_eq!(
        arrived(&signature),
        common(json!({"event": "signature", "from": "bob", "text": "x"}))
    );
    let notice: Notice =
        Notice::decode(br#"{"id":"1","kind":"k","time":2,"title":"t","body":"b"}"#).unwrap();
    let want = json!({"event": "notice", "id": "1", "kind": "k", "timestamp_ms": 2, "title": "t", "text": "b", "data": null});
    assert_eq!(arrived(&Event::Notice(notice)), common(want));
}

#[test]
fn login_line_holds_no_token() {
    let text = line(&Report::LoggedIn(&alice(Kind::Pc)), &Names::default()).to_string();
    assert!(text.contains("alice@acme:pc") && !text.contains("secret"));
}
