//! The library's calls: what comes back, and what a failure says of itself.

use std::time::Duration;

use mosquitto_enterprise_push::client::{
    AddressBook, ClientError, Device, DeviceKind, LoginToken, Secret, SignedIn, StaticService,
};
use mosquitto_enterprise_push::protocol::SessionName;
use serde_json::json;

use crate::fake::{PASSWORD, Service, Trouble};

const TIMEOUT: Duration = Duration::from_secs(20);

fn alice() -> SessionName<'static> {
    SessionName::parse("alice@acme:pc").expect("a good name")
}

fn client(service: &Service) -> StaticService {
    StaticService::new(&service.url(), None, TIMEOUT).expect("a good address")
}

async fn log_in(client: &StaticService, password: &str) -> Result<SignedIn, ClientError> {
    let device = Device {
        name: "pc",
        kind: DeviceKind::Pc,
        label: Some("The one on the desk"),
        earlier: None,
    };
    let password = Secret::new(password.to_owned());
    client.login(alice().user, &password, Some(&device)).await
}

fn refresh_token(signed_in: &SignedIn) -> Secret {
    signed_in.refresh_token.clone().expect("a refresh token")
}

#[tokio::test]
async fn password_brings_a_session_a_refresh_token_and_the_key() {
    let service = Service::start();
    let client = client(&service);
    let signed_in = log_in(&client, PASSWORD).await.unwrap();
    assert_eq!(signed_in.user.name, "Alice");
    assert_eq!(
        (signed_in.user.title.as_str(), signed_in.book_version),
        ("", Some(1))
    );
    assert!(signed_in.personal_key.is_some() && signed_in.grant.is_none());
    let token = &signed_in.session_token;
    let grant = client.token(token, alice(), DeviceKind::Pc).await.unwrap();
    assert_eq!(grant.topics.groups, ["acme/im/msg/g/dev"]);
    let text = format!("{signed_in:?} {grant:?}");
    assert!(
        !text.contains("session-") && !text.contains("refresh-"),
        "{text}"
    );
    assert!(!text.contains("login-"), "{text}");
}

#[tokio::test]
async fn without_a_device_there_is_no_refresh_token() {
    let service = Service::start();
    let password = Secret::new(PASSWORD.to_owned());
    let signed_in = client(&service).login(alice().user, &password, None).await;
    assert_eq!(signed_in.unwrap().refresh_token, None);
}

#[tokio::test]
async fn wrong_password_is_refused_and_told() {
    let service = Service::start();
    let error = log_in(&client(&service), "wrong").await.unwrap_err();
    assert!(error.is_refused() && !error.is_session_over(), "{error}");
    assert!(error.to_string().contains("wrong password"), "{error}");
}

#[tokio::test]
async fn refresh_brings_everything_in_one_call_and_is_good_once() {
    let service = Service::start();
    let client = client(&service);
    let first = refresh_token(&log_in(&client, PASSWORD).await.unwrap());
    let again = client
        .refresh(&first, alice(), LoginToken::Wanted)
        .await
        .unwrap();
    assert!(again.grant.is_some());
    let second = refresh_token(&again);
    let again = client
        .refresh(&second, alice(), LoginToken::Unwanted)
        .await
        .unwrap();
    assert!(again.grant.is_none());
    let error = client
        .refresh(&first, alice(), LoginToken::Unwanted)
        .await
        .unwrap_err();
    assert!(error.is_session_over(), "{error}");
}

#[tokio::test]
async fn lost_answer_is_asked_for_again_with_the_same_token() {
    let service = Service::start();
    let client = client(&service);
    let first = refresh_token(&log_in(&client, PASSWORD).await.unwrap());
    service.trouble("/api/v1/refresh", &[Trouble::LostAnswer]);
    let error = client
        .refresh(&first, alice(), LoginToken::Unwanted)
        .await
        .unwrap_err();
    assert!(error.is_temporary(), "{error}");
    assert!(
        client
            .refresh(&first, alice(), LoginToken::Unwanted)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn sessions_of_others_are_not_taken() {
    let service = Service::start();
    let client = client(&service);
    let signed_in = log_in(&client, PASSWORD).await.unwrap();
    let phone = SessionName::parse("alice@acme:phone").unwrap();
    let token = &signed_in.session_token;
    let error = client
        .token(token, phone, DeviceKind::Phone)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ClientError::Nonsense(text) if text.contains("alice@acme:pc")),
        "{error}"
    );
    let bob = SessionName::parse("bob@acme:pc").unwrap();
    let refresh = refresh_token(&signed_in);
    let error = client
        .refresh(&refresh, bob, LoginToken::Wanted)
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::Nonsense(_)), "{error}");
}

