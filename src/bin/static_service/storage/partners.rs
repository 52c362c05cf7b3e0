//! Links between users of different enterprises. A link has no direction and stands once.

use super::error::require_change;
use super::{EventId, Result, Storage, StorageError};
use crate::feed::event::Event;
use crate::identity::UserId;

impl Storage {
    /// Links two users.
    pub(crate) async fn link_partners(&self, one: &UserId, other: &UserId) -> Result<EventId> {
        let (a, b) = in_order(one, other)?;
        let mut tx = self.begin().await?;
        sqlx::query("INSERT INTO partner (a_eid, a_uid, b_eid, b_uid) VALUES ($1, $2, $3, $4)")
            .bind(a.eid())
            .bind(a.uid())
            .bind(b.eid())
            .bind(b.uid())
            .execute(tx.conn())
            .await
            .map_err(|error| {
                let what = format!("link between {a} and {b}");
                StorageError::of_insert(error, what, format!("user {a} or no user {b}"))
            })?;
        let (a, b) = (a.to_string(), b.to_string());
        tx.record(&Event::PartnerLinked { a, b }).await?;
        tx.commit().await
    }

    /// Undoes a link.
    pub(crate) async fn unlink_partners(&self, one: &UserId, other: &UserId) -> Result<EventId> {
        let (a, b) = in_order(one, other)?;
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "DELETE FROM partner WHERE a_eid = $1 AND a_uid = $2 AND b_eid = $3 AND b_uid = $4",
        )
        .bind(a.eid())
        .bind(a.uid())
        .bind(b.eid())
        .bind(b.uid())
        .execute(tx.conn())
        .await?;
        require_change(done.rows_affected(), || format!("link between {a} and {b}"))?;
        let (a, b) = (a.to_string(), b.to_string());
        tx.record(&Event::PartnerUnlinked { a, b }).await?;
        tx.commit().await
    }
}

fn in_order<'a>(one: &'a UserId, other: &'a UserId) -> Result<(&'a UserId, &'a UserId)> {
    if one.eid() == other.eid() {
        return Err(StorageError::Refused(format!(
            "{one} and {other} are of one enterprise: partners are of different ones"
        )));
    }
    Ok(if one < other {
        (one, other)
    } else {
        (other, one)
    })
}
