//! Operators' commands: what is read has well-formed names, each gets one answer, and the answers are JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mosquitto_enterprise_push::protocol::contract::Scope;
use mosquitto_enterprise_push::protocol::control::{self, Command, MAX_COMMANDS, MAX_LISTED};
use mosquitto_enterprise_push::protocol::name;
use mosquitto_enterprise_push_fuzz::engine::{at, engine, walls_stand};
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let orders = match control::read(data) {
        Ok(orders) => orders,
        Err(why) => {
            let answer = control::encode(vec![control::refusal(why)]);
            assert_eq!(responses(&answer), 1);
            return;
        }
    };
    assert!(orders.len() <= MAX_COMMANDS);
    let many = orders.len();
    let mut engine = engine();
    let mut answers = Vec::new();
    for order in orders {
        if let Ok(command) = &order.command {
            is_sound(command);
            drop(engine.command(command.clone(), at(1)));
        }
        let result = order.command.clone().map(|_| None);
        answers.push(order.answer(result));
    }
    drop(engine.tick(at(2)));
    walls_stand(&mut engine);
    assert_eq!(responses(&control::encode(answers)), many);
});

fn responses(answer: &[u8]) -> usize {
    let answer: Value = serde_json::from_slice(answer).expect("answers are JSON");
    answer["responses"]
        .as_array()
        .expect("a list of answers")
        .len()
}

fn is_sound(command: &Command) {
    let named = |name: &Option<String>| assert!(name.as_deref().is_none_or(name::is_valid));
    match command {
        Command::KickUser {
            eid, uid, device, ..
        } => {
            assert!(name::is_valid(eid) && name::is_valid(uid));
            named(device);
        }
        Command::ListSessions {
            eid, uid, count, ..
        } => {
            named(eid);
            named(uid);
            assert!(*count <= MAX_LISTED && (uid.is_none() || eid.is_some()));
        }
        Command::SendNotice(notice) => match &notice.scope {
            Scope::All => {}
            Scope::Enterprise { eid } => assert!(name::is_valid(eid)),
            Scope::User { eid, uid: other } | Scope::Group { eid, gid: other } => {
                assert!(name::is_valid(eid) && name::is_valid(other));
            }
        },
        Command::Explain(question) => {
            assert!(name::is_valid(&question.eid) && name::is_valid(&question.uid));
            named(&question.device);
        }
        Command::GetStatus | Command::ReloadPolicy => {}
    }
}
