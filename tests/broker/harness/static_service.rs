//! The reference static service: the real program on a database of its own, or several on one.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::broker::Broker;
use super::certificates::Authority;
use super::conf::BROKER_SECRET;
use super::database::Database;
use super::mqtt::{Connect, Mqtt, MqttClient, Outcome};
use super::ports::free_port;
use super::process::Process;
use super::scene::connect_until_decided;
use super::wait::eventually;

const PROGRAM: &str = env!("CARGO_BIN_EXE_static-service");
/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse";
/// Server unavailable: MQTT 5, 3.2.2.2.
const UNAVAILABLE: u8 = 0x88;
/// Who is there from the start; `dev@acme` has alice and bob in it.
const USERS: [&str; 4] = ["alice@acme", "bob@acme", "carol@acme", "mallory@beta"];

/// A running service.
pub(crate) struct StaticService {
    process: Option<Process>,
    database: Arc<Database>,
    folder: TempDir,
    /// Shared by the replicas of a database.
    files: Arc<TempDir>,
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
        let (http, tls) = certified(authority);
        StaticService::start_with(http, tls)
    }

    /// Starts it again with a certificate of another authority, which its brokers' certificates must then be of, too.
    pub(crate) fn certify_anew(&mut self, authority: &Authority) {
        self.kill();
        let (http, tls) = certified(authority);
        self.http = client(http);
        self.tls = tls;
        self.start_again();
    }

    /// From now on the broker must show another secret.
    pub(crate) fn change_broker_secret(&self, secret: &str) {
        self.admin(&["broker", "remove", "broker-1"]);
        let add = ["broker", "add", "broker-1", "--secret-stdin"];
        admin(&self.database, &add, secret);
    }

    fn start_with(http: reqwest::ClientBuilder, tls: Vec<String>) -> StaticService {
        let folder = tempfile::tempdir().expect("a folder for the service");
        let database = Database::copy(folder.path(), fill);
        let files = Arc::new(tempfile::tempdir().expect("a folder for files"));
        StaticService::over(folder, Arc::new(database), files, http, tls)
    }

    /// Two replicas on one PostgreSQL database that is filled like that.
    pub(crate) fn replicas() -> [StaticService; 2] {
        let database = Arc::new(Database::copy_on_server(fill));
        let files = Arc::new(tempfile::tempdir().expect("a folder for files"));
        [(); 2].map(|()| {
            let folder = tempfile::tempdir().expect("a folder for the service");
            let http = reqwest::Client::builder();
            let (database, files) = (Arc::clone(&database), Arc::clone(&files));
            StaticService::over(folder, database, files, http, Vec::new())
        })
    }

    /// One on the PostgreSQL server of that URL.
    pub(crate) fn on_server(url: &str) -> StaticService {
        let folder = tempfile::tempdir().expect("a folder for the service");
        let database = Database::on_server(url);
        fill(&database);
        StaticService::on(folder, Arc::new(database))
    }

    fn on(folder: TempDir, database: Arc<Database>) -> StaticService {
        let files = Arc::new(tempfile::tempdir().expect("a folder for files"));
        StaticService::over(
            folder,
            database,
            files,
            reqwest::Client::builder(),
            Vec::new(),
        )
    }

    fn over(
        folder: TempDir,
        database: Arc<Database>,
        files: Arc<TempDir>,
        http: reqwest::ClientBuilder,
        tls: Vec<String>,
    ) -> StaticService {
        let http = client(http);
        let mut service = StaticService {
            process: None,
            database,
            folder,
            files,
            port: free_port(),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
            http,
            tls,
        };
        service.start_again();
        service
    }

    /// Starts it where it was.
    pub(crate) fn start_again(&mut self) {
        let ready = self.folder.path().join("ready");
        let _ = std::fs::remove_file(&ready);
        let mut program = Command::new(PROGRAM);
        program.arg("serve");
        self.database.name_to(&mut program);
        let mut process = Process::spawn(
            program
                .args(["--listen", &format!("127.0.0.1:{}", self.port)])
                .args(["--broker", "tcp://127.0.0.1:1883"])
                // Beside a database file there is one by default; with a database server it must be named.
                .arg("--files-dir")
                .arg(self.files.path())
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

    /// SIGSTOP: it hangs until it is killed.
    pub(crate) fn hang(&mut self) {
        let process = self.process.as_mut().expect("a running service");
        assert!(process.signal(Signal::STOP), "it has ended");
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.tls.is_empty() { "http" } else { "https" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Where it keeps everything.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// Runs an admin command.
    pub(crate) fn admin(&self, arguments: &[&str]) {
        admin(&self.database, arguments, "");
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
    /// has not heard of its token yet, or does not know that the service is back.
    pub(crate) fn join(&self, broker: &Broker, client_id: &str, mqtt: Mqtt) -> MqttClient {
        let (username, device) = client_id.split_once(':').expect("uid@eid:device");
        let connect = Connect::new(mqtt, client_id, &self.token(username, device));
        let decided =
            eventually(
                "a login once the service can be asked",
                || match connect_until_decided(broker, &connect) {
                    Outcome::Refused(UNAVAILABLE) => None,
                    outcome => Some(outcome),
                },
            );
        decided.client(client_id)
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

fn client(http: reqwest::ClientBuilder) -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = http.no_proxy().pool_max_idle_per_host(0).build();
    http.expect("an HTTP client")
}

/// A client that trusts an authority, and the service's arguments for certificates of it.
fn certified(authority: &Authority) -> (reqwest::ClientBuilder, Vec<String>) {
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
    (http, tls.to_vec())
}

/// What each service starts with. Hashing passwords takes its time.
fn fill(database: &Database) {
    for eid in ["acme", "beta"] {
        admin(database, &["enterprise", "add", eid, "--name", eid], "");
    }
    for user in USERS {
        let add = ["user", "add", user, "--password-stdin"];
        admin(database, &add, PASSWORD);
    }
    admin(database, &["group", "add", "dev@acme"], "");
    for uid in ["alice", "bob"] {
        let add = ["group", "member", "add", "dev@acme", uid];
        admin(database, &add, "");
    }
    let add = ["broker", "add", "broker-1", "--secret-stdin"];
    admin(database, &add, BROKER_SECRET);
}

fn admin(database: &Database, arguments: &[&str], input: &str) {
    let mut program = Command::new(PROGRAM);
    program.arg("admin");
    database.name_to(&mut program);
    let mut child = program
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
