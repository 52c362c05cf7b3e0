//! The screen without a terminal: what happens to it, and how it looks.

mod drawing;
mod updating;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use mosquitto_enterprise_push::protocol::{Content, Direction, Presence};

use super::state::{Effect, Happening, Me, State};
use crate::event::{Event, MessageEvent};
use crate::names::Names;
use crate::profile::Kind;

const NOW: &str = "12:00:00";

/// alice@acme at her PC, in the group dev, connected.
fn alice() -> State {
    let me = Me {
        uid: "alice".to_owned(),
        eid: "acme".to_owned(),
        kind: Kind::Pc,
    };
    let mut state = State::new(me, &["dev".to_owned()], Names::default());
    assert_eq!(state.update(NOW, Happening::Connected), []);
    state
}

impl State {
    fn press(&mut self, code: KeyCode, modifiers: KeyModifiers) -> Vec<Effect> {
        self.update(NOW, Happening::Key(KeyEvent::new(code, modifiers)))
    }

    /// Types a text and Enter.
    fn enter_text(&mut self, text: &str) -> Vec<Effect> {
        for c in text.chars() {
            assert_eq!(self.press(KeyCode::Char(c), KeyModifiers::NONE), []);
        }
        self.press(KeyCode::Enter, KeyModifiers::NONE)
    }

    fn arrive(&mut self, event: Event) {
        let happening = Happening::Arrived {
            time: "11:59:00".to_owned(),
            event: Box::new(event),
            saved: None,
        };
        assert_eq!(self.update(NOW, happening), []);
    }
}

fn message(from: &str, content: Content, data: &[u8]) -> MessageEvent {
    MessageEvent {
        from: from.to_owned(),
        group: None,
        seq: 7,
        direction: Direction::PointToPoint,
        content,
        timestamp_ms: 9,
        data: data.to_vec(),
        own: false,
    }
}

fn text(from: &str, text: &str) -> Event {
    Event::Message(message(from, Content::Text, text.as_bytes()))
}

fn offer(from: &str) -> Event {
    let offer = crate::content::tests::report().encode();
    Event::Message(message(from, Content::Hyperlink, offer.as_bytes()))
}

fn presence(uid: &str, presence: Presence) -> Event {
    let uid = uid.to_owned();
    Event::Presence { uid, presence }
}
