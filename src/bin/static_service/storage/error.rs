//! What can go wrong in storage, so that callers need not read SQL errors.

use std::sync::Arc;

/// Why a storage call failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StorageError {
    /// It is there already.
    #[error("{0} exists already")]
    Exists(String),
    /// It is not there.
    #[error("no {0}")]
    Missing(String),
    /// It does not go with what is there.
    #[error("{0}")]
    Conflict(String),
    /// It makes no sense.
    #[error("{0}")]
    Refused(String),
    /// The session, or the password that it was to be opened with, is good no more.
    #[error("the session has ended")]
    Ended,
    /// Too many small writes wait already.
    #[error("too many writes wait")]
    Busy,
    /// The task that writes ended, or gave up.
    #[error("the writer stopped")]
    Stopped,
    /// What became of all that shared a transaction.
    #[error("{0}")]
    Shared(Arc<StorageError>),
    /// The database failed.
    #[error("database: {0}")]
    Database(sqlx::Error),
    /// The tables could not be brought up to date.
    #[error("database migration: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

impl StorageError {
    /// Whether the caller asked for something impossible, rather than the database failing.
    #[cfg_attr(not(test), allow(dead_code))]
    pub(crate) fn is_callers_fault(&self) -> bool {
        matches!(
            self,
            StorageError::Exists(_)
                | StorageError::Missing(_)
                | StorageError::Conflict(_)
                | StorageError::Refused(_)
                | StorageError::Ended
        )
    }

    /// Reads a failed insert of `what`, which belongs to `parent`.
    pub(super) fn of_insert(error: sqlx::Error, what: String, parent: String) -> StorageError {
        let kind = error.as_database_error().map(|error| error.kind());
        match kind {
            Some(sqlx::error::ErrorKind::UniqueViolation) => StorageError::Exists(what),
            Some(sqlx::error::ErrorKind::ForeignKeyViolation) => StorageError::Missing(parent),
            _ => error.into(),
        }
    }
}

impl From<sqlx::Error> for StorageError {
    fn from(error: sqlx::Error) -> Self {
        /// What PostgreSQL says of a text with a NUL in it, which it cannot hold.
        const UNTRANSLATABLE: &str = "22021";
        let code = error.as_database_error().and_then(|error| error.code());
        match code.as_deref() {
            Some(UNTRANSLATABLE) => StorageError::Refused("text with a NUL character".to_owned()),
            _ => StorageError::Database(error),
        }
    }
}

/// Fails with [`StorageError::Missing`] when a statement touched nothing.
pub(super) fn require_change(rows: u64, what: impl FnOnce() -> String) -> Result<(), StorageError> {
    if rows == 0 {
        return Err(StorageError::Missing(what()));
    }
    Ok(())
}
