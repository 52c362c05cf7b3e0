//! Everybody subscribes to every filter, by itself and inside `$share`; then every topic is spoken on.

use super::judge::matches;
use super::letter::Letter;
use super::people::World;
use super::stage::Stage;
use super::topics::{BROKERS_OWN, filters};
use crate::harness::{Message, Version};

/// How a filter stands in SUBSCRIBE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Shared,
    /// `$share` within `$share`, which is a `$` topic of no kind and so gives nothing.
    SharedTwice,
}

impl Form {
    /// With a share name for each listener: a shared message goes to one of those who share it.
    fn write(self, filter: &str, listener: usize) -> String {
        match self {
            Form::Plain => filter.to_owned(),
            Form::Shared => format!("$share/s{listener}/{filter}"),
            Form::SharedTwice => format!("$share/s{listener}/$share/t/{filter}"),
        }
    }
}

pub(super) fn filters_give_exactly_what_the_table_gives(on: Version) {
    let mut stage = Stage::open(on, World::new());
    for (number, filter) in filters().enumerate() {
        episode(&mut stage, filter, Form::Plain, number);
        episode(&mut stage, filter, Form::Shared, number);
        if number % 10 == 0 {
            episode(&mut stage, filter, Form::SharedTwice, number);
        }
    }
    stage.tally.close("subscribe and receive", 200_000);
}

fn episode(stage: &mut Stage, filter: &'static str, form: Form, number: usize) {
    for at in 0..stage.listeners.len() {
        let asked = form.write(filter, at);
        let code = stage.listeners[at].client.subscribe(&asked);
        match form {
            Form::SharedTwice => {
                let name = stage.listeners[at].name();
                let name = || format!("{name} subscribes to {asked}");
                stage.tally.cell(false, code <= 2, name);
            }
            _ => stage.judge_grant(at, filter, &asked, code),
        }
    }
    let letters = one_of_each(stage, u8::from(number % 2 == 1));
    let came = stage.drain();
    judge(stage, filter, form, &letters, &came);
    for at in 0..stage.listeners.len() {
        let asked = form.write(filter, at);
        stage.listeners[at].client.unsubscribe(&asked);
    }
}

/// A letter on every topic that somebody may publish to, and each kind of system notice.
fn one_of_each(stage: &mut Stage, qos: u8) -> Vec<Letter> {
    let mut letters = stage.system_notices();
    let authors = stage.authors();
    for (topic, author) in &authors {
        let mark = stage.mark();
        let seat = &mut stage.speakers[*author];
        let letter = Letter::new(&seat.person, topic, &mark);
        if qos == 0 {
            seat.client.publish_qos0(topic, &letter.payload);
        } else {
            seat.client.publish(topic, &letter.payload);
        }
        letters.push(letter);
    }
    for (_, author) in authors {
        stage.speakers[author].drain();
    }
    letters
}

fn judge(stage: &mut Stage, filter: &str, form: Form, letters: &[Letter], came: &[Vec<Message>]) {
    let world = &stage.world;
    // No version of Mosquitto shares system topics: such a subscription is granted and stays empty.
    let empty = form == Form::SharedTwice || form == Form::Shared && filter.starts_with('$');
    for (seat, messages) in stage.listeners.iter().zip(came) {
        let granted = !empty && world.may_subscribe(&seat.person, filter);
        let gives = |topic: &str| {
            granted && matches(filter, topic) && world.may_receive(&seat.person, topic)
        };
        for letter in letters {
            let want = usize::from(gives(letter.topic));
            stage.tally.cell(want, letter.count(messages), || {
                format!("{} by {filter} ({form:?}): {}", seat.name(), letter.topic)
            });
        }
        // Kept by the broker from its start on; what is kept is not for shared subscriptions.
        let want = form == Form::Plain && gives(BROKERS_OWN);
        let got = messages.iter().any(|m| m.topic == BROKERS_OWN);
        stage.tally.cell(want, got, || {
            format!("{} by {filter} ({form:?}): {BROKERS_OWN}", seat.name())
        });
    }
}
