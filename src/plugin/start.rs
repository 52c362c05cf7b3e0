//! From the broker's options to a running plugin.

use std::path::Path;
use std::sync::Arc;

use super::{Capabilities, Host, Plugin};
use crate::config::{ConfigError, Options, Settings};
use crate::engine::{Engine, EngineConfig, Level};
use crate::policy::{Policy, PolicyError, Rules};
use crate::worker::{self, Platform, Worker};

/// Why the broker must not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An option.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The policy file.
    #[error(transparent)]
    Policy(#[from] PolicyFileError),
    /// The worker.
    #[error(transparent)]
    Worker(#[from] worker::StartError),
}

/// Why a policy file cannot be put in force.
#[derive(Debug, thiserror::Error)]
pub enum PolicyFileError {
    /// It cannot be read.
    #[error("plugin_opt_policy_file `{0}`: {1}")]
    Read(String, std::io::Error),
    /// It is not a policy.
    #[error("plugin_opt_policy_file `{0}`: {1}")]
    Content(String, PolicyError),
}

impl<H: Host> Plugin<H> {
    /// Checks the options, puts the policy in force and starts the worker.
    pub fn start(
        host: H,
        capabilities: Capabilities,
        options: &Options,
        host_name: &str,
        platform: Arc<dyn Platform>,
    ) -> Result<Plugin<H>, StartError> {
        let settings = Settings::check(options, host_name)?;
        let policy = read_policy(settings.policy_file.as_deref())?;
        let (worker, inbox) = Worker::start(&settings, platform)?;
        let engine = Engine::new(engine_config(&settings, capabilities), policy);
        host.log(Level::Notice, &greeting(&settings, capabilities));
        Ok(Plugin::new(host, engine, worker, inbox, settings))
    }

    /// SIGHUP: reads secret, CA file and policy file again. A bad one leaves the old one in force.
    pub fn reload(&self) {
        self.worker().reload();
        let file = self.settings().policy_file.as_deref();
        match read_policy(file) {
            Ok(policy) => {
                self.with_engine(|engine| engine.set_policy(policy));
                if let Some(file) = file {
                    self.log(
                        Level::Notice,
                        &format!("policy `{}` is in force", file.display()),
                    );
                }
            }
            Err(error) => self.log(
                Level::Error,
                &format!("{error}; the former policy stays in force"),
            ),
        }
    }
}

fn read_policy(file: Option<&Path>) -> Result<Policy, PolicyFileError> {
    let Some(file) = file else {
        return Ok(Policy::default());
    };
    let shown = file.display().to_string();
    let text =
        std::fs::read_to_string(file).map_err(|e| PolicyFileError::Read(shown.clone(), e))?;
    let rules = Rules::parse(&text).map_err(|e| PolicyFileError::Content(shown, e))?;
    Ok(Policy::new(rules))
}

fn engine_config(settings: &Settings, capabilities: Capabilities) -> EngineConfig {
    EngineConfig {
        delayed_login: capabilities.delayed_login && settings.delayed_login,
        cache_size: settings.cache_size,
        cache_ttl: settings.cache_ttl,
        negative_ttl: settings.negative_ttl,
        stall_budget: settings.stall_budget,
        timeout: settings.timeout,
        peer_failures_per_min: settings.peer_failures_per_min,
        user_failures_per_min: settings.user_failures_per_min,
    }
}

/// What is in force, without secrets.
fn greeting(settings: &Settings, capabilities: Capabilities) -> String {
    let login = if capabilities.delayed_login && settings.delayed_login {
        "delayed login".to_owned()
    } else {
        format!(
            "blocking login within {} ms per second",
            settings.stall_budget.as_millis()
        )
    };
    format!(
        "mosquitto-enterprise-push {} node={} static_url={} client_id={} feed={} timeout_ms={} cache_ttl_s={} \
         negative_ttl_s={} cache_size={}; {login}",
        env!("CARGO_PKG_VERSION"),
        settings.node,
        settings.static_url,
        settings.client_id,
        if settings.feed { "on" } else { "off" },
        settings.timeout.as_millis(),
        settings.cache_ttl.as_secs(),
        settings.negative_ttl.as_secs(),
        settings.cache_size,
    )
}
