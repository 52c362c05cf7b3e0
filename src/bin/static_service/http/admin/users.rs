//! Users: their roles, channels and partners.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::super::App;
use super::super::body::{JsonBody, NoBody};
use super::super::problem::Problem;
use super::super::profile::{self, AnyProfile};
use super::administrator::{Administrator, checked};
use super::answer::{Asked, page, put, removed};
use crate::listing::UserProfile;
use crate::storage::Grant;

/// `?relation=upstream`: what the partner is to the user.
#[derive(Debug, Deserialize)]
pub(crate) struct Link {
    relation: Option<String>,
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    admin: Administrator,
    Asked(asked): Asked,
) -> Result<Json<Value>, Problem> {
    let entries = app.storage.list_users(&admin.eid, &asked).await?;
    Ok(page("users", &asked, entries, |entry| &entry.uid))
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    admin: Administrator,
) -> Result<Json<UserProfile>, Problem> {
    Ok(Json(app.storage.user_profile(&admin.user()?).await?))
}

pub(super) async fn set_profile(
    State(app): State<Arc<App>>,
    admin: Administrator,
    JsonBody(profile): JsonBody<AnyProfile>,
) -> Result<StatusCode, Problem> {
    profile::set_any(&app, &admin.user()?, profile).await
}

pub(super) async fn give_role(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let (user, role) = (admin.user()?, Grant::Role(admin.role()?));
    put(app.storage.grant(&user, &role).await)
}

pub(super) async fn take_role(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let (user, role) = (admin.user()?, Grant::Role(admin.role()?));
    removed(app.storage.withdraw(&user, &role).await)
}

pub(super) async fn give_channel(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let (user, channel) = (admin.user()?, Grant::Channel(admin.channel()?));
    put(app.storage.grant(&user, &channel).await)
}

pub(super) async fn take_channel(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let (user, channel) = (admin.user()?, Grant::Channel(admin.channel()?));
    removed(app.storage.withdraw(&user, &channel).await)
}

/// A link opens the wall between two enterprises, so an administrator of one alone may not make it.
pub(super) async fn link(
    State(app): State<Arc<App>>,
    admin: Administrator,
    link: Result<Query<Link>, QueryRejection>,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    admin.require_operator()?;
    let (user, partner) = (admin.user()?, admin.partner()?);
    let Query(link) = link.map_err(|_| Problem::bad_request("relation: want it once"))?;
    let relation = link.relation.map(|word| checked("relation", Some(&word)));
    let relation = relation.transpose()?;
    put(app.storage.link_partners(&user, &partner, relation).await)
}

/// Either side may close the wall again.
pub(super) async fn unlink(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let (user, partner) = (admin.user()?, admin.partner()?);
    removed(app.storage.unlink_partners(&user, &partner).await)
}
