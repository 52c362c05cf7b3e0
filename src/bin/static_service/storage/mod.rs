//! Storage: the one module that speaks SQL. Everything else calls the domain methods of [`Storage`].
//!
//! A SQLite file or a PostgreSQL database that several replicas share. The statements are the same for both
//! (`$1` parameters, `on conflict`, no functions of one of them), and run on sqlx's `Any` driver; what
//! differs is in `backend`, `sqlite`, `postgres` and the migrations. There are many readers, and one writer
//! at a time, in whatever process, so event ids are given in commit order. A change and the feed event that
//! tells of it are one transaction ([`WriteTx`], the transactional outbox).

mod acquaintance;
mod address_book;
mod avatars;
mod backend;
mod brokers;
mod credentials;
mod departments;
mod devices;
mod directory;
mod enterprises;
mod error;
mod events;
mod file_cleaning;
mod files;
mod foreign_writes;
mod grants;
mod groups;
mod listings;
mod location;
mod login_facts;
mod logs;
mod notices;
mod notifications;
mod outbox;
mod partners;
mod pools;
mod postgres;
mod refresh;
mod rights;
mod routing;
mod service_key;
mod sessions;
mod small_writes;
mod sqlite;
mod tokens;
mod user_import;
mod users;

#[cfg(test)]
pub(crate) mod scratch;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use sqlx::{AnyPool, Transaction};
use tokio::sync::{OnceCell, watch};

pub(crate) use address_book::{BookAsked, BookCursor, BookVersion, Place, Section};
pub(crate) use avatars::NewAvatar;
pub(crate) use credentials::AccountState;
pub(crate) use departments::DepartmentChange;
pub(crate) use devices::{MAX_DEVICES, NewDevice};
pub(crate) use directory::Snapshot;
pub(crate) use error::StorageError;
pub(crate) use events::{EventId, StoredEvent};
pub(crate) use file_cleaning::KeptFile;
pub(crate) use files::{NewFile, StoredFile};
pub(crate) use grants::Grant;
pub(crate) use listings::Page;
pub(crate) use location::{DatabaseUrl, Location};
pub(crate) use login_facts::LoginFacts;
pub(crate) use logs::{FoundRecord, LogPosition, LogQuery, LogRecord};
pub(crate) use notices::{Audience, NewNotice};
pub(crate) use partners::Relation;
pub(crate) use refresh::{Renewal, Renewed};
pub(crate) use sessions::{NewSession, OwnDevice, SessionUser};
pub(crate) use tokens::{LiveToken, NewToken, Owner};
pub(crate) use user_import::ImportedUser;
pub(crate) use users::NewUser;

use crate::service_key::ServiceKey;
use outbox::{WriteTx, Writer};
use small_writes::SmallWrites;

/// Whoever watches replicas gives up on one after a few seconds.
const READY_WITHIN: std::time::Duration = std::time::Duration::from_secs(2);

/// The database, as sqlx names it.
type Db = sqlx::Any;
/// A connection to it.
type DbConnection = sqlx::AnyConnection;
/// A row of it.
type DbRow = sqlx::any::AnyRow;
/// Shorthand of this module.
type Result<T> = std::result::Result<T, StorageError>;

/// The database. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Storage {
    read: AnyPool,
    snapshots: AnyPool,
    writer: Writer,
    small_writes: SmallWrites,
    service_key: Arc<OnceCell<ServiceKey>>,
}

impl Storage {
    /// Opens the database, creates a file that is missing, and brings the tables up to date.
    pub(crate) async fn open(location: impl Into<Location>) -> Result<Storage> {
        sqlx::any::install_default_drivers();
        let (pools, backend) = match location.into() {
            Location::File(file) => sqlite::open(&file).await?,
            Location::Server(url) => postgres::open(&url).await?,
        };
        let writer = Writer {
            pool: pools.write,
            backend,
            head: watch::Sender::new(0),
        };
        let storage = Storage {
            read: pools.read,
            snapshots: pools.snapshots,
            small_writes: small_writes::start(writer.clone()),
            writer,
            service_key: Arc::default(),
        };
        storage.refresh_head().await?;
        Ok(storage)
    }

    /// Starts a change. Whoever has it is the only one who writes.
    async fn begin(&self) -> Result<WriteTx<'_>> {
        self.writer.begin().await
    }

    /// Starts a reading of several statements that all see the same moment.
    async fn begin_read(&self) -> Result<Transaction<'static, Db>> {
        self.writer.backend.begin_read(&self.read).await
    }

    /// Whether the database answers, in time for whoever asks whether we are ready.
    pub(crate) async fn ping(&self) -> Result<()> {
        let asked = sqlx::query("SELECT 1").execute(&self.read);
        let answered = tokio::time::timeout(READY_WITHIN, asked).await;
        answered.unwrap_or(Err(sqlx::Error::PoolTimedOut))?;
        Ok(())
    }

    /// Waits for running statements and closes the connections.
    pub(crate) async fn close(&self) {
        self.snapshots.close().await;
        self.read.close().await;
        self.writer.pool.close().await;
    }
}
