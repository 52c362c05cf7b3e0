//! Departments: a tree for each enterprise, and the one department that a user may belong to. They give no
//! rights, so the feed does not tell of them.

use sqlx::Row as _;

use super::address_book::changes;
use super::error::require_change;
use super::outbox::WriteTx;
use super::{Result, Storage, StorageError};
use crate::clock::now_ms;
use crate::identity::{DepartmentId, DepartmentName, DisplayName, MemberId};

/// What of a department is to change. What is `None` stays.
#[derive(Debug)]
pub(crate) struct DepartmentChange {
    /// What people call it.
    pub(crate) name: Option<DisplayName>,
    /// The department that it is part of; `Some(None)` is the top.
    pub(crate) parent: Option<Option<DepartmentName>>,
}

/// The departments from `$2` up to the top.
const WITH_THOSE_ABOVE: &str = "\
    WITH RECURSIVE above (did) AS (SELECT did FROM department WHERE eid = $1 AND did = $2 \
    UNION SELECT d.parent_did FROM department d JOIN above a ON d.did = a.did \
    WHERE d.eid = $1 AND d.parent_did IS NOT NULL) \
    SELECT 1 FROM above WHERE did = $3";

/// A statement on the department `$2` and all that are below it.
macro_rules! below {
    ($statement:literal) => {
        concat!(
            "WITH RECURSIVE below (did) AS (SELECT did FROM department WHERE eid = $1 AND did = $2 ",
            "UNION SELECT d.did FROM department d JOIN below b ON d.parent_did = b.did ",
            "WHERE d.eid = $1) ",
            $statement,
            " WHERE eid = $1 AND did IN (SELECT did FROM below)"
        )
    };
}

impl Storage {
    /// Creates a department, below another one or at the top.
    pub(crate) async fn add_department(
        &self,
        department: &DepartmentId,
        name: &DisplayName,
        parent: Option<&DepartmentName>,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        if let Some(parent) = parent {
            require_department(&mut tx, &department.sibling(parent)).await?;
        }
        sqlx::query(
            "INSERT INTO department (eid, did, name, parent_did, created_at) \
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(department.eid())
        .bind(department.did())
        .bind(name.as_str())
        .bind(parent.map(DepartmentName::as_str))
        .bind(now_ms())
        .execute(tx.conn())
        .await
        .map_err(|error| {
            let parent = format!("enterprise {}", department.eid());
            StorageError::of_insert(error, format!("department {department}"), parent)
        })?;
        changes::department_added(&mut tx, department).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Renames or moves a department, with all that is below it.
    pub(crate) async fn change_department(
        &self,
        department: &DepartmentId,
        change: &DepartmentChange,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let (name, parent) = require_department(&mut tx, department).await?;
        if let Some(Some(parent)) = &change.parent {
            require_department(&mut tx, &department.sibling(parent)).await?;
            require_outside(&mut tx, department, parent).await?;
        }
        let new_name = change.name.as_ref().map_or(&*name, DisplayName::as_str);
        let new_parent = match &change.parent {
            Some(given) => given.as_ref().map(DepartmentName::as_str),
            None => parent.as_deref(),
        };
        if new_name == name && new_parent == parent.as_deref() {
            let what = format!("department {department} with that name and place");
            return Err(StorageError::Exists(what));
        }
        sqlx::query("UPDATE department SET name = $1, parent_did = $2 WHERE eid = $3 AND did = $4")
            .bind(new_name)
            .bind(new_parent)
            .bind(department.eid())
            .bind(department.did())
            .execute(tx.conn())
            .await?;
        changes::department_changed(&mut tx, department).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Removes a department that is empty or, `recursive`, with all that is below it; its users then
    /// belong to none. Answers how many departments went.
    pub(crate) async fn remove_department(
        &self,
        department: &DepartmentId,
        recursive: bool,
    ) -> Result<u64> {
        let mut tx = self.begin().await?;
        require_department(&mut tx, department).await?;
        if !recursive {
            require_empty(&mut tx, department).await?;
        }
        changes::departments_leave(&mut tx, department).await?;
        let mut gone = 0;
        for sql in [
            below!("DELETE FROM department_member"),
            below!("DELETE FROM department"),
        ] {
            let done = sqlx::query(sql)
                .bind(department.eid())
                .bind(department.did())
                .execute(tx.conn())
                .await?;
            gone = done.rows_affected();
        }
        tx.commit().await?;
        Ok(gone)
    }

    /// Puts a user into a department, and out of the one before.
    pub(crate) async fn set_department(
        &self,
        department: &DepartmentId,
        uid: &MemberId,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        require_department(&mut tx, department).await?;
        let done = sqlx::query(
            "INSERT INTO department_member (eid, uid, did) VALUES ($1, $2, $3) \
             ON CONFLICT (eid, uid) DO UPDATE SET did = excluded.did \
             WHERE department_member.did <> excluded.did",
        )
        .bind(department.eid())
        .bind(uid.as_str())
        .bind(department.did())
        .execute(tx.conn())
        .await
        .map_err(|error| {
            let user = format!("user {uid}@{}", department.eid());
            StorageError::of_insert(error, String::new(), user)
        })?;
        if done.rows_affected() == 0 {
            return Err(StorageError::Exists(member(department, uid)));
        }
        changes::user_placed(&mut tx, department, uid).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes a user out of a department.
    pub(crate) async fn unset_department(
        &self,
        department: &DepartmentId,
        uid: &MemberId,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        let done =
            sqlx::query("DELETE FROM department_member WHERE eid = $1 AND did = $2 AND uid = $3")
                .bind(department.eid())
                .bind(department.did())
                .bind(uid.as_str())
                .execute(tx.conn())
                .await?;
        require_change(done.rows_affected(), || member(department, uid))?;
        changes::user_placed(&mut tx, department, uid).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn member(department: &DepartmentId, uid: &MemberId) -> String {
    format!("member {uid} of department {department}")
}

/// Name and parent; fails unless the department exists.
async fn require_department(
    tx: &mut WriteTx<'_>,
    department: &DepartmentId,
) -> Result<(String, Option<String>)> {
    let row = sqlx::query("SELECT name, parent_did FROM department WHERE eid = $1 AND did = $2")
        .bind(department.eid())
        .bind(department.did())
        .fetch_optional(tx.conn())
        .await?;
    let row = row.ok_or_else(|| StorageError::Missing(format!("department {department}")))?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// Fails when `parent` is the department itself or below it.
async fn require_outside(
    tx: &mut WriteTx<'_>,
    department: &DepartmentId,
    parent: &DepartmentName,
) -> Result<()> {
    let inside: Option<i64> = sqlx::query_scalar(WITH_THOSE_ABOVE)
        .bind(department.eid())
        .bind(parent.as_str())
        .bind(department.did())
        .fetch_optional(tx.conn())
        .await?;
    match inside {
        Some(_) => Err(StorageError::Conflict(format!(
            "department {department} cannot move below itself"
        ))),
        None => Ok(()),
    }
}

async fn require_empty(tx: &mut WriteTx<'_>, department: &DepartmentId) -> Result<()> {
    let held: Option<i64> = sqlx::query_scalar(
        "SELECT 1 FROM department WHERE eid = $1 AND parent_did = $2 \
         UNION ALL SELECT 1 FROM department_member WHERE eid = $1 AND did = $2 LIMIT 1",
    )
    .bind(department.eid())
    .bind(department.did())
    .fetch_optional(tx.conn())
    .await?;
    match held {
        Some(_) => Err(StorageError::Conflict(format!(
            "department {department} has departments or members: empty it, or remove it recursively"
        ))),
        None => Ok(()),
    }
}
