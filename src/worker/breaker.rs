//! The circuit breaker: after some failures in a row the static service is left alone but for a probe
//! now and then, and questions are refused at once.

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::Notify;

use super::backoff::Backoff;
use super::mailbox::{Outbox, Update};
use super::service::Service;
use crate::engine::Level;
use crate::upstream::UpstreamError;

/// Failures in a row that open the breaker.
const FAILURES: u32 = 5;
/// Between two probes, at first and at most: the service's return is seen within a second.
const PROBES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// Counts failures in a row. Shared by the worker's tasks; never locked across an await.
#[derive(Default)]
pub(super) struct Breaker {
    failures: Mutex<u32>,
    opened: Notify,
}

impl Breaker {
    /// Whether questions must not be sent.
    pub(super) fn is_open(&self) -> bool {
        *self.count() >= FAILURES
    }

    /// Books how a question ended. Only an outage counts: a service that answers nonsense or refuses our
    /// credentials is there.
    pub(super) fn book(&self, failed: Option<&UpstreamError>) {
        let mut failures = self.count();
        if !failed.is_some_and(UpstreamError::is_outage) {
            *failures = 0;
            return;
        }
        *failures = failures.saturating_add(1);
        if *failures == FAILURES {
            self.opened.notify_one();
        }
    }

    /// Tells the broker when the breaker opens, probes, and tells when it closes; for ever.
    pub(super) async fn watch(&self, service: &Service, outbox: &Outbox) {
        loop {
            self.opened.notified().await;
            if !self.is_open() {
                continue;
            }
            outbox.put(Update::Reachable(false)).await;
            let text =
                "static service is out of reach: unknown login tokens are refused until it is back";
            outbox.log(Level::Error, text).await;
            self.probe(service).await;
            outbox.put(Update::Reachable(true)).await;
            outbox.log(Level::Notice, "static service is back").await;
        }
    }

    async fn probe(&self, service: &Service) {
        let mut backoff = Backoff::new(PROBES.0, PROBES.1);
        while self.is_open() {
            tokio::time::sleep(backoff.next()).await;
            let failed = service.get().probe().await.err();
            if !failed.as_ref().is_some_and(UpstreamError::is_outage) {
                self.book(failed.as_ref());
            }
        }
    }

    fn count(&self) -> std::sync::MutexGuard<'_, u32> {
        self.failures
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outages_in_a_row_open_it_and_any_answer_closes_it() {
        let breaker = Breaker::default();
        let down = UpstreamError::Unreachable("refused".into());
        for _ in 0..4 {
            breaker.book(Some(&down));
        }
        assert!(!breaker.is_open());
        breaker.book(None);
        for _ in 0..5 {
            breaker.book(Some(&UpstreamError::Timeout(Duration::from_secs(2))));
        }
        assert!(breaker.is_open());
        breaker.book(Some(&UpstreamError::Status(404)));
        assert!(!breaker.is_open());
    }

    #[test]
    fn nonsense_and_refused_credentials_are_no_outage() {
        let breaker = Breaker::default();
        for _ in 0..100 {
            breaker.book(Some(&UpstreamError::Nonsense("x".into())));
            breaker.book(Some(&UpstreamError::Credentials(401)));
        }
        assert!(!breaker.is_open());
    }
}
