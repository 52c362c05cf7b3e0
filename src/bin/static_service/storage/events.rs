//! The feed's events as they stand in the database: reading them, and how long they are kept.

use sqlx::Row as _;
use tokio::sync::watch;

use super::{DbRow, Result, Storage};

/// Feed events have strictly increasing ids.
pub(crate) type EventId = i64;

/// Events kept however old they are.
const RETAINED_EVENTS: i64 = 100_000;
/// Age up to which events are kept however many they are.
const RETAINED_MS: i64 = 24 * 3600 * 1000;
/// Rows deleted in one transaction, so that pruning never holds the write lock for long.
const PRUNE_ROWS: i64 = 5_000;

/// An event as it stands in the feed.
#[derive(Debug, Clone)]
pub(crate) struct StoredEvent {
    /// Its place in the feed.
    pub(crate) id: EventId,
    /// The `event:` field.
    pub(crate) kind: String,
    /// The `data:` field.
    pub(crate) data: String,
}

impl Storage {
    /// Follows the newest event id.
    pub(crate) fn watch_head(&self) -> watch::Receiver<EventId> {
        self.writer.head.subscribe()
    }

    /// Reads the newest event id from the database.
    pub(crate) async fn refresh_head(&self) -> Result<EventId> {
        let row = sqlx::query("SELECT COALESCE(MAX(id), 0) FROM feed_event")
            .fetch_one(&self.read)
            .await?;
        let newest = row.try_get(0)?;
        self.writer.advance_head(newest);
        Ok(newest)
    }

    /// Whether the feed can be resumed after `id` without a gap: neither pruned away nor unheard of.
    pub(crate) async fn can_resume_after(&self, id: EventId) -> Result<bool> {
        let row = sqlx::query("SELECT MIN(id), MAX(id) FROM feed_event")
            .fetch_one(&self.read)
            .await?;
        let (oldest, newest): (Option<EventId>, Option<EventId>) =
            (row.try_get(0)?, row.try_get(1)?);
        Ok(oldest.is_some_and(|oldest| id >= oldest - 1) && newest.is_some_and(|n| id <= n))
    }

    /// The next events after `id`, at most `limit`.
    pub(crate) async fn events_after(&self, id: EventId, limit: u32) -> Result<Vec<StoredEvent>> {
        let rows =
            sqlx::query("SELECT id, kind, data FROM feed_event WHERE id > $1 ORDER BY id LIMIT $2")
                .bind(id)
                .bind(i64::from(limit))
                .fetch_all(&self.read)
                .await?;
        let event = |row: DbRow| {
            Ok(StoredEvent {
                id: row.try_get(0)?,
                kind: row.try_get(1)?,
                data: row.try_get(2)?,
            })
        };
        rows.into_iter().map(event).collect()
    }

    /// Deletes what nobody needs any more: events beyond retention, and tokens and sessions that
    /// expired a day ago. Answers how many rows went.
    pub(crate) async fn prune(&self, now_ms: i64) -> Result<u64> {
        let day_ago_s = (now_ms - RETAINED_MS) / 1000;
        let mut gone = self.prune_events(now_ms).await?;
        gone += self.prune_address_books(now_ms).await?;
        for expired in [
            "DELETE FROM login_token WHERE expires_at_s < $1",
            "DELETE FROM client_session WHERE expires_at_s < $1",
        ] {
            let mut tx = self.begin().await?;
            let done = sqlx::query(expired).bind(day_ago_s).execute(tx.conn());
            gone += done.await?.rows_affected();
            tx.commit().await?;
        }
        Ok(gone)
    }

    async fn prune_events(&self, now_ms: i64) -> Result<u64> {
        let sql = "DELETE FROM feed_event WHERE id IN (SELECT id FROM feed_event \
             WHERE id <= (SELECT MAX(id) FROM feed_event) - $1 AND created_at < $2 \
             ORDER BY id LIMIT $3)";
        let bounds = [RETAINED_EVENTS, now_ms - RETAINED_MS, PRUNE_ROWS];
        self.delete_in_slices(sql, &bounds).await
    }

    /// Runs a statement that deletes a slice until there is none left, each slice in a transaction of its own, so that
    /// nobody waits long for the write lock. Answers how many rows went.
    pub(super) async fn delete_in_slices(&self, sql: &'static str, bounds: &[i64]) -> Result<u64> {
        let mut gone = 0;
        loop {
            let mut tx = self.begin().await?;
            let mut slice = sqlx::query(sql);
            for bound in bounds {
                slice = slice.bind(*bound);
            }
            let rows = slice.execute(tx.conn()).await?.rows_affected();
            tx.commit().await?;
            if rows == 0 {
                return Ok(gone);
            }
            gone += rows;
        }
    }
}
