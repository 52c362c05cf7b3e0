//! What an answer of the static service, or an announcement, means for the token and for the logins that
//! wait for it. They are completed from TICK; see `completion`.

use std::rc::Rc;
use std::time::Duration;

use super::pending::Ticket;
use super::{AskKey, Effect, Engine, Level, Now, Origin, Refusal};
use crate::protocol::contract::{TokenDigest, Verdict};

/// How long a question that failed is not asked again.
const FAILURE_MEMORY: Duration = Duration::from_secs(1);
/// Failures remembered.
const MAX_FAILURES: usize = 10_000;

/// A question that got no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(pub String);

impl Engine {
    /// The question could not be sent: the queue to the worker is full.
    pub fn not_sent(&mut self, key: &AskKey) {
        let (asked, waiting) = self.pending.end(key);
        for (client_id, ticket) in waiting {
            self.pending.redeem(&client_id, ticket);
        }
        self.refund(asked.as_ref());
    }

    /// An answer of the static service. The logins that wait for it are completed from TICK.
    pub fn answer(
        &mut self,
        key: AskKey,
        answer: Result<Verdict, Failure>,
        now: Now,
    ) -> Vec<Effect> {
        let (asked, waiting) = self.pending.end(&key);
        if let Some(asked) = &asked {
            self.stall.answered(asked.age(now.mono), now.mono);
        }
        let mut effects = Vec::new();
        let outcome = match answer {
            // Else nothing would be known of it, and each retry would ask again.
            Ok(Verdict::Active(grant)) if grant.exp_s <= now.unix_s() => {
                effects.extend(self.void_token(&key, now));
                Err(Refusal::Expired)
            }
            Ok(Verdict::Active(grant)) => {
                self.refund(asked.as_ref());
                self.learn(key.digest, Rc::new(grant), Origin::Introspected, now);
                Ok(())
            }
            Ok(Verdict::Inactive) => {
                effects.extend(self.void_token(&key, now));
                Err(Refusal::Inactive)
            }
            Ok(Verdict::Unfit(why)) => {
                effects.extend(self.tell_unfit(&why, now));
                effects.extend(self.void_token(&key, now));
                Err(Refusal::Inactive)
            }
            Err(Failure(why)) => {
                self.refund(asked.as_ref());
                self.remember_failure(key, now);
                effects.extend(self.tell_failure(&why, now));
                Err(Refusal::Unavailable)
            }
        };
        effects.extend(
            waiting
                .into_iter()
                .map(|(client_id, ticket)| complete(client_id, ticket, outcome)),
        );
        effects
    }

    /// An announcement for logins that wait already.
    pub(super) fn announced(&mut self, digest: &TokenDigest) -> Vec<Effect> {
        let mut effects = Vec::new();
        for key in self.pending.about(digest) {
            let (asked, waiting) = self.pending.end(&key);
            self.refund(asked.as_ref());
            effects.extend(
                waiting
                    .into_iter()
                    .map(|(client_id, ticket)| complete(client_id, ticket, Ok(()))),
            );
        }
        effects
    }

    fn void_token(&mut self, key: &AskKey, now: Now) -> Vec<Effect> {
        let known = self.tokens.good(&key.digest, now).is_some();
        self.tokens.learn_bad(*key, now);
        if known {
            self.kick_token(&key.digest, "login token is no longer active")
        } else {
            Vec::new()
        }
    }

    fn remember_failure(&mut self, key: AskKey, now: Now) {
        self.unavailable.put(key, now.mono + FAILURE_MEMORY);
        if self.unavailable.len() > MAX_FAILURES {
            self.unavailable.pop_lru();
        }
    }

    fn tell_unfit(&mut self, why: &str, now: Now) -> Option<Effect> {
        let first = self.refusal_logs.pass("unfit", now.mono);
        first.then(|| {
            Effect::Log(
                Level::Warning,
                format!("an active token does not fit this login: {why}"),
            )
        })
    }

    fn tell_failure(&mut self, why: &str, now: Now) -> Option<Effect> {
        let first = self.refusal_logs.pass("introspection", now.mono);
        first.then(|| Effect::Log(Level::Error, format!("cannot check a login token: {why}")))
    }
}

fn complete(client_id: Box<str>, ticket: Ticket, outcome: Result<(), Refusal>) -> Effect {
    Effect::CompleteLogin {
        client_id,
        ticket,
        outcome,
    }
}
