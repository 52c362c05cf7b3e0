//! Requests to and answers of the static service's file API, and the file in which `im` remembers its
//! uploads. Unknown members are ignored.

use serde::{Deserialize, Serialize};

/// Body of `POST /api/v1/files`.
#[derive(Serialize)]
pub(crate) struct CreateRequest<'a> {
    pub(crate) name: &'a str,
    pub(crate) size: u64,
    pub(crate) content_type: &'a str,
}

/// Answer to it.
#[derive(Deserialize)]
pub(crate) struct CreateAnswer {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) offset: u64,
    #[serde(default)]
    pub(crate) chunk_bytes: Option<u64>,
    #[serde(default)]
    pub(crate) expires_at: Option<i64>,
}

/// Answer to `GET /api/v1/files/{id}/info`.
#[derive(Deserialize)]
pub(crate) struct InfoAnswer {
    #[serde(default)]
    pub(crate) sha256: Option<String>,
    #[serde(default)]
    pub(crate) complete: bool,
    #[serde(default)]
    pub(crate) expires_at: Option<i64>,
}

/// Body of `POST /api/v1/files/{id}/links`.
#[derive(Serialize)]
pub(crate) struct LinkRequest<'a> {
    pub(crate) to: &'a str,
}

/// Answer to it.
#[derive(Deserialize)]
pub(crate) struct LinkAnswer {
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) expires_at: Option<i64>,
}

/// `uploads.json`, version 1: what has been uploaded from here, wholly or in part.
#[derive(Serialize, Deserialize)]
pub(crate) struct UploadsFile {
    pub(crate) version: u32,
    pub(crate) uploads: Vec<UploadRow>,
}

/// One upload.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) struct UploadRow {
    /// Base URL of the static service.
    pub(crate) service: String,
    pub(crate) size: u64,
    /// Nanoseconds since 1970.
    pub(crate) modified_ns: i128,
    /// Lower-case hex.
    pub(crate) sha256: String,
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) chunk_bytes: Option<u64>,
    /// Unix seconds.
    pub(crate) expires_at: Option<i64>,
}
