//! How long a transfer goes on trying: as long as something moves, and for a while after that.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::error::TransferError;
use crate::commands::Backoff;

/// Patience with a server or a network that is away.
#[derive(Debug)]
pub(crate) struct Retry {
    /// How long nothing may move.
    limit: Duration,
    moved: Instant,
    /// As far as it ever came: what comes a second time is no progress.
    furthest: u64,
    backoff: Backoff,
}

impl Retry {
    pub(crate) fn new(limit: Duration) -> Self {
        Retry {
            limit,
            moved: Instant::now(),
            furthest: 0,
            backoff: Backoff::default(),
        }
    }

    /// So many bytes are done: patience begins anew when there never were as many.
    pub(super) fn progressed(&mut self, bytes: u64) {
        if bytes > self.furthest {
            self.furthest = bytes;
            self.moved = Instant::now();
            self.backoff = Backoff::default();
        }
    }

    /// Waits before the next attempt; gives the error back when there is to be none.
    pub(super) async fn pause(&mut self, error: TransferError) -> Result<(), TransferError> {
        sleep(self.wait(error, Instant::now())?).await;
        Ok(())
    }

    fn wait(&mut self, error: TransferError, now: Instant) -> Result<Duration, TransferError> {
        let pause = self.backoff.next(Duration::ZERO);
        let silent = now.saturating_duration_since(self.moved);
        if error.is_passing() && silent + pause <= self.limit {
            Ok(pause)
        } else {
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_ends_unless_something_moves_and_does_not_cover_refusals() {
        let lost = || TransferError::Lost("cut".to_owned());
        let mut retry = Retry::new(Duration::from_secs(30));
        let (mut now, mut attempts) = (Instant::now(), 0);
        while let Ok(pause) = retry.wait(lost(), now) {
            now += pause;
            attempts += 1;
        }
        assert!((4..=7).contains(&attempts), "{attempts}");
        retry.progressed(5);
        assert!(retry.wait(lost(), Instant::now()).is_ok());
        let moved = retry.moved;
        retry.progressed(5);
        assert_eq!(retry.moved, moved, "the same bytes again");
        let refused = TransferError::Refused("quota".to_owned());
        assert!(retry.wait(refused, Instant::now()).is_err());
    }
}
