//! Tests of the directory: sources, eviction, both ends of links, size.

use super::*;
use crate::policy::rights::{Kind, Kinds};

pub(super) fn user(text: &str) -> UserName<'_> {
    UserName::parse(text).unwrap()
}

pub(super) fn rights(roles: &[&str], groups: &[&str], partners: &[&str]) -> Rights {
    let own = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
    Rights {
        account: Account {
            kinds: Kinds::NONE.with(Kind::Pc),
            roles: own(roles),
            channels: Vec::new(),
        },
        groups: own(groups),
        partners: own(partners),
    }
}

#[test]
fn a_login_replaces_what_was_known() {
    let mut d = Directory::new(10);
    let (alice, carol, dan) = (user("alice@acme"), user("carol@beta"), user("dan@beta"));
    d.login(alice, &rights(&["r1"], &["dev", "ops"], &["carol@beta"]));
    assert!(d.has_role(alice, "r1") && d.is_member(alice, "dev") && d.is_partner(carol, alice));
    assert_eq!(d.find(alice).groups().count(), 2);
    d.login(alice, &rights(&["r2"], &["ops"], &["dan@beta"]));
    assert!(!d.has_role(alice, "r1") && d.has_role(alice, "r2"));
    assert!(!d.is_member(alice, "dev") && d.is_member(alice, "ops"));
    assert!(!d.is_partner(carol, alice) && d.is_partner(dan, alice) && d.is_partner(alice, dan));
    assert_eq!((d.group_count(), d.user_count()), (1, 2));
    assert!(d.find(alice).kinds().has(Kind::Pc));
}

#[test]
fn malformed_names_in_rights_are_dropped() {
    let mut d = Directory::new(10);
    let alice = user("alice@acme");
    let mut bad = rights(
        &["r/1", ""],
        &["a/b", "+"],
        &["carol", "a@b@c", "alice@acme"],
    );
    bad.account.channels = vec![
        "+".into(),
        "a/+/b".into(),
        "".into(),
        "a/#/b".into(),
        "$share/g/a".into(),
    ];
    d.login(alice, &bad);
    let person = d.find(alice);
    assert_eq!((person.groups().count(), person.partners().count()), (0, 0));
    assert!(!person.has_role("r/1") && !person.has_channel("a/x/b") && !person.has_channel("+"));
}

#[test]
fn the_oldest_login_without_a_session_is_evicted() {
    let mut d = Directory::new(2);
    let known = |d: &Directory, name| d.has_role(user(name), "r");
    for name in ["a@x", "b@x", "c@x"] {
        d.login(user(name), &rights(&["r"], &["g"], &[]));
    }
    assert!(!known(&d, "a@x") && known(&d, "b@x") && known(&d, "c@x"));
    d.session_began(user("b@x"));
    for name in ["d@x", "e@x", "f@x"] {
        d.login(user(name), &rights(&["r"], &["g"], &[]));
    }
    assert!(known(&d, "b@x"), "has a live session");
    assert!(!known(&d, "e@x") && known(&d, "f@x"));
    d.session_ended(user("b@x"));
    assert!(known(&d, "b@x"));
    d.login(user("g@x"), &rights(&["r"], &[], &[]));
    d.login(user("h@x"), &rights(&["r"], &[], &[]));
    assert!(!known(&d, "b@x"));
    assert_eq!((d.user_count(), d.group_count()), (2, 0));
}

#[test]
fn sessions_may_exceed_the_capacity_but_not_outlive_it() {
    let mut d = Directory::new(1);
    let names: Vec<String> = (0..5).map(|n| format!("u{n}@x")).collect();
    for name in &names {
        d.session_began(user(name));
        d.login(user(name), &rights(&["r"], &[], &[]));
    }
    assert!(names.iter().all(|n| d.has_role(user(n), "r")));
    for name in &names {
        d.session_ended(user(name));
    }
    assert_eq!(d.user_count(), 1);
    d.session_ended(user("u0@x"));
    d.session_began(user("stranger@x"));
    assert_eq!(d.user_count(), 2);
    d.session_ended(user("stranger@x"));
    assert_eq!(d.user_count(), 1);
}

