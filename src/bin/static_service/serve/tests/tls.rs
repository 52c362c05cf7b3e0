//! HTTPS, client certificates, and renewed files.

use std::sync::Arc;

use reqwest::{Certificate, Client, Identity, Version};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::super::tls::Tls;
use super::authority::{Authority, Certified, Folder};
use super::{BROKER, How, SECRET, Served, get};

/// A client that trusts `authority` and shows `identity`.
fn client(authority: &Authority, identity: Option<&Certified>) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let trusted = Certificate::from_pem(authority.pem.as_bytes()).unwrap();
    let mut builder = Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(0)
        .tls_certs_only([trusted]);
    if let Some(Certified { certificate, key }) = identity {
        let pem = format!("{key}{certificate}");
        builder = builder.identity(Identity::from_pem(pem.as_bytes()).unwrap());
    }
    builder.build().unwrap()
}

async fn serve(folder: &Folder) -> (Served, Arc<Tls>) {
    let files = folder.files();
    let brokers_show_certificates = files.client_authorities.is_some();
    let tls = Arc::new(Tls::load(files).unwrap());
    let how = How {
        tls: Some(Arc::clone(&tls)),
        brokers_show_certificates,
        ..How::default()
    };
    (Served::start(how).await, tls)
}

async fn status(client: &Client, served: &Served, path: &str) -> u16 {
    let request = client.get(served.url(path));
    let answer = request.basic_auth(BROKER, Some(SECRET)).send().await;
    answer.unwrap().status().as_u16()
}

#[tokio::test]
async fn http_2_and_http_1_are_spoken_over_tls() {
    let authority = Authority::new();
    let folder = Folder::new(&authority.certify("localhost"), None);
    let (served, _) = serve(&folder).await;
    let client = client(&authority, None);
    let answer = client.get(served.url("/healthz")).send().await.unwrap();
    assert_eq!(
        (answer.version(), answer.status().as_u16()),
        (Version::HTTP_2, 200)
    );
    let mut old = Client::builder()
        .no_proxy()
        .http1_only()
        .tls_certs_only([Certificate::from_pem(authority.pem.as_bytes()).unwrap()]);
    old = old.pool_max_idle_per_host(0);
    let answer = old.build().unwrap().get(served.url("/healthz")).send();
    assert_eq!(answer.await.unwrap().version(), Version::HTTP_11);
}

#[tokio::test]
async fn who_speaks_no_tls_or_nothing_at_all_is_not_served_and_hinders_nobody() {
    let authority = Authority::new();
    let folder = Folder::new(&authority.certify("localhost"), None);
    let (served, _) = serve(&folder).await;
    let silent = TcpStream::connect(served.address).await.unwrap();
    let mut plain = TcpStream::connect(served.address).await.unwrap();
    plain.write_all(get("/healthz").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut plain, &mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    assert_eq!(
        status(&client(&authority, None), &served, "/healthz").await,
        200
    );
    drop(silent);
}

#[tokio::test]
async fn brokers_show_a_certificate_and_clients_need_none() {
    let (authority, brokers) = (Authority::new(), Authority::new());
    let folder = Folder::new(&authority.certify("localhost"), Some(&brokers));
    let (served, _) = serve(&folder).await;
    let without = client(&authority, None);
    let paths = ["/control/v1/directory", "/control/v1/feed"];
    for path in paths {
        assert_eq!(status(&without, &served, path).await, 403, "{path}");
    }
    for path in ["/oauth2/introspect", "/oauth2/revoke", "/control/v1/logs"] {
        let request = without.post(served.url(path)).body("token=x");
        let answer = request.basic_auth(BROKER, Some(SECRET)).send().await;
        assert_eq!(answer.unwrap().status(), 403, "{path}");
    }
    let request = without.post(served.url("/api/v1/logout")).send();
    assert_eq!(request.await.unwrap().status(), 401, "by token as ever");
    let broker = brokers.certify(BROKER);
    let with = client(&authority, Some(&broker));
    for path in paths {
        assert_eq!(status(&with, &served, path).await, 200, "{path}");
    }
    let answer = with.get(served.url(paths[0])).send().await.unwrap();
    assert_eq!(answer.status(), 401, "the certificate alone is not enough");
}

#[tokio::test]
async fn a_certificate_of_somebody_else_ends_the_handshake() {
    let (authority, brokers) = (Authority::new(), Authority::new());
    let folder = Folder::new(&authority.certify("localhost"), Some(&brokers));
    let (served, _) = serve(&folder).await;
    let stranger = Authority::new().certify(BROKER);
    let client = client(&authority, Some(&stranger));
    let answer = client.get(served.url("/healthz")).send().await;
    assert!(answer.is_err(), "{answer:?}");
    drop(served.app);
}

#[tokio::test]
async fn renewed_files_are_used_for_new_connections_and_bad_ones_are_not() {
    let (old, new) = (Authority::new(), Authority::new());
    let folder = Folder::new(&old.certify("localhost"), None);
    let (served, tls) = serve(&folder).await;
    let (knows_old, knows_new) = (client(&old, None), client(&new, None));
    assert_eq!(status(&knows_old, &served, "/healthz").await, 200);
    std::fs::write(folder.file("key.pem"), "no key").unwrap();
    tls.reload();
    assert_eq!(status(&knows_old, &served, "/healthz").await, 200);
    folder.write(&new.certify("localhost"));
    tls.reload();
    assert_eq!(status(&knows_new, &served, "/healthz").await, 200);
    assert!(
        knows_old.get(served.url("/healthz")).send().await.is_err(),
        "the former certificate is out of use"
    );
}

#[test]
fn files_that_are_no_good_are_named() {
    let (authority, other) = (Authority::new(), Authority::new());
    let folder = Folder::new(&authority.certify("localhost"), None);
    let refused = |file: &str, text: &str| {
        let before = std::fs::read_to_string(folder.file(file)).unwrap();
        std::fs::write(folder.file(file), text).unwrap();
        let error = format!("{:#}", Tls::load(folder.files()).unwrap_err());
        std::fs::write(folder.file(file), before).unwrap();
        assert!(error.contains(file), "{error}");
        assert!(!error.contains("PRIVATE"), "{error}");
    };
    refused("cert.pem", "");
    refused("key.pem", "nonsense");
    refused("key.pem", &other.certify("localhost").key);
    assert!(Tls::load(folder.files()).is_ok());
}
