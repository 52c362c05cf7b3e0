//! Established users who write to one another, and how long their messages take.
//!
//! They live on a thread of their own with its own runtime, apart from every storm, so that what is
//! measured is the broker. A metronome thread says when a message is due (tokio's own timers are a
//! millisecond coarse); latency counts from that time, whenever the message really left.
//!
//! Data of a message, 64 bytes: the intended time in nanoseconds since the thread's start (8), the phase
//! (4), zeros.

mod talker;

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::mpsc as std_mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, anyhow};
use bytes::BytesMut;
use mosquitto_enterprise_push::protocol::{Content, Direction, Header, Message};
use rumqttc::{Packet, PubAck, Publish, QoS};
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::LocalSet;

use talker::{listen, read_data};

use crate::people::User;
use crate::schedule::Schedule;
use crate::stats::{Latencies, Sequence};
use crate::wire::{self, Answer, Credentials, Link, LoginAs};

/// Bytes of Data in each message.
const DATA_BYTES: usize = 64;
/// How long a message may be under way after the phase's end before it counts as lost.
pub(crate) const DRAIN: Duration = Duration::from_secs(10);
const LOGIN: Duration = Duration::from_secs(10);

/// What a phase's messages came to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Traffic {
    /// Messages sent.
    pub(crate) sent: u64,
    /// Not arrived at the end of the drain.
    pub(crate) lost: u64,
    /// Arrived more than once.
    pub(crate) duplicated: u64,
    /// Connections of pairs that have ended.
    pub(crate) broken: u64,
    /// From the intended time to arrival, for QoS 0 and QoS 1.
    pub(crate) latency: [Latencies; 2],
    /// From the intended time to the write: the bench's own part.
    pub(crate) lag: Latencies,
}

impl Traffic {
    /// Both qualities of service together.
    pub(crate) fn all(&self) -> Latencies {
        let [at_most_once, at_least_once] = &self.latency;
        let mut all = at_most_once.clone();
        all.merge(at_least_once);
        all
    }
}

/// Which qualities of service are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
pub(crate) enum Qos {
    /// All messages at QoS 0
    #[value(name = "0")]
    Zero,
    /// All messages at QoS 1
    #[value(name = "1")]
    One,
    /// Every other pair
    Both,
}

impl Qos {
    fn of_pair(self, pair: usize) -> QoS {
        match self {
            Qos::One => QoS::AtLeastOnce,
            Qos::Both if pair % 2 == 1 => QoS::AtLeastOnce,
            Qos::Zero | Qos::Both => QoS::AtMostOnce,
        }
    }
}

struct Order {
    schedule: Schedule,
    done: std_mpsc::Sender<Traffic>,
}

