//! Logging in: who gets in, and how the others are told.

use serde_json::json;

use crate::harness::{
    BROKER_SECRET, Closing, Connect, Mqtt, Outcome, PATIENCE, Scene, StaticService, Version,
    each_broker,
};

each_broker!(
    good_token_is_let_in_and_asked_about_once,
    announced_token_is_let_in_without_a_question,
    token_of_the_reference_service_is_let_in,
    question_carries_what_the_contract_says,
    bad_password_is_refused,
    token_of_another_user_or_device_is_refused,
    malformed_names_are_refused_without_a_question,
    anonymous_is_refused,
    extended_authentication_is_refused,
    bad_answer_is_remembered_for_its_time_only,
    own_session_is_taken_over,
    nobody_takes_over_a_session_of_somebody_else,
    expired_token_is_refused,
);

fn good_token_is_let_in_and_asked_about_once(on: Version) {
    let scene = Scene::asking(on);
    for mqtt in Mqtt::BOTH {
        let login = scene.service.issue("alice@acme:pc");
        let connect = Connect::new(mqtt, &login.client_id, &login.token);
        for _ in 0..3 {
            let mut alice = scene.connect_at_once(&connect).client("alice");
            alice.ping();
            alice.disconnect();
        }
        assert_eq!(scene.service.asked_about(&login.token), 1);
    }
}

fn announced_token_is_let_in_without_a_question(on: Version) {
    let scene = Scene::start(on);
    for mqtt in Mqtt::BOTH {
        let login = scene.announced("alice@acme:pc");
        scene.connect(&login, mqtt).client("alice").ping();
    }
    assert_eq!(scene.service.questions().len(), 0);
}

fn token_of_the_reference_service_is_let_in(on: Version) {
    let service = StaticService::start();
    let conf = crate::harness::Conf::new(&service.url());
    let broker = crate::harness::Broker::start(on, &conf);
    broker.wait_for_log("control feed: connected");
    for mqtt in Mqtt::BOTH {
        service.join(&broker, "alice@acme:pc", mqtt).ping();
    }
    let token = service.token("alice@acme", "pc");
    for client_id in ["alice@acme:phone", "bob@acme:pc", "mallory@beta:pc"] {
        let outcome = Connect::new(Mqtt::V5, client_id, &token).send(broker.port());
        assert!(!outcome.is_in(), "{client_id} with alice's token");
    }
}

fn question_carries_what_the_contract_says(on: Version) {
    let scene = Scene::asking(on);
    let login = scene.service.issue("alice@acme:pc");
    scene.connect(&login, Mqtt::V5).client("alice").ping();
    let questions = scene.service.questions();
    let [question] = questions.as_slice() else {
        panic!("{questions:?}");
    };
    for (name, value) in [
        ("token", login.token.as_str()),
        ("token_type_hint", "login_token"),
        ("username", "alice@acme"),
        ("client_id", "alice@acme:pc"),
        ("peer", "127.0.0.1"),
        ("node", "test"),
    ] {
        assert_eq!(question.get(name).map(String::as_str), Some(value));
    }
    assert_eq!(question.len(), 6, "{question:?}");
}

/// The code for "not authorised" that this version of the protocol has.
fn not_authorised(mqtt: Mqtt) -> u8 {
    match mqtt {
        Mqtt::V311 => 5,
        Mqtt::V5 => 0x87,
    }
}

/// The code for a bad user name or password: told apart from "not authorised" on 2.1 with MQTT 5.
fn bad_credentials(on: Version, mqtt: Mqtt) -> u8 {
    match mqtt {
        Mqtt::V5 if on.is_2_1() => 0x86,
        _ => not_authorised(mqtt),
    }
}

fn assert_refused(outcome: &Outcome, code: u8, what: &str) {
    match outcome {
        Outcome::Refused(found) => assert_eq!(*found, code, "{what}"),
        other => panic!("{what}: {other:?}"),
    }
}

