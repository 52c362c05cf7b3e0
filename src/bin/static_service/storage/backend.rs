//! What differs between the two databases, beside their migrations: how a transaction begins, and how
//! news of a commit travels. The statements themselves are the same.

use std::path::PathBuf;
use std::time::Duration;

use sqlx::{AnyPool, Transaction};

use super::postgres::Server;
use super::{Db, EventId, Result};

/// Connections for reading.
pub(super) const READERS: u32 = 4;
/// Snapshots held at once, with connections of their own, so that slow readers of the directory leave the
/// others theirs.
pub(super) const SNAPSHOTS: u32 = 4;
/// How long the next one waits for its turn.
pub(super) const SNAPSHOT_WAIT: Duration = Duration::from_secs(5);

/// Connections by what they are for.
pub(super) struct Pools {
    pub(super) read: AnyPool,
    pub(super) snapshots: AnyPool,
    /// One connection: a process writes one transaction at a time.
    pub(super) write: AnyPool,
}

/// Which database it is.
#[derive(Debug, Clone)]
pub(super) enum Backend {
    /// SQLite; `log_file` is the write-ahead log beside the database file.
    Sqlite { log_file: PathBuf },
    /// PostgreSQL.
    Postgres(Server),
}

impl Backend {
    /// Begins a change. It holds the right to write, which nobody else has at the same time, in whatever
    /// process, so that it cannot fail half way on a lock, and events get their ids in commit order.
    pub(super) async fn begin_write(&self, pool: &AnyPool) -> Result<Transaction<'static, Db>> {
        match self {
            Backend::Sqlite { .. } => begin(pool, "BEGIN IMMEDIATE").await,
            Backend::Postgres(server) => {
                let begin = begin(pool, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
                let mut tx = begin.await?;
                // A statement of its own: the next ones are to see all that was committed before it.
                sqlx::query("SELECT pg_advisory_xact_lock($1)")
                    .bind(server.write_lock())
                    .execute(&mut *tx)
                    .await?;
                Ok(tx)
            }
        }
    }

    /// Begins a reading of several statements that all see the same moment.
    pub(super) async fn begin_read(&self, pool: &AnyPool) -> Result<Transaction<'static, Db>> {
        match self {
            Backend::Sqlite { .. } => begin(pool, "BEGIN").await,
            Backend::Postgres(_) => {
                begin(pool, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await
            }
        }
    }

    /// Has a transaction tell everybody, with its commit, that the feed goes up to `event`.
    pub(super) async fn announce(
        &self,
        tx: &mut Transaction<'static, Db>,
        event: EventId,
    ) -> Result<()> {
        // SQLite: others see it by the write-ahead log.
        let Backend::Postgres(server) = self else {
            return Ok(());
        };
        sqlx::query("SELECT pg_notify($1, $2)")
            .bind(server.channel())
            .bind(event.to_string())
            .execute(&mut **tx)
            .await?;
        Ok(())
    }
}

/// Begins in a task of its own, which a caller that goes away does not stop: sqlx would give back a
/// connection whose transaction has just begun as one that has none.
async fn begin(pool: &AnyPool, sql: &'static str) -> Result<Transaction<'static, Db>> {
    let pool = pool.clone();
    let begun = tokio::spawn(async move { pool.begin_with(sql).await });
    match begun.await {
        Ok(begun) => Ok(begun?),
        // Only a runtime that shuts down stops a task of ours.
        Err(_) => Err(sqlx::Error::PoolClosed.into()),
    }
}
