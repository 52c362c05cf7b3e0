//! Tombstones: what is gone from whose address book.

use std::fmt;

use super::super::outbox::WriteTx;
use super::super::{DbRow, Result, Storage};
use super::BookVersion;
use crate::address_book::Entry;
use crate::clock::now_ms;
use crate::identity::UserId;
use sqlx::Row as _;

/// The reader who stands for everybody of the enterprise. No uid is empty.
pub(super) const EVERYBODY: &str = "";

/// For how long a copy may go without asking for changes.
const RETAINED_MS: i64 = 30 * 24 * 3600 * 1000;
/// Rows deleted in one transaction, so that pruning never holds the write lock for long.
const PRUNE_ROWS: i64 = 5_000;

/// Statements that write a tombstone for each row of a `SELECT` of eid, reader, entry; `$1` to `$3` are the
/// version, the time and the enterprise at hand.
macro_rules! bury_each {
    ($select:literal) => {
        concat!(
            "INSERT INTO book_tombstone (eid, reader, entry, version, deleted_at) ",
            "SELECT gone.eid, gone.reader, gone.entry, CAST($1 AS BIGINT), CAST($2 AS BIGINT) FROM (",
            $select,
            ") gone WHERE 0 = 0 ON CONFLICT (eid, reader, entry) DO UPDATE \
             SET version = excluded.version, deleted_at = excluded.deleted_at"
        )
    };
}

/// The department `$4` of the enterprise `$3` and all below it.
const DEPARTMENTS: &str = bury_each!(
    "WITH RECURSIVE below (did) AS (SELECT did FROM department WHERE eid = $3 AND did = $4 \
     UNION SELECT d.did FROM department d JOIN below b ON d.parent_did = b.did WHERE d.eid = $3) \
     SELECT CAST($3 AS TEXT) AS eid, '' AS reader, 'department:' || did AS entry FROM below"
);

/// The group `$4` for each of its members.
const GROUP: &str = bury_each!(
    "SELECT eid, uid AS reader, 'group:' || gid AS entry FROM group_member WHERE eid = $3 AND gid = $4"
);

/// Each link of the user `$4`, for the other end.
const LINKS: &str = bury_each!(
    "SELECT b_eid AS eid, b_uid AS reader, 'partner:' || a_uid || '@' || a_eid AS entry \
     FROM partner WHERE a_eid = $3 AND a_uid = $4 \
     UNION ALL SELECT a_eid, a_uid, 'partner:' || b_uid || '@' || b_eid \
     FROM partner WHERE b_eid = $3 AND b_uid = $4"
);

/// What can be gone.
#[derive(Debug, Clone, Copy)]
pub(super) enum Gone<'a> {
    User(&'a str),
    Department(&'a str),
    Group(&'a str),
    Partner(&'a UserId),
}

impl fmt::Display for Gone<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Gone::User(uid) => write!(f, "user:{uid}"),
            Gone::Department(did) => write!(f, "department:{did}"),
            Gone::Group(gid) => write!(f, "group:{gid}"),
            Gone::Partner(user) => write!(f, "partner:{user}"),
        }
    }
}

/// Many of one kind at once.
#[derive(Debug, Clone, Copy)]
pub(super) enum AllGone {
    /// A department and those below it.
    Departments,
    /// A group, for each member.
    Group,
    /// A user's links, for the other ends.
    Links,
}

/// It is gone from the reader's address book.
pub(super) async fn bury(
    tx: &mut WriteTx<'_>,
    (eid, reader): (&str, &str),
    gone: Gone<'_>,
    version: BookVersion,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO book_tombstone (eid, reader, entry, version, deleted_at) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (eid, reader, entry) DO UPDATE \
         SET version = excluded.version, deleted_at = excluded.deleted_at",
    )
    .bind(eid)
    .bind(reader)
    .bind(gone.to_string())
    .bind(version)
    .bind(now_ms())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// They are all gone; to be called while they are still there.
pub(super) async fn bury_all(
    tx: &mut WriteTx<'_>,
    gone: AllGone,
    (eid, name): (&str, &str),
    version: BookVersion,
) -> Result<()> {
    let sql = match gone {
        AllGone::Departments => DEPARTMENTS,
        AllGone::Group => GROUP,
        AllGone::Links => LINKS,
    };
    sqlx::query(sql)
        .bind(version)
        .bind(now_ms())
        .bind(eid)
        .bind(name)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// It is back.
pub(super) async fn dig_up(
    tx: &mut WriteTx<'_>,
    (eid, reader): (&str, &str),
    gone: Gone<'_>,
) -> Result<()> {
    sqlx::query("DELETE FROM book_tombstone WHERE eid = $1 AND reader = $2 AND entry = $3")
        .bind(eid)
        .bind(reader)
        .bind(gone.to_string())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Whoever has that uid next begins anew.
pub(super) async fn forget_reader(tx: &mut WriteTx<'_>, (eid, reader): (&str, &str)) -> Result<()> {
    sqlx::query("DELETE FROM book_tombstone WHERE eid = $1 AND reader = $2")
        .bind(eid)
        .bind(reader)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Reads `entry`, at that place of the row.
pub(super) fn deleted(row: &DbRow, at: usize) -> Result<Entry> {
    let entry: String = row.try_get(at)?;
    let (of, id) = entry.split_once(':').unwrap_or_default();
    let (of, id) = (of.to_owned(), id.to_owned());
    Ok(Entry::Deleted { of, id })
}

impl Storage {
    /// Deletes tombstones that are too old. An enterprise's floor rises first, and only the next call deletes
    /// what is below: whoever found a floor low enough has the time to read.
    pub(crate) async fn prune_address_books(&self, now_ms: i64) -> Result<u64> {
        let before = now_ms - RETAINED_MS;
        let below_floors = "DELETE FROM book_tombstone WHERE (eid, reader, entry) IN (\
             SELECT t.eid, t.reader, t.entry FROM book_tombstone t JOIN enterprise e ON e.eid = t.eid \
             WHERE t.deleted_at < $1 AND t.version <= e.book_floor LIMIT $2)";
        let gone = self
            .delete_in_slices(below_floors, &[before, PRUNE_ROWS])
            .await?;
        self.raise_floors(before).await?;
        Ok(gone)
    }

    async fn raise_floors(&self, before: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE enterprise SET book_floor = (SELECT MAX(t.version) FROM book_tombstone t \
             WHERE t.eid = enterprise.eid AND t.deleted_at < $1 AND t.version > enterprise.book_floor) \
             WHERE eid IN (SELECT t.eid FROM book_tombstone t JOIN enterprise e ON e.eid = t.eid \
             WHERE t.deleted_at < $1 AND t.version > e.book_floor)",
        )
        .bind(before)
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(())
    }
}
