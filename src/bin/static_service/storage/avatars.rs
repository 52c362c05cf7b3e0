//! Users' pictures. The picture's digest stands with the user, where address books find it; the picture
//! itself in a table of its own.

use sqlx::Row as _;

use super::address_book::changes;
use super::outbox::WriteTx;
use super::{Result, Storage, StorageError};
use crate::identity::UserId;

/// Whose picture `$2@$1` is visible: for colleagues of `$3`, and for the linked user `$4@$3` unless the
/// picture's enterprise is suspended.
macro_rules! visible {
    ($columns:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM app_user u JOIN avatar a ON a.eid = u.eid AND a.uid = u.uid \
             JOIN enterprise e ON e.eid = u.eid WHERE u.eid = $1 AND u.uid = $2 AND (u.eid = $3 \
             OR (e.suspended_at IS NULL AND EXISTS (SELECT 1 FROM partner p \
             WHERE (p.a_eid = $1 AND p.a_uid = $2 AND p.b_eid = $3 AND p.b_uid = $4) \
             OR (p.b_eid = $1 AND p.b_uid = $2 AND p.a_eid = $3 AND p.a_uid = $4))))"
        )
    };
}

/// A picture to be stored.
#[derive(Debug)]
pub(crate) struct NewAvatar<'a> {
    /// The SHA-256 of the picture, in hex.
    pub(crate) digest: &'a str,
    /// Its media type.
    pub(crate) content_type: &'a str,
    /// The file.
    pub(crate) image: &'a [u8],
}

/// A stored picture.
#[derive(Debug)]
pub(crate) struct Avatar {
    /// The SHA-256 of the picture, in hex.
    pub(crate) digest: String,
    /// Its media type.
    pub(crate) content_type: String,
    /// The file.
    pub(crate) image: Vec<u8>,
}

impl Storage {
    /// Sets a user's picture.
    pub(crate) async fn set_avatar(&self, user: &UserId, new: &NewAvatar<'_>) -> Result<()> {
        let mut tx = self.begin().await?;
        point_at(&mut tx, user, Some(new.digest)).await?;
        sqlx::query(
            "INSERT INTO avatar (eid, uid, content_type, image) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (eid, uid) DO UPDATE \
             SET content_type = excluded.content_type, image = excluded.image",
        )
        .bind(user.eid())
        .bind(user.uid())
        .bind(new.content_type)
        .bind(new.image.to_vec())
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Removes a user's picture.
    pub(crate) async fn remove_avatar(&self, user: &UserId) -> Result<()> {
        let mut tx = self.begin().await?;
        point_at(&mut tx, user, None).await?;
        sqlx::query("DELETE FROM avatar WHERE eid = $1 AND uid = $2")
            .bind(user.eid())
            .bind(user.uid())
            .execute(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The digest of a user's picture, if there is one that the reader may see.
    pub(crate) async fn avatar_digest(
        &self,
        reader: &UserId,
        user: &UserId,
    ) -> Result<Option<String>> {
        let digest = sqlx::query_scalar(visible!("u.avatar"))
            .bind(user.eid())
            .bind(user.uid())
            .bind(reader.eid())
            .bind(reader.uid())
            .fetch_optional(&self.read)
            .await?;
        Ok(digest)
    }

    /// A user's picture, if there is one that the reader may see.
    pub(crate) async fn avatar(&self, reader: &UserId, user: &UserId) -> Result<Option<Avatar>> {
        let row = sqlx::query(visible!("u.avatar, a.content_type, a.image"))
            .bind(user.eid())
            .bind(user.uid())
            .bind(reader.eid())
            .bind(reader.uid())
            .fetch_optional(&self.read)
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Avatar {
            digest: row.try_get(0)?,
            content_type: row.try_get(1)?,
            image: row.try_get(2)?,
        }))
    }
}

/// Writes the digest where address books find it; fails when it is there already.
async fn point_at(tx: &mut WriteTx<'_>, user: &UserId, digest: Option<&str>) -> Result<()> {
    let sql = "SELECT avatar FROM app_user WHERE eid = $1 AND uid = $2";
    let old: Option<Option<String>> = sqlx::query_scalar(sql)
        .bind(user.eid())
        .bind(user.uid())
        .fetch_optional(tx.conn())
        .await?;
    match (old, digest) {
        (None, _) => return Err(StorageError::Missing(format!("user {user}"))),
        (Some(None), None) => return Err(StorageError::Missing(format!("avatar of user {user}"))),
        (Some(old), Some(new)) if old.as_deref() == Some(new) => {
            return Err(StorageError::Exists(format!("that avatar of user {user}")));
        }
        _ => {}
    }
    sqlx::query("UPDATE app_user SET avatar = CAST($3 AS TEXT) WHERE eid = $1 AND uid = $2")
        .bind(user.eid())
        .bind(user.uid())
        .bind(digest)
        .execute(tx.conn())
        .await?;
    changes::user_changed(tx, user).await
}
