//! The workers, from our side: started, told what to do, asked what came of it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::ops::Range;
use std::process::{ChildStdin, ChildStdout, Command};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use tempfile::TempDir;

use super::census::Census;
use super::clock;
use super::orders::{Kept, LoginReply, Order, Reply, TalkReply, Way};
use super::plan::Plan;
use super::talk::{DRAIN_MOST, SILENCE};
use super::tally::Counts;
use crate::cli::FLEET_WORKER;
use crate::output::progress;
use crate::process::{self, Process, Usage};
use crate::stats::Latencies;

/// A worker that says nothing for so long is stuck.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between the order and the start of a phase, so that all begin together.
const RUN_UP: Duration = Duration::from_millis(300);
const TELL_EVERY: Duration = Duration::from_secs(5);

/// The workers.
pub(crate) struct Crew {
    workers: Vec<Worker>,
    heard: Receiver<(usize, Option<String>)>,
    _folder: TempDir,
}

struct Worker {
    process: Process,
    to: ChildStdin,
}

/// What logins came to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Logins {
    pub(crate) done: u64,
    pub(crate) failed: u64,
    pub(crate) retries: u64,
    /// The first reason of a failure or a retry.
    pub(crate) why: Option<String>,
    /// Of whole logins.
    pub(crate) latency: Latencies,
    pub(crate) took: Duration,
}

impl Logins {
    pub(crate) fn per_second(&self) -> f64 {
        self.done as f64 / self.took.as_secs_f64().max(1e-9)
    }

    fn add(&mut self, reply: LoginReply) {
        self.done += reply.done;
        self.failed += reply.failed;
        self.retries += reply.retries;
        self.why = self.why.take().or(reply.why);
        self.latency.merge(&Latencies::from_counts(&reply.latency));
    }
}

/// What a phase of messages came to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Talk {
    pub(crate) sent: u64,
    pub(crate) counts: Counts,
    /// Connections that ended by themselves.
    pub(crate) ended: u64,
    /// From the intended time to arrival, for QoS 0 and QoS 1.
    pub(crate) latency: [Latencies; 2],
    /// From the intended time to the write: the bench's own part.
    pub(crate) lag: Latencies,
}

impl Talk {
    /// Both qualities of service together.
    pub(crate) fn all(&self) -> Latencies {
        let [at_most_once, at_least_once] = &self.latency;
        let mut all = at_most_once.clone();
        all.merge(at_least_once);
        all
    }

    fn add(&mut self, reply: &TalkReply) {
        self.sent += reply.sent;
        self.counts += reply.counts;
        self.ended += reply.ended;
        for (sum, counts) in self.latency.iter_mut().zip(&reply.latency) {
            sum.merge(&Latencies::from_counts(counts));
        }
        self.lag.merge(&Latencies::from_counts(&reply.lag));
    }
}

impl Crew {
    /// Starts so many.
    pub(crate) fn start(count: u32) -> anyhow::Result<Crew> {
        let folder = process::temporary_folder()?;
        let (tell, heard) = channel();
        let mut workers = Vec::new();
        for number in 0..count as usize {
            let mut command = Command::new(std::env::current_exe()?);
            command.arg(FLEET_WORKER);
            let log = format!("worker-{number}");
            let (process, to, from) =
                Process::converse("a worker", &mut command, folder.path(), &log)?;
            let tell = tell.clone();
            std::thread::spawn(move || listen(number, from, &tell));
            workers.push(Worker { process, to });
        }
        Ok(Crew {
            workers,
            heard,
            _folder: folder,
        })
    }

    /// Deals the users out.
    pub(super) fn begin(
        &mut self,
        census: Census,
        service: SocketAddr,
        kept: &[Kept],
    ) -> anyhow::Result<()> {
        let of = u32::try_from(self.workers.len())?;
        for (worker, to) in (0..of).zip(0..) {
            let share = kept.iter().skip(to).step_by(of as usize);
            let order = Order::Begin {
                worker,
                of,
                census,
                service,
                kept: share.cloned().collect(),
            };
            self.tell(to, &order)?;
        }
        self.answers(PATIENCE).map(drop)
    }

