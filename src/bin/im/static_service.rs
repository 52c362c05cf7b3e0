//! The static service of a login, by the library's client.

use std::path::Path;
use std::time::Duration;

use mosquitto_enterprise_push::client::{ClientError, StaticService};

/// Checks the address and reads the CA file.
pub(crate) fn open(
    base: &str,
    ca_file: Option<&Path>,
    timeout: Duration,
) -> Result<StaticService, ClientError> {
    let read = |path: &Path| {
        std::fs::read(path)
            .map_err(|e| ClientError::Configuration(format!("{}: {e}", path.display())))
    };
    let pem = ca_file.map(read).transpose()?;
    StaticService::new(base, pem.as_deref(), timeout)
}
