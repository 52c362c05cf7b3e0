//! Many connections at once, each a request at a time: as fast as answers come (closed loop), or at times
//! that are fixed beforehand (open loop), from which latencies then count.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::bail;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::client::{Answer, Ask, Client};
use crate::schedule::Schedule;
use crate::stats::Latencies;

/// The seed of all schedules.
const SEED: u64 = 7;

/// How many requests, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// So many, as fast as answers come.
    Each(u32),
    /// As many as come to it.
    For(Duration),
    /// At times that are fixed beforehand.
    At { per_second: u32, time: Duration },
}

/// When a request was sent and answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    pub(crate) sent: Instant,
    pub(crate) answered: Instant,
}

/// What is asked, and what is made of the answers.
pub(crate) trait Visits: Send + Sync + 'static {
    /// The request with this number.
    fn ask(&self, number: u32) -> Ask;
    /// Takes the answer; an error says that it is not the right one.
    fn take(&self, number: u32, answer: &Answer, times: Times) -> anyhow::Result<()>;
}

/// What came for each number.
#[derive(Debug)]
pub(crate) struct Given<T>(Mutex<Vec<(u32, T)>>);

impl<T: Clone> Given<T> {
    pub(crate) fn new() -> Given<T> {
        Given(Mutex::new(Vec::new()))
    }

    pub(crate) fn keep(&self, number: u32, value: T) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((number, value));
    }

    /// All of them with their numbers, in order.
    pub(crate) fn numbered(&self) -> Vec<(u32, T)> {
        let mut all = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        all.sort_by_key(|(number, _)| *number);
        all
    }
}

/// What it came to.
#[derive(Debug, Default)]
pub(crate) struct Load {
    /// Requests with the right answer.
    pub(crate) done: u64,
    /// Requests without.
    pub(crate) failed: u64,
    /// The first reason of a failure.
    pub(crate) why: Option<String>,
    /// From the due time to the whole answer, of right ones.
    pub(crate) latency: Latencies,
    /// From the due time to the writing: this side's own part of it, and the waiting until the connection's
    /// former request is answered.
    pub(crate) lag: Latencies,
    pub(crate) took: Duration,
}

impl Load {
    fn merge(&mut self, other: Load) {
        self.done += other.done;
        self.failed += other.failed;
        self.why = self.why.take().or(other.why);
        self.latency.merge(&other.latency);
        self.lag.merge(&other.lag);
    }

    /// Right answers a second.
    pub(crate) fn per_second(&self) -> f64 {
        self.done as f64 / self.took.as_secs_f64().max(1e-9)
    }
}

/// Fails when anything of a preparation did.
pub(crate) fn all_right(what: &str, load: &Load) -> anyhow::Result<()> {
    if let Some(why) = &load.why {
        bail!(
            "{what}: {} of {} failed: {why}",
            load.failed,
            load.failed + load.done
        );
    }
    Ok(())
}

/// Carries it out. The connections are there before it begins, in turns to these addresses.
pub(crate) async fn run<V: Visits>(
    to: &[SocketAddr],
    connections: u32,
    pace: Pace,
    visits: &Arc<V>,
) -> anyhow::Result<Load> {
    let mut clients = Vec::new();
    for (_, to) in (0..connections).zip(to.iter().cycle()) {
        clients.push(Client::connect(*to).await?);
    }
    let mut tasks = JoinSet::new();
    let start = Instant::now();
    for (number, client) in (0..).zip(clients) {
        let share = Share {
            number,
            connections,
            pace,
            start,
        };
        tasks.spawn(share.carry_out(client, Arc::clone(visits)));
    }
    let mut load = Load::default();
    for one in tasks.join_all().await {
        load.merge(one);
    }
    load.took = start.elapsed();
    Ok(load)
}

/// One connection's part: of the requests, every so many'th.
struct Share {
    number: u32,
    connections: u32,
    pace: Pace,
    start: Instant,
}

impl Share {
    async fn carry_out<V: Visits>(self, mut client: Client, visits: Arc<V>) -> Load {
        let mut load = Load::default();
        for (number, at) in self.requests() {
            let at = at.map(|at| self.start + at);
            if let Some(at) = at {
                tokio::time::sleep_until(at).await;
            }
            let sent = Instant::now();
            if matches!(self.pace, Pace::For(time) if sent >= self.start + time) {
                break;
            }
            let due = at.unwrap_or(sent);
            load.lag.record(sent - due);
            let answer = client.ask(visits.ask(number)).await;
            let answered = Instant::now();
            let right = answer.and_then(|a| visits.take(number, &a, Times { sent, answered }));
            match right {
                Ok(()) => {
                    load.done += 1;
                    load.latency.record(answered - due);
                }
                Err(error) => {
                    load.failed += 1;
                    load.why.get_or_insert_with(|| format!("{error:#}"));
                }
            }
        }
        load
    }

    /// Numbers, and how long after the start.
    fn requests(&self) -> Box<dyn Iterator<Item = (u32, Option<Duration>)> + Send> {
        let (skip, step) = (self.number as usize, self.connections.max(1) as usize);
        match self.pace {
            Pace::Each(count) => Box::new((0..count).skip(skip).step_by(step).map(|n| (n, None))),
            Pace::For(_) => Box::new((0..u32::MAX).skip(skip).step_by(step).map(|n| (n, None))),
            Pace::At { per_second, time } => {
                let all = Schedule::new(f64::from(per_second), time, SEED);
                Box::new(all.skip(skip).step_by(step).map(|(n, at)| (n, Some(at))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(pace: Pace, connections: u32) -> Vec<u32> {
        let of = |number| Share {
            number,
            connections,
            pace,
            start: Instant::now(),
        };
        let mut all: Vec<u32> = (0..connections)
            .flat_map(|number| {
                of(number)
                    .requests()
                    .take(1000)
                    .map(|(n, _)| n)
                    .collect::<Vec<_>>()
            })
            .collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn the_connections_share_all_requests_and_none_has_anothers() {
        let wanted: Vec<u32> = (0..100).collect();
        let time = Duration::from_secs(2);
        for connections in [1, 7, 64, 200] {
            assert_eq!(numbers(Pace::Each(100), connections), wanted);
            let open = Pace::At {
                per_second: 50,
                time,
            };
            assert_eq!(numbers(open, connections), wanted);
        }
        assert_eq!(numbers(Pace::For(time), 3).len(), 3000);
    }
}
