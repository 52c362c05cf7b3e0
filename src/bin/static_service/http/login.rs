//! `POST /api/v1/login` and `/api/v1/logout`: a password opens a session, and registers a device.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::App;
use super::authenticate::BEARER;
use super::body::{JsonBody, Shape};
use super::limiter::{Attempt, Guesser};
use super::openapi::names::{LineOfText, Name, QualifiedName};
use super::peer::Peer;
use super::problem::Problem;
use super::session_answer::{Opened, SessionAnswer};
use super::token::own_device;
use crate::clock::now_s;
use crate::identity::{DisplayName, UserId};
use crate::journal::Entry;
use crate::password::MAX_PASSWORD_BYTES;
use crate::refresh_token::RefreshToken;
use crate::secret::Secret;
use crate::storage::{AccountState, NewDevice, NewSession, OwnDevice, SessionUser, StorageError};

/// What a client sends.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"username": "alice@acme", "password": "correct horse", "device": "phone", "kind": "phone"}))]
pub(crate) struct LoginRequest {
    #[schema(value_type = QualifiedName)]
    username: String,
    #[schema(value_type = String, max_length = 1024)]
    password: Secret,
    /// With it comes a refresh token.
    #[schema(value_type = Option<Name>)]
    device: Option<String>,
    #[schema(pattern = "^(pc|phone|service)$")]
    kind: Option<String>,
    /// What people call the device.
    #[schema(value_type = Option<LineOfText>)]
    device_name: Option<String>,
    /// An earlier one of this device, however old: shows that the device is known.
    #[schema(value_type = Option<String>)]
    refresh_token: Option<Secret>,
}

impl Shape for LoginRequest {
    const SHAPE: &'static str = r#"{"username": "uid@eid", "password": string, "device"?: name, "kind"?: "phone" | "pc" | "service", "device_name"?: string, "refresh_token"?: string}"#;
}

impl LoginRequest {
    fn user(&self) -> Result<UserId, Problem> {
        let parsed = self.username.parse();
        parsed.map_err(|error| Problem::bad_request(format!("username: {error}")))
    }

    fn device(&self) -> Result<Option<OwnDevice>, Problem> {
        match (&self.device, &self.kind) {
            (Some(device), Some(kind)) => own_device(device, kind).map(Some),
            (None, None) if self.device_name.is_none() => Ok(None),
            _ => Err(Problem::bad_request("want device and kind together")),
        }
    }

    fn device_name(&self) -> Result<Option<DisplayName>, Problem> {
        let parsed = self.device_name.as_ref().map(|name| name.parse());
        let refused = |error| Problem::bad_request(format!("device_name: {error}"));
        parsed.transpose().map_err(refused)
    }
}

/// Checks the password and opens a session.
#[utoipa::path(
    post, path = "/api/v1/login", request_body = LoginRequest,
    responses(
        (status = 200, body = SessionAnswer),
        (status = 401, description = "user name or password is wrong"),
        (status = 403, description = "the enterprise is suspended, or the user is locked"),
        (status = 409, description = "there are too many devices"),
        (status = 429, description = "too many failed logins"),
        (status = 503, description = "storage or password checks are not available"),
    )
)]
pub(crate) async fn login(
    State(app): State<Arc<App>>,
    peer: Peer,
    JsonBody(request): JsonBody<LoginRequest>,
) -> Result<Json<SessionAnswer>, Problem> {
    let (user, device) = (request.user()?, request.device()?);
    let device_name = request.device_name()?;
    require_length(&request.password)?;
    let attempt = admit(&app, &user, peer, request.refresh_token.as_ref()).await?;
    let account = check_password(&app, &user, request.password, attempt).await;
    let account = account.inspect_err(|problem| refused(&app, &user, peer, problem))?;
    let mut entry = Entry::of("session.login", &user).with("peer", peer.0.to_string());
    if let Some(device) = &device {
        entry = entry.on(device.name.as_str());
    }
    let device = device.map(|device| (device, device_name));
    let answer = open_session(&app, &user, account, device).await?;
    app.journal.record(entry);
    Ok(Json(answer))
}

/// Writes down who was refused; not those over the limit, who cost nothing and could fill the log.
fn refused(app: &App, user: &UserId, Peer(peer): Peer, problem: &Problem) {
    let reason = match problem.status() {
        StatusCode::UNAUTHORIZED => "password",
        StatusCode::FORBIDDEN => problem.detail(),
        _ => return,
    };
    let entry = Entry::of("session.refused", user).with("reason", reason);
    app.journal.record(entry.with("peer", peer.to_string()));
}

pub(super) fn require_length(password: &Secret) -> Result<(), Problem> {
    if password.reveal().len() > MAX_PASSWORD_BYTES {
        let detail = format!("password is longer than {MAX_PASSWORD_BYTES} bytes");
        return Err(Problem::bad_request(detail));
    }
    Ok(())
}

