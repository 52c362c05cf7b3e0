//! `POST /api/v1/password`: users change their own password.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::authenticate::BEARER;
use super::body::{JsonBody, Shape};
use super::limiter::{Attempt, Guesser};
use super::login::{admitted, require_length};
use super::problem::Problem;
use super::session_answer::personal_key;
use crate::journal::Entry;
use crate::password::check_new;
use crate::secret::{Digest, Secret};
use crate::storage::{AccountState, SessionUser};

/// What a client sends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordRequest {
    #[schema(value_type = String, max_length = 1024)]
    old_password: Secret,
    #[schema(value_type = String, max_length = 1024)]
    new_password: Secret,
}

impl Shape for PasswordRequest {
    const SHAPE: &'static str = r#"{"old_password": string, "new_password": string}"#;
}

/// What it gets.
#[derive(Serialize, ToSchema)]
pub(crate) struct PasswordAnswer {
    /// The new key, to encrypt anew what the device keeps.
    personal_key: String,
}

/// Sets the new password if the old one is right. The session that asks goes on; all others end.
#[utoipa::path(
    post, path = "/api/v1/password", security(("session" = [])), request_body = PasswordRequest,
    responses(
        (status = 200, body = PasswordAnswer),
        (status = 403, description = "old_password is wrong"),
        (status = 429, description = "too many failures"),
    )
)]
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    session: SessionUser,
    JsonBody(request): JsonBody<PasswordRequest>,
) -> Result<Json<PasswordAnswer>, Problem> {
    let user = &session.id;
    require_length(&request.old_password)?;
    require_good(&request, &session)?;
    let guesser = guesser(&session);
    let attempt = app
        .logins
        .admit(user, Guesser::Session(&guesser), Instant::now());
    let old = check_old(&app, &session, request.old_password, admitted(attempt)?).await?;
    let hash = app.passwords.hash(request.new_password).await?;
    app.storage
        .change_own_password(&session, old, &hash)
        .await?;
    app.journal.record(Entry::of("password.changed", user));
    let device = session.device.as_ref();
    let facts = app.storage.login_facts(user, device.map(|own| &own.name));
    let gone = || Problem::unauthorized(BEARER, "the session has ended");
    let facts = facts.await?.ok_or_else(gone)?;
    let personal_key = personal_key(&app, user, device, &facts).await?;
    Ok(Json(PasswordAnswer { personal_key }))
}

fn require_good(request: &PasswordRequest, session: &SessionUser) -> Result<(), Problem> {
    let weak = |error| Problem::bad_request(format!("new_password: {error}"));
    check_new(&request.new_password, &session.id).map_err(weak)?;
    if request.new_password == request.old_password {
        return Err(Problem::bad_request("new_password is the old one"));
    }
    Ok(())
}

/// Whose failures count: a device's over all its sessions, and the session's where there is no device.
fn guesser(session: &SessionUser) -> Digest {
    match &session.device {
        Some(own) => Digest::of(format!("{}:{}", session.id, own.name).as_bytes()),
        None => session.session.clone(),
    }
}

async fn check_old(
    app: &App,
    session: &SessionUser,
    password: Secret,
    attempt: Attempt<'_>,
) -> Result<AccountState, Problem> {
    let account = app.storage.account(&session.id).await?;
    let stored = account
        .as_ref()
        .and_then(|known| known.password_hash.clone());
    let right = match app.passwords.verify(password, stored).await {
        Ok(right) => right,
        Err(error) => {
            attempt.called_off();
            return Err(error.into());
        }
    };
    match account {
        Some(account) if right => {
            attempt.succeeded(Instant::now());
            Ok(account.state)
        }
        // Not 401: the session is good.
        _ => Err(Problem::new(StatusCode::FORBIDDEN, "old_password is wrong")),
    }
}
