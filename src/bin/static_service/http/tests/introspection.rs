//! Brokers asking about tokens, and revocation.

use axum::http::StatusCode;
use serde_json::json;

use super::Service;

const ALICE_PC: [(&str, &str); 5] = [
    ("token_type_hint", "login_token"),
    ("username", "alice@acme"),
    ("client_id", "alice@acme:pc"),
    ("peer", "127.0.0.1"),
    ("node", "node-1"),
];

#[tokio::test]
async fn a_good_token_says_who_it_is_and_what_they_may() {
    let service = Service::start().await;
    let token = service.login_token("alice@acme").await;
    let mut form = vec![("token", token.as_str())];
    form.extend(ALICE_PC);
    let mut body = service.introspect(&form).await.json();
    assert!(body["exp"].take().is_i64());
    assert_eq!(
        body,
        json!({
            "active": true, "eid": "acme", "uid": "alice", "device": "pc", "kind": "pc", "exp": null,
            "roles": ["operator"], "groups": ["dev"], "partners": ["carol@beta"],
            "channels": ["news/today"]
        })
    );
}

#[tokio::test]
async fn inactive_answers_say_nothing_more() {
    let service = Service::start().await;
    let answer = service.introspect(&[("token", "made-up")]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json(), json!({ "active": false }));
    assert!(!service.is_active("").await);
}

#[tokio::test]
async fn somebody_elses_client_id_or_username_makes_a_token_inactive() {
    let service = Service::start().await;
    let token = service.login_token("alice@acme").await;
    for foreign in [
        ("client_id", "alice@acme:phone"),
        ("client_id", "bob@acme:pc"),
        ("client_id", "alice@acme:pc "),
        ("client_id", ""),
        ("username", "bob@acme"),
        ("username", "ALICE@acme"),
    ] {
        let answer = service.introspect(&[("token", &token), foreign]).await;
        assert_eq!(answer.json(), json!({ "active": false }), "{foreign:?}");
    }
    assert!(service.is_active(&token).await);
}

#[tokio::test]
async fn an_expired_token_is_inactive() {
    let service = Service::start_with(0).await;
    let token = service.login_token("alice@acme").await;
    assert!(!service.is_active(&token).await);
}

#[tokio::test]
async fn suspension_and_removal_make_tokens_inactive() {
    let service = Service::start().await;
    let alices = service.login_token("alice@acme").await;
    let carols = service.login_token("carol@beta").await;
    let acme = "acme".parse().unwrap();
    service.storage().suspend_enterprise(&acme).await.unwrap();
    assert!(!service.is_active(&alices).await);
    assert!(service.is_active(&carols).await);
    let carol = "carol@beta".parse().unwrap();
    service.storage().remove_user(&carol).await.unwrap();
    assert!(!service.is_active(&carols).await);
}

#[tokio::test]
async fn a_broker_revokes_any_token_once_and_unknown_ones_are_fine() {
    let service = Service::start().await;
    let token = service.login_token("alice@acme").await;
    let before = service.storage().refresh_head().await.unwrap();
    for token in [token.as_str(), token.as_str(), "made-up"] {
        let auth = service.basic();
        let answer = service
            .post_form("/oauth2/revoke", &auth, &[("token", token)])
            .await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    assert!(!service.is_active(&token).await);
    let events = service.storage().events_after(before, 10).await.unwrap();
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0].kind, "token.revoked");
}

#[tokio::test]
async fn a_client_revokes_its_own_tokens_only() {
    let service = Service::start().await;
    let session = service.session("alice@acme").await;
    let own = service.token(&session, "pc").await.member("token");
    let bobs = service.login_token("bob@acme").await;
    let auth = format!("Bearer {session}");
    for token in [own.as_str(), bobs.as_str()] {
        let answer = service
            .post_form("/oauth2/revoke", &auth, &[("token", token)])
            .await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    assert!(!service.is_active(&own).await);
    assert!(service.is_active(&bobs).await);
    service
        .post_form("/oauth2/revoke", &auth, &[("token", &session)])
        .await;
    service.token(&session, "pc").await.problem(401);
}

#[tokio::test]
async fn revocation_by_device_leaves_the_other_devices() {
    let service = Service::start().await;
    let session = service.session("alice@acme").await;
    let pc = service.token(&session, "pc").await.member("token");
    let phone = service.token(&session, "phone").await.member("token");
    let (alice, device) = ("alice@acme".parse().unwrap(), "phone".parse().unwrap());
    let revoked = service
        .storage()
        .revoke_tokens_of(&alice, Some(&device))
        .await
        .unwrap();
    assert_eq!(revoked, 1);
    assert!(service.is_active(&pc).await);
    assert!(!service.is_active(&phone).await);
    assert_eq!(
        service
            .storage()
            .revoke_tokens_of(&alice, None)
            .await
            .unwrap(),
        1
    );
    assert!(!service.is_active(&pc).await);
}
