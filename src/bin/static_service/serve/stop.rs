//! Stopping: on a signal the service first says that it is not ready, then ends streams and takes no
//! more connections.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::http::App;

/// Whether it is time to stop.
#[derive(Debug)]
pub(super) struct Stopping(watch::Receiver<bool>);

impl Stopping {
    /// On SIGTERM or SIGINT. `delay` passes between the service's own "not ready" and the end, so that
    /// balancers have time to notice.
    pub(super) fn on_signals(app: Arc<App>, delay: Duration) -> std::io::Result<Stopping> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        Ok(Stopping::after(app, delay, async move {
            tokio::select! {
                _ = terminate.recv() => tracing::info!("SIGTERM: stopping"),
                _ = interrupt.recv() => tracing::info!("SIGINT: stopping"),
            }
        }))
    }

    /// As soon as `asked` completes, and the delay is over.
    pub(super) fn after(
        app: Arc<App>,
        delay: Duration,
        asked: impl Future<Output = ()> + Send + 'static,
    ) -> Stopping {
        let (say, stopping) = watch::channel(false);
        tokio::spawn(async move {
            asked.await;
            app.readiness.withdraw();
            tokio::time::sleep(delay).await;
            app.hub.close();
            say.send_replace(true);
            // Dropping the sender would say the same; who asks later is to hear it, too.
            say.closed().await;
        });
        Stopping(stopping)
    }

    /// Waits for it.
    pub(super) async fn begun(&self) {
        // An error means that nobody can say so any more.
        let _ = self.0.clone().wait_for(|stopping| *stopping).await;
    }
}
