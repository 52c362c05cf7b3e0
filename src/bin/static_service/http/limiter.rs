//! Limits on guessing passwords, which slow a guesser down and lock nobody out.
//!
//! | counted | at once | then one every | for whom |
//! |---|---|---|---|
//! | a known device | 10 | 12 s | a client that shows a refresh token of the user's device, even an old one; *nothing else counts for it* |
//! | user and peer | 5 | 12 s | all others |
//! | peer, over all users | 100 | 0.6 s | all others; only failures count |
//! | user, over all peers | 50 | 36 s | all others, save at a peer where the user has logged in lately |
//!
//! So who guesses from many addresses is held to 100 guesses an hour, and the user is not in the way of it:
//! neither on devices that were logged in once, nor on new ones at a usual address. A success takes back what it
//! counted. All is in memory and for one replica; keys that were seen least lately are forgotten.

mod bucket;

use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;

use crate::identity::UserId;
use crate::secret::Digest;
use bucket::{Buckets, Rate};

/// Keys remembered of each kind: some MiB in all.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(50_000).expect("50,000 is not zero");
/// How long an address is usual after a login.
const USUAL: Duration = Duration::from_secs(30 * 24 * 3600);

const DEVICE: Rate = rate(10, 12_000);
const PAIR: Rate = rate(5, 12_000);
const PEER: Rate = rate(100, 600);
const USER: Rate = rate(50, 36_000);

const fn rate(burst: u32, every_ms: u64) -> Rate {
    Rate {
        burst,
        every: Duration::from_millis(every_ms),
    }
}

/// Counts attempts.
#[derive(Debug)]
pub(crate) struct Limiter {
    counts: Mutex<Counts>,
    /// Makes names to keys that nobody can foresee.
    hasher: RandomState,
}

#[derive(Debug)]
struct Counts {
    devices: Buckets,
    pairs: Buckets,
    peers: Buckets,
    users: Buckets,
    /// Pairs of user and peer that logged in, and when.
    usual: LruCache<u64, Instant>,
}

/// Who tries.
#[derive(Debug)]
pub(crate) enum Guesser<'a> {
    /// A device that the user is known to have, by what its refresh tokens have in common.
    Known(&'a Digest),
    /// The holder of a session, who changes its password.
    Session(&'a Digest),
    /// Anybody else.
    Stranger(IpAddr),
}

/// What an attempt counts for.
#[derive(Debug, Clone, Copy)]
enum Keys {
    Device(u64),
    Stranger { pair: u64, peer: u64, user: u64 },
}

/// An attempt under way. Counts as failed unless it is said to be otherwise, also when its client goes away.
#[derive(Debug)]
pub(crate) struct Attempt<'l> {
    limiter: &'l Limiter,
    keys: Keys,
    begun: Instant,
    failed: bool,
}

impl Limiter {
    /// Knows no failures.
    pub(crate) fn new() -> Limiter {
        let counts = Counts {
            devices: Buckets::new(DEVICE, REMEMBERED),
            pairs: Buckets::new(PAIR, REMEMBERED),
            peers: Buckets::new(PEER, REMEMBERED),
            users: Buckets::new(USER, REMEMBERED),
            usual: LruCache::new(REMEMBERED),
        };
        Limiter {
            counts: Mutex::new(counts),
            hasher: RandomState::new(),
        }
    }

    /// Lets an attempt begin, or says how long it has to wait. It counts from its beginning, so that many at
    /// once do not slip through.
    pub(crate) fn admit(
        &self,
        user: &UserId,
        guesser: Guesser<'_>,
        now: Instant,
    ) -> Result<Attempt<'_>, Duration> {
        let keys = self.keys(user, guesser);
        self.counts().admit(keys, now)?;
        Ok(Attempt {
            limiter: self,
            keys,
            begun: now,
            failed: true,
        })
    }

    fn keys(&self, user: &UserId, guesser: Guesser<'_>) -> Keys {
        let (eid, uid) = (user.eid(), user.uid());
        match guesser {
            Guesser::Known(device) => Keys::Device(self.hasher.hash_one((0, device.as_str()))),
            Guesser::Session(session) => Keys::Device(self.hasher.hash_one((1, session.as_str()))),
            Guesser::Stranger(peer) => {
                let peer = network(peer);
                Keys::Stranger {
                    pair: self.hasher.hash_one((eid, uid, peer)),
                    peer: self.hasher.hash_one(peer),
                    user: self.hasher.hash_one((eid, uid)),
                }
            }
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn admit(&mut self, keys: Keys, now: Instant) -> Result<(), Duration> {
        let waits = match keys {
            Keys::Device(device) => [self.devices.wait(device, now), None, None],
            Keys::Stranger { pair, peer, user } => {
                let usual = self.usual.peek(&pair);
                let usual = usual.is_some_and(|at| now.saturating_duration_since(*at) < USUAL);
                let of_user = || self.users.wait(user, now);
                let of_user = (!usual).then(of_user).flatten();
                [
                    self.pairs.wait(pair, now),
                    self.peers.wait(peer, now),
                    of_user,
                ]
            }
        };
        if let Some(wait) = waits.into_iter().flatten().max() {
            return Err(wait);
        }
        match keys {
            Keys::Device(device) => self.devices.charge(device, now),
            Keys::Stranger { pair, user, .. } => {
                self.pairs.charge(pair, now);
                self.users.charge(user, now);
            }
        }
        Ok(())
    }

    /// Takes back what an attempt counted.
    fn take_back(&mut self, keys: Keys) {
        match keys {
            Keys::Device(device) => self.devices.refund(device),
            Keys::Stranger { pair, user, .. } => {
                self.pairs.refund(pair);
                self.users.refund(user);
            }
        }
    }
}

impl Attempt<'_> {
    /// The password was right: earlier failures of the same device, or of the same user and peer, are forgiven.
    pub(crate) fn succeeded(mut self, now: Instant) {
        self.failed = false;
        let mut counts = self.limiter.counts();
        counts.take_back(self.keys);
        match self.keys {
            Keys::Device(device) => counts.devices.forget(device),
            Keys::Stranger { pair, .. } => {
                counts.pairs.forget(pair);
                counts.usual.put(pair, now);
            }
        }
    }

    /// The password was never looked at.
    pub(crate) fn called_off(mut self) {
        self.failed = false;
        self.limiter.counts().take_back(self.keys);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if let (true, Keys::Stranger { peer, .. }) = (self.failed, self.keys) {
            self.limiter.counts().peers.charge(peer, self.begun);
        }
    }
}

/// What one guesser has: an IPv4 address, or an IPv6 network of 64 bits.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let bits = u128::from(address) & !u128::from(u64::MAX);
            Ipv6Addr::from(bits).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests;
