//! Refresh tokens: good once, forgiving of a lost answer, and the end of everything when used twice.

use axum::http::StatusCode;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{Answer, Service};
use crate::clock::now_s;
use crate::secret::{Digest, Secret};

/// Kinds of the events since `seen`, of notices their own kind.
async fn told(service: &Service, seen: i64) -> Vec<String> {
    let events = service.storage().events_after(seen, 1000).await.unwrap();
    let kind = |event: crate::storage::StoredEvent| match event.kind.as_str() {
        "notice" => {
            let data: Value = serde_json::from_str(&event.data).unwrap();
            data["kind"].as_str().unwrap().to_owned()
        }
        _ => event.kind,
    };
    events.into_iter().map(kind).collect()
}

async fn head(service: &Service) -> i64 {
    service.storage().refresh_head().await.unwrap()
}

fn good(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.member("refresh_token")
}

/// Refreshes with a login token; answers the refresh token and the login token.
async fn with_login_token(service: &Service, token: &str) -> (String, String) {
    let body = json!({"refresh_token": token, "login_token": true});
    let answer = service.post_json("/api/v1/refresh", "", &body).await;
    let login = answer.json()["login"]["token"].as_str().unwrap().to_owned();
    (good(&answer), login)
}

#[tokio::test]
async fn a_device_that_logs_in_is_registered_and_gets_a_refresh_token() {
    let service = Service::start().await;
    let body = service.login_on("alice@acme", "laptop").await.json();
    assert_eq!(body["device"], "laptop");
    assert_eq!(body["refresh_token"].as_str().unwrap().len(), 66);
    let lifetime = body["refresh_expires_at"].as_i64().unwrap() - now_s();
    assert!((3598..=3600).contains(&lifetime), "{lifetime}");
    assert!(body["login"].is_null());
    let plain = service.login("alice@acme", "pw-alice").await.json();
    for member in ["refresh_token", "refresh_expires_at", "device", "login"] {
        assert!(plain.get(member).is_none(), "{member}");
    }
}

#[tokio::test]
async fn a_refresh_answers_as_a_login_does_and_with_a_login_token_when_asked() {
    let service = Service::start().await;
    let first = service.login_on("alice@acme", "laptop").await;
    let seen = head(&service).await;
    let answer = service.refresh(&good(&first)).await;
    let (before, after) = (first.json(), answer.json());
    for same in ["user", "device", "personal_key"] {
        assert_eq!(before[same], after[same], "{same}");
    }
    assert_ne!(before["session_token"], after["session_token"]);
    assert!(told(&service, seen).await.is_empty());

    let body = json!({"refresh_token": good(&answer), "login_token": true});
    let answer = service.post_json("/api/v1/refresh", "", &body).await.json();
    let login = &answer["login"];
    assert_eq!(login["client_id"], "alice@acme:laptop");
    assert_eq!(login["broker"], "tcp://127.0.0.1:1883");
    assert_eq!(login["topics"]["inbox"], "acme/im/msg/alice");
    assert!(service.is_active(login["token"].as_str().unwrap()).await);
    assert_eq!(told(&service, seen).await, ["token.issued"]);
}

#[tokio::test]
async fn a_session_goes_on_for_a_minute_beside_the_next_one() {
    let service = Service::start().await;
    let first = service.login_on("alice@acme", "laptop").await;
    let next = service.refresh(&good(&first)).await;
    let (old, new) = (first.member("session_token"), next.member("session_token"));
    assert!(service.has_session(&old).await && service.has_session(&new).await);
    service.storage().let_pass_s(61).await;
    assert!(!service.has_session(&old).await && service.has_session(&new).await);
}

#[tokio::test]
async fn a_token_used_a_second_time_ends_all_of_the_devices_session_and_tells_the_user() {
    let service = Service::start().await;
    let first = good(&service.login_on("alice@acme", "laptop").await);
    let other = service.login_on("alice@acme", "phone").await;
    let (second, login) = with_login_token(&service, &first).await;
    let third = service.refresh(&second).await;
    let session = third.member("session_token");
    let seen = head(&service).await;
    let detail = service.refresh(&first).await.problem(401);
    assert!(detail.contains("used before"), "{detail}");
    assert_eq!(
        told(&service, seen).await,
        ["token.revoked", "session.kick", "session.revoked"]
    );
    assert!(!service.is_active(&login).await);
    assert!(!service.has_session(&session).await);
    // Nothing more to be had, and nothing more to tell.
    let seen = head(&service).await;
    for token in [&first, &second, &good(&third)] {
        service.refresh(token).await.problem(401);
    }
    assert!(told(&service, seen).await.is_empty());
    // The other device goes on, and a password opens this one again.
    good(&service.refresh(&good(&other)).await);
    good(&service.login_on("alice@acme", "laptop").await);
}

