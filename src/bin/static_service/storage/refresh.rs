//! Refreshing a device's session: a refresh token is taken, and all that a client needs to go on is made, in
//! one change of a few statements that others share the commit of.
//!
//! What a presented token means is decided in `refresh_token`; here is what follows from it.

use sqlx::Row as _;

use super::devices::{end_session, kick};
use super::outbox::WriteTx;
use super::sessions::{OwnDevice, delete_session, insert_session, own_device};
use super::small_writes::{Committed, SmallWrite};
use super::tokens::{revoke_where_session, revoke_where_user};
use super::{NewToken, Result, Storage};
use crate::clock::now_ms;
use crate::feed::concern::Concern;
use crate::feed::event::Rights;
use crate::identity::UserId;
use crate::refresh_token::{Chain, RefreshToken, Verdict};
use crate::secret::Digest;

/// How long a session goes on beside the one that took its place: requests may be under way.
const OVERLAP_S: i64 = 60;

/// A refresh that is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Renewal {
    /// What the client presents.
    pub(crate) presented: RefreshToken,
    /// Digest of the token that it is to get instead.
    pub(crate) successor: Digest,
    /// Until when that one is good, Unix seconds.
    pub(crate) refresh_expires_at_s: i64,
    /// Digest of the new session token.
    pub(crate) session: Digest,
    /// Until when that one is good, Unix seconds.
    pub(crate) session_expires_at_s: i64,
    /// Digest of a login token, if one is asked for, and until when it is good.
    pub(crate) login_token: Option<(Digest, i64)>,
    /// How long a lost answer may be asked for again, in milliseconds.
    pub(crate) reuse_ms: i64,
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Renewed {
    /// All is stored as asked.
    Done {
        /// Whose token it was.
        user: UserId,
        /// Of which device.
        device: OwnDevice,
        /// What the user may do, if a login token was asked for.
        rights: Option<Rights>,
    },
    /// The token had been used: the device's session is revoked, and the user told.
    Reused,
    /// The token is of no session, or of none any more.
    Ended,
    /// The user's enterprise is suspended; nothing has changed.
    Suspended,
}

/// The device that a token is of.
struct Found {
    user: UserId,
    device: OwnDevice,
    session: Option<String>,
    chain: Chain,
    suspended: bool,
}

impl Storage {
    /// Carries out a refresh. A token that nobody ever got costs a look, and no writing.
    pub(crate) async fn refresh(&self, renewal: Renewal) -> Result<Committed<Renewed>> {
        let family = renewal.presented.family_digest();
        let known: Option<i64> = sqlx::query_scalar("SELECT 1 FROM user_device WHERE family = $1")
            .bind(family.as_str())
            .fetch_optional(&self.read)
            .await?;
        if known.is_none() {
            let (event, outcome) = (0, Renewed::Ended);
            return Ok(Committed { event, outcome });
        }
        self.grouped(renewal).await
    }
}

impl SmallWrite for Renewal {
    type Outcome = Renewed;

    async fn make(&self, tx: &mut WriteTx<'_>) -> Result<Renewed> {
        let Some(found) = find(tx, &self.presented.family_digest()).await? else {
            return Ok(Renewed::Ended);
        };
        if found.suspended {
            return Ok(Renewed::Suspended);
        }
        let (now_ms, presented) = (now_ms(), self.presented.digest());
        match found.chain.judge(&presented, now_ms, self.reuse_ms) {
            Verdict::Ended => Ok(Renewed::Ended),
            Verdict::Reused => revoke(tx, found).await,
            Verdict::Rotate => {
                let last_s = now_ms / 1000 + OVERLAP_S;
                shorten_session(tx, found.session.as_deref(), last_s).await?;
                self.store(tx, presented.as_str(), now_ms).await?;
                self.open(tx, found).await
            }
            Verdict::Replace => {
                void_session(tx, found.session.as_deref()).await?;
                let since_ms = found.chain.rotated_at_ms;
                self.store(tx, presented.as_str(), since_ms).await?;
                self.open(tx, found).await
            }
        }
    }
}

