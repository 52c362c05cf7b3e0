//! Clients' sessions: what a password login opens, and what issues login tokens.

use sqlx::Row as _;

use super::tokens::revoke_where_session;
use super::{EventId, Result, Storage};
use crate::identity::UserId;
use crate::secret::Digest;

/// The user of a live session.
#[derive(Debug)]
pub(crate) struct SessionUser {
    /// Who.
    pub(crate) id: UserId,
    /// The digest of the session token.
    pub(crate) session: Digest,
}

impl Storage {
    /// Opens a session.
    pub(crate) async fn open_session(
        &self,
        user: &UserId,
        digest: &Digest,
        expires_at_s: i64,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO client_session (digest, eid, uid, expires_at_s) VALUES ($1, $2, $3, $4)",
        )
        .bind(digest.as_str())
        .bind(user.eid())
        .bind(user.uid())
        .bind(expires_at_s)
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The user of a session that is neither expired nor of a suspended enterprise.
    pub(crate) async fn session(&self, digest: Digest, now_s: i64) -> Result<Option<SessionUser>> {
        let row = sqlx::query(
            "SELECT s.uid || '@' || s.eid FROM client_session s JOIN enterprise e ON e.eid = s.eid \
             WHERE s.digest = $1 AND s.expires_at_s > $2 AND e.suspended_at IS NULL",
        )
        .bind(digest.as_str())
        .bind(now_s)
        .fetch_optional(&self.read)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let name: String = row.try_get(0)?;
        let id = name.parse().ok();
        Ok(id.map(|id| SessionUser {
            id,
            session: digest,
        }))
    }

    /// Ends a session and revokes the login tokens it issued.
    pub(crate) async fn close_session(&self, session: &Digest) -> Result<EventId> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM client_session WHERE digest = $1")
            .bind(session.as_str())
            .execute(tx.conn())
            .await?;
        revoke_where_session(&mut tx, session).await?;
        tx.commit().await
    }
}