#[tokio::test]
async fn a_lost_answer_is_given_again_and_the_first_one_is_void() {
    let service = Service::start().await;
    let first = good(&service.login_on("alice@acme", "laptop").await);
    let body = json!({"refresh_token": first, "login_token": true});
    let lost = service.post_json("/api/v1/refresh", "", &body).await;
    let seen = head(&service).await;
    let again = service.refresh(&first).await;
    let second = good(&again);
    assert_eq!(told(&service, seen).await, ["token.revoked"]);
    let login = lost.json()["login"]["token"].as_str().unwrap().to_owned();
    assert!(!service.is_active(&login).await);
    assert!(!service.has_session(&lost.member("session_token")).await);
    assert!(service.has_session(&again.member("session_token")).await);
    let third = good(&service.refresh(&second).await);
    // Whoever has the lost answer after all is no friend.
    let detail = service.refresh(&good(&lost)).await.problem(401);
    assert!(detail.contains("used before"), "{detail}");
    service.refresh(&third).await.problem(401);
}

#[tokio::test]
async fn an_answer_is_given_again_for_a_while_only() {
    let service = Service::start().await;
    let first = good(&service.login_on("alice@acme", "laptop").await);
    let mut newest = good(&service.refresh(&first).await);
    service.storage().let_pass_s(50).await;
    newest = match service.refresh(&first).await {
        answer if answer.status == StatusCode::OK => good(&answer),
        answer => panic!("{answer:?} {newest}"),
    };
    // The time runs from the first use, not from the last.
    service.storage().let_pass_s(20).await;
    service.refresh(&first).await.problem(401);
    service.refresh(&newest).await.problem(401);
}

#[tokio::test]
async fn of_answers_to_one_token_at_once_the_last_one_counts() {
    let service = Service::start().await;
    let first = good(&service.login_on("alice@acme", "laptop").await);
    let answers = join_all((0..8).map(|_| service.refresh(&first))).await;
    let tokens: Vec<String> = answers.iter().map(good).collect();
    let newest = service.storage().newest_refresh("laptop").await.unwrap();
    let is_newest = |token: &&String| Digest::of(token.as_bytes()).as_str() == newest;
    let last: Vec<_> = tokens.iter().filter(is_newest).collect();
    assert_eq!(last.len(), 1);
    let mut live = 0;
    for answer in &answers {
        live += u32::from(service.has_session(&answer.member("session_token")).await);
    }
    assert_eq!(live, 1);
    let next = good(&service.refresh(last[0]).await);
    let void = tokens.iter().find(|token| *token != last[0]).unwrap();
    service.refresh(void).await.problem(401);
    service.refresh(&next).await.problem(401);
}

#[tokio::test]
async fn a_thief_and_the_owner_at_once_end_the_session() {
    for _ in 0..5 {
        let service = Service::start().await;
        let first = good(&service.login_on("alice@acme", "laptop").await);
        let second = good(&service.refresh(&first).await);
        let (thief, owner) = tokio::join!(service.refresh(&first), service.refresh(&second));
        let good = |answer: &Answer| answer.status == StatusCode::OK;
        assert!(good(&thief) != good(&owner), "{thief:?} {owner:?}");
        assert_eq!(service.storage().newest_refresh("laptop").await, None);
    }
}

#[tokio::test]
async fn devices_that_refresh_at_once_get_each_their_own() {
    let service = Service::start().await;
    let mut tokens = Vec::new();
    for n in 0..40 {
        let user = ["alice@acme", "bob@acme", "carol@beta"][n % 3];
        let answer = service.login_on(user, &format!("d{n}")).await;
        tokens.push((user, format!("d{n}"), good(&answer)));
    }
    let seen = head(&service).await;
    let bodies: Vec<_> = tokens
        .iter()
        .map(|(_, _, token)| json!({"refresh_token": token, "login_token": true}))
        .collect();
    let asked = bodies
        .iter()
        .map(|body| service.post_json("/api/v1/refresh", "", body));
    let answers = join_all(asked).await;
    for ((user, device, _), answer) in tokens.iter().zip(&answers) {
        let login = &answer.json()["login"];
        assert_eq!(login["client_id"], format!("{user}:{device}"));
        assert!(service.is_active(login["token"].as_str().unwrap()).await);
    }
    assert_eq!(told(&service, seen).await, vec!["token.issued"; 40]);
}

