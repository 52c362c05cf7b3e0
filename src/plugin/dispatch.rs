//! What each callback of the broker does. Decisions are the engine's, calls the host's.
//!
//! The broker calls back while it carries out what we ask of it (a kick reports a disconnect, a completed
//! login a connect), so nothing of the engine is borrowed while an effect is applied.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::figures::Watch;
use super::{Host, HostError};
use crate::config::{Secret, Settings};
use crate::engine::{
    AskKey, Attempt, ConnKey, Effect, Engine, Event, Glance, Level, NamesAt, Now, Query, Refusal,
    Ruling, Step, Ticket, Wait,
};
use crate::protocol::contract::DirectoryStep;
use crate::upstream::Question;
use crate::worker::{Inbox, Request, Update, Worker};

/// Updates applied in one TICK, and the time for them, as far as single ones allow; the rest waits for the next
/// TICK, so messages keep flowing.
const UPDATES_PER_TICK: (usize, Duration) = (1000, Duration::from_millis(1));

/// Longest time in one TICK for the steps of a directory load, as far as single steps allow.
const DIRECTORY_SLICE: Duration = Duration::from_micros(80);

/// A broker runs TICK at least ten times a second from its first turn on.
const FIRST_TICK: Duration = Duration::from_secs(2);

/// The answer to a CONNECT, for the C side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginRuling {
    /// Let in.
    Allow,
    /// The answer comes later, from TICK.
    Delayed,
    /// Refuse, for this reason.
    Refuse(Refusal),
}

/// The plugin, on the broker's thread.
pub struct Plugin<H> {
    host: H,
    pub(super) engine: RefCell<Engine>,
    /// Effects that came up outside TICK.
    deferred: RefCell<Vec<Effect>>,
    inbox: Inbox,
    pub(super) worker: Worker,
    settings: Settings,
    started: Instant,
    /// The same by the host's coarse clock.
    started_coarsely: Duration,
    ticked: Cell<bool>,
    /// Another turn was asked for, because the last one published.
    turn_wanted: Cell<bool>,
    watch: Watch,
    /// The last event of the feed whose effects are not all carried out yet.
    last_event: Cell<Option<u64>>,
}

impl<H: Host> Plugin<H> {
    pub(super) fn new(
        host: H,
        engine: Engine,
        worker: Worker,
        inbox: Inbox,
        settings: Settings,
    ) -> Plugin<H> {
        let (engine, deferred) = (RefCell::new(engine), RefCell::default());
        let (figures, counted) = worker.figures();
        Plugin {
            started_coarsely: host.coarse_time(),
            host,
            engine,
            deferred,
            inbox,
            worker,
            settings,
            started: Instant::now(),
            ticked: Cell::new(false),
            turn_wanted: Cell::new(false),
            watch: Watch::new(figures, counted),
            last_event: Cell::new(None),
        }
    }

