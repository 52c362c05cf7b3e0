//! What is read and what is refused, shape by shape.

use super::*;

#[test]
fn every_feed_event_is_read() {
    let digest = "ab".repeat(32);
    let issued = format!(
        r#"{{"digest":"{digest}","eid":"acme","uid":"alice","device":"pc","kind":"pc","exp":9,"roles":[]}}"#
    );
    for (event, data) in [
        ("token.issued", issued.as_str()),
        ("token.revoked", &format!(r#"{{"digest":"{digest}"}}"#)),
        (
            "session.kick",
            r#"{"eid":"acme","uid":"alice","reason":"left"}"#,
        ),
        (
            "user.upserted",
            r#"{"eid":"acme","uid":"alice","roles":["operator"]}"#,
        ),
        ("user.removed", r#"{"eid":"acme","uid":"alice"}"#),
        (
            "group.upserted",
            r#"{"eid":"acme","gid":"dev","members":["alice"]}"#,
        ),
        ("group.removed", r#"{"eid":"acme","gid":"dev"}"#),
        ("partner.linked", r#"{"a":"alice@acme","b":"bob@beta"}"#),
        ("partner.unlinked", r#"{"a":"alice@acme","b":"bob@beta"}"#),
        ("enterprise.upserted", r#"{"eid":"acme","name":"Acme"}"#),
        ("enterprise.suspended", r#"{"eid":"acme"}"#),
        (
            "notice",
            r#"{"id":"n1","scope":{"eid":"acme","uid":"bob"},"title":"Hi"}"#,
        ),
        ("snapshot.required", "{}"),
    ] {
        assert!(read_event(event, data).unwrap().is_some(), "{event}");
    }
    assert_eq!(read_event("weather.changed", "{}"), Ok(None));
}

#[test]
fn malformed_events_are_refused() {
    for (event, data) in [
        ("token.issued", "{}"),
        (
            "token.issued",
            r#"{"digest":"xyz","eid":"a","uid":"b","device":"c","kind":"pc","exp":1}"#,
        ),
        ("token.revoked", r#"{"digest":"00"}"#),
        ("token.revoked", "nonsense"),
        ("session.kick", r##"{"eid":"acme","uid":"#"}"##),
        ("session.kick", r#"{"eid":"acme","uid":"a","device":"b/c"}"#),
        (
            "group.upserted",
            r#"{"eid":"acme","gid":"dev","members":["a b"]}"#,
        ),
        ("partner.linked", r#"{"a":"alice","b":"bob@beta"}"#),
        ("enterprise.suspended", r#"{"eid":""}"#),
        ("notice", r#"{"id":"n1","scope":{},"title":"Hi"}"#),
        (
            "notice",
            r#"{"id":"n1","scope":{"all":true,"eid":"acme"},"title":"Hi"}"#,
        ),
        (
            "notice",
            r#"{"id":"n1","scope":{"eid":"acme","uid":"a","gid":"b"},"title":"Hi"}"#,
        ),
        (
            "notice",
            r#"{"id":"n1","scope":{"eid":"a/b"},"title":"Hi"}"#,
        ),
        (
            "notice",
            r#"{"id":"n1","scope":{"everyone":true},"title":"Hi"}"#,
        ),
        ("notice", r#"{"scope":{"all":true},"title":"Hi"}"#),
        (
            "notice",
            r#"{"id":"n1","scope":{"all":true},"title":"Hi","expiry_s":-1}"#,
        ),
    ] {
        assert!(read_event(event, data).is_err(), "{event} {data}");
    }
}
