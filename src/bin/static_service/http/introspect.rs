//! `POST /oauth2/introspect` (RFC 7662): a broker asks whether a login token is good.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::authenticate::Broker;
use super::body::{FormBody, Shape};
use super::problem::Problem;
use crate::clock::now_s;
use crate::feed::event::Rights;
use crate::secret::Secret;
use crate::storage::LiveToken;

/// What a broker sends. `token_type_hint`, `peer` and `node` are not needed here.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Question {
    #[schema(value_type = String)]
    token: Secret,
    username: Option<String>,
    client_id: Option<String>,
}

impl Shape for Question {
    const SHAPE: &'static str =
        "token=...&token_type_hint=login_token[&username=...][&client_id=...]";
}

/// What it gets.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Verdict {
    /// No more is said: RFC 7662 section 2.2.
    Inactive {
        /// Always false.
        active: bool,
    },
    /// The token is good.
    Active(Box<Active>),
}

/// What a good token says.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Active {
    active: bool,
    eid: String,
    uid: String,
    device: String,
    kind: String,
    exp: i64,
    #[serde(flatten)]
    rights: Rights,
}

/// Answers a broker.
#[utoipa::path(
    post, path = "/oauth2/introspect", security(("broker" = [])),
    request_body(content = Question, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Verdict))
)]
pub(crate) async fn introspect(
    State(app): State<Arc<App>>,
    _broker: Broker,
    FormBody(question): FormBody<Question>,
) -> Result<Json<Verdict>, Problem> {
    let token = app
        .storage
        .live_token(&question.token.digest(), now_s())
        .await?;
    let token = token.filter(|token| is_presented_by_its_own(&question, token));
    app.metrics.introspected(token.is_some());
    Ok(Json(
        token.map_or(Verdict::Inactive { active: false }, active),
    ))
}

/// Whether the names that came along, if any, are the token's own.
fn is_presented_by_its_own(question: &Question, token: &LiveToken) -> bool {
    let username = format!("{}@{}", token.uid, token.eid);
    let client_id = format!("{username}:{}", token.device);
    let is = |given: &Option<String>, own: String| given.as_ref().is_none_or(|given| *given == own);
    is(&question.username, username) && is(&question.client_id, client_id)
}

fn active(token: LiveToken) -> Verdict {
    Verdict::Active(Box::new(Active {
        active: true,
        eid: token.eid,
        uid: token.uid,
        device: token.device,
        kind: token.kind,
        exp: token.expires_at_s,
        rights: token.rights,
    }))
}
