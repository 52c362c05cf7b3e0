//! A phase of messages at one worker: its users write what the plan says, at its times, and it waits for what must
//! come to them.

use std::rc::Rc;
use std::time::Duration;

use mosquitto_enterprise_push::protocol::Direction;
use rumqttc::QoS;
use tokio::sync::mpsc;

use super::census::Census;
use super::clock;
use super::data::Data;
use super::hall::{Hall, Hearing};
use super::line::Letter;
use super::logins::Members;
use super::orders::TalkReply;
use super::plan::{Plan, Sending, Target};
use super::tally::Tally;
use crate::stats::Latencies;

/// When nothing has come for so long, what is still missing is lost.
pub(super) const SILENCE: Duration = Duration::from_secs(10);
/// However slowly it trickles in, the waiting ends.
pub(super) const DRAIN_MOST: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A phase, from its preparation on.
pub(super) struct Phase {
    plan: Plan,
    census: Census,
    /// What ours have to send.
    own: Vec<Sending>,
    hall: Rc<Hall>,
    sent: u64,
    lag: Latencies,
    silence: Duration,
}

impl Phase {
    /// Fixes what ours will send and get.
    pub(super) fn prepare(plan: Plan, members: &Members) -> Phase {
        let census = members.census;
        let sendings = plan.sendings(census);
        let own = sendings.filter(|sending| members.is_ours(sending.from));
        let own = own.collect();
        *members.hall.hearing.borrow_mut() = Hearing {
            phase: plan.phase,
            tally: Tally::of(&plan, census, |number| members.is_ours(number)),
            ..Hearing::default()
        };
        Phase {
            plan,
            census,
            own,
            hall: Rc::clone(&members.hall),
            sent: 0,
            lag: Latencies::default(),
            silence: SILENCE,
        }
    }

    /// Carries it out, and waits until everything has come or nothing more does.
    pub(super) async fn go(&mut self, start: Duration) {
        let mut due = metronome(std::mem::take(&mut self.own), start);
        while let Some(sending) = due.recv().await {
            let intended = start + sending.at;
            self.write(&sending, intended);
            self.lag.record(clock::now().saturating_sub(intended));
        }
        let end = start + self.plan.time;
        while self.is_waiting(end) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn is_waiting(&self, end: Duration) -> bool {
        let (hearing, now) = (self.hall.hearing.borrow(), clock::now());
        let silent = now.saturating_sub(hearing.last.max(end)) > self.silence;
        hearing.tally.missing() > 0 && !silent && now < end + DRAIN_MOST
    }

    fn write(&mut self, sending: &Sending, intended: Duration) {
        self.sent += 1;
        let data = Data {
            intended,
            phase: self.plan.phase,
            event: sending.event,
        };
        let (topic, source, direction) = self.address(sending);
        let letter = Letter {
            topic,
            source: &source,
            direction,
            qos: if sending.acknowledged {
                QoS::AtLeastOnce
            } else {
                QoS::AtMostOnce
            },
            data: &data.write(),
        };
        // What cannot be written is found missing at the end.
        if let Some(line) = self.hall.line(sending.from) {
            let _ = line.publish(letter);
        }
    }

    /// The topic, how the sender is called there, and the kind of message.
    fn address(&self, sending: &Sending) -> (String, String, Direction) {
        let (census, from) = (&self.census, sending.from);
        match sending.to {
            Target::Person(to) => {
                let source = census.uid(from);
                (census.inbox(to), source, Direction::PointToPoint)
            }
            Target::Partner(to) => {
                let source = census.username(from);
                (census.inbox(to), source, Direction::PointToPoint)
            }
            Target::Group(team) => {
                let source = census.uid(from);
                (census.group_topic(team), source, Direction::Group)
            }
        }
    }

    /// What came of it.
    pub(super) fn reply(self) -> TalkReply {
        let hearing = self.hall.hearing.take();
        TalkReply {
            sent: self.sent,
            counts: hearing.tally.counts(),
            ended: self.hall.take_ended(),
            latency: hearing.latency.each_ref().map(Latencies::counts),
            lag: self.lag.counts(),
        }
    }
}

/// Tells each message at its time: tokio's own timers are a millisecond coarse.
fn metronome(sendings: Vec<Sending>, start: Duration) -> mpsc::UnboundedReceiver<Sending> {
    let (tell, due) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for sending in sendings {
            let at = start + sending.at;
            std::thread::sleep(at.saturating_sub(clock::now()));
            if tell.send(sending).is_err() {
                return;
            }
        }
    });
    due
}

#[cfg(test)]
mod tests;
