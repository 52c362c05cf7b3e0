//! `POST /api/v1/login` and `/api/v1/logout`: a password opens a session.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::authenticate::BEARER;
use super::body::{JsonBody, Shape};
use super::openapi::names::QualifiedName;
use super::problem::Problem;
use crate::clock::now_s;
use crate::identity::UserId;
use crate::journal::Entry;
use crate::secret::Secret;
use crate::storage::SessionUser;

/// The longest password, in bytes.
const MAX_PASSWORD_BYTES: usize = 1024;

/// What a client sends.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"username": "alice@acme", "password": "correct horse"}))]
pub(crate) struct LoginRequest {
    #[schema(value_type = QualifiedName)]
    username: String,
    #[schema(value_type = String, max_length = 1024)]
    password: Secret,
}

impl Shape for LoginRequest {
    const SHAPE: &'static str = r#"{"username": "uid@eid", "password": string}"#;
}

/// What it gets.
#[derive(Serialize, ToSchema)]
pub(crate) struct LoginAnswer {
    /// The bearer token of the session.
    session_token: String,
    /// Unix seconds.
    expires_at: i64,
    user: Profile,
}

/// Who logged in.
#[derive(Serialize, ToSchema)]
struct Profile {
    eid: String,
    uid: String,
    name: String,
}

/// Checks the password and opens a session.
#[utoipa::path(
    post, path = "/api/v1/login", request_body = LoginRequest,
    responses(
        (status = 200, body = LoginAnswer),
        (status = 401, description = "user name or password is wrong"),
        (status = 403, description = "the enterprise is suspended"),
        (status = 429, description = "too many failed logins"),
        (status = 503, description = "storage or password checks are not available"),
    )
)]
pub(crate) async fn login(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    JsonBody(request): JsonBody<LoginRequest>,
) -> Result<Json<LoginAnswer>, Problem> {
    let user = parse_user(&request.username)?;
    app.logins
        .admit(&request.username, peer.ip(), Instant::now())
        .map_err(|wait| {
            let detail = "too many failed logins";
            Problem::try_later(StatusCode::TOO_MANY_REQUESTS, detail, wait.as_secs() + 1)
        })?;
    let name = check_password(&app, &user, request.password).await;
    let name = name.inspect_err(|problem| refused(&app, &user, peer, problem))?;
    app.logins.forgive(&request.username, peer.ip());
    let answer = open_session(&app, &user, name).await?;
    let entry = Entry::of("session.login", &user);
    app.journal
        .record(entry.with("peer", peer.ip().to_string()));
    Ok(Json(answer))
}

/// Writes down who was refused; not those over the limit, who cost nothing and could fill the log.
fn refused(app: &App, user: &UserId, peer: SocketAddr, problem: &Problem) {
    let reason = match problem.status() {
        StatusCode::UNAUTHORIZED => "password",
        StatusCode::FORBIDDEN => "suspended",
        _ => return,
    };
    let entry = Entry::of("session.refused", user).with("reason", reason);
    app.journal
        .record(entry.with("peer", peer.ip().to_string()));
}

fn parse_user(username: &str) -> Result<UserId, Problem> {
    let parsed = username.parse();
    parsed.map_err(|error| Problem::bad_request(format!("username: {error}")))
}

/// The user's display name, if the password is right.
async fn check_password(app: &App, user: &UserId, password: Secret) -> Result<String, Problem> {
    if password.reveal().len() > MAX_PASSWORD_BYTES {
        let detail = format!("password is longer than {MAX_PASSWORD_BYTES} bytes");
        return Err(Problem::bad_request(detail));
    }
    let account = app.storage.account(user).await?;
    let stored = account
        .as_ref()
        .and_then(|known| known.password_hash.clone());
    let right = app.passwords.verify(password, stored).await?;
    match account {
        Some(account) if right && account.suspended => Err(Problem::new(
            StatusCode::FORBIDDEN,
            "the enterprise is suspended",
        )),
        Some(account) if right => Ok(account.name),
        _ => Err(Problem::unauthorized(
            BEARER,
            "user name or password is wrong",
        )),
    }
}

async fn open_session(app: &App, user: &UserId, name: String) -> Result<LoginAnswer, Problem> {
    let token = Secret::random();
    let expires_at = now_s() + i64::from(app.settings.session_ttl_s);
    let digest = token.digest();
    app.storage.open_session(user, &digest, expires_at).await?;
    let (eid, uid) = (user.eid().to_owned(), user.uid().to_owned());
    Ok(LoginAnswer {
        session_token: token.reveal().to_owned(),
        expires_at,
        user: Profile { eid, uid, name },
    })
}

/// Ends the session and revokes the login tokens it issued.
#[utoipa::path(
    post, path = "/api/v1/logout", security(("session" = [])),
    responses((status = 204, description = "the session is over"))
)]
pub(crate) async fn logout(
    State(app): State<Arc<App>>,
    user: SessionUser,
) -> Result<StatusCode, Problem> {
    app.storage.close_session(&user.session).await?;
    app.journal.record(Entry::of("session.logout", &user.id));
    Ok(StatusCode::NO_CONTENT)
}
