//! The help, over everything else.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::Line as Row;
use ratatui::widgets::{Block, Borders, Clear, Paragraph};

use super::super::orders::ORDERS;

const KEYS: [(&str, &str); 7] = [
    ("Enter", "send"),
    ("Alt+Enter", "new line"),
    ("Tab, Shift+Tab", "next, previous conversation"),
    ("PageUp, PageDown", "older, newer lines"),
    ("Ctrl+A E W K U Z", "edit as in a shell"),
    ("Escape", "close this"),
    ("Ctrl+Q, Ctrl+C", "quit"),
];

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect) {
    let row = |(what, does): &(&str, &str)| Row::from(format!(" {what:<17} {does} "));
    let mut rows: Vec<Row<'_>> = KEYS.iter().map(row).collect();
    rows.push(Row::default());
    rows.extend(ORDERS.iter().map(row));
    let height = u16::try_from(rows.len() + 2).unwrap_or(u16::MAX);
    let middle = area.centered(Constraint::Max(56), Constraint::Max(height));
    let block = Block::new().borders(Borders::ALL).title(" Help ");
    frame.render_widget(Clear, middle);
    frame.render_widget(Paragraph::new(rows).block(block), middle);
}
