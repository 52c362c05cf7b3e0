//! What each change of users, groups, departments, links and enterprises does to address books. Called
//! within the change's own transaction, once the change is known to be one; what ends is told of while it is still
//! there.

use super::super::Result;
use super::super::outbox::WriteTx;
use super::tombstones::{AllGone, EVERYBODY, Gone, bury, bury_all, dig_up, forget_reader};
use super::versions::{moved_around, moved_beside, moved_within, tick};
use crate::identity::{DepartmentId, EnterpriseId, GroupId, MemberId, UserId};

const USER: &str = "UPDATE app_user SET book_version = $3 WHERE eid = $1 AND uid = $2";
/// A user begins: with an address book that has nothing of whoever had the same uid before.
const NEW_USER: &str =
    "UPDATE app_user SET book_version = $3, book_floor = $3 WHERE eid = $1 AND uid = $2";
const GROUP: &str = "UPDATE user_group SET book_version = $3 WHERE eid = $1 AND gid = $2";
const DEPARTMENT: &str = "UPDATE department SET book_version = $3 WHERE eid = $1 AND did = $2";

/// The groups that `$2@$1` is in.
const GROUPS_OF_USER: &str = "UPDATE user_group SET book_version = $3 WHERE eid = $1 \
    AND gid IN (SELECT gid FROM group_member WHERE eid = $1 AND uid = $2)";

/// The users of the department `$2` of `$1`, and of all below it.
const USERS_BELOW: &str = "\
    WITH RECURSIVE below (did) AS (SELECT did FROM department WHERE eid = $1 AND did = $2 \
    UNION SELECT d.did FROM department d JOIN below b ON d.parent_did = b.did WHERE d.eid = $1) \
    UPDATE app_user SET book_version = $3 WHERE eid = $1 AND uid IN (\
    SELECT m.uid FROM department_member m WHERE m.eid = $1 AND m.did IN (SELECT did FROM below))";

