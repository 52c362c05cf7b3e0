//! The Rust of docs/client-library.md, which tests/docs/commands.rs compares with this file.

use std::error::Error;
use std::time::Duration;

use mosquitto_enterprise_push::client::{
    AddressBook, Device, DeviceKind, LoginToken, Secret, StaticService,
};
use mosquitto_enterprise_push::protocol::SessionName;
use mosquitto_enterprise_push::protocol::{Content, Direction, Header, Message};
use serde_json::json;

use crate::fake::{PASSWORD, Service};

async fn sign_in(url: &str, password: String) -> Result<(AddressBook, String), Box<dyn Error>> {
    // `url` as in "https://push.example.com".
    let service = StaticService::new(url, None, Duration::from_secs(10))?;
    let session = SessionName::parse("alice@acme:pc")?;
    let device = Device {
        name: session.device,
        kind: DeviceKind::Pc,
        label: Some("Alice's desk"),
        earlier: None,
    };

    // Once, by password. Keep the refresh token before anything else.
    let signed_in = service
        .login(session.user, &Secret::new(password), Some(&device))
        .await?;
    let refresh_token = signed_in.refresh_token.ok_or("not for a device")?;
    let grant = service
        .token(&signed_in.session_token, session, device.kind)
        .await?;
    // MQTT: address grant.broker, client id "alice@acme:pc", user grant.username, password grant.token.

    // When the broker refuses the login token, or the session is over: no password, one call.
    let again = service
        .refresh(&refresh_token, session, LoginToken::Wanted)
        .await?;

    // The address book: once in full, then what changed.
    let mut book = AddressBook::default();
    book.apply(service.address_book(&again.session_token, None).await?);
    book.apply(
        service
            .address_book(&again.session_token, Some(book.version()))
            .await?,
    );
    Ok((book, grant.username))
}

fn there_and_back(timestamp_ms: u64) -> Result<bool, Box<dyn Error>> {
    let header = Header {
        mqtt_level: 5,
        seq: 1,
        direction: Direction::PointToPoint,
        content: Content::Text,
        timestamp_ms,
        source: "alice",
    };
    let payload = Message {
        header,
        data: b"hello",
    }
    .encode()?;
    let Message { header, data } = Message::decode(&payload)?;
    Ok(header.source == "alice" && header.timestamp_ms == timestamp_ms && data == b"hello")
}

#[tokio::test]
async fn documented_login_brings_token_and_address_book() {
    let service = Service::start();
    service.change(json!({"type": "user", "eid": "acme", "uid": "bob", "name": "Bob"}));
    let (book, user) = sign_in(&service.url(), PASSWORD.to_owned()).await.unwrap();
    assert_eq!(book.len(), 1);
    assert_eq!(user, "alice@acme");
}

#[test]
fn documented_message_is_read_as_it_was_written() {
    assert!(there_and_back(1_420_070_400_000).unwrap());
}
