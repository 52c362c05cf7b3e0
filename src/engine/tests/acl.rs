//! Judging messages, and telling refused senders.

use super::*;

fn query<'a>(client_id: &'a str, access: Access, topic: &'a str, payload: &'a [u8]) -> Query<'a> {
    Query {
        place: place(1),
        client: SessionId::parse(client_id).unwrap(),
        access,
        topic,
        payload,
        qos: 1,
        sender_at_rest: false,
    }
}

fn hello(source: &str) -> Vec<u8> {
    payload(source, Direction::PointToPoint, 1)
}

#[test]
fn sender_must_be_the_source() {
    let mut engine = logged_in(PC, "t", 1);
    let (own, other) = (hello("alice"), hello("bob"));
    assert_eq!(
        engine.acl(&query(PC, Access::Publish, "acme/im/msg/bob", &own), || at(
            1
        )),
        Ruling::Allow
    );
    assert_eq!(
        engine.acl(
            &query(PC, Access::Publish, "acme/im/msg/bob", &other),
            || at(1)
        ),
        Ruling::Deny
    );
    assert_eq!(
        engine.acl(&query(PC, Access::Publish, "beta/im/msg/bob", &own), || at(
            1
        )),
        Ruling::Deny
    );
}

#[test]
fn refused_sender_is_told_once_a_second() {
    let mut engine = logged_in(PC, "t", 1);
    engine.tick(at(0));
    for _ in 0..5 {
        engine.acl(
            &query(PC, Access::Publish, "acme/im/msg/bob", b"nonsense"),
            || at(1),
        );
    }
    let effects = engine.tick(at(2));
    let sent: Vec<_> = effects
        .iter()
        .filter_map(|e| {
            if let Effect::Publish(p) = e {
                Some(p)
            } else {
                None
            }
        })
        .collect();
    assert_eq!(sent.len(), 1);
    assert_eq!(
        (sent[0].to.as_deref(), sent[0].topic.as_str()),
        (Some(PC), "$SYS/notice/acme/alice")
    );
    assert_eq!(
        Notice::decode(&sent[0].payload).unwrap().kind,
        "message.refused"
    );
    assert!(
        effects
            .iter()
            .any(|e| matches!(e, Effect::Log(Level::Notice, _)))
    );
}

#[test]
fn sender_of_a_retained_message_is_judged_but_not_told() {
    let mut engine = logged_in(PC, "t", 1);
    engine.tick(at(0));
    let at_rest = Query {
        place: place(77),
        ..query(PC, Access::Publish, "beta/im/pres/x", b"online")
    };
    assert_eq!(engine.acl(&at_rest, || at(1)), Ruling::Deny);
    assert!(
        !engine
            .tick(at(2))
            .iter()
            .any(|e| matches!(e, Effect::Publish(_)))
    );
}
