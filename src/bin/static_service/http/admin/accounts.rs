//! Accounts: users come and go, get passwords, are locked, and lose devices.
//!
//! Who holds the role `operator` may do anything everywhere, so the account of such a user is for operators
//! alone: an administrator of the enterprise could else set the password and be the operator.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::App;
use super::super::body::{JsonBody, NoBody, Shape};
use super::super::openapi::names::{ChannelName, LineOfText, Name};
use super::super::problem::Problem;
use super::administrator::{Administrator, checked};
use super::answer::{Asked, created, next, put, removed};
use crate::identity::{Channel, OPERATOR, Role, UserId};
use crate::listing::{DeviceEntry, UserEntry};
use crate::password::check_new;
use crate::secret::Secret;
use crate::storage::NewUser;

/// A user to be created.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccount {
    #[schema(value_type = Name)]
    uid: String,
    #[schema(value_type = Option<LineOfText>)]
    name: Option<String>,
    #[schema(value_type = Option<String>, max_length = 1024)]
    password: Option<Secret>,
    #[serde(default)]
    #[schema(value_type = Vec<Name>)]
    roles: Vec<String>,
    #[serde(default)]
    #[schema(value_type = Vec<ChannelName>)]
    channels: Vec<String>,
}

impl Shape for NewAccount {
    const SHAPE: &'static str = r#"{"uid": name, "name"?: string, "password"?: string, "roles"?: [name], "channels"?: [string]}"#;
}

/// A new password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    #[schema(value_type = String, max_length = 1024)]
    password: Secret,
}

impl Shape for NewPassword {
    const SHAPE: &'static str = r#"{"password": string}"#;
}

/// Creates a user.
#[utoipa::path(
    post, path = "/users", security(("session" = [])), request_body = NewAccount,
    responses(
        (status = 201, body = UserEntry, headers(("Location" = String))),
        (status = 404, description = "there is no such enterprise"), (status = 409, description = "it exists already"),
    )
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    admin: Administrator,
    JsonBody(new): JsonBody<NewAccount>,
) -> Result<Response, Problem> {
    let id = UserId::within(&admin.eid, &new.uid);
    let id = id.map_err(|error| Problem::bad_request(error.to_string()))?;
    let name = checked("name", Some(new.name.as_ref().unwrap_or(&new.uid)))?;
    let (roles, channels) = (roles(&admin, &new.roles)?, channels(&new.channels)?);
    let password_hash = match new.password {
        Some(password) => Some(hash(&app, &id, password).await?),
        None => None,
    };
    let user = NewUser {
        id,
        name,
        password_hash,
        roles,
        channels,
    };
    app.storage.add_user(&user).await?;
    let entry = UserEntry {
        uid: new.uid,
        name: user.name.as_str().to_owned(),
        department: None,
    };
    Ok(created(&admin, "users", user.id.uid(), entry))
}

fn roles(admin: &Administrator, names: &[String]) -> Result<Vec<Role>, Problem> {
    let role = |name| {
        let role: Role = checked("role", Some(name))?;
        if role.as_str() == OPERATOR {
            admin.require_operator()?;
        }
        Ok(role)
    };
    names.iter().map(role).collect()
}

fn channels(names: &[String]) -> Result<Vec<Channel>, Problem> {
    names
        .iter()
        .map(|name| checked("channel", Some(name)))
        .collect()
}

async fn hash(app: &App, user: &UserId, password: Secret) -> Result<String, Problem> {
    check_new(&password, user).map_err(|error| Problem::bad_request(error.to_string()))?;
    Ok(app.passwords.hash(password).await?)
}

/// The user of the path, whose account this administrator may touch.
async fn touchable(app: &App, admin: &Administrator) -> Result<UserId, Problem> {
    let user = admin.user()?;
    let roles = app.storage.roles(&user).await?;
    if roles.iter().any(|role| role == OPERATOR) {
        admin.require_operator()?;
    }
    Ok(user)
}

/// Removes a user.
#[utoipa::path(
    delete, path = "/users/{uid}", security(("session" = [])),
    responses((status = 204, description = "it is so now"), (status = 404, description = "there is no such user"))
)]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let user = touchable(&app, &admin).await?;
    removed(app.storage.remove_user(&user).await)
}

/// Sets a user's password; all sessions end.
#[utoipa::path(
    put, path = "/users/{uid}/password", security(("session" = [])), request_body = NewPassword,
    responses((status = 204, description = "it is so now"), (status = 404, description = "there is no such user"))
)]
pub(super) async fn set_password(
    State(app): State<Arc<App>>,
    admin: Administrator,
    JsonBody(new): JsonBody<NewPassword>,
) -> Result<StatusCode, Problem> {
    let user = touchable(&app, &admin).await?;
    let hash = hash(&app, &user, new.password).await?;
    app.storage.set_password(&user, &hash).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Locks a user out.
#[utoipa::path(
    put, path = "/users/{uid}/lock", security(("session" = [])),
    responses((status = 204, description = "it is so now"), (status = 404, description = "there is no such user"))
)]
pub(super) async fn lock(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let user = touchable(&app, &admin).await?;
    put(app.storage.lock_user(&user).await)
}

/// Lets a user in again.
#[utoipa::path(
    delete, path = "/users/{uid}/lock", security(("session" = [])),
    responses((status = 204, description = "it is so now"), (status = 404, description = "there is no such user, or it is not locked"))
)]
pub(super) async fn unlock(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let user = touchable(&app, &admin).await?;
    removed(app.storage.unlock_user(&user).await)
}

/// Some of a user's devices.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DevicePage {
    devices: Vec<DeviceEntry>,
    /// What to ask after; null at the end.
    next: Option<String>,
}

/// The devices of a user.
#[utoipa::path(
    get, path = "/users/{uid}/devices", security(("session" = [])), params(super::answer::PageQuery),
    responses((status = 200, body = DevicePage), (status = 404, description = "there is no such user"))
)]
pub(super) async fn devices(
    State(app): State<Arc<App>>,
    admin: Administrator,
    Asked(asked): Asked,
) -> Result<Json<DevicePage>, Problem> {
    let devices = app.storage.list_devices(&admin.user()?, &asked).await?;
    let next = next(&asked, &devices, |entry| &entry.device);
    Ok(Json(DevicePage { devices, next }))
}

/// Removes a device of a user.
#[utoipa::path(
    delete, path = "/users/{uid}/devices/{device}", security(("session" = [])),
    responses((status = 204, description = "it is so now"), (status = 404, description = "there is no such user or device"))
)]
pub(super) async fn remove_device(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let device = admin.device()?;
    let user = touchable(&app, &admin).await?;
    removed(app.storage.remove_device(&user, &device).await)
}
