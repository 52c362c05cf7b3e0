//! CONTROL: an operator's request on `$CONTROL/enterprise-push/v1`, and the answer to it.

use super::{Host, Plugin};
use crate::engine::{Engine, Event, Level};
use crate::protocol::control::{self, Answer, Command, Order};

impl<H: Host> Plugin<H> {
    /// Carries out an operator's commands; what they do at the broker, the answer included, follows in TICK.
    pub fn control(&self, client_id: &str, username: &str, payload: &[u8]) {
        if !self.with_engine(|engine| engine.is_operator(username)) {
            return;
        }
        let answers = match control::read(payload) {
            Ok(orders) => orders
                .into_iter()
                .map(|o| self.order(o, client_id))
                .collect(),
            Err(why) => vec![control::refusal(why)],
        };
        let payload = control::encode(answers);
        let answer = Engine::control_answer(client_id, payload);
        self.defer(vec![answer]);
    }

    fn order(&self, order: Order, client_id: &str) -> Answer {
        let text = format!("{client_id}: command {}", order.name.escape_debug());
        let done = match &order.command {
            Err(why) => Err(why.clone()),
            Ok(Command::ReloadPolicy) => match self.reload_policy() {
                Ok(rules) => Ok((Some(serde_json::json!({ "rules": rules })), Vec::new())),
                Err(error) => Err(error.to_string()),
            },
            Ok(command) => {
                let (command, now) = (command.clone(), self.now());
                self.with_engine(|engine| engine.command(command, now))
            }
        };
        self.put_on_record(Event::Command {
            client_id: client_id.into(),
            command: order.name.clone(),
            error: done.as_ref().err().cloned(),
        });
        match done {
            Ok((data, effects)) => {
                self.log(Level::Notice, &text);
                self.defer(effects);
                order.answer(Ok(data))
            }
            Err(error) => {
                self.log(Level::Notice, &format!("{text} refused: {error}"));
                order.answer(Err(error))
            }
        }
    }
}
