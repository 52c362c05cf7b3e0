//! How long one decision takes with 100,000 users and 10,000 groups in the directory: by the policy, from names alone, and
//! by the engine about the messages of clients that are logged in, as ACL_CHECK asks.
//!
//! `cargo bench --features bench --bench decision`. Goals: inbox 100 ns, group 200 ns, no allocation (issue 4, "Speed").
//! Instructions are counted by `scripts/instructions.sh`; `tests/no_allocation.rs` holds the third goal.

mod messages;
#[path = "../world/mod.rs"]
mod world;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use mosquitto_enterprise_push::policy::{Policy, Rules};
use mosquitto_enterprise_push::protocol::SessionName;

use world::{World, world};

/// Runs `decide` on the next of the world's users, inboxes and groups; `true` must come out of each.
fn walk(
    criterion: &mut Criterion,
    world: &World,
    name: &str,
    topics: &[String],
    decide: impl Fn(SessionName<'_>, &str) -> bool,
) {
    let sessions: Vec<SessionName<'_>> = world
        .client_ids
        .iter()
        .filter_map(|id| SessionName::parse(id).ok())
        .collect();
    assert!(
        sessions.iter().zip(topics).all(|(s, t)| decide(*s, t)),
        "{name}"
    );
    // Few users: what the processor's cache holds. Many: mostly waiting for memory.
    for users in [16, 4096] {
        let mut pairs = sessions.iter().zip(topics).take(users).cycle();
        criterion.bench_function(&format!("{name}, {users} users in turn"), |bench| {
            bench.iter(|| {
                pairs
                    .next()
                    .map(|(s, t)| decide(black_box(*s), black_box(t)))
            });
        });
    }
}

fn decisions(criterion: &mut Criterion) {
    let world = world();
    let policy = Policy::default();
    let directory = &world.directory;
    walk(
        criterion,
        &world,
        "publish to an inbox",
        &world.inboxes,
        |session, topic| policy.may_publish(directory, session, topic).is_allowed(),
    );
    walk(
        criterion,
        &world,
        "receive the own inbox",
        &world.inboxes,
        |session, topic| policy.may_receive(directory, session, topic).is_allowed(),
    );
    walk(
        criterion,
        &world,
        "receive a group",
        &world.groups,
        |session, topic| policy.may_receive(directory, session, topic).is_allowed(),
    );
    let notices: Vec<String> = world
        .inboxes
        .iter()
        .map(|t| t.replace("/im/msg/", "/notice/"))
        .collect();
    walk(
        criterion,
        &world,
        "receive a notice",
        &notices,
        |session, topic| policy.may_receive(directory, session, topic).is_allowed(),
    );
    let filters: Vec<String> = notices.iter().map(|t| format!("{t}/#")).collect();
    walk(
        criterion,
        &world,
        "subscribe with a wildcard",
        &filters,
        |session, filter| {
            policy
                .may_subscribe(directory, session, filter)
                .is_allowed()
        },
    );
}

/// A topic that only the last of so many rules gives.
fn rules(criterion: &mut Criterion) {
    let world = world();
    let topics: Vec<String> = world
        .inboxes
        .iter()
        .map(|t| t.replace("/im/msg/", "/rule-last/"))
        .collect();
    for count in [10, 100, 10_000] {
        let mut all: Vec<String> = (1..count).map(|n| rule(&n.to_string())).collect();
        all.push(rule("last"));
        let text = format!(r#"{{"version":1,"rules":[{}]}}"#, all.join(","));
        let policy = Rules::parse(&text).map(Policy::new).unwrap_or_default();
        let directory = &world.directory;
        let name = format!("receive by the last of {count} rules");
        walk(criterion, &world, &name, &topics, |session, topic| {
            policy.may_receive(directory, session, topic).is_allowed()
        });
    }
}

fn rule(name: &str) -> String {
    format!(r#"{{"name":"{name}","allow":["receive"],"topics":["{{eid}}/rule-{name}/{{uid}}"]}}"#)
}

criterion_group!(benches, decisions, messages::messages, rules);
criterion_main!(benches);
