//! What keys do.
//!
//! | key | what |
//! |---|---|
//! | Enter, Alt+Enter | send, new line |
//! | Tab, Shift+Tab, Alt+Up, Alt+Down | another conversation |
//! | PageUp, PageDown | older and newer lines |
//! | F1, Escape | help, and out of it |
//! | Ctrl+Q, Ctrl+C | quit |
//!
//! All else edits the input.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::conversation::{Delivery, Line};
use super::orders::Order;
use super::peer::Peer;
use super::state::{Connection, Effect, State, empty_input};
use crate::sanitise::sanitise_lines;

/// Lines that PageUp goes back.
const PAGE: usize = 10;

impl State {
    pub(super) fn key(&mut self, now: &str, key: KeyEvent) -> Vec<Effect> {
        if key.kind == KeyEventKind::Release {
            return Vec::new();
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::Char('q' | 'c') if control => return vec![Effect::Quit],
            KeyCode::F(1) => self.help = !self.help,
            KeyCode::Esc => {
                self.help = false;
                self.status.clear();
            }
            _ if self.help => {}
            KeyCode::Tab => self.step(1),
            KeyCode::BackTab => self.step(-1),
            KeyCode::Down if alt => self.step(1),
            KeyCode::Up if alt => self.step(-1),
            KeyCode::PageUp => self.scroll = self.scroll.saturating_add(PAGE),
            KeyCode::PageDown => self.scroll = self.scroll.saturating_sub(PAGE),
            KeyCode::Enter if alt => self.input.insert_newline(),
            KeyCode::Enter => return self.enter(now),
            _ => drop(self.input.input(key)),
        }
        Vec::new()
    }

    /// Text from the clipboard, line breaks included.
    pub(super) fn paste(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        self.input.insert_str(text);
    }

    /// Goes to the conversation so many places further, around the ends.
    fn step(&mut self, by: isize) {
        let peers: Vec<&Peer> = self.conversations.keys().collect();
        let at = peers.iter().position(|peer| **peer == self.selected);
        let count = isize::try_from(peers.len()).unwrap_or(1).max(1);
        let next = at
            .and_then(|at| isize::try_from(at).ok())
            .map_or(0, |at| (at + by).rem_euclid(count));
        let next = usize::try_from(next).ok().and_then(|next| peers.get(next));
        if let Some(peer) = next.map(|peer| (*peer).clone()) {
            self.select(peer);
        }
    }

    fn enter(&mut self, now: &str) -> Vec<Effect> {
        let text = self.input.lines().join("\n");
        if text.trim().is_empty() {
            return Vec::new();
        }
        self.status.clear();
        let done = match text.strip_prefix('/') {
            Some(order) if !order.starts_with('/') => {
                Order::parse(order).and_then(|order| self.order(now, order))
            }
            Some(escaped) => self.say(now, escaped),
            None => self.say(now, &text),
        };
        match done {
            Ok(effects) => {
                self.input = empty_input();
                effects
            }
            // What was typed stays, to be put right.
            Err(why) => {
                self.status = why;
                Vec::new()
            }
        }
    }

    fn say(&mut self, now: &str, text: &str) -> Result<Vec<Effect>, String> {
        let to = self.receiver()?;
        let id = self.own_line(now, sanitise_lines(text));
        let text = text.to_owned();
        Ok(vec![Effect::Send { id, to, text }])
    }

    /// To whom can be sent, now.
    pub(super) fn receiver(&self) -> Result<String, String> {
        if self.connection != Connection::Online {
            return Err("not connected: try again in a moment".to_owned());
        }
        let nobody = || "nobody to send to here: choose a conversation, or /to WHO".to_owned();
        self.selected.to().ok_or_else(nobody)
    }

    /// Puts a line of ours into the conversation.
    pub(super) fn own_line(&mut self, now: &str, text: String) -> u64 {
        let id = self.take_id();
        let line = Line {
            id,
            time: now.to_owned(),
            from: "me".to_owned(),
            text,
            delivery: Delivery::Sending,
            file: None,
        };
        let selected = self.selected.clone();
        self.conversation(&selected).push(line);
        self.scroll = 0;
        id
    }
}
