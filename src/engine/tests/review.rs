//! SIGHUP: the broker asks about sessions that are here already.

use super::*;

#[test]
fn a_session_is_here_with_its_own_token_and_no_other() {
    let mut engine = logged_in(PC, "t", 1);
    let here = |engine: &Engine, attempt: &Attempt<'_>, ms| engine.is_here_already(attempt, at(ms));
    assert!(here(&engine, &attempt(1, PC, "t"), 5));
    assert!(
        !here(&engine, &attempt(2, PC, "t"), 5),
        "another connection"
    );
    assert!(!here(&engine, &attempt(1, PC, "other"), 5));
    assert!(!here(&engine, &attempt(1, "alice@acme:tv", "t"), 5));
    let without = Attempt {
        token: None,
        ..attempt(1, PC, "t")
    };
    assert!(!here(&engine, &without, 5));
    assert!(!here(&engine, &attempt(1, PC, "t"), 3_600_000), "expired");
    assert!(engine.has_session(ConnKey(1)) && !engine.has_session(ConnKey(2)));
    engine.feed_event(
        FeedEvent::TokenRevoked {
            digest: digest("t"),
        },
        at(6),
    );
    assert!(!here(&engine, &attempt(1, PC, "t"), 6), "revoked");
}

#[test]
fn a_session_is_here_though_its_token_is_forgotten() {
    let mut engine = logged_in(PC, "t", 1);
    engine.tokens.forget(&digest("t"));
    assert!(engine.is_here_already(&attempt(1, PC, "t"), at(5)));
}

#[test]
fn a_session_of_a_removed_user_is_none() {
    let mut engine = logged_in(PC, "t", 1);
    let (eid, uid) = ("acme".into(), "alice".into());
    engine.feed_event(FeedEvent::UserRemoved { eid, uid }, at(5));
    assert!(!engine.is_here_already(&attempt(1, PC, "t"), at(6)));
}

#[test]
fn times_and_limits_change_while_sessions_go_on() {
    let mut engine = logged_in(PC, "t", 1);
    let mut config = engine.config;
    config.user_failures_per_min = 2;
    config.negative_ttl = Duration::ZERO;
    engine.retune(&config);
    let refused = (0..5).filter(|n| {
        let token = format!("bad{n}");
        let step = engine.login(&attempt(9, "bob@acme:pc", &token), at(1));
        step == Step::Refuse(Refusal::TooManyFailures)
    });
    assert_eq!(refused.count(), 3);
    assert!(engine.has_session(ConnKey(1)));
}
