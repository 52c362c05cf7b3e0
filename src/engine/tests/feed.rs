//! What events of the feed, and time, do to sessions.

use super::*;

#[test]
fn revocation_kick_removal_and_suspension_end_sessions() {
    let (eid, uid) = ("acme".to_owned(), "alice".to_owned());
    for event in [
        FeedEvent::TokenRevoked {
            digest: digest("t"),
        },
        FeedEvent::SessionKick {
            eid: eid.clone(),
            uid: uid.clone(),
            device: None,
            reason: String::new(),
        },
        FeedEvent::SessionKick {
            eid: eid.clone(),
            uid: uid.clone(),
            device: Some("pc".into()),
            reason: String::new(),
        },
        FeedEvent::UserRemoved {
            eid: eid.clone(),
            uid,
        },
        FeedEvent::EnterpriseSuspended { eid },
    ] {
        let comes_back = matches!(event, FeedEvent::SessionKick { .. });
        let mut engine = logged_in(PC, "t", 1);
        assert_eq!(
            kicked(&engine.feed_event(event.clone(), at(5))),
            [PC],
            "{event:?}"
        );
        engine.disconnected(ConnKey(1), Ending::Waits, at(9));
        let again = engine.login(&attempt(2, PC, "t"), at(6));
        assert_eq!(again == Step::Allow, comes_back, "{event:?} {again:?}");
    }
}

#[test]
fn expired_token_ends_its_session() {
    let mut engine = logged_in(PC, "t", 1);
    assert_eq!(kicked(&engine.tick(at(3_599_000))), [] as [&str; 0]);
    assert_eq!(kicked(&engine.tick(at(3_600_000))), [PC]);
}

#[test]
fn lost_events_make_all_tokens_unknown_and_sessions_log_in_anew() {
    let mut engine = logged_in(PC, "t", 1);
    engine.feed_event(FeedEvent::SnapshotRequired, at(4));
    assert!(matches!(
        engine.login(&attempt(2, PC, "t"), at(5)),
        Step::Ask { .. }
    ));
    assert_eq!(kicked(&engine.tick(at(600))), [PC]);
    assert_eq!(kicked(&engine.tick(at(1200))), [] as [&str; 0], "once");
}

#[test]
fn unreadable_event_counts_as_lost_only_if_it_may_withdraw_a_right() {
    for withdraws in [false, true] {
        let mut engine = logged_in(PC, "t", 1);
        engine.unreadable_event("event 7: nonsense", withdraws, at(9));
        let known = engine.login(&attempt(2, PC, "t"), at(5)) == Step::Allow;
        assert_eq!(known, !withdraws);
    }
}

#[test]
fn notice_goes_to_the_topic_of_its_scope() {
    let mut engine = logged_in(PC, "t", 1);
    let (eid, uid, gid) = ("acme".to_owned(), "alice".to_owned(), "dev".to_owned());
    for (scope, topic) in [
        (Scope::All, "$SYS/notice"),
        (Scope::Enterprise { eid: eid.clone() }, "$SYS/notice/acme"),
        (
            Scope::User {
                eid: eid.clone(),
                uid,
            },
            "$SYS/notice/acme/alice",
        ),
        (Scope::Group { eid, gid }, "$SYS/notice/acme/alice"),
    ] {
        let notice = Notice {
            id: "n1".into(),
            kind: "announcement".into(),
            time: 0,
            title: "Hi".into(),
            body: String::new(),
            data: serde_json::Value::Null,
        };
        let event = FeedEvent::Notice(SystemNotice {
            scope,
            retain: true,
            expiry_s: 60,
            notice,
        });
        let effects = engine.feed_event(event, at(9));
        let [Effect::Publish(sent)] = effects.as_slice() else {
            panic!("{effects:?}")
        };
        assert_eq!(
            (sent.topic.as_str(), sent.qos, sent.retain, sent.expiry_s),
            (topic, 1, true, 60)
        );
        assert_eq!(Notice::decode(&sent.payload).unwrap().time, at(9).unix_ms);
    }
}
