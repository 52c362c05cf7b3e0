//! Passwords and locks: what a login is compared with, and what a change of it ends.

use sqlx::Row as _;

use super::devices::{end_refresh_of, kick};
use super::error::require_change;
use super::outbox::WriteTx;
use super::sessions::delete_sessions_of;
use super::tokens::revoke_where_user;
use super::users::require_user;
use super::{EventId, Result, SessionUser, Storage, StorageError};
use crate::clock::now_ms;
use crate::feed::concern::Concern;
use crate::identity::{Device, UserId};
use crate::secret::Digest;

/// What a login needs to know.
#[derive(Debug)]
pub(crate) struct Account {
    /// PHC string.
    pub(crate) password_hash: Option<String>,
    /// Whether the enterprise is suspended.
    pub(crate) suspended: bool,
    /// Whether the user is locked.
    pub(crate) locked: bool,
    /// Which account, and which of its passwords, this is.
    pub(crate) state: AccountState,
}

/// Changes with each new password, and when a user of that name is made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AccountState {
    /// When the user was made, in milliseconds.
    pub(crate) created_at_ms: i64,
    /// How many passwords were set since.
    pub(crate) password_generation: i64,
}

/// What a new password leaves alone: the session that asked for it, and its device's refresh token.
struct Spared<'a> {
    session: Option<&'a Digest>,
    device: Option<&'a Device>,
}

impl Storage {
    /// The account behind a user name.
    pub(crate) async fn account(&self, user: &UserId) -> Result<Option<Account>> {
        let row = sqlx::query(
            "SELECT u.password_hash, e.suspended_at, u.locked_at, u.created_at, \
             u.password_generation FROM app_user u JOIN enterprise e ON e.eid = u.eid \
             WHERE u.eid = $1 AND u.uid = $2",
        )
        .bind(user.eid())
        .bind(user.uid())
        .fetch_optional(&self.read)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Account {
            password_hash: row.try_get(0)?,
            suspended: row.try_get::<Option<i64>, _>(1)?.is_some(),
            locked: row.try_get::<Option<i64>, _>(2)?.is_some(),
            state: AccountState {
                created_at_ms: row.try_get(3)?,
                password_generation: row.try_get(4)?,
            },
        }))
    }

    /// Sets a new password; ends the user's sessions and revokes the login tokens, since whoever
    /// knew the old password may hold them, and tells the user. Answers how many tokens were revoked.
    pub(crate) async fn set_password(&self, user: &UserId, hash: &str) -> Result<usize> {
        let mut tx = self.begin().await?;
        let (session, device) = (None, None);
        let spared = Spared { session, device };
        let revoked = replace_password(&mut tx, user, hash, &spared).await?;
        tx.commit().await?;
        Ok(revoked)
    }

    /// The same, asked for by the user, whose session goes on. [`StorageError::Ended`]: it is over, or the
    /// old password was changed in the meantime.
    pub(crate) async fn change_own_password(
        &self,
        by: &SessionUser,
        old: AccountState,
        hash: &str,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        old.require(&mut tx, &by.id).await?;
        require_session(&mut tx, &by.session).await?;
        let spared = Spared {
            session: Some(&by.session),
            device: by.device.as_ref().map(|device| &device.name),
        };
        replace_password(&mut tx, &by.id, hash, &spared).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Puts a better hash of the same password in the place of `old`, if that is still there.
    pub(crate) async fn replace_hash(&self, user: &UserId, old: &str, new: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE app_user SET password_hash = $1 WHERE eid = $2 AND uid = $3 \
             AND password_hash = $4",
        )
        .bind(new)
        .bind(user.eid())
        .bind(user.uid())
        .bind(old)
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Locks a user out until [`Storage::unlock_user`]: sessions, tokens and connections end.
    pub(crate) async fn lock_user(&self, user: &UserId) -> Result<EventId> {
        let mut tx = self.begin().await?;
        require_user(&mut tx, user).await?;
        let locked = set_lock(&mut tx, user, Some(now_ms())).await?;
        if !locked {
            return Err(StorageError::Exists(format!("lock of user {user}")));
        }
        delete_sessions_of(&mut tx, user, None).await?;
        end_refresh_of(&mut tx, user, None).await?;
        revoke_where_user(&mut tx, user, None).await?;
        kick(&mut tx, user, None, "the user is locked").await?;
        tx.commit().await
    }

    /// Lets a locked user log in again.
    pub(crate) async fn unlock_user(&self, user: &UserId) -> Result<()> {
        let mut tx = self.begin().await?;
        require_user(&mut tx, user).await?;
        if !set_lock(&mut tx, user, None).await? {
            return Err(StorageError::Missing(format!("lock of user {user}")));
        }
        tx.commit().await?;
        Ok(())
    }
}

impl AccountState {
    /// Fails when the account is another one by now, or locked.
    pub(super) async fn require(&self, tx: &mut WriteTx<'_>, user: &UserId) -> Result<()> {
        let found: Option<i64> = sqlx::query_scalar(
            "SELECT 1 FROM app_user WHERE eid = $1 AND uid = $2 AND created_at = $3 \
             AND password_generation = $4 AND locked_at IS NULL",
        )
        .bind(user.eid())
        .bind(user.uid())
        .bind(self.created_at_ms)
        .bind(self.password_generation)
        .fetch_optional(tx.conn())
        .await?;
        found.map(|_| ()).ok_or(StorageError::Ended)
    }
}

async fn require_session(tx: &mut WriteTx<'_>, session: &Digest) -> Result<()> {
    let found: Option<i64> = sqlx::query_scalar("SELECT 1 FROM client_session WHERE digest = $1")
        .bind(session.as_str())
        .fetch_optional(tx.conn())
        .await?;
    found.map(|_| ()).ok_or(StorageError::Ended)
}

async fn replace_password(
    tx: &mut WriteTx<'_>,
    user: &UserId,
    hash: &str,
    spared: &Spared<'_>,
) -> Result<usize> {
    let done = sqlx::query(
        "UPDATE app_user SET password_hash = $1, password_generation = password_generation + 1 \
         WHERE eid = $2 AND uid = $3",
    )
    .bind(hash)
    .bind(user.eid())
    .bind(user.uid())
    .execute(tx.conn())
    .await?;
    require_change(done.rows_affected(), || format!("user {user}"))?;
    delete_sessions_of(tx, user, spared.session).await?;
    end_refresh_of(tx, user, spared.device).await?;
    let revoked = revoke_where_user(tx, user, None).await?;
    tx.tell(user.eid(), user.uid(), Concern::Password).await?;
    Ok(revoked)
}

/// Answers whether this is a change.
async fn set_lock(tx: &mut WriteTx<'_>, user: &UserId, at_ms: Option<i64>) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE app_user SET locked_at = CAST($3 AS BIGINT) WHERE eid = $1 AND uid = $2 \
         AND (locked_at IS NULL) <> (CAST($3 AS BIGINT) IS NULL)",
    )
    .bind(user.eid())
    .bind(user.uid())
    .bind(at_ms)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}
