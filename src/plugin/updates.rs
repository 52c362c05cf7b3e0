//! What the worker tells, brought to the engine.

use crate::engine::{Effect, Engine, Failure, Now};
use crate::worker::Update;

/// Applies one update to the engine; gives what is to be done at the broker from TICK.
pub(super) fn apply(engine: &mut Engine, update: Update, now: Now) -> Vec<Effect> {
    match update {
        Update::Answer(key, answer) => {
            engine.answer(key, answer.map_err(|e| Failure(e.to_string())), now)
        }
        Update::Feed(_, event) => engine.feed_event(event, now),
        Update::FeedUnreadable(_, event) => {
            engine.unreadable_event(&event.why, event.withdraws, now)
        }
        Update::FeedAt(_) => Vec::new(),
        Update::FeedLive(live) => {
            engine.set_feed_live(live);
            Vec::new()
        }
        Update::Reachable(reachable) => {
            engine.set_reachable(reachable);
            Vec::new()
        }
        Update::Log(level, text) => vec![Effect::Log(level, text)],
        // The plugin's own business.
        Update::Options { .. } | Update::OptionsRefused(_) => Vec::new(),
    }
}
