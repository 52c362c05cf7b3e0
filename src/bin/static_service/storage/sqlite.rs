//! SQLite: one file in WAL mode, for its owner alone. Many read, and one writes at a time.

use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::any::AnyPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};

use super::backend::{Backend, Pools, READERS, SNAPSHOT_WAIT, SNAPSHOTS};
use super::{Result, StorageError};

/// How long a writer waits for another process to finish its transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two tries to open a file that another process is opening.
const BUSY_PAUSE: Duration = Duration::from_millis(20);
/// What holds for every connection. A revocation that was acknowledged is to survive a power cut,
/// hence `FULL`. The timeout is [`BUSY_TIMEOUT`].
const PRAGMAS: &str =
    "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 10000";

/// Opens the file, creates it when missing, and brings its tables up to date.
pub(super) async fn open(file: &Path) -> Result<(Pools, Backend)> {
    create_private(file).map_err(sqlx::Error::Io)?;
    let file = file.canonicalize().map_err(sqlx::Error::Io)?;
    let url = url(&file)?;
    // Kept until the pools are open: the last one to close a file ends its write-ahead log.
    let first = prepare(&file).await?;
    let pools = Pools {
        write: pool(1).connect(&url).await?,
        read: pool(READERS).connect(&url).await?,
        snapshots: pool(SNAPSHOTS)
            .min_connections(0)
            .acquire_timeout(SNAPSHOT_WAIT)
            .connect_lazy(&url)?,
    };
    first.close().await?;
    let log_file = log_file(&file);
    Ok((pools, Backend::Sqlite { log_file }))
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

/// The file as a URL, every byte escaped that could mean something there.
fn url(file: &Path) -> Result<String> {
    let path = file.to_str().ok_or_else(|| {
        StorageError::Refused(format!("{}: the path is not UTF-8", file.display()))
    })?;
    let mut url = "sqlite://".to_owned();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => {
                url.push(char::from(byte));
            }
            _ => url.push_str(&format!("%{byte:02X}")),
        }
    }
    Ok(url)
}

fn pool(connections: u32) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        // A connection to a file does not go stale; the test would be a round trip for every query.
        .test_before_acquire(false)
        .after_connect(|conn, _| {
            Box::pin(async move {
                conn.execute(PRAGMAS).await?;
                Ok(())
            })
        })
}

/// Turns the file to WAL mode and brings its tables up to date.
///
/// Two processes may start on a new file at once. SQLite does not wait for the other one while it turns a
/// file to WAL mode, so being busy there is no failure until the time that a writer waits is over.
async fn prepare(file: &Path) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .busy_timeout(BUSY_TIMEOUT);
    let deadline = Instant::now() + BUSY_TIMEOUT;
    let mut conn = loop {
        match options.connect().await {
            Err(error) if is_busy(&error) && Instant::now() < deadline => {
                tokio::time::sleep(BUSY_PAUSE).await;
            }
            opened => break opened?,
        }
    };
    migrate(&mut conn).await?;
    Ok(conn)
}

/// Whether another connection has the file locked: SQLITE_BUSY, whatever its extended code.
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    let code = code.and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| code & 0xff == 5)
}

/// Runs the migrations in one transaction that holds the write lock from its beginning: of two processes
/// the slower one waits, and finds the tables there.
async fn migrate(conn: &mut SqliteConnection) -> Result<()> {
    let mut tx = conn.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::migrate!("src/bin/static_service/storage/migrations/sqlite")
        .run(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(())
}
