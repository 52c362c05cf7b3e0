//! Many logins, so many at once: each the whole way, from the first call at the static service to the broker's last
//! acknowledgement. What is refused for now or cut off comes again.

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use anyhow::bail;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::arrival::arrive;
use super::census::Census;
use super::hall::Hall;
use super::member::{LoginToken, Trouble, enter};
use super::orders::{Kept, LoginReply, Way};
use crate::installation::client::Client;
use crate::people::pause;
use crate::stats::Latencies;
use crate::wire::Link;

/// A login that has not succeeded by then has failed.
const PATIENCE: Duration = Duration::from_secs(60);
/// Addresses of ours that each worker's connections come from, 127.0.1.1 and up.
const SOURCES: u32 = 8;
const TELL_EVERY: Duration = Duration::from_secs(2);

/// Those whom a worker logs in.
pub(super) struct Members {
    pub(super) worker: u32,
    pub(super) of: u32,
    pub(super) census: Census,
    pub(super) service: SocketAddr,
    /// What each has of the former login; our users in their order.
    pub(super) kept: Vec<RefCell<Option<Kept>>>,
    pub(super) hall: Rc<Hall>,
}

/// Logins under way.
struct Storm {
    members: Rc<Members>,
    way: Way,
    numbers: RefCell<Box<dyn Iterator<Item = u32>>>,
    retries: Cell<u64>,
    done: Cell<u64>,
    failed: Cell<u64>,
    why: RefCell<Option<String>>,
    latency: RefCell<Latencies>,
}

impl Members {
    /// Ours of these numbers.
    fn ours(&self, numbers: &Range<u32>) -> impl Iterator<Item = u32> + use<> {
        let (worker, of) = (self.worker, self.of);
        numbers.clone().filter(move |number| number % of == worker)
    }

    pub(super) fn is_ours(&self, number: u32) -> bool {
        number % self.of == self.worker
    }

    fn source(&self, number: u32) -> IpAddr {
        let last = self.worker * SOURCES + number / self.of % SOURCES + 1;
        Ipv4Addr::new(127, 0, 1, u8::try_from(last).unwrap_or(1)).into()
    }

    /// Logs ours of these in; `so_far` is told now and then how many are in.
    pub(super) async fn log_in(
        self: Rc<Members>,
        numbers: Range<u32>,
        way: Way,
        at_once: u32,
        so_far: impl Fn(u64),
    ) -> anyhow::Result<LoginReply> {
        let storm = Rc::new(Storm {
            numbers: RefCell::new(Box::new(self.ours(&numbers))),
            members: self,
            way,
            retries: Cell::new(0),
            done: Cell::new(0),
            failed: Cell::new(0),
            why: RefCell::default(),
            latency: RefCell::default(),
        });
        let mut slots = JoinSet::new();
        for _ in 0..at_once {
            let client = Client::connect(storm.members.service).await?;
            slots.spawn_local(Rc::clone(&storm).carry_out(client));
        }
        let told = Rc::clone(&storm);
        let telling = async move {
            loop {
                sleep(TELL_EVERY).await;
                so_far(told.done.get());
            }
        };
        tokio::select! {
            () = telling => {}
            _ = slots.join_all() => {}
        }
        Ok(storm.reply())
    }

    /// Lets ours of these leave, and waits until they have.
    pub(super) async fn log_out(&self, numbers: &Range<u32>) -> anyhow::Result<()> {
        for line in self.hall.of(numbers) {
            line.leave();
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            let still = self.hall.of(numbers).len();
            if still == 0 {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("{still} users have not left within {PATIENCE:?}");
            }
            sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Storm {
    async fn carry_out(self: Rc<Storm>, mut client: Client) {
        loop {
            let next = self.numbers.borrow_mut().next();
            let Some(number) = next else {
                return;
            };
            let began = Instant::now();
            let attempt = self.whole_login(&mut client, number);
            match tokio::time::timeout(PATIENCE, attempt).await {
                Ok(Ok(link)) => {
                    self.done.set(self.done.get() + 1);
                    self.latency.borrow_mut().record(began.elapsed());
                    self.members.hall.seat(number, link);
                }
                Ok(Err(why)) => self.fail(number, &why),
                Err(_) => self.fail(number, &format!("not within {PATIENCE:?}")),
            }
        }
    }

    fn fail(&self, number: u32, why: &str) {
        self.failed.set(self.failed.get() + 1);
        self.note(number, why);
    }

    /// Keeps the first trouble.
    fn note(&self, number: u32, why: &str) {
        let who = self.members.census.username(number);
        let mut first = self.why.borrow_mut();
        first.get_or_insert_with(|| format!("{who}: {why}"));
    }

    async fn whole_login(&self, client: &mut Client, number: u32) -> Result<Link, String> {
        let login = loop {
            match self.at_the_service(client, number).await {
                Ok(login) => break login,
                Err(trouble) => self.come_again(number, trouble).await?,
            }
        };
        loop {
            match arrive(&login, self.members.source(number)).await {
                Ok(link) => return Ok(link),
                Err(trouble) => self.come_again(number, trouble).await?,
            }
        }
    }

    async fn at_the_service(
        &self,
        client: &mut Client,
        number: u32,
    ) -> Result<LoginToken, Trouble> {
        let members = &self.members;
        let cell = members.kept.get((number / members.of) as usize);
        let mut kept = cell.and_then(|cell| cell.borrow().clone());
        let entered = enter(client, &members.census, number, self.way, &mut kept).await;
        if let Some(cell) = cell {
            cell.replace(kept);
        }
        entered
    }

    async fn come_again(&self, number: u32, trouble: Trouble) -> Result<(), String> {
        let why = match trouble {
            Trouble::Final(why) => return Err(why),
            Trouble::Again(why) => why,
        };
        self.retries.set(self.retries.get() + 1);
        self.note(number, &format!("{why}; came again"));
        sleep(pause(1)).await;
        Ok(())
    }

    fn reply(&self) -> LoginReply {
        LoginReply {
            done: self.done.get(),
            failed: self.failed.get(),
            retries: self.retries.get(),
            why: self.why.borrow().clone(),
            latency: self.latency.borrow().counts(),
        }
    }
}
