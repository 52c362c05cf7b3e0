//! A small world that the tests share: three enterprises, one of them suspended.

use crate::policy::{Account, Directory, Kind, Kinds, Policy, Rules, Subject};
use crate::protocol::UserName;

/// Everybody: linked partners, a holder of channels, an operator, and those who may do nothing.
pub(super) const EVERYBODY: [&str; 9] = [
    "alice@acme",
    "bob@acme",
    "editor@acme",
    "ops@acme",
    "gone@acme",
    "carol@beta",
    "dan@beta",
    "mallory@evil",
    "sam@frozen",
];

pub(super) fn user(text: &str) -> UserName<'_> {
    UserName::parse(text).unwrap()
}

pub(super) fn on<'a>(text: &'a str, device: &'a str, kind: Kind) -> Subject<'a> {
    Subject {
        user: user(text),
        device,
        kind: Some(kind),
    }
}

pub(super) fn account(roles: &[&str], channels: &[&str]) -> Account {
    let own = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
    Account {
        kinds: Kinds::NONE,
        roles: own(roles),
        channels: own(channels),
    }
}

/// alice and bob are in acme's group dev; dan and mallory are in groups of that name elsewhere; alice and
/// carol are linked, and so are alice and sam.
pub(super) fn directory() -> Directory {
    let mut directory = Directory::new(10);
    for name in EVERYBODY {
        let account = match name {
            "editor@acme" => account(&["editor"], &["news/#", "canteen"]),
            "ops@acme" => account(&["operator"], &[]),
            "mallory@evil" => account(&["boss"], &["#"]),
            _ => account(&[], &[]),
        };
        directory.upsert_user(user(name), &account);
    }
    directory.group_upserted("acme", "dev", ["alice", "bob"]);
    directory.group_upserted("beta", "dev", ["dan"]);
    directory.group_upserted("evil", "dev", ["mallory"]);
    directory.group_upserted("frozen", "dev", ["sam"]);
    directory.partner_linked(user("alice@acme"), user("carol@beta"));
    directory.partner_linked(user("sam@frozen"), user("alice@acme"));
    directory.remove_user(user("gone@acme"));
    directory.suspend_enterprise("frozen");
    directory
}

pub(super) fn policy(rules: &str) -> Policy {
    Policy::new(Rules::parse(&format!(r#"{{"version":1,"rules":[{rules}]}}"#)).unwrap())
}
