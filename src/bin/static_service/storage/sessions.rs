//! Clients' sessions: what a password or a refresh token opens, and what issues login tokens.

use sqlx::Row as _;

use super::devices::{self, NewDevice};
use super::outbox::WriteTx;
use super::small_writes::SmallWrite;
use super::tokens::{revoke_where_session, revoke_where_user};
use super::{AccountState, DbRow, EventId, Result, Storage, StorageError};
use crate::identity::{Device, DeviceKind, UserId};
use crate::secret::Digest;

/// A device of a user, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnDevice {
    /// Its name.
    pub(crate) name: Device,
    /// What it is.
    pub(crate) kind: DeviceKind,
}

/// The user of a live session.
#[derive(Debug)]
pub(crate) struct SessionUser {
    /// Who.
    pub(crate) id: UserId,
    /// The digest of the session token.
    pub(crate) session: Digest,
    /// The device whose session it is, if the client named one.
    pub(crate) device: Option<OwnDevice>,
}

/// A session to be opened for somebody who gave the right password.
#[derive(Debug, Clone)]
pub(crate) struct NewSession {
    /// Whose.
    pub(crate) user: UserId,
    /// The account that the password was compared with: it must still be that one.
    pub(crate) account: AccountState,
    /// Digest of the session token.
    pub(crate) digest: Digest,
    /// Until when, Unix seconds.
    pub(crate) expires_at_s: i64,
    /// The device that comes to be registered.
    pub(crate) device: Option<NewDevice>,
}

impl Storage {
    /// Opens a session and registers its device, whose earlier session ends. [`StorageError::Ended`]: the
    /// password was changed, or the user locked or removed, in the meantime.
    pub(crate) async fn open_session(&self, session: NewSession) -> Result<()> {
        self.grouped(session).await?;
        Ok(())
    }

    /// The user of a session that is neither expired nor of a suspended enterprise.
    pub(crate) async fn session(&self, digest: Digest, now_s: i64) -> Result<Option<SessionUser>> {
        let row = sqlx::query(
            "SELECT s.uid || '@' || s.eid, s.device, s.kind FROM client_session s \
             JOIN enterprise e ON e.eid = s.eid \
             WHERE s.digest = $1 AND s.expires_at_s > $2 AND e.suspended_at IS NULL",
        )
        .bind(digest.as_str())
        .bind(now_s)
        .fetch_optional(&self.read)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let name: String = row.try_get(0)?;
        let device = own_device(&row, 1)?;
        let id = name.parse().ok();
        Ok(id.map(|id| SessionUser {
            id,
            session: digest,
            device,
        }))
    }

    /// Ends a session and revokes the login tokens it issued; those of its device, if it is a device's.
    pub(crate) async fn close_session(&self, session: &SessionUser) -> Result<EventId> {
        let mut tx = self.begin().await?;
        match &session.device {
            Some(device) => {
                devices::end_session(&mut tx, &session.id, &device.name).await?;
                revoke_where_user(&mut tx, &session.id, Some(&device.name)).await?;
            }
            None => {
                delete_session(&mut tx, &session.session).await?;
                revoke_where_session(&mut tx, &session.session).await?;
            }
        }
        tx.commit().await
    }
}

impl SmallWrite for NewSession {
    type Outcome = ();

    async fn make(&self, tx: &mut WriteTx<'_>) -> Result<()> {
        self.account.require(tx, &self.user).await?;
        if let Some(device) = &self.device {
            devices::register(tx, &self.user, device, &self.digest).await?;
        }
        let device = self.device.as_ref().map(|device| &device.own);
        insert_session(tx, &self.digest, &self.user, device, self.expires_at_s).await
    }
}

/// Reads `device, kind` from the column `at` on.
pub(super) fn own_device(row: &DbRow, at: usize) -> Result<Option<OwnDevice>> {
    let (name, kind): (Option<String>, Option<String>) = (row.try_get(at)?, row.try_get(at + 1)?);
    let name = name.and_then(|name| name.parse().ok());
    let kind = kind.and_then(|kind| DeviceKind::parse(&kind));
    Ok(name.zip(kind).map(|(name, kind)| OwnDevice { name, kind }))
}

pub(super) async fn insert_session(
    tx: &mut WriteTx<'_>,
    digest: &Digest,
    user: &UserId,
    device: Option<&OwnDevice>,
    expires_at_s: i64,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO client_session (digest, eid, uid, expires_at_s, device, kind) \
         VALUES ($1, $2, $3, $4, CAST($5 AS TEXT), CAST($6 AS TEXT))",
    )
    .bind(digest.as_str())
    .bind(user.eid())
    .bind(user.uid())
    .bind(expires_at_s)
    .bind(device.map(|device| device.name.as_str()))
    .bind(device.map(|device| device.kind.as_str()))
    .execute(tx.conn())
    .await
    .map_err(|error| StorageError::of_insert(error, "session".into(), format!("user {user}")))?;
    Ok(())
}

pub(super) async fn delete_session(tx: &mut WriteTx<'_>, session: &Digest) -> Result<()> {
    sqlx::query("DELETE FROM client_session WHERE digest = $1")
        .bind(session.as_str())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Ends a user's sessions, save one.
pub(super) async fn delete_sessions_of(
    tx: &mut WriteTx<'_>,
    user: &UserId,
    save: Option<&Digest>,
) -> Result<()> {
    sqlx::query("DELETE FROM client_session WHERE eid = $1 AND uid = $2 AND digest <> $3")
        .bind(user.eid())
        .bind(user.uid())
        .bind(save.map_or("", Digest::as_str))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Ends the sessions of one device.
pub(super) async fn delete_sessions_on(
    tx: &mut WriteTx<'_>,
    user: &UserId,
    device: &Device,
) -> Result<()> {
    sqlx::query("DELETE FROM client_session WHERE eid = $1 AND uid = $2 AND device = $3")
        .bind(user.eid())
        .bind(user.uid())
        .bind(device.as_str())
        .execute(tx.conn())
        .await?;
    Ok(())
}
