//! What is in the files after appending, crashing, and running out of room.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use mosquitto_enterprise_push::protocol::Content;

use super::*;
use crate::history::{Body, Wanted, read};
use crate::profile::{Kind, tests::alice};
use crate::store::Store;

const ROOM: u64 = 1024 * 1024;

fn key(byte: u8) -> PersonalKey {
    PersonalKey::new([byte; 32])
}

fn context() -> (tempfile::TempDir, Context) {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(Some(home.path().to_owned())).unwrap();
    let context = Context::new(store, alice(Kind::Pc), Duration::from_secs(1));
    (home, context)
}

fn files(context: &Context) -> Files {
    Files::of(context, &key(1), ROOM).unwrap()
}

fn message(text: &str) -> Record {
    Record {
        kept_ms: 1,
        with: "bob".to_owned(),
        from: "bob".to_owned(),
        outgoing: false,
        seq: 7,
        content: Content::Text,
        timestamp_ms: 9,
        bytes: 2,
        body: Body::Text(text.to_owned()),
    }
}

fn texts(context: &Context) -> Vec<String> {
    let found = read(context, &key(1), &Wanted::default());
    let text = |record: Record| match record.body {
        Body::Text(text) => text,
        Body::Left => String::new(),
    };
    found.records.into_iter().map(text).collect()
}

#[test]
fn messages_are_private_sealed_and_come_back_over_runs() {
    let (_home, context) = context();
    files(&context).append(&message("one")).unwrap();
    let mut again = files(&context);
    again.append(&message("two")).unwrap();
    again.append(&message("three")).unwrap();
    assert_eq!(texts(&context), ["one", "two", "three"]);
    let dir = dir(&context);
    assert_eq!(numbers(&dir), [1]);
    let file = path(&dir, 1);
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let bytes = fs::read(&file).unwrap();
    assert!(!bytes.windows(3).any(|three| three == b"one"));
}

#[test]
fn processes_that_take_turns_lose_nothing() {
    let (_home, context) = context();
    let (mut one, mut other) = (files(&context), files(&context));
    for turn in 0..3 {
        one.append(&message(&format!("one {turn}"))).unwrap();
        other.append(&message(&format!("other {turn}"))).unwrap();
    }
    let want = ["one 0", "other 0", "one 1", "other 1", "one 2", "other 2"];
    assert_eq!(texts(&context), want);
}

#[test]
fn torn_file_is_left_and_a_new_one_begun() {
    let (_home, context) = context();
    let mut kept = files(&context);
    kept.append(&message("whole")).unwrap();
    kept.append(&message("torn")).unwrap();
    let dir = dir(&context);
    let file = path(&dir, 1);
    let length = fs::metadata(&file).unwrap().len();
    File::options()
        .write(true)
        .open(&file)
        .unwrap()
        .set_len(length - 1)
        .unwrap();
    kept.append(&message("after")).unwrap();
    assert_eq!(texts(&context), ["whole", "after"]);
    let found = read(&context, &key(1), &Wanted::default());
    assert_eq!(
        (found.torn, found.damaged, numbers(&dir)),
        (1, 0, vec![1, 2])
    );
}

#[test]
fn another_key_begins_a_new_file_and_reads_only_that() {
    let (_home, context) = context();
    files(&context).append(&message("old")).unwrap();
    let mut other = Files::of(&context, &key(2), ROOM).unwrap();
    other.append(&message("new")).unwrap();
    let found = read(&context, &key(2), &Wanted::default());
    assert_eq!((found.records.len(), found.foreign), (1, 1));
    assert_eq!(texts(&context), ["old"]);
}

#[test]
fn oldest_go_when_the_room_is_used_up() {
    let (_home, context) = context();
    let most = 4 * SMALLEST_FILE_BYTES;
    let mut kept = Files::of(&context, &key(1), most).unwrap();
    let long = "x".repeat(10_000);
    for number in 0..100 {
        kept.append(&message(&format!("{number} {long}"))).unwrap();
    }
    let dir = dir(&context);
    let size = |number: &u64| fs::metadata(path(&dir, *number)).unwrap().len();
    let total: u64 = numbers(&dir).iter().map(size).sum();
    assert!(total <= most + SMALLEST_FILE_BYTES, "{total}");
    let texts = texts(&context);
    assert!(texts.last().unwrap().starts_with("99 "));
    assert!(texts.len() < 100 && texts.len() > 10, "{}", texts.len());
}

#[test]
fn wanted_ones_alone_are_found() {
    let (_home, context) = context();
    let mut kept = files(&context);
    for (with, kept_ms) in [("bob", 1), ("#dev", 2), ("bob", 3), ("bob", 4)] {
        let mut record = message("x");
        (record.with, record.kept_ms) = (with.to_owned(), kept_ms);
        kept.append(&record).unwrap();
    }
    let when = |wanted: Wanted| {
        let found = read(&context, &key(1), &wanted);
        found
            .records
            .iter()
            .map(|record| record.kept_ms)
            .collect::<Vec<_>>()
    };
    let with = Some("bob".to_owned());
    assert_eq!(
        when(Wanted {
            with: with.clone(),
            limit: 2,
            since_ms: 0
        }),
        [3, 4]
    );
    assert_eq!(
        when(Wanted {
            with,
            limit: 0,
            since_ms: 2
        }),
        [3, 4]
    );
    assert_eq!(
        when(Wanted {
            with: None,
            limit: 1,
            since_ms: 0
        }),
        [4]
    );
}
