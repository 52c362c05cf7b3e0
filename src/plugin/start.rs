//! From the broker's options to a running plugin.

use std::path::Path;
use std::sync::Arc;

use super::{Capabilities, Host, Plugin};
use crate::config::{ConfigError, Options, Settings};
use crate::engine::{Engine, EngineConfig, Event, Level};
use crate::policy::{Policy, PolicyError, Rules};
use crate::worker::{self, Platform, Restored, Worker};

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
        let (worker, inbox, restored) = Worker::start(&settings, platform)?;
        let engine = Engine::new(engine_config(&settings, capabilities), policy);
        host.log(Level::Notice, &greeting(&settings, capabilities));
        let plugin = Plugin::new(host, engine, worker, inbox, settings);
        plugin.restore(restored);
        Ok(plugin)
    }

    /// Puts the directory's copy in force; what follows from it is carried out in the first TICK.
    fn restore(&self, restored: Restored) {
        for complaint in &restored.complaints {
            self.log(Level::Warning, complaint);
        }
        for step in restored.directory {
            self.step(step);
        }
        self.with_engine(|engine| engine.restore_devices(&restored.devices));
        let mut effects = Vec::new();
        self.with_engine(|engine| while engine.sweep(&mut effects) {});
        self.defer(effects);
    }

    /// SIGHUP: reads secret, CA file and policy file again. A bad one leaves the old one in force.
    pub fn reload(&self) {
        self.worker().reload();
        // A failure has been told in the log.
        let _ = self.reload_policy();
    }

    /// Reads the policy file again; gives how many rules are in force.
    pub(super) fn reload_policy(&self) -> Result<usize, PolicyFileError> {
        let file = self.settings().policy_file.as_deref();
        let policy = read_policy(file).inspect_err(|error| {
            let text = format!("{error}; the former policy stays in force");
            self.log(Level::Error, &text);
            self.put_on_record(Event::Policy(Err(error.to_string())));
        })?;
        let rules = policy.rules().len();
        self.with_engine(|engine| engine.set_policy(policy));
        self.put_on_record(Event::Policy(Ok(rules)));
        if let Some(file) = file {
            let text = format!("policy `{}` is in force", file.display());
            self.log(Level::Notice, &text);
        }
        Ok(rules)
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
        broker_subscriptions: capabilities.subscriptions,
        pre_subscribe: settings.pre_subscribe,
        presence: settings.presence,
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
         negative_ttl_s={} cache_size={} pre_subscribe={} presence={} audit={}; {login}",
        env!("CARGO_PKG_VERSION"),
        settings.node,
        settings.static_url,
        settings.client_id,
        on_off(settings.feed),
        settings.timeout.as_millis(),
        settings.cache_ttl.as_secs(),
        settings.negative_ttl.as_secs(),
        settings.cache_size,
        on_off(settings.pre_subscribe),
        on_off(settings.presence),
        audit(settings),
    )
}

fn audit(settings: &Settings) -> &'static str {
    match (&settings.audit_file, settings.audit_ship) {
        (None, false) => "off",
        (Some(_), false) => "file",
        (None, true) => "ship",
        (Some(_), true) => "file+ship",
    }
}

fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}
