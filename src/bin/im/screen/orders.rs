//! What can be typed after a slash.

use mosquitto_enterprise_push::protocol::Presence;
use mosquitto_enterprise_push::protocol::presence::{MAX_SIGNATURE_BYTES, is_signature};

use super::conversation::{FileLine, FileState};
use super::peer::Peer;
use super::state::{Effect, State};
use crate::destination::Destination;
use crate::sanitise::sanitise;

/// The orders, for the help.
pub(super) const ORDERS: [(&str, &str); 7] = [
    ("/to WHO", "talk to bob, bob@beta, #dev, me:phone"),
    ("/file PATH", "send a file"),
    ("/accept [N]", "download what is offered"),
    ("/decline [N]", "or do not"),
    ("/presence WORD", "online, away, busy, offline"),
    ("/sign TEXT", "personal signature; without TEXT none"),
    ("/quit", "leave (Ctrl+Q)"),
];

/// An order, understood.
#[derive(Debug, PartialEq)]
pub(super) enum Order {
    To(String),
    File(String),
    Accept(Option<u64>),
    Decline(Option<u64>),
    Presence(Presence),
    Sign(String),
    Help,
    Quit,
}

impl Order {
    /// Reads what stands after the slash.
    pub(super) fn parse(text: &str) -> Result<Order, String> {
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim();
        match (word, rest) {
            ("to", to) => match Destination::parse(to) {
                Ok(_) => Ok(Order::To(to.to_owned())),
                Err(error) => Err(sanitise(&error.to_string())),
            },
            ("file", "") => Err("which file? /file PATH".to_owned()),
            ("file", path) => Ok(Order::File(path.to_owned())),
            ("accept", nth) => Ok(Order::Accept(number(nth)?)),
            ("decline", nth) => Ok(Order::Decline(number(nth)?)),
            ("presence", word) => Presence::parse(word.as_bytes())
                .map(Order::Presence)
                .ok_or_else(|| "want online, away, busy or offline".to_owned()),
            ("sign", text) if is_signature(text.as_bytes()) => Ok(Order::Sign(text.to_owned())),
            ("sign", _) => Err(format!("over the limit of {MAX_SIGNATURE_BYTES} bytes")),
            ("help", _) => Ok(Order::Help),
            ("quit", _) => Ok(Order::Quit),
            (word, _) => {
                let word = sanitise(word);
                Err(format!(
                    "no such order: /{word} (F1 lists them; // sends a slash)"
                ))
            }
        }
    }
}

fn number(text: &str) -> Result<Option<u64>, String> {
    match text.trim_start_matches('#') {
        "" => Ok(None),
        digits => digits
            .parse()
            .map(Some)
            .map_err(|_| "want the number before the file".to_owned()),
    }
}

impl State {
    /// Carries an order out, as far as that can be done here.
    pub(super) fn order(&mut self, now: &str, order: Order) -> Result<Vec<Effect>, String> {
        match order {
            Order::To(to) => {
                self.select(Peer::named(&self.at_home(&to)));
                Ok(Vec::new())
            }
            Order::File(path) => {
                let to = self.receiver()?;
                let id = self.own_line(now, sanitise(&path));
                Ok(vec![Effect::SendFile { id, to, path }])
            }
            Order::Accept(id) => self.accept(id),
            Order::Decline(id) => self.decline(id),
            Order::Presence(presence) => Ok(vec![Effect::Presence(presence)]),
            Order::Sign(text) => Ok(vec![Effect::Sign(text)]),
            Order::Help => {
                self.help = true;
                Ok(Vec::new())
            }
            Order::Quit => Ok(vec![Effect::Quit]),
        }
    }

    /// `bob@acme` is `bob` to those of acme.
    fn at_home(&self, to: &str) -> String {
        match to.split_once('@') {
            Some((uid, eid)) if eid == self.me.eid => uid.to_owned(),
            _ => to.to_owned(),
        }
    }

    fn accept(&mut self, id: Option<u64>) -> Result<Vec<Effect>, String> {
        let (id, file) = self.open_offer(id)?;
        let Some(offer) = file.offer.clone().map(Box::new) else {
            return Ok(Vec::new());
        };
        file.state = FileState::Moving {
            bytes: 0,
            total: offer.size,
        };
        Ok(vec![Effect::Download { id, offer }])
    }

    fn decline(&mut self, id: Option<u64>) -> Result<Vec<Effect>, String> {
        let (_, file) = self.open_offer(id)?;
        file.state = FileState::Declined;
        Ok(Vec::new())
    }

    fn open_offer(&mut self, id: Option<u64>) -> Result<(u64, &mut FileLine), String> {
        let selected = self.selected.clone();
        let line = self.conversation(&selected).open_offer(id);
        line.and_then(|line| Some((line.id, line.file.as_mut()?)))
            .ok_or_else(|| "no such file is offered here".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_understood_and_others_are_told() {
        for (text, want) in [
            ("to bob@beta", Order::To("bob@beta".to_owned())),
            ("file  a b.pdf ", Order::File("a b.pdf".to_owned())),
            ("accept", Order::Accept(None)),
            ("accept 7", Order::Accept(Some(7))),
            ("decline #7", Order::Decline(Some(7))),
            ("presence busy", Order::Presence(Presence::Busy)),
            ("sign on the train", Order::Sign("on the train".to_owned())),
            ("sign", Order::Sign(String::new())),
            ("quit", Order::Quit),
        ] {
            assert_eq!(Order::parse(text), Ok(want), "{text}");
        }
        let long = format!("sign {}", "x".repeat(257));
        for text in [
            "", "nonsense", "to", "to a/b", "file", "accept x", "presence", &long,
        ] {
            assert!(Order::parse(text).is_err(), "{text}");
        }
        assert!(!Order::parse("\u{1b}[2J").unwrap_err().contains('\u{1b}'));
    }
}
