//! What comes round again while requests are served: following other processes' writes, and deleting
//! what nobody needs any more, rows and files.

use std::time::{Duration, Instant};

use crate::clock::now_ms;
use crate::files::Files;
use crate::http::App;
use crate::storage::Storage;

/// Time between looks for what can be deleted.
const PRUNE_INTERVAL: Duration = Duration::from_secs(60);
/// Rest after a failure of the database, before it is asked again; doubled while it goes on failing.
const RETRY: Duration = Duration::from_millis(500);
/// The longest rest.
const LONGEST_RETRY: Duration = Duration::from_secs(4);

/// Never ends.
pub(super) async fn recur(app: &App, log_retention: Duration) {
    tokio::join!(
        follow(&app.storage),
        prune(&app.storage, log_retention),
        keep_files_clean(app.files.as_deref()),
    );
}

/// Follows what `admin` and other replicas write; starts over when the database fails.
async fn follow(storage: &Storage) {
    let mut rest = RETRY;
    loop {
        let began = Instant::now();
        if let Err(error) = storage.follow_foreign_writes().await {
            tracing::error!(%error, "cannot follow other processes' writes");
        }
        if began.elapsed() > LONGEST_RETRY {
            rest = RETRY;
        }
        tokio::time::sleep(rest).await;
        rest = LONGEST_RETRY.min(rest * 2);
    }
}

async fn keep_files_clean(files: Option<&Files>) {
    match files {
        Some(files) => files.keep_clean().await,
        None => std::future::pending().await,
    }
}

async fn prune(storage: &Storage, log_retention: Duration) {
    let log_retention_ms = i64::try_from(log_retention.as_millis()).unwrap_or(i64::MAX);
    loop {
        let now_ms = now_ms();
        match storage.prune(now_ms).await {
            Ok(rows) => tracing::debug!(rows, "pruned"),
            Err(error) => tracing::error!(%error, "cannot prune"),
        }
        let logs = storage.prune_logs(now_ms.saturating_sub(log_retention_ms));
        match logs.await {
            Ok(rows) => tracing::debug!(rows, "pruned log records"),
            Err(error) => tracing::error!(%error, "cannot prune log records"),
        }
        tokio::time::sleep(PRUNE_INTERVAL).await;
    }
}
