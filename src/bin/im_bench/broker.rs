//! One Mosquitto process: its configuration, its folder, its end.
//!
//! Whatever happens (an error, a panic, Ctrl-C) the process is killed by its own pid and its folder removed.

use std::fmt::Write as _;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tempfile::TempDir;

/// Addresses that a broker listens at. Beyond some 14,000 connections to one, the search for a free port
/// on our side would be what is measured.
pub(crate) const ADDRESSES: u8 = 4;
const READY: Duration = Duration::from_secs(10);
/// Linux reports processor time in these, whatever the kernel's own tick is.
const TICKS_PER_SECOND: f64 = 100.0;

static RUNNING: Mutex<Vec<Arc<Process>>> = Mutex::new(Vec::new());

struct Process {
    child: Mutex<Child>,
    folder: PathBuf,
}

impl Process {
    fn kill(&self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Kills every broker that still runs and removes its folder: for a program about to exit.
pub(crate) fn kill_all() {
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    for process in running.drain(..) {
        process.kill();
        let _ = std::fs::remove_dir_all(&process.folder);
    }
}

/// What a broker is started with, beyond what all share.
#[derive(Debug, Clone, Default)]
pub(crate) struct Setup {
    /// The plugin and its options (without `plugin_opt_`); everybody is let in when `None`.
    pub(crate) plugin: Option<(PathBuf, Vec<(&'static str, String)>)>,
    /// Lines of the configuration that take the place of letting everybody in.
    pub(crate) lines: Vec<String>,
    /// What to log; the broker's own choice when empty.
    pub(crate) log_types: Vec<String>,
}

/// A running broker.
pub(crate) struct Broker {
    process: Arc<Process>,
    folder: TempDir,
    pid: u32,
    port: u16,
}

/// What a process has used.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// Processor time, in seconds.
    pub(crate) cpu_s: f64,
    /// Memory now, in bytes.
    pub(crate) rss_bytes: u64,
}

impl Broker {
    /// Starts a broker and waits until it listens.
    pub(crate) fn start(program: &Path, setup: &Setup) -> anyhow::Result<Broker> {
        let folder = tempfile::Builder::new().prefix("im-bench.").tempdir()?;
        // The broker may become another user.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
        let port = free_port()?;
        let config = folder.path().join("mosquitto.conf");
        std::fs::write(&config, configuration(port, setup, is_root()))?;
        let log = File::create(folder.path().join("log"))?;
        let child = Command::new(program)
            .arg("-c")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start `{}`", program.display()))?;
        let pid = child.id();
        let process = Arc::new(Process {
            child: Mutex::new(child),
            folder: folder.path().to_owned(),
        });
        RUNNING
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::clone(&process));
        let broker = Broker {
            process,
            folder,
            pid,
            port,
        };
        broker.wait_until("it listens", || {
            TcpStream::connect(broker.address(ADDRESSES)).is_ok()
        })?;
        Ok(broker)
    }

    /// The address with this number, from 1 to [`ADDRESSES`].
    pub(crate) fn address(&self, number: u8) -> SocketAddr {
        (Ipv4Addr::new(127, 0, 0, number), self.port).into()
    }

    /// All addresses.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        (1..=ADDRESSES).map(|number| self.address(number)).collect()
    }

    /// Waits for something; fails at once when the broker is gone.
    pub(crate) fn wait_until(&self, what: &str, ready: impl Fn() -> bool) -> anyhow::Result<()> {
        let deadline = Instant::now() + READY;
        while !ready() {
            if !self.is_running() {
                bail!("the broker ended before {what}:\n{}", self.log_tail());
            }
            if Instant::now() > deadline {
                bail!("not within {READY:?}: {what}:\n{}", self.log_tail());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Whether it has not ended.
    pub(crate) fn is_running(&self) -> bool {
        let mut child = self
            .process
            .child
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        matches!(child.try_wait(), Ok(None))
    }

    /// Everything it has logged.
    pub(crate) fn log(&self) -> String {
        let bytes = std::fs::read(self.folder.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines.get(lines.len().saturating_sub(20)..);
        tail.unwrap_or_default().join("\n")
    }

    /// What it has used so far; nothing when it is gone.
    pub(crate) fn usage(&self) -> Usage {
        let read = |name: &str| {
            std::fs::read_to_string(format!("/proc/{}/{name}", self.pid)).unwrap_or_default()
        };
        Usage {
            cpu_s: cpu_seconds(&read("stat")).unwrap_or_default(),
            rss_bytes: rss_bytes(&read("status")).unwrap_or_default(),
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.process.kill();
        RUNNING
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|process| !Arc::ptr_eq(process, &self.process));
    }
}

fn free_port() -> anyhow::Result<u16> {
    let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(probe.local_addr()?.port())
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

fn configuration(port: u16, setup: &Setup, root: bool) -> String {
    let mut text = String::new();
    for number in 1..=ADDRESSES {
        let _ = writeln!(text, "listener {port} 127.0.0.{number}");
    }
    text.push_str(
        "set_tcp_nodelay true\nmax_inflight_messages 100\nmax_queued_messages 10000\n\
         persistence false\nlog_dest stderr\n",
    );
    for log_type in &setup.log_types {
        let _ = writeln!(text, "log_type {log_type}");
    }
    if root {
        text.push_str("user root\n");
    }
    match &setup.plugin {
        None if setup.lines.is_empty() => text.push_str("allow_anonymous true\n"),
        None => text.extend(setup.lines.iter().map(|line| format!("{line}\n"))),
        Some((file, options)) => {
            let _ = writeln!(text, "allow_anonymous false\nplugin {}", file.display());
            for (name, value) in options {
                let _ = writeln!(text, "plugin_opt_{name} {value}");
            }
        }
    }
    text
}

/// Fields 14 and 15 of proc(5)'s `stat`, counted after the command's name, which may hold anything.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_SECOND)
}

fn rss_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_lets_everybody_in_only_without_plugin() {
        let bare = configuration(1883, &Setup::default(), false);
        assert!(bare.contains("listener 1883 127.0.0.4\n"));
        assert!(bare.contains("allow_anonymous true\n") && !bare.contains("user root"));
        let plugin = Some((PathBuf::from("/p.so"), vec![("feed", "on".to_owned())]));
        let with = configuration(
            1883,
            &Setup {
                plugin,
                log_types: vec!["error".to_owned()],
                ..Setup::default()
            },
            true,
        );
        assert!(with.contains("log_type error\n") && !bare.contains("log_type"));
        assert!(with.contains("allow_anonymous false\nplugin /p.so\nplugin_opt_feed on\n"));
        assert!(with.contains("user root\n"));
        let lines = vec!["acl_file /a".to_owned()];
        let other = configuration(
            1883,
            &Setup {
                lines,
                ..Setup::default()
            },
            false,
        );
        assert!(other.ends_with("acl_file /a\n") && !other.contains("allow_anonymous"));
    }

    #[test]
    fn usage_is_read_whatever_the_program_is_called() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194304 9 0 0 0 150 50 0 0 20 0 1 0";
        assert_eq!(cpu_seconds(stat), Some(2.0));
        assert_eq!(
            rss_bytes("VmHWM:\t 9 kB\nVmRSS:\t    2048 kB\n"),
            Some(2 << 20)
        );
        assert_eq!((cpu_seconds(""), rss_bytes("")), (None, None));
    }
}
