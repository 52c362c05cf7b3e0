//! Options as typed: each at most once, each known by name; and which of them can change while the broker runs.

use zeroize::Zeroizing;

use super::ConfigError;

/// Every option, without Mosquitto's `plugin_opt_` prefix.
pub const OPTION_NAMES: [&str; 41] = [
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
    "loopback_listener",
    "allow_unseen_payloads",
    "policy_file",
    "state_dir",
    "metrics_listen",
    "audit_file",
    "audit_ship",
    "audit_spool_mb",
    "node",
    "mode",
    "options_file",
];

/// Those that take effect on SIGHUP when they stand in the `options_file`. All others need a restart: who is let in, what is
/// followed and what is on its way hangs on them.
pub const LIVE_OPTIONS: [&str; 14] = [
    "client_id",
    "client_secret_file",
    "ca_file",
    "client_cert_file",
    "client_key_file",
    "timeout_ms",
    "cache_ttl_s",
    "negative_ttl_s",
    "stall_budget_ms",
    "peer_failures_per_min",
    "user_failures_per_min",
    "metrics_listen",
    "audit_file",
    "audit_spool_mb",
];

/// The plugin's options: as the broker hands them over, or as they stand in the `options_file`.
#[derive(Default, Clone)]
pub struct Options {
    given: Vec<Given>,
}

#[derive(Clone)]
struct Given {
    name: &'static str,
    /// May be a secret.
    value: Zeroizing<String>,
    /// Where it stands in the `options_file`.
    line: Option<usize>,
}

impl Options {
    /// Takes one option in; the name must be known and new.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        self.add(name, value, None)
    }

    pub(super) fn add(
        &mut self,
        name: &str,
        value: &str,
        line: Option<usize>,
    ) -> Result<(), ConfigError> {
        let known = OPTION_NAMES.into_iter().find(|known| *known == name);
        let Some(known) = known else {
            return Err(ConfigError::Unknown(name.to_owned()));
        };
        if self.get(known).is_some() {
            return Err(ConfigError::Twice(known));
        }
        self.given.push(Given {
            name: known,
            value: Zeroizing::new(value.trim().to_owned()),
            line,
        });
        Ok(())
    }

    /// The value as typed, without surrounding blanks.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.find(name).map(|given| given.value.as_str())
    }

    /// These, and in the place of those that `others` also give, theirs.
    pub(super) fn overlaid(&self, others: &Options) -> Options {
        let kept = self.given.iter().filter(|g| others.get(g.name).is_none());
        Options {
            given: kept.chain(&others.given).cloned().collect(),
        }
    }

    /// These, but `name` as `others` have it, if at all.
    pub(super) fn restore(&mut self, name: &str, others: &Options) {
        self.given.retain(|given| given.name != name);
        self.given.extend(others.find(name).cloned());
    }

    /// The line of the `options_file` that gives an option.
    pub(super) fn line_of(&self, name: &str) -> Option<usize> {
        self.find(name)?.line
    }

    /// Name, value and line of each.
    pub(super) fn into_lines(self) -> impl Iterator<Item = (&'static str, String, usize)> {
        let given = self.given.into_iter();
        given.map(|given| (given.name, given.value.to_string(), given.line.unwrap_or(0)))
    }

    fn find(&self, name: &str) -> Option<&Given> {
        self.given.iter().find(|given| given.name == name)
    }
}
