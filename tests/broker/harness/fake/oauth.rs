//! The fake service as an OAuth server that knows nothing of us: introspection where Keycloak has it, and as strict.

use std::collections::HashMap;

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::Shared;

/// Where it is asked about tokens.
pub(crate) const REALM_PATH: &str = "/realms/acme/protocol/openid-connect/token/introspect";

/// As Keycloak: `client_id` is the asking client's, whatever stands in the header, and an unknown hint an error.
pub(super) async fn introspect(
    inner: State<Shared>,
    headers: HeaderMap,
    Form(question): Form<HashMap<String, String>>,
) -> Response {
    if question.contains_key("client_id") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let hint = question.get("token_type_hint").map(String::as_str);
    if !matches!(hint, None | Some("access_token" | "refresh_token")) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    super::introspect(inner, headers, Form(question)).await
}
