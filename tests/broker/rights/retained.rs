//! Everybody leaves a retained message on every topic; everybody looks for it.

use std::collections::BTreeMap;

use super::judge::matches;
use super::letter::Letter;
use super::people::World;
use super::stage::{Seat, Stage};
use super::topics::{TOPICS, WILDCARDS};
use crate::harness::{Message, Version};

pub(super) fn retained_messages_appear_exactly_to_whom_the_table_names(on: Version) {
    let mut stage = Stage::open(on, World::new());
    let mut kept = BTreeMap::new();
    for at in 0..stage.speakers.len() {
        let letters = leave_everywhere(&mut stage, at);
        stage.subscribe(&TOPICS);
        let came = stage.drain();
        for letter in letters {
            let author = &stage.speakers[at];
            let sent = stage.world.may_publish(&author.person, letter.topic);
            judge(&mut stage, at, &letter, sent, &came);
            if sent {
                kept.insert(letter.topic, letter);
            }
        }
    }
    by_wildcards(&mut stage, &kept);
    stage.tally.close("retained", 40_000);
}

fn leave_everywhere(stage: &mut Stage, speaker: usize) -> Vec<Letter> {
    let mut letters = Vec::new();
    for topic in TOPICS {
        let mark = stage.mark();
        let seat = &mut stage.speakers[speaker];
        let letter = Letter::new(&seat.person, topic, &mark);
        seat.client.publish_retained(topic, &letter.payload);
        letters.push(letter);
    }
    letters
}

/// Whether a letter came as a retained message. In place of the owner's presence the plugin's own may
/// stand, which says that the owner came or went.
pub(super) fn came_retained(letter: &Letter, messages: &[Message]) -> bool {
    messages.iter().any(|message| {
        let plugins_own = message.topic == letter.topic
            && letter.topic.contains("/im/pres/")
            && letter.payload == b"busy"
            && matches!(message.payload.as_slice(), b"online" | b"offline");
        message.retain && (letter.is(message) || plugins_own)
    })
}

fn judge(stage: &mut Stage, speaker: usize, letter: &Letter, sent: bool, came: &[Vec<Message>]) {
    let author = &stage.speakers[speaker];
    for (seat, messages) in stage.listeners.iter().zip(came) {
        let want = sent && stage.world.may_receive(&seat.person, letter.topic);
        stage.tally.cell(want, came_retained(letter, messages), || {
            let (from, at) = (author.name(), seat.name());
            format!("retained by {from} on {}, at {at}", letter.topic)
        });
    }
}

/// What is kept comes by wildcards, too, and not to shared subscriptions.
fn by_wildcards(stage: &mut Stage, kept: &BTreeMap<&'static str, Letter>) {
    let gone: Vec<String> = TOPICS.map(str::to_owned).into();
    for seat in &mut stage.listeners {
        gone.iter().for_each(|topic| seat.client.unsubscribe(topic));
    }
    // The standard says that what is kept is not for shared subscriptions; 2.0.11 gives it all the same.
    let shares_retained = stage.scene.on == Version::V2_0_11;
    for filter in WILDCARDS {
        for at in 0..stage.listeners.len() {
            let seat = &mut stage.listeners[at];
            let code = seat.client.subscribe(filter);
            stage.judge_grant(at, filter, filter, code);
        }
        let came = stage.drain();
        judge_wildcard(stage, filter, kept, &came, true);
        for seat in &mut stage.listeners {
            seat.client.unsubscribe(filter);
            seat.client.subscribe(&format!("$share/s/{filter}"));
        }
        let came = stage.drain();
        judge_wildcard(stage, filter, kept, &came, shares_retained);
        for seat in &mut stage.listeners {
            seat.client.unsubscribe(&format!("$share/s/{filter}"));
        }
    }
}

fn judge_wildcard(
    stage: &mut Stage,
    filter: &str,
    kept: &BTreeMap<&'static str, Letter>,
    came: &[Vec<Message>],
    shown: bool,
) {
    let world = &stage.world;
    let may = |seat: &Seat, topic| {
        world.may_subscribe(&seat.person, filter) && world.may_receive(&seat.person, topic)
    };
    for (seat, messages) in stage.listeners.iter().zip(came) {
        for (topic, letter) in kept {
            let want = shown && matches(filter, topic) && may(seat, topic);
            stage.tally.cell(want, came_retained(letter, messages), || {
                format!(
                    "kept on {topic}, at {} by {filter}, shown {shown}",
                    seat.name()
                )
            });
        }
    }
}
