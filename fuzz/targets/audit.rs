//! The audit log: whatever a client calls itself, a record is one line of JSON of bounded length. Lines: node, client
//! id, topic, reason, and others that the kind of the record, the first byte, asks for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mosquitto_enterprise_push::audit::fuzzing::line;
use mosquitto_enterprise_push::engine::{Event, Login, Origin, Outcome, Record, Refusal, Refused};
use mosquitto_enterprise_push::protocol::SessionName;
use mosquitto_enterprise_push::protocol::contract::Scope;
use mosquitto_enterprise_push_fuzz::first_byte;
use serde_json::Value;

/// 512 bytes of each text, each of which JSON writes with six at most, and what stands around them.
const LONGEST: usize = 4 * 6 * 520 + 1024;

fuzz_target!(|data: &[u8]| {
    let (kind, bytes) = first_byte(data);
    let text = String::from_utf8_lossy(bytes);
    let mut words = text.split('\n');
    let mut word = || words.next().unwrap_or_default();
    let (client_id, first, second) = (word(), word(), word());
    let unix_ms = bytes.len() as u64;
    let record = Record {
        unix_ms,
        event: event(kind, client_id, first, second),
    };
    let line = line("node", 7, &record);
    assert!(line.len() <= LONGEST, "{} bytes", line.len());
    assert!(!line.contains(['\n', '\r']));
    let read: Value = serde_json::from_str(&line).expect("a line is JSON");
    assert_eq!(read["id"], "7-1");
    assert_eq!(read["time"], unix_ms);
    if let (true, Ok(name)) = (read["uid"].is_string(), SessionName::parse(client_id)) {
        assert_eq!(
            (&read["uid"], &read["eid"]),
            (&name.user.uid.into(), &name.user.eid.into())
        );
        assert_eq!(read["device"], name.device);
    }
});

fn event(kind: usize, client_id: &str, first: &str, second: &str) -> Event {
    let outcome = match kind % 3 {
        0 => Outcome::Granted(Origin::Announced),
        1 => Outcome::Granted(Origin::Introspected),
        _ => Outcome::Refused(Refusal::MalformedToken),
    };
    let what = if kind.is_multiple_of(2) {
        Refused::Publish
    } else {
        Refused::Subscribe
    };
    let (first, second) = (first.to_owned(), second.to_owned());
    match kind % 8 {
        0 => Event::Login(Login {
            client_id: client_id.to_owned(),
            peer: "192.0.2.7".to_owned(),
            outcome,
        }),
        1 => Event::Logout {
            client_id: client_id.into(),
        },
        2 => Event::Kick {
            client_id: client_id.into(),
            reason: first,
        },
        3 | 4 => Event::Refused {
            client_id: client_id.into(),
            what,
            topic: first.into(),
            reason: second,
            unrecorded: kind as u64,
        },
        5 => Event::Notice {
            id: first,
            kind: second,
            scope: Scope::All,
        },
        6 => Event::Command {
            client_id: client_id.into(),
            command: first,
            error: (kind > 100).then_some(second),
        },
        _ => Event::Policy(Err(first)),
    }
}