#[tokio::test]
async fn a_suspension_refuses_and_leaves_the_token_as_it_is() {
    let service = Service::start().await;
    let first = good(&service.login_on("alice@acme", "laptop").await);
    let acme = "acme".parse().unwrap();
    service.storage().suspend_enterprise(&acme).await.unwrap();
    for _ in 0..3 {
        service.refresh(&first).await.problem(403);
    }
    service.storage().resume_enterprise(&acme).await.unwrap();
    good(&service.refresh(&first).await);
}

#[tokio::test]
async fn what_ends_a_session_ends_its_refresh_token() {
    let service = Service::start().await;
    let alice = "alice@acme".parse().unwrap();
    let laptop = "laptop".parse().unwrap();
    let storage = service.storage();
    for end in [
        "logout", "revoke", "removal", "lock", "password", "again", "time",
    ] {
        let answer = service.login_on("alice@acme", "laptop").await;
        let (token, session) = (good(&answer), answer.member("session_token"));
        let login = service.token(&session, "laptop").await.member("token");
        match end {
            "logout" => {
                let path = "/api/v1/logout";
                let answer = service.post_json(path, &session, &json!({})).await;
                assert_eq!(answer.status, StatusCode::NO_CONTENT);
            }
            "revoke" => {
                let auth = format!("Bearer {session}");
                let form = [("token", token.as_str())];
                let answer = service.post_form("/oauth2/revoke", &auth, &form).await;
                assert_eq!(answer.status, StatusCode::OK);
            }
            "removal" => drop(storage.remove_device(&alice, &laptop).await.unwrap()),
            "lock" => drop(storage.lock_user(&alice).await.unwrap()),
            "password" => {
                let old = storage.account(&alice).await.unwrap().unwrap();
                let hash = old.password_hash.unwrap();
                storage.set_password(&alice, &hash).await.unwrap();
            }
            "again" => drop(service.login_on("alice@acme", "laptop").await),
            _ => storage.let_pass_s(3601).await,
        }
        let seen = head(&service).await;
        service.refresh(&token).await.problem(401);
        assert!(told(&service, seen).await.is_empty(), "{end}");
        assert!(!service.has_session(&session).await, "{end}");
        assert_eq!(service.is_active(&login).await, end == "time", "{end}");
        if end == "lock" {
            service.login("alice@acme", "pw-alice").await.problem(403);
            service.login("alice@acme", "wrong").await.problem(401);
            storage.unlock_user(&alice).await.unwrap();
        }
    }
    let token = good(&service.login_on("bob@acme", "laptop").await);
    let bob = "bob@acme".parse().unwrap();
    storage.remove_user(&bob).await.unwrap();
    service.refresh(&token).await.problem(401);
}

#[tokio::test]
async fn a_client_ends_no_other_users_session_by_a_refresh_token() {
    let service = Service::start().await;
    let alices = good(&service.login_on("alice@acme", "laptop").await);
    let bob = service.session("bob@acme").await;
    let form = [("token", alices.as_str())];
    let answer = service
        .post_form("/oauth2/revoke", &format!("Bearer {bob}"), &form)
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    good(&service.refresh(&alices).await);
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused() {
    let service = Service::start().await;
    let answer = service.login_on("alice@acme", "laptop").await;
    let good = good(&answer);
    let (family, secret) = good.split_once('.').unwrap();
    let seen = head(&service).await;
    for evil in [
        "",
        ".",
        "' OR '1'='1",
        "x'; DROP TABLE user_device; --",
        "\u{0}",
        &answer.member("session_token"),
        &format!("{family}."),
        &format!(".{secret}"),
        &format!("{secret}.{family}"),
        &format!("{}%.{secret}", &family[1..]),
        &format!("{family}.{}'", &secret[1..]),
        &format!("{}.{secret}", &Secret::random().reveal()[..22]),
        &"x".repeat(60_000),
    ] {
        let detail = service.refresh(evil).await.problem(401);
        assert!(evil.len() < 2 || !detail.contains(evil), "{detail}");
    }
    for body in [
        json!({"refresh_token": good, "login_token": "true"}),
        json!({"refresh_token": good, "login_token": 1}),
        json!({"refresh_token": [good]}),
        json!({"login_token": true}),
    ] {
        let answer = service.post_json("/api/v1/refresh", "", &body).await;
        assert!(!answer.problem(400).contains(family));
    }
    assert!(told(&service, seen).await.is_empty());
    assert_eq!(service.refresh(&good).await.status, StatusCode::OK);
}
