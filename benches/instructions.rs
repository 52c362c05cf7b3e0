//! A program for valgrind's callgrind: some thousand decisions of each kind, each kind in a function of its
//! own. `scripts/instructions.sh` runs it and divides; by itself it measures nothing.
#![allow(clippy::print_stdout)]

mod world;

use std::hint::black_box;

use mosquitto_enterprise_push::policy::Policy;
use mosquitto_enterprise_push::protocol::SessionName;

use world::{World, world};

fn main() {
    let world = world();
    let policy = Policy::default();
    let allowed = [
        counted_publish_to_an_inbox(&world, &policy),
        counted_receive_the_own_inbox(&world, &policy),
        counted_receive_a_group(&world, &policy),
    ];
    let decisions = world.client_ids.len();
    assert_eq!(allowed, [decisions; 3], "all of them are allowed");
    println!("{decisions}");
}

#[inline(never)]
fn counted_publish_to_an_inbox(world: &World, policy: &Policy) -> usize {
    walk(world, &world.inboxes, |session, topic| {
        let decision = policy.may_publish(&world.directory, session, topic);
        decision.is_allowed()
    })
}

#[inline(never)]
fn counted_receive_the_own_inbox(world: &World, policy: &Policy) -> usize {
    walk(world, &world.inboxes, |session, topic| {
        let decision = policy.may_receive(&world.directory, session, topic);
        decision.is_allowed()
    })
}

#[inline(never)]
fn counted_receive_a_group(world: &World, policy: &Policy) -> usize {
    walk(world, &world.groups, |session, topic| {
        let decision = policy.may_receive(&world.directory, session, topic);
        decision.is_allowed()
    })
}

/// The names are parsed each time, as for a callback of the broker.
#[inline(always)]
fn walk(world: &World, topics: &[String], decide: impl Fn(SessionName<'_>, &str) -> bool) -> usize {
    let pairs = world.client_ids.iter().zip(topics);
    pairs
        .filter(|(client_id, topic)| {
            SessionName::parse(black_box(client_id)).is_ok_and(|s| decide(s, black_box(topic)))
        })
        .count()
}
