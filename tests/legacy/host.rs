//! A running host with the plugin, the fake service that it follows, and people who join.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{
    BROKER_SECRET, Connect, FakeService, Login, MARK, Mqtt, MqttClient, Outcome, eventually,
    free_port, plugin_file, process::Process,
};

/// docs/mosquitto-1.md shows lines of it.
const SHIPPED: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/mosquitto-conf/enterprise-push-1.x.conf"
));
/// Within this time a host ends after SIGTERM.
const STOPPING: Duration = Duration::from_secs(3);

/// The version of the API for plugins that a host speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    V2,
    V3,
    V4,
}

impl Api {
    fn number(self) -> u8 {
        match self {
            Api::V2 => 2,
            Api::V3 => 3,
            Api::V4 => 4,
        }
    }

    fn broker(self) -> &'static str {
        match self {
            Api::V2 => "1.4.15",
            Api::V3 => "1.5.11",
            Api::V4 => "1.6.15",
        }
    }

    /// Where system notices stand.
    pub(crate) fn notice(self, rest: &str) -> String {
        let first = if self == Api::V4 {
            "$NOTICE"
        } else {
            "$SYS/notice"
        };
        format!("{first}{rest}")
    }

    /// Whether it asks about subscriptions.
    pub(crate) fn asks_about_subscriptions(self) -> bool {
        self != Api::V2
    }
}

/// The real brokers, where somebody has built them.
pub(crate) fn real_brokers() -> Option<PathBuf> {
    std::env::var_os("MEP_LEGACY_BROKERS").map(PathBuf::from)
}

/// The host's program, compiled once a run.
fn program(api: Api) -> PathBuf {
    if let Some(folder) = real_brokers() {
        return folder.join(api.broker()).join("mosquitto");
    }
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("legacy");
        std::fs::create_dir_all(&folder).expect("a folder for the hosts");
        for api in [Api::V2, Api::V3, Api::V4] {
            compile(api, &folder);
        }
        folder
    });
    folder.join(format!("host-{}", api.number()))
}

/// Only what is marked as visible can be seen by the plugin, as with the brokers' `--dynamic-list`.
fn compile(api: Api, folder: &Path) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/legacy/host");
    let files = ["main.c", "plugin.c", "broker.c"].map(|file| source.join(file));
    let status = Command::new("cc")
        .args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-g", "-O1"])
        .args(["-fvisibility=hidden", "-rdynamic"])
        .arg(format!("-DAPI={}", api.number()))
        .args(files)
        .arg("-o")
        .arg(folder.join(format!("host-{}", api.number())))
        .arg("-ldl")
        .status()
        .expect("cc runs");
    assert!(status.success(), "the host for {api:?} does not compile");
}

/// What differs from the shipped configuration.
#[derive(Clone, Default)]
pub(crate) struct Options(Vec<(String, String)>);

impl Options {
    /// Sets `auth_opt_{name}`.
    pub(crate) fn set(mut self, name: &str, value: impl ToString) -> Options {
        self.0.push((name.to_owned(), value.to_string()));
        self
    }

    fn render(&self, api: Api, folder: &Path, port: u16, secret: &Path) -> String {
        let defaults = [
            ("client_secret_file", secret.display().to_string()),
            ("loopback_listener", port.to_string()),
            ("node", "test".to_owned()),
        ];
        let mut options = self.0.clone();
        for (name, value) in defaults {
            if !options.iter().any(|(given, _)| given == name) {
                options.push((name.to_owned(), value));
            }
        }
        let mut lines: Vec<String> = Vec::new();
        for line in SHIPPED.lines() {
            let bare = line.strip_prefix('#').unwrap_or(line);
            let name = bare
                .strip_prefix("auth_opt_")
                .and_then(|rest| rest.split(' ').next());
            let given = name.is_some_and(|name| options.iter().any(|(known, _)| known == name));
            if line.starts_with("listener ") {
                lines.push(format!("listener {port} 127.0.0.1"));
            } else if line.starts_with("auth_plugin ") {
                lines.push(format!("auth_plugin {}", plugin_file().display()));
                let line = |(name, value): &(String, String)| format!("auth_opt_{name} {value}");
                lines.extend(options.iter().map(line));
            } else if bare == "check_retain_source true" && api != Api::V2 {
                lines.push(bare.to_owned());
            } else if !given {
                lines.push(line.to_owned());
            }
        }
        lines.push(format!("persistence_location {}/", folder.display()));
        lines.push("log_dest stderr".to_owned());
        lines.push("log_type all".to_owned());
        lines.push("user root".to_owned());
        lines.join("\n") + "\n"
    }
}

/// Both, the host first: it is stopped while the service is still there.
pub(crate) struct Scene {
    process: Process,
    folder: TempDir,
    stopped: bool,
    port: u16,
    follows_feed: bool,
    pub(crate) api: Api,
    pub(crate) service: FakeService,
}

/// A host that did not start.
pub(crate) struct NotStarted {
    pub(crate) status: ExitStatus,
    pub(crate) log: String,
}

impl Scene {
    /// A host that follows the feed, with the plugin's own session up.
    pub(crate) fn start(api: Api) -> Scene {
        Scene::with(api, Options::default())
    }

    /// A host that asks about every token, and has time for that.
    pub(crate) fn asking(api: Api) -> Scene {
        let options = Options::default().set("feed", "off");
        Scene::with(api, options.set("stall_budget_ms", 1000))
    }

