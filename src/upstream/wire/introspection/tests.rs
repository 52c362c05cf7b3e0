//! What is read from an answer and what is refused: in the contract's shape, and in those of OAuth servers.

use serde_json::json;

use super::*;
use crate::config::Options;

const ASKED: Asked<'_> = Asked {
    client_id: "alice@acme:pc",
    now_s: 1_900_000_000,
};

const KEYCLOAK: [(&str, &str); 8] = [
    ("claim_eid", "=acme"),
    ("claim_uid", "/preferred_username"),
    ("claim_device", "as-claimed pc phone*"),
    ("claim_kind", "by-device pc=pc *=phone"),
    ("claim_roles", "/realm_access/roles push-{role}"),
    ("claim_groups", "/groups /acme/{gid}"),
    (
        "claim_channels",
        "/resource_access/mqtt/roles news:{channel}",
    ),
    (
        "require_claims",
        "/aud=mqtt /typ=Bearer /email_verified=true",
    ),
];

const HYDRA: [(&str, &str); 6] = [
    ("claim_eid", "/sub {uid}@{eid}"),
    ("claim_uid", "/sub {uid}@{eid}"),
    ("claim_device", "/ext/device"),
    ("claim_kind", "=phone"),
    ("claim_groups", "/ext/groups"),
    ("require_claims", "/token_use=access_token /scope=push"),
];

fn claims(given: &[(&str, &str)]) -> Claims {
    let mut options = Options::default();
    for (name, value) in given {
        options.set(name, value).unwrap();
    }
    Claims::of(&options).unwrap()
}

fn answer_to(given: &[(&str, &str)], answer: &Value, asked: &Asked<'_>) -> Result<Verdict, String> {
    let body = serde_json::to_vec(answer).unwrap();
    read_introspection(&body, &claims(given), asked)
}

/// The answer with something else at a pointer's place, or with nothing there.
fn edited(answer: &Value, pointer: &str, value: Value) -> Value {
    let mut answer = answer.clone();
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    let parent = answer.pointer_mut(parent).unwrap();
    match value {
        Value::String(gone) if gone == "gone" => {
            parent.as_object_mut().unwrap().remove(member);
        }
        value => parent[member] = value,
    }
    answer
}

fn contract() -> Value {
    json!({"active": true, "eid": "acme", "uid": "alice", "device": "pc", "kind": "pc", "exp": 2_000_000_000})
}

fn keycloak() -> Value {
    json!({
        "exp": 2_000_000_000, "iat": 1_999_999_700, "jti": "onrtac:5d0c", "iss": "https://sso.example/realms/staff",
        "aud": ["mqtt", "account"], "sub": "b2a5d1f0-4d0b-4d7e-9a0e-6d6f0a7f3c11", "typ": "Bearer", "azp": "im",
        "sid": "f8f2", "acr": "1", "allowed-origins": ["https://im.example"],
        "realm_access": {"roles": ["offline_access", "push-operator", "operator of the lift"]},
        "resource_access": {"mqtt": {"roles": ["news:today/sport", "other"]}, "account": {"roles": ["view-profile"]}},
        "scope": "openid email profile", "email_verified": true, "preferred_username": "alice",
        "email": "alice@acme.example", "groups": ["/acme/dev", "/acme/ops", "/beta/dev", "/staff"],
        "client_id": "im", "username": "alice", "token_type": "Bearer", "active": true,
    })
}

fn hydra() -> Value {
    json!({
        "active": true, "scope": "openid push offline", "client_id": "im", "sub": "alice@acme",
        "exp": 2_000_000_000, "iat": 1_999_999_700, "nbf": 1_999_999_700, "aud": [],
        "iss": "https://hydra.example/", "token_type": "Bearer", "token_use": "access_token",
        "ext": {"device": "phone-7", "groups": ["dev"]},
    })
}

fn grant(verdict: Result<Verdict, String>) -> Grant {
    match verdict {
        Ok(Verdict::Active(grant)) => grant,
        other => panic!("{other:?}"),
    }
}

