//! Who is said to be here, when.

use super::*;

const PHONE: &str = "alice@acme:phone";
const TOPIC: &str = "acme/im/pres/alice";

fn query<'a>(conn: usize, client_id: &'a str, access: Access, payload: &'a [u8]) -> Query<'a> {
    Query {
        place: place(conn),
        client: SessionId::parse(client_id).unwrap(),
        access,
        topic: TOPIC,
        payload,
        qos: 0,
        sender_at_rest: false,
    }
}

/// The words that went out for alice since the last look.
fn said(engine: &mut Engine) -> Vec<String> {
    let words = engine.tick(at(2)).into_iter().filter_map(|e| match e {
        Effect::Publish(p) if p.topic == TOPIC => {
            assert!(p.retain && p.to.is_none());
            Some(String::from_utf8(p.payload).unwrap())
        }
        _ => None,
    });
    words.collect()
}

fn says(engine: &mut Engine, conn: usize, client_id: &str, word: &str) -> Ruling {
    let query = query(conn, client_id, Access::Publish, word.as_bytes());
    engine.acl(&query, || at(2))
}

#[test]
fn first_device_makes_online_and_the_last_one_offline() {
    let mut engine = engine(false);
    log_in(&mut engine, 1, PC);
    assert_eq!(said(&mut engine), ["online"]);
    log_in(&mut engine, 2, PHONE);
    engine.disconnected(ConnKey(1), Ending::Waits, at(9));
    assert_eq!(said(&mut engine), [""; 0]);
    engine.disconnected(ConnKey(2), Ending::Waits, at(9));
    assert_eq!(said(&mut engine), ["offline"]);
}

#[test]
fn takeover_changes_nothing() {
    let mut engine = engine(false);
    log_in(&mut engine, 1, PC);
    said(&mut engine);
    log_in(&mut engine, 2, PC);
    engine.disconnected(ConnKey(1), Ending::Waits, at(9));
    assert_eq!(said(&mut engine), [""; 0]);
    engine.disconnected(ConnKey(2), Ending::Waits, at(9));
    assert_eq!(said(&mut engine), ["offline"]);
}

#[test]
fn own_word_is_kept_while_a_device_is_left() {
    let mut engine = engine(false);
    log_in(&mut engine, 1, PC);
    said(&mut engine);
    assert_eq!(says(&mut engine, 1, PC, "busy"), Ruling::Allow);
    log_in(&mut engine, 2, PHONE);
    engine.disconnected(ConnKey(1), Ending::Waits, at(9));
    assert_eq!(said(&mut engine), [""; 0], "busy stands");
    engine.disconnected(ConnKey(2), Ending::Waits, at(9));
    log_in(&mut engine, 3, PC);
    assert_eq!(said(&mut engine), ["offline", "online"]);
}

#[test]
fn goodbye_of_one_device_is_put_right_while_another_is_left() {
    let mut engine = engine(false);
    log_in(&mut engine, 1, PC);
    log_in(&mut engine, 2, PHONE);
    said(&mut engine);
    assert_eq!(says(&mut engine, 1, PC, "offline"), Ruling::Allow);
    engine.disconnected(ConnKey(1), Ending::Waits, at(9));
    assert_eq!(said(&mut engine), ["online"]);
    // Who is invisible by choice stays so, and is not said to be offline twice.
    says(&mut engine, 2, PHONE, "offline");
    assert_eq!(said(&mut engine), [""; 0]);
    engine.disconnected(ConnKey(2), Ending::Waits, at(9));
    assert_eq!(said(&mut engine), [""; 0]);
}

#[test]
fn will_about_the_own_presence_is_not_sent() {
    let mut engine = engine(false);
    log_in(&mut engine, 1, PC);
    log_in(&mut engine, 2, PHONE);
    engine.disconnected(ConnKey(1), Ending::Waits, at(9));
    assert_eq!(says(&mut engine, 1, PC, "offline"), Ruling::Deny);
    let mut stored = query(9, PC, Access::Publish, b"away");
    stored.sender_at_rest = true;
    assert_eq!(engine.acl(&stored, || at(2)), Ruling::Allow);
}

#[test]
fn word_of_somebody_who_is_not_here_is_held_back_and_put_right_once() {
    let mut engine = engine(false);
    log_in(&mut engine, 5, "bob@acme:pc");
    engine.tick(at(1));
    let look = |engine: &mut Engine, word: &'static [u8]| {
        let query = query(5, "bob@acme:pc", Access::Receive, word);
        engine.acl(&query, || at(2))
    };
    assert_eq!(look(&mut engine, b"online"), Ruling::Deny);
    assert_eq!(look(&mut engine, b"busy"), Ruling::Deny);
    assert_eq!(said(&mut engine), ["offline"]);
    assert_eq!(look(&mut engine, b"offline"), Ruling::Allow);
    log_in(&mut engine, 1, PC);
    assert_eq!(look(&mut engine, b"online"), Ruling::Allow);
    assert_eq!(said(&mut engine), ["online"]);
}

#[test]
fn who_does_not_come_back_after_a_restart_is_offline() {
    let mut engine = engine(false);
    let devices = [PC, PHONE, "bob@acme:pc", "nonsense"].map(str::to_owned);
    engine.restore_devices(&devices);
    log_in(&mut engine, 1, "bob@acme:pc");
    assert_eq!(said(&mut engine), [""; 0], "not yet");
    let mut offline = Vec::new();
    for ms in [31_000, 32_000] {
        for effect in engine.tick(at(ms)) {
            if let Effect::Publish(p) = effect
                && p.payload == b"offline"
            {
                offline.push(p.topic);
            }
        }
    }
    assert_eq!(offline, [TOPIC]);
}

#[test]
fn removed_user_is_not_said_to_be_offline() {
    let mut engine = engine(false);
    log_in(&mut engine, 1, PC);
    said(&mut engine);
    let effects = engine.feed_event(
        FeedEvent::UserRemoved {
            eid: "acme".into(),
            uid: "alice".into(),
        },
        at(2),
    );
    assert_eq!(kicked(&effects), [PC]);
    engine.disconnected(ConnKey(1), Ending::Waits, at(9));
    assert_eq!(said(&mut engine), [""; 0]);
}

#[test]
fn word_said_right_after_the_login_is_not_overtaken_by_ours() {
    for later_turn in [false, true] {
        let mut engine = engine(later_turn);
        log_in(&mut engine, 1, PC);
        says(&mut engine, 1, PC, "busy");
        assert_eq!(said(&mut engine), ["online", "busy"]);
        says(&mut engine, 1, PC, "away");
        let again = if later_turn { vec!["away"] } else { vec![] };
        assert_eq!(said(&mut engine), again, "ours may be on its way on 2.1");
        says(&mut engine, 1, PC, "busy");
        assert_eq!(said(&mut engine), [""; 0]);
    }
}
