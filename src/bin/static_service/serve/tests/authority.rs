//! Certificates for tests.

use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use super::super::tls::TlsFiles;

/// Somebody who signs certificates.
pub(super) struct Authority {
    pub(super) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, PEM.
pub(super) struct Certified {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl Authority {
    pub(super) fn new() -> Authority {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        Authority { pem, issuer }
    }

    /// A certificate for this name.
    pub(super) fn certify(&self, name: &str) -> Certified {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Certified {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }
}

/// A folder with the files that a service is told of.
pub(super) struct Folder(tempfile::TempDir);

impl Folder {
    /// Ours is a certificate of `ours`; clients' come from `theirs`.
    pub(super) fn new(ours: &Certified, theirs: Option<&Authority>) -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        folder.write(ours);
        if let Some(theirs) = theirs {
            std::fs::write(folder.file("clients.pem"), &theirs.pem).unwrap();
        }
        folder
    }

    pub(super) fn write(&self, ours: &Certified) {
        std::fs::write(self.file("cert.pem"), &ours.certificate).unwrap();
        std::fs::write(self.file("key.pem"), &ours.key).unwrap();
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn files(&self) -> TlsFiles {
        let authorities = self.file("clients.pem");
        TlsFiles {
            certificate: self.file("cert.pem"),
            key: self.file("key.pem"),
            client_authorities: authorities.exists().then_some(authorities),
        }
    }
}