#[test]
fn a_reconnect_storm_grows_nothing() {
    let mut d = Directory::new(10);
    for _ in 0..10_000 {
        d.session_began(user("a@x"));
        d.login(user("a@x"), &rights(&["r"], &["g"], &["b@y"]));
        d.session_ended(user("a@x"));
    }
    assert!(d.logins.queue_len() < 200);
    assert_eq!(
        (d.user_count(), d.group_count(), d.profiles.len()),
        (2, 1, 1)
    );
}

#[test]
fn eviction_spares_what_the_feed_said() {
    let mut d = Directory::new(1);
    d.group_upserted("x", "told", ["a"]);
    d.upsert_user(user("p@y"), &Account::default());
    d.login(
        user("a@x"),
        &rights(&["r"], &["told", "own"], &["p@y", "q@y"]),
    );
    d.login(user("b@x"), &rights(&[], &[], &[]));
    let a = d.find(user("a@x"));
    assert!(a.is_member("told") && !a.is_member("own") && !a.has_role("r"));
    assert!(a.is_partner(user("p@y")) && !a.is_partner(user("q@y")));
    assert_eq!((d.user_count(), d.profiles.len()), (3, 0));
}

#[test]
fn a_removed_user_comes_back_by_the_feed_only() {
    let mut d = Directory::new(10);
    let a = user("a@x");
    d.login(a, &rights(&["r"], &["g"], &["p@y"]));
    d.remove_user(a);
    assert_eq!(d.find(a).standing(), Standing::Removed);
    d.login(a, &rights(&["r"], &["g"], &["p@y"]));
    d.group_upserted("x", "g", ["a", "b"]);
    d.partner_linked(a, user("p@y"));
    assert!(!d.is_active(a) && !d.is_member(a, "g") && !d.is_partner(a, user("p@y")));
    assert!(!d.has_role(a, "r"));
    d.upsert_user(a, &Account::default());
    assert!(d.is_active(a) && !d.has_role(a, "r"));
    d.remove_user(user("never@x"));
    assert!(!d.is_active(user("never@x")));
}

#[test]
fn a_complete_directory_is_not_overruled_by_logins() {
    let mut d = Directory::new(10);
    let a = user("a@x");
    d.upsert_user(a, &Account::default());
    d.set_complete(true);
    d.login(a, &rights(&["r"], &["g"], &["p@y"]));
    assert!(!d.has_role(a, "r") && !d.is_member(a, "g"));
    assert!(d.find(a).kinds().has(Kind::Pc));
    assert!(!d.is_active(user("p@y")) && !d.is_active(user("new@x")));
    // A user newer than the directory is known from the login until the feed tells.
    d.login(user("new@x"), &rights(&["r"], &["g"], &[]));
    assert!(d.is_active(user("new@x")) && d.is_member(user("new@x"), "g"));
}

#[test]
fn groups_and_links_change_at_both_ends() {
    let mut d = Directory::new(10);
    let members = |d: &Directory| d.members("x", "g").map(str::to_owned).collect::<Vec<_>>();
    d.login(user("old@x"), &rights(&[], &["g"], &[]));
    d.group_upserted("x", "g", ["a", "b", "bad/name", "a"]);
    assert_eq!(members(&d), ["a", "b"]);
    assert!(!d.is_member(user("old@x"), "g"));
    d.group_upserted("x", "g", []);
    assert_eq!(
        (members(&d).len(), d.group_count(), d.user_count()),
        (0, 1, 1)
    );
    d.group_upserted("x", "g", ["c"]);
    d.group_removed("x", "g");
    assert_eq!((d.group_count(), d.user_count()), (0, 1));
    d.group_upserted("x", "h", ["old"]);
    assert_eq!(d.find(user("old@x")).groups().collect::<Vec<_>>(), ["h"]);
    d.partner_linked(user("old@x"), user("p@y"));
    d.partner_linked(user("old@x"), user("old@x"));
    assert_eq!(
        d.find(user("p@y")).partners().collect::<Vec<_>>(),
        [user("old@x")]
    );
    d.partner_unlinked(user("p@y"), user("old@x"));
    assert_eq!(d.user_count(), 1);
    d.remove_user(user("old@x"));
    d.partner_linked(user("old@x"), user("p@y"));
    assert_eq!(d.user_count(), 1);
}

