//! The program `im`, with a home of its own.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::fake::{PASSWORD, Service};

/// A user's device.
pub(crate) struct Im {
    home: TempDir,
    runtime_dir: Option<PathBuf>,
}

impl Im {
    /// A device that has not logged in yet.
    pub(crate) fn new() -> Im {
        Im {
            home: tempfile::tempdir().expect("a home"),
            runtime_dir: None,
        }
    }

    /// One that has.
    pub(crate) fn logged_in(service: &Service) -> Im {
        let im = Im::new();
        im.log_in(service);
        im
    }

    /// With a folder for what may live as long as the user is logged in at the machine.
    pub(crate) fn with_runtime_dir(mut self, dir: PathBuf) -> Im {
        self.runtime_dir = Some(dir);
        self
    }

    pub(crate) fn log_in(&self, service: &Service) {
        self.lines(&["login", "alice@acme", "--static", &service.url()]);
    }

    pub(crate) fn profile_dir(&self) -> PathBuf {
        self.home.path().join("profiles/alice@acme:pc")
    }

    /// The profile file as it stands.
    pub(crate) fn profile(&self) -> Value {
        let text = std::fs::read(self.profile_dir().join("profile.json")).expect("a profile");
        serde_json::from_slice(&text).expect("JSON")
    }

    /// A command, to be started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_im"));
        command
            .arg("--json")
            .args(arguments)
            .env("IM_HOME", self.home.path())
            .env("IM_PASSWORD", PASSWORD)
            .env_remove("IM_PROFILE")
            .env_remove("IM_HISTORY_MB")
            .env_remove("XDG_RUNTIME_DIR")
            .stdin(Stdio::null());
        if let Some(dir) = &self.runtime_dir {
            command.env("XDG_RUNTIME_DIR", dir);
        }
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("im runs")
    }

    /// Runs a command, which must succeed; gives its JSON lines.
    pub(crate) fn lines(&self, arguments: &[&str]) -> Vec<Value> {
        let done = self.run(arguments);
        assert!(done.status.success(), "{arguments:?}: {done:?}");
        lines(&done)
    }
}

/// The JSON lines of a command that has ended.
pub(crate) fn lines(done: &Output) -> Vec<Value> {
    let lines = done
        .stdout
        .split(|b| *b == b'\n')
        .filter(|line| !line.is_empty());
    let json = |line| serde_json::from_slice(line).expect("a line of JSON");
    lines.map(json).collect()
}
