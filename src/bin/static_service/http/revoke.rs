//! `POST /oauth2/revoke` (RFC 7009). A broker may revoke any login token; a client its own ones, and
//! its own session, and the session that a refresh token of its own is of.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::App;
use super::authenticate::Caller;
use super::body::{FormBody, Shape};
use super::problem::Problem;
use crate::refresh_token::RefreshToken;
use crate::secret::Secret;
use crate::storage::Owner;

/// What is sent. `token_type_hint` is not needed here.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Revocation {
    #[schema(value_type = String)]
    token: Secret,
}

impl Shape for Revocation {
    const SHAPE: &'static str = "token=...";
}

/// Revokes. 200 whether or not there was such a token (RFC 7009 section 2.2).
#[utoipa::path(
    post, path = "/oauth2/revoke", security(("broker" = []), ("session" = [])),
    request_body(content = Revocation, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "there is no such token now"))
)]
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    caller: Caller,
    FormBody(revocation): FormBody<Revocation>,
) -> Result<StatusCode, Problem> {
    let digest = revocation.token.digest();
    match caller {
        Caller::Broker => app.storage.revoke_token(&digest, Owner::Anybody).await?,
        Caller::Client(user) if user.session == digest => app.storage.close_session(&user).await?,
        Caller::Client(user) => match RefreshToken::parse(&revocation.token) {
            Some(token) => {
                let family = token.family_digest();
                app.storage.end_family(&user.id, &family).await?
            }
            None => {
                let owner = Owner::User(&user.id);
                app.storage.revoke_token(&digest, owner).await?
            }
        },
    };
    Ok(StatusCode::OK)
}
