//! What goes on record: all of it to the audit log, logins to the broker's log as well.

use super::{Host, Plugin};
use crate::engine::{Effect, Event, Level, Login, Outcome, Record};

impl<H: Host> Plugin<H> {
    /// Puts something on record that is known only here.
    pub(super) fn put_on_record(&self, event: Event) {
        let unix_ms = self.now().unix_ms;
        self.record(Record { unix_ms, event });
    }

    /// A login has a line in the log; all go to the audit log.
    pub(super) fn record(&self, record: Record) {
        if let Event::Login(login) = &record.event {
            let text = if self.is_shadow() {
                login.would()
            } else {
                login.to_string()
            };
            self.log(login_level(login), &text);
        }
        self.worker().record(record);
    }
}

/// The broker ends after it has ended its clients' connections, with no TICK in between.
impl<H> Drop for Plugin<H> {
    fn drop(&mut self) {
        for effect in self.engine.get_mut().take_records() {
            if let Effect::Record(record) = effect {
                self.worker.record(record);
            }
        }
    }
}

fn login_level(login: &Login) -> Level {
    match login.outcome {
        // The broker itself logs each connection; a line more for each is for those who ask for it.
        Outcome::Granted(_) => Level::Debug,
        Outcome::Refused(_) => Level::Notice,
    }
}
