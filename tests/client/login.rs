//! `im login`, and how the credentials are renewed.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::fake::{OTHER_PERSONAL_KEY, Service, Trouble};
use crate::program::{Im, lines};

#[test]
fn login_keeps_the_refresh_token_and_no_personal_key() {
    let service = Service::start();
    let im = Im::logged_in(&service);
    let profile = im.profile();
    assert_eq!(
        (&profile["version"], &profile["kind"]),
        (&json!(2), &json!("pc"))
    );
    assert!(
        profile["refresh_token"]
            .as_str()
            .is_some_and(|token| token.starts_with("refresh-"))
    );
    let file = im.profile_dir().join("profile.json");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(file).unwrap();
    assert!(!text.contains(crate::fake::PERSONAL_KEY));
}

#[test]
fn later_login_shows_that_the_device_is_known() {
    let service = Service::start();
    let im = Im::logged_in(&service);
    assert_eq!(service.desk().login_brought, json!(null));
    let left = im.profile()["refresh_token"].clone();
    im.log_in(&service);
    assert_eq!(service.desk().login_brought, left);
    assert_ne!(im.profile()["refresh_token"], left);
}

#[test]
fn another_static_service_never_sees_the_refresh_token() {
    let (service, other) = (Service::start(), Service::start());
    let im = Im::logged_in(&service);
    im.log_in(&other);
    assert_eq!(other.count("/api/v1/login"), 1);
    assert_eq!(other.desk().login_brought, json!(null));
}

#[test]
fn session_that_is_over_is_refreshed_and_the_new_token_kept() {
    let service = Service::start();
    let im = Im::logged_in(&service);
    im.lines(&["book", "sync"]);
    let before = im.profile();
    service.end_session();
    let done = im.lines(&["book", "sync"]);
    assert_eq!(done[0]["event"], "book_synced");
    let after = im.profile();
    assert_ne!(after["refresh_token"], before["refresh_token"]);
    assert_eq!(
        after["token"], before["token"],
        "the login token was not asked for"
    );
}

#[test]
fn lost_answer_to_a_refresh_costs_nothing() {
    let service = Service::start();
    let im = Im::logged_in(&service);
    service.trouble(
        "/api/v1/refresh",
        &[Trouble::LostAnswer, Trouble::Status(503, Some("0"))],
    );
    assert_eq!(im.lines(&["book", "sync"])[0]["event"], "book_synced");
    assert_eq!(service.count("/api/v1/refresh"), 3);
    service.end_session();
    assert_eq!(im.lines(&["book", "sync"])[0]["event"], "book_synced");
}

#[test]
fn old_token_stands_on_disk_until_the_new_one_does() {
    let service = Service::start();
    let im = Im::logged_in(&service);
    let before = im.profile();
    // The answers are lost, all of them: as if it were killed before each could be kept.
    let lost = [
        Trouble::LostAnswer,
        Trouble::LostAnswer,
        Trouble::LostAnswer,
    ];
    service.trouble("/api/v1/refresh", &lost);
    let done = im.run(&["book", "sync"]);
    assert_eq!(done.status.code(), Some(5), "{done:?}");
    assert_eq!(im.profile(), before);
    assert_eq!(im.lines(&["book", "sync"])[0]["event"], "book_synced");
}

#[test]
fn several_at_once_never_use_a_token_twice() {
    let service = Service::start();
    let im = Im::logged_in(&service);
    for _ in 0..3 {
        service.end_session();
        let commands: Vec<_> = (0..6)
            .map(|_| {
                let mut command = im.command(&["--timeout", "60", "book", "sync"]);
                let piped = command.stdout(std::process::Stdio::piped());
                piped.stderr(std::process::Stdio::piped()).spawn().unwrap()
            })
            .collect();
        for command in commands {
            let done = command.wait_with_output().unwrap();
            assert!(done.status.success(), "{done:?}");
        }
    }
}

#[test]
fn reuse_is_told_as_a_login_that_is_over() {
    let service = Service::start();
    let im = Im::logged_in(&service);
    service.end_everything();
    let done = im.run(&["book", "sync"]);
    assert_eq!(done.status.code(), Some(3), "{done:?}");
    let error = lines(&done).pop().unwrap();
    assert!(
        error["error"]
            .as_str()
            .unwrap()
            .contains("not logged in any more"),
        "{error}"
    );
    im.log_in(&service);
    im.lines(&["book", "sync"]);
}

#[test]
fn profile_from_before_refreshing_still_works() {
    let service = Service::start();
    service.desk().without_refresh = true;
    let im = Im::logged_in(&service);
    let file = im.profile_dir().join("profile.json");
    let mut profile = im.profile();
    profile["version"] = json!(1);
    assert!(profile.get("refresh_token").is_none());
    std::fs::write(&file, profile.to_string()).unwrap();
    service.change(json!({"type": "user", "eid": "acme", "uid": "bob", "name": "Bob"}));
    let done = im.lines(&["book", "sync"]);
    assert_eq!(done[0]["event"], "warning", "{done:?}");
    assert_eq!(done[1]["users"], 1);
    assert!(!im.profile_dir().join("address-book.sealed").exists());
    let done = im.run(&["history"]);
    assert_eq!(done.status.code(), Some(3), "{done:?}");
}

#[test]
fn key_lives_in_memory_between_commands_where_there_is_a_place_for_it() {
    let service = Service::start();
    let memory = tempfile::tempdir_in("/dev/shm").expect("memory as a folder");
    let im = Im::new().with_runtime_dir(memory.path().to_owned());
    im.log_in(&service);
    im.lines(&["book", "sync"]);
    assert_eq!(service.count("/api/v1/refresh"), 0);
    // With the key at hand the copy is readable while the service is away.
    let mut service = service;
    service.stop();
    assert!(im.run(&["book", "show"]).status.success());
    service.start_again();
    // The password was changed elsewhere: the remembered key opens nothing any more.
    service.desk().personal_key = Some(OTHER_PERSONAL_KEY.to_owned());
    im.log_in(&service);
    let done = im.lines(&["book", "sync"]);
    assert_eq!(
        (&done[0]["event"], &done[1]["full"]),
        (&json!("warning"), &json!(true))
    );
}

#[test]
fn folder_on_disk_is_no_place_for_the_key() {
    let service = Service::start();
    let disk = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let im = Im::new().with_runtime_dir(disk.path().to_owned());
    im.log_in(&service);
    im.lines(&["book", "sync"]);
    assert_eq!(std::fs::read_dir(disk.path()).unwrap().count(), 0);
    assert_eq!(service.count("/api/v1/refresh"), 1);
}
