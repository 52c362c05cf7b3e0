//! Users' devices. Each has one session at a time, in its own row.

use sqlx::Row as _;

use super::error::require_change;
use super::outbox::WriteTx;
use super::sessions::{OwnDevice, delete_sessions_on};
use super::tokens::revoke_where_user;
use super::{DbRow, EventId, Page, Result, Storage, StorageError};
use crate::clock::now_ms;
use crate::feed::concern::Concern;
use crate::feed::event::Event;
use crate::identity::{Device, DisplayName, UserId};
use crate::listing::DeviceEntry;
use crate::secret::{Digest, unique_id};

/// Devices of one user at the most.
pub(crate) const MAX_DEVICES: u32 = 100;

/// A device that logs in by password.
#[derive(Debug, Clone)]
pub(crate) struct NewDevice {
    /// Its name and kind.
    pub(crate) own: OwnDevice,
    /// What people call it.
    pub(crate) called: Option<DisplayName>,
    /// Digest of what its refresh tokens have in common.
    pub(crate) family: Digest,
    /// Digest of the first of them.
    pub(crate) refresh: Digest,
    /// Until when that one is good, Unix seconds.
    pub(crate) refresh_expires_at_s: i64,
}

impl Storage {
    /// A user's devices.
    pub(crate) async fn list_devices(
        &self,
        user: &UserId,
        page: &Page,
    ) -> Result<Vec<DeviceEntry>> {
        let now_s = now_ms() / 1000;
        let sql = "SELECT device, kind, name, created_at, last_seen_at, refresh_digest, \
            refresh_expires_at_s FROM user_device WHERE eid = $1 AND uid = $2 AND device > $3 \
            ORDER BY device LIMIT $4";
        self.list_of_user(user, sql, page, |row| entry(&row, now_s))
            .await
    }

    /// Takes a device from a user: its session, its tokens, its key, and its connection end.
    pub(crate) async fn remove_device(&self, user: &UserId, device: &Device) -> Result<EventId> {
        let mut tx = self.begin().await?;
        let done =
            sqlx::query("DELETE FROM user_device WHERE eid = $1 AND uid = $2 AND device = $3")
                .bind(user.eid())
                .bind(user.uid())
                .bind(device.as_str())
                .execute(tx.conn())
                .await?;
        require_change(done.rows_affected(), || {
            format!("device {} of user {user}", device.as_str())
        })?;
        delete_sessions_on(&mut tx, user, device).await?;
        revoke_where_user(&mut tx, user, Some(device)).await?;
        kick(&mut tx, user, Some(device), "the device was removed").await?;
        let device = device.as_str();
        let concern = Concern::DeviceRemoved { device };
        tx.tell(user.eid(), user.uid(), concern).await?;
        tx.commit().await
    }

    /// Whether the user has a device whose refresh tokens were of that family, whatever became of them.
    pub(crate) async fn knows_device(&self, user: &UserId, family: &Digest) -> Result<bool> {
        let found: Option<i64> = sqlx::query_scalar(
            "SELECT 1 FROM user_device WHERE family = $1 AND eid = $2 AND uid = $3",
        )
        .bind(family.as_str())
        .bind(user.eid())
        .bind(user.uid())
        .fetch_optional(&self.read)
        .await?;
        Ok(found.is_some())
    }

    /// Ends the session that a user's own refresh token is of. Nothing happens to other users'.
    pub(crate) async fn end_family(&self, user: &UserId, family: &Digest) -> Result<EventId> {
        let mut tx = self.begin().await?;
        let device: Option<String> = sqlx::query_scalar(
            "SELECT device FROM user_device WHERE family = $1 AND eid = $2 AND uid = $3",
        )
        .bind(family.as_str())
        .bind(user.eid())
        .bind(user.uid())
        .fetch_optional(tx.conn())
        .await?;
        if let Some(device) = device.and_then(|device| device.parse::<Device>().ok()) {
            end_session(&mut tx, user, &device).await?;
            revoke_where_user(&mut tx, user, Some(&device)).await?;
        }
        tx.commit().await
    }
}

fn entry(row: &DbRow, now_s: i64) -> Result<DeviceEntry> {
    let newest: Option<String> = row.try_get(5)?;
    let expires_at_s: Option<i64> = row.try_get(6)?;
    Ok(DeviceEntry {
        device: row.try_get(0)?,
        kind: row.try_get(1)?,
        name: row.try_get(2)?,
        created_at: row.try_get::<i64, _>(3)? / 1000,
        last_seen_at: row.try_get::<i64, _>(4)? / 1000,
        signed_in: newest.is_some() && expires_at_s.is_some_and(|at| at > now_s),
    })
}

