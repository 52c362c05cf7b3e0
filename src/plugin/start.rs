//! From the broker's options to a running plugin.

use std::sync::Arc;

use super::reload::{PolicyFileError, read_policy};
use super::{Capabilities, Host, Plugin, greeting};
use crate::config::{ConfigError, Configuration, Mode, Options, Settings};
use crate::engine::{Engine, EngineConfig, Level, Payloads};
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
    /// Shadow mode, on a broker that has no way to leave a decision to others.
    #[error("plugin_opt_mode `shadow`: it needs Mosquitto 2.0 or later")]
    NoShadow,
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
        let (configuration, settings) = Configuration::read(options, host_name)?;
        if settings.mode == Mode::Shadow && !capabilities.events {
            return Err(StartError::NoShadow);
        }
        let policy = read_policy(settings.policy_file.as_deref())?;
        host.log(Level::Notice, &greeting::versions(&settings, capabilities));
        for line in greeting::settings(&settings, &configuration, capabilities) {
            host.log(Level::Notice, &line);
        }
        let (worker, inbox, restored) = Worker::start(configuration, &settings, platform)?;
        let engine = Engine::new(engine_config(&settings, capabilities), policy);
        let plugin = Plugin::new(host, capabilities, engine, worker, inbox, settings);
        plugin.tell_shadow();
        plugin.warn_of_shadow();
        plugin.restore(restored);
        Ok(plugin)
    }

    pub(super) fn engine_config(&self, settings: &Settings) -> EngineConfig {
        engine_config(settings, self.capabilities)
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
        self.undelivered.replace(restored.undelivered);
        let mut effects = Vec::new();
        self.with_engine(|engine| while engine.sweep(&mut effects) {});
        self.defer(effects);
    }
}

fn engine_config(settings: &Settings, capabilities: Capabilities) -> EngineConfig {
    // In shadow mode nobody is waited for, and nothing is brought to anybody.
    let enforces = settings.mode == Mode::Enforce;
    EngineConfig {
        delayed_login: !enforces || (capabilities.delayed_login && settings.delayed_login),
        client_id_at_login: capabilities.shows_clients,
        payloads: payloads(settings, capabilities),
        cache_size: settings.cache_size,
        cache_ttl: settings.cache_ttl,
        negative_ttl: settings.negative_ttl,
        stall_budget: settings.stall_budget,
        timeout: settings.timeout,
        // What shows no client ids shows no addresses either.
        peer_failures_per_min: if capabilities.shows_clients {
            settings.peer_failures_per_min
        } else {
            0
        },
        user_failures_per_min: settings.user_failures_per_min,
        broker_subscriptions: enforces && capabilities.subscriptions,
        pre_subscribe: enforces && settings.pre_subscribe && capabilities.events,
        keeps_notices: enforces && settings.state_dir.is_some() && capabilities.events,
        presence: enforces && settings.presence && capabilities.events,
        shadow: !enforces,
    }
}

fn payloads(settings: &Settings, capabilities: Capabilities) -> Payloads {
    match (capabilities.shows_clients, settings.allow_unseen_payloads) {
        (true, _) => Payloads::Shown,
        (false, false) => Payloads::Refused,
        (false, true) => Payloads::Trusted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engine_is_by_default_as_options_are() {
        let mut options = Options::default();
        for (name, value) in [
            ("static_url", "https://static.example.com"),
            ("client_id", "b1"),
            ("client_secret", "s"),
        ] {
            options.set(name, value).unwrap();
        }
        let capabilities = Capabilities {
            delayed_login: true,
            subscriptions: true,
            events: true,
            shows_clients: true,
        };
        let settings = Settings::of(&options, "host-a").unwrap();
        let config = engine_config(&settings, capabilities);
        assert_eq!(config, EngineConfig::default());
    }
}
