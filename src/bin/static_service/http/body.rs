//! Bodies: JSON, form and no-body extractors whose refusals are problem documents that do not echo the body
//! (the ready-made ones quote the offending value, which may be a password).

use std::fmt;
use std::marker::PhantomData;

use axum::body::Bytes;
use axum::extract::rejection::{FormRejection, JsonRejection};
use axum::extract::{Form, FromRequest, Request};
use axum::http::StatusCode;
use axum::{Json, response::IntoResponse as _};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};

use super::problem::Problem;

/// A body of a known shape.
pub(crate) trait Shape: DeserializeOwned {
    /// The shape, in words for the problem document.
    const SHAPE: &'static str;
}

/// A JSON body.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<S: Send + Sync, T: Shape> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::<ObjectOnly<T>>::from_request(request, state).await {
            Ok(Json(ObjectOnly(body))) => Ok(JsonBody(body)),
            Err(rejection) => Err(refuse_json(rejection, T::SHAPE)),
        }
    }
}

/// A struct read from a JSON object, never from an array (which serde would take as well).
pub(crate) struct ObjectOnly<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ObjectOnly<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = ObjectOnly<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(ObjectOnly)
    }
}

/// A form-encoded body.
pub(crate) struct FormBody<T>(pub(crate) T);

impl<S: Send + Sync, T: Shape> FromRequest<S> for FormBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Form::<T>::from_request(request, state).await {
            Ok(Form(body)) => Ok(FormBody(body)),
            Err(rejection) => Err(refuse_form(rejection, T::SHAPE)),
        }
    }
}

/// No body. A request that brings one means something else than we do.
pub(crate) struct NoBody;

impl<S: Send + Sync> FromRequest<S> for NoBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let body = Bytes::from_request(request, state).await;
        let body = body.map_err(|rejection| unreadable(rejection.status()))?;
        if !body.is_empty() {
            return Err(Problem::bad_request("want no body"));
        }
        Ok(NoBody)
    }
}

fn refuse_json(rejection: JsonRejection, shape: &str) -> Problem {
    let detail = match &rejection {
        JsonRejection::MissingJsonContentType(_) => "want content type application/json".into(),
        JsonRejection::JsonSyntaxError(_) => format!("body is not JSON: want {shape}"),
        JsonRejection::JsonDataError(_) => format!("want {shape}"),
        _ => return unreadable(rejection.into_response().status()),
    };
    Problem::new(refused_status(rejection.status()), detail)
}

fn refuse_form(rejection: FormRejection, shape: &str) -> Problem {
    let detail = match &rejection {
        FormRejection::InvalidFormContentType(_) => {
            "want content type application/x-www-form-urlencoded".into()
        }
        FormRejection::FailedToDeserializeForm(_)
        | FormRejection::FailedToDeserializeFormBody(_) => format!("want the form {shape}"),
        _ => return unreadable(rejection.into_response().status()),
    };
    Problem::new(refused_status(rejection.status()), detail)
}

/// All malformed bodies are 400 here; only the content type has a status of its own.
fn refused_status(status: StatusCode) -> StatusCode {
    if status == StatusCode::UNPROCESSABLE_ENTITY {
        return StatusCode::BAD_REQUEST;
    }
    status
}

/// A body that could not even be read.
pub(crate) fn unreadable(status: StatusCode) -> Problem {
    let detail = match status {
        StatusCode::PAYLOAD_TOO_LARGE => "body is too large",
        _ => "body could not be read",
    };
    Problem::new(status, detail)
}
