//! Logins that wait: whom an answer reaches, and whom not.

use super::*;

#[test]
fn delayed_login_is_completed_and_becomes_a_session_when_the_broker_reports_it() {
    let mut engine = engine(true);
    let (key, send, wait) = ask(&mut engine, &attempt(1, PC, "t"), at(0));
    assert!(send);
    assert_eq!(wait, Wait::Delayed);
    let effects = engine.answer(key, Ok(Verdict::Active(grant(PC))), at(10));
    assert!(engine.sessions().is_empty());
    assert_eq!(complete(&mut engine, &effects, at(11)), yes(PC));
    assert_eq!(engine.sessions().len(), 1);
}

#[test]
fn delayed_login_whose_client_left_becomes_no_session() {
    let mut engine = engine(true);
    let (key, ..) = ask(&mut engine, &attempt(1, PC, "t"), at(0));
    let effects = engine.answer(key, Ok(Verdict::Active(grant(PC))), at(10));
    let [
        Effect::CompleteLogin {
            client_id,
            ticket,
            outcome,
        },
    ] = effects.as_slice()
    else {
        panic!("{effects:?}")
    };
    // The broker finds nobody waiting under this client id and reports no connect.
    assert_eq!(
        engine.redeem(client_id, *ticket, *outcome, at(11)),
        Some(Ok(()))
    );
    engine.completed();
    engine.connected(PC, at(12));
    assert!(engine.sessions().is_empty());
}

#[test]
fn answer_for_a_client_that_left_does_not_let_its_successor_in() {
    let mut engine = engine(true);
    let (good, ..) = ask(&mut engine, &attempt(1, PC, "good"), at(0));
    let (forged, ..) = ask(&mut engine, &attempt(2, PC, "forged"), at(5));
    let effects = engine.answer(good, Ok(Verdict::Active(grant(PC))), at(10));
    assert_eq!(complete(&mut engine, &effects, at(10)), []);
    let effects = engine.answer(forged, Ok(Verdict::Inactive), at(11));
    assert_eq!(
        complete(&mut engine, &effects, at(11)),
        no(PC, Refusal::Inactive)
    );
}

#[test]
fn successor_that_comes_between_answer_and_completion_is_not_let_in() {
    let mut engine = engine(true);
    let (good, ..) = ask(&mut engine, &attempt(1, PC, "good"), at(0));
    let effects = engine.answer(good, Ok(Verdict::Active(grant(PC))), at(10));
    let (forged, ..) = ask(&mut engine, &attempt(2, PC, "forged"), at(10));
    assert_eq!(complete(&mut engine, &effects, at(11)), []);
    assert!(engine.sessions().is_empty());
    let effects = engine.answer(forged, Ok(Verdict::Inactive), at(12));
    assert_eq!(
        complete(&mut engine, &effects, at(12)),
        no(PC, Refusal::Inactive)
    );
}

#[test]
fn token_revoked_between_answer_and_completion_is_not_let_in() {
    let mut engine = engine(true);
    let (key, ..) = ask(&mut engine, &attempt(1, PC, "t"), at(0));
    let effects = engine.answer(key, Ok(Verdict::Active(grant(PC))), at(10));
    engine.feed_event(
        FeedEvent::TokenRevoked {
            digest: digest("t"),
        },
        at(10),
    );
    assert_eq!(
        complete(&mut engine, &effects, at(11)),
        no(PC, Refusal::Inactive)
    );
}

#[test]
fn announcement_completes_logins_that_wait_already() {
    let mut engine = engine(true);
    let (key, ..) = ask(&mut engine, &attempt(1, PC, "t"), at(0));
    let effects = announce(&mut engine, PC, "t", at(5));
    assert_eq!(complete(&mut engine, &effects, at(5)), yes(PC));
    assert_eq!(
        engine.answer(key, Ok(Verdict::Active(grant(PC))), at(9)),
        []
    );
}

#[test]
fn token_that_does_not_fit_is_refused_as_a_bad_one_and_the_reason_is_told() {
    let mut engine = engine(true);
    let (key, ..) = ask(&mut engine, &attempt(1, PC, "t"), at(0));
    let unfit = Verdict::Unfit("`/aud` is not `mqtt`".to_owned());
    let effects = engine.answer(key, Ok(unfit), at(1));
    let told = |effect: &Effect| matches!(effect, Effect::Log(_, text) if text.contains("`/aud`"));
    assert!(effects.iter().any(told), "{effects:?}");
    assert_eq!(
        complete(&mut engine, &effects, at(1)),
        no(PC, Refusal::Inactive)
    );
    assert_eq!(
        engine.login(&attempt(2, PC, "t"), at(2)),
        Step::Refuse(Refusal::Inactive)
    );
}

