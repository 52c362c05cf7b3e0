//! Logins: what is asked, what is known, what is refused.

use super::*;

#[test]
fn malformed_logins_are_refused_without_a_question() {
    let mut engine = engine(true);
    let good = attempt(1, PC, "token");
    for bad in [
        Attempt {
            username: None,
            ..good
        },
        Attempt {
            username: Some("alice"),
            ..good
        },
        Attempt {
            username: Some("al+ice@acme"),
            ..good
        },
        Attempt {
            client_id: None,
            ..good
        },
        Attempt {
            client_id: Some("alice@acme"),
            ..good
        },
        Attempt {
            client_id: Some("alice@acme:p/c"),
            ..good
        },
        Attempt {
            client_id: Some("bob@acme:pc"),
            ..good
        },
        Attempt {
            client_id: Some("alice@beta:pc"),
            ..good
        },
        Attempt {
            token: None,
            ..good
        },
        Attempt {
            token: Some(""),
            ..good
        },
        Attempt {
            token: Some("white space"),
            ..good
        },
    ] {
        assert!(
            matches!(engine.login(&bad, at(0)), Step::Refuse(r) if !r.is_ours()),
            "{bad:?}"
        );
    }
    assert!(engine.pending.is_empty());
}

#[test]
fn announced_token_needs_no_question() {
    let engine = logged_in(PC, "t", 1);
    assert_eq!(engine.sessions().len(), 1);
}

#[test]
fn token_of_another_session_is_refused() {
    let mut engine = engine(true);
    announce(&mut engine, PC, "t", at(0));
    for other in ["alice@acme:phone", "bob@acme:pc", "alice@beta:pc"] {
        assert_eq!(
            engine.login(&attempt(1, other, "t"), at(0)),
            Step::Refuse(Refusal::NotOwnToken)
        );
    }
}

#[test]
fn outage_refuses_without_remembering_the_token_as_bad() {
    let mut engine = engine(true);
    let (key, ..) = ask(&mut engine, &attempt(1, PC, "t"), at(0));
    let effects = engine.answer(key, Err(Failure("down".into())), at(1));
    assert_eq!(
        complete(&mut engine, &effects, at(1)),
        no(PC, Refusal::Unavailable)
    );
    assert_eq!(
        engine.login(&attempt(2, PC, "t"), at(2)),
        Step::Refuse(Refusal::Unavailable)
    );
    assert!(matches!(
        engine.login(&attempt(3, PC, "t"), at(1100)),
        Step::Ask { send: true, .. }
    ));
}

#[test]
fn unreachable_service_refuses_unknown_tokens_at_once_and_lets_known_ones_in() {
    let mut engine = engine(true);
    announce(&mut engine, PC, "known", at(0));
    engine.set_reachable(false);
    assert_eq!(
        engine.login(&attempt(1, PC, "t"), at(1)),
        Step::Refuse(Refusal::Unavailable)
    );
    assert_eq!(engine.login(&attempt(2, PC, "known"), at(1)), Step::Allow);
    engine.set_reachable(true);
    assert!(matches!(
        engine.login(&attempt(3, PC, "t"), at(2)),
        Step::Ask { send: true, .. }
    ));
}

#[test]
fn flood_from_many_peers_is_bounded_and_shuts_out_no_peer_that_hardly_fails() {
    let mut engine = engine(true);
    let mut asked = 0;
    for n in 0..10_000 {
        let (user, token, peer) = (
            format!("user{n}@acme:pc"),
            format!("forged{n}"),
            format!("192.0.2.{}", n % 50),
        );
        let forged = Attempt {
            peer: &peer,
            ..attempt(n, &user, &token)
        };
        asked += usize::from(matches!(engine.login(&forged, at(1)), Step::Ask { .. }));
    }
    assert!((1000..1400).contains(&asked), "{asked} questions at once");
    let mut later = 0;
    for n in 0..15_000 {
        let (user, token) = (format!("user{n}@acme:pc"), format!("later{n}"));
        let peer = format!("192.0.2.{}", n % 50);
        let forged = Attempt {
            peer: &peer,
            ..attempt(n, &user, &token)
        };
        let now = at(u64::try_from(n).unwrap() * 2);
        later += usize::from(matches!(engine.login(&forged, now), Step::Ask { .. }));
    }
    assert!(
        later < 2500,
        "{later} questions of 15,000 forgeries in 30 s"
    );
    let elsewhere = Attempt {
        peer: "192.0.2.77",
        ..attempt(10_000, "bob@acme:pc", "unknown")
    };
    assert!(matches!(engine.login(&elsewhere, at(2)), Step::Ask { .. }));
}

#[test]
fn good_logins_of_one_peer_are_not_limited() {
    let mut engine = engine(true);
    for n in 0..5000 {
        let client_id = format!("user{n}@acme:pc");
        let (key, ..) = ask(
            &mut engine,
            &attempt(n, &client_id, &format!("t{n}")),
            at(1),
        );
        engine.answer(key, Ok(Verdict::Active(grant(&client_id))), at(2));
    }
}

#[test]
fn every_login_leaves_a_record() {
    let mut engine = logged_in(PC, "t", 1);
    engine.login(&attempt(2, "bob@acme:pc", "t"), at(2));
    engine.login(
        &Attempt {
            username: None,
            ..attempt(3, PC, "t")
        },
        at(3),
    );
    let effects = engine.tick(at(4));
    let told: Vec<String> = effects
        .iter()
        .filter_map(|e| {
            if let Effect::Record(Record {
                event: Event::Login(login),
                ..
            }) = e
            {
                Some(login.to_string())
            } else {
                None
            }
        })
        .collect();
    assert_eq!(
        told,
        [
            "login client_id=\"alice@acme:pc\" peer=192.0.2.1 granted via=announcement",
            "login client_id=\"bob@acme:pc\" peer=192.0.2.1 refused: login token belongs to another client id",
            "login client_id=\"alice@acme:pc\" peer=192.0.2.1 refused: no user name",
        ]
    );
}

#[test]
fn blocking_wait_ends_with_the_budget() {
    let mut engine = engine(false);
    let alice = attempt(1, PC, "t");
    let (key, send, wait) = ask(&mut engine, &alice, at(0));
    assert!(send);
    assert_eq!(wait, Wait::Blocking(Duration::from_millis(50)));
    assert!(!engine.is_settled(&key, at(50)));
    assert_eq!(
        engine.login_after_wait(&alice, Duration::from_millis(50), at(50)),
        Err(Refusal::NotYet)
    );
    let (_, send, wait) = ask(&mut engine, &alice, at(50));
    assert!(!send, "the first question is still under way");
    assert_eq!(wait, Wait::Leave);
    engine.answer(key, Ok(Verdict::Active(grant(PC))), at(60));
    assert_eq!(engine.login(&alice, at(61)), Step::Allow);
}

#[test]
fn live_feed_shortens_the_wait_to_a_grace() {
    let mut engine = engine(false);
    engine.set_feed_live(true);
    let (.., wait) = ask(&mut engine, &attempt(1, PC, "t"), at(0));
    assert!(matches!(wait, Wait::Blocking(time) if time <= Duration::from_millis(10)));
}
