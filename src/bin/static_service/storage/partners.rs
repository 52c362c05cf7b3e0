//! Links between users of different enterprises. A link has no direction and stands once; both ends are
//! told of a change.

use super::error::require_change;
use super::outbox::WriteTx;
use super::{EventId, Result, Storage, StorageError};
use crate::feed::concern::{Concern, Turn};
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
        let (one, other) = (a.to_string(), b.to_string());
        tx.record(&Event::PartnerLinked { a: one, b: other })
            .await?;
        tell(&mut tx, a, b, Turn::Added).await?;
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
        let (one, other) = (a.to_string(), b.to_string());
        tx.record(&Event::PartnerUnlinked { a: one, b: other })
            .await?;
        tell(&mut tx, a, b, Turn::Removed).await?;
        tx.commit().await
    }
}

async fn tell(tx: &mut WriteTx<'_>, a: &UserId, b: &UserId, turn: Turn) -> Result<()> {
    for (user, partner) in [(a, b), (b, a)] {
        let partner = partner.to_string();
        let partner = &partner;
        tx.tell(user.eid(), user.uid(), Concern::Partner { turn, partner })
            .await?;
    }
    Ok(())
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