/// Registers a device, or gives a registered one its new session; the one before ends. Its key stays.
pub(super) async fn register(
    tx: &mut WriteTx<'_>,
    user: &UserId,
    new: &NewDevice,
    session: &Digest,
) -> Result<()> {
    let device = &new.own.name;
    if !is_registered(tx, user, device).await? {
        return insert(tx, user, new, session).await;
    }
    delete_sessions_on(tx, user, device).await?;
    revoke_where_user(tx, user, Some(device)).await?;
    sqlx::query(
        "UPDATE user_device SET kind = $4, name = CAST($5 AS TEXT), family = $6, \
         session_digest = $7, refresh_digest = $8, refresh_expires_at_s = $9, last_seen_at = $10, \
         previous_digest = NULL, rotated_at = NULL WHERE eid = $1 AND uid = $2 AND device = $3",
    )
    .bind(user.eid())
    .bind(user.uid())
    .bind(device.as_str())
    .bind(new.own.kind.as_str())
    .bind(new.called.as_ref().map(DisplayName::as_str))
    .bind(new.family.as_str())
    .bind(session.as_str())
    .bind(new.refresh.as_str())
    .bind(new.refresh_expires_at_s)
    .bind(now_ms())
    .execute(tx.conn())
    .await?;
    Ok(())
}

async fn is_registered(tx: &mut WriteTx<'_>, user: &UserId, device: &Device) -> Result<bool> {
    let found: Option<i64> =
        sqlx::query_scalar("SELECT 1 FROM user_device WHERE eid = $1 AND uid = $2 AND device = $3")
            .bind(user.eid())
            .bind(user.uid())
            .bind(device.as_str())
            .fetch_optional(tx.conn())
            .await?;
    Ok(found.is_some())
}

async fn insert(
    tx: &mut WriteTx<'_>,
    user: &UserId,
    new: &NewDevice,
    session: &Digest,
) -> Result<()> {
    let done = sqlx::query(
        "INSERT INTO user_device (eid, uid, device, kind, name, key_salt, family, session_digest, \
         refresh_digest, refresh_expires_at_s, created_at, last_seen_at) \
         SELECT $1, $2, $3, $4, CAST($5 AS TEXT), $6, $7, $8, $9, $10, $11, $11 \
         WHERE (SELECT COUNT(*) FROM user_device WHERE eid = $1 AND uid = $2) < $12",
    )
    .bind(user.eid())
    .bind(user.uid())
    .bind(new.own.name.as_str())
    .bind(new.own.kind.as_str())
    .bind(new.called.as_ref().map(DisplayName::as_str))
    .bind(unique_id())
    .bind(new.family.as_str())
    .bind(session.as_str())
    .bind(new.refresh.as_str())
    .bind(new.refresh_expires_at_s)
    .bind(now_ms())
    .bind(i64::from(MAX_DEVICES))
    .execute(tx.conn())
    .await?;
    if done.rows_affected() == 0 {
        let detail = format!("user {user} has {MAX_DEVICES} devices already: remove one");
        return Err(StorageError::Conflict(detail));
    }
    Ok(())
}

/// Ends a device's session. The device stays registered, and is known by its refresh tokens still.
pub(super) async fn end_session(
    tx: &mut WriteTx<'_>,
    user: &UserId,
    device: &Device,
) -> Result<()> {
    delete_sessions_on(tx, user, device).await?;
    sqlx::query(
        "UPDATE user_device SET refresh_digest = NULL, previous_digest = NULL \
         WHERE eid = $1 AND uid = $2 AND device = $3",
    )
    .bind(user.eid())
    .bind(user.uid())
    .bind(device.as_str())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Ends the refresh tokens of a user's devices, save one.
pub(super) async fn end_refresh_of(
    tx: &mut WriteTx<'_>,
    user: &UserId,
    save: Option<&Device>,
) -> Result<()> {
    sqlx::query(
        "UPDATE user_device SET refresh_digest = NULL, previous_digest = NULL \
         WHERE eid = $1 AND uid = $2 AND device <> $3",
    )
    .bind(user.eid())
    .bind(user.uid())
    .bind(save.map_or("", Device::as_str))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Tells brokers to end a user's connections, or one device's.
pub(super) async fn kick(
    tx: &mut WriteTx<'_>,
    user: &UserId,
    device: Option<&Device>,
    reason: &str,
) -> Result<()> {
    let event = Event::SessionKick {
        eid: user.eid().to_owned(),
        uid: user.uid().to_owned(),
        device: device.map(|device| device.as_str().to_owned()),
        reason: reason.to_owned(),
    };
    tx.record(&event).await
}
