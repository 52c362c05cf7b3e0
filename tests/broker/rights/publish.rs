//! Everybody publishes to every topic; everybody listens to every topic by its exact name.

use super::letter::Letter;
use super::people::World;
use super::stage::Stage;
use super::topics::{DOLLAR_TOPICS, TOPICS};
use crate::harness::{Connect, Message, Mqtt, Version};

pub(super) fn published_messages_reach_exactly_whom_the_table_names(on: Version) {
    let mut stage = Stage::open(on, World::new());
    stage.subscribe(&all_topics());
    stage.drain();
    everybody_publishes(&mut stage, 0);
    everybody_publishes(&mut stage, 1);
    everybody_publishes_to_dollar_topics(&mut stage);
    let letters = stage.system_notices();
    let came = stage.drain();
    judge(&mut stage, None, &letters, &came, "system notice");
    stage.tally.close("publish and receive", 40_000);
}

pub(super) fn all_topics() -> Vec<&'static str> {
    TOPICS.into_iter().chain(DOLLAR_TOPICS).collect()
}

/// Each active speaker publishes once to each topic, and what came to whom is judged. The listeners have
/// subscribed to all that they may.
pub(super) fn everybody_publishes(stage: &mut Stage, qos: u8) {
    for at in 0..stage.speakers.len() {
        if !stage.speakers[at].person.is_active() {
            continue;
        }
        let mut letters = Vec::new();
        for topic in TOPICS {
            let mark = stage.mark();
            let seat = &mut stage.speakers[at];
            let letter = Letter::new(&seat.person, topic, &mark);
            if qos == 0 {
                seat.client.publish_qos0(topic, &letter.payload);
            } else {
                let reason = seat.client.publish(topic, &letter.payload);
                judge_reason(stage, at, topic, reason);
            }
            letters.push(letter);
        }
        stage.speakers[at].drain();
        let came = stage.drain();
        let action = format!("qos {qos}");
        judge(stage, Some(at), &letters, &came, &action);
    }
}

/// MQTT 5 tells a refusal; 3.1.1 cannot.
fn judge_reason(stage: &mut Stage, speaker: usize, topic: &str, reason: u8) {
    let seat = &stage.speakers[speaker];
    let may = stage.world.may_publish(&seat.person, topic);
    let want = may || seat.mqtt == Mqtt::V311;
    stage.tally.cell(want, reason < 0x80, || {
        format!("{} publishes to {topic}, reason {reason:#x}", seat.name())
    });
}

/// Each letter must have come once to whom the table names, and to nobody else.
pub(super) fn judge(
    stage: &mut Stage,
    speaker: Option<usize>,
    letters: &[Letter],
    came: &[Vec<Message>],
    action: &str,
) {
    let world = &stage.world;
    let speaker = speaker.map(|at| &stage.speakers[at]);
    for letter in letters {
        let sent = speaker.is_none_or(|seat| world.may_publish(&seat.person, letter.topic));
        for (seat, messages) in stage.listeners.iter().zip(came) {
            let want = sent && world.may_receive(&seat.person, letter.topic);
            stage
                .tally
                .cell(usize::from(want), letter.count(messages), || {
                    let from = speaker.map_or("the plugin".to_owned(), |seat| seat.name());
                    format!("{action}: {from} to {}, at {}", letter.topic, seat.name())
                });
        }
    }
}

/// The same for topics over which the broker may end the connection.
fn everybody_publishes_to_dollar_topics(stage: &mut Stage) {
    for (at, (_, mqtt, login)) in stage.logins("spare").into_iter().enumerate() {
        let mut letters = Vec::new();
        for topic in DOLLAR_TOPICS {
            let mark = stage.mark();
            let letter = Letter::new(&stage.speakers[at].person, topic, &mark);
            let connect = Connect::new(mqtt, &login.client_id, &login.token);
            let mut client = stage.scene.send(&connect).client(&login.client_id);
            let answer = client.try_publish(topic, &letter.payload, true);
            let may = stage.world.may_publish(&stage.speakers[at].person, topic);
            if mqtt == Mqtt::V5 && !may {
                let taken = answer.is_ok_and(|reason| reason < 0x80);
                let name = || format!("{} publishes to {topic}: {answer:?}", login.client_id);
                stage.tally.cell(false, taken, name);
            }
            letters.push(letter);
        }
        let came = stage.drain();
        judge(stage, Some(at), &letters, &came, "$ topic");
    }
}
