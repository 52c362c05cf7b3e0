//! What cleaning needs to know of files, and what it deletes, in slices.

use sqlx::Row as _;

use super::files::{release, unsigned};
use super::{DbRow, Result, Storage};
use crate::files::FileId;

/// A file as cleaning sees it.
#[derive(Debug)]
pub(crate) struct KeptFile {
    /// Its id.
    pub(crate) id: FileId,
    /// All of it, in bytes.
    pub(crate) size: u64,
    /// Whether all of it came.
    pub(crate) is_complete: bool,
    /// Whether its owner is still a user.
    pub(crate) has_owner: bool,
    /// When it was written down, in milliseconds.
    pub(crate) created_at_ms: i64,
}

impl Storage {
    /// The id that the folder of the files must hold: `candidate`, if there was none yet.
    pub(crate) async fn file_store(&self, candidate: &str) -> Result<String> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO file_store (id) SELECT CAST($1 AS TEXT) \
             WHERE NOT EXISTS (SELECT 1 FROM file_store)",
        )
        .bind(candidate)
        .execute(tx.conn())
        .await?;
        let id = sqlx::query_scalar("SELECT id FROM file_store")
            .fetch_one(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Forgets some of the files whose time is over, at most `limit`. Answers which.
    pub(crate) async fn remove_expired_files(&self, now_s: i64, limit: u32) -> Result<Vec<FileId>> {
        let mut tx = self.begin().await?;
        let rows = sqlx::query(
            "DELETE FROM stored_file WHERE id IN (SELECT id FROM stored_file \
             WHERE expires_at_s <= $1 ORDER BY expires_at_s LIMIT $2) \
             RETURNING id, eid, reserved_bytes",
        )
        .bind(now_s)
        .bind(i64::from(limit))
        .fetch_all(tx.conn())
        .await?;
        let gone = release(&mut tx, rows).await?;
        tx.commit().await?;
        Ok(gone)
    }

    /// Forgets a file of which not all came. Answers whether it was there.
    pub(crate) async fn remove_upload(&self, id: &FileId) -> Result<bool> {
        let mut tx = self.begin().await?;
        let rows = sqlx::query(
            "DELETE FROM stored_file WHERE id = $1 AND sha256 IS NULL \
             RETURNING id, eid, reserved_bytes",
        )
        .bind(id.as_str())
        .fetch_all(tx.conn())
        .await?;
        let gone = release(&mut tx, rows).await?;
        tx.commit().await?;
        Ok(!gone.is_empty())
    }

    /// Files in the order of their ids, after `after`, at most `limit`.
    pub(crate) async fn files_after(&self, after: &str, limit: u32) -> Result<Vec<KeptFile>> {
        let rows = sqlx::query(
            "SELECT f.id, f.size, f.sha256, u.uid, f.created_at FROM stored_file f \
             LEFT JOIN app_user u ON u.eid = f.eid AND u.uid = f.uid \
             AND u.created_at = f.owner_since \
             WHERE f.id > $1 ORDER BY f.id LIMIT $2",
        )
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(&self.read)
        .await?;
        let kept = rows.iter().map(kept_file).collect::<Result<Vec<_>>>()?;
        Ok(kept.into_iter().flatten().collect())
    }

    /// The ids of files from `first` to `last`, both included.
    pub(crate) async fn file_ids(&self, first: &FileId, last: &FileId) -> Result<Vec<String>> {
        let ids = sqlx::query_scalar("SELECT id FROM stored_file WHERE id >= $1 AND id <= $2")
            .bind(first.as_str())
            .bind(last.as_str())
            .fetch_all(&self.read)
            .await?;
        Ok(ids)
    }
}

fn kept_file(row: &DbRow) -> Result<Option<KeptFile>> {
    let id: String = row.try_get(0)?;
    let Ok(id) = id.parse() else { return Ok(None) };
    Ok(Some(KeptFile {
        id,
        size: unsigned(row.try_get(1)?),
        is_complete: row.try_get::<Option<String>, _>(2)?.is_some(),
        has_owner: row.try_get::<Option<String>, _>(3)?.is_some(),
        created_at_ms: row.try_get(4)?,
    }))
}
