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

fn explained(engine: &mut Engine, member: &str) -> serde_json::Value {
    let request = format!(r#"{{"commands":[{{"command":"explain",{member}}}]}}"#);
    let order = crate::protocol::control::read(request.as_bytes())
        .unwrap()
        .remove(0);
    engine
        .command(order.command.unwrap(), at(2))
        .unwrap()
        .0
        .unwrap()
}

#[test]
fn what_somebody_may_do_is_explained() {
    let mut engine = operator();
    let told = explained(
        &mut engine,
        r#""eid":"acme","uid":"bob","device":"pc","action":"read","topic":"acme/im/pres/alice""#,
    );
    assert_eq!(told["allowed"], true);
    assert_eq!(told["user"], "bob@acme");
    assert_eq!(told["kind"], "pc", "from the session");
    assert_eq!(told["source"]["from"], "default table");
    assert_eq!(
        told["source"]["row"],
        "{eid}/im/pres/{uid}, {eid}/im/sig/{uid}"
    );
    let told = explained(
        &mut engine,
        r#""eid":"acme","uid":"bob","action":"write","topic":"beta/im/msg/carol""#,
    );
    assert_eq!(told["allowed"], false);
    assert_eq!(told["kind"], serde_json::Value::Null);
    assert_eq!(
        told["facts"][1],
        "bob@acme and carol@beta are not linked as partners"
    );
    let told = explained(
        &mut engine,
        r#""eid":"acme","uid":"bob","action":"subscribe","topic":"acme/#""#,
    );
    assert_eq!(told["example"], "acme/other");
}

#[test]
fn what_is_explained_of_a_publish_names_the_payload_too() {
    let mut engine = operator();
    let told = explained(
        &mut engine,
        r#""eid":"acme","uid":"bob","action":"write","topic":"acme/im/msg/alice""#,
    );
    assert_eq!(told["allowed"], true);
    assert_eq!(
        told["notes"][0],
        "the payload must be a message whose header has the Source `bob`"
    );
}

#[test]
fn logins_are_explained_with_who_is_there() {
    let mut engine = operator();
    let told = explained(&mut engine, r#""eid":"acme","uid":"bob","action":"login""#);
    assert_eq!(told["allowed"], true);
    assert_eq!(told["sessions"][0]["clientId"], "bob@acme:pc");
    engine.feed_event(
        FeedEvent::UserRemoved {
            eid: "acme".into(),
            uid: "bob".into(),
        },
        at(3),
    );
    let told = explained(&mut engine, r#""eid":"acme","uid":"bob","action":"login""#);
    assert_eq!(told["allowed"], false);
    assert_eq!(told["why"], "the user was removed");
}
