//! The database of a static service: a SQLite file or, when `MEP_TEST_DATABASE_URL` is set, a PostgreSQL
//! database of its own; replicas share one of the latter. `scripts/postgres.sh` starts the server where
//! there is none.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use tokio::runtime::Runtime;

/// Where tests find a PostgreSQL server on which they may make databases.
const VARIABLE: &str = "MEP_TEST_DATABASE_URL";
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/postgres.sh");

/// A database that goes with its value.
pub(crate) enum Database {
    /// SQLite.
    File(PathBuf),
    /// PostgreSQL.
    OnServer(OnServer),
}

/// A database of a server.
pub(crate) struct OnServer {
    server: String,
    name: String,
}

impl Database {
    /// A copy of the database that `fill` makes, of the kind that this run of the tests is about.
    pub(super) fn copy(folder: &Path, fill: fn(&Database)) -> Database {
        match std::env::var(VARIABLE) {
            Ok(server) => Database::OnServer(OnServer::copy(&server, fill)),
            Err(_) => {
                let file = folder.join("service.db");
                std::fs::write(&file, filled_file(fill)).expect("a database");
                Database::File(file)
            }
        }
    }

    /// A copy on PostgreSQL, whatever this run is about.
    pub(super) fn copy_on_server(fill: fn(&Database)) -> Database {
        Database::OnServer(OnServer::copy(server(), fill))
    }

    /// An empty one on that server.
    pub(super) fn on_server(url: &str) -> Database {
        Database::OnServer(OnServer::create(url, "template1"))
    }

    /// Tells a program where its database is.
    pub(super) fn name_to(&self, program: &mut Command) {
        match self {
            Database::File(file) => program.arg("--db").arg(file),
            Database::OnServer(database) => program.env("DATABASE_URL", database.url()),
        };
    }

    /// Runs a statement on PostgreSQL.
    pub(crate) async fn execute(&self, sql: &str) {
        let Database::OnServer(database) = self else {
            panic!("no PostgreSQL database");
        };
        let done = try_execute(&database.url(), sql).await;
        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

impl OnServer {
    /// A new one, with what is in the database `template`.
    fn create(server: &str, template: &str) -> OnServer {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("mep_{}_{made}", std::process::id());
        let sql = format!("CREATE DATABASE {name} TEMPLATE {template}");
        execute(server, &sql);
        let server = server.to_owned();
        OnServer { server, name }
    }

    /// A copy of what `fill` makes, which is made once and kept by the server.
    fn copy(server: &str, fill: fn(&Database)) -> OnServer {
        static FILLED: OnceLock<Database> = OnceLock::new();
        let filled = FILLED.get_or_init(|| {
            let filled = Database::OnServer(OnServer::create(server, "template1"));
            fill(&filled);
            filled
        });
        let Database::OnServer(filled) = filled else {
            panic!("no PostgreSQL database");
        };
        OnServer::create(server, &filled.name)
    }

    fn url(&self) -> String {
        let mark = if self.server.contains('?') { '&' } else { '?' };
        format!("{}{mark}dbname={}", self.server, self.name)
    }
}

impl Drop for OnServer {
    fn drop(&mut self) {
        // What is left of a failed test's connections goes, too.
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        execute(&self.server, &sql);
    }
}

/// The content of a SQLite file, made once.
fn filled_file(fill: fn(&Database)) -> &'static [u8] {
    static FILLED: OnceLock<Vec<u8>> = OnceLock::new();
    FILLED.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("service.db");
        fill(&Database::File(file.clone()));
        std::fs::read(file).expect("a database")
    })
}

/// The server of the run, or one of our own, which stops soon after this process has ended.
fn server() -> &'static str {
    static SERVER: OnceLock<String> = OnceLock::new();
    SERVER.get_or_init(|| match std::env::var(VARIABLE) {
        Ok(server) => server,
        Err(_) => start_server(),
    })
}

/// A server that stops soon after this process has ended.
pub(crate) fn start_server() -> String {
    postgres(&["start", &std::process::id().to_string()])
}

/// Runs `scripts/postgres.sh`; answers what it printed.
pub(crate) fn postgres(arguments: &[&str]) -> String {
    let done = Command::new(SCRIPT).args(arguments).output();
    let done = done.unwrap_or_else(|error| panic!("{SCRIPT}: {error}"));
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "postgres.sh {arguments:?}: {said}");
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

async fn try_execute(url: &str, sql: &str) -> sqlx::Result<()> {
    let mut conn = PgConnection::connect(url).await?;
    conn.execute(AssertSqlSafe(sql)).await?;
    conn.close().await
}

fn execute(url: &str, sql: &str) {
    let runtime = Runtime::new().expect("a runtime");
    let done = runtime.block_on(try_execute(url, sql));
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}
