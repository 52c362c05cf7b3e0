//! User names, client ids and topic names: what is read prints back as it was, and no name smuggles a level or a wildcard.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mosquitto_enterprise_push::protocol::{SessionName, Topic, UserName, name};
use mosquitto_enterprise_push_fuzz::text;

fn is_plain(name: &str) {
    assert!(name::is_valid(name));
    assert!((1..=64).contains(&name.len()));
    assert!(
        name.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    );
}

fn read_topic(text: &str) {
    let topic = Topic::parse(text);
    match topic {
        Topic::Inbox { eid, uid }
        | Topic::Presence { eid, uid }
        | Topic::Signature { eid, uid } => {
            is_plain(eid);
            is_plain(uid);
        }
        Topic::Group { eid, gid } => {
            is_plain(eid);
            is_plain(gid);
        }
        Topic::Notice { eid, channel } => {
            is_plain(eid);
            assert!(!channel.is_empty());
        }
        Topic::SysNoticeEnterprise { eid } => is_plain(eid),
        Topic::SysNoticeUser { eid, uid } => {
            is_plain(eid);
            is_plain(uid);
        }
        Topic::SysNotice | Topic::Control | Topic::ControlResponse => {}
        Topic::Sys | Topic::Other => return,
    }
    assert_eq!(topic.to_string(), text);
}

fuzz_target!(|data: &[u8]| {
    let Some(text) = text(data) else { return };
    read_topic(text);
    if let Ok(user) = UserName::parse(text) {
        is_plain(user.uid);
        is_plain(user.eid);
        assert_eq!(format!("{}@{}", user.uid, user.eid), text);
    }
    if let Ok(session) = SessionName::parse(text) {
        is_plain(session.user.uid);
        is_plain(session.user.eid);
        is_plain(session.device);
        let printed = format!(
            "{}@{}:{}",
            session.user.uid, session.user.eid, session.device
        );
        assert_eq!(printed, text);
    }
});
