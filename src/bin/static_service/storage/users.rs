//! Users, made with a password, roles and channels.

use super::address_book::changes;
use super::grants::{Grant, insert_grant};
use super::outbox::WriteTx;
use super::rights::rights;
use super::tokens::revoke_where_user;
use super::{EventId, Result, Storage, StorageError};
use crate::clock::now_ms;
use crate::feed::event::Event;
use crate::identity::{Channel, DisplayName, Role, UserId};

/// A user to be created.
#[derive(Debug)]
pub(crate) struct NewUser {
    /// Who.
    pub(crate) id: UserId,
    /// What people call them.
    pub(crate) name: DisplayName,
    /// PHC string; without one nobody can log in as this user.
    pub(crate) password_hash: Option<String>,
    /// Roles, such as `operator`.
    pub(crate) roles: Vec<Role>,
    /// Notice channels the user may publish to.
    pub(crate) channels: Vec<Channel>,
}

impl Storage {
    /// Creates a user.
    pub(crate) async fn add_user(&self, user: &NewUser) -> Result<EventId> {
        let mut tx = self.begin().await?;
        let hash = user.password_hash.as_deref();
        insert_user(&mut tx, &user.id, &user.name, hash, [None; 3]).await?;
        let roles = user.roles.iter().cloned().map(Grant::Role);
        let channels = user.channels.iter().cloned().map(Grant::Channel);
        for grant in roles.chain(channels) {
            insert_grant(&mut tx, &user.id, &grant).await?;
        }
        record_upserted(&mut tx, &user.id).await?;
        changes::user_added(&mut tx, &user.id).await?;
        tx.commit().await
    }

    /// Removes a user with sessions, tokens, memberships and links.
    pub(crate) async fn remove_user(&self, user: &UserId) -> Result<EventId> {
        let mut tx = self.begin().await?;
        require_user(&mut tx, user).await?;
        revoke_where_user(&mut tx, user, None).await?;
        changes::user_leaves(&mut tx, user).await?;
        sqlx::query("DELETE FROM app_user WHERE eid = $1 AND uid = $2")
            .bind(user.eid())
            .bind(user.uid())
            .execute(tx.conn())
            .await?;
        let (eid, uid) = (user.eid().to_owned(), user.uid().to_owned());
        tx.record(&Event::UserRemoved { eid, uid }).await?;
        tx.commit().await
    }
}

/// Writes down a user's row; `profile` is title, phone and email.
pub(super) async fn insert_user(
    tx: &mut WriteTx<'_>,
    id: &UserId,
    name: &DisplayName,
    password_hash: Option<&str>,
    profile: [Option<&str>; 3],
) -> Result<()> {
    let [title, phone, email] = profile;
    sqlx::query(
        "INSERT INTO app_user (eid, uid, name, password_hash, created_at, title, phone, email) \
         VALUES ($1, $2, $3, CAST($4 AS TEXT), $5, CAST($6 AS TEXT), CAST($7 AS TEXT), CAST($8 AS TEXT))",
    )
    .bind(id.eid())
    .bind(id.uid())
    .bind(name.as_str())
    .bind(password_hash)
    .bind(now_ms())
    .bind(title)
    .bind(phone)
    .bind(email)
    .execute(tx.conn())
    .await
    .map_err(|error| {
        StorageError::of_insert(error, format!("user {id}"), format!("enterprise {}", id.eid()))
    })?;
    Ok(())
}

/// Tells the brokers the whole user.
pub(super) async fn record_upserted(tx: &mut WriteTx<'_>, user: &UserId) -> Result<()> {
    let name = sqlx::query_scalar("SELECT name FROM app_user WHERE eid = $1 AND uid = $2")
        .bind(user.eid())
        .bind(user.uid())
        .fetch_one(tx.conn())
        .await?;
    let event = Event::UserUpserted {
        eid: user.eid().to_owned(),
        uid: user.uid().to_owned(),
        name,
        rights: rights(tx.conn(), user.eid(), user.uid()).await?,
    };
    tx.record(&event).await
}

/// Fails unless the user exists.
pub(super) async fn require_user(tx: &mut WriteTx<'_>, user: &UserId) -> Result<()> {
    let found: Option<i64> =
        sqlx::query_scalar("SELECT 1 FROM app_user WHERE eid = $1 AND uid = $2")
            .bind(user.eid())
            .bind(user.uid())
            .fetch_optional(tx.conn())
            .await?;
    found
        .map(|_| ())
        .ok_or_else(|| StorageError::Missing(format!("user {user}")))
}