#[test]
fn bad_answer_is_remembered_for_this_client_id_only() {
    let mut engine = engine(true);
    let (key, ..) = ask(&mut engine, &attempt(1, PC, "t"), at(0));
    engine.answer(key, Ok(Verdict::Inactive), at(1));
    assert_eq!(
        engine.login(&attempt(2, PC, "t"), at(2)),
        Step::Refuse(Refusal::Inactive)
    );
    assert!(matches!(
        engine.login(&attempt(3, "alice@acme:tv", "t"), at(2)),
        Step::Ask { .. }
    ));
    assert!(matches!(
        engine.login(&attempt(4, PC, "t"), at(6000)),
        Step::Ask { .. }
    ));
}

#[test]
fn forger_is_stopped_before_any_answer_and_shuts_out_no_known_token() {
    let mut engine = engine(true);
    announce(&mut engine, PC, "known", at(0));
    let mut asked = 0;
    for n in 0..2000 {
        let user = format!("user{}@acme:pc", n % 200);
        match engine.login(&attempt(n, &user, &format!("forged{n}")), at(1)) {
            Step::Ask { .. } => asked += 1,
            other => assert_eq!(other, Step::Refuse(Refusal::TooManyFailures)),
        }
    }
    assert_eq!(asked, 600, "what a peer may ask in a minute");
    assert_eq!(
        engine.login(&attempt(9999, PC, "known"), at(2)),
        Step::Allow
    );
    let elsewhere = Attempt {
        peer: "192.0.2.77",
        ..attempt(10_000, "bob@acme:pc", "unknown")
    };
    assert!(matches!(engine.login(&elsewhere, at(2)), Step::Ask { .. }));
}

#[test]
fn token_revoked_while_its_check_is_under_way_is_not_let_in() {
    let mut engine = engine(true);
    let (key, ..) = ask(&mut engine, &attempt(1, PC, "t"), at(0));
    engine.feed_event(
        FeedEvent::TokenRevoked {
            digest: digest("t"),
        },
        at(1),
    );
    let effects = engine.answer(key, Ok(Verdict::Active(grant(PC))), at(2));
    assert_eq!(
        complete(&mut engine, &effects, at(2)),
        no(PC, Refusal::Inactive)
    );
    assert_eq!(
        engine.login(&attempt(2, PC, "t"), at(3)),
        Step::Refuse(Refusal::Inactive)
    );
}

#[test]
fn removed_user_gets_nothing_even_when_the_static_service_says_yes() {
    let mut engine = engine(true);
    let (key, ..) = ask(&mut engine, &attempt(1, PC, "t"), at(0));
    let gone = FeedEvent::UserRemoved {
        eid: "acme".into(),
        uid: "alice".into(),
    };
    engine.feed_event(gone, at(1));
    let effects = engine.answer(key, Ok(Verdict::Active(grant(PC))), at(2));
    assert_eq!(
        complete(&mut engine, &effects, at(2)),
        no(PC, Refusal::ShutOut)
    );
}

#[test]
fn login_that_nobody_answers_ends_by_itself() {
    let mut engine = engine(true);
    ask(&mut engine, &attempt(1, PC, "t"), at(0));
    let effects = engine.tick(at(2900));
    assert_eq!(complete(&mut engine, &effects, at(2900)), []);
    let effects = engine.tick(at(3500));
    assert_eq!(
        complete(&mut engine, &effects, at(3500)),
        no(PC, Refusal::Unavailable)
    );
}

#[test]
fn forged_logins_soon_no_longer_occupy_the_client_id() {
    let mut engine = engine(true);
    let mut waits = Vec::new();
    for n in 0..20 {
        let token = format!("forged-{n}");
        let (key, _, wait) = ask(&mut engine, &attempt(n, PC, &token), at(0));
        let effects = engine.answer(key, Ok(Verdict::Inactive), at(1));
        complete(&mut engine, &effects, at(1));
        waits.push(wait);
    }
    let held = waits.iter().filter(|w| **w == Wait::Delayed).count();
    assert_eq!(held, 5, "{waits:?}");
    // The answer is kept all the same, so a good token gets in at the retry.
    let (key, _, wait) = ask(&mut engine, &attempt(100, PC, "good"), at(2));
    assert_eq!(wait, Wait::Leave);
    engine.answer(key, Ok(Verdict::Active(grant(PC))), at(3));
    assert_eq!(engine.login(&attempt(101, PC, "good"), at(4)), Step::Allow);
    // Other users wait as ever, and this one again after a while.
    let (.., wait) = ask(&mut engine, &attempt(102, "bob@acme:pc", "b"), at(5));
    assert_eq!(wait, Wait::Delayed);
    let (.., wait) = ask(&mut engine, &attempt(103, PC, "later"), at(60_000));
    assert_eq!(wait, Wait::Delayed);
}

#[test]
fn good_logins_of_one_user_are_always_kept_waiting() {
    let mut engine = engine(true);
    for n in 0..50 {
        let id = format!("alice@acme:d{n}");
        let token = format!("t{n}");
        let (key, _, wait) = ask(&mut engine, &attempt(n, &id, &token), at(0));
        assert_eq!(wait, Wait::Delayed, "{n}");
        let effects = engine.answer(key, Ok(Verdict::Active(grant(&id))), at(1));
        assert_eq!(complete(&mut engine, &effects, at(1)), yes(&id));
    }
}
