//! What is read and what is refused, shape by shape.

use super::*;

const ACTIVE: &str =
    r#"{"active":true,"eid":"acme","uid":"alice","device":"pc","kind":"pc","exp":2000000000}"#;

fn edited(member: &str, value: Value) -> Vec<u8> {
    let mut answer: Value = serde_json::from_str(ACTIVE).unwrap();
    answer[member] = value;
    serde_json::to_vec(&answer).unwrap()
}

#[test]
fn active_answer_becomes_a_grant() {
    let body = edited("groups", serde_json::json!(["dev"]));
    let Verdict::Active(grant) = read_introspection(&body).unwrap() else {
        panic!("inactive")
    };
    assert_eq!(grant.session().to_string(), "alice@acme:pc");
    assert_eq!((grant.kind, grant.exp_s), (DeviceKind::Pc, 2_000_000_000));
    assert_eq!(grant.entitlements.unwrap().groups, ["dev"]);
}

#[test]
fn inactive_answer_needs_nothing_else() {
    assert_eq!(
        read_introspection(br#"{"active":false}"#),
        Ok(Verdict::Inactive)
    );
}

#[test]
fn anything_else_is_an_error_that_names_it() {
    let null = Value::Null;
    for (body, want) in [
        (b"".to_vec(), "EOF"),
        (b"[]".to_vec(), ""),
        (b"{}".to_vec(), "active"),
        (br#"{"active":"true"}"#.to_vec(), "bool"),
        (br#"{"active":1}"#.to_vec(), "bool"),
        (br#"{"active":true}"#.to_vec(), "eid"),
        (b"<html>oops</html>".to_vec(), ""),
        (b"\xff\xfe".to_vec(), ""),
        (edited("eid", null.clone()), "null"),
        (edited("uid", "a/b".into()), "uid"),
        (edited("uid", "+".into()), "uid"),
        (edited("eid", "".into()), "eid"),
        (edited("device", "x".repeat(65).into()), "device"),
        (edited("kind", "toaster".into()), "kind"),
        (edited("exp", "soon".into()), "u64"),
        (edited("exp", (-1).into()), "u64"),
        (edited("roles", "operator".into()), "sequence"),
        (edited("groups", serde_json::json!(["a/b"])), "group"),
        (edited("partners", serde_json::json!(["bob"])), "partner"),
        (edited("channels", serde_json::json!([""])), "channel"),
    ] {
        let error = read_introspection(&body).unwrap_err();
        assert!(error.contains(want), "{error} / {want}");
    }
}

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
