//! Clients: login, token, logout, revocation of their own.

use axum::http::StatusCode;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::json;

use super::Service;
use crate::clock::now_s;

#[tokio::test]
async fn the_right_password_opens_a_session() {
    let service = Service::start().await;
    let answer = service.login("alice@acme", "pw-alice").await;
    assert_eq!(answer.status, StatusCode::OK);
    let body = answer.json();
    assert_eq!(
        body["user"],
        json!({"eid": "acme", "uid": "alice", "name": "ALICE", "title": null, "phone": null,
               "email": null, "department": null, "roles": ["operator"], "avatar": null})
    );
    assert_eq!(body["session_token"].as_str().unwrap().len(), 43);
    let lifetime = body["expires_at"].as_i64().unwrap() - now_s();
    assert!((598..=600).contains(&lifetime), "{lifetime}");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_get_the_same_answer() {
    let service = Service::start().await;
    let wrong = service.login("alice@acme", "guess-wrong").await;
    let unknown = service.login("nobody@acme", "guess-wrong").await;
    let elsewhere = service.login("alice@nowhere", "guess-wrong").await;
    let detail = wrong.problem(401);
    assert_eq!(unknown.problem(401), detail);
    assert_eq!(elsewhere.problem(401), detail);
    assert!(!detail.contains("guess-wrong"));
}

#[tokio::test]
async fn repeated_failures_have_to_wait_even_with_the_right_password() {
    let service = Service::start().await;
    for _ in 0..5 {
        service.login("alice@acme", "wrong").await.problem(401);
    }
    let answer = service.login("alice@acme", "pw-alice").await;
    answer.problem(429);
    assert!(answer.headers.contains_key(RETRY_AFTER));
    assert_eq!(
        service.login("bob@acme", "pw-bob").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn users_of_a_suspended_enterprise_neither_log_in_nor_get_tokens() {
    let service = Service::start().await;
    let session = service.session("alice@acme").await;
    let acme = "acme".parse().unwrap();
    service.storage().suspend_enterprise(&acme).await.unwrap();
    service.login("alice@acme", "pw-alice").await.problem(403);
    service.login("alice@acme", "wrong").await.problem(401);
    service.token(&session, "pc").await.problem(401);
    service.storage().resume_enterprise(&acme).await.unwrap();
    assert_eq!(service.token(&session, "pc").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_token_answer_holds_all_a_client_needs() {
    let service = Service::start().await;
    let session = service.session("alice@acme").await;
    let mut body = service.token(&session, "phone-2").await.json();
    let token = body["token"].take();
    assert_eq!(token.as_str().unwrap().len(), 43);
    let lifetime = body["exp"].take().as_i64().unwrap() - now_s();
    assert!((86_398..=86_400).contains(&lifetime), "{lifetime}");
    assert_eq!(
        body,
        json!({
            "token": null, "exp": null,
            "broker": "tcp://127.0.0.1:1883",
            "username": "alice@acme",
            "client_id": "alice@acme:phone-2",
            "topics": {
                "inbox": "acme/im/msg/alice",
                "groups": ["acme/im/msg/g/dev"],
                "presence": "acme/im/pres/alice",
                "signature": "acme/im/sig/alice",
                "presence_of": ["acme/im/pres/+", "beta/im/pres/carol"],
                "signature_of": ["acme/im/sig/+", "beta/im/sig/carol"],
                "notices": ["acme/notice/#"],
                "system": ["$SYS/notice", "$SYS/notice/acme", "$SYS/notice/acme/alice"]
            }
        })
    );
}

#[tokio::test]
async fn an_enterprise_can_have_a_broker_of_its_own() {
    let service = Service::start().await;
    let session = service.session("carol@beta").await;
    let broker = service.token(&session, "pc").await.member("broker");
    assert_eq!(broker, "mqtts://beta.example:8883");
}

#[tokio::test]
async fn no_token_without_a_session() {
    let service = Service::start().await;
    let answer = service.token("made-up", "pc").await;
    answer.problem(401);
    assert!(
        answer.headers[WWW_AUTHENTICATE]
            .to_str()
            .unwrap()
            .starts_with("Bearer")
    );
}

#[tokio::test]
async fn logout_ends_the_session_and_its_tokens_only() {
    let service = Service::start().await;
    let (session, other) = (
        service.session("alice@acme").await,
        service.session("alice@acme").await,
    );
    let token = service.token(&session, "pc").await.member("token");
    let kept = service.token(&other, "phone").await.member("token");
    let answer = service
        .post_json("/api/v1/logout", &session, &json!({}))
        .await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    service.token(&session, "pc").await.problem(401);
    assert!(!service.is_active(&token).await);
    assert!(service.is_active(&kept).await);
}

#[tokio::test]
async fn a_new_password_ends_sessions_and_tokens() {
    let service = Service::start().await;
    let session = service.session("alice@acme").await;
    let token = service.token(&session, "pc").await.member("token");
    let bobs = service.login_token("bob@acme").await;
    let alice = "alice@acme".parse().unwrap();
    let revoked = service.storage().set_password(&alice, "$x$").await.unwrap();
    assert_eq!(revoked, 1);
    assert!(!service.is_active(&token).await);
    assert!(service.is_active(&bobs).await);
    service.token(&session, "pc").await.problem(401);
}
