//! The answer to an introspection: claim options, a line each, an empty line, the client id, and the body. A grant holds
//! well-formed names alone, and no error shows what stood in the answer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mosquitto_enterprise_push::config::{Claims, Options};
use mosquitto_enterprise_push::protocol::contract::{Grant, Verdict};
use mosquitto_enterprise_push::protocol::{SessionName, UserName, name};
use mosquitto_enterprise_push::upstream::wire::{Asked, read_introspection};
use mosquitto_enterprise_push_fuzz::{first_line, text};

/// A value that bodies hold; no error may.
const CONTENT: &str = "x7q9";

fuzz_target!(|data: &[u8]| {
    let mut rest = data;
    let mut options = Options::default();
    let mut typed = String::new();
    loop {
        let (line, after) = first_line(rest);
        rest = after;
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = text(line).and_then(|line| line.split_once(' ')) else {
            return;
        };
        if name.starts_with("claim_") || name == "require_claims" {
            let _ = options.set(name, value);
            typed.push_str(value);
        }
    }
    let (client_id, body) = first_line(rest);
    let (Ok(claims), Some(client_id)) = (Claims::of(&options), text(client_id)) else {
        return;
    };
    let asked = Asked {
        client_id,
        now_s: 1_900_000_000,
    };
    let quiet = |said: &str| {
        let known = typed.contains(CONTENT) || client_id.contains(CONTENT);
        assert!(known || !said.contains(CONTENT), "{said}");
    };
    match read_introspection(body, &claims, &asked) {
        Ok(Verdict::Active(grant)) => is_sound(&grant),
        Ok(Verdict::Inactive) => {}
        Ok(Verdict::Unfit(why)) | Err(why) => quiet(&why),
    }
});

fn is_sound(grant: &Grant) {
    assert_eq!(grant.check(), Ok(()));
    let session = grant.session();
    let printed = format!(
        "{}@{}:{}",
        session.user.uid, session.user.eid, session.device
    );
    assert_eq!(SessionName::parse(&printed), Ok(session));
    let rights = grant
        .entitlements
        .as_ref()
        .expect("an introspection tells of rights");
    assert!(
        rights
            .groups
            .iter()
            .chain(&rights.roles)
            .all(|name| name::is_valid(name))
    );
    assert!(
        rights
            .partners
            .iter()
            .all(|partner| UserName::parse(partner).is_ok())
    );
    assert!(
        rights
            .channels
            .iter()
            .all(|channel| !channel.is_empty() && !channel.contains('+'))
    );
}
