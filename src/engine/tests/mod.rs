//! The engine as a whole: logins, feed and access together, without broker, clock or network.

mod acl;
mod control;
mod directory;
mod feed;
mod glance;
mod login;
mod old_brokers;
mod pending;
mod presence;
mod presubscription;
mod review;
mod shadow;
mod talk;
mod undelivered;

use std::time::Duration;

use super::*;
use crate::policy::Policy;
use crate::protocol::contract::{
    DeviceKind, Entitlements, FeedEvent, Grant, Scope, SystemNotice, Verdict,
};
use crate::protocol::{Content, Direction, Header, Message, Notice, SessionId};

const BASE_S: u64 = 1_700_000_000;
const PC: &str = "alice@acme:pc";

fn place(conn: usize) -> Place {
    let (client_id, username) = (conn, conn);
    Place {
        conn: ConnKey(conn),
        names: NamesAt {
            client_id,
            username,
        },
    }
}

fn payload(source: &str, direction: Direction, seq: u32) -> Vec<u8> {
    let header = Header {
        mqtt_level: 4,
        seq,
        direction,
        content: Content::Text,
        timestamp_ms: 1,
        source,
    };
    let data = b"hello";
    Message { header, data }.encode().unwrap()
}

fn at(ms: u64) -> Now {
    Now {
        mono: Duration::from_millis(ms),
        unix_ms: BASE_S * 1000 + ms,
    }
}

fn engine(delayed_login: bool) -> Engine {
    Engine::new(config(delayed_login), Policy::default())
}

fn config(delayed_login: bool) -> EngineConfig {
    EngineConfig {
        delayed_login,
        cache_size: 100,
        broker_subscriptions: delayed_login,
        ..EngineConfig::default()
    }
}

fn grant(client_id: &str) -> Grant {
    let (user, device) = client_id.split_once(':').unwrap();
    let (uid, eid) = user.split_once('@').unwrap();
    Grant {
        eid: eid.into(),
        uid: uid.into(),
        device: device.into(),
        kind: DeviceKind::Pc,
        exp_s: BASE_S + 3600,
        entitlements: Some(Entitlements {
            groups: vec!["dev".into()],
            ..Entitlements::default()
        }),
    }
}

fn attempt<'a>(conn: usize, client_id: &'a str, token: &'a str) -> Attempt<'a> {
    let username = client_id.split_once(':').map(|(user, _)| user);
    Attempt {
        conn: ConnKey(conn),
        client_id: Some(client_id),
        username,
        token: Some(token),
        peer: "192.0.2.1",
    }
}

fn ask(engine: &mut Engine, attempt: &Attempt<'_>, now: Now) -> (AskKey, bool, Wait) {
    match engine.login(attempt, now) {
        Step::Ask { key, send, wait } => (key, send, wait),
        other => panic!("{other:?}"),
    }
}

fn announce(engine: &mut Engine, client_id: &str, token: &str, now: Now) -> Vec<Effect> {
    engine.feed_event(
        FeedEvent::TokenIssued {
            digest: digest(token),
            grant: grant(client_id),
        },
        now,
    )
}

fn logged_in(client_id: &str, token: &str, conn: usize) -> Engine {
    let mut engine = engine(false);
    announce(&mut engine, client_id, token, at(0));
    assert_eq!(
        engine.login(&attempt(conn, client_id, token), at(1)),
        Step::Allow
    );
    engine
}

/// One more login, by an announced token.
fn log_in(engine: &mut Engine, conn: usize, client_id: &str) {
    let token = format!("token-{conn}");
    announce(engine, client_id, &token, at(0));
    assert_eq!(
        engine.login(&attempt(conn, client_id, &token), at(1)),
        Step::Allow
    );
}

fn kicked(effects: &[Effect]) -> Vec<&str> {
    let kicks = effects.iter().filter_map(|e| match e {
        Effect::Kick { client_id, .. } => Some(&**client_id),
        _ => None,
    });
    kicks.collect()
}

/// Carries completions out as TICK does; gives what the broker is told.
fn complete(
    engine: &mut Engine,
    effects: &[Effect],
    now: Now,
) -> Vec<(String, Result<(), Refusal>)> {
    let mut told = Vec::new();
    for effect in effects {
        let Effect::CompleteLogin {
            client_id,
            ticket,
            outcome,
        } = effect
        else {
            continue;
        };
        if let Some(outcome) = engine.redeem(client_id, *ticket, *outcome, now) {
            told.push((client_id.to_string(), outcome));
            if outcome.is_ok() {
                engine.connected(client_id, now);
            }
        }
        engine.completed();
    }
    told
}

fn yes(client_id: &str) -> Vec<(String, Result<(), Refusal>)> {
    vec![(client_id.to_owned(), Ok(()))]
}

fn no(client_id: &str, refusal: Refusal) -> Vec<(String, Result<(), Refusal>)> {
    vec![(client_id.to_owned(), Err(refusal))]
}
