//! Room 6: the plugin's options, as typed by the sysadmin, then checked, with units.
//!
//! Reads the files that options name (secret, CA); knows nothing of the broker or of HTTP.

mod check;
mod claims;
mod error;
mod file;
mod identity;
mod introspection;
mod options;
mod secret;

pub use claims::{
    Claims, DeviceSource, Devices, ExpSource, KindSource, ListSource, Part, Pattern, Place,
    Pointer, Requirement, Source,
};
pub use error::ConfigError;
pub use file::{Configuration, Reread, read_options_file};
pub use identity::ClientIdentity;
pub use introspection::{Introspection, Sends};
pub use options::{LIVE_OPTIONS, OPTION_NAMES, Options};
pub use secret::Secret;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Checked settings: everything here is in range and every named file was readable at start.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `static_url`: where the static service is, without a trailing `/`.
    pub static_url: String,
    /// `client_id`: our name at the static service (HTTP Basic).
    pub client_id: String,
    /// Where the secret comes from.
    pub client_secret: SecretSource,
    /// `introspection_...`, `claim_...` and `require_claims`: how a token is asked about.
    pub introspection: Introspection,
    /// `feed`: whether to follow the control feed.
    pub feed: bool,
    /// `ca_file`: the only certificate authorities to trust, PEM; the system's when none is given.
    pub ca_file: Option<PathBuf>,
    /// `client_cert_file` and `client_key_file`: what we show where the static service asks for a certificate.
    pub client_identity: Option<ClientIdentity>,
    /// `timeout_ms`: longest wait for an answer of the static service.
    pub timeout: Duration,
    /// `cache_ttl_s`: longest time for which a good answer is believed.
    pub cache_ttl: Duration,
    /// `negative_ttl_s`: how long a bad answer is believed.
    pub negative_ttl: Duration,
    /// `cache_size`: tokens remembered.
    pub cache_size: usize,
    /// `stall_budget_ms`: longest total waiting on the broker's thread per second (2.0 only).
    pub stall_budget: Duration,
    /// `delayed_login`: on 2.1, complete unknown logins later instead of waiting for them; `off` is for
    /// comparisons.
    pub delayed_login: bool,
    /// `peer_failures_per_min`: failed logins allowed per peer address; 0 for any number.
    pub peer_failures_per_min: u32,
    /// `user_failures_per_min`: failed logins allowed per user; 0 for any number.
    pub user_failures_per_min: u32,
    /// `pre_subscribe`: clients receive what is theirs without SUBSCRIBE.
    pub pre_subscribe: bool,
    /// `presence`: the plugin publishes who is online and who is not.
    pub presence: bool,
    /// `loopback_listener`: a listener of the broker by which the plugin publishes (1.x only).
    pub loopback_listener: Option<SocketAddr>,
    /// `allow_unseen_payloads`: let through what cannot be looked at (1.4 only).
    pub allow_unseen_payloads: bool,
    /// `policy_file`: grants beyond the default policy, JSON.
    pub policy_file: Option<PathBuf>,
    /// `state_dir`: where to keep what should survive a restart.
    pub state_dir: Option<PathBuf>,
    /// `metrics_listen`: where metrics can be had over HTTP.
    pub metrics_listen: Option<SocketAddr>,
    /// `audit_file`: where the audit log is written.
    pub audit_file: Option<PathBuf>,
    /// `audit_ship`: whether the audit log is sent to the static service.
    pub audit_ship: bool,
    /// `audit_spool_mb`: bytes of the audit log that may wait for the static service.
    pub audit_spool_bytes: u64,
    /// `node`: this broker's name towards the static service.
    pub node: String,
    /// `mode`: whether decisions are enforced.
    pub mode: Mode,
}

/// Whether decisions are enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `enforce`
    Enforce,
    /// `shadow`: they are told, and the broker does what it would do without the plugin.
    Shadow,
}

/// Where the secret comes from: a file can be read again on SIGHUP.
#[derive(Debug, Clone)]
pub enum SecretSource {
    /// `client_secret`
    Inline(Secret),
    /// `client_secret_file`
    File(PathBuf),
}

impl SecretSource {
    /// The secret as it stands now.
    pub fn read(&self) -> Result<Secret, ConfigError> {
        match self {
            SecretSource::Inline(secret) => Ok(secret.clone()),
            SecretSource::File(path) => secret::read_file(path),
        }
    }
}
