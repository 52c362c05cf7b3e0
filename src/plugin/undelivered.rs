//! What is on its way when the broker stops: kept in `state_dir` over the restart.

use super::{Host, Plugin};
use crate::engine::{Effect, Level, Undelivered};

impl<H: Host> Plugin<H> {
    /// The broker's end, after its last turn. What was on its way is kept for the next start.
    pub fn stop(self) {
        if self.capabilities.events && self.ticked.get() && !self.is_shadow() {
            self.keep_undelivered();
        }
    }

    fn keep_undelivered(&self) {
        let mut published = self.published.take();
        for effect in self.deferred.take() {
            if let Effect::Publish(publication) = effect {
                published.push(publication);
            }
        }
        let now = self.now();
        let (undelivered, effects) =
            self.with_engine(|engine| engine.take_undelivered(published, now));
        for effect in effects {
            if let Effect::Log(level, text) = effect {
                self.log(level, &text);
            }
        }
        if undelivered.is_empty() {
            return;
        }
        let count = deliveries(&undelivered);
        match self.worker().keep_undelivered(&undelivered) {
            Ok(()) if count == 0 => {}
            Ok(()) => self.log(
                Level::Notice,
                &format!("{count} messages are on their way; they are kept for the next start"),
            ),
            Err((0, why)) => self.log(
                Level::Warning,
                &format!("notices that wait for absent devices or are retained are lost: {why}"),
            ),
            Err((lost, why)) => self.log(
                Level::Warning,
                &format!("{lost} messages are on their way and are lost: {why}"),
            ),
        }
    }

    /// From the first TICK: what was on its way when the broker stopped goes on.
    pub(super) fn go_on(&self) {
        if self.undelivered.borrow().is_empty() || self.is_shadow() {
            return;
        }
        let undelivered = self.undelivered.take();
        // Before anything else: a message that brought the broker down would do so at each start.
        if let Err(why) = self.worker().forget_undelivered() {
            self.log(
                Level::Warning,
                &format!("{why}: what it holds may come once more"),
            );
        }
        let count = deliveries(&undelivered);
        if count > 0 {
            let text =
                format!("{count} messages were on their way when the broker stopped; they go on");
            self.log(Level::Notice, &text);
        }
        let now = self.now();
        let effects = self.with_engine(|engine| engine.go_on_with(undelivered, now));
        self.defer(effects);
    }
}

fn deliveries(undelivered: &[Undelivered]) -> usize {
    undelivered.iter().map(Undelivered::count).sum()
}
