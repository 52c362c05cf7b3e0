//! An installation of the real static service: its program, a database, and the processes on it.
//!
//! | module | what it is for |
//! |---|---|
//! | `client`, `load` | one HTTP connection to it; many of them |

pub(crate) mod client;
pub(crate) mod load;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use serde_json::Value;
use tempfile::TempDir;

use crate::cores::Cores;
use crate::process::{Process, Usage};
use client::basic;

/// Options with which password hashes are next to free: only for putting users in, never for what is measured.
const CHEAP: [&str; 5] = [
    "--argon2-memory-kib",
    "8",
    "--argon2-passes",
    "1",
    "--argon2-weak-for-tests",
];

/// What password hashes cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hashes {
    /// What they cost by default.
    Owasp,
    /// Next to nothing.
    Cheap,
}

impl Hashes {
    fn options(self) -> &'static [&'static str] {
        match self {
            Hashes::Owasp => &[],
            Hashes::Cheap => &CHEAP,
        }
    }
}

/// A program, a database of its own, and what is not there twice.
pub(crate) struct Installation {
    program: PathBuf,
    url: Option<String>,
    replicas: u8,
    folder: TempDir,
    eid: String,
}

impl Installation {
    /// A database that nobody is in, yet. Without a program, the one beside this program.
    pub(crate) fn new(
        program: Option<&Path>,
        url: Option<String>,
        replicas: u8,
    ) -> anyhow::Result<Installation> {
        let program = match program {
            Some(file) => file.to_owned(),
            None => std::env::current_exe()?.with_file_name("static-service"),
        };
        let program = program.canonicalize().with_context(|| {
            let program = program.display();
            format!("no static service at `{program}` (--static-service)")
        })?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        Ok(Installation {
            program,
            url,
            replicas,
            folder: tempfile::Builder::new().prefix("im-bench.").tempdir()?,
            eid: format!("bench-{:x}", now.as_micros()),
        })
    }

    /// The name of an enterprise that is in no other installation, since a PostgreSQL database may have been
    /// used before.
    pub(crate) fn eid(&self) -> &str {
        &self.eid
    }

    /// One administrator's command; answers what it printed.
    pub(crate) fn admin(
        &self,
        hashes: Hashes,
        words: &[&str],
        input: &str,
    ) -> anyhow::Result<Value> {
        let mut command = Command::new(&self.program);
        command.arg("admin");
        self.on_the_database(&mut command);
        let mut child = command
            .arg("--json")
            .args(hashes.options())
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start `{}`", self.program.display()))?;
        // The input is closed with it; who does not read it says so below.
        if let Some(mut to) = child.stdin.take() {
            let _ = to.write_all(input.as_bytes());
        }
        let done = child.wait_with_output()?;
        if !done.status.success() {
            let why = String::from_utf8_lossy(&done.stderr);
            bail!("`admin {}`: {}", words.join(" "), why.trim());
        }
        Ok(serde_json::from_slice(&done.stdout)?)
    }

    /// Adds an enterprise.
    pub(crate) fn found(&self, eid: &str, name: &str) -> anyhow::Result<()> {
        let add = ["enterprise", "add", eid, "--name", name];
        self.admin(Hashes::Owasp, &add, "").map(drop)
    }

    /// Lets a broker in; answers its secret.
    pub(crate) fn add_broker(&self, client_id: &str) -> anyhow::Result<String> {
        let added = self.admin(Hashes::Owasp, &["broker", "add", client_id], "")?;
        let secret = added.get("client_secret").and_then(Value::as_str);
        secret.map(str::to_owned).context("no client_secret")
    }

    /// Lets a broker in; answers its `Authorization`.
    pub(crate) fn broker(&self) -> anyhow::Result<String> {
        Ok(basic(&self.eid, &self.add_broker(&self.eid)?))
    }

    /// Starts all replicas and waits until they serve.
    pub(crate) fn serve(&self, hashes: Hashes) -> anyhow::Result<Services> {
        let start = |number| self.start(number, Command::new(&self.program), hashes);
        let replicas = (1..=self.replicas).map(start);
        replicas.collect::<anyhow::Result<_>>().map(Services)
    }

    /// Starts one process, on the service's core.
    pub(crate) fn serve_on(&self, cores: &Cores) -> anyhow::Result<Services> {
        let command = cores.command(&self.program);
        Ok(Services(vec![self.start(1, command, Hashes::Owasp)?]))
    }

    fn start(&self, number: u8, mut command: Command, hashes: Hashes) -> anyhow::Result<Service> {
        let folder = self.folder.path();
        let ready = folder.join(format!("ready-{number}"));
        let _ = std::fs::remove_file(&ready);
        command.arg("serve");
        self.on_the_database(&mut command);
        command
            .args(["--broker", "tcp://127.0.0.1:1883", "--ready-file"])
            .arg(&ready)
            .args(hashes.options());
        let log = format!("log-{number}");
        let process = Process::start("the static service", &mut command, folder, &log)?;
        process.wait_until("it serves", || ready.exists())?;
        let address = address(&ready)?;
        Ok(Service { process, address })
    }

    /// A URL may hold a password, and so goes by the environment.
    fn on_the_database(&self, command: &mut Command) {
        match &self.url {
            Some(url) => command.env("DATABASE_URL", url),
            None => command.arg("--db").arg(self.folder.path().join("db")),
        };
    }
}

fn address(ready: &Path) -> anyhow::Result<SocketAddr> {
    let text = std::fs::read_to_string(ready)?;
    let address = text.trim();
    address
        .parse()
        .with_context(|| format!("`{address}` is no address"))
}

struct Service {
    process: Process,
    address: SocketAddr,
}

/// Running replicas.
pub(crate) struct Services(Vec<Service>);

impl Services {
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.0.iter().map(|service| service.address).collect()
    }

    /// Lets the peaks of memory begin anew.
    pub(crate) fn forget_peaks(&self) {
        for service in &self.0 {
            service.process.forget_peak();
        }
    }

    /// What each has used so far.
    pub(crate) fn usage(&self) -> Vec<Usage> {
        self.0
            .iter()
            .map(|service| service.process.usage())
            .collect()
    }
}