/// The pairs, connected.
pub(crate) struct Pairs {
    orders: Option<mpsc::UnboundedSender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Pairs {
    /// Connects `count` pairs. With `tokens` they log in; without, anonymously.
    pub(crate) fn connect(
        to: Vec<SocketAddr>,
        count: u32,
        qos: Qos,
        tokens: bool,
    ) -> anyhow::Result<Pairs> {
        let who: LoginAs = if tokens {
            |user| Credentials::new(user, user.token())
        } else {
            Credentials::anonymous
        };
        Pairs::connect_as(to, count, qos, who)
    }

    /// Connects `count` pairs, who log in as this says.
    pub(crate) fn connect_as(
        to: Vec<SocketAddr>,
        count: u32,
        qos: Qos,
        who: LoginAs,
    ) -> anyhow::Result<Pairs> {
        let (orders, incoming) = mpsc::unbounded_channel();
        let (ready, is_ready) = std_mpsc::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let work = move || {
            LocalSet::new().block_on(&runtime, async {
                match open(&to, count, qos, who).await {
                    Ok(table) => {
                        let _ = ready.send(Ok(()));
                        obey(incoming, table).await;
                    }
                    Err(error) => drop(ready.send(Err(error))),
                }
            });
        };
        let thread = std::thread::Builder::new()
            .name("pairs".to_owned())
            .spawn(work)?;
        let pairs = Pairs {
            orders: Some(orders),
            thread: Some(thread),
        };
        is_ready.recv().context("the pairs' thread ended")??;
        Ok(pairs)
    }

    /// The users of `count` pairs; two neighbours make a pair.
    pub(crate) fn users(count: u32) -> Vec<User> {
        (0..2 * count).map(|n| User::new("p", n)).collect()
    }

    /// Lets the pairs write to one another by this schedule, from now on.
    pub(crate) fn begin(&self, schedule: Schedule) -> anyhow::Result<Exchange> {
        let (done, result) = std_mpsc::channel();
        let order = Order { schedule, done };
        self.orders
            .as_ref()
            .and_then(|orders| orders.send(order).ok())
            .ok_or_else(|| anyhow!("the pairs' thread has ended"))?;
        Ok(Exchange(result))
    }
}

impl Drop for Pairs {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A phase under way.
pub(crate) struct Exchange(std_mpsc::Receiver<Traffic>);

impl Exchange {
    /// Waits for its end.
    pub(crate) fn wait(self) -> anyhow::Result<Traffic> {
        self.0.recv().context("the pairs' thread ended")
    }
}

/// One user's connection.
struct Talker {
    user: User,
    peer: User,
    qos: QoS,
    stream: TcpStream,
    /// What the socket has not taken yet.
    backlog: RefCell<BytesMut>,
    next_seq: Cell<u32>,
    next_pkid: Cell<u16>,
}

/// All of them, and the phase's counts.
struct Table {
    began: Instant,
    talkers: Vec<Rc<Talker>>,
    counts: RefCell<Counts>,
}

struct Counts {
    phase: u32,
    sequences: Vec<Sequence>,
    latency: [Latencies; 2],
    missing: u64,
    broken: u64,
}

async fn open(to: &[SocketAddr], count: u32, qos: Qos, who: LoginAs) -> anyhow::Result<Rc<Table>> {
    let users = Pairs::users(count);
    let mut talkers = Vec::with_capacity(users.len());
    let mut unread = Vec::with_capacity(users.len());
    for (number, user) in users.iter().enumerate() {
        let address = to.get(number % to.len().max(1)).context("no address")?;
        let peer = users.get(number ^ 1).context("users come in pairs")?;
        let qos = qos.of_pair(number / 2);
        let link = tokio::time::timeout(LOGIN, enter(*address, user, qos, who)).await;
        let link = link
            .map_err(|_| anyhow!("no answer"))
            .flatten()
            .with_context(|| format!("pairs: {}", user.client_id()))?;
        let (stream, rest) = link.into_parts();
        unread.push(rest);
        talkers.push(Rc::new(Talker {
            user: user.clone(),
            peer: peer.clone(),
            qos,
            stream,
            backlog: RefCell::default(),
            next_seq: Cell::new(1),
            next_pkid: Cell::new(1),
        }));
    }
    let counts = Counts {
        phase: 0,
        sequences: vec![Sequence::default(); talkers.len()],
        latency: Default::default(),
        missing: 0,
        broken: 0,
    };
    let table = Rc::new(Table {
        began: Instant::now(),
        talkers,
        counts: RefCell::new(counts),
    });
    for (talker, rest) in table.talkers.iter().zip(unread) {
        tokio::task::spawn_local(listen(Rc::clone(&table), Rc::clone(talker), rest));
    }
    Ok(table)
}

async fn enter(to: SocketAddr, user: &User, qos: QoS, who: LoginAs) -> anyhow::Result<Link> {
    let mut link = Link::open(to, None).await?;
    match link.login(&who(user)).await {
        Answer::In => {}
        other => return Err(anyhow!("not let in: {other:?}")),
    }
    link.subscribe(user.inbox(), qos).await?;
    Ok(link)
}

async fn obey(mut orders: mpsc::UnboundedReceiver<Order>, table: Rc<Table>) {
    while let Some(order) = orders.recv().await {
        let traffic = phase(&table, order.schedule).await;
        let _ = order.done.send(traffic);
    }
}

async fn phase(table: &Table, schedule: Schedule) -> Traffic {
    table.begin_phase();
    let mut lag = Latencies::default();
    let mut due = metronome(schedule);
    while let Some((number, intended)) = due.recv().await {
        table.speak(number, intended);
        lag.record(intended.elapsed());
    }
    let deadline = Instant::now() + DRAIN;
    while table.counts.borrow().missing > 0 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    table.end_phase(lag)
}

/// Tells each event's number and intended time, at that time.
fn metronome(schedule: Schedule) -> mpsc::UnboundedReceiver<(u32, Instant)> {
    let (tell, due) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let start = Instant::now() + Duration::from_millis(20);
        for (number, after) in schedule {
            let intended = start + after;
            std::thread::sleep(intended.saturating_duration_since(Instant::now()));
            if tell.send((number, intended)).is_err() {
                return;
            }
        }
    });
    due
}

impl Table {
    fn begin_phase(&self) {
        let mut counts = self.counts.borrow_mut();
        counts.phase += 1;
        counts.missing = 0;
        counts.latency = Default::default();
        for (sequence, talker) in counts.sequences.iter_mut().zip(&self.talkers) {
            sequence.begin(talker.next_seq.get());
        }
    }

    fn end_phase(&self, lag: Latencies) -> Traffic {
        let counts = self.counts.borrow();
        let sum = |count: fn(&Sequence) -> u64| counts.sequences.iter().map(count).sum();
        Traffic {
            sent: sum(Sequence::total),
            lost: sum(Sequence::lost),
            duplicated: sum(Sequence::duplicated),
            broken: counts.broken,
            latency: counts.latency.clone(),
            lag,
        }
    }

    /// The user whose turn it is writes to the other of the pair.
    fn speak(&self, number: u32, intended: Instant) {
        let at = number as usize % self.talkers.len().max(1);
        let Some(talker) = self.talkers.get(at) else {
            return;
        };
        let mut counts = self.counts.borrow_mut();
        let phase = counts.phase;
        if let Some(sequence) = counts.sequences.get_mut(at) {
            sequence.sent();
            counts.missing += 1;
        }
        drop(counts);
        // What cannot be written is found missing at the end.
        let _ = talker.publish(intended.saturating_duration_since(self.began), phase);
    }

    fn heard(&self, publish: &Publish) {
        let Ok(message) = Message::decode(&publish.payload) else {
            return;
        };
        let number = message.header.source.strip_prefix('p');
        let Some(at) = number.and_then(|n| n.parse::<usize>().ok()) else {
            return;
        };
        let Some((intended, phase)) = read_data(message.data) else {
            return;
        };
        let mut counts = self.counts.borrow_mut();
        if phase != counts.phase {
            return;
        }
        let first = counts
            .sequences
            .get_mut(at)
            .is_some_and(|sequence| sequence.arrived(message.header.seq));
        if !first {
            return;
        }
        counts.missing = counts.missing.saturating_sub(1);
        let latency = self.began.elapsed().saturating_sub(intended);
        let [at_most_once, at_least_once] = &mut counts.latency;
        match publish.qos {
            QoS::AtMostOnce => at_most_once.record(latency),
            _ => at_least_once.record(latency),
        }
    }
}

#[cfg(test)]
mod tests;
