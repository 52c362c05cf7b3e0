//! What follows by itself: late logins, expired tokens, and what was put off until TICK.

use std::time::Duration;

use super::{Effect, Engine, Event, Now, Refusal};

/// How often expiries are looked for.
pub(super) const SWEEP: Duration = Duration::from_millis(500);
/// What a login may wait beyond the timeout of its question: the worker's own queue.
const LATE: Duration = Duration::from_secs(1);

/// After a start clients get this long to come back before they are said to be offline.
const RETURN: Duration = Duration::from_secs(30);
/// Users said to be offline in one sweep.
const ABSENT_AT_ONCE: usize = 500;

/// Sweeps in which all sessions are checked anew: a minute's.
const RECHECK_SWEEPS: usize = 120;
/// Sessions checked anew in one sweep, at least.
const RECHECK_LEAST: usize = 25;

impl Engine {
    /// Everything that is due.
    pub fn tick(&mut self, now: Now) -> Vec<Effect> {
        let mut effects = std::mem::take(&mut self.outbox);
        effects.append(&mut self.due);
        effects.append(&mut self.records);
        // The broker has forgotten them by now.
        self.lingering.clear();
        self.presence_put_right();
        self.retained.tick();
        self.waiting.tick();
        effects.extend(self.bring_by_hand(now));
        effects.extend(self.bring_what_waits(now));
        self.sweep_on_record(&mut effects, now);
        if now.mono < self.sweep_at {
            return effects;
        }
        self.sweep_at = now.mono + SWEEP;
        let limit = now.mono.saturating_sub(self.config.timeout + LATE);
        for (client_id, ticket) in self.pending.expired(limit) {
            let outcome = Err(Refusal::Unavailable);
            effects.push(Effect::CompleteLogin {
                client_id,
                ticket,
                outcome,
            });
        }
        for client_id in self.sessions.expired(now.unix_s()) {
            effects.push(Effect::Kick {
                client_id,
                reason: Refusal::Expired.to_string(),
            });
        }
        effects.extend(self.recheck_some());
        if now.mono > RETURN {
            self.presence_of_absent(ABSENT_AT_ONCE);
        }
        effects
    }

    /// Whether [`Engine::tick`] would do nothing at this time.
    pub fn is_quiet(&self, mono: Duration) -> bool {
        mono < self.sweep_at
            && self.outbox.is_empty()
            && self.due.is_empty()
            && self.records.is_empty()
            && self.lingering.is_empty()
            && !self.directory.is_sweeping()
            && self.is_quiet_by_hand()
            && self.retained.is_quiet()
            && self.waiting.is_quiet()
            && self.is_quiet_presence()
    }

    /// When [`Engine::tick`] has something to do by itself.
    pub fn due_at(&self) -> Duration {
        self.sweep_at
    }

    fn sweep_on_record(&mut self, effects: &mut Vec<Effect>, now: Now) {
        let began = self.directory.is_sweeping();
        let more = self.sweep(effects);
        if began && !more {
            let (users, groups) = (self.directory.user_count(), self.directory.group_count());
            self.put_on_record(Event::DirectoryLoaded { users, groups }, now);
        }
    }

    /// Whether there is more to do than one TICK should take.
    pub fn has_more(&self) -> bool {
        self.directory.is_sweeping() || self.has_more_by_hand() || self.waiting.has_more()
    }

    /// Ends some of the sessions that have to log in anew: all of them within a minute.
    fn recheck_some(&mut self) -> Vec<Effect> {
        let some = (self.sessions.len() / RECHECK_SWEEPS)
            .max(RECHECK_LEAST)
            .min(self.recheck.len());
        let due = self.recheck.split_off(self.recheck.len() - some);
        let still = due.into_iter().filter_map(|conn| self.sessions.get(conn));
        let reason = "events were lost, the login has to be checked again";
        still
            .map(|s| Effect::Kick {
                client_id: s.client_id.clone(),
                reason: reason.to_owned(),
            })
            .collect()
    }
}
