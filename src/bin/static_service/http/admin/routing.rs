//! Central routing: the broker of an enterprise. For operators alone: it is they who run the brokers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::App;
use super::super::body::{JsonBody, NoBody, Shape};
use super::super::problem::Problem;
use super::administrator::{Administrator, checked};
use super::answer::{put, removed};

/// Where an enterprise's clients log in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BrokerAddress, example = json!({"broker": "tcp://127.0.0.1:1883"}))]
pub(crate) struct Broker {
    broker: String,
}

impl Shape for Broker {
    const SHAPE: &'static str = r#"{"broker": "scheme://host:port"}"#;
}

/// The same, and whether somebody said so.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BrokerNow {
    broker: String,
    /// Whether it is the enterprise's own; otherwise the service's options say so.
    own: bool,
}

/// Where the clients of an enterprise log in.
#[utoipa::path(
    get, path = "/broker", security(("session" = [])),
    responses((status = 200, body = BrokerNow), (status = 404, description = "there is no such enterprise"))
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    admin: Administrator,
) -> Result<Json<BrokerNow>, Problem> {
    admin.require_operator()?;
    let own = app.storage.broker_of(admin.eid.as_str()).await?;
    let broker = app.settings.broker_of(admin.eid.as_str(), own.as_deref());
    let (broker, own) = (broker.to_owned(), own.is_some());
    Ok(Json(BrokerNow { broker, own }))
}

/// Says where the clients of an enterprise log in.
#[utoipa::path(
    put, path = "/broker", security(("session" = [])), request_body = Broker,
    responses((status = 204, description = "it is so now"), (status = 404, description = "there is no such enterprise"))
)]
pub(super) async fn set(
    State(app): State<Arc<App>>,
    admin: Administrator,
    JsonBody(new): JsonBody<Broker>,
) -> Result<StatusCode, Problem> {
    admin.require_operator()?;
    let broker = checked("broker", Some(&new.broker))?;
    put(app.storage.set_broker(&admin.eid, &broker).await)
}

/// Leaves it to the service's options where the clients of an enterprise log in.
#[utoipa::path(
    delete, path = "/broker", security(("session" = [])),
    responses((status = 204, description = "it is so now"), (status = 404, description = "there is no such enterprise, or it has no broker of its own"))
)]
pub(super) async fn unset(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    admin.require_operator()?;
    removed(app.storage.unset_broker(&admin.eid).await)
}
