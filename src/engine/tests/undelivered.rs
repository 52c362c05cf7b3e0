//! What is on its way when the broker stops, or waits for absent devices, goes on after the start.

use super::presubscription::{ask_about, brought};
use super::*;

const PHONE: &str = "alice@acme:phone";
const BOB: &str = "bob@acme:pc";
const INBOX: &str = "acme/im/msg/alice";
const ALICES: &str = "$SYS/notice/acme/alice";

/// Of a broker with a `state_dir`, with everybody logged in, and what that brings about carried out.
fn started(by_broker: bool, clients: &[(usize, &str)]) -> Engine {
    let config = EngineConfig {
        keeps_notices: true,
        ..config(by_broker)
    };
    let mut engine = Engine::new(config, Policy::default());
    for (conn, client_id) in clients {
        log_in(&mut engine, *conn, client_id);
    }
    engine.tick(at(1));
    engine
}

/// Ends an engine and starts another with what it kept; gives that, and what is published in the first TICK.
fn restarted(
    engine: &mut Engine,
    by_broker: bool,
    published: Vec<Publication>,
    clients: &[(usize, &str)],
) -> (Engine, Vec<Effect>) {
    let (kept, effects) = engine.take_undelivered(published, at(10));
    assert_eq!(effects, []);
    let mut engine = started(by_broker, &[]);
    let mut effects = engine.go_on_with(kept, at(20));
    for (conn, client_id) in clients {
        log_in(&mut engine, *conn, client_id);
    }
    effects.extend(engine.tick(at(20)));
    (engine, effects)
}

/// Without presence and what is told of other logins, which go out at QoS 0.
fn publications(effects: &[Effect]) -> Vec<Publication> {
    let all = effects.iter().filter_map(|effect| match effect {
        Effect::Publish(publication) => Some(publication.clone()),
        _ => None,
    });
    all.filter(|p| p.qos > 0).collect()
}

fn notice(id: &str, retain: bool, expiry_s: u32) -> FeedEvent {
    FeedEvent::Notice(SystemNotice {
        scope: Scope::User {
            eid: "acme".into(),
            uid: "alice".into(),
        },
        retain,
        expiry_s,
        notice: Notice {
            id: id.into(),
            kind: "announcement".into(),
            time: 1,
            title: id.into(),
            body: String::new(),
            data: serde_json::Value::Null,
        },
    })
}

/// Publishes a notice, with the broker asking about these connections; gives its payload.
fn publish(engine: &mut Engine, event: FeedEvent, asked: &[(usize, &str)]) -> Vec<u8> {
    let published = publications(&engine.feed_event(event, at(2)));
    let payload = published.first().expect("a notice").payload.clone();
    engine.tick(at(3));
    for (conn, client_id) in asked {
        receive(engine, *conn, client_id, &payload);
    }
    engine.tick(at(4));
    payload
}

fn receive(engine: &mut Engine, conn: usize, client_id: &str, payload: &[u8]) -> Ruling {
    ask_about(engine, conn, client_id, Access::Receive, ALICES, payload, 1)
}

#[test]
fn message_that_was_routed_in_the_last_turn_is_brought_to_who_was_not_asked_about() {
    let mut engine = started(false, &[(1, PC), (2, PHONE), (3, BOB)]);
    let message = payload("bob", Direction::PointToPoint, 1);
    ask_about(&mut engine, 3, BOB, Access::Publish, INBOX, &message, 1);
    ask_about(&mut engine, 1, PC, Access::Receive, INBOX, &message, 1);
    let (mut engine, effects) = restarted(&mut engine, false, Vec::new(), &[]);
    assert_eq!(brought(&effects), ["alice@acme:phone acme/im/msg/alice"]);
    assert_eq!(brought(&engine.tick(at(21))), [""; 0], "once");
}

#[test]
fn copies_of_the_last_turn_are_handed_over_again() {
    let mut engine = started(false, &[(1, PC), (2, PHONE), (3, BOB)]);
    let message = payload("bob", Direction::PointToPoint, 1);
    ask_about(&mut engine, 3, BOB, Access::Publish, INBOX, &message, 1);
    let last = publications(&engine.tick(at(4)));
    assert_eq!(last.len(), 2);
    let (_, effects) = restarted(&mut engine, false, last, &[]);
    let mut to = brought(&effects);
    to.sort();
    assert_eq!(to, [format!("{PC} {INBOX}"), format!("{PHONE} {INBOX}")]);
}

