//! The directory, lines of JSON: the same entries however the bytes are cut, and what an engine holds after a load.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mosquitto_enterprise_push::engine::Engine;
use mosquitto_enterprise_push::protocol::contract::{DirectoryStep, FeedEvent};
use mosquitto_enterprise_push::upstream::fuzzing::directory;
use mosquitto_enterprise_push_fuzz::engine::{engine, walls_stand};
use mosquitto_enterprise_push_fuzz::first_byte;

fuzz_target!(|data: &[u8]| {
    let (piece, bytes) = first_byte(data);
    let whole = directory(bytes, bytes.len());
    let cut = directory(bytes, piece);
    let (Ok((seq, entries, end)), Ok((seq_of_cut, of_cut, end_of_cut))) = (&whole, &cut) else {
        assert_eq!(whole.map_err(text).err(), cut.map_err(text).err());
        return;
    };
    assert_eq!((seq, entries), (seq_of_cut, of_cut));
    let text = |end: &Option<_>| end.as_ref().map(ToString::to_string);
    assert_eq!(text(end), text(end_of_cut));
    assert!(entries.iter().all(|(event, _)| event.is_of_directory()));
    let lines: Vec<FeedEvent> = entries.iter().map(|(event, _)| event.clone()).collect();
    let mut engine = engine();
    load(&mut engine, &lines);
    let first = engine.figures();
    load(&mut engine, &lines);
    let again = engine.figures();
    assert_eq!((first.users, first.groups), (again.users, again.groups));
    walls_stand(&mut engine);
});

fn load(engine: &mut Engine, lines: &[FeedEvent]) {
    engine.directory_step(DirectoryStep::Begin);
    engine.directory_step(DirectoryStep::Entries(lines.to_vec()));
    engine.directory_step(DirectoryStep::End);
    while engine.sweep(&mut Vec::new()) {}
}

fn text(error: impl ToString) -> String {
    error.to_string()
}
