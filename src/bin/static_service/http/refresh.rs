//! `POST /api/v1/refresh`: a device's refresh token opens the next session, without a password. The token
//! is good once; what presenting one means is told in `refresh_token`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::App;
use super::authenticate::BEARER;
use super::body::{JsonBody, Shape};
use super::problem::Problem;
use super::session_answer::{Opened, SessionAnswer};
use super::token::Issued;
use crate::clock::now_s;
use crate::journal::Entry;
use crate::refresh_token::RefreshToken;
use crate::secret::Secret;
use crate::storage::{Renewal, Renewed};

/// What a client sends.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct RefreshRequest {
    #[schema(value_type = String)]
    refresh_token: Secret,
    /// Whether a login token is wanted too.
    #[serde(default)]
    login_token: bool,
}

impl Shape for RefreshRequest {
    const SHAPE: &'static str = r#"{"refresh_token": string, "login_token"?: true | false}"#;
}

/// The secrets of a refresh, of which storage gets the digests.
struct Fresh {
    successor: RefreshToken,
    session: Secret,
    login: Option<Secret>,
}

/// Takes a refresh token and gives the next one. Answers once the brokers on the feed have been told of the login
/// token, if there is one.
#[utoipa::path(
    post, path = "/api/v1/refresh", request_body = RefreshRequest,
    responses(
        (status = 200, body = SessionAnswer),
        (status = 401, description = "the token is of no session, or was used before"),
        (status = 403, description = "the enterprise is suspended"),
        (status = 503, description = "storage is not available"),
    )
)]
pub(crate) async fn refresh(
    State(app): State<Arc<App>>,
    JsonBody(request): JsonBody<RefreshRequest>,
) -> Result<Json<SessionAnswer>, Problem> {
    let presented = RefreshToken::parse(&request.refresh_token).ok_or_else(ended)?;
    let fresh = Fresh {
        successor: presented.successor(),
        session: Secret::random(),
        login: request.login_token.then(Secret::random),
    };
    let renewal = fresh.renewal(&app, presented);
    let renewed = app.storage.refresh(renewal.clone()).await?;
    app.hub.announced(renewed.event).await;
    fresh
        .answer(&app, &renewal, renewed.outcome)
        .await
        .map(Json)
}

fn ended() -> Problem {
    Problem::unauthorized(
        BEARER,
        "the refresh token is of no session: log in by password",
    )
}

impl Fresh {
    fn renewal(&self, app: &App, presented: RefreshToken) -> Renewal {
        let (now_s, settings) = (now_s(), &app.settings);
        let login_expires_at_s = now_s + i64::from(settings.token_ttl_s);
        let digest = self.login.as_ref().map(Secret::digest);
        Renewal {
            presented,
            successor: self.successor.digest(),
            refresh_expires_at_s: now_s + i64::from(settings.accounts.refresh_ttl_s),
            session: self.session.digest(),
            session_expires_at_s: now_s + i64::from(settings.session_ttl_s),
            login_token: digest.map(|digest| (digest, login_expires_at_s)),
            reuse_ms: i64::from(settings.accounts.refresh_reuse_s) * 1000,
        }
    }

    async fn answer(
        &self,
        app: &App,
        renewal: &Renewal,
        outcome: Renewed,
    ) -> Result<SessionAnswer, Problem> {
        let (user, device, rights) = match outcome {
            Renewed::Done {
                user,
                device,
                rights,
            } => {
                let entry = Entry::of("session.refresh", &user);
                app.journal.record(entry.on(device.name.as_str()));
                (user, device, rights)
            }
            Renewed::Ended => return Err(ended()),
            Renewed::Reused => {
                let detail = "the refresh token was used before: the device is logged out";
                return Err(Problem::unauthorized(BEARER, detail));
            }
            Renewed::Suspended => {
                let detail = "the enterprise is suspended";
                return Err(Problem::new(StatusCode::FORBIDDEN, detail));
            }
        };
        let facts = app.storage.login_facts(&user, Some(&device.name)).await?;
        let facts = facts.ok_or_else(ended)?;
        let login = match (&self.login, &renewal.login_token, rights) {
            (Some(secret), Some((_, expires_at_s)), Some(rights)) => {
                let broker = app.settings.broker_of(user.eid(), facts.broker.as_deref());
                let issued = Issued {
                    secret,
                    expires_at_s: *expires_at_s,
                    user: &user,
                    device: &device.name,
                };
                app.metrics.token_issued();
                let entry = Entry::of("token.issued", &user).on(device.name.as_str());
                app.journal.record(entry.with("kind", device.kind.as_str()));
                Some(issued.answer(broker, &rights))
            }
            _ => None,
        };
        let opened = Opened {
            user: &user,
            device: Some(&device),
            session: &self.session,
            expires_at_s: renewal.session_expires_at_s,
            refresh: Some((&self.successor, renewal.refresh_expires_at_s)),
        };
        opened.answer(app, facts, login).await
    }
}
