//! The log intake: `POST /control/v1/logs`, batches of records as NDJSON, at least once.

use std::time::Duration;

use super::UpstreamError;
use super::http::{StaticService, expect_ok};

/// Longest wait for a batch to be taken: a mebibyte may have to be stored, and nobody waits for it.
const PATIENCE: Duration = Duration::from_secs(30);

impl StaticService {
    /// Sends a batch; it has been taken whole when this succeeds.
    pub async fn send_logs(&self, ndjson: Vec<u8>) -> Result<(), UpstreamError> {
        let request = self
            .post("/control/v1/logs")
            .header("content-type", "application/x-ndjson")
            .timeout(PATIENCE)
            .body(ndjson);
        let response = request
            .send()
            .await
            .map_err(|e| UpstreamError::from_http(&e, PATIENCE))?;
        expect_ok(response).map(|_| ())
    }
}