/// An enterprise begins.
pub(in crate::storage) async fn enterprise_added(
    tx: &mut WriteTx<'_>,
    eid: &EnterpriseId,
) -> Result<()> {
    let version = tick(tx).await?;
    sqlx::query("UPDATE enterprise SET book_version = $2, book_floor = $2 WHERE eid = $1")
        .bind(eid.as_str())
        .bind(version)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// An enterprise was suspended, resumed or renamed.
pub(in crate::storage) async fn enterprise_changed(
    tx: &mut WriteTx<'_>,
    eid: &EnterpriseId,
) -> Result<()> {
    let version = tick(tx).await?;
    sqlx::query("UPDATE enterprise SET seen_version = $2 WHERE eid = $1")
        .bind(eid.as_str())
        .bind(version)
        .execute(tx.conn())
        .await?;
    moved_beside(tx, eid.as_str(), version).await
}

/// A user came.
pub(in crate::storage) async fn user_added(tx: &mut WriteTx<'_>, user: &UserId) -> Result<()> {
    dig_up(tx, (user.eid(), EVERYBODY), Gone::User(user.uid())).await?;
    let version = tick(tx).await?;
    stamp(tx, NEW_USER, (user.eid(), user.uid()), version).await?;
    moved_within(tx, user.eid(), version).await
}

/// A user is shown otherwise.
pub(in crate::storage) async fn user_changed(tx: &mut WriteTx<'_>, user: &UserId) -> Result<()> {
    let version = tick(tx).await?;
    stamp(tx, USER, (user.eid(), user.uid()), version).await?;
    moved_around(tx, user, version).await
}

/// A user goes, out of all groups and links too.
pub(in crate::storage) async fn user_leaves(tx: &mut WriteTx<'_>, user: &UserId) -> Result<()> {
    let version = tick(tx).await?;
    let id = (user.eid(), user.uid());
    let everybody = (user.eid(), EVERYBODY);
    bury(tx, everybody, Gone::User(user.uid()), version).await?;
    bury_all(tx, AllGone::Links, id, version).await?;
    forget_reader(tx, id).await?;
    stamp(tx, GROUPS_OF_USER, id, version).await?;
    moved_around(tx, user, version).await
}

/// A group was renamed.
pub(in crate::storage) async fn group_changed(tx: &mut WriteTx<'_>, group: &GroupId) -> Result<()> {
    let version = tick(tx).await?;
    stamp(tx, GROUP, (group.eid(), group.gid()), version).await?;
    moved_within(tx, group.eid(), version).await
}

/// A group goes. The one change that costs a row for each member, once in a group's life.
pub(in crate::storage) async fn group_leaves(tx: &mut WriteTx<'_>, group: &GroupId) -> Result<()> {
    let version = tick(tx).await?;
    bury_all(tx, AllGone::Group, (group.eid(), group.gid()), version).await?;
    moved_within(tx, group.eid(), version).await
}

/// A user came into a group.
pub(in crate::storage) async fn member_added(
    tx: &mut WriteTx<'_>,
    group: &GroupId,
    uid: &MemberId,
) -> Result<()> {
    let reader = (group.eid(), uid.as_str());
    dig_up(tx, reader, Gone::Group(group.gid())).await?;
    group_changed(tx, group).await
}

/// A user was taken out of a group.
pub(in crate::storage) async fn member_removed(
    tx: &mut WriteTx<'_>,
    group: &GroupId,
    uid: &MemberId,
) -> Result<()> {
    let version = tick(tx).await?;
    let reader = (group.eid(), uid.as_str());
    bury(tx, reader, Gone::Group(group.gid()), version).await?;
    stamp(tx, GROUP, (group.eid(), group.gid()), version).await?;
    moved_within(tx, group.eid(), version).await
}

/// A department came.
pub(in crate::storage) async fn department_added(
    tx: &mut WriteTx<'_>,
    department: &DepartmentId,
) -> Result<()> {
    let everybody = (department.eid(), EVERYBODY);
    dig_up(tx, everybody, Gone::Department(department.did())).await?;
    department_changed(tx, department).await
}

/// A department was renamed or moved.
pub(in crate::storage) async fn department_changed(
    tx: &mut WriteTx<'_>,
    department: &DepartmentId,
) -> Result<()> {
    let version = tick(tx).await?;
    let id = (department.eid(), department.did());
    stamp(tx, DEPARTMENT, id, version).await?;
    moved_within(tx, department.eid(), version).await
}

/// A department goes, with all below it; their users then belong to none.
pub(in crate::storage) async fn departments_leave(
    tx: &mut WriteTx<'_>,
    department: &DepartmentId,
) -> Result<()> {
    let version = tick(tx).await?;
    let id = (department.eid(), department.did());
    bury_all(tx, AllGone::Departments, id, version).await?;
    stamp(tx, USERS_BELOW, id, version).await?;
    moved_within(tx, department.eid(), version).await
}

/// A user came into a department, or was taken out of one. Partners do not see departments.
pub(in crate::storage) async fn user_placed(
    tx: &mut WriteTx<'_>,
    department: &DepartmentId,
    uid: &MemberId,
) -> Result<()> {
    let version = tick(tx).await?;
    stamp(tx, USER, (department.eid(), uid.as_str()), version).await?;
    moved_within(tx, department.eid(), version).await
}

/// A link came, or is of another kind. `a` is the smaller one.
pub(in crate::storage) async fn link_changed(
    tx: &mut WriteTx<'_>,
    a: &UserId,
    b: &UserId,
) -> Result<()> {
    let version = tick(tx).await?;
    sqlx::query(
        "UPDATE partner SET book_version = $5 \
         WHERE a_eid = $1 AND a_uid = $2 AND b_eid = $3 AND b_uid = $4",
    )
    .bind(a.eid())
    .bind(a.uid())
    .bind(b.eid())
    .bind(b.uid())
    .bind(version)
    .execute(tx.conn())
    .await?;
    for (reader, partner) in [(a, b), (b, a)] {
        dig_up(tx, (reader.eid(), reader.uid()), Gone::Partner(partner)).await?;
        moved_within(tx, reader.eid(), version).await?;
    }
    Ok(())
}

/// A link is undone.
pub(in crate::storage) async fn link_removed(
    tx: &mut WriteTx<'_>,
    a: &UserId,
    b: &UserId,
) -> Result<()> {
    let version = tick(tx).await?;
    for (reader, partner) in [(a, b), (b, a)] {
        let id = (reader.eid(), reader.uid());
        bury(tx, id, Gone::Partner(partner), version).await?;
        moved_within(tx, reader.eid(), version).await?;
    }
    Ok(())
}

/// Writes the version into the rows that a statement finds by enterprise and name.
async fn stamp(
    tx: &mut WriteTx<'_>,
    sql: &'static str,
    (eid, name): (&str, &str),
    version: i64,
) -> Result<()> {
    sqlx::query(sql)
        .bind(eid)
        .bind(name)
        .bind(version)
        .execute(tx.conn())
        .await?;
    Ok(())
}
