//! Groups and their members. A change of members tells the brokers the whole list.

use super::error::require_change;
use super::outbox::WriteTx;
use super::{EventId, Result, Storage, StorageError};
use crate::clock::now_ms;
use crate::feed::event::Event;
use crate::identity::{DisplayName, GroupId, MemberId};

impl Storage {
    /// Creates an empty group.
    pub(crate) async fn add_group(&self, group: &GroupId, name: &DisplayName) -> Result<EventId> {
        let mut tx = self.begin().await?;
        sqlx::query("INSERT INTO user_group (eid, gid, name, created_at) VALUES ($1, $2, $3, $4)")
            .bind(group.eid())
            .bind(group.gid())
            .bind(name.as_str())
            .bind(now_ms())
            .execute(tx.conn())
            .await
            .map_err(|error| {
                let parent = format!("enterprise {}", group.eid());
                StorageError::of_insert(error, format!("group {group}"), parent)
            })?;
        record_upserted(&mut tx, group).await?;
        tx.commit().await
    }

    /// Removes a group.
    pub(crate) async fn remove_group(&self, group: &GroupId) -> Result<EventId> {
        let mut tx = self.begin().await?;
        let done = sqlx::query("DELETE FROM user_group WHERE eid = $1 AND gid = $2")
            .bind(group.eid())
            .bind(group.gid())
            .execute(tx.conn())
            .await?;
        require_change(done.rows_affected(), || format!("group {group}"))?;
        let (eid, gid) = (group.eid().to_owned(), group.gid().to_owned());
        tx.record(&Event::GroupRemoved { eid, gid }).await?;
        tx.commit().await
    }

    /// Adds a member.
    pub(crate) async fn add_member(&self, group: &GroupId, uid: &MemberId) -> Result<EventId> {
        let mut tx = self.begin().await?;
        require_group(&mut tx, group).await?;
        let user = group.member(uid);
        sqlx::query("INSERT INTO group_member (eid, gid, uid) VALUES ($1, $2, $3)")
            .bind(group.eid())
            .bind(group.gid())
            .bind(uid.as_str())
            .execute(tx.conn())
            .await
            .map_err(|error| {
                let what = format!("member {uid} of group {group}");
                StorageError::of_insert(error, what, format!("user {user}"))
            })?;
        record_upserted(&mut tx, group).await?;
        tx.commit().await
    }

    /// Takes a member out.
    pub(crate) async fn remove_member(&self, group: &GroupId, uid: &MemberId) -> Result<EventId> {
        let mut tx = self.begin().await?;
        let done = sqlx::query("DELETE FROM group_member WHERE eid = $1 AND gid = $2 AND uid = $3")
            .bind(group.eid())
            .bind(group.gid())
            .bind(uid.as_str())
            .execute(tx.conn())
            .await?;
        require_change(done.rows_affected(), || {
            format!("member {uid} of group {group}")
        })?;
        record_upserted(&mut tx, group).await?;
        tx.commit().await
    }
}

async fn record_upserted(tx: &mut WriteTx<'_>, group: &GroupId) -> Result<()> {
    let name = require_group(tx, group).await?;
    let members =
        sqlx::query_scalar("SELECT uid FROM group_member WHERE eid = $1 AND gid = $2 ORDER BY uid")
            .bind(group.eid())
            .bind(group.gid())
            .fetch_all(tx.conn())
            .await?;
    let event = Event::GroupUpserted {
        eid: group.eid().to_owned(),
        gid: group.gid().to_owned(),
        name,
        members,
    };
    tx.record(&event).await
}

/// The group's name; fails unless it exists.
pub(super) async fn require_group(tx: &mut WriteTx<'_>, group: &GroupId) -> Result<String> {
    let name = sqlx::query_scalar("SELECT name FROM user_group WHERE eid = $1 AND gid = $2")
        .bind(group.eid())
        .bind(group.gid())
        .fetch_optional(tx.conn())
        .await?;
    name.ok_or_else(|| StorageError::Missing(format!("group {group}")))
}
