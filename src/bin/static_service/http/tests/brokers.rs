//! Brokers' credentials, and health.

use axum::http::StatusCode;
use axum::http::header::WWW_AUTHENTICATE;

use super::{Service, basic};
use crate::secret::Secret;

#[tokio::test]
async fn everything_of_the_broker_side_wants_credentials() {
    let service = Service::start().await;
    let secret = service.broker_secret.reveal();
    let session = service.session("alice@acme").await;
    for auth in [
        String::new(),
        "Basic".into(),
        "Basic !!!".into(),
        "Basic YjE=".into(),
        basic("b1", "wrong"),
        basic("b2", secret),
        basic("b1", ""),
        basic("' OR 1=1 --", secret),
        format!("Bearer {secret}"),
        format!("Bearer {session}"),
    ] {
        for path in ["/oauth2/introspect", "/control/v1/logs"] {
            let answer = service.post_form(path, &auth, &[("token", "x")]).await;
            answer.problem(401);
            assert!(
                answer.headers[WWW_AUTHENTICATE]
                    .to_str()
                    .unwrap()
                    .starts_with("Basic")
            );
        }
    }
}

#[tokio::test]
async fn a_chosen_secret_works_until_the_broker_is_removed() {
    let service = Service::start().await;
    let hash = service
        .app
        .passwords
        .hash(Secret::new("chosen:one".into()))
        .await
        .unwrap();
    let b2 = "b2".parse().unwrap();
    service.storage().add_broker(&b2, &hash).await.unwrap();
    for _ in 0..2 {
        let auth = basic("b2", "chosen:one");
        let answer = service
            .post_form("/oauth2/introspect", &auth, &[("token", "x")])
            .await;
        assert_eq!(answer.status, StatusCode::OK);
        let auth = basic("b2", "chosen:two");
        service
            .post_form("/oauth2/introspect", &auth, &[("token", "x")])
            .await
            .problem(401);
    }
    service.storage().remove_broker(&b2).await.unwrap();
    let auth = basic("b2", "chosen:one");
    service
        .post_form("/oauth2/introspect", &auth, &[("token", "x")])
        .await
        .problem(401);
}

#[tokio::test]
async fn health_needs_no_credentials() {
    let service = Service::start().await;
    for path in ["/healthz", "/readyz"] {
        let request = axum::http::Request::get(path).body(axum::body::Body::empty());
        let answer = service.call(request.unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
    }
}
