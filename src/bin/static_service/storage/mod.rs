//! Storage: the one module that speaks SQL. Everything else calls the domain methods of [`Storage`].
//!
//! One SQLite file in WAL mode: many readers, and one writer at a time, so event ids are given in
//! commit order. A change and the feed event that tells of it are one transaction ([`WriteTx`], the
//! transactional outbox). SQL is kept portable (`$1` parameters, `on conflict`, no SQLite functions
//! outside the migrations), since PostgreSQL is to follow.

mod brokers;
mod departments;
mod directory;
mod enterprises;
mod error;
mod foreign_writes;
mod grants;
mod groups;
mod listings;
mod logs;
mod notices;
mod outbox;
mod partners;
mod pools;
mod rights;
mod sessions;
mod tokens;
mod users;

#[cfg(test)]
mod tests;

use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::sync::watch;

pub(crate) use departments::DepartmentChange;
pub(crate) use directory::Snapshot;
pub(crate) use error::StorageError;
pub(crate) use grants::Grant;
pub(crate) use listings::Page;
pub(crate) use logs::{FoundRecord, LogPosition, LogQuery, LogRecord};
pub(crate) use notices::{Audience, NewNotice};
pub(crate) use outbox::{EventId, StoredEvent};
pub(crate) use sessions::SessionUser;
pub(crate) use tokens::{LiveToken, NewToken, Owner};
pub(crate) use users::NewUser;

use outbox::WriteTx;

/// How long a writer waits for another process to finish its transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two tries to open a file that another process is opening.
const BUSY_PAUSE: Duration = Duration::from_millis(20);
/// Connections for reading.
const READERS: u32 = 4;
/// Snapshots held at once, with connections of their own, so that slow readers of the directory leave the
/// others theirs.
const SNAPSHOTS: u32 = 4;
/// How long the next one waits for its turn.
const SNAPSHOT_WAIT: Duration = Duration::from_secs(5);

/// The database, as sqlx names it.
type Db = sqlx::Sqlite;
/// A connection to it.
type DbConnection = sqlx::SqliteConnection;
/// A row of it.
type DbRow = sqlx::sqlite::SqliteRow;
/// Shorthand of this module.
type Result<T> = std::result::Result<T, StorageError>;

/// The database. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Storage {
    read: SqlitePool,
    snapshots: SqlitePool,
    write: SqlitePool,
    /// The newest event that this process knows of.
    head: watch::Sender<EventId>,
    /// The write-ahead log beside the database file.
    log_file: PathBuf,
}

impl Storage {
    /// Opens the file, creates it when missing, and brings its tables up to date.
    pub(crate) async fn open(file: &Path) -> Result<Storage> {
        create_private(file).map_err(sqlx::Error::Io)?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true)
            .optimize_on_close(true, None);
        let write = open_writer(&options).await?;
        let read = pool(READERS).connect_with(options.clone()).await?;
        let snapshots = pool(SNAPSHOTS)
            .min_connections(0)
            .acquire_timeout(SNAPSHOT_WAIT)
            .connect_lazy_with(options);
        let storage = Storage {
            read,
            snapshots,
            write,
            head: watch::Sender::new(0),
            log_file: log_file(file),
        };
        storage.refresh_head().await?;
        Ok(storage)
    }

    /// Starts a change. Takes the write lock at once, so that it cannot fail half way on a lock.
    async fn begin(&self) -> Result<WriteTx<'_>> {
        let tx = self.write.begin_with("BEGIN IMMEDIATE").await?;
        Ok(WriteTx::new(tx, &self.head))
    }

    /// Whether the database answers.
    pub(crate) async fn ping(&self) -> Result<()> {
        sqlx::query("SELECT 1").execute(&self.read).await?;
        Ok(())
    }

    /// Waits for running statements and closes the file.
    pub(crate) async fn close(&self) {
        self.snapshots.close().await;
        self.read.close().await;
        self.write.close().await;
    }
}

/// A new file is for its owner alone, since it holds password hashes; SQLite gives the files beside it
/// the same mode.
fn create_private(file: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let created = options.write(true).create_new(true).mode(0o600).open(file);
    match created {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn log_file(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        // A connection to a file does not go stale; the test would be a round trip for every query.
        .test_before_acquire(false)
}

/// Opens the pool of the one writer, with the tables brought up to date.
///
/// Two processes may start on a new file at once. SQLite does not wait for the other one while it turns a
/// file to WAL mode, so being busy there is no failure until the time that a writer waits is over.
async fn open_writer(options: &SqliteConnectOptions) -> Result<SqlitePool> {
    let deadline = Instant::now() + BUSY_TIMEOUT;
    let write = loop {
        match pool(1).connect_with(options.clone()).await {
            Err(error) if error::is_busy(&error) && Instant::now() < deadline => {
                tokio::time::sleep(BUSY_PAUSE).await;
            }
            opened => break opened?,
        }
    };
    migrate(&write).await?;
    Ok(write)
}

/// Runs the migrations in one transaction that holds the write lock from its beginning: of two processes
/// the slower one waits, and finds the tables there.
async fn migrate(pool: &SqlitePool) -> Result<()> {
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::migrate!("src/bin/static_service/storage/migrations/sqlite")
        .run(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(())
}