/// Lets the attempt begin, unless there were too many failures.
async fn admit<'a>(
    app: &'a App,
    user: &UserId,
    Peer(peer): Peer,
    earlier: Option<&Secret>,
) -> Result<Attempt<'a>, Problem> {
    let earlier = earlier.and_then(RefreshToken::parse);
    let known = match earlier.map(|token| token.family_digest()) {
        Some(family) if app.storage.knows_device(user, &family).await? => Some(family),
        _ => None,
    };
    let guesser = known
        .as_ref()
        .map_or(Guesser::Stranger(peer), Guesser::Known);
    admitted(app.logins.admit(user, guesser, Instant::now()))
}

/// The answer to who has to wait.
pub(super) fn admitted<T>(admitted: Result<T, std::time::Duration>) -> Result<T, Problem> {
    admitted.map_err(|wait| {
        let detail = "too many failed logins";
        Problem::try_later(StatusCode::TOO_MANY_REQUESTS, detail, wait.as_secs() + 1)
    })
}

fn wrong() -> Problem {
    Problem::unauthorized(BEARER, "user name or password is wrong")
}

/// The account, if the password is right and the account may be used.
async fn check_password(
    app: &App,
    user: &UserId,
    password: Secret,
    attempt: Attempt<'_>,
) -> Result<AccountState, Problem> {
    let account = app.storage.account(user).await?;
    let stored = account
        .as_ref()
        .and_then(|known| known.password_hash.clone());
    let right = match app.passwords.verify(password.clone(), stored.clone()).await {
        Ok(right) => right,
        Err(error) => {
            attempt.called_off();
            return Err(error.into());
        }
    };
    let (Some(account), true) = (account, right) else {
        return Err(wrong());
    };
    attempt.succeeded(Instant::now());
    let refused = |why| Err(Problem::new(StatusCode::FORBIDDEN, why));
    if account.suspended {
        return refused("the enterprise is suspended");
    }
    if account.locked {
        return refused("the user is locked");
    }
    if let Some(stored) = stored {
        bring_up_to_date(app, user, password, &stored).await;
    }
    Ok(account.state)
}

/// Hashes the password anew if its hash was made at another cost than today's. No reason to refuse a login.
async fn bring_up_to_date(app: &App, user: &UserId, password: Secret, stored: &str) {
    if !app.passwords.is_outdated(stored) {
        return;
    }
    match app.passwords.hash(password).await {
        Ok(hash) => {
            if let Err(error) = app.storage.replace_hash(user, stored, &hash).await {
                tracing::warn!(%error, "cannot store a new hash");
            }
        }
        Err(error) => tracing::debug!(%error, "a hash stays as it is for now"),
    }
}

async fn open_session(
    app: &App,
    user: &UserId,
    account: AccountState,
    device: Option<(OwnDevice, Option<DisplayName>)>,
) -> Result<SessionAnswer, Problem> {
    let (session, first) = (Secret::random(), RefreshToken::first());
    let expires_at_s = now_s() + i64::from(app.settings.session_ttl_s);
    let refresh_expires_at_s = now_s() + i64::from(app.settings.accounts.refresh_ttl_s);
    let device = device.map(|(own, called)| NewDevice {
        own,
        called,
        family: first.family_digest(),
        refresh: first.digest(),
        refresh_expires_at_s,
    });
    let own = device.as_ref().map(|device| device.own.clone());
    let new = NewSession {
        user: user.clone(),
        account,
        digest: session.digest(),
        expires_at_s,
        device,
    };
    let ended = |error| match error {
        StorageError::Ended => wrong(),
        other => Problem::from(other),
    };
    app.storage.open_session(new).await.map_err(ended)?;
    let own_name = own.as_ref().map(|own| &own.name);
    let facts = app.storage.login_facts(user, own_name).await?;
    let opened = Opened {
        user,
        device: own.as_ref(),
        session: &session,
        expires_at_s,
        refresh: own.as_ref().map(|_| (&first, refresh_expires_at_s)),
    };
    opened.answer(app, facts.ok_or_else(wrong)?, None).await
}

/// Ends the session and revokes the login tokens it issued; for a device, all of its.
#[utoipa::path(
    post, path = "/api/v1/logout", security(("session" = [])),
    responses((status = 204, description = "the session is over"))
)]
pub(crate) async fn logout(
    State(app): State<Arc<App>>,
    user: SessionUser,
) -> Result<StatusCode, Problem> {
    app.storage.close_session(&user).await?;
    app.journal.record(Entry::of("session.logout", &user.id));
    Ok(StatusCode::NO_CONTENT)
}
