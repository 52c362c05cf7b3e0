//! What happens to the screen.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use mosquitto_enterprise_push::protocol::{Content, Direction, Notice, Presence};

use super::super::conversation::{Delivery, FileState};
use super::super::peer::Peer;
use super::super::state::{Connection, Effect, Happening, State};
use super::{NOW, alice, message, offer, presence, text};
use crate::content::tests::report;
use crate::event::Event;
use crate::history::{Body, Record};

fn bob() -> Peer {
    Peer::User("bob".to_owned())
}

/// Texts of a conversation, the oldest first.
fn texts(state: &State, peer: &Peer) -> Vec<String> {
    let lines = state.conversations[peer].lines.iter();
    lines.map(|line| line.text.clone()).collect()
}

fn unread(state: &State, peer: &Peer) -> usize {
    state.conversations[peer].unread
}

fn file_state(state: &State) -> Option<FileState> {
    let line = state.conversations[&bob()].lines.back()?;
    Some(line.file.as_ref()?.state.clone())
}

#[test]
fn message_is_unread_until_its_conversation_is_chosen() {
    let mut state = alice();
    state.arrive(text("bob", "hello"));
    state.arrive(text("bob", "are you there?"));
    assert_eq!(unread(&state, &bob()), 2);
    assert_eq!(texts(&state, &bob()), ["hello", "are you there?"]);
    assert_eq!(state.enter_text("/to bob"), []);
    assert_eq!(unread(&state, &bob()), 0);
    state.arrive(text("bob", "good"));
    assert_eq!(unread(&state, &bob()), 0, "it is being looked at");
    state.press(KeyCode::PageUp, KeyModifiers::NONE);
    state.arrive(text("bob", "more"));
    assert_eq!(unread(&state, &bob()), 1, "it is below the view");
}

#[test]
fn messages_go_to_the_conversation_that_they_belong_to() {
    let mut state = alice();
    let mut to_group = message("bob", Content::Text, b"standup");
    to_group.group = Some("dev".to_owned());
    let mut from_phone = message("alice", Content::Text, b"note to myself");
    from_phone.direction = Direction::PhoneToPc;
    state.arrive(Event::Message(to_group));
    state.arrive(Event::Message(from_phone));
    state.arrive(text("dora@beta", "an offer"));
    assert_eq!(texts(&state, &Peer::Group("dev".to_owned())), ["standup"]);
    assert_eq!(texts(&state, &Peer::Phone), ["note to myself"]);
    let dora = Peer::User("dora@beta".to_owned());
    assert_eq!(texts(&state, &dora), ["an offer"]);
}

#[test]
fn typed_text_is_sent_and_its_line_tells_what_became_of_it() {
    let mut state = alice();
    state.enter_text("/to bob");
    for (said, delivery) in [
        ("one", Delivery::Sent),
        ("two", Delivery::Refused("no such right".to_owned())),
        ("three", Delivery::Unheard),
    ] {
        let effects = state.enter_text(said);
        let [Effect::Send { id, to, text }] = effects.as_slice() else {
            panic!("{effects:?}");
        };
        assert_eq!((to.as_str(), text.as_str()), ("bob", said));
        let line = state.conversations[&bob()].lines.back().unwrap();
        assert_eq!(line.delivery, Delivery::Sending);
        let (id, outcome) = (*id, delivery.clone());
        state.update(
            NOW,
            Happening::Delivered {
                id,
                delivery: outcome,
            },
        );
        let line = state.conversations[&bob()].lines.back().unwrap();
        assert_eq!(line.delivery, delivery);
    }
    assert!(state.input.is_empty());
}

#[test]
fn what_cannot_be_sent_stays_in_the_input() {
    let mut state = alice();
    assert_eq!(state.enter_text("hello?"), [], "nobody is chosen");
    assert!(state.status.contains("nobody to send to"));
    assert_eq!(state.input.lines(), ["hello?"]);
    state.select(bob());
    let why = "cut".to_owned();
    let retry_in_s = Some(1.0);
    state.update(NOW, Happening::Lost { why, retry_in_s });
    assert_eq!(state.press(KeyCode::Enter, KeyModifiers::NONE), []);
    assert!(state.status.contains("not connected"), "{}", state.status);
    state.update(NOW, Happening::Connected);
    let effects = state.press(KeyCode::Enter, KeyModifiers::NONE);
    assert!(matches!(effects.as_slice(), [Effect::Send { .. }]));
    assert_eq!(state.enter_text("  "), [], "nothing to say");
}

