//! All of a worker's connections, and what is heard on them.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use bytes::BytesMut;
use mosquitto_enterprise_push::protocol::Message;
use rumqttc::{Publish, QoS};
use tokio::net::TcpStream;

use super::clock;
use super::data::Data;
use super::line::{Line, listen};
use super::tally::Tally;
use crate::stats::Latencies;
use crate::wire::Link;

/// Read at once from one connection; one buffer for all of them.
const READ_BYTES: usize = 64 * 1024;

/// The connections, and the phase's counts.
pub(super) struct Hall {
    lines: RefCell<HashMap<u32, Rc<Line>>>,
    /// Of those who have left: the sequence number that is next.
    seqs: RefCell<HashMap<u32, u32>>,
    scratch: RefCell<Vec<u8>>,
    ended: Cell<u64>,
    pub(super) hearing: RefCell<Hearing>,
}

/// What is heard in a phase.
#[derive(Default)]
pub(super) struct Hearing {
    pub(super) phase: u32,
    pub(super) tally: Tally,
    pub(super) latency: [Latencies; 2],
    /// When something last arrived.
    pub(super) last: Duration,
}

impl Hall {
    pub(super) fn new() -> Hall {
        Hall {
            lines: RefCell::default(),
            seqs: RefCell::default(),
            scratch: RefCell::new(vec![0; READ_BYTES]),
            ended: Cell::new(0),
            hearing: RefCell::default(),
        }
    }

    /// Takes a connection in, and reads it from now on.
    pub(super) fn seat(self: &Rc<Hall>, number: u32, link: Link) {
        let (stream, rest) = link.into_parts();
        let seq = self.seqs.borrow().get(&number).copied().unwrap_or(1);
        let line = Rc::new(Line::new(number, stream, seq));
        let former = self.lines.borrow_mut().insert(number, Rc::clone(&line));
        // The broker ends a device's former connection when the next one comes.
        if let Some(former) = former {
            former.is_leaving.set(true);
        }
        tokio::task::spawn_local(listen(Rc::clone(self), line, rest));
    }

    pub(super) fn line(&self, number: u32) -> Option<Rc<Line>> {
        self.lines.borrow().get(&number).cloned()
    }

    /// Those of these numbers who are here.
    pub(super) fn of(&self, numbers: &Range<u32>) -> Vec<Rc<Line>> {
        let lines = self.lines.borrow();
        let here = lines.values().filter(|line| numbers.contains(&line.number));
        here.cloned().collect()
    }

    /// A connection is at its end.
    pub(super) fn ended(&self, line: &Rc<Line>) {
        let mut lines = self.lines.borrow_mut();
        if lines.get(&line.number).is_some_and(|l| Rc::ptr_eq(l, line)) {
            lines.remove(&line.number);
            self.seqs.borrow_mut().insert(line.number, line.next_seq());
        }
        let by_itself = u64::from(!line.is_leaving.get());
        self.ended.set(self.ended.get() + by_itself);
    }

    /// Connections that have ended by themselves since this was asked last.
    pub(super) fn take_ended(&self) -> u64 {
        self.ended.take()
    }

    pub(super) fn read(&self, from: &TcpStream, to: &mut BytesMut) -> io::Result<usize> {
        let mut scratch = self.scratch.borrow_mut();
        let read = from.try_read(&mut scratch)?;
        to.extend_from_slice(scratch.get(..read).unwrap_or_default());
        Ok(read)
    }

    /// A message has come to this user.
    pub(super) fn heard(&self, number: u32, publish: &Publish) {
        // What else comes, presence or notices, is not ours.
        let data = Message::decode(&publish.payload).ok();
        let Some(data) = data.and_then(|message| Data::read(message.data)) else {
            return;
        };
        let mut hearing = self.hearing.borrow_mut();
        if data.phase != hearing.phase {
            return;
        }
        let now = clock::now();
        hearing.last = now;
        if !hearing.tally.arrived(data.event, number) {
            return;
        }
        let [at_most_once, at_least_once] = &mut hearing.latency;
        let latency = match publish.qos {
            QoS::AtMostOnce => at_most_once,
            _ => at_least_once,
        };
        latency.record(now.saturating_sub(data.intended));
    }
}
