//! Requests to and answers of the static service's client API. Unknown members are ignored.

use serde::{Deserialize, Serialize};

/// Body of `POST /api/v1/login`.
#[derive(Serialize)]
pub(crate) struct LoginRequest<'a> {
    pub(crate) username: &'a str,
    pub(crate) password: &'a str,
}

/// Answer to a login; of `user` and `expires_at` we make no use.
#[derive(Deserialize)]
pub(crate) struct LoginAnswer {
    pub(crate) session_token: String,
}

/// Body of `POST /api/v1/token`.
#[derive(Serialize)]
pub(crate) struct TokenRequest<'a> {
    pub(crate) device: &'a str,
    pub(crate) kind: &'a str,
}

/// Answer to a token request.
#[derive(Deserialize)]
pub(crate) struct TokenAnswer {
    pub(crate) token: String,
    #[serde(default)]
    pub(crate) exp: u64,
    pub(crate) broker: String,
    pub(crate) username: String,
    pub(crate) client_id: String,
    #[serde(default)]
    pub(crate) topics: TopicsAnswer,
}

/// The topics of a token; those of one user follow from the names and are not read.
#[derive(Deserialize, Default)]
pub(crate) struct TopicsAnswer {
    #[serde(default)]
    pub(crate) groups: Vec<String>,
    #[serde(default)]
    pub(crate) presence_of: Vec<String>,
    #[serde(default)]
    pub(crate) signature_of: Vec<String>,
    #[serde(default)]
    pub(crate) notices: Vec<String>,
    #[serde(default)]
    pub(crate) system: Vec<String>,
}

/// RFC 9457 problem document.
#[derive(Deserialize, Default)]
pub(crate) struct Problem {
    #[serde(default)]
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) detail: String,
}
