//! What comes without SUBSCRIBE: by the broker's subscriptions, or by hand; and what does not come twice.

use super::*;

const PHONE: &str = "alice@acme:phone";
const BOB: &str = "bob@acme:pc";

fn group_changed(engine: &mut Engine, members: &[&str]) -> Vec<Effect> {
    let event = FeedEvent::GroupUpserted {
        eid: "acme".into(),
        gid: "dev".into(),
        members: members.iter().map(|m| (*m).to_owned()).collect(),
    };
    engine.feed_event(event, at(2))
}

/// `+client filter` for each subscription, `-client filter` for each that is dropped.
fn changes(effects: &[Effect]) -> Vec<String> {
    let changes = effects.iter().filter_map(|e| match e {
        Effect::Subscribe { client_id, filter } => Some(format!("+{client_id} {filter}")),
        Effect::Unsubscribe { client_id, filter } => Some(format!("-{client_id} {filter}")),
        _ => None,
    });
    changes.collect()
}

/// Who is brought a copy, with the topic.
pub(super) fn brought(effects: &[Effect]) -> Vec<String> {
    let copies = effects.iter().filter_map(|e| match e {
        Effect::Publish(p) => p.to.as_ref().map(|to| format!("{to} {}", p.topic)),
        _ => None,
    });
    copies.collect()
}

/// With everybody logged in, and what that brings about carried out.
fn engine_of(by_broker: bool, clients: &[(usize, &str)]) -> Engine {
    let mut engine = engine(by_broker);
    for (conn, client_id) in clients {
        log_in(&mut engine, *conn, client_id);
    }
    engine.tick(at(1));
    engine
}

pub(super) fn ask_about(
    engine: &mut Engine,
    conn: usize,
    client_id: &str,
    access: Access,
    topic: &str,
    payload: &[u8],
    qos: u8,
) -> Ruling {
    let query = Query {
        place: place(conn),
        client: SessionId::parse(client_id).unwrap(),
        access,
        topic,
        payload,
        qos,
        sender_at_rest: false,
    };
    engine.acl(&query, || at(3))
}

#[test]
fn broker_subscribes_at_login_and_at_each_change() {
    let mut engine = engine_of(true, &[(1, PC)]);
    assert_eq!(
        changes(&engine.connected(PC, at(1))),
        [
            "+alice@acme:pc acme/im/msg/alice",
            "+alice@acme:pc $SYS/notice/acme/alice",
            "+alice@acme:pc acme/im/msg/g/dev"
        ]
    );
    log_in(&mut engine, 2, PHONE);
    engine.disconnected(ConnKey(2), Ending::Waits, at(9));
    let left = changes(&group_changed(&mut engine, &["bob"]));
    let dropped = [
        "-alice@acme:pc acme/im/msg/g/dev",
        "-alice@acme:phone acme/im/msg/g/dev",
    ];
    assert_eq!(left, dropped, "absent devices, too");
    let joined = changes(&group_changed(&mut engine, &["bob", "alice"]));
    assert_eq!(joined, dropped.map(|change| change.replacen('-', "+", 1)));
}

const BOBS: [&str; 3] = [
    "bob@acme:pc acme/im/msg/bob",
    "bob@acme:pc $SYS/notice/acme/bob",
    "bob@acme:pc acme/im/msg/g/dev",
];

#[test]
fn subscriptions_of_a_connection_that_is_taken_over_make_room_for_the_new_ones() {
    let mut engine = engine_of(true, &[(1, BOB)]);
    engine.connected(BOB, at(1));
    log_in(&mut engine, 2, BOB);
    let ended = engine.disconnected(ConnKey(1), Ending::TakenOver, at(2));
    assert_eq!(changes(&ended), BOBS.map(|filter| format!("-{filter}")));
    let subscribed = BOBS.map(|filter| format!("+{filter}"));
    assert_eq!(changes(&engine.connected(BOB, at(2))), subscribed);
    assert_eq!(changes(&engine.tick(at(3))), [""; 0]);
}

