//! What is compared: brokers of ours and of others, set up so that the same people may do the same things.
//!
//! | rival | who is let in | who may publish and receive |
//! |---|---|---|
//! | bare | everybody | everything |
//! | plugin | tokens | the default table |
//! | acl-file | everybody, by user name | six patterns that say what patterns can of the default table |
//! | password-file | passwords of `password_file` | the same patterns |
//! | dynamic-security | its passwords | a role for all, one for each user, one for the group |
//! | rabbitmq, rabbitmq-cached | whom an HTTP service lets in; answers kept or not | what the service allows, by the same patterns |
//!
//! Passwords are hashed as the version's own programs do it by default.
//!
//! | module | what it is for |
//! |---|---|
//! | `stand` | a running rival |
//! | `dynamic_security`, `password_file`, `rabbitmq` | what each is set up with |
//! | `http_auth` | the service that RabbitMQ asks |
//! | `presence` | everybody's retained presence, the same at all |

mod dynamic_security;
mod http_auth;
mod password_file;
mod presence;
mod rabbitmq;
mod stand;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use clap::ValueEnum;

use crate::cli::Place;
use crate::login::{broker_program, plugin_file};
use crate::people::User;
use crate::wire::{Credentials, LoginAs};

pub(crate) use rabbitmq::packaged_version;
pub(crate) use stand::Stand;

/// The group of the fan-out.
pub(crate) const GROUP: &str = "all";

/// Everybody's password where passwords are used.
const PASSWORD: &str = "bench-password";

/// The default table as far as patterns can tell it: who is in which group, and who is of which
/// enterprise, they cannot.
const PATTERNS: &str = "\
pattern write bench/im/msg/+
pattern read bench/im/msg/%u
pattern readwrite bench/im/msg/g/+
pattern read bench/im/pres/+
pattern write bench/im/pres/%u
pattern read bench/notice/#
";

/// Who is compared
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rival {
    /// No plugin, everybody is let in and may do everything
    Bare,
    /// Our plugin
    Plugin,
    /// Mosquitto's own acl_file, with patterns; everybody is let in
    AclFile,
    /// Mosquitto's own password_file, and acl_file with patterns
    PasswordFile,
    /// Mosquitto's own dynamic-security plugin
    DynamicSecurity,
    /// RabbitMQ with MQTT and HTTP authorisation
    Rabbitmq,
    /// The same, answers kept by rabbitmq_auth_backend_cache
    RabbitmqCached,
}

impl Rival {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Rival::Bare => "bare",
            Rival::Plugin => "plugin",
            Rival::AclFile => "acl-file",
            Rival::PasswordFile => "password-file",
            Rival::DynamicSecurity => "dynamic-security",
            Rival::Rabbitmq => "rabbitmq-http",
            Rival::RabbitmqCached => "rabbitmq-http-cached",
        }
    }

    /// Whether it is a Mosquitto, of whatever version.
    pub(crate) fn is_mosquitto(self) -> bool {
        !matches!(self, Rival::Rabbitmq | Rival::RabbitmqCached)
    }

    /// As whom somebody logs in there.
    pub(crate) fn login(self) -> LoginAs {
        match self {
            // The bare broker lets everybody in, but it is to be given what the others are: Mosquitto copies the sender's user
            // name with each message.
            Rival::Bare | Rival::Plugin | Rival::Rabbitmq | Rival::RabbitmqCached => {
                |user| Credentials::new(user, user.token())
            }
            Rival::AclFile | Rival::PasswordFile | Rival::DynamicSecurity => {
                |user| Credentials::named(user, user.uid(), PASSWORD)
            }
        }
    }
}

/// Who will come to a stand.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cast {
    /// Members of the group.
    pub(crate) group: Vec<User>,
    /// Others who are known beforehand: their tokens are announced.
    pub(crate) known: Vec<User>,
    /// Those whose tokens the plugin has to ask about. Files of passwords hold them, too: a file knows or refuses.
    pub(crate) strangers: Vec<User>,
}

impl Cast {
    fn announced(&self) -> Vec<User> {
        self.group.iter().chain(&self.known).cloned().collect()
    }

    fn everybody(&self) -> impl Iterator<Item = &User> {
        self.group.iter().chain(&self.known).chain(&self.strangers)
    }
}

/// Where the programs are, and what all log.
#[derive(Debug, Clone)]
pub(crate) struct Ground {
    broker: PathBuf,
    plugin: PathBuf,
    peers: PathBuf,
    log_types: Vec<String>,
}

impl Ground {
    /// For this version of Mosquitto, checked.
    pub(crate) fn of(place: &Place, version: &str) -> anyhow::Result<Ground> {
        Ok(Ground {
            broker: broker_program(place, version)?,
            plugin: plugin_file(place)?,
            peers: place.peer_cache.clone(),
            log_types: place.log_types.clone(),
        })
    }

    /// One of the programs beside the broker.
    fn beside_broker(&self, name: &str) -> PathBuf {
        self.broker.with_file_name(name)
    }
}

/// Runs a program to its end, and fails with what it said.
fn run(program: &Path, words: &[&str]) -> anyhow::Result<()> {
    let done = Command::new(program)
        .args(words)
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{}`", program.display()))?;
    if !done.status.success() {
        let why = String::from_utf8_lossy(&done.stderr);
        bail!("`{}`: {}", program.display(), why.trim());
    }
    Ok(())
}
