//! PostgreSQL: shared by replicas. All that a replica holds there ends with its connections, and the
//! server closes those of a replica that hangs.

use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::postgres::{PgConnection, PgListener, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _};

use super::backend::{Backend, Pools, READERS, SNAPSHOT_WAIT, SNAPSHOTS};
use super::location::DatabaseUrl;
use super::{Result, StorageError};
use crate::secret::Digest;

/// How long one waits for a connection, which covers a restart of the server.
const WAIT: Duration = Duration::from_secs(5);
/// The same for the right to write, as with SQLite.
const WRITE_WAIT: Duration = Duration::from_secs(10);
/// A connection that rested longer is asked whether it is alive before it is used.
const RESTED: Duration = Duration::from_secs(1);
/// A connection that rested longer is closed.
const IDLE: Duration = Duration::from_secs(300);

/// What holds for every connection. A replica whose machine vanished is given up after 25 s at the most.
const ALL: [(&str, &str); 4] = [
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "20000"),
];
/// Reading: a statement that takes longer is a fault.
const READ: [(&str, &str); 2] = [
    ("statement_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "10s"),
];
/// Writing: a replica that hangs holds the right to write no longer than this.
const WRITE: [(&str, &str); 3] = [
    ("lock_timeout", "10s"),
    ("statement_timeout", "15s"),
    ("idle_in_transaction_session_timeout", "5s"),
];
/// Snapshots: between two rows waits whoever reads the directory, for 30 s at the most.
const SNAPSHOT: [(&str, &str); 1] = [("idle_in_transaction_session_timeout", "60s")];

/// What a replica knows of the server.
#[derive(Debug, Clone)]
pub(super) struct Server {
    url: DatabaseUrl,
    /// Digest of the schema's name: two installations in one database do not meet.
    schema: Digest,
}

impl Server {
    /// The key of the advisory lock that a writer holds.
    pub(super) fn write_lock(&self) -> i64 {
        let digits = self.schema.as_str().get(..15).unwrap_or_default();
        i64::from_str_radix(digits, 16).expect("15 hex digits are 60 bits")
    }

    /// The channel on which commits are told.
    pub(super) fn channel(&self) -> String {
        let digits = self.schema.as_str().get(..32).unwrap_or_default();
        format!("feed_{digits}")
    }

    /// Hears the channel; fails once the connection is lost.
    pub(super) async fn listen(&self) -> Result<PgListener> {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(WAIT)
            .connect_with(self.url.options(&ALL)?)
            .await?;
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.ignore_pool_close_event(true);
        listener.eager_reconnect(false);
        listener.listen(&self.channel()).await?;
        Ok(listener)
    }
}

/// Connects, and brings the tables up to date.
pub(super) async fn open(url: &DatabaseUrl) -> Result<(Pools, Backend)> {
    let schema = prepare(url).await?;
    let connect = |more: &[(&str, &str)]| url.with(&[&ALL, more].concat());
    let pools = Pools {
        write: pool(1, WRITE_WAIT).connect(&connect(&WRITE)).await?,
        read: pool(READERS, WAIT).connect(&connect(&READ)).await?,
        snapshots: pool(SNAPSHOTS, SNAPSHOT_WAIT)
            .min_connections(0)
            .connect_lazy(&connect(&SNAPSHOT))?,
    };
    let server = Server {
        url: url.clone(),
        schema,
    };
    Ok((pools, Backend::Postgres(server)))
}

fn pool(connections: u32, wait: Duration) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(wait)
        .idle_timeout(IDLE)
        .max_lifetime(None)
        .test_before_acquire(false)
        .before_acquire(|conn, meta| {
            Box::pin(async move {
                if meta.idle_for > RESTED {
                    conn.ping().await?;
                }
                Ok(true)
            })
        })
}

/// Brings the tables up to date. Answers the digest of the schema's name.
async fn prepare(url: &DatabaseUrl) -> Result<Digest> {
    let mut conn = url.options(&ALL)?.connect().await?;
    let schema: Option<String> = sqlx::query_scalar("SELECT CAST(current_schema() AS TEXT)")
        .fetch_one(&mut conn)
        .await?;
    let schema = schema.ok_or_else(|| {
        let what = format!("{url}: the search path names no schema that is there");
        StorageError::Refused(what)
    })?;
    let schema = Digest::of(format!("mosquitto-enterprise-push {schema}").as_bytes());
    migrate(&mut conn).await?;
    conn.close().await?;
    Ok(schema)
}

/// Runs the migrations in one transaction; of two replicas the slower one waits, and finds the tables there.
async fn migrate(conn: &mut PgConnection) -> Result<()> {
    /// Not the writer's: a migration takes its time.
    const MIGRATION_LOCK: i64 = 0x6d65_702d_6d69_6772;
    let mut tx = conn.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(MIGRATION_LOCK)
        .execute(&mut *tx)
        .await?;
    sqlx::migrate!("src/bin/static_service/storage/migrations/postgres")
        .set_locking(false)
        .run(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(())
}
