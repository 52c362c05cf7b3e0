//! The policy file: the first line is a filter or topic name, the rest the file. Rules only add, what may be subscribed
//! to may be received, and without `cross_enterprise` nobody gets beyond the own enterprise.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mosquitto_enterprise_push::policy::{
    Account, Directory, Kind, Kinds, Policy, Reason, Rules, Subject,
};
use mosquitto_enterprise_push::protocol::UserName;
use mosquitto_enterprise_push_fuzz::{self as model, first_line, text};

const PEOPLE: [&str; 5] = [
    "alice@acme",
    "s1@acme",
    "ops@acme",
    "carol@beta",
    "mallory@evil",
];
const NAMES: [&str; 9] = [
    "acme",
    "beta",
    "evil",
    "im",
    "telemetry",
    "notice",
    "alice",
    "s1",
    "$SYS",
];

thread_local! {
    static WORLD: Directory = world();
}

fn world() -> Directory {
    let mut directory = Directory::new(10);
    for name in PEOPLE {
        let roles: &[&str] = match name {
            "s1@acme" => &["sensor", "stock"],
            "ops@acme" => &["operator"],
            _ => &[],
        };
        let account = Account {
            kinds: Kinds::NONE,
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            channels: Vec::new(),
        };
        directory.upsert_user(user(name), &account);
    }
    directory.group_upserted("acme", "dev", ["alice", "s1"]);
    directory.partner_linked(user("alice@acme"), user("carol@beta"));
    directory
}

fn user(name: &str) -> UserName<'_> {
    UserName::parse(name).expect("a user name")
}

fuzz_target!(|data: &[u8]| WORLD.with(|world| one(world, data)));

fn one(world: &Directory, data: &[u8]) {
    let (asked, file) = first_line(data);
    let (Some(asked), Some(file)) = (text(asked), text(file)) else {
        return;
    };
    let Ok(rules) = Rules::parse(file) else {
        return;
    };
    assert!((0..rules.len()).all(|at| rules.name(at as u16).is_some_and(|name| !name.is_empty())));
    let stays_home = !file.contains("cross_enterprise") && !file.contains('\\');
    let (with, without) = (Policy::new(rules), Policy::default());
    for name in PEOPLE {
        for kind in [None, Some(Kind::Pc), Some(Kind::Service)] {
            let subject = Subject {
                user: user(name),
                device: "d1",
                kind,
            };
            judge(world, &with, &without, subject, asked);
        }
    }
    let mallory = Subject {
        user: user("mallory@evil"),
        device: "d1",
        kind: Some(Kind::Pc),
    };
    if stays_home {
        for foreign in ["acme", "beta"] {
            let inside = format!("{foreign}/{asked}");
            for topic in [asked, &inside] {
                if topic.split('/').next() == Some(foreign) {
                    assert!(
                        !with.may_publish(world, mallory, topic).is_allowed(),
                        "{topic}"
                    );
                    assert!(
                        !with.may_receive(world, mallory, topic).is_allowed(),
                        "{topic}"
                    );
                    assert!(
                        !with.may_subscribe(world, mallory, topic).is_allowed(),
                        "{topic}"
                    );
                }
            }
        }
    }
}

fn judge(world: &Directory, with: &Policy, without: &Policy, subject: Subject<'_>, asked: &str) {
    let more =
        |a: bool, b: bool| assert!(b || !a, "rules took something from {subject:?}: {asked:?}");
    let publish = |policy: &Policy| policy.may_publish(world, subject, asked).is_allowed();
    let receive = |policy: &Policy| policy.may_receive(world, subject, asked).is_allowed();
    let subscribe = |policy: &Policy| policy.may_subscribe(world, subject, asked).is_allowed();
    more(publish(without), publish(with));
    more(receive(without), receive(with));
    more(subscribe(without), subscribe(with));
    let filter = mosquitto_enterprise_push::policy::Filter::parse(asked);
    if let (true, Ok(filter)) = (subscribe(with), filter) {
        for topic in topics_of(filter.topics()) {
            let reason = with.may_receive(world, subject, &topic).reason();
            let allowed = reason.is_none_or(|reason| reason == Reason::TopicSuspended);
            assert!(
                allowed,
                "{subject:?} subscribes to {asked:?} and may not receive {topic:?}"
            );
        }
    }
}

/// Some of the topics that a filter matches: each wildcard filled in by each name, `#` by up to two.
fn topics_of(filter: &str) -> Vec<String> {
    let mut all = Vec::new();
    for name in NAMES {
        let plain = filter.replace('+', name);
        match plain.strip_suffix('#') {
            None => all.push(plain),
            Some(head) => {
                all.extend(head.strip_suffix('/').map(str::to_owned));
                all.extend([format!("{head}{name}"), format!("{head}{name}/x")]);
            }
        }
    }
    all.retain(|topic| !topic.is_empty() && model::matches(filter, topic));
    all
}
