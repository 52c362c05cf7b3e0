//! Importing users as an administrator does.

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};
use serde_json::json;

use super::{Desk, json_of};
use crate::identity::EnterpriseId;
use crate::secret::Secret;

/// A hash of "open sesame" at another cost than ours.
fn foreign_hash() -> String {
    let params = Params::new(64, 3, 2, Some(24)).unwrap();
    let argon2 = Argon2::new(Algorithm::Argon2i, Version::V0x13, params);
    argon2.hash_password(b"open sesame").unwrap().to_string()
}

/// A desk with the enterprise acme, and a file with these lines.
async fn desk(lines: &str) -> (Desk, tempfile::TempDir, String) {
    let mut desk = Desk::open().await;
    desk.run("enterprise add acme --name Acme").await;
    desk.events().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users");
    std::fs::write(&file, lines).unwrap();
    let command = format!("user import {}", file.display());
    (desk, folder, command)
}

async fn logs_in(desk: &Desk, user: &str, password: &str) -> bool {
    let account = desk.storage.account(&user.parse().unwrap()).await.unwrap();
    let password = Secret::new(password.to_owned());
    let hash = account.unwrap().password_hash;
    desk.passwords.verify(password, hash).await.unwrap()
}

#[tokio::test]
async fn users_of_a_file_are_taken_in_with_profile_and_password_and_told_to_brokers() {
    let lines = format!(
        "{}\n\n{}\n{}",
        json!({"username": "alice@acme", "name": "Alice", "password": "correct horse", "title": "Boss",
               "phone": "555-1", "email": "a@acme.example"}),
        json!({"username": "bob@acme", "password_hash": foreign_hash()}),
        json!({"username": "carol@acme"}),
    );
    let (mut desk, _folder, command) = desk(&lines).await;
    let done = desk.run(&command).await;
    assert_eq!(
        (&done.text[..], &done.json["imported"]),
        ("3 users imported", &json!(3))
    );
    let events = desk.events().await;
    assert_eq!(events.last().unwrap().id, done.json["event"]);
    assert!(events.iter().all(|event| event.kind == "user.upserted"));
    let told: Vec<_> = events.iter().map(json_of).collect();
    assert_eq!(told.len(), 3);
    assert_eq!(
        told[0],
        json!({"eid": "acme", "uid": "alice", "name": "Alice", "roles": [], "channels": [], "groups": [],
               "partners": []})
    );
    assert_eq!(told[1]["name"], "bob");
    let shown = desk.run("user show alice@acme").await.json;
    let profile = (&shown["title"], &shown["phone"], &shown["email"]);
    assert_eq!(
        profile,
        (&json!("Boss"), &json!("555-1"), &json!("a@acme.example"))
    );
    assert!(logs_in(&desk, "alice@acme", "correct horse").await);
    assert!(logs_in(&desk, "bob@acme", "open sesame").await);
    assert!(!logs_in(&desk, "bob@acme", "correct horse").await);
    assert!(!logs_in(&desk, "carol@acme", "").await);
    let acme: EnterpriseId = "acme".parse().unwrap();
    let version = desk
        .storage
        .address_book_version(acme.as_str())
        .await
        .unwrap();
    assert!(version > 0, "address books have moved on");
}

#[tokio::test]
async fn each_bad_line_is_named_and_nothing_of_the_file_is_taken_in() {
    let lines = "{\"username\": \"alice@acme\"}\nx\n{\"username\": \"bob@acme\", \"phone\": \"none\"}\n\
                 {\"username\": \"alice@acme\"}\n";
    let (mut desk, _folder, command) = desk(lines).await;
    let error = desk.try_run(&command).await.unwrap_err().to_string();
    let told: Vec<&str> = error.lines().collect();
    assert_eq!(told[0], "nothing was imported:");
    assert!(told[1].starts_with("line 2: want a JSON object"), "{error}");
    assert!(
        told[2].starts_with("line 3: phone: wants digits"),
        "{error}"
    );
    assert_eq!(told[3], "line 4: user alice@acme stands in line 1 too");
    assert_eq!(told.len(), 4);
    assert!(desk.events().await.is_empty());
    desk.try_run("user show alice@acme").await.unwrap_err();
}

#[tokio::test]
async fn users_who_are_there_and_enterprises_that_are_not_are_named_before_anything_is_written() {
    let lines: String = (0..600)
        .map(|n| format!("{{\"username\": \"u{n}@acme\"}}\n"))
        .chain(["{\"username\": \"zed@nowhere\"}".to_owned()])
        .collect();
    let (mut desk, _folder, command) = desk(&lines).await;
    desk.run("user add u599@acme").await;
    desk.events().await;
    let error = desk.try_run(&command).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "nothing was imported:\nline 600: user u599@acme exists already\n\
         line 601: no enterprise nowhere"
    );
    assert!(desk.events().await.is_empty());
}

#[tokio::test]
async fn a_file_of_several_transactions_is_taken_in_whole() {
    let lines: String = (0..1001)
        .map(|n| format!("{{\"username\": \"u{n}@acme\"}}\n"))
        .collect();
    let (desk, _folder, command) = desk(&lines).await;
    assert_eq!(desk.run(&command).await.json["imported"], 1001);
    let users = desk.run("user list acme").await.json;
    assert_eq!(users["users"].as_array().unwrap().len(), 1001);
}

#[tokio::test]
async fn a_long_list_of_complaints_is_cut_and_a_file_that_is_not_there_is_named() {
    let (desk, folder, command) = desk(&"x\n".repeat(25)).await;
    let error = desk.try_run(&command).await.unwrap_err().to_string();
    assert_eq!(error.lines().count(), 1 + 20 + 1);
    assert!(error.ends_with("and 5 more"), "{error}");
    let nowhere = folder.path().join("nowhere");
    let command = format!("user import {}", nowhere.display());
    let error = desk.try_run(&command).await.unwrap_err().to_string();
    assert!(error.contains("nowhere"), "{error}");
}

#[tokio::test]
async fn hashes_that_are_no_argon2_or_too_dear_are_refused() {
    let dear = foreign_hash().replace("m=64,", "m=4194304,");
    for (hash, want) in [
        ("$2b$10$abcdefghijklmnopqrstuv", "want an argon2 hash"),
        ("$argon2id$v=19$m=8,t=1,p=1", "want an argon2 hash"),
        (&dear, "takes more than"),
    ] {
        let line = json!({"username": "al@acme", "password_hash": hash}).to_string();
        let (desk, _folder, command) = desk(&line).await;
        let error = desk.try_run(&command).await.expect_err(hash).to_string();
        assert!(error.contains(want) && !error.contains(hash), "{error}");
    }
}
