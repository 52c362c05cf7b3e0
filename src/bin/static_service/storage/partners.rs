//! Links between users of different enterprises. A link stands once; both ends are told of a change. It may
//! have a direction, which only address books show: it gives no rights, so the feed does not tell of it.

use std::str::FromStr;

use super::address_book::changes;
use super::error::require_change;
use super::outbox::WriteTx;
use super::{EventId, Result, Storage, StorageError};
use crate::feed::concern::{Concern, Turn};
use crate::feed::event::Event;
use crate::identity::UserId;

/// What somebody is to the other end of a link.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Relation {
    /// Those one buys from or answers to.
    Upstream,
    /// Those one supplies or directs.
    Downstream,
    /// Neither.
    #[default]
    Partner,
}

impl Relation {
    /// All of them.
    const ALL: [Relation; 3] = [Relation::Upstream, Relation::Downstream, Relation::Partner];

    /// The word on the wire and in tables.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Relation::Upstream => "upstream",
            Relation::Downstream => "downstream",
            Relation::Partner => "partner",
        }
    }

    /// The same link, seen from its other end.
    fn inverse(self) -> Relation {
        match self {
            Relation::Upstream => Relation::Downstream,
            Relation::Downstream => Relation::Upstream,
            Relation::Partner => Relation::Partner,
        }
    }
}

impl FromStr for Relation {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let known = Relation::ALL
            .into_iter()
            .find(|relation| relation.as_str() == text);
        known.ok_or("want upstream, downstream or partner")
    }
}

impl Storage {
    /// Links two users. `relation` is what the other one is to the first; without one it is
    /// [`Relation::Partner`], or stays what it is. Answers 0 when only the relation of a link changed.
    pub(crate) async fn link_partners(
        &self,
        one: &UserId,
        other: &UserId,
        relation: Option<Relation>,
    ) -> Result<EventId> {
        let (a, b) = in_order(one, other)?;
        let relation = relation.map(|r| if a == one { r } else { r.inverse() });
        let mut tx = self.begin().await?;
        if !insert_link(&mut tx, a, b, relation.unwrap_or_default()).await? {
            change_relation(&mut tx, a, b, relation).await?;
            return tx.commit().await;
        }
        changes::link_changed(&mut tx, a, b).await?;
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
        changes::link_removed(&mut tx, a, b).await?;
        let (one, other) = (a.to_string(), b.to_string());
        tx.record(&Event::PartnerUnlinked { a: one, b: other })
            .await?;
        tell(&mut tx, a, b, Turn::Removed).await?;
        tx.commit().await
    }
}

/// Answers whether there was no such link yet.
async fn insert_link(
    tx: &mut WriteTx<'_>,
    a: &UserId,
    b: &UserId,
    relation: Relation,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO partner (a_eid, a_uid, b_eid, b_uid, relation) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT DO NOTHING",
    )
    .bind(a.eid())
    .bind(a.uid())
    .bind(b.eid())
    .bind(b.uid())
    .bind(relation.as_str())
    .execute(tx.conn())
    .await
    .map_err(|error| {
        let what = format!("link between {a} and {b}");
        StorageError::of_insert(error, what, format!("user {a} or no user {b}"))
    })?;
    Ok(done.rows_affected() > 0)
}

/// Fails when the link has that relation already, or none is given.
async fn change_relation(
    tx: &mut WriteTx<'_>,
    a: &UserId,
    b: &UserId,
    relation: Option<Relation>,
) -> Result<()> {
    let exists = || StorageError::Exists(format!("link between {a} and {b}"));
    let done = sqlx::query(
        "UPDATE partner SET relation = $5 \
         WHERE a_eid = $1 AND a_uid = $2 AND b_eid = $3 AND b_uid = $4 AND relation <> $5",
    )
    .bind(a.eid())
    .bind(a.uid())
    .bind(b.eid())
    .bind(b.uid())
    .bind(relation.ok_or_else(exists)?.as_str())
    .execute(tx.conn())
    .await?;
    require_change(done.rows_affected(), String::new).map_err(|_| exists())?;
    changes::link_changed(tx, a, b).await
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