#[test]
fn message_of_qos_2_waits_for_its_release_over_a_restart() {
    let mut engine = started(false, &[(1, PC), (3, BOB)]);
    let message = payload("bob", Direction::PointToPoint, 1);
    ask_about(&mut engine, 3, BOB, Access::Publish, INBOX, &message, 2);
    let clients = [(1, PC), (2, PHONE), (3, BOB)];
    let (mut engine, effects) = restarted(&mut engine, false, Vec::new(), &clients);
    assert_eq!(publications(&effects), []);
    assert_eq!(publications(&engine.tick(at(5000))), [], "bob is not back");
    ask_about(&mut engine, 1, PC, Access::Receive, INBOX, &message, 2);
    let copies = brought(&engine.tick(at(5001)));
    assert_eq!(copies, [format!("{PHONE} {INBOX}")]);
}

#[test]
fn what_is_void_or_not_worth_keeping_does_not_go_on() {
    let mut engine = started(true, &[]);
    let publication = |topic: &str, qos, expiry_s| Publication {
        to: None,
        topic: topic.to_owned(),
        payload: b"{}".to_vec(),
        qos,
        retain: false,
        expiry_s,
    };
    let published = vec![
        publication(ALICES, 1, 5),
        publication(ALICES, 1, 0),
        publication("$SYS/notice", 1, 60),
        publication("$SYS/notice/acme", 0, 0),
        publication("$CONTROL/enterprise-push/v1/response", 1, 0),
    ];
    let (kept, _) = engine.take_undelivered(published, at(0));
    let effects = started(true, &[]).go_on_with(kept, at(6000));
    let left: Vec<(String, u32)> = publications(&effects)
        .into_iter()
        .map(|p| (p.topic, p.expiry_s))
        .collect();
    assert_eq!(
        left,
        [(ALICES.to_owned(), 0), ("$SYS/notice".to_owned(), 54)]
    );
}

#[test]
fn retained_notice_is_set_anew_and_kept_from_those_who_had_it() {
    for by_broker in [false, true] {
        let mut engine = started(by_broker, &[(1, PC)]);
        publish(&mut engine, notice("former", true, 0), &[(1, PC)]);
        let latest = publish(&mut engine, notice("latest", true, 0), &[(1, PC)]);
        let (mut engine, effects) = restarted(&mut engine, by_broker, Vec::new(), &[(2, PHONE)]);
        let published = publications(&effects);
        let retained: Vec<&Publication> = published.iter().filter(|p| p.retain).collect();
        assert_eq!(retained.len(), 1);
        assert!(
            retained
                .iter()
                .all(|p| p.payload == latest && p.to.is_none())
        );
        // While it is routed, a session at rest is asked about, and one that has come already.
        assert_eq!(receive(&mut engine, 1, PC, &latest), Ruling::Deny);
        assert_eq!(receive(&mut engine, 2, PHONE, &latest), Ruling::Allow);
        engine.tick(at(21));
        assert_eq!(receive(&mut engine, 1, PC, &latest), Ruling::Allow, "later");
        let (mut engine, effects) = restarted(&mut engine, by_broker, Vec::new(), &[]);
        assert_eq!(publications(&effects).len(), 1, "and again");
        let gone = FeedEvent::UserRemoved {
            eid: "acme".into(),
            uid: "alice".into(),
        };
        engine.feed_event(gone, at(22));
        engine.tick(at(22));
        let (_, effects) = restarted(&mut engine, by_broker, Vec::new(), &[]);
        assert_eq!(publications(&effects), [], "with the user");
    }
}

/// Alice's phone was here, has gone, and what waits for it has been through a restart.
fn waited(by_broker: bool) -> (Engine, [Vec<u8>; 2]) {
    let mut engine = started(by_broker, &[(1, PHONE)]);
    engine.disconnected(ConnKey(1), Ending::Waits, at(1));
    let waits = [("one", 0), ("two", 9)];
    let waits = waits.map(|(id, s)| publish(&mut engine, notice(id, false, s), &[(1, PHONE)]));
    let (engine, effects) = restarted(&mut engine, by_broker, Vec::new(), &[]);
    assert_eq!(publications(&effects), []);
    (engine, waits)
}

#[test]
fn notices_that_waited_are_brought_in_order_after_a_restart_and_kept_back_where_the_broker_has_them()
 {
    for by_broker in [false, true] {
        let (mut engine, [one, two]) = waited(by_broker);
        // The broker asks before or after the login is reported to us.
        assert_eq!(receive(&mut engine, 7, PHONE, &one), Ruling::Deny);
        log_in(&mut engine, 7, PHONE);
        assert_eq!(receive(&mut engine, 7, PHONE, &two), Ruling::Deny);
        // One that the broker had before that, and one that is published now.
        assert_eq!(receive(&mut engine, 7, PHONE, b"old"), Ruling::Allow);
        let published = publications(&engine.feed_event(notice("three", false, 0), at(30)));
        let three = &published[0].payload;
        let brought = publications(&engine.tick(at(30)));
        let payloads: Vec<&[u8]> = brought.iter().map(|p| &*p.payload).collect();
        assert_eq!(payloads, [&one, &two]);
        assert!(brought.iter().all(|p| p.to.as_deref() == Some(PHONE)));
        assert_eq!(receive(&mut engine, 7, PHONE, three), Ruling::Deny);
        let brought = publications(&engine.tick(at(31)));
        assert_eq!(brought.len(), 1);
        assert_eq!(&brought[0].payload, three);
        assert_eq!(publications(&engine.tick(at(32))), []);
        let published = publications(&engine.feed_event(notice("four", false, 0), at(33)));
        engine.tick(at(33));
        let four = &published[0].payload;
        assert_eq!(receive(&mut engine, 7, PHONE, four), Ruling::Allow);
    }
}

