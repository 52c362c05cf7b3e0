//! Groups and their members. A change of members tells the brokers the whole list, and those who came or
//! went a notice each.

use super::address_book::changes;
use super::error::require_change;
use super::outbox::WriteTx;
use super::{EventId, Result, Storage, StorageError};
use crate::clock::now_ms;
use crate::feed::concern::{Concern, Turn};
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

    /// Gives a group another name for people.
    pub(crate) async fn rename_group(
        &self,
        group: &GroupId,
        name: &DisplayName,
    ) -> Result<EventId> {
        let mut tx = self.begin().await?;
        if require_group(&mut tx, group).await? == name.as_str() {
            let what = format!("group {group} with that name");
            return Err(StorageError::Exists(what));
        }
        sqlx::query("UPDATE user_group SET name = $1 WHERE eid = $2 AND gid = $3")
            .bind(name.as_str())
            .bind(group.eid())
            .bind(group.gid())
            .execute(tx.conn())
            .await?;
        record_upserted(&mut tx, group).await?;
        changes::group_changed(&mut tx, group).await?;
        tx.commit().await
    }

    /// Removes a group.
    pub(crate) async fn remove_group(&self, group: &GroupId) -> Result<EventId> {
        let mut tx = self.begin().await?;
        let name = require_group(&mut tx, group).await?;
        let members = members(&mut tx, group).await?;
        changes::group_leaves(&mut tx, group).await?;
        sqlx::query("DELETE FROM user_group WHERE eid = $1 AND gid = $2")
            .bind(group.eid())
            .bind(group.gid())
            .execute(tx.conn())
            .await?;
        let (eid, gid) = (group.eid().to_owned(), group.gid().to_owned());
        tx.record(&Event::GroupRemoved { eid, gid }).await?;
        for uid in members {
            tell(&mut tx, group, &name, &uid, Turn::Removed).await?;
        }
        tx.commit().await
    }

    /// Adds a member.
    pub(crate) async fn add_member(&self, group: &GroupId, uid: &MemberId) -> Result<EventId> {
        let mut tx = self.begin().await?;
        let name = require_group(&mut tx, group).await?;
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
        changes::member_added(&mut tx, group, uid).await?;
        record_upserted(&mut tx, group).await?;
        tell(&mut tx, group, &name, uid.as_str(), Turn::Added).await?;
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
        changes::member_removed(&mut tx, group, uid).await?;
        record_upserted(&mut tx, group).await?;
        let name = require_group(&mut tx, group).await?;
        tell(&mut tx, group, &name, uid.as_str(), Turn::Removed).await?;
        tx.commit().await
    }
}

async fn record_upserted(tx: &mut WriteTx<'_>, group: &GroupId) -> Result<()> {
    let name = require_group(tx, group).await?;
    let members = members(tx, group).await?;
    let event = Event::GroupUpserted {
        eid: group.eid().to_owned(),
        gid: group.gid().to_owned(),
        name,
        members,
    };
    tx.record(&event).await
}

async fn tell(
    tx: &mut WriteTx<'_>,
    group: &GroupId,
    name: &str,
    uid: &str,
    turn: Turn,
) -> Result<()> {
    let gid = group.gid();
    tx.tell(group.eid(), uid, Concern::Group { turn, gid, name })
        .await
}

async fn members(tx: &mut WriteTx<'_>, group: &GroupId) -> Result<Vec<String>> {
    let sql = "SELECT uid FROM group_member WHERE eid = $1 AND gid = $2 ORDER BY uid";
    let members = sqlx::query_scalar(sql)
        .bind(group.eid())
        .bind(group.gid())
        .fetch_all(tx.conn())
        .await?;
    Ok(members)
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
