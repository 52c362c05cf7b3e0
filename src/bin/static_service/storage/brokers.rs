//! Brokers' credentials.

use super::error::require_change;
use super::{Result, Storage, StorageError};
use crate::clock::now_ms;
use crate::identity::BrokerId;

impl Storage {
    /// Stores the hash of a broker's secret.
    pub(crate) async fn add_broker(&self, broker: &BrokerId, secret_hash: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO broker_credential (client_id, secret_hash, created_at) VALUES ($1, $2, $3)",
        )
        .bind(broker.as_str())
        .bind(secret_hash)
        .bind(now_ms())
        .execute(tx.conn())
        .await
        .map_err(|error| StorageError::of_insert(error, format!("broker {broker}"), String::new()))?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes a broker's credential away.
    pub(crate) async fn remove_broker(&self, broker: &BrokerId) -> Result<()> {
        let mut tx = self.begin().await?;
        let done = sqlx::query("DELETE FROM broker_credential WHERE client_id = $1")
            .bind(broker.as_str())
            .execute(tx.conn())
            .await?;
        require_change(done.rows_affected(), || format!("broker {broker}"))?;
        tx.commit().await?;
        Ok(())
    }

    /// The stored hash of a broker's secret.
    pub(crate) async fn broker_secret_hash(&self, broker: &BrokerId) -> Result<Option<String>> {
        let hash =
            sqlx::query_scalar("SELECT secret_hash FROM broker_credential WHERE client_id = $1")
                .bind(broker.as_str())
                .fetch_optional(&self.read)
                .await?;
        Ok(hash)
    }
}
