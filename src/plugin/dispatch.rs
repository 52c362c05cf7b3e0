//! What each callback of the broker does. Decisions are the engine's, calls the host's.
//!
//! The broker calls back while it carries out what we ask of it (a kick reports a disconnect, a completed
//! login a connect), so nothing of the engine is borrowed while an effect is applied.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::figures::Watch;
use super::{Capabilities, Host, HostError};
use crate::config::Settings;
use crate::engine::{
    ConnKey, Effect, Ending, Engine, Event, Glance, Level, NamesAt, Now, Publication, Query,
    Ruling, Undelivered,
};
use crate::protocol::contract::DirectoryStep;
use crate::worker::{Inbox, Update, Worker};

/// Updates applied in one TICK, and the time for them, as far as single ones allow; the rest waits for the next
/// TICK, so messages keep flowing.
const UPDATES_PER_TICK: (usize, Duration) = (1000, Duration::from_millis(1));

/// Longest time in one TICK for the steps of a directory load, as far as single steps allow.
const DIRECTORY_SLICE: Duration = Duration::from_micros(80);

/// The plugin, on the broker's thread.
pub struct Plugin<H> {
    pub(super) host: H,
    pub(super) capabilities: Capabilities,
    pub(super) engine: RefCell<Engine>,
    /// Effects that came up outside TICK.
    pub(super) deferred: RefCell<Vec<Effect>>,
    /// Effects of the feed's events: it tells these again if the broker ends before they are carried out.
    told: RefCell<Vec<Effect>>,
    /// What else was published in this turn; the broker routes it in the next.
    pub(super) published: RefCell<Vec<Publication>>,
    /// What was on its way when the broker stopped. It goes on in the first TICK.
    pub(super) undelivered: RefCell<Vec<Undelivered>>,
    pub(super) inbox: Inbox,
    pub(super) worker: Worker,
    settings: Settings,
    pub(super) started: Instant,
    /// The same by the host's coarse clock.
    started_coarsely: Duration,
    pub(super) ticked: Cell<bool>,
    /// Between SIGHUP and the next TICK, when the broker asks about all whom it knows.
    pub(super) reviewing: Cell<bool>,
    /// When the log was last told that nothing is enforced.
    pub(super) reminded_at: Cell<Duration>,
    /// Another turn was asked for, because the last one published.
    turn_wanted: Cell<bool>,
    /// Whether anything may have come to pass since a TICK found nothing to do; what is allowed at a glance is nothing.
    pub(super) stirred: Cell<bool>,
    /// When there will be something by itself.
    due_at: Cell<Duration>,
    watch: Watch,
    /// The last event of the feed whose effects are not all carried out yet.
    last_event: Cell<Option<u64>>,
}

impl<H: Host> Plugin<H> {
    pub(super) fn new(
        host: H,
        capabilities: Capabilities,
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
            capabilities,
            engine,
            deferred,
            told: RefCell::default(),
            published: RefCell::default(),
            undelivered: RefCell::default(),
            inbox,
            worker,
            settings,
            started: Instant::now(),
            ticked: Cell::new(false),
            reviewing: Cell::new(false),
            reminded_at: Cell::new(Duration::ZERO),
            turn_wanted: Cell::new(false),
            stirred: Cell::new(true),
            due_at: Cell::new(Duration::ZERO),
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
        self.stirred.set(true);
        work(&mut self.engine.borrow_mut())
    }

    /// ACL_CHECK.
    pub fn acl(&self, query: &Query<'_>) -> Ruling {
        self.watch
            .timed(|| self.with_engine(|engine| engine.acl(query, || self.now())))
    }

    /// ACL_CHECK, before any name has been read: whether it is surely allowed.
    pub fn is_allowed_at_a_glance(&self, glance: &Glance<'_>, names: impl Fn() -> NamesAt) -> bool {
        self.watch
            .timed(|| (self.engine.borrow_mut()).is_allowed_at_a_glance(glance, names))
    }

