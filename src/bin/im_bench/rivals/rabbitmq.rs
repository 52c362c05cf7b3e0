//! One RabbitMQ node with its MQTT plugin, which asks a service over HTTP about every login and topic: its
//! configuration, its folder, its processes. It talks to nobody: its name server and its port for other nodes are
//! its own, on loopback, and everything it writes is in its folder.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use tempfile::TempDir;

use crate::broker::{ADDRESSES, Server, free_port};
use crate::process::{Process, Usage, temporary_folder};

/// Erlang and RabbitMQ are slow starters on a busy machine.
const START: Duration = Duration::from_secs(60);
/// What it says when its listeners are up.
const READY: &str = "Server startup complete";

/// A running node. Fields are dropped in their order: the node before its name server.
pub(super) struct RabbitMq {
    node: Process,
    _names: Process,
    port: u16,
    _folder: TempDir,
}

/// The ports of a node.
struct Ports {
    mqtt: u16,
    names: u16,
    nodes: u16,
}

impl RabbitMq {
    /// Starts a node that asks the service at this URL, and waits until it listens.
    pub(super) fn start(peers: &Path, auth_url: &str, cached: bool) -> anyhow::Result<RabbitMq> {
        let programs = programs(peers)?;
        let folder = temporary_folder()?;
        let ports = Ports {
            mqtt: free_port()?,
            names: free_port()?,
            nodes: free_port()?,
        };
        std::fs::write(
            folder.path().join("rabbitmq.conf"),
            configuration(&ports, auth_url, cached),
        )?;
        std::fs::write(folder.path().join("enabled_plugins"), plugins(cached))?;
        let mut command = Command::new(programs.join("epmd"));
        command.args(["-address", "127.0.0.1", "-port", &ports.names.to_string()]);
        let names = Process::start("epmd", &mut command, folder.path(), "epmd-log")?;
        names.wait_until("it listens", || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, ports.names)).is_ok()
        })?;
        let mut command = Command::new(programs.join("rabbitmq-server"));
        environment(&mut command, folder.path(), &ports);
        let node = Process::start_group("RabbitMQ", &mut command, folder.path(), "log")?;
        node.wait_for(START, "it listens", || node.log().contains(READY))?;
        Ok(RabbitMq {
            node,
            _names: names,
            port: ports.mqtt,
            _folder: folder,
        })
    }
}

impl Server for RabbitMq {
    fn addresses(&self) -> Vec<SocketAddr> {
        (1..=ADDRESSES)
            .map(|number| (Ipv4Addr::new(127, 0, 0, number), self.port).into())
            .collect()
    }

    fn usage(&self) -> Usage {
        self.node.usage()
    }

    fn cpu_time(&self) -> Duration {
        Duration::from_secs_f64(self.usage().cpu_s)
    }

    fn single_threaded(&self) -> Option<u32> {
        None
    }

    fn is_running(&self) -> bool {
        self.node.is_running()
    }
}

fn programs(peers: &Path) -> anyhow::Result<std::path::PathBuf> {
    let folder = peers.join("rabbitmq");
    folder.canonicalize().with_context(|| {
        let folder = folder.display();
        format!("no RabbitMQ at `{folder}`: scripts/rabbitmq.sh gets it")
    })
}

/// What Debian calls the version that is there.
pub(crate) fn packaged_version(peers: &Path) -> anyhow::Result<String> {
    let stamp = std::fs::read_to_string(programs(peers)?.join("stamp"))?;
    let version = stamp.lines().nth(1).unwrap_or_default();
    let upstream = version.split('-').next().unwrap_or_default();
    Ok(upstream.to_owned())
}

fn environment(command: &mut Command, folder: &Path, ports: &Ports) {
    command
        .current_dir(folder)
        .env("HOME", folder)
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env("ERL_EPMD_PORT", ports.names.to_string())
        .env(
            "RABBITMQ_NODENAME",
            format!("im-bench-{}@localhost", ports.names),
        )
        .env("RABBITMQ_DIST_PORT", ports.nodes.to_string())
        .env(
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
            "-kernel inet_dist_use_interface {127,0,0,1}",
        );
    for (name, file) in [
        ("RABBITMQ_MNESIA_BASE", "data"),
        ("RABBITMQ_LOG_BASE", "logs"),
        ("RABBITMQ_CONFIG_FILE", "rabbitmq.conf"),
        ("RABBITMQ_ADVANCED_CONFIG_FILE", "advanced.config"),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", "enabled_plugins"),
        ("RABBITMQ_CONF_ENV_FILE", "rabbitmq-env.conf"),
    ] {
        command.env(name, folder.join(file));
    }
}

fn plugins(cached: bool) -> &'static str {
    if cached {
        "[rabbitmq_mqtt,rabbitmq_auth_backend_http,rabbitmq_auth_backend_cache].\n"
    } else {
        "[rabbitmq_mqtt,rabbitmq_auth_backend_http].\n"
    }
}

/// Sent ahead and kept in socket queues as much as the Mosquittos of this bench do; all else is as it comes.
fn configuration(ports: &Ports, auth_url: &str, cached: bool) -> String {
    let mut text = String::from("listeners.tcp = none\n");
    for number in 1..=ADDRESSES {
        let port = ports.mqtt;
        let _ = writeln!(
            text,
            "mqtt.listeners.tcp.{number} = 127.0.0.{number}:{port}"
        );
    }
    text.push_str(
        "mqtt.allow_anonymous = false\nmqtt.prefetch = 100\nmqtt.tcp_listen_options.nodelay = true\n\
         mqtt.tcp_listen_options.backlog = 1024\nlog.file = false\nlog.console = true\nlog.console.level = info\n",
    );
    text.push_str(if cached {
        "auth_backends.1 = cache\nauth_cache.cached_backend = http\n"
    } else {
        "auth_backends.1 = http\n"
    });
    text.push_str("auth_http.http_method = post\n");
    for question in ["user", "vhost", "resource", "topic"] {
        let _ = writeln!(text, "auth_http.{question}_path = {auth_url}/{question}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_listens_on_loopback_and_only_the_cached_one_keeps_answers() {
        let ports = Ports {
            mqtt: 1883,
            names: 4369,
            nodes: 25672,
        };
        let plain = configuration(&ports, "http://127.0.0.1:8", false);
        assert!(plain.starts_with("listeners.tcp = none\n"));
        assert!(plain.contains("mqtt.listeners.tcp.4 = 127.0.0.4:1883\n"));
        assert!(plain.contains("auth_backends.1 = http\n"));
        assert!(plain.contains("auth_http.topic_path = http://127.0.0.1:8/topic\n"));
        let cached = configuration(&ports, "http://127.0.0.1:8", true);
        assert!(cached.contains("auth_backends.1 = cache\nauth_cache.cached_backend = http\n"));
        assert!(plugins(true).contains("auth_backend_cache"));
        assert!(!plugins(false).contains("auth_backend_cache"));
    }

    #[test]
    fn what_is_not_there_is_told_with_what_gets_it() {
        let folder = tempfile::tempdir().unwrap();
        let error = packaged_version(folder.path()).unwrap_err().to_string();
        assert!(error.contains("scripts/rabbitmq.sh"), "{error}");
        let programs = folder.path().join("rabbitmq");
        std::fs::create_dir(&programs).unwrap();
        std::fs::write(programs.join("stamp"), "recipe\n4.0.5-6+deb13u2\n").unwrap();
        assert_eq!(packaged_version(folder.path()).unwrap(), "4.0.5");
    }
}
