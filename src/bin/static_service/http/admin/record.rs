//! Each change that an administrator made gets a record in the log: who, where, what.

use std::sync::{Arc, OnceLock};

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;

use super::super::App;
use super::ROOT;
use crate::identity::{EnterpriseId, UserId};
use crate::journal::Entry;

/// A change that was asked for by somebody who may, if any.
#[derive(Debug, Clone, Default)]
pub(super) struct Change(Arc<OnceLock<(UserId, EnterpriseId)>>);

impl Change {
    /// Remembers who asked.
    pub(super) fn is_asked_for(parts: &Parts, by: UserId, eid: &EnterpriseId) {
        if let Some(change) = parts.extensions.get::<Change>() {
            let _ = change.0.set((by, eid.clone()));
        }
    }
}

/// Writes down what succeeded.
pub(in super::super) async fn write_down(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    if request.method().is_safe() || !path.starts_with(ROOT) {
        return next.run(request).await;
    }
    let (method, path) = (request.method().to_string(), path.to_owned());
    let change = Change::default();
    request.extensions_mut().insert(change.clone());
    let response = next.run(request).await;
    if let Some((by, eid)) = change.0.get().filter(|_| response.status().is_success()) {
        // The user's own enterprise may be another one than the one that was changed.
        let entry = match by.eid() == eid.as_str() {
            true => Entry::of("admin.change", by),
            false => Entry::within("admin.change", eid.as_str()),
        };
        let entry = entry.with("by", by.to_string());
        app.journal
            .record(entry.with("method", method).with("path", path));
    }
    response
}