impl Renewal {
    /// The successor takes its place; `previous` is what it came for, used first at `rotated_at_ms`.
    async fn store(&self, tx: &mut WriteTx<'_>, previous: &str, rotated_at_ms: i64) -> Result<()> {
        sqlx::query(
            "UPDATE user_device SET refresh_digest = $2, previous_digest = $3, rotated_at = $4, \
             refresh_expires_at_s = $5, session_digest = $6, last_seen_at = $7 WHERE family = $1",
        )
        .bind(self.presented.family_digest().as_str())
        .bind(self.successor.as_str())
        .bind(previous)
        .bind(rotated_at_ms)
        .bind(self.refresh_expires_at_s)
        .bind(self.session.as_str())
        .bind(now_ms())
        .execute(tx.conn())
        .await?;
        Ok(())
    }

    /// The new session, with a login token if one is asked for.
    async fn open(&self, tx: &mut WriteTx<'_>, found: Found) -> Result<Renewed> {
        let Found { user, device, .. } = found;
        let expires_at_s = self.session_expires_at_s;
        insert_session(tx, &self.session, &user, Some(&device), expires_at_s).await?;
        let rights = match &self.login_token {
            None => None,
            Some((digest, expires_at_s)) => {
                let token = NewToken {
                    digest: digest.clone(),
                    session: self.session.clone(),
                    user: user.clone(),
                    device: device.name.clone(),
                    kind: device.kind,
                    expires_at_s: *expires_at_s,
                };
                Some(token.make(tx).await?)
            }
        };
        Ok(Renewed::Done {
            user,
            device,
            rights,
        })
    }
}

async fn find(tx: &mut WriteTx<'_>, family: &Digest) -> Result<Option<Found>> {
    let row = sqlx::query(
        "SELECT d.uid || '@' || d.eid, d.device, d.kind, d.session_digest, d.refresh_digest, \
         d.previous_digest, d.rotated_at, d.refresh_expires_at_s, e.suspended_at \
         FROM user_device d JOIN enterprise e ON e.eid = d.eid WHERE d.family = $1",
    )
    .bind(family.as_str())
    .fetch_optional(tx.conn())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let name: String = row.try_get(0)?;
    let Some((user, device)) = name.parse().ok().zip(own_device(&row, 1)?) else {
        return Ok(None);
    };
    let or_0 = |at: usize| row.try_get(at).map(|n: Option<i64>| n.unwrap_or(0));
    Ok(Some(Found {
        user,
        device,
        session: row.try_get(3)?,
        chain: Chain {
            newest: row.try_get(4)?,
            previous: row.try_get(5)?,
            rotated_at_ms: or_0(6)?,
            expires_at_s: or_0(7)?,
        },
        suspended: row.try_get::<Option<i64>, _>(8)?.is_some(),
    }))
}

/// Ends all of a device's session, since somebody has a copy of one of its tokens. What its tokens have in
/// common is forgotten: a copy of one does not even tell any more that the device is known.
async fn revoke(tx: &mut WriteTx<'_>, found: Found) -> Result<Renewed> {
    let (user, device) = (&found.user, &found.device.name);
    end_session(tx, user, device).await?;
    sqlx::query("UPDATE user_device SET family = NULL WHERE eid = $1 AND uid = $2 AND device = $3")
        .bind(user.eid())
        .bind(user.uid())
        .bind(device.as_str())
        .execute(tx.conn())
        .await?;
    revoke_where_user(tx, user, Some(device)).await?;
    kick(tx, user, Some(device), "a refresh token was used twice").await?;
    let device = device.as_str();
    tx.tell(user.eid(), user.uid(), Concern::Reuse { device })
        .await?;
    Ok(Renewed::Reused)
}

/// The session that came with a token that is used now goes on for a moment.
async fn shorten_session(
    tx: &mut WriteTx<'_>,
    session: Option<&str>,
    expires_at_s: i64,
) -> Result<()> {
    sqlx::query(
        "UPDATE client_session SET expires_at_s = $2 WHERE digest = $1 AND expires_at_s > $2",
    )
    .bind(session.unwrap_or_default())
    .bind(expires_at_s)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// All that came in the answer that was lost is void.
async fn void_session(tx: &mut WriteTx<'_>, session: Option<&str>) -> Result<()> {
    let Some(session) = session.map(Digest::stored) else {
        return Ok(());
    };
    delete_session(tx, &session).await?;
    revoke_where_session(tx, &session).await?;
    Ok(())
}
