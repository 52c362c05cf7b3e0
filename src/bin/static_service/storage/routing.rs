//! Central routing: which broker serves an enterprise, where administrators say so.

use super::error::require_change;
use super::{Result, Storage, StorageError};
use crate::broker_url::BrokerUrl;
use crate::identity::EnterpriseId;

impl Storage {
    /// The broker of an enterprise, if it was given one.
    pub(crate) async fn broker_of(&self, eid: &str) -> Result<Option<String>> {
        let broker: Option<Option<String>> =
            sqlx::query_scalar("SELECT broker FROM enterprise WHERE eid = $1")
                .bind(eid)
                .fetch_optional(&self.read)
                .await?;
        broker.ok_or_else(|| StorageError::Missing(format!("enterprise {eid}")))
    }

    /// Gives an enterprise its broker; clients go there with their next login token.
    pub(crate) async fn set_broker(&self, eid: &EnterpriseId, broker: &BrokerUrl) -> Result<()> {
        let mut tx = self.begin().await?;
        let done = sqlx::query("UPDATE enterprise SET broker = $1 WHERE eid = $2")
            .bind(broker.as_str())
            .bind(eid.as_str())
            .execute(tx.conn())
            .await?;
        require_change(done.rows_affected(), || format!("enterprise {eid}"))?;
        tx.commit().await?;
        Ok(())
    }

    /// Leaves it to the service's options again.
    pub(crate) async fn unset_broker(&self, eid: &EnterpriseId) -> Result<()> {
        let mut tx = self.begin().await?;
        let found: Option<i64> = sqlx::query_scalar("SELECT 1 FROM enterprise WHERE eid = $1")
            .bind(eid.as_str())
            .fetch_optional(tx.conn())
            .await?;
        if found.is_none() {
            return Err(StorageError::Missing(format!("enterprise {eid}")));
        }
        let done = sqlx::query(
            "UPDATE enterprise SET broker = NULL WHERE eid = $1 AND broker IS NOT NULL",
        )
        .bind(eid.as_str())
        .execute(tx.conn())
        .await?;
        require_change(done.rows_affected(), || {
            format!("broker of enterprise {eid}")
        })?;
        tx.commit().await?;
        Ok(())
    }
}