    /// A host with other options.
    pub(crate) fn with(api: Api, options: Options) -> Scene {
        let service = FakeService::start();
        let loopback = !options
            .0
            .contains(&("loopback_listener".into(), "off".into()));
        let scene = Scene::try_with(api, options.set("static_url", service.url()), service);
        let scene = scene.unwrap_or_else(|failed| {
            panic!("{api:?} did not start: {}\n{}", failed.status, failed.log)
        });
        // Without its session the plugin says nothing before it is asked something.
        if loopback {
            scene.wait_for_log("loopback session at 127.0.0.1");
            if scene.follows_feed {
                scene.wait_for_log("control feed: connected");
            }
        }
        scene
    }

    /// A host with these options alone, which may be refused.
    pub(crate) fn try_with(
        api: Api,
        options: Options,
        service: FakeService,
    ) -> Result<Scene, NotStarted> {
        let folder = tempfile::tempdir().expect("a folder for the host");
        let port = free_port();
        let (secret, conf) = (folder.path().join("secret"), folder.path().join("conf"));
        std::fs::write(&secret, BROKER_SECRET).expect("a secret file");
        let text = options.render(api, folder.path(), port, &secret);
        std::fs::write(&conf, text).expect("a configuration file");
        let process = spawn(api, folder.path());
        let mut scene = Scene {
            process,
            folder,
            stopped: false,
            port,
            follows_feed: !options.0.contains(&("feed".into(), "off".into())),
            api,
            service,
        };
        match scene.wait_until_it_listens() {
            None => Ok(scene),
            Some(status) => {
                scene.stopped = true;
                let log = scene.log();
                Err(NotStarted { status, log })
            }
        }
    }

    fn wait_until_it_listens(&mut self) -> Option<ExitStatus> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        eventually("a host that listens", || {
            if let Some(status) = self.process.ended() {
                return Some(Some(status));
            }
            let there = TcpStream::connect(address).is_ok();
            let running = real_brokers().is_some() || self.log().contains(" running\n");
            (there && running).then_some(None)
        })
    }

    /// Starts it again, after [`Scene::stop`].
    pub(crate) fn start_again(&mut self) {
        self.process = spawn(self.api, self.folder.path());
        self.stopped = false;
        assert_eq!(self.wait_until_it_listens(), None, "it did not start again");
        let again = |text: &str| self.log().matches(text).count() > 1;
        for text in ["loopback session at", "control feed: connected"] {
            eventually(text, || again(text).then_some(()));
        }
    }

    /// SIGHUP.
    pub(crate) fn reload(&mut self) {
        assert!(self.process.signal(Signal::HUP), "the host has ended");
    }

    /// SIGTERM; it must end soon, with status 0. Gives the whole log.
    pub(crate) fn stop(&mut self) -> String {
        self.stopped = true;
        let status = self.process.terminate(STOPPING);
        assert_eq!(status.code(), Some(0), "the host ended with {status}");
        self.log()
    }

    pub(crate) fn log(&self) -> String {
        let bytes = std::fs::read(self.folder.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    pub(crate) fn wait_for_log(&self, text: &str) -> String {
        eventually(&format!("`{text}` in the host's log"), || {
            let log = self.log();
            let line = log.lines().find(|line| line.contains(text));
            line.map(str::to_owned)
        })
    }

    /// Returns when the plugin has applied all events that the feed has carried so far.
    pub(crate) fn settle(&self) {
        let id = self.service.event("test.barrier", &json!({}));
        self.wait_for_log(&format!("event {id} is of an unknown kind"));
    }

    /// A token that the plugin has been told of, unless it asks about all of them.
    pub(crate) fn announced(&self, client_id: &str) -> Login {
        self.announced_with(client_id, json!({}))
    }

    /// As [`Scene::announced`], with other members of the grant.
    pub(crate) fn announced_with(&self, client_id: &str, members: Value) -> Login {
        let login = self.service.issue_with(client_id, members);
        if self.follows_feed {
            self.service.announce(&login);
            self.settle();
        }
        login
    }

    /// A new token's owner, logged in.
    pub(crate) fn join(&self, client_id: &str) -> MqttClient {
        self.join_with(client_id, json!({}))
    }

    /// As [`Scene::join`], with other members of the grant.
    pub(crate) fn join_with(&self, client_id: &str, members: Value) -> MqttClient {
        let login = self.announced_with(client_id, members);
        self.connect(&login).client(client_id)
    }

    /// Tries a login.
    pub(crate) fn connect(&self, login: &Login) -> Outcome {
        self.send(&Connect::new(Mqtt::V311, &login.client_id, &login.token))
    }

    pub(crate) fn send(&self, connect: &Connect) -> Outcome {
        connect.send(self.port)
    }

    /// Tries again while it closes without an answer, which means "not yet".
    pub(crate) fn connect_until_decided(&self, connect: &Connect) -> Outcome {
        eventually("a login that is decided", || match self.send(connect) {
            Outcome::Closed => None,
            outcome => Some(outcome),
        })
    }
}

fn spawn(api: Api, folder: &Path) -> Process {
    let log = File::options()
        .create(true)
        .append(true)
        .open(folder.join("log"))
        .expect("a log file");
    Process::spawn(
        Command::new(program(api))
            .arg("-c")
            .arg(folder.join("conf"))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("another handle"))
            .stderr(log),
    )
}

impl Drop for Scene {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.process.kill();
            eprintln!("--- log of {:?}\n{}---", self.api, self.log());
            return;
        }
        if !self.stopped {
            self.stop();
        }
        let log = self.log();
        let leak = log.lines().find(|line| line.contains(MARK));
        assert_eq!(leak, None, "a secret stands in the log");
        let panicked = log.lines().find(|line| line.contains("panic"));
        assert_eq!(panicked, None, "the plugin panicked");
    }
}