    /// Logs these in, so many at once of all workers together.
    pub(crate) fn log_in(
        &mut self,
        numbers: Range<u32>,
        way: Way,
        at_once: u32,
    ) -> anyhow::Result<Logins> {
        let began = Instant::now();
        let order = Order::LogIn {
            numbers,
            way,
            at_once: at_once.div_ceil(u32::try_from(self.workers.len())?),
        };
        let mut logins = Logins::default();
        for reply in self.ask(&order, PATIENCE)? {
            match reply {
                Reply::LoggedIn(reply) => logins.add(reply),
                other => bail!("{other:?} to an order to log in"),
            }
        }
        logins.took = began.elapsed();
        Ok(logins)
    }

    /// Lets these leave.
    pub(crate) fn log_out(&mut self, numbers: Range<u32>) -> anyhow::Result<()> {
        self.ask(&Order::LogOut { numbers }, PATIENCE).map(drop)
    }

    /// Begins a phase of messages; answers how long after now it starts.
    pub(super) fn begin_talk(&mut self, plan: &Plan) -> anyhow::Result<Duration> {
        self.ask(&Order::Prepare(plan.clone()), PATIENCE)?;
        let go = Order::Go {
            start: clock::now() + RUN_UP,
        };
        for worker in 0..self.workers.len() {
            self.tell(worker, &go)?;
        }
        Ok(RUN_UP)
    }

    /// Waits until everything has come or nothing more does; answers what came of the phase.
    pub(super) fn end_talk(&mut self, plan: &Plan) -> anyhow::Result<Talk> {
        self.answers(plan.time + SILENCE + DRAIN_MOST + PATIENCE)?;
        let mut talk = Talk::default();
        for reply in self.ask(&Order::Tell, PATIENCE)? {
            match reply {
                Reply::Talked(reply) => talk.add(&reply),
                other => bail!("{other:?} to an order to tell"),
            }
        }
        Ok(talk)
    }

    /// What each has used so far.
    pub(super) fn usage(&self) -> Vec<Usage> {
        self.workers
            .iter()
            .map(|worker| worker.process.usage())
            .collect()
    }

    fn ask(&mut self, order: &Order, patience: Duration) -> anyhow::Result<Vec<Reply>> {
        for worker in 0..self.workers.len() {
            self.tell(worker, order)?;
        }
        self.answers(patience)
    }

    fn tell(&mut self, worker: usize, order: &Order) -> anyhow::Result<()> {
        let line = serde_json::to_string(order)?;
        let worker = self.workers.get_mut(worker).context("no such worker")?;
        let said = writeln!(worker.to, "{line}").and_then(|()| worker.to.flush());
        said.map_err(|error| anyhow!("a worker: {error}:\n{}", worker.process.log_tail()))
    }

    /// One answer of each; no worker may say nothing for longer than this.
    fn answers(&mut self, patience: Duration) -> anyhow::Result<Vec<Reply>> {
        let mut answers = Vec::new();
        let mut so_far = vec![0; self.workers.len()];
        let mut told = Instant::now();
        while answers.len() < self.workers.len() {
            let (worker, line) = match self.heard.recv_timeout(patience) {
                Ok(heard) => heard,
                Err(RecvTimeoutError::Timeout) => bail!("no worker said anything in {patience:?}"),
                Err(RecvTimeoutError::Disconnected) => bail!("all workers have ended"),
            };
            match self.reply(worker, line)? {
                Reply::SoFar(done) => {
                    if let Some(own) = so_far.get_mut(worker) {
                        *own = done;
                    }
                }
                answer => answers.push(answer),
            }
            let sum: u64 = so_far.iter().sum();
            if told.elapsed() > TELL_EVERY && sum > 0 {
                progress(&format!("{sum} are in"));
                told = Instant::now();
            }
        }
        Ok(answers)
    }

    fn reply(&self, worker: usize, line: Option<String>) -> anyhow::Result<Reply> {
        let Some(line) = line else {
            let worker = self.workers.get(worker);
            let why = worker.map_or(String::new(), |worker| worker.process.log_tail());
            bail!("a worker has ended:\n{why}");
        };
        serde_json::from_str(&line).context("a worker's answer")
    }
}

/// Hands on what a worker says, and at last that it says no more.
fn listen(worker: usize, from: ChildStdout, tell: &Sender<(usize, Option<String>)>) {
    for line in BufReader::new(from).lines().map_while(Result::ok) {
        if tell.send((worker, Some(line))).is_err() {
            return;
        }
    }
    // Nobody listens any more when all is over.
    let _ = tell.send((worker, None));
}
