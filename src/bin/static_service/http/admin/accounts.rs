//! Accounts: users come and go, get passwords, are locked, and lose devices.
//!
//! Who holds the role `operator` may do anything everywhere, so the account of such a user is for operators
//! alone: an administrator of the enterprise could else set the password and be the operator.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;

use super::super::App;
use super::super::body::{JsonBody, NoBody, Shape};
use super::super::problem::Problem;
use super::administrator::{Administrator, checked};
use super::answer::{Asked, created, page, put, removed};
use crate::identity::{Channel, OPERATOR, Role, UserId};
use crate::listing::UserEntry;
use crate::password::check_new;
use crate::secret::Secret;
use crate::storage::NewUser;

/// A user to be created.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccount {
    uid: String,
    name: Option<String>,
    password: Option<Secret>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    channels: Vec<String>,
}

impl Shape for NewAccount {
    const SHAPE: &'static str = r#"{"uid": name, "name"?: string, "password"?: string, "roles"?: [name], "channels"?: [string]}"#;
}

/// A new password.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    password: Secret,
}

impl Shape for NewPassword {
    const SHAPE: &'static str = r#"{"password": string}"#;
}

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

pub(super) async fn remove(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let user = touchable(&app, &admin).await?;
    removed(app.storage.remove_user(&user).await)
}

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

pub(super) async fn lock(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let user = touchable(&app, &admin).await?;
    put(app.storage.lock_user(&user).await)
}

pub(super) async fn unlock(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let user = touchable(&app, &admin).await?;
    removed(app.storage.unlock_user(&user).await)
}

pub(super) async fn devices(
    State(app): State<Arc<App>>,
    admin: Administrator,
    Asked(asked): Asked,
) -> Result<Json<Value>, Problem> {
    let devices = app.storage.list_devices(&admin.user()?, &asked).await?;
    Ok(page("devices", &asked, devices, |entry| &entry.device))
}

pub(super) async fn remove_device(
    State(app): State<Arc<App>>,
    admin: Administrator,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let device = admin.device()?;
    let user = touchable(&app, &admin).await?;
    removed(app.storage.remove_device(&user, &device).await)
}
