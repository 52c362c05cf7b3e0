//! The control feed: the same events however the network cuts the bytes, ids that only grow, and an engine that takes
//! them all in without letting anybody over a wall.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mosquitto_enterprise_push::upstream::fuzzing::feed;
use mosquitto_enterprise_push_fuzz::engine::{at, engine, walls_stand};
use mosquitto_enterprise_push_fuzz::first_byte;

const SINCE: u64 = 3;

fuzz_target!(|data: &[u8]| {
    let (piece, bytes) = first_byte(data);
    let (whole, end) = feed(bytes, bytes.len(), Some(SINCE));
    let (cut, end_of_cut) = feed(bytes, piece, Some(SINCE));
    assert_eq!(whole, cut);
    assert_eq!(end.to_string(), end_of_cut.to_string());
    let mut last = SINCE;
    let mut engine = engine();
    for item in whole {
        assert!(item.id > last || item.raw.name == "snapshot.required");
        last = item.id;
        let now = at(item.id % 1_000_000);
        match item.event {
            Ok(Some(event)) => drop(engine.feed_event(event, now)),
            Ok(None) => {}
            Err(error) => drop(engine.unreadable_event(&error.why, error.withdraws, now)),
        }
        drop(engine.tick(now));
    }
    walls_stand(&mut engine);
});
