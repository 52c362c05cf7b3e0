//! Tests of loads: what is swept out, what stays, and answers recalled from memory.

use super::super::tests::{rights, user};
use super::super::*;

fn swept(d: &mut Directory) -> Vec<Gone> {
    d.end_load();
    let mut gone = Vec::new();
    while d.is_sweeping() {
        gone.extend(d.sweep(3));
    }
    gone
}

#[test]
fn a_load_names_what_the_service_no_longer_holds() {
    let mut d = Directory::new(10);
    for name in ["a@x", "b@x", "p@y"] {
        d.upsert_user(user(name), &Account::default());
    }
    d.group_upserted("x", "g", ["a", "b"]);
    d.group_upserted("x", "h", ["a"]);
    d.partner_linked(user("a@x"), user("p@y"));
    d.suspend_enterprise("z");
    d.suspend_enterprise("w");
    d.login(user("new@x"), &rights(&["r"], &["own"], &["p@y"]));

    d.begin_load();
    for eid in ["x", "y", "z", "w"] {
        d.name_enterprise(eid);
    }
    d.suspend_enterprise("w");
    assert!(d.is_suspended("z"), "until the load is over");
    d.upsert_user(user("a@x"), &Account::default());
    d.upsert_user(user("p@y"), &Account::default());
    let change = d.group_upserted("x", "g", ["a", "c"]);
    assert_eq!(
        (change.joined, change.left),
        (vec!["c".into()], vec!["b".into()])
    );
    assert!(!d.is_complete());
    let (eid, uid) = ("x".to_owned(), "b".to_owned());
    let want = [
        Gone::Suspension { eid: "z".into() },
        Gone::Link {
            a: "a@x".into(),
            b: "p@y".into(),
        },
        Gone::User {
            eid: eid.clone(),
            uid,
        },
        Gone::Group {
            eid,
            gid: "h".into(),
        },
    ];
    assert_eq!(swept(&mut d), want);
    assert!(d.is_complete());
    // Somebody newer than the directory keeps what the login told.
    assert!(d.is_member(user("new@x"), "own") && d.is_partner(user("new@x"), user("p@y")));
}

#[test]
fn a_load_that_tells_everything_again_takes_nothing_away() {
    let mut d = Directory::new(10);
    for _ in 0..3 {
        d.begin_load();
        d.upsert_user(user("a@x"), &Account::default());
        d.upsert_user(user("p@y"), &Account::default());
        d.group_upserted("x", "g", ["a"]);
        d.partner_linked(user("a@x"), user("p@y"));
        assert_eq!(swept(&mut d), []);
    }
    assert!(d.is_member(user("a@x"), "g") && d.is_partner(user("p@y"), user("a@x")));
}

#[test]
fn a_recalled_answer_overrules_nothing_that_the_feed_told() {
    let mut d = Directory::new(1);
    let a = user("a@x");
    let answer = rights(&["r"], &["told", "own"], &[]);
    d.login(a, &answer);
    d.group_upserted("x", "told", ["b"]);
    d.recall(a, &answer);
    assert!(!d.is_member(a, "told"), "still known: nothing changes");
    d.login(user("other@x"), &rights(&[], &[], &[]));
    d.group_upserted("x", "new", ["a"]);
    d.recall(a, &answer);
    assert!(d.has_role(a, "r") && d.is_member(a, "own") && d.is_member(a, "new"));
    assert!(!d.is_member(a, "told"));
}

/// The lines of a directory, and what it then says of somebody.
const LINES: [fn(&mut Directory); 7] = [
    |d| d.name_enterprise("x"),
    |d| d.upsert_user(user("a@x"), &account("of-directory")),
    |d| drop(d.group_upserted("x", "g", ["a", "b"])),
    |d| d.upsert_user(user("b@x"), &account("of-directory")),
    |d| drop(d.group_upserted("x", "h", ["b"])),
    |d| d.partner_linked(user("a@x"), user("p@y")),
    |d| d.upsert_user(user("p@y"), &Account::default()),
];

fn account(role: &str) -> Account {
    rights(&[role], &[], &[]).account
}

fn seen(d: &Directory, who: &str) -> (Vec<String>, Vec<String>, Vec<String>) {
    let person = d.find(user(who));
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    (
        sorted(person.roles().map(str::to_owned).collect()),
        sorted(person.groups().map(str::to_owned).collect()),
        sorted(person.partners().map(|p| p.to_string()).collect()),
    )
}

fn remove(d: &mut Directory, gone: Gone) {
    match gone {
        Gone::Membership { eid, gid, uid } => {
            let (eid, uid) = (&*eid, &*uid);
            d.left_group(UserName { uid, eid }, &gid);
        }
        Gone::Link { a, b } => d.partner_unlinked(user(&a), user(&b)),
        Gone::Group { eid, gid } => drop(d.group_removed(&eid, &gid)),
        Gone::User { eid, uid } => d.remove_user(UserName {
            uid: &uid,
            eid: &eid,
        }),
        Gone::Suspension { eid } => d.restore_enterprise(&eid),
    }
}

/// Loads all lines `loads` times, with this answer about this user before the line `at` of the last load.
fn loaded(loads: usize, at: usize, who: &str, answer: &Rights) -> Directory {
    let mut d = Directory::new(10);
    for load in 1..=loads {
        d.begin_load();
        for (number, line) in LINES.iter().enumerate() {
            if load == loads && number == at {
                d.login(user(who), answer);
            }
            line(&mut d);
        }
        if load == loads && at == LINES.len() {
            d.login(user(who), answer);
        }
        for gone in swept(&mut d) {
            remove(&mut d, gone);
        }
    }
    d
}

#[test]
fn a_login_in_the_middle_of_a_load_changes_nothing_of_what_the_load_tells() {
    let answers = [
        rights(&[], &[], &[]),
        rights(&["of-token"], &["h", "own"], &["q@y"]),
        rights(&["of-token"], &["g"], &["p@y"]),
    ];
    for (loads, at, who) in (1..=2)
        .flat_map(|loads| (0..=LINES.len()).map(move |at| (loads, at)))
        .flat_map(|(loads, at)| ["a@x", "b@x", "p@y"].map(|who| (loads, at, who)))
    {
        let want = loaded(loads, usize::MAX, who, &answers[0]);
        for answer in &answers {
            let d = loaded(loads, at, who, answer);
            for other in ["a@x", "b@x", "p@y", "q@y"] {
                let (is, should) = (seen(&d, other), seen(&want, other));
                assert_eq!(is, should, "{other}: {who} logs in before {at}, {answer:?}");
            }
        }
    }
}

#[test]
fn a_login_in_the_middle_of_a_load_gives_what_the_load_has_not_told_yet() {
    let mut d = Directory::new(10);
    d.begin_load();
    d.upsert_user(user("a@x"), &account("of-directory"));
    d.group_upserted("x", "g", ["b"]);
    d.login(user("a@x"), &rights(&["of-token"], &["g", "h"], &["p@y"]));
    assert!(d.is_member(user("a@x"), "h") && d.is_partner(user("a@x"), user("p@y")));
    assert!(!d.is_member(user("a@x"), "g"), "its members have been told");
    assert!(d.has_role(user("a@x"), "of-directory") && !d.has_role(user("a@x"), "of-token"));
}
