//! The whole directory at one moment, with the feed position it is true at.

use std::collections::BTreeMap;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use super::{EventId, Result, Storage};

/// Names of something that belongs to an enterprise: `(eid, uid)` or `(eid, gid)`.
type Key = (String, String);

/// Everything brokers need to judge rights.
#[derive(Debug)]
pub(crate) struct Directory {
    /// The newest event that is already in it.
    pub(crate) seq: EventId,
    /// `(eid, name, suspended)`
    pub(crate) enterprises: Vec<(String, String, bool)>,
    /// Roles and channels by `(eid, uid)`.
    pub(crate) users: BTreeMap<Key, UserEntry>,
    /// Members by `(eid, gid)`.
    pub(crate) groups: BTreeMap<Key, Vec<String>>,
    /// Pairs of `uid@eid`.
    pub(crate) partners: Vec<(String, String)>,
}

/// A user in the directory.
#[derive(Debug, Default)]
pub(crate) struct UserEntry {
    /// Roles.
    pub(crate) roles: Vec<String>,
    /// Channels the user may publish to.
    pub(crate) channels: Vec<String>,
}

impl Storage {
    /// Reads the directory in one read transaction, so that `seq` and content agree.
    pub(crate) async fn directory(&self) -> Result<Directory> {
        let mut tx = self.read.begin().await?;
        let conn = &mut *tx;
        let seq = sqlx::query_scalar("SELECT COALESCE(MAX(id), 0) FROM feed_event")
            .fetch_one(&mut *conn)
            .await?;
        let mut directory = Directory {
            seq,
            enterprises: enterprises(conn).await?,
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            partners: partners(conn).await?,
        };
        read_users(conn, &mut directory).await?;
        read_groups(conn, &mut directory).await?;
        tx.commit().await?;
        Ok(directory)
    }
}

async fn rows(conn: &mut SqliteConnection, sql: &'static str) -> Result<Vec<SqliteRow>> {
    Ok(sqlx::query(sql).fetch_all(conn).await?)
}

async fn enterprises(conn: &mut SqliteConnection) -> Result<Vec<(String, String, bool)>> {
    let sql = "SELECT eid, name, suspended_at FROM enterprise ORDER BY eid";
    let read = |row: SqliteRow| {
        let suspended_at: Option<i64> = row.try_get(2)?;
        Ok((row.try_get(0)?, row.try_get(1)?, suspended_at.is_some()))
    };
    rows(conn, sql).await?.into_iter().map(read).collect()
}

async fn partners(conn: &mut SqliteConnection) -> Result<Vec<(String, String)>> {
    let sql = "SELECT a_uid || '@' || a_eid, b_uid || '@' || b_eid FROM partner ORDER BY 1, 2";
    let read = |row: SqliteRow| Ok((row.try_get(0)?, row.try_get(1)?));
    rows(conn, sql).await?.into_iter().map(read).collect()
}

async fn read_users(conn: &mut SqliteConnection, directory: &mut Directory) -> Result<()> {
    for row in rows(conn, "SELECT eid, uid FROM app_user").await? {
        let key = (row.try_get(0)?, row.try_get(1)?);
        directory.users.insert(key, UserEntry::default());
    }
    let sql = "SELECT eid, uid, role FROM user_role ORDER BY role";
    for row in rows(conn, sql).await? {
        let key = (row.try_get(0)?, row.try_get(1)?);
        directory
            .users
            .entry(key)
            .or_default()
            .roles
            .push(row.try_get(2)?);
    }
    let sql = "SELECT eid, uid, channel FROM user_channel ORDER BY channel";
    for row in rows(conn, sql).await? {
        let key = (row.try_get(0)?, row.try_get(1)?);
        directory
            .users
            .entry(key)
            .or_default()
            .channels
            .push(row.try_get(2)?);
    }
    Ok(())
}

async fn read_groups(conn: &mut SqliteConnection, directory: &mut Directory) -> Result<()> {
    for row in rows(conn, "SELECT eid, gid FROM user_group").await? {
        let key = (row.try_get(0)?, row.try_get(1)?);
        directory.groups.insert(key, Vec::new());
    }
    let sql = "SELECT eid, gid, uid FROM group_member ORDER BY uid";
    for row in rows(conn, sql).await? {
        let key = (row.try_get(0)?, row.try_get(1)?);
        directory
            .groups
            .entry(key)
            .or_default()
            .push(row.try_get(2)?);
    }
    Ok(())
}