fn bad_password_is_refused(on: Version) {
    let scene = Scene::asking(on);
    for mqtt in Mqtt::BOTH {
        let unknown = Connect::new(mqtt, "alice@acme:pc", "no-such-token");
        let outcome = scene.connect_until_decided(&unknown);
        assert_refused(&outcome, not_authorised(mqtt), "unknown token");
        let asked = scene.service.questions().len();
        let long = "x".repeat(4097);
        for password in [
            "",
            "with space",
            "uml\u{e4}ut",
            "new\nline",
            BROKER_SECRET,
            &long,
        ] {
            let bad = Connect::new(mqtt, "alice@acme:pc", password);
            let outcome = scene.send(&bad);
            if password == BROKER_SECRET {
                assert!(!outcome.is_in());
                continue;
            }
            assert_refused(&outcome, bad_credentials(on, mqtt), password);
        }
        let mut without = Connect::new(mqtt, "alice@acme:pc", "");
        without.password = None;
        assert_refused(&scene.send(&without), bad_credentials(on, mqtt), "none");
        let not_utf8 = Connect::new(mqtt, "alice@acme:pc", "").password([0x80, 0xff]);
        assert!(!scene.send(&not_utf8).is_in());
        let cut_by_nul = scene.service.issue("alice@acme:pc");
        let mut password = cut_by_nul.token.into_bytes();
        password.extend(b"\0x");
        let nul = Connect::new(mqtt, "alice@acme:pc", "").password(password);
        drop(scene.send(&nul));
        let asked_now = scene.service.questions().len();
        assert!(
            asked_now <= asked + 2,
            "malformed passwords were asked about"
        );
    }
}

fn token_of_another_user_or_device_is_refused(on: Version) {
    let scene = Scene::asking(on);
    let bob = scene.service.issue("bob@acme:pc");
    scene.connect(&bob, Mqtt::V311).client("bob").disconnect();
    for mqtt in Mqtt::BOTH {
        for client_id in [
            "alice@acme:pc",
            "bob@acme:phone",
            "bob@beta:pc",
            "BOB@acme:pc",
        ] {
            let stolen = Connect::new(mqtt, client_id, &bob.token);
            let outcome = scene.connect_until_decided(&stolen);
            assert_refused(&outcome, not_authorised(mqtt), client_id);
        }
    }
    scene.connect(&bob, Mqtt::V5).client("bob").ping();
}

fn malformed_names_are_refused_without_a_question(on: Version) {
    let scene = Scene::asking(on);
    let login = scene.service.issue("alice@acme:pc");
    let long = "x".repeat(65);
    let names: Vec<Vec<u8>> = [
        "",
        "alice",
        "@",
        "alice@",
        "@acme",
        "a@b@c",
        "alice @acme",
        "alice@ac me",
        "alice@acme/x",
        "+@acme",
        "#@acme",
        "alice@+",
        "alice@#",
        "ali/ce@acme",
        "alice@acme:pc",
        "$SYS@acme",
        "al\u{e4}ce@acme",
        "alice@acme\u{1}",
        "ali\tce@acme",
        "alice@acme\n",
        "\u{7f}@acme",
        "alice\u{85}@acme",
        "alice\u{200b}@acme",
        "../x@acme",
        "alice@acme,bob",
        "a%c@acme",
    ]
    .iter()
    .map(|name| name.as_bytes().to_vec())
    .chain([
        format!("{long}@acme").into_bytes(),
        format!("alice@{long}").into_bytes(),
        b"alice@ac\xffme".to_vec(),
        b"alice\0@acme".to_vec(),
        b"alice@acme\0".to_vec(),
        b"\xc0\x80@acme".to_vec(),
        b"\xed\xa0\x80@acme".to_vec(),
    ])
    .collect();
    for mqtt in Mqtt::BOTH {
        for name in &names {
            let shown = name.escape_ascii();
            let good = Connect::new(mqtt, "alice@acme:pc", &login.token);
            let outcome = scene.send(&good.clone().username(name.as_slice()));
            assert!(!outcome.is_in(), "user name `{shown}`");
            let with_device = [name.as_slice(), b":pc"].concat();
            for client_id in [name.clone(), with_device.clone()] {
                if client_id != b"alice@acme:pc" {
                    let outcome = scene.send(&good.clone().client_id(client_id));
                    assert!(!outcome.is_in(), "client id from `{shown}`");
                }
            }
            let both = good
                .clone()
                .username(name.as_slice())
                .client_id(with_device);
            assert!(!scene.send(&both).is_in(), "both from `{shown}`");
        }
        let devices: [&[u8]; 8] = [b"", b":", b":a:b", b":p/c", b":+", b":#", b":p c", b":\x01"];
        for device in devices {
            let client_id = [b"alice@acme", device].concat();
            let shown = client_id.escape_ascii().to_string();
            let connect = Connect::new(mqtt, "alice@acme:pc", &login.token);
            let outcome = scene.send(&connect.client_id(client_id));
            assert!(!outcome.is_in(), "client id `{shown}`");
        }
    }
    assert_eq!(scene.service.questions().len(), 0, "asked about");
    let log = scene.broker.log();
    assert!(log.contains("refused: user name"), "{log}");
    scene.connect(&login, Mqtt::V5).client("alice").ping();
}

