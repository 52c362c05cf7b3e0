//! Address books: what each user sees, in versions, so that a copy is brought up to date by changes alone.
//!
//! - **One clock** for the whole database ([`versions::tick`]): each change takes the next version. Writers come
//!   one at a time, so versions are in commit order.
//! - **Rows carry the version** of their last change: users (with department and avatar), departments,
//!   groups (with members), links, and enterprises as partners see them. A change writes as many rows as it
//!   changes entries, never one for each reader.
//! - **An enterprise carries the newest version** that concerns any of its users. A reader who has that one
//!   has everything, which costs one row to find out.
//! - **What is gone** leaves a tombstone, for everybody of an enterprise or for one reader. What comes back
//!   takes it away. Tombstones are kept for a while; an enterprise's floor says since which version
//!   changes can still be told.
//! - **Reading goes by (version, key)**, and only ever forward: what changes during a load moves ahead and is
//!   met again, or has a version above the one that the load began with, and is found by the next.

pub(super) mod changes;
mod contact;
mod page;
mod profile;
mod sections;
mod standing;
mod tombstones;
mod versions;

#[cfg(test)]
mod tests;

use sqlx::Row as _;

use super::{Result, Storage, StorageError};
pub(super) use contact::contact;
pub(crate) use page::{BookAsked, BookCursor};
pub(crate) use sections::{Place, Section};

/// What loads ask, and with how many parameters.
#[cfg(test)]
pub(super) const STATEMENTS: [(&str, usize); 6] = [
    (standing::STANDING, 3),
    (sections::TOMBSTONES, 5),
    (sections::DEPARTMENTS, 4),
    (sections::USERS, 4),
    (sections::PARTNERS, 5),
    (sections::GROUPS, 5),
];

/// A place in the order of changes.
pub(crate) type BookVersion = i64;

impl Storage {
    /// The newest change that concerns anybody of an enterprise.
    pub(crate) async fn address_book_version(&self, eid: &str) -> Result<BookVersion> {
        let row = sqlx::query("SELECT book_version FROM enterprise WHERE eid = $1")
            .bind(eid)
            .fetch_optional(&self.read)
            .await?;
        let row = row.ok_or_else(|| StorageError::Missing(format!("enterprise {eid}")))?;
        Ok(row.try_get(0)?)
    }
}
