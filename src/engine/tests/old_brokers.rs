//! Brokers of 1.x: logins whose client id is not shown, payloads that are not shown, ends that nobody tells of.

use super::*;

/// As for Mosquitto 1.4.
fn blind(payloads: Payloads) -> Engine {
    let config = EngineConfig {
        client_id_at_login: false,
        payloads,
        pre_subscribe: false,
        presence: false,
        ..config(false)
    };
    Engine::new(config, Policy::default())
}

fn unnamed<'a>(username: &'a str, token: &'a str) -> Attempt<'a> {
    Attempt {
        conn: ConnKey(0),
        client_id: None,
        username: Some(username),
        token: Some(token),
        peer: "",
    }
}

fn session_of(engine: &Engine, client_id: &str) -> bool {
    let conn = ConnKey::of_client_id(client_id);
    engine.sessions().get(conn).is_some()
}

#[test]
fn login_without_client_id_is_for_the_tokens_own_device() {
    let mut engine = blind(Payloads::Refused);
    announce(&mut engine, PC, "t", at(0));
    assert_eq!(
        engine.login(&unnamed("alice@acme", "t"), at(1)),
        Step::Allow
    );
    assert!(session_of(&engine, PC));
    assert!(!session_of(&engine, "alice@acme:phone"));
    for username in ["bob@acme", "alice@beta", "alice"] {
        let step = engine.login(&unnamed(username, "t"), at(2));
        assert!(matches!(step, Step::Refuse(_)), "{username}: {step:?}");
    }
    assert_eq!(engine.sessions().len(), 1);
}

#[test]
fn question_without_client_id_is_answered_once_for_all() {
    let mut engine = blind(Payloads::Refused);
    let alice = unnamed("alice@acme", "t");
    let (key, send, _) = ask(&mut engine, &alice, at(0));
    assert!(send);
    let (again, send, _) = ask(&mut engine, &alice, at(1));
    assert!(again == key && !send);
    engine.answer(key, Ok(Verdict::Active(grant(PC))), at(2));
    assert_eq!(
        engine.login_after_wait(&alice, Duration::ZERO, at(3)),
        Ok(())
    );
    assert!(session_of(&engine, PC));
    let bob = unnamed("bob@acme", "t");
    assert_eq!(
        engine.login_after_wait(&bob, Duration::ZERO, at(4)),
        Err(Refusal::NotOwnToken)
    );
}

#[test]
fn client_id_that_is_given_must_be_the_tokens() {
    let mut engine = blind(Payloads::Refused);
    announce(&mut engine, PC, "t", at(0));
    for (client_id, want) in [
        ("alice@acme:phone", Step::Refuse(Refusal::NotOwnToken)),
        ("bob@acme:pc", Step::Refuse(Refusal::ClientIdNotOwn)),
        (PC, Step::Allow),
    ] {
        let named = Attempt {
            client_id: Some(client_id),
            ..unnamed("alice@acme", "t")
        };
        assert_eq!(engine.login(&named, at(1)), want, "{client_id}");
    }
}

#[test]
fn missing_client_id_is_refused_where_it_would_be_shown() {
    let mut engine = engine(false);
    announce(&mut engine, PC, "t", at(0));
    let step = engine.login(&unnamed("alice@acme", "t"), at(1));
    assert!(
        matches!(step, Step::Refuse(Refusal::ClientId(_))),
        "{step:?}"
    );
}

fn publishes(engine: &mut Engine, topic: &str) -> Ruling {
    let query = Query {
        place: place(1),
        client: SessionId::parse(PC).unwrap(),
        access: Access::Publish,
        topic,
        payload: &[],
        qos: 0,
        sender_at_rest: false,
    };
    engine.acl(&query, || at(5))
}

#[test]
fn payloads_that_are_not_shown_are_refused_unless_they_are_trusted() {
    const LOOKED_AT: [&str; 4] = [
        "acme/im/msg/bob",
        "acme/im/msg/g/dev",
        "acme/im/pres/alice",
        "acme/im/sig/alice",
    ];
    for (payloads, want) in [
        (Payloads::Refused, Ruling::Deny),
        (Payloads::Trusted, Ruling::Allow),
    ] {
        let mut engine = blind(payloads);
        announce(&mut engine, PC, "t", at(0));
        assert_eq!(
            engine.login(&unnamed("alice@acme", "t"), at(1)),
            Step::Allow
        );
        for topic in LOOKED_AT {
            assert_eq!(publishes(&mut engine, topic), want, "{payloads:?} {topic}");
        }
        for topic in ["beta/im/msg/bob", "acme/im/pres/bob", "$SYS/notice", "x"] {
            assert_eq!(publishes(&mut engine, topic), Ruling::Deny, "{topic}");
        }
    }
}

#[test]
fn device_is_awaited_once_its_connection_has_been_ended() {
    let mut engine = blind(Payloads::Refused);
    let client = SessionId::parse(PC).unwrap();
    announce(&mut engine, PC, "t", at(0));
    engine.login(&unnamed("alice@acme", "t"), at(1));
    assert!(!engine.is_awaited(client));
    engine.disconnected(ConnKey::of_client_id(PC), Ending::Over, at(2));
    assert!(!session_of(&engine, PC) && !engine.is_awaited(client));
    engine.await_device(client);
    assert!(engine.is_awaited(client));
    engine.login(&unnamed("alice@acme", "t"), at(3));
    assert!(session_of(&engine, PC) && !engine.is_awaited(client));
}
