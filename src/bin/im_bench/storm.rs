//! Logins by the hundred, in open loop, while the pairs talk.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use crate::people::{self, User};
use crate::schedule::Schedule;
use crate::service::Announcer;
use crate::stats::Latencies;
use crate::wire::{Answer, Credentials, Link, LoginAs};

/// A login that has not succeeded by then has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// How long who was let in stays.
const STAY: Duration = Duration::from_secs(1);
/// How long before its use a token is announced.
const ANNOUNCED_BEFORE: Duration = Duration::from_millis(100);
/// Addresses that forgers come from: 127.0.1.1 and up.
const FORGERS: u8 = 50;

/// Who comes.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// The client id alone.
    Anonymous,
    /// Good tokens, announced on the feed shortly before.
    Announced(Announcer),
    /// Good tokens that the broker has never heard of.
    Unknown,
    /// Whatever this says, which the broker has to find out about.
    As(LoginAs),
    /// Made-up tokens, each tried once, from many addresses; every other one under a client id of
    /// these users.
    Forged(Arc<[User]>),
}

impl std::fmt::Debug for Announcer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Announcer")
    }
}

/// What came of a storm.
#[derive(Debug, Clone, Default)]
pub(crate) struct Logins {
    /// Logins begun.
    pub(crate) begun: u64,
    /// Let in at the first try.
    pub(crate) first_try: u64,
    /// Let in after being cut off or told "unavailable".
    pub(crate) retried: u64,
    /// Refused for good.
    pub(crate) refused: u64,
    /// Neither in nor refused in time. Of forged ones: cut off.
    pub(crate) gave_up: u64,
    /// From the intended time to being in.
    pub(crate) latency: Latencies,
}

impl Logins {
    /// All that were let in.
    pub(crate) fn succeeded(&self) -> u64 {
        self.first_try + self.retried
    }

    fn count(&mut self, outcome: &Outcome) {
        self.begun += 1;
        match outcome {
            Outcome::In { tries, after } => {
                if *tries == 1 {
                    self.first_try += 1;
                } else {
                    self.retried += 1;
                }
                self.latency.record(*after);
            }
            Outcome::Refused => self.refused += 1,
            Outcome::GaveUp => self.gave_up += 1,
        }
    }
}

enum Outcome {
    In { tries: u32, after: Duration },
    Refused,
    GaveUp,
}

/// One stream of logins.
#[derive(Debug, Clone)]
pub(crate) struct Storm {
    pub(crate) kind: Kind,
    pub(crate) per_second: f64,
    pub(crate) time: Duration,
    /// Where to.
    pub(crate) to: Vec<SocketAddr>,
    /// Users are named by this, so that no two storms share one.
    pub(crate) name: String,
}

impl Storm {
    /// Everybody who will come.
    pub(crate) fn users(&self) -> Vec<User> {
        self.schedule()
            .map(|(number, _)| User::new(&self.name, number))
            .collect()
    }

    fn schedule(&self) -> Schedule {
        let mix = |n: u64, byte| n.wrapping_mul(31).wrapping_add(u64::from(byte));
        Schedule::new(self.per_second, self.time, self.name.bytes().fold(1, mix))
    }

    /// Lets it loose. It ends by itself, [`PATIENCE`] after its last login at the latest.
    pub(crate) fn start(self, runtime: &Runtime) -> JoinHandle<Logins> {
        runtime.spawn(self.run())
    }

    async fn run(self) -> Logins {
        let start = Instant::now() + ANNOUNCED_BEFORE;
        let mut logins = Logins::default();
        let mut under_way = JoinSet::new();
        for (number, after) in self.schedule() {
            let Some(to) = self.to.get(number as usize % self.to.len().max(1)) else {
                break;
            };
            let user = User::new(&self.name, number);
            let intended = start + after;
            if let Kind::Announced(announcer) = &self.kind {
                tokio::time::sleep_until(intended - ANNOUNCED_BEFORE).await;
                announcer.announce(&user);
            } else {
                tokio::time::sleep_until(intended).await;
            }
            under_way.spawn(visit(self.kind.clone(), user, number, *to, intended));
            while let Some(ended) = under_way.try_join_next() {
                logins.count(&ended.unwrap_or(Outcome::GaveUp));
            }
        }
        while let Some(ended) = under_way.join_next().await {
            logins.count(&ended.unwrap_or(Outcome::GaveUp));
        }
        logins
    }
}

async fn visit(kind: Kind, user: User, number: u32, to: SocketAddr, intended: Instant) -> Outcome {
    match &kind {
        Kind::Forged(real) => forge(real, user, number, to).await,
        Kind::Anonymous => come_in(&Credentials::anonymous(&user), to, intended).await,
        Kind::As(who) => come_in(&who(&user), to, intended).await,
        Kind::Unknown | Kind::Announced(_) => {
            tokio::time::sleep_until(intended).await;
            come_in(&Credentials::new(&user, user.token()), to, intended).await
        }
    }
}

/// Tries until it is in, as a client would.
async fn come_in(who: &Credentials, to: SocketAddr, intended: Instant) -> Outcome {
    let tries = async {
        let mut tries = 0;
        loop {
            tries += 1;
            if let Ok(mut link) = Link::open(to, None).await {
                match link.login(who).await {
                    Answer::In => return (Some((tries, intended.elapsed())), Some(link)),
                    Answer::Refused => return (None, None),
                    Answer::Closed | Answer::Unavailable => {}
                }
            }
            tokio::time::sleep(people::pause(tries)).await;
        }
    };
    match tokio::time::timeout_at(intended + PATIENCE, tries).await {
        Ok((Some((tries, after)), link)) => {
            tokio::time::sleep(STAY).await;
            if let Some(link) = link {
                let _ = tokio::time::timeout(STAY, link.leave()).await;
            }
            Outcome::In { tries, after }
        }
        Ok((None, _)) => Outcome::Refused,
        Err(_) => Outcome::GaveUp,
    }
}

/// One try with a token that is nobody's.
async fn forge(real: &[User], made_up: User, number: u32, to: SocketAddr) -> Outcome {
    let half = number as usize / 2;
    let victim = real
        .get(half % real.len().max(1))
        .filter(|_| number.is_multiple_of(2));
    let who = Credentials::new(victim.unwrap_or(&made_up), people::forged_token());
    let last = u8::try_from(number % u32::from(FORGERS)).unwrap_or_default() + 1;
    let from = IpAddr::V4(Ipv4Addr::new(127, 0, 1, last));
    let began = Instant::now();
    let attempt = async {
        match Link::open(to, Some(from)).await {
            Ok(mut link) => link.login(&who).await,
            Err(_) => Answer::Closed,
        }
    };
    match tokio::time::timeout(PATIENCE, attempt).await {
        Ok(Answer::In) => Outcome::In {
            tries: 1,
            after: began.elapsed(),
        },
        Ok(Answer::Refused) => Outcome::Refused,
        Ok(Answer::Closed | Answer::Unavailable) | Err(_) => Outcome::GaveUp,
    }
}