fn anonymous_is_refused(on: Version) {
    let scene = Scene::asking(on);
    for mqtt in Mqtt::BOTH {
        let mut connect = Connect::new(mqtt, "alice@acme:pc", "");
        connect.username = None;
        connect.password = None;
        assert!(matches!(scene.send(&connect), Outcome::Refused(_)));
        let empty = Connect::new(mqtt, "alice@acme:pc", "x").username("");
        assert!(!scene.send(&empty).is_in());
        let no_id = Connect::new(mqtt, "alice@acme:pc", "x").client_id("");
        assert!(!scene.send(&no_id).is_in());
    }
    assert_eq!(scene.service.questions().len(), 0);
}

fn extended_authentication_is_refused(on: Version) {
    let scene = Scene::start(on);
    let login = scene.announced("alice@acme:pc");
    for method in ["SCRAM-SHA-1", "PLAIN", "GS2-KRB5"] {
        let mut connect = Connect::new(Mqtt::V5, &login.client_id, &login.token);
        connect.auth_method = Some(method);
        assert!(!scene.send(&connect).is_in(), "`{method}`");
    }
    // 2.1 takes an empty method for none, and then the password decides.
    let mut connect = Connect::new(Mqtt::V5, &login.client_id, "forged");
    connect.auth_method = Some("");
    assert!(!scene.connect_until_decided(&connect).is_in());
    scene.connect(&login, Mqtt::V5).client("alice").ping();
}

fn bad_answer_is_remembered_for_its_time_only(on: Version) {
    let scene = Scene::with(on, |conf| {
        conf.option("feed", "off")
            .option("stall_budget_ms", 1000)
            .option("negative_ttl_s", 1)
    });
    let login = scene.service.issue("alice@acme:pc");
    scene.service.void(&login);
    for _ in 0..5 {
        assert_refused(&scene.connect(&login, Mqtt::V5), 0x87, "unknown token");
    }
    assert_eq!(scene.service.asked_about(&login.token), 1);
    let grant = json!({"active": true, "eid": "acme", "uid": "alice", "device": "pc",
        "kind": "pc", "exp": crate::harness::now_ms() / 1000 + 60});
    scene
        .service
        .introspection(crate::harness::Answer::Json(grant));
    crate::harness::eventually("the token to be asked about again", || {
        scene.connect(&login, Mqtt::V5).is_in().then_some(())
    });
    assert_eq!(scene.service.asked_about(&login.token), 2);
}

fn own_session_is_taken_over(on: Version) {
    let scene = Scene::start(on);
    for mqtt in Mqtt::BOTH {
        let login = scene.announced("alice@acme:pc");
        let mut first = scene.connect(&login, mqtt).client("first");
        let second = scene.connect(&login, mqtt).client("second");
        let mut second = second.subscribed("acme/im/msg/alice");
        // "Session taken over", where the broker says it at all: 2.0.11 does not.
        let end = first.ended_within(PATIENCE);
        assert!(
            matches!(end, Closing::Closed | Closing::Disconnect(0x8e)),
            "{end:?}"
        );
        // The end of the first must not have ended what the plugin knows of the second.
        scene.service.event(
            "session.kick",
            &json!({"eid": "acme", "uid": "alice", "device": "pc", "reason": "test"}),
        );
        assert_ne!(second.ended_within(PATIENCE), Closing::Silent);
    }
}

fn nobody_takes_over_a_session_of_somebody_else(on: Version) {
    let scene = Scene::start(on);
    let mut alice = scene.join("alice@acme:pc").subscribed("acme/im/msg/alice");
    let bob = scene.announced("bob@acme:pc");
    let mallory = scene.announced("alice@beta:pc");
    for mqtt in Mqtt::BOTH {
        for thief in [&bob, &mallory] {
            let connect = Connect::new(mqtt, &thief.client_id, &thief.token);
            let outcome = scene.send(&connect.clone().client_id("alice@acme:pc"));
            assert!(!outcome.is_in(), "{} as alice's client id", thief.username);
            let whole = connect.client_id("alice@acme:pc").username("alice@acme");
            assert!(!scene.connect_until_decided(&whole).is_in());
        }
    }
    alice.ping();
}

fn expired_token_is_refused(on: Version) {
    let past = crate::harness::now_ms() / 1000 - 1;
    let asking = Scene::asking(on);
    let login = asking
        .service
        .issue_with("alice@acme:pc", json!({"exp": past}));
    assert!(!asking.connect_until_decided(&connect(&login)).is_in());
    let told = Scene::start(on);
    let login = told.announced_with("alice@acme:pc", json!({"exp": past}));
    assert!(!told.connect_until_decided(&connect(&login)).is_in());
}

fn connect(login: &crate::harness::Login) -> Connect {
    Connect::new(Mqtt::V5, &login.client_id, &login.token)
}
