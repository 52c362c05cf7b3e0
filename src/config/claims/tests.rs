//! The forms of each option: what they mean, and the words about a bad one.

use std::time::Duration;

use super::*;
use crate::config::{ConfigError, Options};

fn claims(given: &[(&str, &str)]) -> Result<Claims, ConfigError> {
    let mut options = Options::default();
    for (name, value) in given {
        options.set(name, value)?;
    }
    Claims::of(&options)
}

fn pointer(text: &str) -> Pointer {
    Pointer::parse(text).unwrap()
}

fn whole(text: &str) -> Place {
    Place {
        pointer: pointer(text),
        pattern: None,
    }
}

fn elements(text: &str, prefix: &str) -> ListSource {
    ListSource::Answer {
        pointer: pointer(text),
        prefix: prefix.to_owned(),
    }
}

#[test]
fn without_options_the_members_are_those_of_the_contract() {
    let contract = Claims {
        eid: Source::Answer(whole("/eid")),
        uid: whole("/uid"),
        device: DeviceSource::Told(Source::Answer(whole("/device"))),
        kind: KindSource::Answer(whole("/kind")),
        exp: ExpSource {
            pointer: pointer("/exp"),
            otherwise: None,
        },
        roles: elements("/roles", ""),
        groups: elements("/groups", ""),
        partners: elements("/partners", ""),
        channels: elements("/channels", ""),
        require: Vec::new(),
    };
    assert_eq!(claims(&[]), Ok(contract));
}

#[test]
fn each_form_is_read() {
    let claims = claims(&[
        ("claim_eid", "=acme"),
        ("claim_uid", "  /sub   {uid}@acme.example "),
        ("claim_device", "as-claimed pc phone*"),
        ("claim_kind", "by-device pc=pc *=phone"),
        ("claim_exp", "/end or 600"),
        ("claim_roles", "/realm_access/roles push-{role}"),
        ("claim_groups", "none"),
        ("claim_partners", "/p {partner}"),
        ("require_claims", "/aud=mqtt /a~1b=c=d"),
    ])
    .unwrap();
    assert_eq!(claims.eid, Source::Fixed("acme".to_owned()));
    assert_eq!(
        claims.uid.pattern.unwrap().to_string(),
        "{uid}@acme.example"
    );
    assert!(matches!(claims.device, DeviceSource::Claimed(d) if d.len() == 2));
    assert!(matches!(claims.kind, KindSource::ByDevice(k) if k.len() == 2));
    assert_eq!(claims.exp.otherwise, Some(Duration::from_secs(600)));
    assert_eq!(claims.roles, elements("/realm_access/roles", "push-"));
    assert_eq!(
        (claims.groups, claims.partners),
        (ListSource::None, elements("/p", ""))
    );
    let [aud, other] = claims.require.as_slice() else {
        panic!("{:?}", claims.require)
    };
    assert_eq!((aud.pointer.as_str(), aud.value.as_str()), ("/aud", "mqtt"));
    assert_eq!(
        (other.pointer.as_str(), other.value.as_str()),
        ("/a~1b", "c=d")
    );
}

#[test]
fn each_bad_form_is_refused_with_its_option_and_the_reason() {
    for (name, value, want) in [
        ("claim_eid", "", "JSON pointer"),
        ("claim_eid", "eid", "JSON pointer"),
        ("claim_eid", "$.eid", "JSON pointer"),
        ("claim_eid", "/a~2", "`~0`"),
        ("claim_eid", "=", "eid is empty"),
        ("claim_eid", "=ac/me", "0x2f"),
        ("claim_eid", "= acme", "0x20"),
        ("claim_eid", "/sub {uid}@acme", "want {eid}"),
        ("claim_eid", "/sub {eid} x", "without blanks"),
        ("claim_eid", "as-claimed *", "JSON pointer"),
        ("claim_uid", "=alice", "must come from the answer"),
        ("claim_uid", "as-claimed *", "must come from the answer"),
        ("claim_uid", "/sub {uid}{eid}", "after {uid}"),
        ("claim_uid", "/sub {name}", "between braces"),
        ("claim_device", "as-claimed", "devices"),
        ("claim_device", "as-claimed p/c", "0x2f"),
        ("claim_device", "as-claimedpc", "JSON pointer"),
        ("claim_kind", "=toaster", "pc, phone, service"),
        ("claim_kind", "by-device", "kinds by device"),
        ("claim_kind", "by-device pc", "device=kind"),
        ("claim_kind", "by-device pc=tv", "pc, phone, service"),
        ("claim_exp", "/exp or", "`or` and seconds"),
        ("claim_exp", "/exp or 0", "1 to 86400"),
        ("claim_exp", "/exp or 86401", "1 to 86400"),
        ("claim_exp", "/exp or 10m", "1 to 86400"),
        ("claim_exp", "600", "JSON pointer"),
        ("claim_roles", "/roles {gid}", "{role}"),
        ("claim_roles", "/roles {role}-x", "{role}"),
        ("claim_roles", "/roles {gid}{role}", "{role}"),
        ("claim_groups", "None", "JSON pointer"),
        ("claim_groups", "/a b c", "without blanks"),
        ("claim_channels", "=news", "JSON pointer"),
        ("require_claims", "", "/pointer=value"),
        ("require_claims", "/aud", "/pointer=value"),
        ("require_claims", "/aud=", "/pointer=value"),
        ("require_claims", "/aud=a aud=b", "JSON pointer"),
    ] {
        let error = claims(&[(name, value)]).unwrap_err();
        let shown = format!("plugin_opt_{name} `{}`: ", value.trim());
        let error = error.to_string();
        assert!(
            error.starts_with(&shown) && error.contains(want),
            "{error} / {want}"
        );
    }
}

#[test]
fn nothing_of_a_string_is_dropped() {
    let both = "/sub {uid}@{eid}";
    let three = "/sub {uid}@{eid}/{device}";
    for good in [
        &[("claim_uid", both), ("claim_eid", both)][..],
        &[("claim_uid", both), ("claim_eid", "/sub  {uid}@{eid}")],
        &[
            ("claim_uid", three),
            ("claim_eid", three),
            ("claim_device", three),
        ],
        &[
            ("claim_uid", "/mail {uid}@acme.example"),
            ("claim_eid", "=acme"),
        ],
        &[("claim_eid", "/iss https://sso.example/realms/{eid}")],
    ] {
        assert!(claims(good).is_ok(), "{good:?}");
    }
    for bad in [
        &[("claim_uid", both)][..],
        &[("claim_uid", both), ("claim_eid", "=acme")],
        &[("claim_uid", both), ("claim_eid", "/sub x-{uid}@{eid}")],
        &[("claim_uid", both), ("claim_eid", "/other {uid}@{eid}")],
        &[("claim_uid", both), ("claim_eid", "/sub")],
        &[("claim_uid", three), ("claim_eid", three)],
        &[
            ("claim_uid", three),
            ("claim_eid", three),
            ("claim_device", "as-claimed *"),
        ],
    ] {
        let error = claims(bad).unwrap_err().to_string();
        assert!(error.contains("is dropped"), "{bad:?}: {error}");
    }
}
