//! Where the broker listens, and the settings of each listener.

use std::collections::HashMap;
use std::net::IpAddr;

use super::{BrokerConf, Setting};

/// Settings that belong to the listener before them; those that matter here.
const OF_LISTENERS: [&str; 9] = [
    "bind_interface",
    "certfile",
    "mount_point",
    "protocol",
    "psk_hint",
    "require_certificate",
    "use_identity_as_username",
    "use_subject_as_username",
    "use_username_as_clientid",
];

/// A listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listener {
    /// The line that makes it; `None` for the default one, which other settings make.
    pub(crate) line: Option<Setting>,
    settings: Vec<Setting>,
}

impl Listener {
    /// The last of a name.
    pub(crate) fn last(&self, name: &str) -> Option<&Setting> {
        self.settings
            .iter()
            .rev()
            .find(|setting| setting.name == name)
    }

    /// Whether its traffic is encrypted.
    pub(crate) fn has_tls(&self) -> bool {
        self.last("certfile").is_some() || self.last("psk_hint").is_some()
    }

    /// Whether only this machine reaches it.
    pub(crate) fn is_local(&self) -> bool {
        let Some(line) = &self.line else {
            return false;
        };
        let mut words = line.value.split_whitespace();
        let is_unix_socket = words.next() == Some("0");
        let host = words.next().unwrap_or_default();
        let address: Option<IpAddr> = host.parse().ok();
        is_unix_socket || host == "localhost" || address.is_some_and(|a| a.is_loopback())
    }
}

/// Goes through the settings; each file begins with the default listener.
pub(super) fn assign(conf: &mut BrokerConf) {
    let mut current = HashMap::new();
    let mut default = None;
    for setting in &conf.settings {
        let file = setting.place.file.clone();
        if setting.name == "listener" {
            current.insert(file, conf.listeners.len());
            conf.listeners.push(Listener {
                line: Some(setting.clone()),
                settings: Vec::new(),
            });
            continue;
        }
        let makes_default = matches!(setting.name.as_str(), "port" | "bind_address");
        if !makes_default && !OF_LISTENERS.contains(&setting.name.as_str()) {
            continue;
        }
        let at = current
            .get(&file)
            .copied()
            .filter(|_| !makes_default)
            .or(default);
        let at = at.unwrap_or_else(|| {
            let at = conf.listeners.len();
            default = Some(at);
            conf.listeners.push(Listener {
                line: None,
                settings: Vec::new(),
            });
            at
        });
        if let Some(listener) = conf.listeners.get_mut(at) {
            listener.settings.push(setting.clone());
        }
    }
}
