//! Rows of files, and what they take of their enterprise's quota. The quota is taken and given back in the
//! transaction that writes or deletes the row, so that it can be neither exceeded nor lost.

use sqlx::Row as _;

use super::error::require_change;
use super::outbox::WriteTx;
use super::{DbRow, Result, Storage};
use crate::clock::now_ms;
use crate::files::FileId;
use crate::identity::UserId;

/// What even an empty file takes of the quota, and what all are rounded up to: a block of a disk. It keeps
/// the number of files within bounds too.
const BLOCK_BYTES: u64 = 4096;

/// A file to be uploaded.
#[derive(Debug)]
pub(crate) struct NewFile {
    /// Its id, which nothing else has.
    pub(crate) id: FileId,
    /// Who uploads it.
    pub(crate) owner: UserId,
    /// What people call it.
    pub(crate) name: String,
    /// The media type.
    pub(crate) content_type: String,
    /// All of it, in bytes.
    pub(crate) size: u64,
    /// In Unix seconds.
    pub(crate) expires_at_s: i64,
}

/// A file that is there, or on its way.
#[derive(Debug, Clone)]
pub(crate) struct StoredFile {
    /// Its id.
    pub(crate) id: FileId,
    /// Who uploaded it.
    pub(crate) owner: UserId,
    /// What people call it.
    pub(crate) name: String,
    /// The media type.
    pub(crate) content_type: String,
    /// All of it, in bytes.
    pub(crate) size: u64,
    /// The lower-case hex of the hash; none: not all of it is there.
    pub(crate) sha256: Option<String>,
    /// In Unix seconds.
    pub(crate) expires_at_s: i64,
}

impl Storage {
    /// Writes down a file to be uploaded. Answers whether its enterprise's quota has room for it.
    pub(crate) async fn add_file(&self, file: &NewFile, quota_bytes: u64) -> Result<bool> {
        let (eid, reserved) = (file.owner.eid(), reserved_bytes(file.size));
        let mut tx = self.begin().await?;
        if !reserve(&mut tx, eid, reserved, quota_bytes).await? {
            return Ok(false);
        }
        let done = sqlx::query(
            "INSERT INTO stored_file (id, eid, uid, owner_since, name, content_type, size, \
             reserved_bytes, created_at, expires_at_s) \
             SELECT CAST($1 AS TEXT), eid, uid, created_at, CAST($2 AS TEXT), CAST($3 AS TEXT), \
             CAST($4 AS BIGINT), CAST($5 AS BIGINT), CAST($6 AS BIGINT), CAST($7 AS BIGINT) \
             FROM app_user WHERE eid = $8 AND uid = $9",
        )
        .bind(file.id.as_str())
        .bind(file.name.as_str())
        .bind(file.content_type.as_str())
        .bind(signed(file.size))
        .bind(signed(reserved))
        .bind(now_ms())
        .bind(file.expires_at_s)
        .bind(eid)
        .bind(file.owner.uid())
        .execute(tx.conn())
        .await?;
        require_change(done.rows_affected(), || format!("user {}", file.owner))?;
        tx.commit().await?;
        Ok(true)
    }

    /// A file whose owner is still there and whose enterprise is not suspended.
    pub(crate) async fn file(&self, id: &FileId) -> Result<Option<StoredFile>> {
        let row = sqlx::query(
            "SELECT f.id, f.uid || '@' || f.eid, f.name, f.content_type, f.size, f.sha256, \
             f.expires_at_s FROM stored_file f \
             JOIN enterprise e ON e.eid = f.eid \
             JOIN app_user u ON u.eid = f.eid AND u.uid = f.uid AND u.created_at = f.owner_since \
             WHERE f.id = $1 AND e.suspended_at IS NULL",
        )
        .bind(id.as_str())
        .fetch_optional(&self.read)
        .await?;
        row.map_or(Ok(None), |row| stored_file(&row))
    }

    /// Writes down that all of a file is there. Answers whether the file still is.
    pub(crate) async fn complete_file(&self, id: &FileId, sha256: &str) -> Result<bool> {
        let mut tx = self.begin().await?;
        let done = sqlx::query("UPDATE stored_file SET sha256 = $1 WHERE id = $2")
            .bind(sha256)
            .bind(id.as_str())
            .execute(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    /// Forgets a file. Answers whether it was there.
    pub(crate) async fn remove_file(&self, id: &FileId) -> Result<bool> {
        let mut tx = self.begin().await?;
        let rows =
            sqlx::query("DELETE FROM stored_file WHERE id = $1 RETURNING id, eid, reserved_bytes")
                .bind(id.as_str())
                .fetch_all(tx.conn())
                .await?;
        let gone = release(&mut tx, rows).await?;
        tx.commit().await?;
        Ok(!gone.is_empty())
    }
}

fn stored_file(row: &DbRow) -> Result<Option<StoredFile>> {
    let (id, owner): (String, String) = (row.try_get(0)?, row.try_get(1)?);
    let (Ok(id), Ok(owner)) = (id.parse(), owner.parse()) else {
        return Ok(None);
    };
    Ok(Some(StoredFile {
        id,
        owner,
        name: row.try_get(2)?,
        content_type: row.try_get(3)?,
        size: unsigned(row.try_get(4)?),
        sha256: row.try_get(5)?,
        expires_at_s: row.try_get(6)?,
    }))
}

/// Takes so much of an enterprise's quota, if it has room.
async fn reserve(
    tx: &mut WriteTx<'_>,
    eid: &str,
    reserved_bytes: u64,
    quota_bytes: u64,
) -> Result<bool> {
    if reserved_bytes > quota_bytes {
        return Ok(false);
    }
    let taken: Option<i64> = sqlx::query_scalar(
        "INSERT INTO file_usage (eid, bytes) VALUES ($1, $2) ON CONFLICT (eid) DO UPDATE \
         SET bytes = file_usage.bytes + excluded.bytes \
         WHERE file_usage.bytes + excluded.bytes <= $3 RETURNING bytes",
    )
    .bind(eid)
    .bind(signed(reserved_bytes))
    .bind(signed(quota_bytes))
    .fetch_optional(tx.conn())
    .await?;
    Ok(taken.is_some())
}

/// Gives back what deleted rows took: each `id, eid, reserved_bytes`. Answers their ids.
pub(super) async fn release(tx: &mut WriteTx<'_>, rows: Vec<DbRow>) -> Result<Vec<FileId>> {
    let mut gone = Vec::new();
    for row in rows {
        let (id, eid): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        sqlx::query("UPDATE file_usage SET bytes = bytes - $1 WHERE eid = $2")
            .bind(row.try_get::<i64, _>(2)?)
            .bind(eid)
            .execute(tx.conn())
            .await?;
        gone.extend(id.parse::<FileId>().ok());
    }
    Ok(gone)
}

fn reserved_bytes(size: u64) -> u64 {
    let blocks = size.div_ceil(BLOCK_BYTES).max(1);
    blocks.saturating_mul(BLOCK_BYTES)
}

/// As the database keeps it. What is larger than that is larger than any disk.
fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(bytes: i64) -> u64 {
    u64::try_from(bytes).unwrap_or(0)
}
