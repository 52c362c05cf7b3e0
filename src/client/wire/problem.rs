//! RFC 9457 problem documents.

use serde::Deserialize;

/// What went wrong, for people.
#[derive(Deserialize, Default)]
pub(crate) struct Problem {
    #[serde(default)]
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) detail: String,
}
