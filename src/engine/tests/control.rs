//! What operators' commands do.

use super::*;
use crate::protocol::contract::Entitlements;
use crate::protocol::control::Command;

fn operator() -> Engine {
    let mut engine = engine(false);
    let mut grant = grant(PC);
    grant.entitlements = Some(Entitlements {
        roles: vec!["operator".into()],
        ..Entitlements::default()
    });
    let digest = digest("t");
    engine.feed_event(FeedEvent::TokenIssued { digest, grant }, at(0));
    assert_eq!(engine.login(&attempt(1, PC, "t"), at(1)), Step::Allow);
    announce(&mut engine, "bob@acme:pc", "b", at(0));
    assert_eq!(
        engine.login(&attempt(2, "bob@acme:pc", "b"), at(1)),
        Step::Allow
    );
    engine.tick(at(1));
    engine
}

#[test]
fn only_operators_give_commands() {
    let engine = operator();
    assert!(engine.is_operator("alice@acme"));
    for other in ["bob@acme", "alice@beta", "nonsense", ""] {
        assert!(!engine.is_operator(other), "{other}");
    }
}

#[test]
fn sessions_are_listed_in_pages_and_by_enterprise() {
    let mut engine = operator();
    let mut list = |eid: Option<&str>, count, offset| {
        let command = Command::ListSessions {
            eid: eid.map(str::to_owned),
            uid: None,
            count,
            offset,
        };
        engine.command(command, at(2)).unwrap().0.unwrap()
    };
    let all = list(None, 10, 0);
    assert_eq!(all["total"], 2);
    assert_eq!(all["sessions"][0]["clientId"], PC);
    let second = list(Some("acme"), 1, 1);
    assert_eq!(second["sessions"][0]["clientId"], "bob@acme:pc");
    assert_eq!(list(Some("beta"), 10, 0)["total"], 0);
}

#[test]
fn kick_and_notice_are_effects_for_tick() {
    let mut engine = operator();
    let (data, effects) = engine
        .command(
            Command::KickUser {
                eid: "acme".into(),
                uid: "bob".into(),
                device: None,
                reason: String::new(),
            },
            at(2),
        )
        .unwrap();
    assert_eq!(data.unwrap()["sessions"], 1);
    assert_eq!(kicked(&effects), ["bob@acme:pc"]);
    assert_eq!(engine.status()["sessions"], 2);
}
