//! The command line, as typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::names::Who;
use crate::version::BrokerVersion;

const DEFAULT_FILE: &str = "/etc/mosquitto/mosquitto.conf";

/// What operators of a Mosquitto with mosquitto-enterprise-push ask before and while it runs.
#[derive(Debug, Parser)]
#[command(name = "enterprise-push", version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 fine (or allowed), 1 errors found (or denied), 2 usage, \
3 it could not be done";

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check a mosquitto.conf, the files it names, and the static service
    Check(Check),
    /// Tell what somebody may do, and why
    Explain(Box<Explain>),
    /// Translate another auth plugin's settings
    Convert(Convert),
}

/// `enterprise-push check`
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The broker's configuration; what it includes is read, too
    #[arg(default_value = DEFAULT_FILE, value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Leave the network alone
    #[arg(long)]
    pub(crate) offline: bool,
    /// Count warnings as errors
    #[arg(long)]
    pub(crate) strict: bool,
    /// The broker that will read it, such as 2.0.11 [default: what holds for any of 2.0 and 2.1 is told]
    #[arg(long, value_name = "VERSION")]
    pub(crate) broker_version: Option<BrokerVersion>,
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// `enterprise-push explain`
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// Who: uid@eid, or uid@eid:device where the device matters
    #[arg(value_name = "USER")]
    pub(crate) who: Who,
    /// What for
    #[arg(value_enum)]
    pub(crate) action: Action,
    /// A topic; with `subscribe` a filter; none with `login`
    #[arg(required_if_eq_any([("action", "read"), ("action", "write"), ("action", "subscribe")]))]
    pub(crate) topic: Option<String>,
    /// The kind of the device [default: that of its session at the broker, else unknown]
    #[arg(long, value_enum)]
    pub(crate) kind: Option<Kind>,
    /// Take state_dir and policy_file from this configuration
    #[arg(long, default_value = DEFAULT_FILE, value_name = "FILE", conflicts_with = "broker")]
    pub(crate) conf: PathBuf,
    /// Ask this copy of the directory: a state_dir, or a copy of one
    #[arg(long, value_name = "DIR", conflicts_with_all = ["conf", "broker"])]
    pub(crate) state_dir: Option<PathBuf>,
    /// Ask with this policy file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["conf", "broker"])]
    pub(crate) policy_file: Option<PathBuf>,
    /// Ask this broker: tcp://HOST:PORT or tls://HOST:PORT
    #[arg(long, value_name = "URL", requires = "client_id")]
    pub(crate) broker: Option<String>,
    /// Log in there as this device of a user with the role operator; a device of that name that is
    /// connected is thrown out, so take one of its own
    #[arg(long = "as", value_name = "UID@EID:DEVICE", requires = "broker")]
    pub(crate) client_id: Option<Who>,
    /// Its login token is the first line of this file, `-` for standard input
    /// [default: the variable ENTERPRISE_PUSH_TOKEN]
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Trust only this CA (PEM) for tls:// [default: the system's]
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// How long to wait for the broker, in seconds
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: u64,
    /// The answer as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// What somebody may want to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Action {
    /// Be given messages of a topic
    Read,
    /// Publish to a topic
    Write,
    /// Subscribe to a filter
    Subscribe,
    /// Log in
    Login,
}

impl Action {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Action::Read => "read",
            Action::Write => "write",
            Action::Subscribe => "subscribe",
            Action::Login => "login",
        }
    }
}

/// The kind of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// A computer
    Pc,
    /// A phone
    Phone,
    /// A program
    Service,
}

/// `enterprise-push convert`
#[derive(Debug, Args)]
pub(crate) struct Convert {
    /// The plugin whose settings they are
    #[arg(value_enum)]
    pub(crate) from: From,
    /// The broker's configuration; what it includes is read, too
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

/// Whose settings can be translated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum From {
    /// mosquitto-go-auth
    GoAuth,
    /// mosquitto-auth-plug
    AuthPlug,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn command_line_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    fn parses(words: &[&str]) -> bool {
        Cli::try_parse_from([&["enterprise-push"], words].concat()).is_ok()
    }

    #[test]
    fn topic_goes_with_all_actions_but_login() {
        assert!(parses(&["explain", "alice@acme", "read", "acme/notice/x"]));
        assert!(parses(&["explain", "alice@acme:pc", "login"]));
        assert!(!parses(&["explain", "alice@acme", "read"]));
        assert!(!parses(&["explain", "alice", "login"]));
        assert!(!parses(&["explain", "alice@acme", "delete", "x"]));
    }

    #[test]
    fn a_broker_is_asked_as_somebody_and_nothing_else_beside_it() {
        let question = ["explain", "alice@acme", "login", "--broker", "tcp://b"];
        assert!(!parses(&question));
        let known = [&question[..], &["--as", "root@acme:cli"]].concat();
        assert!(parses(&known));
        assert!(!parses(&[&known[..], &["--state-dir", "x"]].concat()));
        assert!(!parses(&[&known[..], &["--conf", "x"]].concat()));
        assert!(!parses(&["explain", "alice@acme", "login", "--token", "x"]));
    }

    #[test]
    fn versions_are_numbers() {
        assert!(parses(&["check", "--broker-version", "2.0.11"]));
        assert!(!parses(&["check", "--broker-version", "newest"]));
    }
}