#[test]
fn suspension_is_of_the_enterprise() {
    let mut d = Directory::new(10);
    d.suspend_enterprise("x");
    assert_eq!(d.find(user("any@x")).standing(), Standing::Suspended);
    assert!(d.is_suspended("x") && !d.is_suspended("y") && d.is_active(user("any@y")));
    d.restore_enterprise("x");
    assert!(d.is_active(user("any@x")));
}

/// Random changes keep both ends of memberships and links in step, and leave nothing behind.
#[test]
fn both_ends_stay_in_step_under_random_changes() {
    let mut d = Directory::new(3);
    let mut state = 1_u64;
    let mut next = |n: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    for step in 0..20_000 {
        let (a, b) = (
            format!("u{}@e{}", next(6), next(2)),
            format!("u{}@e{}", next(6), next(2)),
        );
        let (a, b) = (user(&a), user(&b));
        let gid = format!("g{}", next(3));
        match next(10) {
            0 => d.upsert_user(a, &Account::default()),
            1 => d.remove_user(a),
            2 => drop(d.group_upserted(a.eid, &gid, [a.uid, b.uid])),
            3 => drop(d.group_removed(a.eid, &gid)),
            4 => d.partner_linked(a, b),
            5 => d.partner_unlinked(a, b),
            6 => d.session_began(a),
            7 => d.session_ended(a),
            _ => d.login(a, &rights(&[&gid], &[&gid], &[&b.to_string()])),
        }
        check_ends(&d, step);
    }
}

fn check_ends(d: &Directory, step: usize) {
    for entry in d.users.iter() {
        assert!(!entry.is_idle(), "step {step}: {entry:?}");
        let id = d.users.find(entry.enterprise, &entry.uid).unwrap();
        let removed = entry.state == State::Removed;
        assert!(
            !removed || entry.groups.is_empty() && entry.partners.is_empty(),
            "step {step}"
        );
        assert!(
            entry
                .groups
                .iter()
                .all(|g| d.groups.get(g).unwrap().members.has(id)),
            "step {step}"
        );
        assert!(
            entry
                .partners
                .iter()
                .all(|p| d.users.get(p).unwrap().partners.has(id)),
            "step {step}"
        );
    }
    for group in d.groups.iter() {
        let id = d.groups.find(group.enterprise, &group.gid).unwrap();
        assert!(
            group.from_directory || !group.members.is_empty(),
            "step {step}: {group:?}"
        );
        assert!(
            group
                .members
                .iter()
                .all(|u| d.users.get(u).unwrap().groups.has(id)),
            "step {step}"
        );
    }
    let named = d.users.iter().filter(|u| u.state == State::Named).count();
    assert_eq!(named, d.named, "step {step}");
    let logins = d
        .users
        .iter()
        .filter(|u| u.state == State::Login && u.pins == 0)
        .count();
    assert!(logins <= 3, "step {step}: {logins}");
}

/// The figures in docs/policy.md.
#[test]
fn a_large_directory_is_compact() {
    let mut d = Directory::new(0);
    let uids: Vec<String> = (0..100_000).map(|n| format!("user-{n:06}")).collect();
    let account = Account {
        roles: vec!["employee".into()],
        ..Account::default()
    };
    for uid in &uids {
        d.upsert_user(UserName { uid, eid: "acme" }, &account);
    }
    let before = bytes(&d);
    for group in 0..10_000 {
        let members = (0..50).map(|n| uids[(group * 37 + n * 1_009) % uids.len()].as_str());
        d.group_upserted("acme", &format!("group-{group:05}"), members);
    }
    let (user, membership) = (before / 100_000, (bytes(&d) - before) / 500_000);
    println!("{user} bytes a user, {membership} bytes a membership (groups included)");
    assert!(user <= 200 && membership <= 20, "{user} {membership}");
    assert_eq!(d.profiles.len(), 1);
}

/// What the tables and the entries own, by capacity; the allocator's own overhead is not counted.
fn bytes(d: &Directory) -> usize {
    let users = d
        .users
        .iter()
        .map(|u| u.uid.len() + u.groups.own_bytes() + u.partners.own_bytes());
    let groups = d.groups.iter().map(|g| g.gid.len() + g.members.own_bytes());
    d.users.own_bytes() + d.groups.own_bytes() + users.sum::<usize>() + groups.sum::<usize>()
}
