//! The JSON object in a hyperlink message that offers an uploaded file, on one line.

use serde::{Deserialize, Serialize};

/// Offers without a name, a hash or a size are readable too: other clients write them.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct OfferJson {
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) size: Option<u64>,
    #[serde(default)]
    pub(crate) content_type: String,
    #[serde(default)]
    pub(crate) sha256: Option<String>,
    /// Unix seconds.
    #[serde(default)]
    pub(crate) expires_at: Option<i64>,
    /// `image`, `audio`, `video` or `file`.
    #[serde(default, rename = "as")]
    pub(crate) shown_as: String,
}
