//! A day in the town, at random: who comes and goes, who says what to whom, what changes, and what breaks. All that is
//! random follows from one seed; when things happen to meet on the way does not.

mod changing;
mod coming;
mod saying;

use std::fmt::Display;
use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use super::clock::Clocks;
use super::crowd::Crowd;
use super::service::Service;
use super::town::{Device, Town, devices};
use crate::broker::Broker;

/// After this long with the static service at hand everything must go as it should.
const RECOVERY: Duration = Duration::from_secs(20);
/// A good token is let in within so many tries...
const TRIES: usize = 40;
/// ... with this between them.
const BETWEEN_TRIES: Duration = Duration::from_millis(250);
/// What is owed to somebody who is there, for longer than this, is lost.
const OWED: Duration = Duration::from_secs(60);
/// Who is put out notices it so soon after the broker.
const ON_THE_WIRE: Duration = Duration::from_secs(5);
/// When events of the feed were lost, sessions end within this time.
const ANEW: Duration = Duration::from_secs(90);
/// A change that the broker has not taken in after this long with the static service at hand never will be.
const CHANGE: Duration = Duration::from_secs(60);

/// What the broker has been told and may not know yet.
#[derive(Debug, Clone, Copy)]
enum Change {
    Guest(usize),
    Friends,
    /// Somebody is put out.
    End(Device),
    /// The first load.
    Everything,
}

struct Pending {
    change: Change,
    barrier: u64,
    asked: Instant,
    since: Instant,
}

/// How often each thing was done.
#[derive(Debug, Default, Clone)]
pub(super) struct Done {
    pub(super) messages: u64,
    pub(super) forbidden: u64,
    pub(super) logins: u64,
    pub(super) takeovers: u64,
    pub(super) cuts: u64,
    pub(super) kicks: u64,
    pub(super) revocations: u64,
    pub(super) forged: u64,
    pub(super) subscriptions: u64,
    pub(super) changes: u64,
    pub(super) service_kills: u64,
    pub(super) histories_lost: u64,
    pub(super) reloads: u64,
    pub(super) clock_jumps: u64,
    pub(super) restarts: u64,
}

/// Everything that lives.
pub(super) struct Day {
    pub(super) crowd: Crowd,
    pub(super) done: Done,
    town: Town,
    service: Service,
    clocks: Option<Clocks>,
    random: SmallRng,
    pending: Option<Pending>,
    barriers: u64,
    /// When the static service is to come back; or since when it is there.
    back_at: Option<Instant>,
    there_since: Instant,
}

impl Day {
    /// The town as it begins, before anybody has come.
    pub(super) fn new(
        broker: &Broker,
        service: Service,
        town: Town,
        clocks: Option<Clocks>,
        seed: u64,
    ) -> Day {
        Day {
            crowd: Crowd::new(broker.address(1)),
            done: Done::default(),
            town,
            service,
            clocks,
            random: SmallRng::seed_from_u64(seed),
            pending: None,
            barriers: 0,
            back_at: None,
            there_since: Instant::now(),
        }
    }

    /// Everybody comes, and the directory is in force.
    pub(super) async fn begin(&mut self) {
        for device in devices() {
            self.come(device, true).await;
        }
        self.expect(Change::Everything);
        let patience = Instant::now() + CHANGE;
        while self.pending.is_some() && Instant::now() < patience {
            self.rest(Duration::from_millis(100)).await;
        }
    }

    /// One thing happens, and then some time passes.
    pub(super) async fn step(&mut self, pause: Duration) {
        let until = Instant::now() + pause;
        match self.random.random_range(0..1000) {
            0..450 => self.say().await,
            450..520 => self.say_what_is_forbidden().await,
            520..540 => self.sign().await,
            540..600 => self.subscribe().await,
            600..720 => self.somebody_comes().await,
            720..760 => self.somebody_goes(true).await,
            760..800 => self.somebody_goes(false).await,
            800..830 => self.take_over().await,
            830..840 => self.forge().await,
            840..850 => self.kick(),
            850..858 => self.revoke(),
            858..880 => self.change(),
            _ => {}
        }
        self.crowd.hear_until(until, &self.town).await;
        self.look_after();
    }

