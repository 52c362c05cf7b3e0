//! The reference static service: the real program on a database of its own.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::broker::Broker;
use super::certificates::Authority;
use super::conf::BROKER_SECRET;
use super::mqtt::{Connect, Mqtt, MqttClient};
use super::ports::free_port;
use super::process::Process;
use super::scene::connect_until_decided;
use super::wait::eventually;

const PROGRAM: &str = env!("CARGO_BIN_EXE_static-service");
/// Everybody's password.
pub(super) const PASSWORD: &str = "correct horse";
/// Who is there from the start; `dev@acme` has alice and bob in it.
const USERS: [&str; 4] = ["alice@acme", "bob@acme", "carol@acme", "mallory@beta"];

/// A running service.
pub(crate) struct StaticService {
    process: Option<Process>,
    folder: TempDir,
    port: u16,
    runtime: Runtime,
    http: reqwest::Client,
    /// Over TLS: where the certificates are.
    tls: Vec<String>,
}

impl StaticService {
    /// Starts it with two enterprises, four users, a group, and the broker of the shipped configuration.
    pub(crate) fn start() -> StaticService {
        StaticService::start_with(reqwest::Client::builder(), Vec::new())
    }

    /// As [`StaticService::start`], over TLS, and brokers must show a certificate of the same authority.
    pub(crate) fn start_with_certificates(authority: &Authority) -> StaticService {
        authority.sign("service", "127.0.0.1");
        let file = |name: &str| authority.file(name).display().to_string();
        let tls = [
            ("--tls-cert", "service.pem"),
            ("--tls-key", "service.key"),
            ("--tls-client-ca", "ca.pem"),
        ];
        let tls = tls.map(|(option, name)| format!("{option}={}", file(name)));
        let pem = std::fs::read(authority.file("ca.pem")).expect("a certificate");
        let trusted = reqwest::Certificate::from_pem(&pem).expect("a certificate");
        let http = reqwest::Client::builder().tls_certs_only([trusted]);
        StaticService::start_with(http, tls.to_vec())
    }

    fn start_with(http: reqwest::ClientBuilder, tls: Vec<String>) -> StaticService {
        let folder = tempfile::tempdir().expect("a folder for the service");
        std::fs::write(database(folder.path()), prepared_database()).expect("a database");
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = http.no_proxy().pool_max_idle_per_host(0).build();
        let mut service = StaticService {
            process: None,
            folder,
            port: free_port(),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
            http: http.expect("an HTTP client"),
            tls,
        };
        service.start_again();
        service
    }

    /// Starts it where it was.
    pub(crate) fn start_again(&mut self) {
        let ready = self.folder.path().join("ready");
        let _ = std::fs::remove_file(&ready);
        let mut process = Process::spawn(
            Command::new(PROGRAM)
                .arg("serve")
                .arg("--db")
                .arg(database(self.folder.path()))
                .args(["--listen", &format!("127.0.0.1:{}", self.port)])
                .args(["--broker", "tcp://127.0.0.1:1883"])
                .arg("--ready-file")
                .arg(&ready)
                .args(&self.tls)
                .stdin(Stdio::null())
                .stdout(Stdio::null()),
        );
        let address = eventually("a static service that serves", || {
            assert_eq!(process.ended(), None, "the static service ended");
            std::fs::read_to_string(&ready).ok()
        });
        let _: SocketAddr = address.trim().parse().expect("an address");
        self.process = Some(process);
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.tls.is_empty() { "http" } else { "https" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// Runs an admin command.
    pub(crate) fn admin(&self, arguments: &[&str]) {
        admin(&database(self.folder.path()), arguments, "");
    }

    /// Logs in as a client does: password, then a login token for a device.
    pub(crate) fn token(&self, username: &str, device: &str) -> String {
        let credentials = json!({"username": username, "password": PASSWORD});
        let session = self.post("/api/v1/login", None, &credentials);
        let session = session["session_token"].as_str().expect("a session token");
        let kind = if device == "phone" { "phone" } else { "pc" };
        let wanted = json!({"device": device, "kind": kind});
        let token = self.post("/api/v1/token", Some(session), &wanted);
        token["token"].as_str().expect("a login token").to_owned()
    }

    /// A user on a device, logged in at the broker, as a client would: it tries again when the broker
    /// has not heard of its token yet.
    pub(crate) fn join(&self, broker: &Broker, client_id: &str, mqtt: Mqtt) -> MqttClient {
        let (username, device) = client_id.split_once(':').expect("uid@eid:device");
        let connect = Connect::new(mqtt, client_id, &self.token(username, device));
        connect_until_decided(broker, &connect).client(client_id)
    }

    fn post(&self, path: &str, bearer: Option<&str>, body: &Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.url()));
        let request = match bearer {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let request = request
            .header("content-type", "application/json")
            .body(body.to_string());
        self.runtime.block_on(async {
            let response = request.send().await.expect("an answer");
            let status = response.status();
            let text = response.text().await.expect("a body");
            assert!(status.is_success(), "{path}: {status} {text}");
            serde_json::from_str(&text).expect("JSON")
        })
    }
}

fn database(folder: &Path) -> PathBuf {
    folder.join("service.db")
}

/// The database that each service starts with, made once: hashing passwords takes its time.
fn prepared_database() -> &'static [u8] {
    static PREPARED: OnceLock<Vec<u8>> = OnceLock::new();
    PREPARED.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let db = database(folder.path());
        for eid in ["acme", "beta"] {
            admin(&db, &["enterprise", "add", eid, "--name", eid], "");
        }
        for user in USERS {
            admin(&db, &["user", "add", user, "--password-stdin"], PASSWORD);
        }
        admin(&db, &["group", "add", "dev@acme"], "");
        for uid in ["alice", "bob"] {
            admin(&db, &["group", "member", "add", "dev@acme", uid], "");
        }
        admin(
            &db,
            &["broker", "add", "broker-1", "--secret-stdin"],
            BROKER_SECRET,
        );
        std::fs::read(db).expect("a database")
    })
}

fn admin(db: &Path, arguments: &[&str], input: &str) {
    let mut child = Command::new(PROGRAM)
        .arg("admin")
        .arg("--db")
        .arg(db)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the static service's program");
    let mut stdin = child.stdin.take().expect("a pipe");
    writeln!(stdin, "{input}").ok();
    drop(stdin);
    let status = child.wait().expect("its end");
    assert!(status.success(), "admin {arguments:?}: {status}");
}
