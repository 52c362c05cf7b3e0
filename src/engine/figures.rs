//! What the engine counts, and how much it holds: for whoever watches the broker. Plain numbers of the broker's own
//! thread; others get a copy.

use std::collections::BTreeMap;
use std::time::Duration;

use super::record::Outcome;
use super::{Access, Engine, Origin};

/// Counted since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Logins let in by a token that the feed announced.
    pub granted_announced: u64,
    /// Logins let in by a token that was asked about.
    pub granted_introspected: u64,
    /// Logins refused, by the word for the reason.
    pub refused: BTreeMap<&'static str, u64>,
    /// How often a token was looked for and what was found.
    pub tokens: TokenLookups,
    /// Connections of logged-in clients that have ended.
    pub logouts: u64,
    /// Time for which the broker's thread has waited for answers (2.0).
    pub stalled: Duration,
    /// Decisions, by what was asked.
    pub decisions: Decisions,
    /// Notices that went out.
    pub notices: u64,
    /// How often events of the feed were lost.
    pub feed_lost: u64,
}

/// Look-ups of login tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TokenLookups {
    /// Known to be good.
    pub good: u64,
    /// Known to be bad, or not to be had an answer about just now.
    pub bad: u64,
    /// Unknown.
    pub unknown: u64,
}

/// Decisions: allowed and denied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Decisions {
    /// Allowed at a glance, deliveries and publishes.
    pub at_a_glance: u64,
    /// In the order of [`Decisions::KINDS`]: allowed, denied.
    pub each: [[u64; 2]; 4],
}

impl Decisions {
    /// The words for what is asked.
    pub const KINDS: [&'static str; 4] = ["receive", "publish", "subscribe", "unsubscribe"];

    pub(super) fn count(&mut self, access: Access, allowed: bool) {
        let [receive, publish, subscribe, unsubscribe] = &mut self.each;
        let [yes, no] = match access {
            Access::Receive => receive,
            Access::Publish => publish,
            Access::Subscribe => subscribe,
            Access::Unsubscribe => unsubscribe,
        };
        *(if allowed { yes } else { no }) += 1;
    }
}

/// Counts, and what there is at the moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// Since the start.
    pub counts: Counts,
    /// Connections that are logged in.
    pub sessions: usize,
    /// Logins that wait for an answer (2.1).
    pub pending_logins: usize,
    /// Tokens remembered.
    pub known_tokens: usize,
    /// Users in the directory.
    pub users: usize,
    /// Groups in the directory.
    pub groups: usize,
    /// Whether the directory holds every user there is.
    pub is_complete: bool,
    /// Rules of the policy file.
    pub rules: usize,
    /// Notices that are kept over restarts for absent devices, counted for each device.
    pub waiting_notices: usize,
    /// How often such a notice found no room.
    pub waiting_notices_left_out: u64,
    /// Topics whose retained notice is kept over restarts.
    pub retained_notices: usize,
    /// Whether the feed is connected and caught up.
    pub feed_live: bool,
    /// Whether the static service can be asked.
    pub reachable: bool,
    /// Whether nothing is enforced.
    pub shadow: bool,
}

impl Counts {
    pub(super) fn login(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Granted(Origin::Announced) => self.granted_announced += 1,
            Outcome::Granted(Origin::Introspected) => self.granted_introspected += 1,
            Outcome::Refused(refusal) => *self.refused.entry(refusal.word()).or_default() += 1,
        }
    }
}

impl Engine {
    /// As it stands.
    pub fn figures(&self) -> Figures {
        Figures {
            counts: self.counts.clone(),
            sessions: self.sessions.len(),
            pending_logins: self.pending.len(),
            known_tokens: self.tokens.len(),
            users: self.directory.user_count(),
            groups: self.directory.group_count(),
            is_complete: self.directory.is_complete(),
            rules: self.policy.rules().len(),
            waiting_notices: self.waiting.len(),
            waiting_notices_left_out: self.waiting.left_out(),
            retained_notices: self.retained.len(),
            feed_live: self.feed_live,
            reachable: self.reachable,
            shadow: self.config.shadow,
        }
    }
}
