//! Notices and kicks: events without tables of their own.

use super::groups::require_group;
use super::outbox::WriteTx;
use super::users::require_user;
use super::{EventId, Result, Storage, StorageError};
use crate::clock::now_ms;
use crate::feed::event::{Event, Scope};
use crate::identity::{Device, EnterpriseId, GroupId, UserId};

/// Whom a notice is for.
#[derive(Debug, Clone)]
pub(crate) enum Audience {
    /// Everybody on the installation.
    All,
    /// An enterprise.
    Enterprise(EnterpriseId),
    /// A user.
    User(UserId),
    /// A group.
    Group(GroupId),
}

/// A notice to be sent.
#[derive(Debug)]
pub(crate) struct NewNotice {
    /// Unique id.
    pub(crate) id: String,
    /// For whom.
    pub(crate) audience: Audience,
    /// What it is about.
    pub(crate) kind: String,
    /// One line for people.
    pub(crate) title: String,
    /// Text for people.
    pub(crate) body: String,
    /// For programs; JSON.
    pub(crate) data: serde_json::Value,
    /// Whether the broker keeps it for those who come later.
    pub(crate) retain: bool,
    /// For how long it is of use, in seconds.
    pub(crate) expiry_s: Option<u32>,
}

impl Storage {
    /// Sends a notice.
    pub(crate) async fn send_notice(&self, notice: NewNotice) -> Result<EventId> {
        let mut tx = self.begin().await?;
        let scope = scope(&mut tx, notice.audience).await?;
        let event = Event::Notice {
            id: notice.id,
            scope,
            retain: notice.retain,
            expiry_s: notice.expiry_s,
            title: notice.title,
            body: notice.body,
            kind: notice.kind,
            data: notice.data,
            time: now_ms(),
        };
        tx.record(&event).await?;
        tx.commit().await
    }

    /// Ends a user's broker sessions, or one device's. It does not keep them from coming back: their
    /// tokens stay good.
    pub(crate) async fn kick_session(
        &self,
        user: &UserId,
        device: Option<&Device>,
        reason: &str,
    ) -> Result<EventId> {
        let mut tx = self.begin().await?;
        require_user(&mut tx, user).await?;
        let event = Event::SessionKick {
            eid: user.eid().to_owned(),
            uid: user.uid().to_owned(),
            device: device.map(|device| device.as_str().to_owned()),
            reason: reason.to_owned(),
        };
        tx.record(&event).await?;
        tx.commit().await
    }
}

/// The audience on the wire; fails when it does not exist.
async fn scope(tx: &mut WriteTx<'_>, audience: Audience) -> Result<Scope> {
    Ok(match audience {
        Audience::All => Scope::All { all: true },
        Audience::Enterprise(eid) => {
            require_enterprise(tx, &eid).await?;
            let eid = eid.as_str().to_owned();
            Scope::Enterprise { eid }
        }
        Audience::User(user) => {
            require_user(tx, &user).await?;
            let (eid, uid) = (user.eid().to_owned(), user.uid().to_owned());
            Scope::User { eid, uid }
        }
        Audience::Group(group) => {
            require_group(tx, &group).await?;
            let (eid, gid) = (group.eid().to_owned(), group.gid().to_owned());
            Scope::Group { eid, gid }
        }
    })
}

async fn require_enterprise(tx: &mut WriteTx<'_>, eid: &EnterpriseId) -> Result<()> {
    let found: Option<i64> = sqlx::query_scalar("SELECT 1 FROM enterprise WHERE eid = $1")
        .bind(eid.as_str())
        .fetch_optional(tx.conn())
        .await?;
    found
        .map(|_| ())
        .ok_or_else(|| StorageError::Missing(format!("enterprise {eid}")))
}
