//! The list of conversations, with presence, signature and how much is unread.

use mosquitto_enterprise_push::protocol::Presence;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line as Row, Span};
use ratatui::widgets::{Block, Borders, List, ListItem, ListState};

use super::super::peer::Peer;
use super::super::state::State;
use super::DIM;
use crate::sanitise::sanitise;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let items = state.conversations.iter().map(|(peer, conversation)| {
        let mut row = vec![mark(state, peer), Span::raw(" ")];
        let style = if conversation.unread > 0 {
            Style::new().add_modifier(Modifier::BOLD)
        } else {
            Style::new()
        };
        row.push(Span::styled(sanitise(&state.title(peer)), style));
        if conversation.unread > 0 {
            let unread = format!(" ({})", conversation.unread);
            row.push(Span::styled(unread, Style::new().fg(Color::Yellow)));
        }
        if let Some(signature) = signature(state, peer) {
            row.push(Span::styled(format!(" {}", sanitise(signature)), DIM));
        }
        ListItem::new(Row::from(row))
    });
    let list = List::new(items)
        .block(Block::new().borders(Borders::ALL).title(" Conversations "))
        .highlight_style(Style::new().add_modifier(Modifier::REVERSED));
    let mut peers = state.conversations.keys();
    let selected = peers.position(|peer| *peer == state.selected);
    let mut chosen = ListState::default().with_selected(selected);
    frame.render_stateful_widget(list, area, &mut chosen);
}

/// One column that says what it is, or how reachable.
fn mark(state: &State, peer: &Peer) -> Span<'static> {
    let presence = match peer {
        Peer::User(uid) => state.people.get(uid).and_then(|person| person.presence),
        _ => return Span::raw(" "),
    };
    let (mark, colour) = match presence {
        Some(Presence::Online) => ("+", Color::Green),
        Some(Presence::Away) => ("~", Color::Yellow),
        Some(Presence::Busy) => ("!", Color::Red),
        Some(Presence::Offline) => ("-", Color::DarkGray),
        None => ("?", Color::DarkGray),
    };
    Span::styled(mark, Style::new().fg(colour))
}

pub(super) fn signature<'a>(state: &'a State, peer: &Peer) -> Option<&'a str> {
    match peer {
        Peer::User(uid) => state.people.get(uid)?.signature.as_deref(),
        _ => None,
    }
}
