//! Work on the disk, off the async threads. Each call is a short one (a piece, a look, a sync), so that few
//! threads serve many transfers, and the end of the service waits for none of them long.

use std::io;

/// Does it on a thread that may block.
pub(super) async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(io::Error::other(error)))
}
