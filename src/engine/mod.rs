//! Room 3, the decisions: who may log in, what the feed's events mean, what follows each second.
//!
//! Pure: no I/O, no clock, no logger. Time comes in as [`Now`], consequences go out as [`Effect`]s, which
//! `plugin` applies. One thread owns the [`Engine`].

mod acl;
mod answer;
mod by_hand;
mod completion;
mod config;
mod control;
mod devices;
mod directory;
mod echo;
mod explain;
mod failures;
mod feed;
mod figures;
mod glance;
mod limit;
mod login;
mod pending;
mod presence;
mod presubscription;
mod record;
mod refusal;
mod retained;
mod review;
mod routes;
mod sessions;
mod shadow;
mod stall;
mod throttle;
mod tick;
mod token;
mod waiting;
mod watched;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::time::Duration;

use lru::LruCache;

pub use acl::{Access, Query, Ruling};
pub use answer::Failure;
pub use by_hand::{Stage, Undelivered};
pub use completion::Ending;
pub use config::{EngineConfig, Payloads};
pub use control::Done;
pub use figures::{Counts, Decisions, Figures, TokenLookups};
pub use glance::{Glance, NamesAt, Place};
pub use login::{Attempt, Step, Wait};
pub use pending::{MAX_WAITING, Pending, Ticket};
pub use record::{Change, Event, Login, Outcome, Record, Refused};
pub use refusal::Refusal;
pub use sessions::{Session, Sessions};
pub use shadow::WouldRefuse;
pub use stall::StallBudget;
pub use token::{AskKey, MAX_TOKEN_BYTES, Origin, TokenCache, digest};

use crate::policy::{Directory, Policy};
use crate::protocol::SessionName;
// Of what questions are made.
pub(crate) use crate::protocol::PartLengths;
pub use crate::protocol::SessionId;
use crate::protocol::contract::Grant;
pub use crate::protocol::contract::TokenDigest;
use throttle::Throttle;
use watched::{Changes, Watched};

/// The time, twice: for spans and for dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Since the plugin started; never goes back.
    pub mono: Duration,
    /// Milliseconds since 1970 UTC; may jump.
    pub unix_ms: u64,
}

impl Now {
    /// Seconds since 1970 UTC.
    pub fn unix_s(self) -> u64 {
        self.unix_ms / 1000
    }
}

/// A connection, told apart from all others that live at the same time. Opaque here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnKey(pub usize);

impl ConnKey {
    /// Where the broker shows no connections that could be told apart (1.x): of the client id, which one connection has
    /// at a time.
    pub fn of_client_id(client_id: &str) -> ConnKey {
        let mut hasher = DefaultHasher::new();
        client_id.hash(&mut hasher);
        // Where addresses are shorter, so is the key.
        #[allow(clippy::cast_possible_truncation)]
        ConnKey(hasher.finish() as usize)
    }
}

/// How grave a line of the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// For somebody looking for a fault.
    Debug,
    /// Ordinary business.
    Info,
    /// Ordinary, but worth seeing.
    Notice,
    /// Something to look at.
    Warning,
    /// Something to act on.
    Error,
}

/// A message that the broker is to publish on our behalf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// One client id, subscribed or not; everybody who subscribed when `None`.
    pub to: Option<Box<str>>,
    /// The topic.
    pub topic: String,
    /// The payload.
    pub payload: Vec<u8>,
    /// 0 or 1.
    pub qos: u8,
    /// Whether the broker keeps it.
    pub retain: bool,
    /// Seconds until it is void; 0 means never.
    pub expiry_s: u32,
}

impl Publication {
    /// When it is void, in seconds since 1970, if it is published now; 0 means never.
    fn void_at(&self, now: Now) -> u64 {
        void_at(self.expiry_s, now)
    }
}

/// When something is void, in seconds since 1970, that is so in so many seconds; 0 means never.
fn void_at(expiry_s: u32, now: Now) -> u64 {
    match expiry_s {
        0 => 0,
        left => now.unix_s() + u64::from(left),
    }
}

