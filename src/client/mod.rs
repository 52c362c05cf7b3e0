//! The client's core, for programs that log in at the static service: sessions, login tokens, the address
//! book, and the message header's codec. Behind the Cargo feature `client`.
//!
//! Prints nothing, keeps nothing, reads no file: whoever calls decides where tokens live and what people are
//! told. `docs/client-library.md` tells the same with whole examples.
//!
//! | from | get | by |
//! |---|---|---|
//! | a password | a session, a refresh token, the personal key | [`StaticService::login`] |
//! | a refresh token | the same anew and, if wanted, a login token | [`StaticService::refresh`] |
//! | a session token | a login token for the broker | [`StaticService::token`] |
//! | a session token | the address book, or what changed in it | [`StaticService::address_book`] |
//!
//! ```no_run
//! use mosquitto_enterprise_push::client::{Device, DeviceKind, Secret, StaticService};
//! use mosquitto_enterprise_push::protocol::SessionName;
//! use std::time::Duration;
//!
//! # async fn example() -> Result<(), mosquitto_enterprise_push::client::ClientError> {
//! let service = StaticService::new("https://push.example.com", None, Duration::from_secs(10))?;
//! let session = SessionName::parse("alice@acme:pc").expect("a good name");
//! let device = Device { name: session.device, kind: DeviceKind::Pc, label: None, earlier: None };
//! let password = Secret::new("correct horse".to_owned());
//! let signed_in = service.login(session.user, &password, Some(&device)).await?;
//! let grant = service.token(&signed_in.session_token, session, device.kind).await?;
//! println!("log in at {} as {}", grant.broker, grant.username);
//! # Ok(())
//! # }
//! ```
//!
//! The codec is the plugin's own ([`header`]):
//!
//! ```
//! use mosquitto_enterprise_push::client::header::{Content, Direction, Header, HeaderError, Message};
//!
//! let header = Header {
//!     mqtt_level: 5,
//!     seq: 1,
//!     direction: Direction::PointToPoint,
//!     content: Content::Text,
//!     timestamp_ms: 1_764_028_800_000,
//!     source: "alice",
//! };
//! let payload = Message { header, data: b"hello" }.encode()?;
//! assert_eq!(Message::decode(&payload)?.data, b"hello");
//! assert_eq!(Message::decode(&payload[..5]), Err(HeaderError::Truncated("Type")));
//! # Ok::<(), HeaderError>(())
//! ```

mod address_book;
mod book;
mod error;
mod http;
mod login;
mod personal_key;
pub mod sealed;
mod secret;
mod service;
mod wire;

pub use address_book::AddressBook;
pub use book::{Changes, Deleted, Department, Entry, Group, Partner, Person, Relation};
pub use error::ClientError;
pub use http::{MAX_ANSWER_BYTES, explain, problem};
pub use login::{Device, Grant, SignedIn, Topics, UserCard};
pub use personal_key::{PersonalKey, PersonalKeyError};
pub use secret::Secret;
pub use service::{LoginToken, StaticService};

pub use crate::protocol::contract::DeviceKind;
pub use crate::protocol::header;
