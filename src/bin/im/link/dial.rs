//! Opens the stream to the broker, with TLS where its address says so.
//!
//! The library could do TLS itself, but the plain bytes must pass [`Overheard`].

use std::io;
use std::path::Path;
use std::sync::Arc;

use rumqttc::tokio_rustls::TlsConnector;
use rumqttc::{NetworkOptions, TlsConfiguration, default_socket_connect};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};

use super::error::LinkError;
use super::farewell::{Farewell, Overheard};
use super::options::BrokerAddress;

/// A stream, plain or within TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

/// How to reach one broker.
#[derive(Clone)]
pub(super) struct Dialler {
    /// Host and port.
    address: String,
    /// The broker's name and how to verify it; none without TLS.
    tls: Option<(ServerName<'static>, TlsConnector)>,
    farewell: Farewell,
}

impl Dialler {
    /// Trusts the CA in `ca_file` alone, or else the system's.
    pub(super) fn new(
        broker: &BrokerAddress,
        ca_file: Option<&Path>,
        farewell: Farewell,
    ) -> Result<Self, LinkError> {
        let BrokerAddress { host, port, tls } = broker;
        let address = if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        };
        let tls = tls.then(|| verifier(host, ca_file)).transpose()?;
        Ok(Dialler {
            address,
            tls,
            farewell,
        })
    }

    /// Connects.
    pub(super) async fn dial(
        self,
        network: NetworkOptions,
    ) -> io::Result<Overheard<Box<dyn Stream>>> {
        let tcp = default_socket_connect(self.address, network).await?;
        let stream: Box<dyn Stream> = match self.tls {
            Some((name, connector)) => Box::new(connector.connect(name, tcp).await?),
            None => Box::new(tcp),
        };
        Ok(Overheard::new(stream, self.farewell))
    }
}

fn verifier(
    host: &str,
    ca_file: Option<&Path>,
) -> Result<(ServerName<'static>, TlsConnector), LinkError> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|e| bad(&format!("broker name `{host}`: {e}")))?;
    let config = match ca_file {
        Some(path) => trust_only(path)?,
        None => trust_system()?,
    };
    Ok((name, TlsConnector::from(config)))
}

fn trust_only(path: &Path) -> Result<Arc<ClientConfig>, LinkError> {
    let named =
        |error: &dyn std::fmt::Display| bad(&format!("CA file {}: {error}", path.display()));
    let certificates = CertificateDer::pem_file_iter(path).map_err(|e| named(&e))?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots
            .add(certificate.map_err(|e| named(&e))?)
            .map_err(|e| named(&e))?;
    }
    if roots.is_empty() {
        return Err(named(&"no certificate in it"));
    }
    Ok(Arc::new(
        ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth(),
    ))
}

fn trust_system() -> Result<Arc<ClientConfig>, LinkError> {
    match TlsConfiguration::try_default_rustls().map_err(|e| bad(&e))? {
        TlsConfiguration::Rustls(config) => Ok(config),
        other => Err(bad(&format!("TLS of another kind: {other:?}"))),
    }
}

fn bad(error: &dyn std::fmt::Display) -> LinkError {
    LinkError::Configuration(format!("TLS: {error}"))
}