/// Seconds left until something is void, 0 for ever; `None` when it is.
fn left_s(void_at_unix_s: u64, now: Now) -> Option<u32> {
    match void_at_unix_s {
        0 => Some(0),
        at => {
            let left = at.checked_sub(now.unix_s()).filter(|left| *left > 0)?;
            Some(u32::try_from(left).unwrap_or(u32::MAX))
        }
    }
}

/// What is to be done at the broker. Applied from TICK only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// End a session's connection.
    Kick {
        /// Whose.
        client_id: Box<str>,
        /// For the log.
        reason: String,
    },
    /// Answer a delayed login.
    CompleteLogin {
        /// Whose.
        client_id: Box<str>,
        /// Which attempt's.
        ticket: Ticket,
        /// Yes, or why not.
        outcome: Result<(), Refusal>,
    },
    /// Publish.
    Publish(Publication),
    /// Subscribe a client on its behalf (2.1).
    Subscribe {
        /// Whom.
        client_id: Box<str>,
        /// To what, at QoS 1.
        filter: String,
    },
    /// Drop a client's subscription (2.1).
    Unsubscribe {
        /// Whose.
        client_id: Box<str>,
        /// The filter as it was subscribed to.
        filter: String,
    },
    /// Keep a device in mind over restarts.
    NoteDevice(Box<str>),
    /// Put something on record.
    Record(Record),
    /// Write a line.
    Log(Level, String),
}

/// Everything that the broker's thread owns.
pub struct Engine {
    config: EngineConfig,
    /// Of policy, directory, sessions and devices.
    changes: Changes,
    policy: Watched<Policy>,
    directory: Watched<Directory>,
    tokens: TokenCache,
    revoked: LruCache<TokenDigest, ()>,
    unavailable: LruCache<AskKey, Duration>,
    pending: Pending,
    approved: Option<completion::Approved>,
    peer_failures: limit::FailureLimit,
    user_failures: limit::FailureLimit,
    peer_slips: limit::FailureLimit,
    all_failures: limit::FailureLimit,
    held_failures: limit::FailureLimit,
    sessions: Watched<Sessions>,
    acquaintances: glance::Acquaintances,
    heard: glance::Heard,
    talk: glance::Talk,
    /// Connections that began before events were lost: to be ended little by little.
    recheck: Vec<ConnKey>,
    stall: StallBudget,
    shadow: shadow::Shadow,
    feed_live: bool,
    reachable: bool,
    outbox: Vec<Effect>,
    counts: Counts,
    /// Records for the next TICK.
    records: Vec<Effect>,
    /// Records that found no room.
    unrecorded: u64,
    /// Users of devices that were here before the broker started: those who do not come back are offline.
    returning: Vec<Box<str>>,
    /// As `outbox`, for what must not be dropped; bounded by the sessions that it is about.
    due: Vec<Effect>,
    /// Clients whose session has ended since the last TICK, which the broker has not forgotten (2.1).
    lingering: Vec<Box<str>>,
    devices: Watched<devices::Devices>,
    words: presence::Words,
    sent: echo::Sent,
    by_hand: by_hand::ByHand,
    // Elsewhere, so that what is looked at for each message lies together.
    retained: Box<retained::Retained>,
    waiting: Box<waiting::Waiting>,
    refusal_notices: Throttle,
    refusal_logs: Throttle,
    refusal_records: Throttle,
    notice_number: u64,
    /// When expiries are looked for next.
    sweep_at: Duration,
}