#[test]
fn who_comes_back_before_the_broker_has_forgotten_the_session_is_subscribed_twice() {
    for (ending, again) in [(Ending::Over, true), (Ending::Waits, false)] {
        let mut engine = engine_of(true, &[(1, BOB)]);
        engine.connected(BOB, at(1));
        assert_eq!(engine.disconnected(ConnKey(1), ending, at(2)).len(), 0);
        log_in(&mut engine, 2, BOB);
        let subscribed = BOBS.map(|filter| format!("+{filter}"));
        assert_eq!(changes(&engine.connected(BOB, at(2))), subscribed);
        let want = if again { &subscribed[..] } else { &[] };
        assert_eq!(changes(&engine.tick(at(3))), want, "{ending:?}");
        // From the next turn on there is nothing that could go with it.
        engine.disconnected(ConnKey(2), ending, at(4));
        engine.tick(at(5));
        log_in(&mut engine, 3, BOB);
        engine.connected(BOB, at(6));
        assert_eq!(changes(&engine.tick(at(7))), [""; 0]);
    }
}

#[test]
fn what_only_some_subscribed_to_is_brought_to_the_others() {
    let mut engine = engine_of(false, &[(1, PC), (2, PHONE), (3, BOB)]);
    let message = payload("bob", Direction::PointToPoint, 1);
    let topic = "acme/im/msg/alice";
    ask_about(&mut engine, 3, BOB, Access::Publish, topic, &message, 1);
    ask_about(&mut engine, 1, PC, Access::Receive, topic, &message, 1);
    let copies = brought(&engine.tick(at(4)));
    assert_eq!(copies, ["alice@acme:phone acme/im/msg/alice"]);
    assert_eq!(brought(&engine.tick(at(5))), [""; 0], "once");
}

#[test]
fn message_all_of_whose_receivers_subscribed_is_not_even_kept() {
    let mut engine = engine_of(false, &[(1, PC), (3, BOB)]);
    let topic = "acme/im/msg/alice";
    for seq in 0..2 {
        let message = payload("bob", Direction::PointToPoint, seq);
        ask_about(&mut engine, 3, BOB, Access::Publish, topic, &message, 1);
        assert_eq!(engine.has_more(), seq == 0);
        ask_about(&mut engine, 1, PC, Access::Receive, topic, &message, 1);
        assert_eq!(brought(&engine.tick(at(4))), [""; 0]);
    }
    // Who gives the subscription up is brought the next message.
    ask_about(&mut engine, 1, PC, Access::Unsubscribe, topic, b"", 0);
    let message = payload("bob", Direction::PointToPoint, 9);
    ask_about(&mut engine, 3, BOB, Access::Publish, topic, &message, 1);
    assert_eq!(brought(&engine.tick(at(4))).len(), 1);
}

#[test]
fn who_is_asked_about_what_waited_is_not_subscribed_for_that() {
    let mut engine = engine_of(false, &[(1, PC), (3, BOB)]);
    let topic = "acme/im/msg/alice";
    // At her reconnect the broker asks about a message of yesterday.
    let waited = payload("bob", Direction::PointToPoint, 1);
    ask_about(&mut engine, 1, PC, Access::Receive, topic, &waited, 1);
    let message = payload("bob", Direction::PointToPoint, 2);
    ask_about(&mut engine, 3, BOB, Access::Publish, topic, &message, 1);
    let copies = brought(&engine.tick(at(4)));
    assert_eq!(copies, ["alice@acme:pc acme/im/msg/alice"]);
}

#[test]
fn group_message_reaches_each_device_but_the_sending_one() {
    let mut engine = engine_of(false, &[(1, PC), (2, PHONE), (3, BOB)]);
    let message = payload("alice", Direction::Group, 1);
    let topic = "acme/im/msg/g/dev";
    ask_about(&mut engine, 1, PC, Access::Publish, topic, &message, 1);
    let mut receive = |conn, client| {
        ask_about(
            &mut engine,
            conn,
            client,
            Access::Receive,
            topic,
            &message,
            1,
        )
    };
    assert_eq!(receive(1, PC), Ruling::Deny);
    assert_eq!(receive(2, PHONE), Ruling::Allow);
    let copies = brought(&engine.tick(at(4)));
    assert_eq!(copies, ["bob@acme:pc acme/im/msg/g/dev"]);
}

