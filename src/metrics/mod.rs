//! Room 9: metrics. What broker's thread and worker have counted, in the text form that Prometheus reads (OpenMetrics 1.0).
//!
//! Names and meanings stand in docs/metrics.md. No label is a name of a user or anything that a client could choose.

mod engine;
mod worker;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::registry::Registry;

pub use engine::{DecisionTimes, Shared};
pub use worker::{Asked, Counted};

/// The content type of [`Metrics::encode`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All metrics.
pub struct Metrics {
    registry: Registry,
    /// What the worker counts.
    pub counted: Counted,
}

impl Metrics {
    /// The worker's own, and the engine's figures as they were shared last.
    pub fn new(shared: Arc<Mutex<Shared>>, versions: &[(&'static str, String)]) -> Metrics {
        let mut registry = Registry::with_prefix("enterprise_push");
        let counted = Counted::new(&mut registry);
        registry.register_collector(Box::new(engine::Collector::new(shared, versions)));
        Metrics { registry, counted }
    }

    /// The text of it all.
    pub fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// Figures are copied as a whole: a panic leaves them as they were.
fn lock<T: Clone>(shared: &Mutex<T>) -> T {
    shared
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

#[cfg(test)]
mod tests;
