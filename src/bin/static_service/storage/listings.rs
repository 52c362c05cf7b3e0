//! Lists for administrators, a page at a time, in the order of their ids.

use sqlx::Row as _;

use super::rights::rights;
use super::{DbRow, Result, Storage, StorageError};
use crate::identity::{DepartmentId, EnterpriseId, GroupId, UserId};
use crate::listing::{DepartmentEntry, EnterpriseEntry, GroupEntry, UserEntry, UserProfile};

/// Part of a list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Page {
    /// What comes after this id; empty: from the beginning.
    pub(crate) after: String,
    /// At most so many.
    pub(crate) limit: u32,
}

/// Whose list it is, by the first parameters of both statements. Without such an owner there is no list.
struct Owner<'a> {
    sql: &'static str,
    ids: Vec<&'a str>,
    words: String,
}

impl Storage {
    /// Enterprises.
    pub(crate) async fn list_enterprises(&self, page: &Page) -> Result<Vec<EnterpriseEntry>> {
        let rows = sqlx::query(
            "SELECT eid, name, suspended_at, broker FROM enterprise WHERE eid > $1 \
             ORDER BY eid LIMIT $2",
        )
        .bind(&page.after)
        .bind(i64::from(page.limit))
        .fetch_all(&self.read)
        .await?;
        let entry = |row: DbRow| {
            Ok(EnterpriseEntry {
                eid: row.try_get(0)?,
                name: row.try_get(1)?,
                suspended: row.try_get::<Option<i64>, _>(2)?.is_some(),
                broker: row.try_get(3)?,
            })
        };
        rows.into_iter().map(entry).collect()
    }

    /// Users of an enterprise.
    pub(crate) async fn list_users(
        &self,
        eid: &EnterpriseId,
        page: &Page,
    ) -> Result<Vec<UserEntry>> {
        let sql = "SELECT u.uid, u.name, m.did FROM app_user u \
            LEFT JOIN department_member m ON m.eid = u.eid AND m.uid = u.uid \
            WHERE u.eid = $1 AND u.uid > $2 ORDER BY u.uid LIMIT $3";
        self.list(enterprise(eid), sql, page, user_entry).await
    }

    /// Groups of an enterprise.
    pub(crate) async fn list_groups(
        &self,
        eid: &EnterpriseId,
        page: &Page,
    ) -> Result<Vec<GroupEntry>> {
        let sql =
            "SELECT gid, name FROM user_group WHERE eid = $1 AND gid > $2 ORDER BY gid LIMIT $3";
        let entry = |row: DbRow| {
            Ok(GroupEntry {
                gid: row.try_get(0)?,
                name: row.try_get(1)?,
            })
        };
        self.list(enterprise(eid), sql, page, entry).await
    }

    /// Departments of an enterprise.
    pub(crate) async fn list_departments(
        &self,
        eid: &EnterpriseId,
        page: &Page,
    ) -> Result<Vec<DepartmentEntry>> {
        let sql = "SELECT did, name, parent_did FROM department \
            WHERE eid = $1 AND did > $2 ORDER BY did LIMIT $3";
        let entry = |row: DbRow| {
            Ok(DepartmentEntry {
                did: row.try_get(0)?,
                name: row.try_get(1)?,
                parent: row.try_get(2)?,
            })
        };
        self.list(enterprise(eid), sql, page, entry).await
    }

    /// The uids of a group's members.
    pub(crate) async fn list_group_members(
        &self,
        group: &GroupId,
        page: &Page,
    ) -> Result<Vec<String>> {
        let owner = Owner {
            sql: "SELECT 1 FROM user_group WHERE eid = $1 AND gid = $2",
            ids: vec![group.eid(), group.gid()],
            words: format!("group {group}"),
        };
        let sql = "SELECT uid FROM group_member WHERE eid = $1 AND gid = $2 AND uid > $3 \
            ORDER BY uid LIMIT $4";
        self.list(owner, sql, page, |row| Ok(row.try_get(0)?)).await
    }

