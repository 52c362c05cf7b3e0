//! Everybody leaves without a goodbye, once with a will on each topic.

use super::letter::Letter;
use super::people::World;
use super::publish::{all_topics, judge};
use super::stage::Stage;
use crate::harness::{Connect, Version};

pub(super) fn wills_are_sent_exactly_where_their_owner_may_publish(on: Version) {
    let mut stage = Stage::open(on, World::new());
    stage.subscribe(&all_topics());
    stage.drain();
    for (at, (person, mqtt, login)) in stage.logins("spare").into_iter().enumerate() {
        let connect = Connect::new(mqtt, &login.client_id, &login.token);
        let mut letters = Vec::new();
        for topic in all_topics() {
            let mark = stage.mark();
            let letter = Letter::new(&person, topic, &mark);
            // A will to a `$` topic may be refused here. Dropped at once: the connection breaks.
            drop(
                stage
                    .scene
                    .send(&connect.clone().will(topic, &letter.payload, false)),
            );
            letters.push(letter);
        }
        // The broker lets a client in after it has dealt with the former of the same name.
        let again = stage.scene.send(&connect).client(&login.client_id);
        again.disconnect();
        let came = stage.drain();
        judge(&mut stage, Some(at), &letters, &came, "will");
    }
    stage.tally.close("wills", 20_000);
}
