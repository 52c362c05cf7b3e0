//! One Mosquitto process: its configuration, its folder, its addresses.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use tempfile::TempDir;

use crate::process::{Process, Usage};

/// Addresses that a broker listens at. Beyond some 14,000 connections to one, the search for a free port
/// on our side would be what is measured.
pub(crate) const ADDRESSES: u8 = 4;

/// What a load needs of a broker, whosesoever it is.
pub(crate) trait Server {
    /// Where it listens.
    fn addresses(&self) -> Vec<SocketAddr>;
    /// What it has used so far; nothing when it is gone.
    fn usage(&self) -> Usage;
    /// Its processor time so far, as exactly as can be told.
    fn cpu_time(&self) -> Duration;
    /// Its process id, when all its work is one thread's.
    fn single_threaded(&self) -> Option<u32>;
    /// Whether it has not ended.
    fn is_running(&self) -> bool;
}

/// What a broker is started with, beyond what all share.
#[derive(Debug, Clone, Default)]
pub(crate) struct Setup {
    /// The plugin and its options (without `plugin_opt_`); everybody is let in when `None`.
    pub(crate) plugin: Option<(PathBuf, Vec<(&'static str, String)>)>,
    /// Lines of the configuration; without a plugin they take the place of letting everybody in.
    pub(crate) lines: Vec<String>,
    /// What to log; the broker's own choice when empty.
    pub(crate) log_types: Vec<String>,
    /// Its environment, beyond ours.
    pub(crate) environment: Vec<(&'static str, PathBuf)>,
}

/// A running broker.
pub(crate) struct Broker {
    process: Process,
    port: u16,
    folder: TempDir,
    program: PathBuf,
    setup: Setup,
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
        let broker = Broker {
            process: launch(program, setup, folder.path())?,
            port,
            folder,
            program: program.to_owned(),
            setup: setup.clone(),
        };
        broker.wait_until_it_listens()?;
        Ok(broker)
    }

    /// Stops it, and starts it again where it was. Its log begins anew.
    pub(crate) fn restart(&mut self) -> anyhow::Result<()> {
        self.process.stop()?;
        self.process = launch(&self.program, &self.setup, self.folder.path())?;
        self.wait_until_it_listens()
    }

    fn wait_until_it_listens(&self) -> anyhow::Result<()> {
        self.wait_until("it listens", || {
            TcpStream::connect(self.address(ADDRESSES)).is_ok()
        })
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
        self.process.wait_until(what, ready)
    }

    /// Whether it has not ended.
    pub(crate) fn is_running(&self) -> bool {
        self.process.is_running()
    }

    /// Its processor time so far, to the nanosecond; see [`Process::cpu_time`].
    pub(crate) fn cpu_time(&self) -> Duration {
        self.process.cpu_time()
    }

    /// Lets it read its configuration again.
    pub(crate) fn reload(&self) {
        self.process.signal(rustix::process::Signal::HUP);
    }

    /// Where its log is.
    pub(crate) fn log_file(&self) -> &Path {
        self.process.log_file()
    }

    /// Everything it has logged.
    pub(crate) fn log(&self) -> String {
        self.process.log()
    }

    /// Lets the peak of memory begin anew.
    pub(crate) fn forget_peak(&self) {
        self.process.forget_peak();
    }

    /// What it has used so far; nothing when it is gone.
    pub(crate) fn usage(&self) -> Usage {
        self.process.usage()
    }
}

impl Server for Broker {
    fn addresses(&self) -> Vec<SocketAddr> {
        self.addresses()
    }

    fn usage(&self) -> Usage {
        self.usage()
    }

    fn cpu_time(&self) -> Duration {
        self.cpu_time()
    }

    fn single_threaded(&self) -> Option<u32> {
        Some(self.process.pid())
    }

    fn is_running(&self) -> bool {
        self.is_running()
    }
}

/// A port that nobody has on the first loopback address.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(probe.local_addr()?.port())
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

fn launch(program: &Path, setup: &Setup, folder: &Path) -> anyhow::Result<Process> {
    let mut command = Command::new(program);
    command.arg("-c").arg(folder.join("mosquitto.conf"));
    command.envs(setup.environment.iter().cloned());
    Process::start("the broker", &mut command, folder, "log")
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
        None => {}
        Some((file, options)) => {
            let _ = writeln!(text, "allow_anonymous false\nplugin {}", file.display());
            for (name, value) in options {
                let _ = writeln!(text, "plugin_opt_{name} {value}");
            }
        }
    }
    text.extend(setup.lines.iter().map(|line| format!("{line}\n")));
    text
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
}
