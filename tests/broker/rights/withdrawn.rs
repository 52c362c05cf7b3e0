//! Rights that are withdrawn while their holder is connected and subscribed: delivery is judged again.

use serde_json::json;

use super::people::World;
use super::publish::{all_topics, everybody_publishes, judge};
use super::stage::Stage;
use super::topics::WILDCARDS;
use crate::harness::{Version, directory};

pub(super) fn withdrawn_rights_end_for_those_who_are_still_subscribed(on: Version) {
    let mut stage = Stage::open(on, World::new());
    stage.subscribe(&all_topics());
    stage.drain();
    everybody_publishes(&mut stage, 0);
    tell_service(&stage);
    // By the rights of before: what the broker says by itself may have been on its way already.
    stage.drain();
    withdraw(&mut stage);
    for qos in [0, 1] {
        everybody_publishes(&mut stage, qos);
    }
    let letters = stage.system_notices();
    let came = stage.drain();
    judge(&mut stage, None, &letters, &came, "system notice");
    // Nor by asking again.
    stage.subscribe(&all_topics());
    stage.subscribe(&WILDCARDS);
    stage.tally.close("withdrawn rights", 60_000);
}

/// Bob leaves the group, alice and carol are parted, the operator and the editor are that no longer.
fn withdraw(stage: &mut Stage) {
    let world = &mut stage.world;
    world.change("bob@acme", |p| p.groups.clear());
    world.change("alice@acme", |p| {
        p.partners.retain(|other| *other != "carol@beta")
    });
    world.change("carol@beta", |p| p.partners.clear());
    world.change("ops@acme", |p| p.roles.clear());
    world.change("editor@acme", |p| p.channels.clear());
    for seat in stage.listeners.iter_mut().chain(&mut stage.speakers) {
        let now = stage
            .world
            .people
            .iter()
            .find(|p| p.name == seat.person.name);
        seat.person = now.expect("everybody is still there").clone();
    }
}

/// The same, told by the feed; the plugin has applied it when this returns.
fn tell_service(stage: &Stage) {
    let group = directory::group("dev@acme", &["alice", "gone"]);
    let parted = json!({"a": "alice@acme", "b": "carol@beta"});
    let service = &stage.scene.service;
    service.event("group.upserted", &group["data"]);
    service.event("partner.unlinked", &parted);
    for name in ["ops@acme", "editor@acme"] {
        let user = directory::user(name, &[], &[]);
        service.event("user.upserted", &user["data"]);
    }
    stage.settle();
}
