//! A removed user and a user of a suspended enterprise: their sessions, what waits for them, what they
//! have left behind, their wills and their way back in.

use serde_json::json;

use super::letter::Letter;
use super::people::{Person, World};
use super::publish::{all_topics, everybody_publishes, judge};
use super::retained::came_retained;
use super::stage::{Seat, Stage};
use super::topics::TOPICS;
use crate::harness::{Closing, Connect, Message, MqttClient, PATIENCE, Version};

/// Who loses the standing.
const FALLEN: [&str; 2] = ["gone@acme", "sam@frozen"];

fn is_fallen(person: &Person) -> bool {
    FALLEN.contains(&person.name)
}

pub(super) fn removed_and_suspended_users_neither_send_nor_receive(on: Version) {
    let mut stage = Stage::open(on, World::new());
    stage.subscribe(&all_topics());
    stage.drain();
    let left_behind = leave_retained(&mut stage);
    let (wills, with_wills) = wait_with_wills(&mut stage);
    let mut away = fall(&mut stage, with_wills);
    let came = stage.drain();
    judge_nothing_came(&mut stage, &wills, &came, "will");
    // Their topics and everybody else's, while their sessions wait for them.
    for qos in [0, 1] {
        everybody_publishes(&mut stage, qos);
    }
    nobody_sees_what_they_left(&mut stage, &left_behind);
    nobody_comes_in(&mut stage, &away);
    come_back(&mut stage, &mut away);
    everybody_publishes(&mut stage, 1);
    let letters = stage.system_notices();
    let came = stage.drain();
    judge(&mut stage, None, &letters, &came, "system notice");
    stage.tally.close("removed and suspended", 50_000);
}

/// Retained messages of those who will fall, wherever they may leave one.
fn leave_retained(stage: &mut Stage) -> Vec<Letter> {
    let mut letters = Vec::new();
    for at in 0..stage.speakers.len() {
        let person = stage.speakers[at].person.clone();
        for topic in TOPICS {
            if is_fallen(&person) && stage.world.may_publish(&person, topic) {
                let letter = Letter::new(&person, topic, &stage.mark());
                let client = &mut stage.speakers[at].client;
                client.publish_retained(topic, &letter.payload);
                letters.push(letter);
            }
        }
        stage.speakers[at].drain();
    }
    stage.subscribe(&TOPICS);
    let came = stage.drain();
    for letter in &letters {
        // The last one on each topic stays.
        let last = letters.iter().rfind(|other| other.topic == letter.topic);
        if last.is_some_and(|last| last.payload != letter.payload) {
            continue;
        }
        for (seat, messages) in stage.listeners.iter().zip(&came) {
            let want = stage.world.may_receive(&seat.person, letter.topic);
            let seen = came_retained(letter, messages);
            let name = || format!("left on {}, at {}", letter.topic, seat.name());
            stage.tally.cell(want, seen, name);
        }
    }
    letters
}

/// Connections of those who will fall, with a will wherever they may leave one.
fn wait_with_wills(stage: &mut Stage) -> (Vec<Letter>, Vec<MqttClient>) {
    let (mut letters, mut clients) = (Vec::new(), Vec::new());
    for topic in TOPICS {
        for (person, mqtt, login) in stage.logins(&format!("will-{}", letters.len())) {
            if is_fallen(&person) && stage.world.may_publish(&person, topic) {
                let letter = Letter::new(&person, topic, &stage.mark());
                let connect = Connect::new(mqtt, &login.client_id, &login.token);
                let connect = connect.will(topic, &letter.payload, false);
                clients.push(stage.scene.send(&connect).client(&login.client_id));
                letters.push(letter);
            }
        }
    }
    (letters, clients)
}

/// They fall: all their connections end. Gives their listening seats.
fn fall(stage: &mut Stage, mut clients: Vec<MqttClient>) -> Vec<Seat> {
    let gone = json!({"eid": "acme", "uid": "gone"});
    stage.scene.service.event("user.removed", &gone);
    let frozen = json!({"eid": "frozen"});
    stage.scene.service.event("enterprise.suspended", &frozen);
    stage.settle();
    stage.world = World::without_gone_and_frozen();
    let mut away: Vec<Seat> = Vec::new();
    for seats in [&mut stage.listeners, &mut stage.speakers] {
        away.extend(seats.extract_if(.., |seat| is_fallen(&seat.person)));
    }
    let seats = away.iter_mut().map(|seat| &mut seat.client);
    for client in seats.chain(&mut clients) {
        let end = client.ended_within(PATIENCE);
        let name = || "a session of those who fell".to_owned();
        stage.tally.cell(false, end == Closing::Silent, name);
    }
    away
}

fn judge_nothing_came(stage: &mut Stage, letters: &[Letter], came: &[Vec<Message>], what: &str) {
    for letter in letters {
        for (seat, messages) in stage.listeners.iter().zip(came) {
            stage.tally.cell(0, letter.count(messages), || {
                format!("{what} on {}, at {}", letter.topic, seat.name())
            });
        }
    }
}

/// The broker judges the author of a retained message once more when it gives it out.
fn nobody_sees_what_they_left(stage: &mut Stage, letters: &[Letter]) {
    stage.subscribe(&TOPICS);
    let came = stage.drain();
    judge_nothing_came(stage, letters, &came, "left behind");
}

fn nobody_comes_in(stage: &mut Stage, away: &[Seat]) {
    for seat in away {
        let connect = Connect::new(seat.mqtt, &seat.login.client_id, &seat.login.token);
        let outcome = stage.scene.send(&connect);
        let name = || format!("{} logs in: {outcome:?}", seat.name());
        stage.tally.cell(false, outcome.is_in(), name);
    }
}

/// They are restored and find their sessions: nothing of what was said meanwhile has waited in them.
fn come_back(stage: &mut Stage, away: &mut Vec<Seat>) {
    stage.world = World::new();
    stage.tell();
    for former in away.drain(..) {
        let service = &stage.scene.service;
        let login = service.issue_with(&former.login.client_id, former.person.grant());
        service.announce(&login);
        stage.settle();
        let mut seat = stage.seat(former.person, former.mqtt, login);
        let waited = seat.drain();
        let said = waited.iter().filter(|m| is_letter(m)).count();
        let name = || format!("waited for {}: {waited:?}", seat.name());
        stage.tally.cell(0, said, name);
        let listens = seat.login.client_id.contains(":rx-");
        let seats = if listens {
            &mut stage.listeners
        } else {
            &mut stage.speakers
        };
        seats.push(seat);
    }
    stage.subscribe(&all_topics());
    stage.drain();
}

/// Whether it is one of ours, in the way that [`Letter::new`] marks them.
fn is_letter(message: &Message) -> bool {
    let mark = b"letter-";
    let marked = message.payload.windows(mark.len()).any(|w| w == mark);
    marked || matches!(message.payload.as_slice(), b"busy" | b"away")
}