fn unfit(verdict: Result<Verdict, String>) -> String {
    match verdict {
        Ok(Verdict::Unfit(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_options_the_contract_is_read() {
    let answer = edited(&contract(), "/groups", json!(["dev"]));
    let grant = grant(answer_to(&[], &answer, &ASKED));
    assert_eq!(grant.session().to_string(), "alice@acme:pc");
    assert_eq!((grant.kind, grant.exp_s), (DeviceKind::Pc, 2_000_000_000));
    assert_eq!(grant.entitlements.unwrap().groups, ["dev"]);
    let lists = ["/roles", "/groups", "/partners", "/channels"];
    let nulls = lists.iter().fold(contract(), |answer, list| {
        edited(&answer, list, Value::Null)
    });
    for answer in [contract(), nulls] {
        let grant = self::grant(answer_to(&[], &answer, &ASKED));
        assert_eq!(grant.entitlements, Some(Entitlements::default()));
    }
}

#[test]
fn inactive_answer_needs_nothing_else() {
    for given in [&[][..], &KEYCLOAK, &HYDRA] {
        let verdict = answer_to(given, &json!({"active": false}), &ASKED);
        assert_eq!(verdict, Ok(Verdict::Inactive));
    }
}

#[test]
fn what_is_no_answer_is_an_error() {
    for (body, want) in [
        ("", "EOF"),
        ("[]", "active"),
        ("{}", "active"),
        (r#""s3cr3t""#, "active"),
        (r#"{"active":"s3cr3t"}"#, "boolean"),
        (r#"{"active":1}"#, "boolean"),
        (r#"{"active":false,"active":true}"#, "one member `active`"),
        ("<html>oops</html>", "expected value"),
        ("{\"active\":true}{}", "trailing"),
    ] {
        let error = read_introspection(body.as_bytes(), &claims(&[]), &ASKED).unwrap_err();
        assert!(error.contains(want), "{body}: {error}");
        assert!(!error.contains("s3cr3t"), "{error}");
    }
    assert!(read_introspection(b"\xff\xfe", &claims(&[]), &ASKED).is_err());
}

#[test]
fn each_bad_member_of_the_contracts_answer_is_named() {
    for (pointer, value, want) in [
        ("/eid", json!("gone"), "is missing"),
        ("/eid", Value::Null, "is missing"),
        ("/eid", json!(""), "eid is empty"),
        ("/eid", json!(7), "is a number, want a string"),
        ("/uid", json!("a/b"), "uid holds the byte 0x2f"),
        ("/uid", json!("+"), "uid holds the byte 0x2b"),
        ("/uid", json!("alice\u{0}"), "uid holds the byte 0x00"),
        ("/uid", json!(["alice"]), "is an array, want a string"),
        ("/device", json!("x".repeat(65)), "device is longer"),
        ("/kind", json!("toaster"), "none of pc, phone, service"),
        ("/exp", json!("gone"), "is missing"),
        ("/exp", json!("soon"), "is a string, want whole seconds"),
        ("/exp", json!(-1), "is a number, want whole seconds"),
        ("/exp", json!(1.5), "is a number, want whole seconds"),
        ("/roles", json!("operator"), "is a string, want an array"),
        (
            "/groups",
            json!({"dev": true}),
            "is an object, want an array",
        ),
        ("/groups", json!(["dev", 1]), "holds something else"),
        ("/groups", json!(["a/b"]), "group holds the byte"),
        ("/partners", json!(["bob"]), "partner: no `@`"),
        ("/channels", json!([""]), "channel is empty"),
        ("/channels", json!(["a/+"]), "channel is empty or holds `+`"),
    ] {
        let answer = edited(&contract(), pointer, value);
        let error = answer_to(&[], &answer, &ASKED).unwrap_err();
        assert!(error.starts_with(&format!("`{pointer}`")), "{error}");
        assert!(error.contains(want), "{error} / {want}");
    }
}

#[test]
fn answer_in_the_manner_of_keycloak_becomes_a_grant() {
    let grant = grant(answer_to(&KEYCLOAK, &keycloak(), &ASKED));
    assert_eq!(grant.session().to_string(), "alice@acme:pc");
    assert_eq!((grant.kind, grant.exp_s), (DeviceKind::Pc, 2_000_000_000));
    let rights = grant.entitlements.unwrap();
    assert_eq!(rights.roles, ["operator"]);
    assert_eq!(rights.groups, ["dev", "ops"]);
    assert_eq!(rights.channels, ["today/sport"]);
    assert!(rights.partners.is_empty());
}

#[test]
fn answer_in_the_manner_of_hydra_becomes_a_grant() {
    let grant = grant(answer_to(&HYDRA, &hydra(), &ASKED));
    assert_eq!(grant.session().to_string(), "alice@acme:phone-7");
    assert_eq!(grant.kind, DeviceKind::Phone);
    assert_eq!(grant.entitlements.unwrap().groups, ["dev"]);
}

#[test]
fn another_servers_bad_members_are_named_by_their_pointers_and_never_shown() {
    let secret = json!("s3cr3t/x");
    for (given, answer, pointer, value, want) in [
        (
            &KEYCLOAK[..],
            keycloak(),
            "/preferred_username",
            json!("gone"),
            "is missing",
        ),
        (
            &KEYCLOAK,
            keycloak(),
            "/preferred_username",
            secret.clone(),
            "uid holds",
        ),
        (
            &KEYCLOAK,
            keycloak(),
            "/preferred_username",
            json!({}),
            "is an object",
        ),
        (
            &KEYCLOAK,
            keycloak(),
            "/realm_access/roles",
            secret.clone(),
            "is a string",
        ),
        (
            &KEYCLOAK,
            keycloak(),
            "/realm_access/roles",
            json!(["push-a b"]),
            "role holds",
        ),
        (
            &KEYCLOAK,
            keycloak(),
            "/realm_access/roles",
            json!(["push-"]),
            "role is empty",
        ),
        (
            &KEYCLOAK,
            keycloak(),
            "/groups",
            json!(["/acme/s3cr3t/x"]),
            "group holds",
        ),
        (
            &KEYCLOAK,
            keycloak(),
            "/groups",
            json!([["s3cr3t"]]),
            "holds something else",
        ),
        (
            &HYDRA,
            hydra(),
            "/sub",
            json!("alice"),
            "does not look like `{uid}@{eid}`",
        ),
        (
            &HYDRA,
            hydra(),
            "/sub",
            json!("a@b@s3cr3t"),
            "does not look like",
        ),
        (
            &HYDRA,
            hydra(),
            "/sub",
            json!("alice@#"),
            "does not look like",
        ),
        (&HYDRA, hydra(), "/sub", json!("gone"), "is missing"),
        (&HYDRA, hydra(), "/ext/device", json!("gone"), "is missing"),
        (&HYDRA, hydra(), "/ext/device", json!("a:b"), "device holds"),
        (&HYDRA, hydra(), "/ext/groups", json!(true), "is a boolean"),
    ] {
        let error = answer_to(given, &edited(&answer, pointer, value), &ASKED).unwrap_err();
        assert!(error.starts_with(&format!("`{pointer}`")), "{error}");
        assert!(error.contains(want) && !error.contains("s3cr3t"), "{error}");
    }
    let error = answer_to(&HYDRA, &edited(&hydra(), "/ext", json!([])), &ASKED).unwrap_err();
    assert_eq!(error, "`/ext/device` is missing");
}

#[test]
fn device_is_believed_of_the_own_user_alone_and_within_the_list() {
    for (client_id, want) in [
        ("bob@acme:pc", "another user's"),
        ("alice@beta:pc", "another user's"),
        ("ALICE@acme:pc", "another user's"),
        ("alice@acme:tv", "claim_device"),
        ("alice@acme:PC", "claim_device"),
        ("alice@acme", "malformed"),
        ("alice@acme:p/c", "malformed"),
        ("", "malformed"),
    ] {
        let asked = Asked { client_id, ..ASKED };
        let why = unfit(answer_to(&KEYCLOAK, &keycloak(), &asked));
        assert!(why.contains(want), "{client_id}: {why}");
    }
    let asked = Asked {
        client_id: "alice@acme:phone-2",
        ..ASKED
    };
    let grant = grant(answer_to(&KEYCLOAK, &keycloak(), &asked));
    assert_eq!(
        (grant.device.as_str(), grant.kind),
        ("phone-2", DeviceKind::Phone)
    );
    // Whatever the client says, the user is the answer's, and a device that the answer names is.
    let asked = Asked {
        client_id: "bob@beta:pc",
        ..ASKED
    };
    let grant = self::grant(answer_to(&HYDRA, &hydra(), &asked));
    assert_eq!(grant.session().to_string(), "alice@acme:phone-7");
    let no_kind = [
        ("claim_device", "as-claimed *"),
        ("claim_kind", "by-device pc=pc"),
    ];
    let asked = Asked {
        client_id: "alice@acme:tv",
        ..ASKED
    };
    assert!(unfit(answer_to(&no_kind, &contract(), &asked)).contains("claim_kind"));
}

#[test]
fn token_that_was_made_for_something_else_is_unfit() {
    for (given, answer, pointer, value) in [
        (&KEYCLOAK[..], keycloak(), "/aud", json!(["account"])),
        (&KEYCLOAK, keycloak(), "/aud", json!("mqtt account")),
        (&KEYCLOAK, keycloak(), "/aud", json!("MQTT")),
        (&KEYCLOAK, keycloak(), "/aud", json!([["mqtt"]])),
        (&KEYCLOAK, keycloak(), "/aud", json!({"mqtt": "mqtt"})),
        (&KEYCLOAK, keycloak(), "/aud", json!("gone")),
        (&KEYCLOAK, keycloak(), "/typ", json!("Refresh")),
        (&KEYCLOAK, keycloak(), "/email_verified", json!(false)),
        (&HYDRA, hydra(), "/token_use", json!("refresh_token")),
        (&HYDRA, hydra(), "/scope", json!("openid pushy")),
        (&HYDRA, hydra(), "/scope", json!("")),
        (&HYDRA, hydra(), "/scope", json!("gone")),
    ] {
        let why = unfit(answer_to(given, &edited(&answer, pointer, value), &ASKED));
        assert!(why.starts_with(&format!("`{pointer}` is not")), "{why}");
    }
    for (answer, pointer, value) in [
        (keycloak(), "/aud", json!("mqtt")),
        (hydra(), "/scope", json!("push")),
        (hydra(), "/scope", json!(["a", "push"])),
    ] {
        let given = if answer["ext"].is_null() {
            &KEYCLOAK[..]
        } else {
            &HYDRA
        };
        grant(answer_to(given, &edited(&answer, pointer, value), &ASKED));
    }
    let number = [("require_claims", "/ver=2")];
    grant(answer_to(
        &number,
        &edited(&contract(), "/ver", json!(2)),
        &ASKED,
    ));
}

#[test]
fn missing_end_is_refused_unless_a_life_is_given() {
    let endless = edited(&contract(), "/exp", json!("gone"));
    let null = edited(&contract(), "/exp", Value::Null);
    let given = [("claim_exp", "/exp or 600")];
    for answer in [&endless, &null] {
        assert_eq!(
            answer_to(&[], answer, &ASKED),
            Err("`/exp` is missing".to_owned())
        );
        let grant = grant(answer_to(&given, answer, &ASKED));
        assert_eq!(grant.exp_s, ASKED.now_s + 600);
    }
    let told = grant(answer_to(&given, &contract(), &ASKED));
    assert_eq!(told.exp_s, 2_000_000_000, "an end that is told counts");
    let wrong = edited(&contract(), "/exp", json!("never"));
    assert!(answer_to(&given, &wrong, &ASKED).is_err());
}
