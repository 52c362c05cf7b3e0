//! Options as typed: each at most once, each known by name.

use super::ConfigError;

/// Every option, without Mosquitto's `plugin_opt_` prefix.
pub const OPTION_NAMES: [&str; 37] = [
    "static_url",
    "client_id",
    "client_secret",
    "client_secret_file",
    "introspection_path",
    "introspection_sends",
    "claim_eid",
    "claim_uid",
    "claim_device",
    "claim_kind",
    "claim_exp",
    "claim_roles",
    "claim_groups",
    "claim_partners",
    "claim_channels",
    "require_claims",
    "feed",
    "ca_file",
    "client_cert_file",
    "client_key_file",
    "timeout_ms",
    "cache_ttl_s",
    "negative_ttl_s",
    "cache_size",
    "stall_budget_ms",
    "delayed_login",
    "peer_failures_per_min",
    "user_failures_per_min",
    "pre_subscribe",
    "presence",
    "policy_file",
    "state_dir",
    "metrics_listen",
    "audit_file",
    "audit_ship",
    "audit_spool_mb",
    "node",
];

/// The plugin's options as the broker hands them over.
#[derive(Default)]
pub struct Options {
    given: Vec<(&'static str, String)>,
}

impl Options {
    /// Takes one option in; the name must be known and new.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        let known = OPTION_NAMES.into_iter().find(|known| *known == name);
        let Some(known) = known else {
            return Err(ConfigError::Unknown(name.to_owned()));
        };
        if self.get(known).is_some() {
            return Err(ConfigError::Twice(known));
        }
        self.given.push((known, value.trim().to_owned()));
        Ok(())
    }

    /// The value as typed, without surrounding blanks.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.given
            .iter()
            .find(|(given, _)| *given == name)
            .map(|(_, value)| value.as_str())
    }
}
