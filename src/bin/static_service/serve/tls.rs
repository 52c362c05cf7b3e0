//! TLS by rustls: certificate, key and clients' authorities from PEM files, which are read again when they
//! change or on SIGHUP. New files that are no good leave the old ones in use.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// HTTP/2 as it is negotiated.
pub(super) const H2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";
/// Time between looks at the files.
const LOOK: Duration = Duration::from_secs(10);

/// Where certificates and keys are.
#[derive(Debug, Clone)]
pub(super) struct TlsFiles {
    /// Our chain.
    pub(super) certificate: PathBuf,
    /// Our key.
    pub(super) key: PathBuf,
    /// Who may have signed clients' certificates; none are asked for without it.
    pub(super) client_authorities: Option<PathBuf>,
}

/// The settings of new connections.
#[derive(Debug)]
pub(super) struct Tls {
    files: TlsFiles,
    current: watch::Sender<Arc<ServerConfig>>,
}

impl Tls {
    /// Reads the files.
    pub(super) fn load(files: TlsFiles) -> anyhow::Result<Tls> {
        let current = watch::Sender::new(files.read()?);
        Ok(Tls { files, current })
    }

    /// Takes the next connection in.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        Arc::clone(&self.current.borrow()).into()
    }

    /// Reads the files again, for connections to come.
    pub(super) fn reload(&self) {
        match self.files.read() {
            Ok(config) => {
                self.current.send_replace(config);
                tracing::info!("TLS files were read again");
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(error, "TLS files are no good: the former stay in use");
            }
        }
    }
}

/// Reads the files again whenever that is asked for, or they have changed. Never ends.
pub(super) async fn follow(tls: Option<&Tls>) {
    let mut seen = tls.map(|tls| tls.files.stamps());
    let mut looks = tokio::time::interval(LOOK);
    // Without a handler the signal would end the process, whether there is TLS or not.
    let mut hang_up = match signal(SignalKind::hangup()) {
        Ok(hang_up) => hang_up,
        Err(error) => {
            tracing::error!(%error, "cannot follow SIGHUP");
            return std::future::pending().await;
        }
    };
    loop {
        let asked = tokio::select! {
            _ = hang_up.recv() => true,
            _ = looks.tick() => false,
        };
        let Some(tls) = tls else { continue };
        let stamps = Some(tls.files.stamps());
        if asked || stamps != seen {
            seen = stamps;
            tls.reload();
        }
    }
}

impl TlsFiles {
    fn read(&self) -> anyhow::Result<Arc<ServerConfig>> {
        let chain = certificates(&self.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .with_context(|| format!("cannot read a private key from {}", self.key.display()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .context("no version of TLS")?;
        let builder = match &self.client_authorities {
            Some(file) => builder.with_client_cert_verifier(verifier(file)?),
            None => builder.with_no_client_auth(),
        };
        let config = builder.with_single_cert(chain, key);
        let mut config = config.with_context(|| {
            let (certificate, key) = (self.certificate.display(), self.key.display());
            format!("cannot use {certificate} with {key}")
        })?;
        config.alpn_protocols = vec![H2.to_vec(), HTTP1.to_vec()];
        Ok(Arc::new(config))
    }

    /// What changes when a file is written or replaced. A file that is away looks like no other.
    fn stamps(&self) -> Vec<Option<(SystemTime, u64)>> {
        let files = [Some(&self.certificate), Some(&self.key)];
        let files = files.into_iter().chain([self.client_authorities.as_ref()]);
        let stamp = |file: &PathBuf| {
            let meta = std::fs::metadata(file).ok()?;
            Some((meta.modified().ok()?, meta.len()))
        };
        files.flatten().map(stamp).collect()
    }
}

/// Asks clients for a certificate. Who has none is let in all the same, and is refused where one is
/// needed: clients with tokens come through the same door.
fn verifier(file: &Path) -> anyhow::Result<Arc<dyn ClientCertVerifier>> {
    let mut roots = RootCertStore::empty();
    for authority in certificates(file)? {
        roots
            .add(authority)
            .with_context(|| format!("cannot use an authority of {}", file.display()))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
    Ok(verifier.allow_unauthenticated().build()?)
}

fn certificates(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let found = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    let found: Vec<_> =
        found.with_context(|| format!("cannot read certificates from {}", file.display()))?;
    if found.is_empty() {
        bail!("{} holds no certificate in PEM form", file.display());
    }
    Ok(found)
}