    /// One thing breaks.
    pub(super) fn disturb(&mut self, broker: &Broker) -> anyhow::Result<()> {
        match self.random.random_range(0..100) {
            0..25 if self.service.is_running() => {
                self.done.service_kills += 1;
                self.note("the static service is killed");
                self.service.kill();
                let ms = self.random.random_range(200..6000);
                self.back_at = Some(Instant::now() + Duration::from_millis(ms));
            }
            25..32 if self.pending.is_none() => {
                self.done.histories_lost += 1;
                self.note("the static service loses its history");
                // Whatever may have been revoked meanwhile: all sessions have to log in anew.
                for device in devices() {
                    self.crowd.excuse(device, Instant::now() + ANEW);
                }
                self.service.lose_history();
            }
            32..65 => {
                self.done.reloads += 1;
                self.note("SIGHUP");
                broker.reload();
            }
            65..100 => self.jump()?,
            _ => {}
        }
        Ok(())
    }

    /// The broker is stopped, and started again where it was.
    pub(super) async fn restart(&mut self, broker: &mut Broker) -> anyhow::Result<()> {
        self.done.restarts += 1;
        self.note("the broker is stopped");
        for device in devices() {
            self.crowd.excuse(device, Instant::now() + ON_THE_WIRE);
        }
        self.crowd.broker_stops();
        broker.restart()?;
        self.note("the broker is back");
        // It knows no token, and has to find the static service first.
        self.there_since = Instant::now();
        Ok(())
    }

    fn jump(&mut self) -> anyhow::Result<()> {
        let Some(clocks) = &mut self.clocks else {
            return Ok(());
        };
        self.done.clock_jumps += 1;
        if self.random.random_bool(0.6) {
            let seconds = self.random.random_range(-7200..7200);
            clocks.set_wall(seconds)?;
            self.note(format_args!("the time of day is {seconds} s off"));
        } else {
            let seconds = self.random.random_range(1..20);
            clocks.pass(Duration::from_secs(seconds))?;
            self.note(format_args!("{seconds} s pass at once"));
        }
        Ok(())
    }

    fn note(&mut self, text: impl Display) {
        self.crowd.seen.diary.note(text);
    }

    /// The static service comes back when it is time.
    pub(super) fn revive(&mut self) -> anyhow::Result<()> {
        if self.back_at.is_some_and(|at| at <= Instant::now()) {
            self.service.resume()?;
            self.note("the static service is back");
            (self.back_at, self.there_since) = (None, Instant::now());
        }
        Ok(())
    }

    /// All is put right, all who are awaited come, and what is owed then arrives.
    pub(super) async fn end(&mut self) -> anyhow::Result<()> {
        if let Some(clocks) = &mut self.clocks {
            clocks.set_wall(0)?;
        }
        self.back_at = self.back_at.map(|_| Instant::now());
        self.revive()?;
        for device in devices() {
            if self.crowd.is_awaited(device) {
                self.come_with(device, false, true).await;
            }
        }
        let patience = Instant::now() + OWED;
        while Instant::now() < patience && self.crowd.ledger.debts() > 0 {
            self.rest(Duration::from_millis(100)).await;
        }
        self.collect(Duration::ZERO);
        Ok(())
    }

    async fn rest(&mut self, time: Duration) {
        self.crowd
            .hear_until(Instant::now() + time, &self.town)
            .await;
        self.look_after();
    }

    fn is_well(&self) -> bool {
        self.service.is_running() && self.there_since.elapsed() > RECOVERY
    }

    fn any(&mut self, here: bool) -> Option<Device> {
        let all = devices();
        let some: Vec<Device> = all
            .into_iter()
            .filter(|device| self.crowd.is_here(*device) == here)
            .collect();
        let at = self.random.random_range(0..some.len().max(1));
        some.get(at).copied()
    }

    /// Tells what is owed for too long, and lets the rest of the past go.
    pub(super) fn look_back(&mut self) {
        self.collect(OWED);
        if let Some(before) = Instant::now().checked_sub(OWED * 10) {
            self.crowd.ledger.forget(before);
        }
    }

    fn collect(&mut self, patience: Duration) {
        let now = Instant::now();
        let crowd = &self.crowd;
        let here = |device| {
            let came = crowd.came(device);
            came.is_some_and(|came| now.duration_since(came) >= patience)
        };
        for (device, number) in crowd.ledger.overdue(now, patience, here) {
            let message = self.crowd.ledger.tell(number);
            self.crowd
                .seen
                .complain(format!("{device}: lost: {message}"));
            self.crowd.ledger.write_off(device, number);
        }
    }
}
