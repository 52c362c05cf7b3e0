//! Shadow mode: what would be refused is told, and nothing follows.

use super::*;
use crate::engine::completion;

fn observer() -> Engine {
    let mut config = engine(true).config;
    config.pre_subscribe = false;
    config.presence = false;
    config.broker_subscriptions = false;
    config.shadow = true;
    Engine::new(config, Policy::default())
}

fn query<'a>(access: Access, topic: &'a str, payload: &'a [u8]) -> Query<'a> {
    Query {
        place: place(1),
        client: SessionId::parse(PC).unwrap(),
        access,
        topic,
        payload,
        qos: 1,
        sender_at_rest: false,
    }
}

fn told(engine: &mut Engine, ms: u64) -> Vec<String> {
    let effects = engine.tick(at(ms));
    let lines = effects.into_iter().filter_map(|effect| match effect {
        Effect::Log(_, text) => Some(text),
        _ => None,
    });
    lines.collect()
}

#[test]
fn logins_are_judged_and_begin_no_session() {
    let mut engine = observer();
    announce(&mut engine, PC, "known", at(0));
    assert_eq!(engine.login(&attempt(1, PC, "known"), at(1)), Step::Allow);
    let (key, send, _) = ask(&mut engine, &attempt(2, PC, "unknown"), at(2));
    assert!(send);
    let effects = engine.answer(key, Ok(Verdict::Inactive), at(3));
    let [
        Effect::CompleteLogin {
            client_id,
            ticket,
            outcome,
        },
    ] = effects.as_slice()
    else {
        panic!("{effects:?}");
    };
    let redeemed = engine.redeem(client_id, *ticket, *outcome, at(3));
    assert_eq!(redeemed, Some(Err(Refusal::Inactive)));
    assert!(engine.sessions().is_empty());
    let effects = engine.tick(at(4));
    let logins = effects
        .iter()
        .filter(|effect| matches!(effect, Effect::Record(_)));
    assert_eq!(logins.count(), 2, "{effects:?}");
    assert!(
        !effects.iter().any(|e| matches!(e, Effect::Publish(_))),
        "{effects:?}"
    );
    assert_eq!(engine.would_refuse().logins, 1);
}

#[test]
fn what_would_be_refused_is_told_and_counted() {
    let mut engine = observer();
    announce(&mut engine, PC, "known", at(0));
    engine.login(&attempt(1, PC, "known"), at(1));
    told(&mut engine, 1);
    let own = payload("alice", Direction::PointToPoint, 1);
    engine.observe(&query(Access::Publish, "acme/im/msg/bob", &own), || at(2));
    engine.observe(&query(Access::Subscribe, "acme/im/msg/alice", b""), || {
        at(2)
    });
    assert_eq!(told(&mut engine, 2), Vec::<String>::new());
    engine.observe(&query(Access::Publish, "beta/im/msg/bob", &own), || at(3));
    engine.observe(&query(Access::Subscribe, "#", b""), || at(3));
    engine.observe(&query(Access::Receive, "acme/im/msg/bob", &own), || at(3));
    let told = told(&mut engine, 3);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(
        told.iter()
            .all(|line| line.starts_with("shadow: alice@acme:pc: ")
                && line.contains("would be refused: "))
    );
    let counted = engine.would_refuse();
    assert_eq!(
        (counted.publishes, counted.subscriptions, counted.deliveries),
        (1, 1, 1)
    );
}

#[test]
fn kind_of_a_device_is_known_from_its_login() {
    let mut engine = observer();
    let own = payload("alice", Direction::PhoneToPc, 1);
    let to_own = query(Access::Publish, "acme/im/msg/alice", &own);
    engine.observe(&to_own, || at(0));
    assert_eq!(engine.would_refuse().publishes, 0, "nobody knows yet");
    announce(&mut engine, PC, "known", at(1));
    engine.login(&attempt(1, PC, "known"), at(1));
    engine.observe(&to_own, || at(2));
    assert_eq!(engine.would_refuse().publishes, 1);
    assert_eq!(
        completion::kind(DeviceKind::Pc),
        engine.shadow.kind_of(PC).unwrap()
    );
}
