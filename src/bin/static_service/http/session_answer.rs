//! Wire module: what a client gets when a session is opened, by password or by refresh token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::problem::Problem;
use super::token::TokenAnswer;
use crate::address_book::Contact;
use crate::identity::UserId;
use crate::refresh_token::RefreshToken;
use crate::secret::Secret;
use crate::storage::{BookVersion, LoginFacts, OwnDevice};

/// What keys for local storage are derived for.
const PERSONAL_KEY: &str = "personal-key";

/// All that a client needs to go on.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionAnswer {
    /// The bearer token.
    session_token: String,
    /// When it expires, in Unix seconds.
    expires_at: i64,
    user: Profile,
    address_book: AddressBook,
    /// 32 bytes in base64url, to encrypt what the device keeps.
    personal_key: String,
    /// Opens the next session; of devices alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// When that one expires, in Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_expires_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    /// A login token, if one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<TokenAnswer>,
}

/// Who logged in.
#[derive(Serialize, ToSchema)]
struct Profile {
    #[serde(flatten)]
    contact: Contact,
    roles: Vec<String>,
}

/// Where the user's address book stands.
#[derive(Serialize, ToSchema)]
struct AddressBook {
    #[schema(value_type = i64)]
    version: BookVersion,
}

/// A session that was opened.
pub(super) struct Opened<'a> {
    pub(super) user: &'a UserId,
    pub(super) device: Option<&'a OwnDevice>,
    pub(super) session: &'a Secret,
    pub(super) expires_at_s: i64,
    /// A device's refresh token, and when it expires.
    pub(super) refresh: Option<(&'a RefreshToken, i64)>,
}

impl Opened<'_> {
    /// The answer that tells of it.
    pub(super) async fn answer(
        &self,
        app: &App,
        facts: LoginFacts,
        login: Option<TokenAnswer>,
    ) -> Result<SessionAnswer, Problem> {
        let user = self.user;
        let personal_key = personal_key(app, user, self.device, &facts).await?;
        Ok(SessionAnswer {
            session_token: self.session.reveal().to_owned(),
            expires_at: self.expires_at_s,
            user: Profile {
                contact: facts.contact,
                roles: facts.roles,
            },
            address_book: AddressBook {
                version: facts.book_version,
            },
            personal_key,
            refresh_token: self.refresh.map(|(token, _)| token.reveal().to_owned()),
            refresh_expires_at: self.refresh.map(|(_, expires_at_s)| expires_at_s),
            device: self.device.map(|device| device.name.as_str().to_owned()),
            login,
        })
    }
}

/// The key of a user on a device: another one after a new password, or once the device was removed.
pub(super) async fn personal_key(
    app: &App,
    user: &UserId,
    device: Option<&OwnDevice>,
    facts: &LoginFacts,
) -> Result<String, Problem> {
    let service_key = app.storage.service_key().await?;
    let key = service_key.derive(
        PERSONAL_KEY,
        &[
            user.eid(),
            user.uid(),
            device.map_or("", |device| device.name.as_str()),
            &facts.state.created_at_ms.to_string(),
            &facts.state.password_generation.to_string(),
            facts.key_salt.as_deref().unwrap_or_default(),
        ],
    );
    Ok(URL_SAFE_NO_PAD.encode(key.as_slice()))
}
