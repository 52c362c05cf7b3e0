//! Roles and channels of users. A change tells the brokers the user's whole rights.

use super::error::require_change;
use super::outbox::WriteTx;
use super::users::record_upserted;
use super::{EventId, Result, Storage, StorageError};
use crate::feed::concern::{Concern, Turn};
use crate::identity::{Channel, Role, UserId};

/// What can be given to a user.
#[derive(Debug, Clone)]
pub(crate) enum Grant {
    /// A role.
    Role(Role),
    /// The right to publish to a notice channel.
    Channel(Channel),
}

impl Storage {
    /// Gives it to the user.
    pub(crate) async fn grant(&self, user: &UserId, grant: &Grant) -> Result<EventId> {
        let mut tx = self.begin().await?;
        if !insert_grant(&mut tx, user, grant).await? {
            return Err(StorageError::Exists(grant.of(user)));
        }
        record_upserted(&mut tx, user).await?;
        let concern = grant.concern(Turn::Added);
        tx.tell(user.eid(), user.uid(), concern).await?;
        tx.commit().await
    }

    /// Takes it from the user.
    pub(crate) async fn withdraw(&self, user: &UserId, grant: &Grant) -> Result<EventId> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(grant.delete())
            .bind(user.eid())
            .bind(user.uid())
            .bind(grant.value())
            .execute(tx.conn())
            .await?;
        require_change(done.rows_affected(), || grant.of(user))?;
        record_upserted(&mut tx, user).await?;
        let concern = grant.concern(Turn::Removed);
        tx.tell(user.eid(), user.uid(), concern).await?;
        tx.commit().await
    }

    /// The roles that a user has now.
    pub(crate) async fn roles(&self, user: &UserId) -> Result<Vec<String>> {
        let roles = sqlx::query_scalar("SELECT role FROM user_role WHERE eid = $1 AND uid = $2")
            .bind(user.eid())
            .bind(user.uid())
            .fetch_all(&self.read)
            .await?;
        Ok(roles)
    }
}

/// The change alone, without its events. Answers whether it is one.
pub(super) async fn insert_grant(
    tx: &mut WriteTx<'_>,
    user: &UserId,
    grant: &Grant,
) -> Result<bool> {
    let done = sqlx::query(grant.insert())
        .bind(user.eid())
        .bind(user.uid())
        .bind(grant.value())
        .execute(tx.conn())
        .await
        .map_err(|error| StorageError::of_insert(error, grant.of(user), format!("user {user}")))?;
    Ok(done.rows_affected() > 0)
}

impl Grant {
    fn insert(&self) -> &'static str {
        match self {
            Grant::Role(_) => {
                "INSERT INTO user_role (eid, uid, role) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
            }
            Grant::Channel(_) => {
                "INSERT INTO user_channel (eid, uid, channel) VALUES ($1, $2, $3) \
                 ON CONFLICT DO NOTHING"
            }
        }
    }

    fn delete(&self) -> &'static str {
        match self {
            Grant::Role(_) => "DELETE FROM user_role WHERE eid = $1 AND uid = $2 AND role = $3",
            Grant::Channel(_) => {
                "DELETE FROM user_channel WHERE eid = $1 AND uid = $2 AND channel = $3"
            }
        }
    }

    fn value(&self) -> &str {
        match self {
            Grant::Role(role) => role.as_str(),
            Grant::Channel(channel) => channel.as_str(),
        }
    }

    /// In words, for errors.
    fn of(&self, user: &UserId) -> String {
        match self {
            Grant::Role(role) => format!("role {role} of user {user}"),
            Grant::Channel(channel) => format!("channel {channel} of user {user}"),
        }
    }

    fn concern(&self, turn: Turn) -> Concern<'_> {
        match self {
            Grant::Role(role) => Concern::Role {
                turn,
                role: role.as_str(),
            },
            Grant::Channel(channel) => Concern::Channel {
                turn,
                channel: channel.as_str(),
            },
        }
    }
}
