//! Changes of the directory, one by one and all together.

use super::*;
use crate::protocol::contract::DirectoryStep;

fn upserted(uid: &str) -> FeedEvent {
    FeedEvent::UserUpserted {
        eid: "acme".into(),
        uid: uid.into(),
        entitlements: None,
    }
}

fn group(gid: &str, members: &[&str]) -> FeedEvent {
    FeedEvent::GroupUpserted {
        eid: "acme".into(),
        gid: gid.into(),
        members: members.iter().map(|m| (*m).to_owned()).collect(),
    }
}

fn load(engine: &mut Engine, entries: Vec<FeedEvent>, again: Vec<FeedEvent>) -> Vec<Effect> {
    let mut effects = Vec::new();
    for step in [
        DirectoryStep::Begin,
        DirectoryStep::Entries(entries),
        DirectoryStep::Again(again),
        DirectoryStep::End,
    ] {
        effects.extend(engine.directory_step(step));
    }
    while engine.sweep(&mut effects) {}
    effects
}

fn cleared(effects: &[Effect]) -> Vec<&str> {
    let topics = effects.iter().filter_map(|e| match e {
        Effect::Publish(p) if p.retain && p.payload.is_empty() => Some(p.topic.as_str()),
        _ => None,
    });
    topics.collect()
}

#[test]
fn load_takes_away_what_is_gone_and_clears_its_topics() {
    let mut engine = logged_in(PC, "t", 1);
    let all = vec![upserted("alice"), upserted("bob"), group("dev", &["alice"])];
    assert_eq!(kicked(&load(&mut engine, all, vec![])), [""; 0]);
    let effects = load(&mut engine, vec![upserted("bob")], vec![]);
    assert_eq!(kicked(&effects), [PC]);
    assert_eq!(
        cleared(&effects),
        [
            "acme/im/pres/alice",
            "acme/im/sig/alice",
            "acme/im/msg/alice",
            "$SYS/notice/acme/alice",
            "acme/im/msg/g/dev"
        ]
    );
    announce(&mut engine, PC, "new", at(9));
    let again = engine.login(&attempt(2, PC, "new"), at(9));
    assert_eq!(again, Step::Refuse(Refusal::ShutOut));
}

#[test]
fn event_that_came_during_a_load_counts_more_than_the_load() {
    let mut engine = logged_in(PC, "t", 1);
    let gone = FeedEvent::UserRemoved {
        eid: "acme".into(),
        uid: "alice".into(),
    };
    engine.directory_step(DirectoryStep::Begin);
    engine.feed_event(gone.clone(), at(2));
    let effects = load(&mut engine, vec![upserted("alice")], vec![gone]);
    assert_eq!(kicked(&effects), [PC]);
    announce(&mut engine, PC, "new", at(9));
    let again = engine.login(&attempt(2, PC, "new"), at(9));
    assert_eq!(again, Step::Refuse(Refusal::ShutOut));
}

#[test]
fn suspension_is_lifted_by_the_end_of_a_load_only() {
    let mut engine = engine(false);
    let eid = || "acme".to_owned();
    engine.feed_event(FeedEvent::EnterpriseSuspended { eid: eid() }, at(0));
    engine.directory_step(DirectoryStep::Begin);
    let there = FeedEvent::EnterpriseUpserted { eid: eid() };
    engine.directory_step(DirectoryStep::Entries(vec![there.clone()]));
    announce(&mut engine, PC, "t", at(1));
    let during = engine.login(&attempt(1, PC, "t"), at(1));
    assert_eq!(during, Step::Refuse(Refusal::ShutOut));
    load(&mut engine, vec![there, upserted("alice")], vec![]);
    let after = engine.login(&attempt(1, PC, "t"), at(2));
    assert_eq!(after, Step::Allow);
}

/// An announced token carries the groups of its time; what the feed told later must not be undone by a login.
#[test]
fn former_answer_does_not_bring_back_a_membership() {
    let mut engine = engine(false);
    let mut grant = grant(PC);
    grant.entitlements = Some(Entitlements {
        groups: vec!["dev".into(), "ops".into()],
        ..Entitlements::default()
    });
    let digest = digest("t");
    engine.feed_event(FeedEvent::TokenIssued { digest, grant }, at(0));
    engine.feed_event(group("dev", &["bob"]), at(1));
    assert_eq!(engine.login(&attempt(1, PC, "t"), at(2)), Step::Allow);
    let alice = crate::protocol::UserName::parse("alice@acme").unwrap();
    assert!(!engine.directory.is_member(alice, "dev"));
    assert!(engine.directory.is_member(alice, "ops"));
}

#[test]
fn user_newer_than_the_directory_may_log_in() {
    let mut engine = engine(false);
    load(&mut engine, vec![upserted("bob")], vec![]);
    announce(&mut engine, PC, "t", at(1));
    assert_eq!(engine.login(&attempt(1, PC, "t"), at(1)), Step::Allow);
}
