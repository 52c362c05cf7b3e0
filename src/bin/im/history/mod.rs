//! Messages kept locally, sealed: what arrived and what was sent.
//!
//! Files that are only appended to, below `history/` in the profile's folder; the oldest go when there is more
//! than was allowed. The format is the library's (`client::sealed`), a record's JSON that of [`crate::wire::history`].

mod files;
mod read;
mod record;

pub(crate) use files::{Files, HistoryError};
pub(crate) use read::{Found, Wanted, read};
pub(crate) use record::{Body, Record, conversation};
