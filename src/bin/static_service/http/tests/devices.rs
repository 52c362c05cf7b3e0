//! Users' own devices.

use axum::body::Body;
use axum::http::header::AUTHORIZATION;
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::{Answer, Service};
use crate::clock::now_s;

async fn call(service: &Service, method: Method, path: &str, session: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(AUTHORIZATION, format!("Bearer {session}"));
    service.call(request.body(Body::empty()).unwrap()).await
}

async fn devices(service: &Service, session: &str) -> Vec<Value> {
    let answer = call(service, Method::GET, "/api/v1/devices", session).await;
    let devices = answer.json()["devices"].take();
    devices.as_array().unwrap().clone()
}

async fn remove(service: &Service, session: &str, device: &str) -> Answer {
    let path = format!("/api/v1/devices/{device}");
    call(service, Method::DELETE, &path, session).await
}

#[tokio::test]
async fn users_see_their_own_devices_and_which_of_them_is_this_one() {
    let service = Service::start().await;
    let body = json!({"username": "alice@acme", "password": "pw-alice", "device": "phone-2",
                      "kind": "phone", "device_name": "Alice's phone"});
    service.post_json("/api/v1/login", "", &body).await;
    let laptop = service.login_on("alice@acme", "laptop").await;
    service.login_on("bob@acme", "desktop").await;
    let session = laptop.member("session_token");
    let mut seen = devices(&service, &session).await;
    for device in &mut seen {
        for time in ["created_at", "last_seen_at"] {
            let at = device[time].take().as_i64().unwrap();
            assert!((now_s() - 60..=now_s()).contains(&at), "{at}");
        }
    }
    assert_eq!(
        json!(seen),
        json!([
            {"device": "laptop", "kind": "pc", "name": null, "created_at": null,
             "last_seen_at": null, "signed_in": true, "current": true},
            {"device": "phone-2", "kind": "phone", "name": "Alice's phone", "created_at": null,
             "last_seen_at": null, "signed_in": true, "current": false},
        ])
    );
    service
        .post_json("/api/v1/logout", &session, &json!({}))
        .await;
    let plain = service.session("alice@acme").await;
    let left = devices(&service, &plain).await;
    assert_eq!(left[0]["signed_in"], false);
    assert_eq!(left[0]["current"], false);
}

#[tokio::test]
async fn removing_a_device_ends_all_of_its_and_nothing_else() {
    let service = Service::start().await;
    let laptop = service
        .login_on("alice@acme", "laptop")
        .await
        .member("session_token");
    let phone = service
        .login_on("alice@acme", "phone")
        .await
        .member("session_token");
    let lost = service.token(&phone, "phone").await.member("token");
    let kept = service.token(&laptop, "laptop").await.member("token");
    let before = service.storage().refresh_head().await.unwrap();
    let answer = remove(&service, &laptop, "phone").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let events = service.storage().events_after(before, 10).await.unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["token.revoked", "session.kick", "notice"]);
    let kick: Value = serde_json::from_str(&events[1].data).unwrap();
    assert_eq!(
        (&kick["uid"], &kick["device"]),
        (&json!("alice"), &json!("phone"))
    );
    assert!(!service.is_active(&lost).await && service.is_active(&kept).await);
    assert!(!service.has_session(&phone).await && service.has_session(&laptop).await);
    remove(&service, &laptop, "phone").await.problem(404);
    // The very one that asks.
    let answer = remove(&service, &laptop, "laptop").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert!(!service.has_session(&laptop).await);
}

#[tokio::test]
async fn other_users_devices_are_out_of_reach() {
    let service = Service::start().await;
    service.login_on("bob@acme", "desktop").await;
    let alice = service.session("alice@acme").await;
    for device in ["desktop", "bob", "..", "%2e%2e", "$1"] {
        let status = remove(&service, &alice, device).await.status.as_u16();
        assert!(matches!(status, 400 | 404), "{device} {status}");
    }
    for device in [
        "a%2Fb",
        "'%20OR%20'1'='1",
        "a%00",
        "bob@acme:desktop",
        &"x".repeat(65),
    ] {
        remove(&service, &alice, device).await.problem(400);
    }
    remove(&service, &alice, "%ff").await.problem(400);
    remove(&service, "made-up", "desktop").await.problem(401);
    let bob = service.session("bob@acme").await;
    assert_eq!(devices(&service, &bob).await.len(), 1);
}

#[tokio::test]
async fn a_devices_session_gets_login_tokens_for_that_device_only() {
    let service = Service::start().await;
    let session = service
        .login_on("alice@acme", "laptop")
        .await
        .member("session_token");
    assert_eq!(
        service.token(&session, "laptop").await.status,
        StatusCode::OK
    );
    let detail = service.token(&session, "phone").await.problem(403);
    assert!(detail.contains("laptop"), "{detail}");
    let body = json!({"device": "laptop", "kind": "phone"});
    service
        .post_json("/api/v1/token", &session, &body)
        .await
        .problem(403);
}

#[tokio::test]
async fn a_device_that_logs_in_by_password_again_starts_anew() {
    let service = Service::start().await;
    let first = service
        .login_on("alice@acme", "laptop")
        .await
        .member("session_token");
    let token = service.token(&first, "laptop").await.member("token");
    let again = service
        .login_on("alice@acme", "laptop")
        .await
        .member("session_token");
    assert!(!service.has_session(&first).await && service.has_session(&again).await);
    assert!(!service.is_active(&token).await);
    assert_eq!(devices(&service, &again).await.len(), 1);
}

#[tokio::test]
async fn a_user_has_so_many_devices_and_no_more() {
    let service = Service::start().await;
    for n in 0..100 {
        service.login_on("alice@acme", &format!("d{n}")).await;
    }
    let body =
        json!({"username": "alice@acme", "password": "pw-alice", "device": "more", "kind": "pc"});
    let detail = service
        .post_json("/api/v1/login", "", &body)
        .await
        .problem(409);
    assert!(detail.contains("100 devices"), "{detail}");
    let session = service
        .login_on("alice@acme", "d7")
        .await
        .member("session_token");
    assert_eq!(devices(&service, &session).await.len(), 100);
    remove(&service, &session, "d8").await;
    service.login_on("alice@acme", "more").await;
}

#[tokio::test]
async fn half_a_device_is_refused() {
    let service = Service::start().await;
    for (device, want) in [
        (json!({"device": "pc"}), "device and kind"),
        (json!({"kind": "pc"}), "device and kind"),
        (json!({"device_name": "PC"}), "device and kind"),
        (json!({"device": "p/c", "kind": "pc"}), "device holds"),
        (json!({"device": "", "kind": "pc"}), "device"),
        (json!({"device": "pc", "kind": "mac"}), "kind"),
        (
            json!({"device": "pc", "kind": "pc", "device_name": ""}),
            "device_name",
        ),
        (
            json!({"device": "pc", "kind": "pc", "device_name": "a\nb"}),
            "device_name",
        ),
        (json!({"device": 7, "kind": "pc"}), "want"),
    ] {
        let mut body = json!({"username": "alice@acme", "password": "pw-alice"});
        body.as_object_mut()
            .unwrap()
            .extend(device.as_object().unwrap().clone());
        let detail = service
            .post_json("/api/v1/login", "", &body)
            .await
            .problem(400);
        assert!(detail.contains(want), "{device}: {detail}");
    }
    let session = service.session("alice@acme").await;
    assert!(devices(&service, &session).await.is_empty());
}
