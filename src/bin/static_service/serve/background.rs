//! What comes round again while requests are served: following other processes' writes, and deleting
//! what nobody needs any more.

use std::time::Duration;

use crate::clock::now_ms;
use crate::http::App;
use crate::storage::Storage;

/// Time between looks for what can be deleted.
const PRUNE_INTERVAL: Duration = Duration::from_secs(60);
/// Rest after a failure of the database, before it is asked again.
const RETRY: Duration = Duration::from_millis(500);

/// Never ends.
pub(super) async fn recur(app: &App, log_retention: Duration) {
    tokio::join!(follow(&app.storage), prune(&app.storage, log_retention));
}

/// Follows what `admin` and other replicas write; starts over when the database fails.
async fn follow(storage: &Storage) {
    loop {
        if let Err(error) = storage.follow_foreign_writes().await {
            tracing::error!(%error, "cannot follow other processes' writes");
        }
        tokio::time::sleep(RETRY).await;
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
