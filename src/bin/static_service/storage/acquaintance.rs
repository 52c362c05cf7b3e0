//! Who knows whom: whether there is such a user, member or link.

use super::{Result, Storage};
use crate::identity::{GroupId, UserId};

impl Storage {
    /// Whether there is such a user.
    pub(crate) async fn user_exists(&self, user: &UserId) -> Result<bool> {
        let found: Option<i64> =
            sqlx::query_scalar("SELECT 1 FROM app_user WHERE eid = $1 AND uid = $2")
                .bind(user.eid())
                .bind(user.uid())
                .fetch_optional(&self.read)
                .await?;
        Ok(found.is_some())
    }

    /// Whether a user is a member of a group, which is one of the user's own enterprise.
    pub(crate) async fn is_member(&self, group: &GroupId, user: &UserId) -> Result<bool> {
        if group.eid() != user.eid() {
            return Ok(false);
        }
        let found: Option<i64> = sqlx::query_scalar(
            "SELECT 1 FROM group_member WHERE eid = $1 AND gid = $2 AND uid = $3",
        )
        .bind(group.eid())
        .bind(group.gid())
        .bind(user.uid())
        .fetch_optional(&self.read)
        .await?;
        Ok(found.is_some())
    }

    /// Whether two users are linked, right now.
    pub(crate) async fn are_partners(&self, one: &UserId, other: &UserId) -> Result<bool> {
        let (a, b) = if one < other {
            (one, other)
        } else {
            (other, one)
        };
        let found: Option<i64> = sqlx::query_scalar(
            "SELECT 1 FROM partner WHERE a_eid = $1 AND a_uid = $2 AND b_eid = $3 AND b_uid = $4",
        )
        .bind(a.eid())
        .bind(a.uid())
        .bind(b.eid())
        .bind(b.uid())
        .fetch_optional(&self.read)
        .await?;
        Ok(found.is_some())
    }
}
