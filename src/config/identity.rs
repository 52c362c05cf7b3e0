//! The certificate that we show to the static service, and its key.

use std::path::PathBuf;

use super::{ConfigError, Options};

/// Two PEM files, read again on SIGHUP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientIdentity {
    /// `client_cert_file`: the certificate, and those between it and the authority.
    pub cert_file: PathBuf,
    /// `client_key_file`: the private key.
    pub key_file: PathBuf,
}

impl ClientIdentity {
    /// Both options or neither.
    pub(super) fn of(options: &Options) -> Result<Option<ClientIdentity>, ConfigError> {
        let given = |name| options.get(name).filter(|path| !path.is_empty());
        match (given("client_cert_file"), given("client_key_file")) {
            (None, None) => Ok(None),
            (Some(cert), Some(key)) => Ok(Some(ClientIdentity {
                cert_file: PathBuf::from(cert),
                key_file: PathBuf::from(key),
            })),
            (Some(_), None) => Err(ConfigError::Missing("client_key_file")),
            (None, Some(_)) => Err(ConfigError::Missing("client_cert_file")),
        }
    }
}
