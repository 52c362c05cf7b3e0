//! Login tokens. Only digests are stored; a lookup is one statement by primary key.

use sqlx::Row as _;

use super::outbox::WriteTx;
use super::rights::{rights, take};
use super::small_writes::{Committed, SmallWrite};
use super::users::require_user;
use super::{EventId, Result, Storage, StorageError};
use crate::clock::now_ms;
use crate::feed::event::{Event, Rights};
use crate::identity::{Device, DeviceKind, UserId};
use crate::secret::Digest;

/// A token to be issued.
#[derive(Debug, Clone)]
pub(crate) struct NewToken {
    /// Digest of the token.
    pub(crate) digest: Digest,
    /// Digest of the session that asks for it.
    pub(crate) session: Digest,
    /// Whose.
    pub(crate) user: UserId,
    /// On which device.
    pub(crate) device: Device,
    /// What the device is.
    pub(crate) kind: DeviceKind,
    /// Until when, Unix seconds.
    pub(crate) expires_at_s: i64,
}

/// A token that is good now.
#[derive(Debug)]
pub(crate) struct LiveToken {
    /// enterprise
    pub(crate) eid: String,
    /// user
    pub(crate) uid: String,
    /// device
    pub(crate) device: String,
    /// device kind
    pub(crate) kind: String,
    /// Unix seconds.
    pub(crate) expires_at_s: i64,
    /// What the user may do.
    pub(crate) rights: Rights,
}

/// Whose tokens a revocation may touch.
#[derive(Debug)]
pub(crate) enum Owner<'a> {
    /// Anybody's (asked by a broker).
    Anybody,
    /// One user's (asked by that user).
    User(&'a UserId),
}

/// The token first, then a row for each of the user's rights, as `rights` numbers them. (`CROSS JOIN`, since
/// SQLite keeps its order: the token first, the others by its user.)
pub(super) const LIVE_TOKEN: &str = "\
    WITH t AS (SELECT l.eid, l.uid, l.device, l.kind, l.expires_at_s FROM login_token l \
    JOIN enterprise e ON e.eid = l.eid WHERE l.digest = $1 AND l.expires_at_s > $2 \
    AND l.revoked_at IS NULL AND e.suspended_at IS NULL) \
    SELECT -1, uid, eid, device, kind, expires_at_s FROM t \
    UNION ALL SELECT 0, r.role, '', '', '', 0 FROM t CROSS JOIN user_role r \
    WHERE r.eid = t.eid AND r.uid = t.uid \
    UNION ALL SELECT 1, m.gid, '', '', '', 0 FROM t CROSS JOIN group_member m \
    WHERE m.eid = t.eid AND m.uid = t.uid \
    UNION ALL SELECT 2, p.b_uid || '@' || p.b_eid, '', '', '', 0 FROM t CROSS JOIN partner p \
    WHERE p.a_eid = t.eid AND p.a_uid = t.uid \
    UNION ALL SELECT 2, p.a_uid || '@' || p.a_eid, '', '', '', 0 FROM t CROSS JOIN partner p \
    WHERE p.b_eid = t.eid AND p.b_uid = t.uid \
    UNION ALL SELECT 3, c.channel, '', '', '', 0 FROM t CROSS JOIN user_channel c \
    WHERE c.eid = t.eid AND c.uid = t.uid \
    ORDER BY 1, 2";

impl Storage {
    /// Stores a token and announces it on the feed. Answers the user's rights at that time.
    pub(crate) async fn issue_token(&self, token: NewToken) -> Result<Committed<Rights>> {
        self.grouped(token).await
    }

    /// The token of that digest, if it is neither expired, revoked nor of a suspended enterprise. One
    /// statement: brokers ask for it thousands of times a second.
    pub(crate) async fn live_token(
        &self,
        digest: &Digest,
        now_s: i64,
    ) -> Result<Option<LiveToken>> {
        let rows = sqlx::query(LIVE_TOKEN)
            .bind(digest.as_str())
            .bind(now_s)
            .fetch_all(&self.read)
            .await?;
        let mut rows = rows.into_iter();
        let Some(row) = rows.next() else {
            return Ok(None);
        };
        let mut token = LiveToken {
            eid: row.try_get(2)?,
            uid: row.try_get(1)?,
            device: row.try_get(3)?,
            kind: row.try_get(4)?,
            expires_at_s: row.try_get(5)?,
            rights: Rights::default(),
        };
        for row in rows {
            take(&mut token.rights, row.try_get(0)?, row.try_get(1)?);
        }
        Ok(Some(token))
    }

