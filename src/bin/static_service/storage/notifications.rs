//! PostgreSQL: hearing what other replicas commit. Each commit of events tells its last one on a channel
//! (`NOTIFY`, which comes with the commit or not at all). A look now and then is the net below it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use sqlx::postgres::PgListener;

use super::backend::Backend;
use super::postgres::Server;
use super::{Result, Storage, StorageError};

/// Time between looks.
const LOOK: Duration = Duration::from_secs(1);

impl Storage {
    /// Follows other processes' commits for as long as it is polled.
    pub(crate) async fn follow_foreign_writes(&self) -> Result<()> {
        match &self.writer.backend {
            Backend::Sqlite { log_file } => self.follow_log(log_file).await,
            Backend::Postgres(server) => self.follow_channel(server).await,
        }
    }

    async fn follow_channel(&self, server: &Server) -> Result<()> {
        let listener = server.listen().await?;
        // What was committed before we listened.
        let heard = AtomicI64::new(self.refresh_head().await?);
        tokio::try_join!(self.hear(listener, &heard), self.look(&heard))?;
        Ok(())
    }

    async fn hear(&self, mut listener: PgListener, heard: &AtomicI64) -> Result<()> {
        loop {
            let told = listener.try_recv().await?.ok_or_else(deaf)?;
            if let Ok(event) = told.payload().parse() {
                heard.fetch_max(event, Ordering::Relaxed);
                self.writer.advance_head(event);
            }
        }
    }

    /// Fails when there was an event that nobody told of within [`LOOK`].
    async fn look(&self, heard: &AtomicI64) -> Result<()> {
        loop {
            let there = self.refresh_head().await?;
            tokio::time::sleep(LOOK).await;
            if heard.load(Ordering::Relaxed) < there {
                return Err(deaf());
            }
        }
    }
}

/// As far as one can tell, the connection is no more.
fn deaf() -> StorageError {
    let lost = std::io::Error::new(
        std::io::ErrorKind::ConnectionAborted,
        "notifications do not come any more",
    );
    StorageError::Database(sqlx::Error::Io(lost))
}
