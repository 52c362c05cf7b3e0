//! Brokers' log records, stored once however often they are sent.

use super::{Result, Storage};
use crate::clock::now_ms;

/// One record of a broker.
#[derive(Debug)]
pub(crate) struct LogRecord {
    /// Unique within the broker.
    pub(crate) id: String,
    /// The whole record, JSON.
    pub(crate) record: String,
}

impl Storage {
    /// Stores the records that are new. Answers how many were.
    pub(crate) async fn store_logs(&self, broker: &str, records: &[LogRecord]) -> Result<u64> {
        let mut tx = self.begin().await?;
        let mut stored = 0;
        for LogRecord { id, record } in records {
            let done = sqlx::query(
                "INSERT INTO broker_log (client_id, id, record, received_at) \
                 VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            )
            .bind(broker)
            .bind(id)
            .bind(record)
            .bind(now_ms())
            .execute(tx.conn())
            .await?;
            stored += done.rows_affected();
        }
        tx.commit().await?;
        Ok(stored)
    }
}
