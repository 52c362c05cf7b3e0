//! Counting failed logins, and putting every login on record.

use super::limit::{FailureLimit, peer_name};
use super::pending::Asked;
use super::{Attempt, Engine, Event, Login, Now, Outcome, Refusal};

/// Failed logins of all peers together: this many at once, and this many a minute. It bounds what a flood
/// from many addresses makes the static service do.
const ALL_FAILURES: (u32, u32) = (1000, 3000);
/// Whoever fails more often than this, at once and a minute, no longer counts as one who hardly ever fails.
const SLIPS: (u32, u32) = (5, 5);
/// Questions for which a user's logins are kept waiting though the answer turns out bad: this many at once,
/// and this many a minute. While a login waits, Mosquitto 2.1 refuses every other one under its client id,
/// so whoever forges tokens for a user must not make logins wait for long.
const HELD_FAILURES: (u32, u32) = (5, 5);
/// The one bucket's name.
const ALL: &str = "";

/// The limit for all peers together.
pub(super) fn all_failures() -> FailureLimit {
    FailureLimit::with_room_for(ALL_FAILURES.0, ALL_FAILURES.1)
}

/// The failures of a peer that hardly ever fails.
pub(super) fn peer_slips() -> FailureLimit {
    FailureLimit::with_room_for(SLIPS.0, SLIPS.1)
}

/// The failures that each user's logins were kept waiting for.
pub(super) fn held_failures() -> FailureLimit {
    FailureLimit::with_room_for(HELD_FAILURES.0, HELD_FAILURES.1)
}

impl Engine {
    /// Whether logins of this user may be kept waiting for one more question.
    pub(super) fn may_hold(&mut self, user: &str, now: Now) -> bool {
        self.held_failures.charge(user, now.mono)
    }

    /// A failure that took no question. It counts all the same, and turns into [`Refusal::TooManyFailures`]
    /// when there were too many.
    pub(super) fn count_failure(
        &mut self,
        peer: &str,
        user: Option<&str>,
        refusal: Refusal,
        now: Now,
    ) -> Refusal {
        if self.charge(peer, user, now) {
            refusal
        } else {
            Refusal::TooManyFailures
        }
    }

    /// Takes one from each bucket that counts; false, and nothing taken, when one of them is empty. A peer
    /// that hardly ever fails does not depend on what all the others do.
    pub(super) fn charge(&mut self, peer: &str, user: Option<&str>, now: Now) -> bool {
        let peer = peer_name(peer);
        let clean = self.peer_slips.charge(&peer, now.mono);
        if !self.all_failures.charge(ALL, now.mono) && !clean {
            return false;
        }
        if !self.peer_failures.charge(&peer, now.mono) {
            self.all_failures.refund(ALL);
            return false;
        }
        let passed = user.is_none_or(|user| self.user_failures.charge(user, now.mono));
        if !passed {
            self.peer_failures.refund(&peer);
            self.all_failures.refund(ALL);
        }
        passed
    }

    pub(super) fn refund(&mut self, asked: Option<&Asked>) {
        if let Some(asked) = asked {
            self.peer_failures.refund(&asked.peer);
            self.peer_slips.refund(&asked.peer);
            self.user_failures.refund(&asked.user);
            self.all_failures.refund(ALL);
            if asked.held {
                self.held_failures.refund(&asked.user);
            }
        }
    }

    pub(super) fn record(&mut self, attempt: &Attempt<'_>, outcome: Outcome, now: Now) {
        self.keep_record(
            attempt.client_id.or(attempt.username).unwrap_or_default(),
            attempt.peer,
            outcome,
            now,
        );
    }

    /// Records what happened. A peer that has failed too often fills no log: one line in ten seconds.
    pub(super) fn keep_record(&mut self, client_id: &str, peer: &str, outcome: Outcome, now: Now) {
        self.counts.login(outcome);
        let flood = outcome == Outcome::Refused(Refusal::TooManyFailures);
        if flood && !self.refusal_logs.pass(peer, now.mono) {
            return;
        }
        let login = Login {
            client_id: client_id.to_owned(),
            peer: peer.to_owned(),
            outcome,
        };
        self.put_on_record(Event::Login(login), now);
    }
}