/// Sends a message to the group, with the broker asking about these. Answers whether it was kept, and who is brought it.
fn group_round(engine: &mut Engine, seq: u32, subscribed: &[(usize, &str)]) -> (bool, usize) {
    let topic = "acme/im/msg/g/dev";
    let message = payload("bob", Direction::Group, seq);
    ask_about(engine, 3, BOB, Access::Publish, topic, &message, 0);
    let kept = engine.has_more();
    for (conn, client_id) in subscribed {
        let access = Access::Receive;
        ask_about(engine, *conn, client_id, access, topic, &message, 0);
    }
    (kept, brought(&engine.tick(at(4))).len())
}

#[test]
fn group_whose_devices_are_all_subscribed_is_not_looked_through_until_something_changes() {
    let all = [(1, PC), (3, BOB)];
    let mut engine = engine_of(false, &all);
    group_changed(&mut engine, &["alice", "bob"]);
    engine.tick(at(2));
    assert_eq!(group_round(&mut engine, 1, &all), (true, 0));
    assert_eq!(group_round(&mut engine, 2, &all), (false, 0));

    let topic = "acme/im/msg/g/dev";
    ask_about(&mut engine, 1, PC, Access::Unsubscribe, topic, b"", 0);
    assert_eq!(group_round(&mut engine, 3, &[(3, BOB)]), (true, 1));
    ask_about(&mut engine, 1, PC, Access::Subscribe, topic, b"", 0);
    assert_eq!(group_round(&mut engine, 4, &all), (true, 0));
    assert_eq!(group_round(&mut engine, 5, &all), (false, 0));

    log_in(&mut engine, 2, PHONE);
    engine.tick(at(3));
    assert_eq!(group_round(&mut engine, 6, &all), (true, 1), "a new device");
    let with_phone = [(1, PC), (2, PHONE), (3, BOB)];
    assert_eq!(group_round(&mut engine, 7, &with_phone), (true, 0));
    assert_eq!(group_round(&mut engine, 8, &with_phone), (false, 0));

    engine.disconnected(ConnKey(2), Ending::Waits, at(9));
    assert_eq!(group_round(&mut engine, 9, &all), (true, 1), "it waits");
    group_changed(&mut engine, &["bob"]);
    engine.tick(at(5));
    assert_eq!(group_round(&mut engine, 10, &[(3, BOB)]), (true, 0));
    assert_eq!(group_round(&mut engine, 11, &[(3, BOB)]), (false, 0));
    group_changed(&mut engine, &["alice", "bob"]);
    engine.tick(at(6));
    assert_eq!(group_round(&mut engine, 12, &[(3, BOB)]), (true, 2));
}

#[test]
fn group_is_complete_for_its_unsubscribed_sender_alone() {
    let mut engine = engine_of(false, &[(1, PC), (3, BOB)]);
    group_changed(&mut engine, &["alice", "bob"]);
    engine.tick(at(2));
    let others = [(1, PC)];
    assert_eq!(group_round(&mut engine, 1, &others), (true, 0));
    assert_eq!(group_round(&mut engine, 2, &others), (false, 0));

    let (topic, message) = ("acme/im/msg/g/dev", payload("alice", Direction::Group, 3));
    ask_about(&mut engine, 1, PC, Access::Publish, topic, &message, 0);
    assert_eq!(
        brought(&engine.tick(at(4))),
        ["bob@acme:pc acme/im/msg/g/dev"]
    );
    assert_eq!(group_round(&mut engine, 4, &others), (false, 0));
}

#[test]
fn message_to_the_own_phone_does_not_come_back() {
    let mut engine = engine_of(true, &[(1, PC), (2, PHONE)]);
    let topic = "acme/im/msg/alice";
    let message = payload("alice", Direction::PcToPhone, 1);
    let sent = ask_about(&mut engine, 1, PC, Access::Publish, topic, &message, 1);
    assert_eq!(sent, Ruling::Allow);
    let back = ask_about(&mut engine, 1, PC, Access::Receive, topic, &message, 1);
    let there = ask_about(&mut engine, 2, PHONE, Access::Receive, topic, &message, 1);
    assert_eq!((back, there), (Ruling::Deny, Ruling::Allow));
    // Another message of the same user, from elsewhere.
    let other = payload("alice", Direction::PcToPhone, 2);
    let other = ask_about(&mut engine, 1, PC, Access::Receive, topic, &other, 1);
    assert_eq!(other, Ruling::Allow);
}