    /// CONNECT (2.1).
    pub fn connected(&self, client_id: &str) {
        let now = self.now();
        for effect in self.with_engine(|engine| engine.connected(client_id, now)) {
            self.apply(effect);
        }
    }

    /// DISCONNECT, and CLIENT_OFFLINE (2.1).
    pub fn disconnected(&self, conn: ConnKey, ending: Ending) {
        let now = self.now();
        for effect in self.with_engine(|engine| engine.disconnected(conn, ending, now)) {
            self.apply(effect);
        }
    }

    /// TICK. True when something was published: 2.1 sends that in its next turn, and would wait up to
    /// 100 ms before (always, where it is built with WebSockets). So the bell is rung for that turn.
    pub fn tick(&self) -> bool {
        // 2.0 reads one packet in a turn, so this is asked for each message.
        let mono = self.coarsely_elapsed();
        if !self.stirred.get() && self.inbox.is_empty() && mono < self.due_at.get() {
            return false;
        }
        self.take_turn_at_need(mono)
    }

    #[inline(never)]
    fn take_turn_at_need(&self, mono: Duration) -> bool {
        if !self.is_quiet(mono) {
            return self.take_turn();
        }
        self.stirred.set(false);
        self.due_at.set(self.engine.borrow().due_at());
        false
    }

    fn take_turn(&self) -> bool {
        if !self.ticked.replace(true) {
            self.go_on();
        }
        self.reviewing.set(false);
        if self.turn_wanted.take() {
            self.inbox.turn_came();
        }
        // What was published in the turn before has been routed by now, and would not be if the broker ended between.
        if let Some(event) = self.last_event.take() {
            self.inbox.applied(event);
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
        let mut published = self.carry_out(self.told.take());
        // The broker has routed what was published in the turn before; and what the feed told, it would tell again.
        self.published.take();
        published |= self.carry_out(effects);
        let another = published || more || self.last_event.get().is_some();
        if another {
            self.turn_wanted.set(true);
            self.inbox.want_turn();
        }
        another
    }

    /// Applies effects; whether one of them publishes.
    fn carry_out(&self, effects: Vec<Effect>) -> bool {
        let mut published = false;
        for effect in effects {
            published |= matches!(effect, Effect::Publish(_));
            self.apply(effect);
        }
        published
    }

    /// Whether a TICK has nothing to do.
    fn is_quiet(&self, mono: Duration) -> bool {
        self.ticked.get()
            && !self.reviewing.get()
            && !self.turn_wanted.get()
            && self.last_event.get().is_none()
            && self.inbox.is_empty()
            && self.deferred.borrow().is_empty()
            && self.engine.borrow().is_quiet(mono)
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

    pub(super) fn apply_updates(&self) {
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
        self.stirred.set(true);
        self.deferred.borrow_mut().extend(effects);
    }

    /// Takes in one step of a directory load.
    pub(super) fn step(&self, step: DirectoryStep) {
        let effects = self.with_engine(|engine| engine.directory_step(step));
        self.defer(effects);
    }

    pub(super) fn apply_update(&self, update: Update) {
        let of_feed = match &update {
            Update::Feed(id, _) | Update::FeedUnreadable(id, _) | Update::FeedAt(id) => Some(*id),
            _ => None,
        };
        if of_feed.is_some() {
            self.stirred.set(true);
            self.last_event.set(of_feed);
        }
        let effects = match update {
            Update::Options {
                file,
                settings,
                changed,
            } => return self.options_reread(&file, &settings, changed),
            Update::OptionsRefused(why) => return self.options_refused(why),
            update => {
                let now = self.now();
                self.with_engine(|engine| super::updates::apply(engine, update, now))
            }
        };
        match of_feed {
            Some(_) => self.told.borrow_mut().extend(effects),
            None => self.defer(effects),
        }
    }

    fn apply(&self, effect: Effect) {
        if self.is_shadow() && super::shadow::is_withheld(&effect) {
            return;
        }
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
                } else {
                    self.published.borrow_mut().push(publication);
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
}
