//! Users: their roles, channels and partners.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::App;
use super::super::body::{JsonBody, NoBody};
use super::super::problem::Problem;
use super::super::profile::{self, AnyProfile};
use super::administrator::{Administrator, checked};
use super::answer::{Asked, next, put, removed};
use crate::listing::{UserEntry, UserProfile};
use crate::storage::Grant;

/// `?relation=upstream`: what the partner is to the user.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Link {
    /// What the partner is to the user.
    #[param(pattern = "^(upstream|downstream|partner)$")]
    relation: Option<String>,
}

/// Some of an enterprise's users.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserPage {
    users: Vec<UserEntry>,
    /// What to ask after; null at the end.
    next: Option<String>,
}

/// The users of an enterprise.
#[utoipa::path(
    get, path = "/users", security(("session" = [])), params(super::answer::PageQuery),
    responses((status = 200, body = UserPage), (status = 404, description = "there is no such enterprise"))
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    admin: Administrator,
    Asked(asked): Asked,
) -> Result<Json<UserPage>, Problem> {
    let users = app.storage.list_users(&admin.eid, &asked).await?;
    let next = next(&asked, &users, |entry| &entry.uid);
    Ok(Json(UserPage { users, next }))
}

/// A user and all that the user may do.
#[utoipa::path(
    get, path = "/users/{uid}", security(("session" = [])),
    responses((status = 200, body = UserProfile), (status = 404, description = "there is no such user"))
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    admin: Administrator,
) -> Result<Json<UserProfile>, Problem> {
    Ok(Json(app.storage.user_profile(&admin.user()?).await?))
}

/// Changes what a user is shown with; what is left out stays.
#[utoipa::path(
    put, path = "/users/{uid}/profile", security(("session" = [])), request_body = AnyProfile,
    responses((status = 204, description = "it is so now"), (status = 404, description = "there is no such user"))
)]
pub(super) async fn set_profile(
    State(app): State<Arc<App>>,
    admin: Administrator,
    JsonBody(profile): JsonBody<AnyProfile>,
) -> Result<StatusCode, Problem> {
    profile::set_any(&app, &admin.user()?, profile).await
}

/// Gives a user a role.
#[utoipa::path(
    put, path = "/users/{uid}/roles/{role}", security(("session" = [])),
    responses((status = 204, description = "it is so now"), (status = 404, description = "there is no such user"))
)]
pub(super) async fn give_role(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let (user, role) = (admin.user()?, Grant::Role(admin.role()?));
    put(app.storage.grant(&user, &role).await)
}

/// Takes a role from a user.
#[utoipa::path(
    delete, path = "/users/{uid}/roles/{role}", security(("session" = [])),
    responses((status = 204, description = "it is so now"), (status = 404, description = "there is no such user or role"))
)]
pub(super) async fn take_role(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let (user, role) = (admin.user()?, Grant::Role(admin.role()?));
    removed(app.storage.withdraw(&user, &role).await)
}

/// Lets a user publish to a notice channel.
#[utoipa::path(
    put, path = "/users/{uid}/channels/{channel}", security(("session" = [])),
    responses((status = 204, description = "it is so now"), (status = 404, description = "there is no such user"))
)]
pub(super) async fn give_channel(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let (user, channel) = (admin.user()?, Grant::Channel(admin.channel()?));
    put(app.storage.grant(&user, &channel).await)
}

/// Takes a notice channel from a user.
#[utoipa::path(
    delete, path = "/users/{uid}/channels/{channel}", security(("session" = [])),
    responses((status = 204, description = "it is so now"), (status = 404, description = "there is no such user or channel"))
)]
pub(super) async fn take_channel(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let (user, channel) = (admin.user()?, Grant::Channel(admin.channel()?));
    removed(app.storage.withdraw(&user, &channel).await)
}

/// A link opens the wall between two enterprises, so an administrator of one alone may not make it.
#[utoipa::path(
    put, path = "/users/{uid}/partners/{partner}", security(("session" = [])), params(Link),
    responses((status = 204, description = "it is so now"), (status = 404, description = "there is no such user"))
)]
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
#[utoipa::path(
    delete, path = "/users/{uid}/partners/{partner}", security(("session" = [])),
    responses((status = 204, description = "it is so now"), (status = 404, description = "there is no such user or link"))
)]
pub(super) async fn unlink(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let (user, partner) = (admin.user()?, admin.partner()?);
    removed(app.storage.unlink_partners(&user, &partner).await)
}