#[test]
fn notices_that_waited_go_with_their_time_their_session_and_their_user() {
    let (mut engine, _) = waited(true);
    log_in(&mut engine, 7, PHONE);
    assert_eq!(
        publications(&engine.tick(at(9500))).len(),
        1,
        "9 s are over"
    );

    let (mut engine, _) = waited(true);
    log_in(&mut engine, 7, PHONE);
    engine.begins_anew(ConnKey(99), PHONE);
    assert!(engine.has_more(), "somebody who is not let in");
    engine.begins_anew(ConnKey(7), PHONE);
    assert_eq!(publications(&engine.tick(at(30))), []);

    let (mut engine, _) = waited(true);
    let gone = FeedEvent::UserRemoved {
        eid: "acme".into(),
        uid: "alice".into(),
    };
    engine.feed_event(gone, at(22));
    engine.tick(at(23));
    let (kept, _) = engine.take_undelivered(Vec::new(), at(24));
    assert_eq!(kept, []);
}

#[test]
fn who_leaves_before_all_has_come_finds_the_rest_later() {
    let (mut engine, _) = waited(false);
    log_in(&mut engine, 7, PHONE);
    engine.disconnected(ConnKey(7), Ending::Waits, at(29));
    assert_eq!(publications(&engine.tick(at(30))), []);
    log_in(&mut engine, 8, PHONE);
    assert_eq!(publications(&engine.tick(at(31))).len(), 2);
}

#[test]
fn without_a_restart_what_waits_comes_from_the_broker() {
    let mut engine = started(true, &[(1, PHONE)]);
    engine.disconnected(ConnKey(1), Ending::Waits, at(1));
    let one = publish(&mut engine, notice("one", false, 0), &[(1, PHONE)]);
    log_in(&mut engine, 2, PHONE);
    assert_eq!(receive(&mut engine, 2, PHONE, &one), Ruling::Allow);
    assert_eq!(publications(&engine.tick(at(9))), []);
    let (kept, _) = engine.take_undelivered(Vec::new(), at(10));
    assert_eq!(kept, []);
}

#[test]
fn retained_notice_that_the_feed_will_tell_again_is_news_after_a_restart() {
    let mut engine = started(true, &[(1, PC)]);
    let told = publications(&engine.feed_event(notice("latest", true, 0), at(2)));
    // Published in the last turn, and not routed.
    engine.tick(at(2));
    let (mut engine, effects) = restarted(&mut engine, true, Vec::new(), &[]);
    assert_eq!(publications(&effects), []);
    engine.feed_event(notice("latest", true, 0), at(20));
    engine.tick(at(20));
    let payload = &told.first().expect("a notice").payload;
    assert_eq!(receive(&mut engine, 1, PC, payload), Ruling::Allow);
}

#[test]
fn copy_of_a_notice_that_was_on_its_way_and_waited_comes_once() {
    let mut engine = started(false, &[(1, PHONE)]);
    engine.disconnected(ConnKey(1), Ending::Waits, at(1));
    engine.feed_event(notice("one", false, 0), at(2));
    engine.tick(at(2));
    let last = publications(&engine.tick(at(3)));
    assert_eq!(last.len(), 1, "a copy by hand");
    let (_, effects) = restarted(&mut engine, false, last, &[(2, PHONE)]);
    assert_eq!(publications(&effects).len(), 1);
}

#[test]
fn what_finds_no_room_is_counted() {
    let mut engine = started(true, &[(1, PHONE)]);
    engine.disconnected(ConnKey(1), Ending::Waits, at(1));
    for n in 0..1002 {
        publish(
            &mut engine,
            notice(&n.to_string(), n == 0, 0),
            &[(1, PHONE)],
        );
    }
    let figures = engine.figures();
    let kept = (figures.waiting_notices, figures.retained_notices);
    assert_eq!((kept, figures.waiting_notices_left_out), ((1000, 1), 2));
    log_in(&mut engine, 2, PHONE);
    assert_eq!(engine.figures().waiting_notices, 0, "the broker has them");
}