    /// The uids of a department's own members.
    pub(crate) async fn list_department_members(
        &self,
        department: &DepartmentId,
        page: &Page,
    ) -> Result<Vec<String>> {
        let owner = Owner {
            sql: "SELECT 1 FROM department WHERE eid = $1 AND did = $2",
            ids: vec![department.eid(), department.did()],
            words: format!("department {department}"),
        };
        let sql = "SELECT uid FROM department_member WHERE eid = $1 AND did = $2 AND uid > $3 \
            ORDER BY uid LIMIT $4";
        self.list(owner, sql, page, |row| Ok(row.try_get(0)?)).await
    }

    /// A user and all that the user may do.
    pub(crate) async fn user_profile(&self, user: &UserId) -> Result<UserProfile> {
        let mut tx = self.begin_read().await?;
        let row = sqlx::query(
            "SELECT u.uid, u.name, m.did, u.title, u.phone, u.email, u.locked_at FROM app_user u \
             LEFT JOIN department_member m ON m.eid = u.eid AND m.uid = u.uid \
             WHERE u.eid = $1 AND u.uid = $2",
        )
        .bind(user.eid())
        .bind(user.uid())
        .fetch_optional(&mut *tx)
        .await?;
        let row = row.ok_or_else(|| StorageError::Missing(format!("user {user}")))?;
        Ok(UserProfile {
            eid: user.eid().to_owned(),
            title: row.try_get(3)?,
            phone: row.try_get(4)?,
            email: row.try_get(5)?,
            locked: row.try_get::<Option<i64>, _>(6)?.is_some(),
            entry: user_entry(row)?,
            rights: rights(&mut tx, user.eid(), user.uid()).await?,
        })
    }

    /// The brokers that are let in.
    pub(crate) async fn list_brokers(&self, page: &Page) -> Result<Vec<String>> {
        let ids = sqlx::query_scalar(
            "SELECT client_id FROM broker_credential WHERE client_id > $1 \
             ORDER BY client_id LIMIT $2",
        )
        .bind(&page.after)
        .bind(i64::from(page.limit))
        .fetch_all(&self.read)
        .await?;
        Ok(ids)
    }

    /// A list of what is a user's.
    pub(super) async fn list_of_user<T>(
        &self,
        user: &UserId,
        sql: &'static str,
        page: &Page,
        entry: impl Fn(DbRow) -> Result<T>,
    ) -> Result<Vec<T>> {
        let owner = Owner {
            sql: "SELECT 1 FROM app_user WHERE eid = $1 AND uid = $2",
            ids: vec![user.eid(), user.uid()],
            words: format!("user {user}"),
        };
        self.list(owner, sql, page, entry).await
    }

    async fn list<T>(
        &self,
        owner: Owner<'_>,
        sql: &'static str,
        page: &Page,
        entry: impl Fn(DbRow) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut tx = self.begin_read().await?;
        let (mut found, mut rows) = (sqlx::query(owner.sql), sqlx::query(sql));
        for id in owner.ids {
            (found, rows) = (found.bind(id), rows.bind(id));
        }
        if found.fetch_optional(&mut *tx).await?.is_none() {
            return Err(StorageError::Missing(owner.words));
        }
        let rows = rows.bind(&page.after).bind(i64::from(page.limit));
        let rows = rows.fetch_all(&mut *tx).await?;
        rows.into_iter().map(entry).collect()
    }
}

fn enterprise(eid: &EnterpriseId) -> Owner<'_> {
    Owner {
        sql: "SELECT 1 FROM enterprise WHERE eid = $1",
        ids: vec![eid.as_str()],
        words: format!("enterprise {eid}"),
    }
}

fn user_entry(row: DbRow) -> Result<UserEntry> {
    Ok(UserEntry {
        uid: row.try_get(0)?,
        name: row.try_get(1)?,
        department: row.try_get(2)?,
    })
}
