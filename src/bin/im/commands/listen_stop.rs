//! When `im listen` ends by itself: its time is up, or a signal asks for it.

use std::future::pending;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use crate::failure::Failure;

/// Why it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// `--for` is over.
    TimeUp,
    /// SIGINT, SIGTERM or SIGHUP.
    Signal,
}

/// Waits until listening must end.
pub(super) async fn stop(after: Option<Duration>) -> Result<Stop, Failure> {
    let on = |kind| signal(kind).map_err(Failure::Input);
    let mut interrupt = on(SignalKind::interrupt())?;
    let mut terminate = on(SignalKind::terminate())?;
    let mut hang_up = on(SignalKind::hangup())?;
    let time_up = async {
        match after {
            Some(after) => sleep(after).await,
            None => pending().await,
        }
    };
    tokio::select! {
        () = time_up => Ok(Stop::TimeUp),
        _ = interrupt.recv() => Ok(Stop::Signal),
        _ = terminate.recv() => Ok(Stop::Signal),
        _ = hang_up.recv() => Ok(Stop::Signal),
    }
}