#[test]
fn qos_2_waits_for_its_routing() {
    let mut engine = engine_of(false, &[(1, PC), (2, PHONE), (3, BOB)]);
    let message = payload("bob", Direction::PointToPoint, 1);
    let topic = "acme/im/msg/alice";
    ask_about(&mut engine, 3, BOB, Access::Publish, topic, &message, 2);
    assert_eq!(brought(&engine.tick(at(4))), [""; 0], "no PUBREL yet");
    ask_about(&mut engine, 1, PC, Access::Receive, topic, &message, 2);
    assert_eq!(brought(&engine.tick(at(5))).len(), 1);
    let message = payload("bob", Direction::PointToPoint, 2);
    ask_about(&mut engine, 3, BOB, Access::Publish, topic, &message, 2);
    assert_eq!(brought(&engine.tick(at(1000))), [""; 0]);
    assert_eq!(
        brought(&engine.tick(at(2003))).len(),
        2,
        "nobody asked about it"
    );
}

#[test]
fn notice_to_all_is_brought_to_those_who_did_not_subscribe_on_every_broker() {
    for delayed in [false, true] {
        let mut engine = engine_of(delayed, &[(1, PC), (3, BOB), (4, "carol@beta:pc")]);
        engine.disconnected(ConnKey(3), Ending::Waits, at(9));
        let notice = SystemNotice {
            scope: Scope::Enterprise { eid: "acme".into() },
            retain: false,
            expiry_s: 60,
            notice: Notice {
                id: "n1".into(),
                kind: "announcement".into(),
                time: 1,
                title: "Hi".into(),
                body: String::new(),
                data: serde_json::Value::Null,
            },
        };
        let published = engine.feed_event(FeedEvent::Notice(notice), at(2));
        assert_eq!(published.len(), 1);
        engine.tick(at(3));
        let copies = engine.tick(at(4));
        let mut to = brought(&copies);
        to.sort();
        assert_eq!(
            to,
            [
                "alice@acme:pc $SYS/notice/acme",
                "bob@acme:pc $SYS/notice/acme"
            ],
            "the absent device, too, and nobody of beta"
        );
    }
}

#[test]
fn engine_is_quiet_only_when_a_tick_would_do_nothing() {
    let mut engine = engine_of(false, &[(1, PC), (2, PHONE), (3, BOB)]);
    let quiet = |engine: &mut Engine, ms: u64| {
        let quiet = engine.is_quiet(Duration::from_millis(ms));
        let done = engine.tick(at(ms));
        assert!(!quiet || done.is_empty(), "at {ms}: {done:?}");
        quiet
    };
    engine.tick(at(600));
    assert!(quiet(&mut engine, 700));
    let message = payload("bob", Direction::PointToPoint, 1);
    let topic = "acme/im/msg/alice";
    ask_about(&mut engine, 3, BOB, Access::Publish, topic, &message, 1);
    assert!(!quiet(&mut engine, 701) && quiet(&mut engine, 702));
    engine.disconnected(ConnKey(3), Ending::Waits, at(9));
    assert!(!quiet(&mut engine, 703));
    log_in(&mut engine, 4, BOB);
    assert!(!quiet(&mut engine, 704) && quiet(&mut engine, 705));
    assert!(!quiet(&mut engine, 1300), "the sweep is due");
}

#[test]
fn further_device_is_told_to_the_others_once() {
    let mut engine = engine_of(false, &[(1, PC)]);
    log_in(&mut engine, 2, PHONE);
    let told = brought(&engine.tick(at(2)));
    assert_eq!(told, ["alice@acme:pc $SYS/notice/acme/alice"]);
    engine.disconnected(ConnKey(2), Ending::Waits, at(9));
    log_in(&mut engine, 3, PHONE);
    assert_eq!(brought(&engine.tick(at(4))), [""; 0], "it is known by now");
}
