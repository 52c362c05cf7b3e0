//! A real Mosquitto with our plugin, in a folder of its own.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use super::conf::{BROKER_SECRET, Conf, MARK};
use super::ports::free_port;
use super::process::Process;
use super::version::Version;
use super::wait::{PATIENCE, eventually};

/// Within this time a broker ends after SIGTERM, whatever goes on.
const STOPPING: Duration = Duration::from_secs(3);

/// A running broker. When dropped it is stopped; the test fails if it crashed or if its log holds a
/// secret. The log is printed when the test fails.
pub(crate) struct Broker {
    process: Process,
    version: Version,
    conf: Conf,
    port: u16,
    folder: TempDir,
    stopped: bool,
    restarts: usize,
}

/// A broker that did not start.
pub(crate) struct NotStarted {
    pub(crate) status: ExitStatus,
    pub(crate) log: String,
}

impl Broker {
    /// Starts a broker and waits until it accepts connections.
    pub(crate) fn start(version: Version, conf: &Conf) -> Broker {
        Broker::try_start(version, conf).unwrap_or_else(|failed| {
            panic!(
                "Mosquitto {} did not start: {}\n{}",
                version.name(),
                failed.status,
                failed.log
            )
        })
    }

    /// As [`Broker::start`], for configurations that may be refused.
    pub(crate) fn try_start(version: Version, conf: &Conf) -> Result<Broker, NotStarted> {
        let folder = tempfile::tempdir().expect("a folder for the broker");
        let port = free_port();
        let process = spawn(version, conf, port, folder.path());
        let mut broker = Broker {
            process,
            version,
            conf: conf.clone(),
            port,
            folder,
            stopped: false,
            restarts: 0,
        };
        match broker.wait_until_it_listens() {
            None => Ok(broker),
            Some(status) => {
                broker.stopped = true;
                let log = broker.log();
                Err(NotStarted { status, log })
            }
        }
    }

    /// Starts it again, with its folder and port, after [`Broker::stop`].
    pub(crate) fn start_again(&mut self) {
        assert!(self.stopped, "stop it first");
        self.process = spawn(self.version, &self.conf, self.port, self.folder.path());
        self.stopped = false;
        self.restarts += 1;
        let ended = self.wait_until_it_listens();
        assert_eq!(ended, None, "the broker did not start again");
    }

    fn wait_until_it_listens(&mut self) -> Option<ExitStatus> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        eventually("a broker that listens", || {
            if let Some(status) = self.process.ended() {
                return Some(Some(status));
            }
            TcpStream::connect_timeout(&address, PATIENCE).ok()?;
            // It listens before it has taken SIGTERM and SIGHUP in hand; this line comes after both.
            let started = self.log().matches(" running\n").count();
            (started > self.restarts).then_some(None)
        })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// SIGHUP.
    pub(crate) fn reload(&mut self) {
        assert!(self.process.signal(Signal::HUP), "the broker has ended");
    }

    /// SIGTERM; it must end soon, with status 0.
    pub(crate) fn stop(&mut self) {
        self.assert_runs();
        self.stopped = true;
        let status = self.process.terminate(STOPPING);
        assert_eq!(status.code(), Some(0), "the broker ended with {status}");
    }

    /// Fails when it has ended.
    pub(crate) fn assert_runs(&mut self) {
        if let Some(status) = self.process.ended() {
            self.stopped = true;
            panic!("the broker ended with {status}");
        }
    }

    /// What each of its threads has open: the thread's name, and the files as the kernel names them.
    pub(crate) fn open_files(&self) -> Vec<(String, Vec<String>)> {
        let of_thread = |task: PathBuf| {
            let name = std::fs::read_to_string(task.join("comm")).unwrap_or_default();
            let links = entries(&task.join("fd")).filter_map(|fd| std::fs::read_link(fd).ok());
            let files = links.map(|link| link.display().to_string()).collect();
            (name.trim().to_owned(), files)
        };
        self.threads().map(of_thread).collect()
    }

    /// The kernel's folder of each of its threads.
    fn threads(&self) -> impl Iterator<Item = PathBuf> {
        entries(Path::new(&format!("/proc/{}/task", self.process.id())))
    }

    /// Its threads' nice values, each with the thread's name.
    pub(crate) fn nice_values(&self) -> Vec<(String, i32)> {
        let of_thread = |task: PathBuf| {
            let stat = std::fs::read_to_string(task.join("stat")).ok()?;
            // proc_pid_stat(5): the name in brackets, then the fields from the third on.
            let (before, after) = stat.rsplit_once(") ")?;
            let (_, name) = before.split_once('(')?;
            Some((name.to_owned(), after.split(' ').nth(16)?.parse().ok()?))
        };
        self.threads().filter_map(of_thread).collect()
    }

    /// Everything it has logged so far.
    pub(crate) fn log(&self) -> String {
        let bytes = std::fs::read(log_file(self.folder.path())).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits for a line that holds `text`.
    pub(crate) fn wait_for_log(&self, text: &str) -> String {
        self.wait_for_log_after(0, text)
    }

    /// Waits for a line that holds `text`, after the first `skip` bytes of the log.
    pub(crate) fn wait_for_log_after(&self, skip: usize, text: &str) -> String {
        eventually(&format!("`{text}` in the broker's log"), || {
            let log = self.log();
            let fresh = log.get(skip..)?;
            fresh
                .lines()
                .find(|line| line.contains(text))
                .map(str::to_owned)
        })
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.process.kill();
            eprintln!(
                "--- log of Mosquitto {}\n{}---",
                self.version.name(),
                tail(&self.log(), 200)
            );
            return;
        }
        if !self.stopped {
            self.stop();
        }
        let log = self.log();
        let leak = log.lines().find(|line| line.contains(MARK));
        assert_eq!(leak, None, "a secret stands in the broker's log");
        let panicked = log.lines().find(|line| line.contains("panic"));
        assert_eq!(panicked, None, "the plugin panicked");
    }
}

fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    let from = all.len().saturating_sub(lines);
    all[from..].iter().map(|line| format!("{line}\n")).collect()
}

fn log_file(folder: &Path) -> PathBuf {
    folder.join("log")
}

fn spawn(version: Version, conf: &Conf, port: u16, folder: &Path) -> Process {
    let secret = folder.join("secret");
    std::fs::write(&secret, BROKER_SECRET).expect("a secret file");
    let file = folder.join("mosquitto.conf");
    std::fs::write(&file, conf.render(folder, port, &secret)).expect("a configuration file");
    let log = File::options()
        .create(true)
        .append(true)
        .open(log_file(folder))
        .expect("a log file");
    let out = log.try_clone().expect("another handle");
    Process::spawn(
        Command::new(version.program())
            .arg("-c")
            .arg(&file)
            .current_dir(folder)
            .envs(conf.environment().iter().cloned())
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(log),
    )
}

/// The plugin to load: `MEP_PLUGIN`, or the one that cargo built with this test.
pub(crate) fn plugin_file() -> PathBuf {
    if let Some(file) = std::env::var_os("MEP_PLUGIN") {
        return PathBuf::from(file);
    }
    let name = "libmosquitto_enterprise_push.so";
    let test = std::env::current_exe().expect("the test's own path");
    // Cargo links it into `deps`, where the test lies too; `cargo build` also puts it one up.
    let places = test.ancestors().skip(1).take(2);
    let found = places.map(|p| p.join(name)).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("no {name} beside {}: run `cargo build`", test.display()))
}

/// What is in a folder of `/proc`.
fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = std::fs::read_dir(folder).expect("a folder of a running process");
    entries.filter_map(Result::ok).map(|entry| entry.path())
}