    /// Writes a line into the broker's log.
    pub fn log(&self, level: Level, text: &str) {
        self.host.log(level, text);
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn worker(&self) -> &Worker {
        &self.worker
    }

    pub(super) fn with_engine<R>(&self, work: impl FnOnce(&mut Engine) -> R) -> R {
        work(&mut self.engine.borrow_mut())
    }

    /// BASIC_AUTH: a CONNECT.
    pub fn login(&self, attempt: &Attempt<'_>) -> LoginRuling {
        if !self.ticked.get() && self.started.elapsed() > FIRST_TICK {
            self.log(Level::Error, &format!("login refused: {}", Refusal::NoTick));
            return LoginRuling::Refuse(Refusal::NoTick);
        }
        // An announcement may lie in the queue already.
        self.apply_updates();
        let step = self.with_engine(|engine| engine.login(attempt, self.now()));
        match step {
            Step::Allow => LoginRuling::Allow,
            Step::Refuse(refusal) => LoginRuling::Refuse(refusal),
            Step::Ask { key, send, wait } => self.ask(attempt, key, send, wait),
        }
    }

    /// ACL_CHECK.
    pub fn acl(&self, query: &Query<'_>) -> Ruling {
        self.watch
            .timed(|| self.with_engine(|engine| engine.acl(query, || self.now())))
    }

    /// ACL_CHECK, before any name has been read: whether it is surely allowed.
    pub fn is_allowed_at_a_glance(
        &self,
        glance: &Glance<'_>,
        names: impl FnOnce() -> NamesAt,
    ) -> bool {
        self.watch
            .timed(|| self.with_engine(|engine| engine.is_allowed_at_a_glance(glance, names)))
    }

    /// CONNECT (2.1).
    pub fn connected(&self, client_id: &str) {
        let now = self.now();
        for effect in self.with_engine(|engine| engine.connected(client_id, now)) {
            self.apply(effect);
        }
    }

    /// DISCONNECT, and CLIENT_OFFLINE (2.1); whether the session may wait for the device.
    pub fn disconnected(&self, conn: ConnKey, waits: bool) {
        let now = self.now();
        self.with_engine(|engine| engine.disconnected(conn, waits, now));
    }

    /// TICK. True when something was published: 2.1 sends that in its next turn, and would wait up to
    /// 100 ms before (always, where it is built with WebSockets). So the bell is rung for that turn.
    pub fn tick(&self) -> bool {
        self.ticked.set(true);
        if self.is_quiet() {
            return false;
        }
        if self.turn_wanted.take() {
            self.inbox.turn_came();
        }
        self.apply_updates();
        self.apply_steps();
        let mut effects = self.deferred.take();
        effects.extend(self.with_engine(|engine| engine.tick(self.now())));
        effects.extend(self.share_figures(&self.watch, self.started.elapsed()));
        let unrecorded = self.with_engine(Engine::take_unrecorded);
        if unrecorded > 0 {
            self.worker.count_unrecorded(unrecorded);
        }
        let more = self.with_engine(|engine| engine.has_more());
        let mut published = false;
        for effect in effects {
            published |= matches!(effect, Effect::Publish(_));
            self.apply(effect);
        }
        if let Some(event) = self.last_event.take() {
            self.inbox.applied(event);
        }
        let another = published || more;
        if another {
            self.turn_wanted.set(true);
            self.inbox.want_turn();
        }
        another
    }

    /// Whether a TICK has nothing to do. 2.0 reads one packet in a turn, so this is asked for each message.
    fn is_quiet(&self) -> bool {
        !self.turn_wanted.get()
            && self.last_event.get().is_none()
            && self.inbox.is_empty()
            && self.deferred.borrow().is_empty()
            && self.engine.borrow().is_quiet(self.coarsely_elapsed())
    }

    fn coarsely_elapsed(&self) -> Duration {
        let now = self.host.coarse_time();
        now.saturating_sub(self.started_coarsely)
    }

    pub(super) fn now(&self) -> Now {
        let unix = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let unix_ms = u64::try_from(unix.as_millis()).unwrap_or(u64::MAX);
        Now {
            mono: self.started.elapsed(),
            unix_ms,
        }
    }

    fn ask(&self, attempt: &Attempt<'_>, key: AskKey, send: bool, wait: Wait) -> LoginRuling {
        if send
            && !self.worker.ask(Request {
                key,
                question: question(attempt),
            })
        {
            self.with_engine(|engine| engine.not_sent(&key));
            return self.refuse(attempt, Refusal::Overloaded);
        }
        match wait {
            Wait::Delayed => LoginRuling::Delayed,
            Wait::Leave => self.refuse(attempt, Refusal::NotYet),
            Wait::Blocking(longest) => self.block(attempt, key, longest),
        }
    }

    fn refuse(&self, attempt: &Attempt<'_>, refusal: Refusal) -> LoginRuling {
        let now = self.now();
        self.with_engine(|engine| engine.refused(attempt, refusal, now));
        LoginRuling::Refuse(refusal)
    }

    /// The bounded wait of the broker's thread on 2.0.
    fn block(&self, attempt: &Attempt<'_>, key: AskKey, longest: Duration) -> LoginRuling {
        let began = Instant::now();
        while !self.with_engine(|engine| engine.is_settled(&key, self.now())) {
            let Some(left) = longest
                .checked_sub(began.elapsed())
                .filter(|left| !left.is_zero())
            else {
                break;
            };
            if let Some(update) = self.inbox.wait(left) {
                self.apply_update(update);
            }
        }
        let now = self.now();
        self.with_engine(|engine| {
            let decided = engine.login_after_wait(attempt, now);
            engine.waited(began.elapsed(), decided.is_ok(), now);
            match decided {
                Ok(()) => LoginRuling::Allow,
                Err(refusal) => LoginRuling::Refuse(refusal),
            }
        })
    }

    fn apply_updates(&self) {
        let (most, longest) = UPDATES_PER_TICK;
        let mut began = None;
        for _ in 0..most {
            let Some(update) = self.inbox.take() else {
                return;
            };
            let began = *began.get_or_insert_with(Instant::now);
            self.apply_update(update);
            if began.elapsed() >= longest {
                return;
            }
        }
    }

    /// Takes in a slice of a directory load. What is left rings for another turn by itself.
    fn apply_steps(&self) {
        let Some(mut step) = self.inbox.take_step() else {
            return;
        };
        let began = Instant::now();
        loop {
            self.step(step);
            if began.elapsed() >= DIRECTORY_SLICE {
                return;
            }
            match self.inbox.take_step() {
                Some(next) => step = next,
                None => return,
            }
        }
    }

    /// Effects for the next TICK.
    pub(super) fn defer(&self, effects: Vec<Effect>) {
        self.deferred.borrow_mut().extend(effects);
    }

    /// Takes in one step of a directory load.
    pub(super) fn step(&self, step: DirectoryStep) {
        let effects = self.with_engine(|engine| engine.directory_step(step));
        self.defer(effects);
    }

    fn apply_update(&self, update: Update) {
        if let Update::Feed(id, _) | Update::FeedUnreadable(id, _) | Update::FeedAt(id) = &update {
            self.last_event.set(Some(*id));
        }
        let now = self.now();
        let effects = self.with_engine(|engine| super::updates::apply(engine, update, now));
        self.defer(effects);
    }

    fn apply(&self, effect: Effect) {
        match effect {
            Effect::Log(level, text) => self.log(level, &text),
            Effect::Kick { client_id, reason } => {
                self.log(
                    Level::Notice,
                    &format!("{client_id}: connection ended: {reason}"),
                );
                self.put_on_record(Event::Kick {
                    client_id: client_id.clone(),
                    reason,
                });
                if let Err(error) = self.host.kick(&client_id) {
                    self.log(
                        Level::Warning,
                        &format!("{client_id}: cannot be ended: {error}"),
                    );
                }
            }
            Effect::CompleteLogin {
                client_id,
                ticket,
                outcome,
            } => {
                self.complete(&client_id, ticket, outcome);
            }
            Effect::Subscribe { client_id, filter } => {
                if let Err(error) = self.host.subscribe(&client_id, &filter) {
                    self.tell_subscription(&client_id, &filter, error);
                }
            }
            Effect::Unsubscribe { client_id, filter } => {
                if let Err(error) = self.host.unsubscribe(&client_id, &filter) {
                    self.tell_subscription(&client_id, &filter, error);
                }
            }
            Effect::NoteDevice(client_id) => self.worker.note_device(client_id),
            Effect::Record(record) => self.record(record),
            Effect::Publish(publication) => {
                if let Err(error) = self.host.publish(&publication) {
                    self.log(
                        Level::Error,
                        &format!("cannot publish to {}: {error}", publication.topic),
                    );
                }
            }
        }
    }

    /// An absent device may have no session any more: that is no failure.
    fn tell_subscription(&self, client_id: &str, filter: &str, error: HostError) {
        if !error.is_no_such_session() {
            let text = format!("{client_id}: subscription `{filter}` cannot be changed: {error}");
            self.log(Level::Warning, &text);
        }
    }

    fn complete(&self, client_id: &str, ticket: Ticket, outcome: Result<(), Refusal>) {
        let now = self.now();
        let due = self.with_engine(|engine| engine.redeem(client_id, ticket, outcome, now));
        let Some(outcome) = due else {
            return;
        };
        if let Err(error) = self.host.complete_login(client_id, outcome.is_ok()) {
            self.log(
                Level::Error,
                &format!("{client_id}: login cannot be completed: {error}"),
            );
        }
        self.with_engine(Engine::completed);
    }
}

fn question(attempt: &Attempt<'_>) -> Question {
    Question {
        token: Secret::new(attempt.token.unwrap_or_default().to_owned()),
        username: attempt.username.unwrap_or_default().to_owned(),
        client_id: attempt.client_id.unwrap_or_default().to_owned(),
        peer: attempt.peer.to_owned(),
    }
}
