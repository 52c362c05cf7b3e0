//! `im book`: the copy on disk, whole and damaged.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::fake::{OTHER_PERSONAL_KEY, Service, Trouble};
use crate::program::{Im, lines};

fn stage() -> (Service, Im) {
    let service = Service::start();
    for entry in [
        json!({"type": "department", "did": "rd", "name": "Research", "parent": null}),
        json!({"type": "user", "eid": "acme", "uid": "alice", "name": "Alice Liddell", "department": "rd"}),
        json!({"type": "user", "eid": "acme", "uid": "bob", "name": "Bob", "title": "Boss"}),
        json!({"type": "partner", "eid": "beta", "uid": "eve", "name": "Eve", "enterprise": "Beta", "relation": "upstream"}),
        json!({"type": "group", "gid": "dev", "name": "Developers", "members": ["alice", "bob"]}),
    ] {
        service.change(entry);
    }
    let im = Im::logged_in(&service);
    (service, im)
}

fn copy(im: &Im) -> PathBuf {
    im.profile_dir().join("address-book.sealed")
}

fn words(lines: &[Value]) -> Vec<String> {
    let word = |line: &Value| {
        ["section", "did", "uid", "gid"]
            .iter()
            .find_map(|name| line[name].as_str().map(str::to_owned))
    };
    lines.iter().filter_map(word).collect()
}

/// The one line of a sync that had nothing to complain of.
fn sync(im: &Im) -> Value {
    let lines = im.lines(&["book", "sync"]);
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines[0].clone()
}

#[test]
fn organisation_partners_and_groups_are_shown() {
    let (_service, im) = stage();
    let shown = im.lines(&["book"]);
    let want = [
        "organisation",
        "rd",
        "alice",
        "bob",
        "upstream",
        "eve",
        "groups",
        "dev",
    ];
    assert_eq!(words(&shown), want);
    assert_eq!(shown[5]["relation"], "upstream");
    assert_eq!(words(&im.lines(&["book", "find", "LIDDELL"])), ["alice"]);
    assert_eq!(words(&im.lines(&["book", "find", "nobody"])), [""; 0]);
}

#[test]
fn second_sync_asks_for_changes_only() {
    let (service, im) = stage();
    let first = sync(&im);
    assert_eq!(
        (&first["full"], &first["entries"]),
        (&json!(true), &json!(5))
    );
    let written = fs::metadata(copy(&im)).unwrap().modified().unwrap();
    assert_eq!(sync(&im)["entries"], 0);
    assert_eq!(
        fs::metadata(copy(&im)).unwrap().modified().unwrap(),
        written
    );
    service.change(json!({"type": "deleted", "of": "user", "id": "bob"}));
    let last = sync(&im);
    assert_eq!(
        (&last["full"], &last["entries"], &last["users"]),
        (&json!(false), &json!(1), &json!(1))
    );
    let asked: Vec<String> = service.desk().asked.clone();
    let asked: Vec<&String> = asked
        .iter()
        .filter(|asked| asked.contains("address-book"))
        .collect();
    let path = "/api/v1/address-book";
    assert_eq!(
        asked,
        [
            &format!("{path}?full"),
            &format!("{path}?since=6"),
            &format!("{path}?since=6")
        ]
    );
    assert_eq!(words(&im.lines(&["book", "show"])).len(), 7);
}

#[test]
fn copy_is_private_and_unreadable_without_the_key() {
    let (_service, im) = stage();
    sync(&im);
    assert_eq!(
        fs::metadata(copy(&im)).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let bytes = fs::read(copy(&im)).unwrap();
    assert!(bytes.starts_with(b"MEP-BOOK\x01\x01"));
    assert!(!bytes.windows(7).any(|part| part == b"Liddell"));
}

#[test]
fn whatever_is_wrong_with_the_copy_is_loaded_anew_and_told() {
    let (service, im) = stage();
    sync(&im);
    let good = fs::read(copy(&im)).unwrap();
    let changed = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] ^= byte;
        bytes
    };
    for (what, bytes) in [
        ("empty", Vec::new()),
        ("cut short", good[..good.len() - 1].to_vec()),
        ("cut in the header", good[..20].to_vec()),
        ("another kind", changed(0, 1)),
        ("a later version", changed(8, 2)),
        ("another cipher", changed(9, 2)),
        ("another key", changed(10, 1)),
        ("a flipped bit", changed(60, 1)),
        ("longer", [&good[..], b"!"].concat()),
    ] {
        fs::write(copy(&im), bytes).unwrap();
        let done = im.run(&["book", "sync"]);
        assert!(done.status.success(), "{what}: {done:?}");
        let lines = lines(&done);
        assert_eq!(
            (&lines[0]["event"], &lines[1]["full"]),
            (&json!("warning"), &json!(true)),
            "{what}"
        );
        assert!(
            String::from_utf8_lossy(&done.stderr).starts_with("im: address book loaded anew"),
            "{what}"
        );
        assert_eq!(sync(&im)["full"], false, "{what}: not mended");
    }
    fs::remove_file(copy(&im)).unwrap();
    assert_eq!(sync(&im)["full"], true);
    service.desk().kept_since = 100;
    assert_eq!(sync(&im)["full"], true);
}

#[test]
fn folder_in_place_of_the_copy_is_told_and_harms_nothing_else() {
    let (_service, im) = stage();
    fs::create_dir(copy(&im)).unwrap();
    let done = im.run(&["book", "sync"]);
    assert_eq!(done.status.code(), Some(1), "{done:?}");
}

#[test]
fn copy_of_another_key_is_loaded_anew() {
    let (service, im) = stage();
    sync(&im);
    service.desk().personal_key = Some(OTHER_PERSONAL_KEY.to_owned());
    let lines = im.lines(&["book", "sync"]);
    assert!(
        lines[0]["warning"]
            .as_str()
            .unwrap()
            .contains("another key"),
        "{lines:?}"
    );
    assert_eq!(sync(&im)["full"], false);
}

#[test]
fn refused_and_senseless_answers_leave_the_copy_as_it_was() {
    let (service, im) = stage();
    sync(&im);
    let before = fs::read(copy(&im)).unwrap();
    for (trouble, code) in [
        (Trouble::Nonsense("{}"), 1),
        (Trouble::Nonsense(r#"{"version":"x","entries":[]}"#), 1),
        (Trouble::Status(403, None), 4),
        (Trouble::Status(500, None), 1),
        (Trouble::Status(503, None), 5),
        (Trouble::LostAnswer, 5),
    ] {
        service.trouble("/api/v1/address-book", &[trouble]);
        assert_eq!(im.run(&["book", "sync"]).status.code(), Some(code));
        assert_eq!(fs::read(copy(&im)).unwrap(), before);
    }
}

#[test]
fn while_the_service_is_away_the_copy_is_shown() {
    let (service, im) = stage();
    sync(&im);
    service.trouble("/api/v1/address-book", &[Trouble::Status(503, None)]);
    let shown = im.lines(&["book"]);
    assert_eq!(shown[0]["event"], "warning");
    assert_eq!(words(&shown).len(), 8);
}
