//! The lines of the chosen conversation, the latest at the bottom.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::{Line as Row, Span};
use ratatui::widgets::{Block, Borders, Paragraph};
use textwrap::{Options, wrap};

use super::super::conversation::{Delivery, FileState, Line};
use super::super::peer::Peer;
use super::super::state::State;
use super::DIM;
use super::people::signature;
use crate::content::size;
use crate::sanitise::sanitise;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let block = Block::new().borders(Borders::ALL).title(heading(state));
    let inner = block.inner(area);
    let (width, height) = (usize::from(inner.width), usize::from(inner.height));
    let rows = visible(state, width, height);
    // What there is stands at the bottom.
    let above = u16::try_from(height.saturating_sub(rows.len())).unwrap_or(0);
    let below = Rect {
        y: inner.y.saturating_add(above),
        height: inner.height.saturating_sub(above),
        ..inner
    };
    frame.render_widget(block, area);
    frame.render_widget(Paragraph::new(rows), below);
}

/// Who it is, how reachable, and how they sign.
fn heading(state: &State) -> String {
    let mut heading = format!(" {} ", state.title(&state.selected));
    if let Peer::User(uid) = &state.selected {
        if state.names.get(uid).is_some() {
            heading = format!("{heading}({uid}) ");
        }
        let presence = state.people.get(uid).and_then(|person| person.presence);
        if let Some(presence) = presence {
            heading = format!("{heading}- {presence} ");
        }
    }
    if let Some(signature) = signature(state, &state.selected) {
        heading = format!("{heading}- {signature} ");
    }
    sanitise(&heading)
}

/// The rows that fit, without wrapping all that there is.
fn visible(state: &State, width: usize, height: usize) -> Vec<Row<'static>> {
    let Some(conversation) = state.conversations.get(&state.selected) else {
        return Vec::new();
    };
    let wanted = height.saturating_add(state.scroll);
    let mut rows: Vec<Row<'static>> = Vec::new();
    for line in conversation.lines.iter().rev() {
        rows.extend(rows_of(line, width).into_iter().rev());
        if rows.len() >= wanted {
            break;
        }
    }
    // Beyond the oldest line there is nothing to scroll to.
    let skip = state.scroll.min(rows.len().saturating_sub(height));
    let mut rows: Vec<_> = rows.into_iter().skip(skip).take(height).collect();
    rows.reverse();
    rows
}

fn rows_of(line: &Line, width: usize) -> Vec<Row<'static>> {
    let from = match line.from.as_str() {
        "" => String::new(),
        from => format!("{}: ", sanitise(from)),
    };
    let text = format!("{} {from}{}{}", line.time, line.text, ending(line));
    let style = match &line.delivery {
        Delivery::Refused(_) | Delivery::Unsure(_) => Style::new().fg(Color::Red),
        Delivery::Sending => DIM,
        _ => Style::new(),
    };
    let options = Options::new(width.max(1)).subsequent_indent("  ");
    let rows = wrap(&text, options).into_iter();
    rows.map(|row| Row::from(Span::styled(row.into_owned(), style)))
        .collect()
}

/// How it stands with the message, or with its file.
fn ending(line: &Line) -> String {
    match (&line.file, &line.delivery) {
        (Some(file), _) => match &file.state {
            FileState::Offered => format!(" [{}: /accept or /decline]", line.id),
            FileState::Moving { bytes, total } => format!(" [{}]", moving(*bytes, *total)),
            FileState::Saved(path) => format!(" [saved as {path}]"),
            FileState::Failed(why) => format!(" [failed: {why}; /accept {}]", line.id),
            FileState::Declined => " [declined]".to_owned(),
        },
        (None, Delivery::Received) => String::new(),
        (None, Delivery::Sending) => " …".to_owned(),
        (None, Delivery::Sent) => " ✓".to_owned(),
        (None, Delivery::Unheard) => " ✓ (nobody has subscribed to it)".to_owned(),
        (None, Delivery::Refused(why)) => format!(" ✗ refused: {why}"),
        (None, Delivery::Unsure(why)) => format!(" ? not confirmed: {why}"),
    }
}

fn moving(bytes: u64, total: Option<u64>) -> String {
    match total {
        Some(total) if total > 0 => {
            let percent = u128::from(bytes) * 100 / u128::from(total);
            format!("{percent} % of {}", size(total))
        }
        _ => size(bytes),
    }
}