#[tokio::test]
async fn failures_say_whether_to_try_again_and_when() {
    let service = Service::start();
    let client = client(&service);
    let token = log_in(&client, PASSWORD).await.unwrap().session_token;
    let trouble = [
        Trouble::Status(503, Some("7")),
        Trouble::Status(500, None),
        Trouble::Status(404, None),
        Trouble::Nonsense("[]"),
    ];
    service.trouble("/api/v1/address-book", &trouble);
    let mut seen = Vec::new();
    for _ in 0..trouble.len() {
        let error = client.address_book(&token, None).await.unwrap_err();
        seen.push((error.is_temporary(), error.retry_after(), error.status()));
    }
    let seven = Some(Duration::from_secs(7));
    let want = [
        (true, seven, Some(503)),
        (false, None, Some(500)),
        (false, None, Some(404)),
        (false, None, None),
    ];
    assert_eq!(seen, want);
    service.end_session();
    let error = client.address_book(&token, None).await.unwrap_err();
    assert!(error.is_session_over(), "{error}");
}

#[tokio::test]
async fn service_that_is_away_is_a_passing_trouble() {
    let mut service = Service::start();
    let client = client(&service);
    service.stop();
    let error = log_in(&client, PASSWORD).await.unwrap_err();
    assert!(error.is_temporary() && !error.is_refused(), "{error}");
}

#[tokio::test]
async fn address_book_comes_in_pages_and_then_in_changes() {
    let service = Service::start();
    service.desk().page_entries = 2;
    for uid in ["alice", "bob", "carol", "dave", "eve"] {
        service.change(json!({"type": "user", "eid": "acme", "uid": uid, "name": uid}));
    }
    let client = client(&service);
    let token = log_in(&client, PASSWORD).await.unwrap().session_token;
    let mut book = AddressBook::default();
    book.apply(client.address_book(&token, None).await.unwrap());
    assert_eq!((book.users().len(), book.version()), (5, 6));
    assert_eq!(service.count("/api/v1/address-book"), 3);
    service.change(json!({"type": "deleted", "of": "user", "id": "eve"}));
    let changes = client
        .address_book(&token, Some(book.version()))
        .await
        .unwrap();
    assert_eq!((changes.full, changes.entries.len()), (false, 1));
    book.apply(changes);
    assert_eq!((book.users().len(), book.version()), (4, 7));
    let changes = client.address_book(&token, Some(999)).await.unwrap();
    assert!(changes.full, "a version from the future");
}

#[tokio::test]
async fn load_that_took_too_long_begins_anew() {
    let service = Service::start();
    service.desk().page_entries = 1;
    for uid in ["alice", "bob"] {
        service.change(json!({"type": "user", "eid": "acme", "uid": uid, "name": uid}));
    }
    let client = client(&service);
    let token = log_in(&client, PASSWORD).await.unwrap().session_token;
    let first = r#"{"version": 3, "full": true, "next_cursor": "1", "entries": []}"#;
    let gone = Trouble::Status(410, None);
    service.trouble("/api/v1/address-book", &[Trouble::Nonsense(first), gone]);
    let changes = client.address_book(&token, None).await.unwrap();
    assert_eq!(
        (changes.entries.len(), service.count("/api/v1/address-book")),
        (2, 4)
    );
}

#[tokio::test]
async fn pages_that_never_end_are_nonsense() {
    let service = Service::start();
    let client = client(&service);
    let token = log_in(&client, PASSWORD).await.unwrap().session_token;
    let page = r#"{"version": 1, "full": true, "next_cursor": "1", "entries": []}"#;
    service.trouble(
        "/api/v1/address-book",
        &[Trouble::Nonsense(page), Trouble::Nonsense(page)],
    );
    let error = client.address_book(&token, None).await.unwrap_err();
    assert!(
        matches!(&error, ClientError::Nonsense(text) if text.contains("cursor")),
        "{error}"
    );
}
