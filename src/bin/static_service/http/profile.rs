//! `/api/v1/profile`: how the own user is shown; and the same for administrators.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::App;
use super::authenticate::BEARER;
use super::body::{JsonBody, Shape};
use super::openapi::names::{Email, LineOfText, Phone};
use super::problem::Problem;
use crate::address_book::Contact;
use crate::identity::UserId;
use crate::profile::ProfileChange;
use crate::storage::{SessionUser, StorageError};

/// A member of a body: left out, null, or a text.
type Given = Option<Option<String>>;

/// What users change themselves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1)]
pub(super) struct OwnProfile {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<LineOfText>)]
    title: Given,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Phone>)]
    phone: Given,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Email>)]
    email: Given,
}

impl Shape for OwnProfile {
    const SHAPE: &'static str =
        r#"{"title"?: string | null, "phone"?: string | null, "email"?: string | null}"#;
}

/// What administrators change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1)]
pub(super) struct AnyProfile {
    #[schema(value_type = Option<LineOfText>)]
    name: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<LineOfText>)]
    title: Given,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Phone>)]
    phone: Given,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Email>)]
    email: Given,
}

impl Shape for AnyProfile {
    const SHAPE: &'static str = r#"{"name"?: string, "title"?: string | null, "phone"?: string | null, "email"?: string | null}"#;
}

/// Tells null from what is not there.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Given, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl OwnProfile {
    fn checked(self) -> Result<ProfileChange, Problem> {
        let (name, title, phone, email) = (None, self.title, self.phone, self.email);
        let any = AnyProfile {
            name,
            title,
            phone,
            email,
        };
        any.checked()
    }
}

impl AnyProfile {
    fn checked(self) -> Result<ProfileChange, Problem> {
        let change = ProfileChange {
            name: self.name.map(|name| text("name", name)).transpose()?,
            title: member("title", self.title)?,
            phone: member("phone", self.phone)?,
            email: member("email", self.email)?,
        };
        if change == ProfileChange::default() {
            return Err(Problem::bad_request("want something to change"));
        }
        Ok(change)
    }
}

fn member<T: FromStr<Err: Display>>(
    what: &str,
    given: Given,
) -> Result<Option<Option<T>>, Problem> {
    let checked = |inner: Option<String>| inner.map(|given| text(what, given)).transpose();
    given.map(checked).transpose()
}

fn text<T: FromStr<Err: Display>>(what: &str, given: String) -> Result<T, Problem> {
    given
        .parse()
        .map_err(|error| Problem::bad_request(format!("{what}: {error}")))
}

/// The own user, as colleagues see them.
#[utoipa::path(
    get, path = "/api/v1/profile", security(("session" = [])),
    responses((status = 200, body = Contact))
)]
pub(super) async fn own(
    State(app): State<Arc<App>>,
    user: SessionUser,
) -> Result<Json<Contact>, Problem> {
    let contact = app.storage.contact(&user.id).await?;
    let gone = || Problem::unauthorized(BEARER, "want the bearer token of a live session");
    contact.map(Json).ok_or_else(gone)
}

/// Changes the own profile.
#[utoipa::path(
    put, path = "/api/v1/profile", security(("session" = [])), request_body = OwnProfile,
    responses((status = 204, description = "it is so now"))
)]
pub(super) async fn set_own(
    State(app): State<Arc<App>>,
    user: SessionUser,
    JsonBody(profile): JsonBody<OwnProfile>,
) -> Result<StatusCode, Problem> {
    set(&app, &user.id, &profile.checked()?).await
}

/// Changes anybody's profile.
pub(super) async fn set_any(
    app: &App,
    user: &UserId,
    profile: AnyProfile,
) -> Result<StatusCode, Problem> {
    set(app, user, &profile.checked()?).await
}

/// What is so already is as good as done.
async fn set(app: &App, user: &UserId, change: &ProfileChange) -> Result<StatusCode, Problem> {
    match app.storage.set_profile(user, change).await {
        Ok(_) | Err(StorageError::Exists(_)) => Ok(StatusCode::NO_CONTENT),
        Err(error) => Err(error.into()),
    }
}
