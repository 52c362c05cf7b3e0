//! Drawing the screen: conversations at the left, the chosen one at the right, input and status below.

mod help;
mod messages;
mod people;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line as Row, Span};
use ratatui::widgets::{Block, Borders, Paragraph};

use super::state::{Connection, State};
use crate::sanitise::sanitise;

/// Lines of input that are shown at most.
const MOST_INPUT_ROWS: usize = 5;

const DIM: Style = Style::new().add_modifier(Modifier::DIM);

/// Draws everything.
pub(crate) fn draw(frame: &mut Frame<'_>, state: &State) {
    let input_rows = state.input.lines().len().clamp(1, MOST_INPUT_ROWS);
    let input_rows = u16::try_from(input_rows + 2).unwrap_or(3);
    let [main, status] =
        Layout::vertical([Constraint::Min(1), Constraint::Length(1)]).areas(frame.area());
    let people_columns = people_columns(main.width);
    let [left, right] =
        Layout::horizontal([Constraint::Length(people_columns), Constraint::Min(1)]).areas(main);
    let [messages, input] =
        Layout::vertical([Constraint::Min(1), Constraint::Length(input_rows)]).areas(right);
    if people_columns > 0 {
        people::draw(frame, left, state);
    }
    messages::draw(frame, messages, state);
    draw_input(frame, input, state);
    draw_status(frame, status, state);
    if state.help {
        help::draw(frame, main);
    }
}

/// On a narrow terminal the conversation counts more than the list.
fn people_columns(width: u16) -> u16 {
    match width {
        0..50 => 0,
        50..80 => 20,
        _ => 30,
    }
}

fn draw_input(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let title = match state.selected.to() {
        Some(_) => format!(" To {} ", state.title(&state.selected)),
        None => " /to WHO begins a conversation ".to_owned(),
    };
    let block = Block::new().borders(Borders::ALL).title(sanitise(&title));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    frame.render_widget(&state.input, inner);
}

fn draw_status(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let (word, colour) = match &state.connection {
        Connection::Connecting => ("connecting".to_owned(), Color::Yellow),
        Connection::Online => ("connected".to_owned(), Color::Green),
        Connection::Lost { why, retry_in_s } => {
            let again = retry_in_s.map(|wait| format!(", trying again in {wait:.0} s"));
            let again = again.unwrap_or_default();
            (format!("not connected: {why}{again}"), Color::Red)
        }
    };
    let me = format!("{}@{} ({}) ", state.me.uid, state.me.eid, state.me.kind);
    let row = Row::from(vec![
        Span::styled(me, DIM),
        Span::styled(word, Style::new().fg(colour)),
        Span::raw("  "),
        Span::styled(state.status.clone(), Style::new().fg(Color::Yellow)),
        Span::styled("  F1 help", DIM),
    ]);
    frame.render_widget(Paragraph::new(row), area);
}