    /// Revokes one token; nothing happens when it is unknown, revoked already or not `owner`'s.
    pub(crate) async fn revoke_token(&self, digest: &Digest, owner: Owner<'_>) -> Result<EventId> {
        let (eid, uid) = match owner {
            Owner::Anybody => (None, None),
            Owner::User(user) => (Some(user.eid()), Some(user.uid())),
        };
        let mut tx = self.begin().await?;
        let revoked = sqlx::query_scalar(
            "UPDATE login_token SET revoked_at = $1 WHERE digest = $2 AND revoked_at IS NULL \
             AND (CAST($3 AS TEXT) IS NULL OR (eid = $3 AND uid = $4)) RETURNING digest",
        )
        .bind(now_ms())
        .bind(digest.as_str())
        .bind(eid)
        .bind(uid)
        .fetch_all(tx.conn())
        .await?;
        record_revoked(&mut tx, revoked).await?;
        tx.commit().await
    }

    /// Revokes all of a user's tokens, or those of one device. Answers how many.
    pub(crate) async fn revoke_tokens_of(
        &self,
        user: &UserId,
        device: Option<&Device>,
    ) -> Result<usize> {
        let mut tx = self.begin().await?;
        require_user(&mut tx, user).await?;
        let revoked = revoke_where_user(&mut tx, user, device).await?;
        tx.commit().await?;
        Ok(revoked)
    }
}

impl SmallWrite for NewToken {
    type Outcome = Rights;

    async fn make(&self, tx: &mut WriteTx<'_>) -> Result<Rights> {
        insert_token(tx, self).await?;
        let (eid, uid) = (self.user.eid(), self.user.uid());
        let rights = rights(tx.conn(), eid, uid).await?;
        let announcement = Event::TokenIssued {
            digest: self.digest.as_str().to_owned(),
            eid: eid.to_owned(),
            uid: uid.to_owned(),
            device: self.device.as_str().to_owned(),
            kind: self.kind.as_str().to_owned(),
            exp: self.expires_at_s,
            rights: rights.clone(),
        };
        tx.record(&announcement).await?;
        Ok(rights)
    }
}

/// Fails with [`StorageError::Ended`] when the session that asked is over by now.
async fn insert_token(tx: &mut WriteTx<'_>, token: &NewToken) -> Result<()> {
    let done = sqlx::query(
        "INSERT INTO login_token (digest, session_digest, eid, uid, device, kind, expires_at_s) \
         SELECT $1, $2, $3, $4, $5, $6, $7 WHERE EXISTS (SELECT 1 FROM client_session s \
         JOIN enterprise e ON e.eid = s.eid WHERE s.digest = $2 AND s.eid = $3 AND s.uid = $4 \
         AND s.expires_at_s > $8 AND e.suspended_at IS NULL)",
    )
    .bind(token.digest.as_str())
    .bind(token.session.as_str())
    .bind(token.user.eid())
    .bind(token.user.uid())
    .bind(token.device.as_str())
    .bind(token.kind.as_str())
    .bind(token.expires_at_s)
    .bind(now_ms() / 1000)
    .execute(tx.conn())
    .await
    .map_err(|error| {
        StorageError::of_insert(error, "token".to_owned(), format!("user {}", token.user))
    })?;
    if done.rows_affected() == 0 {
        require_user(tx, &token.user).await?;
        return Err(StorageError::Ended);
    }
    Ok(())
}

/// Revokes a user's unexpired tokens, or those of one device.
pub(super) async fn revoke_where_user(
    tx: &mut WriteTx<'_>,
    user: &UserId,
    device: Option<&Device>,
) -> Result<usize> {
    let revoked = sqlx::query_scalar(
        "UPDATE login_token SET revoked_at = $1 WHERE eid = $2 AND uid = $3 \
         AND (CAST($4 AS TEXT) IS NULL OR device = $4) AND revoked_at IS NULL \
         AND expires_at_s > $5 RETURNING digest",
    )
    .bind(now_ms())
    .bind(user.eid())
    .bind(user.uid())
    .bind(device.map(Device::as_str))
    .bind(now_ms() / 1000)
    .fetch_all(tx.conn())
    .await?;
    record_revoked(tx, revoked).await
}

/// Revokes the tokens that a session issued.
pub(super) async fn revoke_where_session(tx: &mut WriteTx<'_>, session: &Digest) -> Result<usize> {
    let revoked = sqlx::query_scalar(
        "UPDATE login_token SET revoked_at = $1 WHERE session_digest = $2 \
         AND revoked_at IS NULL AND expires_at_s > $3 RETURNING digest",
    )
    .bind(now_ms())
    .bind(session.as_str())
    .bind(now_ms() / 1000)
    .fetch_all(tx.conn())
    .await?;
    record_revoked(tx, revoked).await
}

async fn record_revoked(tx: &mut WriteTx<'_>, digests: Vec<String>) -> Result<usize> {
    let count = digests.len();
    for digest in digests {
        tx.record(&Event::TokenRevoked { digest }).await?;
    }
    Ok(count)
}
