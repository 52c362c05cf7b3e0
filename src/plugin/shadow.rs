//! Shadow mode: the broker does what it would do without the plugin, and the plugin says what it would have done.
//!
//! Nothing reaches the broker but log lines and the figures below `$SYS`: see [`is_withheld`].

use std::time::Duration;

use super::figures::SYS;
use super::{Host, Plugin};
use crate::config::Mode;
use crate::engine::{Attempt, Effect, Level, Query, Refusal, Step, Wait, WouldRefuse};
use crate::worker::Request;

/// How often the log says that nothing is enforced; also at the start and on SIGHUP.
const REMINDING: Duration = Duration::from_secs(600);

impl<H: Host> Plugin<H> {
    /// Whether nothing is enforced.
    pub fn is_shadow(&self) -> bool {
        self.settings().mode == Mode::Shadow
    }

    /// A CONNECT that others decide about. What it would have come to is told when it is known; nobody waits for it. After
    /// SIGHUP, if it `may_be_kept`, it is a session that the broker has already, and no CONNECT.
    pub fn observe_login(&self, attempt: &Attempt<'_>, may_be_kept: impl FnOnce() -> bool) {
        if self.reviewing.get() && may_be_kept() {
            return;
        }
        self.apply_updates();
        let now = self.now();
        let Step::Ask { key, send, wait } = self.with_engine(|engine| engine.login(attempt, now))
        else {
            return;
        };
        let question = super::login::question(attempt);
        let refusal = if send && !self.worker.ask(Request { key, question }) {
            self.with_engine(|engine| engine.not_sent(&key));
            Refusal::Overloaded
        } else if wait == Wait::Leave {
            Refusal::NotYet
        } else {
            return;
        };
        self.with_engine(|engine| engine.refused(attempt, refusal, now));
    }

    /// A message or a subscription that others decide about.
    pub fn observe(&self, query: &Query<'_>) {
        self.with_engine(|engine| engine.observe(query, || self.now()));
    }

    /// Says now and then that nothing is enforced.
    pub(super) fn remind_of_shadow(&self, mono: Duration) {
        if self.is_shadow() && mono >= self.reminded_at.get() + REMINDING {
            self.tell_shadow();
        }
    }

    /// 2.0 has no way to be passed over: what all defer it refuses.
    pub(super) fn warn_of_shadow(&self) {
        if self.is_shadow() && !self.capabilities.delayed_login {
            let text = "shadow mode: Mosquitto 2.0 refuses what nobody else allows: it needs password_file and acl_file, or \
                        another plugin, beside this one (docs/shadow.md)";
            self.log(Level::Warning, text);
        }
    }

    pub(super) fn tell_shadow(&self) {
        if !self.is_shadow() {
            return;
        }
        self.reminded_at.set(self.started.elapsed());
        let WouldRefuse {
            logins,
            publishes,
            subscriptions,
            deliveries,
        } = self.with_engine(|engine| engine.would_refuse());
        let text = format!(
            "SHADOW MODE: nothing is enforced; since the start {logins} logins, {publishes} messages, {subscriptions} \
             subscriptions and {deliveries} deliveries would have been refused"
        );
        self.log(Level::Warning, &text);
    }
}

/// Whether shadow mode keeps an effect from the broker.
pub(super) fn is_withheld(effect: &Effect) -> bool {
    match effect {
        Effect::Log(..) | Effect::Record(_) | Effect::CompleteLogin { .. } => false,
        Effect::Publish(publication) => !publication.topic.starts_with(SYS),
        Effect::Kick { .. }
        | Effect::Subscribe { .. }
        | Effect::Unsubscribe { .. }
        | Effect::NoteDevice(_) => true,
    }
}
