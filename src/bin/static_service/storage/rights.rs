//! What a user may do: roles, groups, partners, channels, in one query.

use sqlx::Row as _;

use super::{DbConnection, Result};
use crate::feed::event::Rights;

pub(super) const RIGHTS: &str = "\
    SELECT 0 AS kind, role AS value FROM user_role WHERE eid = $1 AND uid = $2 \
    UNION ALL SELECT 1, gid FROM group_member WHERE eid = $1 AND uid = $2 \
    UNION ALL SELECT 2, b_uid || '@' || b_eid FROM partner WHERE a_eid = $1 AND a_uid = $2 \
    UNION ALL SELECT 2, a_uid || '@' || a_eid FROM partner WHERE b_eid = $1 AND b_uid = $2 \
    UNION ALL SELECT 3, channel FROM user_channel WHERE eid = $1 AND uid = $2 \
    ORDER BY 1, 2";

/// The rights of `uid` of `eid`; none for a user that does not exist.
pub(super) async fn rights(conn: &mut DbConnection, eid: &str, uid: &str) -> Result<Rights> {
    let rows = sqlx::query(RIGHTS)
        .bind(eid)
        .bind(uid)
        .fetch_all(conn)
        .await?;
    let mut rights = Rights::default();
    for row in rows {
        let kind = row.try_get(0)?;
        take(&mut rights, kind, row.try_get(1)?);
    }
    Ok(rights)
}

/// Takes in one right; `kind` as the statement says.
pub(super) fn take(rights: &mut Rights, kind: i64, value: String) {
    match kind {
        0 => rights.roles.push(value),
        1 => rights.groups.push(value),
        2 => rights.partners.push(value),
        _ => rights.channels.push(value),
    }
}
