//! SQLite: noticing what other processes (`admin`) commit, within milliseconds and nearly for free.
//!
//! Every commit writes to the write-ahead log, so its time and length are looked at every 5 ms (one
//! system call). Only when they changed, or may have changed within the clock's grain, is SQLite
//! asked whether somebody committed (`PRAGMA data_version`), and only then the newest event id read.
//! Should a file system not tell the time of a write, the question is asked every quarter second.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use sqlx::Row as _;

use super::{DbConnection, Result, Storage};

/// Time between looks at the log.
const LOOK: Duration = Duration::from_millis(5);
/// Coarser than the grain of file times: within it two writes may show the same time.
const GRAIN: Duration = Duration::from_millis(50);
/// Time between questions when the log looks untouched.
const ASK_ANYWAY: Duration = Duration::from_millis(250);

/// How the log looks: last written when, how long.
type Look = Option<(SystemTime, u64)>;

impl Storage {
    /// Follows other processes' commits by the write-ahead log `log` for as long as it is polled.
    pub(super) async fn follow_log(&self, log: &Path) -> Result<()> {
        let mut conn = self.read.acquire().await?;
        let (mut look, mut asked, mut seen) = (None, Instant::now(), 0);
        loop {
            let newest = look_at(log);
            if newest != look || is_recent(newest) || asked.elapsed() >= ASK_ANYWAY {
                (look, asked) = (newest, Instant::now());
                let version = data_version(&mut conn).await?;
                if version != seen {
                    seen = version;
                    self.refresh_head().await?;
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

fn look_at(log: &Path) -> Look {
    let metadata = std::fs::metadata(log).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// Whether a later write could still show the same time. A time in the future counts as one.
fn is_recent(look: Look) -> bool {
    look.is_some_and(|(written, _)| written.elapsed().map_or(true, |age| age < GRAIN))
}

async fn data_version(conn: &mut DbConnection) -> Result<i64> {
    let row = sqlx::query("PRAGMA data_version").fetch_one(conn).await?;
    Ok(row.try_get(0)?)
}
