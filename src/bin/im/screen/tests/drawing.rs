//! How the screen looks.

use crossterm::event::{KeyCode, KeyModifiers};
use mosquitto_enterprise_push::protocol::{Content, Presence};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::super::conversation::Delivery;
use super::super::draw::draw;
use super::super::peer::Peer;
use super::super::state::{Effect, Happening, State};
use super::{NOW, alice, message, offer, presence, text};
use crate::event::Event;

/// The rows as they would be seen, without blanks at their ends.
fn rows(state: &State, width: u16, height: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, state)).unwrap();
    let buffer = terminal.backend().buffer();
    let row = |y| {
        let mut row = String::new();
        let mut x = 0;
        while x < width {
            let symbol = buffer[(x, y)].symbol();
            row.push_str(symbol);
            x += u16::try_from(unicode_width::UnicodeWidthStr::width(symbol).max(1)).unwrap();
        }
        row.trim_end().to_owned()
    };
    (0..height).map(row).collect()
}

#[test]
fn screen_shows_people_messages_input_and_state() {
    let mut state = alice();
    state.arrive(presence("bob", Presence::Busy));
    let (uid, signature) = ("bob".to_owned(), "on the train".to_owned());
    state.arrive(Event::Signature {
        uid,
        text: signature,
    });
    state.arrive(text("bob", "hello"));
    state.arrive(text("carol", "lunch?"));
    state.select(Peer::User("bob".to_owned()));
    let effects = state.enter_text("hi bob");
    let [Effect::Send { id, .. }] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    let (id, delivery) = (*id, Delivery::Sent);
    state.update(NOW, Happening::Delivered { id, delivery });
    state.update(NOW, Happening::Pasted("and".to_owned()));
    let want = [
        "┌ Conversations ─────────────┐┌ bob - busy - on the train ───────────────────────┐",
        "│  Notices                   ││                                                  │",
        "│  My phone                  ││                                                  │",
        "│  #dev                      ││                                                  │",
        "│! bob on the train          ││11:59:00 bob: hello                               │",
        "│? carol (1)                 ││12:00:00 me: hi bob ✓                             │",
        "│                            │└──────────────────────────────────────────────────┘",
        "│                            │┌ To bob ──────────────────────────────────────────┐",
        "│                            ││and                                               │",
        "└────────────────────────────┘└──────────────────────────────────────────────────┘",
        "alice@acme (pc) connected    F1 help",
    ];
    assert_eq!(rows(&state, 82, 11), want);
}

#[test]
fn nothing_of_others_reaches_the_terminal_but_what_can_be_seen() {
    let mut state = alice();
    let evil = "\u{1b}]0;title\u{7}\u{9b}31m\u{202e}";
    state.arrive(text("bob", evil));
    let uid = "bob".to_owned();
    let signature = evil.to_owned();
    state.arrive(Event::Signature {
        uid,
        text: signature,
    });
    let offered = format!(
        r#"{{"url":"https://h.example.com/x","name":{}}}"#,
        serde_json::json!(evil)
    );
    state.arrive(Event::Message(message(
        "bob",
        Content::Hyperlink,
        offered.as_bytes(),
    )));
    state.update(NOW, Happening::Said(evil.to_owned()));
    let (why, retry_in_s) = (evil.to_owned(), None);
    state.update(NOW, Happening::Lost { why, retry_in_s });
    state.select(Peer::User("bob".to_owned()));
    state.update(NOW, Happening::Pasted(evil.to_owned()));
    for row in rows(&state, 100, 20) {
        let seen = row.chars().all(|c| !crate::sanitise::is_unsafe(c));
        assert!(seen, "{row:?}");
    }
}

#[test]
fn long_and_wide_lines_are_wrapped_and_the_latest_stay_in_view() {
    let mut state = alice();
    for nth in 0..20 {
        state.arrive(text("bob", &format!("line {nth}")));
    }
    state.arrive(text("bob", &"你好世界 ".repeat(8)));
    state.select(Peer::User("bob".to_owned()));
    let seen = rows(&state, 40, 12);
    assert_eq!(seen[0], "┌ bob ─────────────────────────────────┐");
    let last = seen
        .iter()
        .rposition(|row| row.contains("你好世界"))
        .unwrap();
    assert!(seen[last - 1].contains("你好世界"), "{seen:#?}");
    assert!(seen.iter().any(|row| row.contains("line 19")), "{seen:#?}");
    assert!(!seen.iter().any(|row| row.contains("line 0")), "{seen:#?}");
    for _ in 0..10 {
        state.press(KeyCode::PageUp, KeyModifiers::NONE);
    }
    let seen = rows(&state, 40, 12);
    assert!(seen.iter().any(|row| row.contains("line 0")), "{seen:#?}");
}

#[test]
fn offers_tell_how_they_stand_and_transfers_how_far_they_are() {
    let mut state = alice();
    state.arrive(offer("bob"));
    state.select(Peer::User("bob".to_owned()));
    let seen = rows(&state, 140, 8).concat();
    let wanted = "[file report.pdf, 19.07 MiB, application/pdf, at push.example.com] [1: /accept or /decline]";
    assert!(seen.contains(wanted), "{seen}");
    state.enter_text("/accept");
    let (bytes, total) = (5_000_000, Some(20_000_000));
    state.update(
        NOW,
        Happening::Moved {
            id: 1,
            bytes,
            total,
        },
    );
    let seen = rows(&state, 140, 8).concat();
    assert!(seen.contains("[25 % of 19.07 MiB]"), "{seen}");
}

#[test]
fn help_and_any_size_of_terminal_can_be_drawn() {
    let mut state = alice();
    state.arrive(text("bob", "hello"));
    state.press(KeyCode::F(1), KeyModifiers::NONE);
    let help = rows(&state, 80, 24).concat();
    assert!(
        help.contains("/accept [N]") && help.contains("Ctrl+Q"),
        "{help}"
    );
    for (width, height) in [(1, 1), (3, 3), (10, 2), (20, 40), (200, 5)] {
        rows(&state, width, height);
    }
}
