//! Users' own passwords: changing them, hashes brought up to date, and the key that depends on them.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Answer, CHEAP, Service};
use crate::identity::UserId;
use crate::password::{Cost, Passwords};
use crate::secret::Secret;

fn alice() -> UserId {
    "alice@acme".parse().unwrap()
}

async fn change(service: &Service, session: &str, old: &str, new: &str) -> Answer {
    let body = json!({"old_password": old, "new_password": new});
    service.post_json("/api/v1/password", session, &body).await
}

#[tokio::test]
async fn a_new_password_ends_everything_but_the_session_that_set_it() {
    let service = Service::start().await;
    let laptop = service.login_on("alice@acme", "laptop").await;
    let phone = service.login_on("alice@acme", "phone").await;
    let plain = service.session("alice@acme").await;
    let session = laptop.member("session_token");
    let mut tokens = vec![service.token(&session, "laptop").await.member("token")];
    tokens.push(service.token(&plain, "web").await.member("token"));
    let bobs = service.login_token("bob@acme").await;
    let before = service.storage().refresh_head().await.unwrap();

    let answer = change(&service, &session, "pw-alice", "correct horse").await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let events = service.storage().events_after(before, 10).await.unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["token.revoked", "token.revoked", "notice"]);
    let notice: Value = serde_json::from_str(&events[2].data).unwrap();
    assert_eq!(notice["kind"], "password.changed");

    for token in &tokens {
        assert!(!service.is_active(token).await);
    }
    assert!(service.is_active(&bobs).await);
    assert!(!service.has_session(&plain).await);
    assert!(!service.has_session(&phone.member("session_token")).await);
    service
        .refresh(&phone.member("refresh_token"))
        .await
        .problem(401);
    assert!(service.has_session(&session).await);
    let refreshed = service.refresh(&laptop.member("refresh_token")).await;
    assert_eq!(
        refreshed.member("personal_key"),
        answer.member("personal_key")
    );
    assert_ne!(laptop.member("personal_key"), answer.member("personal_key"));
    service.login("alice@acme", "pw-alice").await.problem(401);
    assert_eq!(
        service.login("alice@acme", "correct horse").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn the_old_password_must_be_right_and_guessing_it_is_slow() {
    let service = Service::start().await;
    let session = service.session("alice@acme").await;
    let mut answers = Vec::new();
    for _ in 0..12 {
        let answer = change(&service, &session, "guess-wrong", "correct horse").await;
        assert!(!answer.json()["detail"].as_str().unwrap().contains("guess"));
        answers.push(answer.status.as_u16());
    }
    assert_eq!(answers[..10], [403; 10]);
    assert_eq!(answers[10..], [429; 2]);
    // Neither another session of the user nor a login is slowed by it.
    let other = service.session("alice@acme").await;
    let answer = change(&service, &other, "pw-alice", "correct horse").await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn of_two_changes_at_once_one_is_made() {
    let service = Service::start().await;
    let (one, two) = (
        service.session("alice@acme").await,
        service.session("alice@acme").await,
    );
    let (first, second) = tokio::join!(
        change(&service, &one, "pw-alice", "correct horse"),
        change(&service, &two, "pw-alice", "battery staple"),
    );
    let ok = |answer: &Answer| answer.status == StatusCode::OK;
    assert!(ok(&first) != ok(&second), "{first:?} {second:?}");
    let refused = if ok(&first) { &second } else { &first };
    assert!(matches!(refused.status.as_u16(), 401 | 403), "{refused:?}");
    for (password, good) in [
        ("correct horse", ok(&first)),
        ("battery staple", ok(&second)),
    ] {
        let status = service.login("alice@acme", password).await.status;
        assert_eq!(status == StatusCode::OK, good, "{password}");
    }
}

#[tokio::test]
async fn a_password_that_will_not_do_is_refused_with_the_reason_and_without_the_password() {
    let service = Service::start().await;
    let session = service.session("alice@acme").await;
    for (new, want) in [
        ("tiny", "shorter than 8"),
        ("", "shorter than 8"),
        (&"x y".repeat(400), "longer than 1024"),
        ("ALICE@acme", "user name"),
        ("Password1", "commonest"),
        ("qqqqqqqqq", "commonest"),
        ("pw-alice", "the old one"),
    ] {
        let detail = change(&service, &session, "pw-alice", new)
            .await
            .problem(400);
        assert!(detail.contains(want), "{detail}");
        assert!(new.is_empty() || !detail.contains(new), "{detail}");
    }
    for evil in [
        "' OR '1'='1",
        "x'; DROP TABLE app_user; --",
        "\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{1}",
    ] {
        change(&service, &session, evil, "correct horse")
            .await
            .problem(403);
    }
    change(&service, "made-up", "pw-alice", "correct horse")
        .await
        .problem(401);
    change(&service, &session, &"x".repeat(1025), "correct horse")
        .await
        .problem(400);
    assert_eq!(
        service.login("alice@acme", "pw-alice").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_hash_of_another_cost_is_made_anew_at_the_next_good_login() {
    let service = Service::start().await;
    let storage = service.storage();
    let older = Passwords::new(Cost {
        memory_kib: 16,
        passes: 2,
    })
    .unwrap();
    let hash = older
        .hash(Secret::new("correct horse".into()))
        .await
        .unwrap();
    storage.set_password(&alice(), &hash).await.unwrap();
    let stored = async || {
        let account = storage.account(&alice()).await.unwrap().unwrap();
        account.password_hash.unwrap()
    };
    service.login("alice@acme", "wrong").await.problem(401);
    assert_eq!(stored().await, hash);
    let session = service.session_by("alice@acme", "correct horse").await;
    let renewed = stored().await;
    assert_ne!(renewed, hash);
    assert!(!Passwords::new(CHEAP).unwrap().is_outdated(&renewed));
    service.session_by("alice@acme", "correct horse").await;
    assert_eq!(stored().await, renewed);
    assert!(
        service.has_session(&session).await,
        "it is the same password"
    );
}

#[tokio::test]
async fn the_personal_key_is_a_devices_own_and_stays_until_password_or_device_go() {
    let service = Service::start().await;
    let key = async |user: &str, device: &str| {
        let answer = service.login_on(user, device).await;
        let key = answer.member("personal_key");
        assert_eq!(key.len(), 43);
        key
    };
    let mut seen = vec![
        key("alice@acme", "laptop").await,
        key("alice@acme", "phone").await,
        key("bob@acme", "laptop").await,
        service
            .login("alice@acme", "pw-alice")
            .await
            .member("personal_key"),
    ];
    assert_eq!(seen[0], key("alice@acme", "laptop").await);
    let replica = service.replica().await;
    assert_eq!(
        seen[1],
        replica
            .login_on("alice@acme", "phone")
            .await
            .member("personal_key")
    );
    let laptop = "laptop".parse().unwrap();
    service
        .storage()
        .remove_device(&alice(), &laptop)
        .await
        .unwrap();
    seen.push(key("alice@acme", "laptop").await);
    let account = service.storage().account(&alice()).await.unwrap().unwrap();
    let hash = account.password_hash.unwrap();
    service
        .storage()
        .set_password(&alice(), &hash)
        .await
        .unwrap();
    seen.push(key("alice@acme", "laptop").await);
    seen.push(key("alice@acme", "phone").await);
    let all = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), all, "no two are the same");
}