impl Engine {
    /// An engine that knows nobody yet.
    pub fn new(config: EngineConfig, policy: Policy) -> Engine {
        let changes = Changes::default();
        Engine {
            config,
            policy: Watched::new(policy, &changes),
            directory: Watched::new(Directory::new(config.cache_size), &changes),
            tokens: TokenCache::new(config.cache_size, config.cache_ttl, config.negative_ttl),
            revoked: LruCache::unbounded(),
            unavailable: LruCache::unbounded(),
            pending: Pending::default(),
            approved: None,
            peer_failures: limit::FailureLimit::new(config.peer_failures_per_min),
            user_failures: limit::FailureLimit::new(config.user_failures_per_min),
            peer_slips: failures::peer_slips(),
            all_failures: failures::all_failures(),
            held_failures: failures::held_failures(),
            sessions: Watched::new(Sessions::default(), &changes),
            acquaintances: glance::Acquaintances::default(),
            heard: glance::Heard::default(),
            talk: glance::Talk::default(),
            recheck: Vec::new(),
            stall: StallBudget::new(config.stall_budget),
            shadow: shadow::Shadow::new(),
            feed_live: false,
            reachable: true,
            outbox: Vec::new(),
            counts: Counts::default(),
            records: Vec::new(),
            unrecorded: 0,
            returning: Vec::new(),
            due: Vec::new(),
            lingering: Vec::new(),
            devices: Watched::new(devices::Devices::new(), &changes),
            changes,
            words: presence::Words::default(),
            sent: echo::Sent::new(),
            by_hand: by_hand::ByHand::default(),
            retained: Box::new(retained::Retained::new()),
            waiting: Box::default(),
            refusal_notices: Throttle::new(Duration::from_secs(1), 10_000),
            refusal_logs: Throttle::new(Duration::from_secs(10), 10_000),
            refusal_records: Throttle::new(Duration::from_secs(1), 10_000),
            notice_number: 0,
            sweep_at: tick::SWEEP,
        }
    }

    /// Puts another policy in force, for everything decided from now on.
    pub fn set_policy(&mut self, policy: Policy) {
        *self.policy.change() = policy;
    }

    /// Takes over what may change while sessions go on: times and limits. What is remembered already keeps its time.
    pub fn retune(&mut self, config: &EngineConfig) {
        self.config.cache_ttl = config.cache_ttl;
        self.config.negative_ttl = config.negative_ttl;
        self.config.stall_budget = config.stall_budget;
        self.config.timeout = config.timeout;
        self.config.peer_failures_per_min = config.peer_failures_per_min;
        self.config.user_failures_per_min = config.user_failures_per_min;
        self.tokens.set_times(config.cache_ttl, config.negative_ttl);
        self.stall.set_per_second(config.stall_budget);
        self.peer_failures.set_limit(config.peer_failures_per_min);
        self.user_failures.set_limit(config.user_failures_per_min);
    }

    /// Whether the feed is connected and caught up.
    pub fn set_feed_live(&mut self, live: bool) {
        self.feed_live = live;
    }

    /// Whether the static service can be asked at all; while it cannot, unknown tokens are refused at once.
    pub fn set_reachable(&mut self, reachable: bool) {
        self.reachable = reachable;
    }

    /// The devices that were here before the broker started, by client id.
    pub fn restore_devices(&mut self, client_ids: &[String]) {
        for client_id in client_ids {
            if let Ok(name) = SessionName::parse(client_id) {
                self.devices.change().left(client_id, true);
                self.returning.push(name.user.to_string().into());
            }
        }
        self.returning.sort_unstable();
        self.returning.dedup();
    }

    /// The connections that are logged in.
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// A device is absent, and a session of it may wait.
    pub fn await_device(&mut self, client: SessionId<'_>) {
        self.devices.change().left(client.text(), true);
    }

    /// Whether a device is absent, and a session of it may wait.
    pub fn is_awaited(&self, client: SessionId<'_>) -> bool {
        let waiting = self.devices.of_user(client.username());
        waiting.iter().any(|device| **device == *client.text())
    }

    /// Takes an effect in for the next TICK. What does not fit is dropped: only notices of refusal and
    /// log lines come this way.
    fn later(&mut self, effect: Effect) {
        const MOST: usize = 10_000;
        if self.outbox.len() < MOST {
            self.outbox.push(effect);
        }
    }

    fn learn(&mut self, digest: TokenDigest, grant: Rc<Grant>, origin: Origin, now: Now) {
        if self.revoked.contains(&digest) {
            return;
        }
        // Rights are taken in when they are told, not at each login: the feed may have changed them since.
        if let Some(rights) = completion::rights(&grant) {
            self.directory.change().login(grant.user(), &rights);
        }
        self.tokens.learn(digest, grant, origin, now);
    }
}

#[cfg(test)]
mod tests;
