//! What happened at a login, as a record: who, when, from where, how it was decided.

use std::fmt;

use super::{Origin, Refusal};

/// How a login ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Let in, by a token known in this way.
    Granted(Origin),
    /// Refused.
    Refused(Refusal),
}

/// One login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginRecord {
    /// Milliseconds since 1970 UTC, of the decision.
    pub unix_ms: u64,
    /// The client id as it came; escaped when printed.
    pub client_id: String,
    /// The peer's address; empty when unknown.
    pub peer: String,
    /// How it ended.
    pub outcome: Outcome,
}

impl fmt::Display for LoginRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let client_id = self.client_id.escape_debug();
        write!(f, "login client_id=\"{client_id}\" peer={} ", self.peer)?;
        match self.outcome {
            Outcome::Granted(Origin::Announced) => f.write_str("granted via=announcement"),
            Outcome::Granted(Origin::Introspected) => f.write_str("granted via=introspection"),
            Outcome::Refused(refusal) => write!(f, "refused: {refusal}"),
        }
    }
}
