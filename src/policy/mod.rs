//! Room 4, policy: topic filters, the directory of users, the default table and the policy file.
//!
//! Pure: no I/O, no clock, no threads, no logger; it takes names, topics and rights and answers
//! [`Decision`]s. Imports `protocol` only.

pub mod containment;
pub mod decide;
pub mod decision;
pub mod directory;
pub mod explain;
pub mod filter;
pub mod payload;
pub mod rights;
pub mod rules;
mod rules_wire;
pub mod template;
#[cfg(test)]
mod tests;

pub use decide::{Policy, Subject};
pub use decision::{Decision, Reason, RuleId};
pub use directory::{Directory, Gone, Hearing, MemberChange, Membership, Person, Standing, UserId};
pub use explain::Explanation;
pub use filter::{Filter, FilterError};
pub use payload::{PayloadError, check_payload, has_rules, is_to_somebody_else, payload_wanted};
pub use rights::{Account, Kind, Kinds, Rights};
pub use rules::{Action, PolicyError, Rules};
