//! Enterprises.

use sqlx::Row as _;

use super::address_book::changes;
use super::error::require_change;
use super::{EventId, Result, Storage, StorageError};
use crate::clock::now_ms;
use crate::feed::event::Event;
use crate::identity::{DisplayName, EnterpriseId};

impl Storage {
    /// Creates an enterprise.
    pub(crate) async fn add_enterprise(
        &self,
        eid: &EnterpriseId,
        name: &DisplayName,
    ) -> Result<EventId> {
        let mut tx = self.begin().await?;
        sqlx::query("INSERT INTO enterprise (eid, name, created_at) VALUES ($1, $2, $3)")
            .bind(eid.as_str())
            .bind(name.as_str())
            .bind(now_ms())
            .execute(tx.conn())
            .await
            .map_err(|error| {
                StorageError::of_insert(error, format!("enterprise {eid}"), String::new())
            })?;
        changes::enterprise_added(&mut tx, eid).await?;
        tx.record(&upserted(eid, name.as_str().to_owned())).await?;
        tx.commit().await
    }

    /// Gives an enterprise another name for people. One that is suspended stays so: the feed says it again, since
    /// the name alone would lift it.
    pub(crate) async fn rename_enterprise(
        &self,
        eid: &EnterpriseId,
        name: &DisplayName,
    ) -> Result<EventId> {
        let mut tx = self.begin().await?;
        let row = sqlx::query("SELECT name, suspended_at FROM enterprise WHERE eid = $1")
            .bind(eid.as_str())
            .fetch_optional(tx.conn())
            .await?;
        let row = row.ok_or_else(|| StorageError::Missing(format!("enterprise {eid}")))?;
        let suspended = row.try_get::<Option<i64>, _>(1)?.is_some();
        if row.try_get::<String, _>(0)? == name.as_str() {
            let what = format!("enterprise {eid} with that name");
            return Err(StorageError::Exists(what));
        }
        sqlx::query("UPDATE enterprise SET name = $1 WHERE eid = $2")
            .bind(name.as_str())
            .bind(eid.as_str())
            .execute(tx.conn())
            .await?;
        changes::enterprise_changed(&mut tx, eid).await?;
        tx.record(&upserted(eid, name.as_str().to_owned())).await?;
        if suspended {
            let eid = eid.as_str().to_owned();
            tx.record(&Event::EnterpriseSuspended { eid }).await?;
        }
        tx.commit().await
    }

    /// Ends everything an enterprise does until it is resumed.
    pub(crate) async fn suspend_enterprise(&self, eid: &EnterpriseId) -> Result<EventId> {
        let mut tx = self.begin().await?;
        let done = sqlx::query("UPDATE enterprise SET suspended_at = $1 WHERE eid = $2")
            .bind(now_ms())
            .bind(eid.as_str())
            .execute(tx.conn())
            .await?;
        require_change(done.rows_affected(), || format!("enterprise {eid}"))?;
        changes::enterprise_changed(&mut tx, eid).await?;
        let eid = eid.as_str().to_owned();
        tx.record(&Event::EnterpriseSuspended { eid }).await?;
        tx.commit().await
    }

    /// Lifts a suspension.
    pub(crate) async fn resume_enterprise(&self, eid: &EnterpriseId) -> Result<EventId> {
        let mut tx = self.begin().await?;
        let name: Option<String> = sqlx::query_scalar(
            "UPDATE enterprise SET suspended_at = NULL WHERE eid = $1 RETURNING name",
        )
        .bind(eid.as_str())
        .fetch_optional(tx.conn())
        .await?;
        let name = name.ok_or_else(|| StorageError::Missing(format!("enterprise {eid}")))?;
        changes::enterprise_changed(&mut tx, eid).await?;
        tx.record(&upserted(eid, name)).await?;
        tx.commit().await
    }
}

fn upserted(eid: &EnterpriseId, name: String) -> Event {
    Event::EnterpriseUpserted {
        eid: eid.as_str().to_owned(),
        name,
    }
}
