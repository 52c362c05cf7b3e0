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
