//! A login, from CONNECT to its answer: at once, later from TICK (2.1), or after a bounded wait (2.0).

use std::time::{Duration, Instant};

use super::{Host, Plugin};
use crate::config::Secret;
use crate::engine::{AskKey, Attempt, ConnKey, Engine, Level, Refusal, Step, Ticket, Wait};
use crate::upstream::Question;
use crate::worker::Request;

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

impl<H: Host> Plugin<H> {
    /// BASIC_AUTH: a CONNECT, or after SIGHUP, if it `may_be_kept`, a session that the broker has already.
    pub fn login(&self, attempt: &Attempt<'_>, may_be_kept: impl FnOnce() -> bool) -> LoginRuling {
        if self.is_no_login(attempt, may_be_kept) {
            return LoginRuling::Allow;
        }
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

    /// A client wants nothing of a former session. It counts once it has logged in.
    pub fn begins_anew(&self, conn: ConnKey, client_id: &str) {
        self.with_engine(|engine| engine.begins_anew(conn, client_id));
    }

    /// Whether the broker only goes through what it has. What is not here then is a session that waits for its device.
    /// To end it would do nobody good, and 2.0 would note its expiry twice (session_expiry.c) and free it too early.
    fn is_no_login(&self, attempt: &Attempt<'_>, may_be_kept: impl FnOnce() -> bool) -> bool {
        // 1.x asks about CONNECTs alone.
        if !self.capabilities.events {
            return false;
        }
        let now = self.now();
        if self.with_engine(|engine| engine.is_here_already(attempt, now)) {
            return true;
        }
        // Without TICK nobody would see the end of it.
        let under_way = self.reviewing.get() && self.ticked.get();
        under_way && may_be_kept() && !self.with_engine(|engine| engine.has_session(attempt.conn))
    }

    /// SIGHUP: until the next TICK the broker asks about all whom it knows.
    pub(super) fn is_being_reviewed(&self) {
        self.stirred.set(true);
        self.reviewing.set(true);
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
        self.with_engine(
            |engine| match engine.login_after_wait(attempt, began.elapsed(), now) {
                Ok(()) => LoginRuling::Allow,
                Err(refusal) => LoginRuling::Refuse(refusal),
            },
        )
    }

    pub(super) fn complete(&self, client_id: &str, ticket: Ticket, outcome: Result<(), Refusal>) {
        let now = self.now();
        let due = self.with_engine(|engine| engine.redeem(client_id, ticket, outcome, now));
        let Some(outcome) = due.filter(|_| !self.is_shadow()) else {
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

pub(super) fn question(attempt: &Attempt<'_>) -> Question {
    Question {
        token: Secret::new(attempt.token.unwrap_or_default().to_owned()),
        username: attempt.username.unwrap_or_default().to_owned(),
        client_id: attempt.client_id.unwrap_or_default().to_owned(),
        peer: attempt.peer.to_owned(),
    }
}