#[test]
fn slash_begins_an_order_and_two_begin_a_text() {
    let mut state = alice();
    state.select(bob());
    assert_eq!(
        state.enter_text("/presence busy"),
        [Effect::Presence(Presence::Busy)]
    );
    assert_eq!(state.enter_text("/sign"), [Effect::Sign(String::new())]);
    assert_eq!(state.enter_text("/quit"), [Effect::Quit]);
    let effects = state.enter_text("//etc/fstab");
    let [Effect::Send { text, .. }] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!(text, "/etc/fstab");
    let effects = state.enter_text("/file /tmp/a b.pdf");
    let [Effect::SendFile { path, to, .. }] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!((path.as_str(), to.as_str()), ("/tmp/a b.pdf", "bob"));
    assert_eq!(state.enter_text("/nonsense"), []);
    assert_eq!(state.input.lines(), ["/nonsense"]);
}

#[test]
fn keys_quit_help_and_walk_around_the_conversations() {
    let mut state = alice();
    for key in ['q', 'c'] {
        let quit = state.press(KeyCode::Char(key), KeyModifiers::CONTROL);
        assert_eq!(quit, [Effect::Quit]);
    }
    state.press(KeyCode::F(1), KeyModifiers::NONE);
    state.press(KeyCode::Char('x'), KeyModifiers::NONE);
    assert!(state.help && state.input.is_empty());
    state.press(KeyCode::Esc, KeyModifiers::NONE);
    assert!(!state.help);
    let mut walked = vec![state.selected.clone()];
    for _ in 0..3 {
        state.press(KeyCode::Tab, KeyModifiers::NONE);
        walked.push(state.selected.clone());
    }
    let dev = Peer::Group("dev".to_owned());
    assert_eq!(
        walked,
        [Peer::Notices, Peer::Phone, dev.clone(), Peer::Notices]
    );
    state.press(KeyCode::BackTab, KeyModifiers::SHIFT);
    assert_eq!(state.selected, dev);
    let mut released = KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE);
    released.kind = KeyEventKind::Release;
    state.update(NOW, Happening::Key(released));
    assert_eq!(state.selected, dev);
}

#[test]
fn input_is_edited_with_the_usual_keys_and_takes_several_lines() {
    let mut state = alice();
    state.select(bob());
    state.update(NOW, Happening::Pasted("on\r\ntwo".to_owned()));
    state.press(KeyCode::Up, KeyModifiers::NONE);
    state.press(KeyCode::End, KeyModifiers::NONE);
    state.press(KeyCode::Char('e'), KeyModifiers::NONE);
    state.press(KeyCode::Enter, KeyModifiers::ALT);
    let effects = state.press(KeyCode::Enter, KeyModifiers::NONE);
    let [Effect::Send { text, .. }] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!(text, "one\n\ntwo");
    state.update(NOW, Happening::Pasted("some words".to_owned()));
    state.press(KeyCode::Char('w'), KeyModifiers::CONTROL);
    assert_eq!(state.input.lines(), ["some "]);
}

#[test]
fn offer_is_downloaded_when_it_is_accepted_and_only_then() {
    let mut state = alice();
    state.arrive(offer("bob"));
    assert_eq!(file_state(&state), Some(FileState::Offered));
    assert_eq!(state.enter_text("/accept"), [], "not in this conversation");
    assert!(state.status.contains("no such file"));
    state.press(KeyCode::Char('u'), KeyModifiers::CONTROL);
    state.input = super::super::state::empty_input();
    state.select(bob());
    let effects = state.enter_text("/accept");
    let [Effect::Download { id, offer }] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!(**offer, report());
    let (id, total) = (*id, Some(20_000_000));
    let moved = Happening::Moved {
        id,
        bytes: 5,
        total,
    };
    state.update(NOW, moved);
    assert_eq!(
        file_state(&state),
        Some(FileState::Moving { bytes: 5, total })
    );
    let failed = Err("connection lost".to_owned());
    state.update(NOW, Happening::Fetched { id, result: failed });
    assert!(matches!(file_state(&state), Some(FileState::Failed(_))));
    let again = state.enter_text(&format!("/accept {id}"));
    assert!(matches!(again.as_slice(), [Effect::Download { .. }]));
    let result = Ok("report.pdf".to_owned());
    state.update(NOW, Happening::Fetched { id, result });
    assert_eq!(
        file_state(&state),
        Some(FileState::Saved("report.pdf".to_owned()))
    );
    state.arrive(super::offer("bob"));
    assert_eq!(state.enter_text("/decline"), []);
    assert_eq!(file_state(&state), Some(FileState::Declined));
}

