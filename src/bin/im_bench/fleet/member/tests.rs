//! Logins against a stand-in for the static service.

use std::net::SocketAddr;

use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::*;

fn opened(Json(asked): Json<Value>) -> Json<Value> {
    let next = format!("{}+", asked["refresh_token"].as_str().unwrap_or("first"));
    let login = json!({
        "token": "t", "broker": "tcp://127.0.0.1:1", "username": "u", "client_id": "c",
        "topics": {"inbox": "i", "groups": [], "presence": "p"},
    });
    Json(json!({
        "session_token": "s", "refresh_token": next, "address_book": {"version": 5}, "login": login,
    }))
}

async fn start(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn warm(router: Router, kept: &mut Option<Kept>) -> Result<LoginToken, Trouble> {
    let mut client = Client::connect(start(router).await).await.unwrap();
    let census = Census::new(2, 0, 1, 1, 0);
    enter(&mut client, &census, 0, Way::Warm, kept).await
}

fn kept(refresh_token: &str) -> Option<Kept> {
    let refresh_token = refresh_token.to_owned();
    let version = 3;
    Some(Kept {
        refresh_token,
        version,
    })
}

fn refresh_route() -> Router {
    Router::new().route("/api/v1/refresh", post(async |asked| opened(asked)))
}

#[tokio::test]
async fn a_login_keeps_the_new_refresh_token_and_the_books_version() {
    let book = async || Json(json!({"version": 9, "next_cursor": null, "entries": []}));
    let router = refresh_route().route("/api/v1/address-book", get(book));
    let mut kept = kept("a");
    let login = warm(router, &mut kept).await.unwrap();
    assert_eq!(login.topics.presence, "p");
    let kept = kept.unwrap();
    assert_eq!((kept.refresh_token.as_str(), kept.version), ("a+", 9));
}

#[tokio::test]
async fn a_refresh_token_that_came_is_kept_though_the_login_fails_later() {
    let book = async || StatusCode::SERVICE_UNAVAILABLE;
    let router = refresh_route().route("/api/v1/address-book", get(book));
    let mut kept = kept("a");
    let trouble = warm(router, &mut kept).await.unwrap_err();
    assert!(matches!(trouble, Trouble::Again(_)), "{trouble:?}");
    let kept = kept.unwrap();
    assert_eq!((kept.refresh_token.as_str(), kept.version), ("a+", 3));
}

#[tokio::test]
async fn only_what_passes_is_tried_again() {
    for (status, passes) in [
        (StatusCode::SERVICE_UNAVAILABLE, true),
        (StatusCode::TOO_MANY_REQUESTS, true),
        (StatusCode::UNAUTHORIZED, false),
    ] {
        let router = Router::new().route("/api/v1/refresh", post(async move || status));
        let trouble = warm(router, &mut kept("a")).await.unwrap_err();
        assert_eq!(matches!(trouble, Trouble::Again(_)), passes, "{trouble:?}");
    }
    let trouble = warm(Router::new(), &mut None).await.unwrap_err();
    assert!(matches!(trouble, Trouble::Final(_)), "{trouble:?}");
}
