//! The terminal client: the real program, with a home of its own for each user.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::broker::Broker;
use super::process::Process;
use super::screen::Screen;
use super::static_service::{PASSWORD, StaticService};
use super::wait::eventually;

const PROGRAM: &str = env!("CARGO_BIN_EXE_im");

/// A user's device that has logged in at the static service.
pub(crate) struct Im {
    home: TempDir,
}

/// An `im listen`; killed when dropped.
pub(crate) struct Listening {
    _process: Process,
    shown: PathBuf,
}

impl Im {
    /// `im login`.
    pub(crate) fn login(service: &StaticService, broker: &Broker, client_id: &str) -> Im {
        Im::login_at(&service.url(), broker, client_id)
    }

    /// The same at another address of the service.
    pub(crate) fn login_at(url: &str, broker: &Broker, client_id: &str) -> Im {
        let (username, device) = client_id.split_once(':').expect("uid@eid:device");
        let home = tempfile::tempdir().expect("a home");
        let im = Im { home };
        let role = if device == "phone" { "phone" } else { "pc" };
        let of_device = ["--device", device, "--role", role];
        let at_service = ["login", username, "--static", url];
        let done = im.run(&[&at_service[..], &of_device].concat());
        assert!(done.status.success(), "{done:?}");
        // The service names the broker's usual port.
        let profiles = im.home.path().join("profiles");
        let profile = profiles.join(client_id).join("profile.json");
        let text = std::fs::read_to_string(&profile).expect("a profile");
        assert!(text.contains(":1883\""), "another port");
        let text = text.replace(":1883\"", &format!(":{}\"", broker.port()));
        std::fs::write(&profile, text).expect("the profile can be changed");
        im
    }

    /// The only profile, as it stands on disk.
    pub(crate) fn profile(&self) -> Value {
        let text = std::fs::read(self.profile_file()).expect("a profile");
        serde_json::from_slice(&text).expect("JSON")
    }

    /// Changes what stands on disk.
    pub(crate) fn change_profile(&self, change: impl FnOnce(&mut Value)) {
        let mut profile = self.profile();
        change(&mut profile);
        std::fs::write(self.profile_file(), profile.to_string()).expect("it can be changed");
    }

    fn profile_file(&self) -> PathBuf {
        let profiles = self.home.path().join("profiles");
        let mut entries = std::fs::read_dir(profiles).expect("profiles");
        let only = entries.next().expect("a profile").expect("an entry");
        only.path().join("profile.json")
    }

    /// Runs a short command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("im runs")
    }

    /// Runs a short command, which must succeed; gives its JSON lines.
    pub(crate) fn lines(&self, arguments: &[&str]) -> Vec<Value> {
        let done = self.run(arguments);
        assert!(done.status.success(), "{arguments:?}: {done:?}");
        parse(&done.stdout)
    }

    /// The JSON lines of what has been run.
    pub(crate) fn lines_of(done: &Output) -> Vec<Value> {
        parse(&done.stdout)
    }

    /// `im listen`, once it is ready.
    pub(crate) fn listen(&self, options: &[&str]) -> Listening {
        let shown = self.home.path().join("shown");
        let out = File::create(&shown).expect("a file");
        let arguments = [&["listen"], options].concat();
        let process = Process::spawn(self.command(&arguments).stdout(out));
        let listening = Listening {
            _process: process,
            shown,
        };
        listening.wait_for(|line| line["event"] == "ready");
        listening
    }

    /// `im chat`, on a terminal.
    pub(crate) fn chat(&self, options: &[&str]) -> Screen {
        let arguments = [&["chat"], options].concat();
        Screen::start(PROGRAM, &arguments, self.home.path())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .arg("--json")
            .args(arguments)
            .env("IM_HOME", self.home.path())
            .env("IM_PASSWORD", PASSWORD)
            .env_remove("IM_PROFILE")
            .env_remove("IM_HISTORY_MB")
            .env_remove("XDG_RUNTIME_DIR")
            .stdin(Stdio::null());
        command
    }
}

impl Listening {
    /// All that it has shown so far.
    pub(crate) fn shown(&self) -> Vec<Value> {
        parse(&std::fs::read(&self.shown).expect("what was shown"))
    }

    /// Waits for a line.
    pub(crate) fn wait_for(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        eventually("a line of im listen", || {
            self.shown().into_iter().find(|line| wanted(line))
        })
    }
}

/// The lines that are whole.
fn parse(bytes: &[u8]) -> Vec<Value> {
    let whole = bytes.split_inclusive(|b| *b == b'\n');
    let whole = whole.filter(|line| line.ends_with(b"\n"));
    let json = |line| serde_json::from_slice(line).expect("a line of JSON");
    whole.map(json).collect()
}