#[test]
fn refusals_are_told_at_once_and_kept_among_the_notices() {
    let mut state = alice();
    let notice = Notice {
        id: "1".to_owned(),
        kind: "message.refused".to_owned(),
        time: 1,
        title: "Message refused".to_owned(),
        body: "not linked\u{1b}[2J".to_owned(),
        data: serde_json::Value::Null,
    };
    state.select(bob());
    state.arrive(Event::Refused(notice));
    assert_eq!(
        state.status,
        "[refused] Message refused: not linked\\u{1b}[2J"
    );
    assert_eq!(unread(&state, &Peer::Notices), 1);
}

#[test]
fn people_come_with_their_presence_and_oneself_does_not() {
    let mut state = alice();
    state.arrive(presence("bob", Presence::Busy));
    state.arrive(presence("alice", Presence::Online));
    assert!(state.conversations.contains_key(&bob()));
    assert!(
        !state
            .conversations
            .contains_key(&Peer::User("alice".to_owned()))
    );
    assert_eq!(
        state.people.get("bob").unwrap().presence,
        Some(Presence::Busy)
    );
    let (why, retry_in_s) = ("cut".to_owned(), Some(1.0));
    state.update(NOW, Happening::Lost { why, retry_in_s });
    assert_eq!(state.people.get("bob"), None, "it comes anew");
    state.arrive(presence("bob", Presence::Away));
    state.update(NOW, Happening::Connected);
    assert_eq!(state.connection, Connection::Online);
    let away = Some(Presence::Away);
    assert_eq!(
        state.people.get("bob").unwrap().presence,
        away,
        "it came before"
    );
}

#[test]
fn memory_of_a_conversation_is_bounded() {
    let mut state = alice();
    for nth in 0..1100 {
        state.arrive(text("bob", &nth.to_string()));
    }
    let texts = texts(&state, &bob());
    assert_eq!((texts.len(), texts[0].as_str()), (1000, "100"));
}

#[test]
fn history_stands_where_it_belongs_and_is_read() {
    let record = |with: &str, outgoing, content, data: &str| Record {
        kept_ms: 1,
        with: with.to_owned(),
        from: "bob".to_owned(),
        outgoing,
        seq: 1,
        content,
        timestamp_ms: 1,
        bytes: 2048,
        body: Body::Text(data.to_owned()),
    };
    let picture = Record {
        body: Body::Left,
        ..record("me", true, Content::Image, "")
    };
    let offer = report().encode();
    let mut state = alice();
    let records = [
        record("bob", false, Content::Text, "hello\u{1b}"),
        record("#dev", true, Content::Text, "standup"),
        picture,
        record("bob", false, Content::Hyperlink, &offer),
    ];
    state.restore(records.map(|record| (NOW.to_owned(), record)));
    assert_eq!(texts(&state, &bob())[0], "hello\\u{1b}");
    let dev = &state.conversations[&Peer::Group("dev".to_owned())];
    assert_eq!(dev.lines[0].delivery, Delivery::Sent);
    assert_eq!(texts(&state, &Peer::Phone), ["[image of 2.00 KiB]"]);
    assert_eq!(unread(&state, &bob()), 0);
    state.select(bob());
    let effects = state.enter_text("/accept");
    assert!(matches!(effects.as_slice(), [Effect::Download { .. }]));
}

#[test]
fn names_list_their_bearers_unless_there_are_too_many() {
    let named = |count: usize| {
        let name = |nth| (format!("u{nth}"), format!("User {nth}"));
        (0..count).map(name).collect()
    };
    let mut state = alice();
    state.update(NOW, Happening::Named(named(3)));
    let third = Peer::User("u2".to_owned());
    assert_eq!(state.title(&third), "User 2");
    assert!(state.conversations.contains_key(&third));
    let mut state = alice();
    state.update(NOW, Happening::Named(named(1000)));
    assert!(!state.conversations.contains_key(&third));
    assert_eq!(state.title(&third), "User 2");
}
