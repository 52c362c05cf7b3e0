//! A login at the static service: by which calls somebody gets a login token and brings the address book up to date.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::census::{Census, DEVICE};
use super::orders::{Kept, Way};
use crate::installation::client::{Ask, Client};

/// Everybody's password: long enough for the service's rules.
pub(super) const PASSWORD: &str = "im-bench's own password";
/// Entries of a page: the most there may be.
const PAGE: u32 = 5000;

/// Why a login did not go on.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It may go better another time.
    Again(String),
    /// It will not.
    Final(String),
}

/// What opens a session.
#[derive(Debug, Deserialize)]
pub(super) struct Opened {
    session_token: String,
    pub(super) refresh_token: Option<String>,
    pub(super) address_book: Book,
    login: Option<LoginToken>,
}

/// Where the address book stands.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Book {
    pub(super) version: u64,
}

/// What the broker wants to see, where it is, and what the client is to do there.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct LoginToken {
    pub(super) token: String,
    pub(super) broker: String,
    pub(super) username: String,
    pub(super) client_id: String,
    pub(super) topics: Topics,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Topics {
    pub(super) inbox: String,
    pub(super) groups: Vec<String>,
    pub(super) presence: String,
}

/// A page of the address book.
#[derive(Deserialize)]
struct Page {
    version: u64,
    next_cursor: Option<String>,
}

/// The request of a login by password.
pub(super) fn password_login(census: &Census, number: u32) -> Ask {
    let login = json!({
        "username": census.username(number), "password": PASSWORD, "device": DEVICE, "kind": DEVICE,
    });
    Ask::post("/api/v1/login", &login)
}

/// Opens a session, brings the address book up to date and answers the login token. What the device keeps is kept
/// as soon as it is there: a refresh token is good once.
pub(super) async fn enter(
    client: &mut Client,
    census: &Census,
    number: u32,
    way: Way,
    kept: &mut Option<Kept>,
) -> Result<LoginToken, Trouble> {
    let opened = match (way, kept.as_ref()) {
        (Way::Warm, Some(kept)) => refresh(client, &kept.refresh_token).await?,
        (Way::Warm, None) => return Err(Trouble::Final("no refresh token".to_owned())),
        (Way::Cold, _) => asked(client, password_login(census, number)).await?,
    };
    let since = kept.as_ref().filter(|_| way == Way::Warm);
    let since = since.map(|kept| kept.version);
    if let Some(refresh_token) = opened.refresh_token {
        let version = since.unwrap_or(opened.address_book.version);
        *kept = Some(Kept {
            refresh_token,
            version,
        });
    }
    let login = match opened.login {
        Some(login) => login,
        None => token(client, &opened.session_token).await?,
    };
    let version = address_book(client, &opened.session_token, since).await?;
    if let Some(kept) = kept {
        kept.version = version;
    }
    Ok(login)
}

async fn refresh(client: &mut Client, refresh_token: &str) -> Result<Opened, Trouble> {
    let body = json!({"refresh_token": refresh_token, "login_token": true});
    asked(client, Ask::post("/api/v1/refresh", &body)).await
}

async fn token(client: &mut Client, session_token: &str) -> Result<LoginToken, Trouble> {
    let device = json!({"device": DEVICE, "kind": DEVICE});
    let ask = Ask::post("/api/v1/token", &device).bearer(session_token);
    asked(client, ask).await
}

/// All pages: of the changes since a version, or of everything. Answers where it stands now.
async fn address_book(
    client: &mut Client,
    session_token: &str,
    since: Option<u64>,
) -> Result<u64, Trouble> {
    let since = since.map_or(String::new(), |version| format!("since={version}&"));
    let mut cursor = String::new();
    loop {
        let path = format!("/api/v1/address-book?{since}limit={PAGE}{cursor}");
        let page: Page = asked(client, Ask::get(path).bearer(session_token)).await?;
        match page.next_cursor {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(page.version),
        }
    }
}

async fn asked<T: DeserializeOwned>(client: &mut Client, ask: Ask) -> Result<T, Trouble> {
    let answer = client.ask(ask).await;
    let answer = answer.map_err(|error| Trouble::Again(format!("{error:#}")))?;
    answer.json().map_err(|error| {
        let said = format!("{error:#}");
        // Overload and outages pass.
        if answer.status.is_server_error() || answer.status.as_u16() == 429 {
            Trouble::Again(said)
        } else {
            Trouble::Final(said)
        }
    })
}

#[cfg(test)]
mod tests;
