//! The plugin's options, by the plugin's own checks: each that is wrong is told, not only the first.

use mosquitto_enterprise_push::config::{ConfigError, OPTION_NAMES, Options, Settings};

use super::finding::Findings;
use crate::broker_conf::{Plugin, PluginOption};

/// What stands in for something that is missing, so that the rest can be checked. Never used.
const PLACEHOLDERS: [(&str, &str); 3] = [
    ("static_url", "http://localhost"),
    ("client_id", "missing"),
    ("client_secret", "missing"),
];
/// More errors than this are a file of another kind.
const MOST: usize = 100;

/// Checks all; the settings if nothing was wrong.
pub(super) fn judge(plugin: &Plugin, findings: &mut Findings) -> Option<Settings> {
    let host = host_name();
    let mut given: Vec<PluginOption> = plugin.options.clone();
    let mut wrong = 0;
    while wrong < MOST {
        let error = match check(&given, &host) {
            Ok(settings) if wrong == 0 => {
                let text = format!("{} options, all well formed", plugin.options.len());
                findings.ok("plugin_opt_", text).at(&plugin.place);
                return Some(settings);
            }
            Ok(_) => return None,
            Err(error) => error,
        };
        tell(&error, plugin, findings);
        set_aside(&error, &mut given, plugin);
        wrong += 1;
    }
    None
}

fn check(given: &[PluginOption], host_name: &str) -> Result<Settings, ConfigError> {
    let mut options = Options::default();
    for option in given {
        options.set(&option.name, &option.value)?;
    }
    Settings::of(&options, host_name)
}

fn tell(error: &ConfigError, plugin: &Plugin, findings: &mut Findings) {
    let name = error.option().unwrap_or("options_file");
    // Of an option that is given twice the second is the wrong one.
    let place = plugin
        .options
        .iter()
        .rev()
        .find(|option| option.name == name);
    let finding = findings.error(&format!("plugin_opt_{name}"), error.to_string());
    finding.at(place.map_or(&plugin.place, |option| &option.place));
    match error {
        ConfigError::Unknown(_) => {
            if let Some(meant) = nearest(name) {
                finding.todo(format!("is plugin_opt_{meant} meant?"));
            } else {
                finding.todo("take it out; the README lists all options");
            }
        }
        ConfigError::Twice(_) => {
            finding.todo("leave one of them");
        }
        ConfigError::Missing(_) | ConfigError::OneSecret => {
            finding.todo("the plugin does not start without");
        }
        _ => {}
    }
}

/// Makes the next check find the next error.
fn set_aside(error: &ConfigError, given: &mut Vec<PluginOption>, plugin: &Plugin) {
    let name = error.option().unwrap_or("options_file").to_owned();
    match error {
        ConfigError::Twice(_) => {
            if let Some(at) = given.iter().rposition(|option| option.name == name) {
                given.remove(at);
            }
            return;
        }
        // Two options that belong together.
        ConfigError::OneSecret => given.retain(|option| !option.name.starts_with("client_secret")),
        ConfigError::Missing("client_cert_file" | "client_key_file") => {
            given.retain(|option| {
                !matches!(option.name.as_str(), "client_cert_file" | "client_key_file")
            });
        }
        _ => given.retain(|option| option.name != name),
    }
    if let Some((name, value)) = PLACEHOLDERS.into_iter().find(|(known, _)| *known == name) {
        given.push(PluginOption {
            place: plugin.place.clone(),
            name: name.to_owned(),
            value: value.to_owned(),
        });
    }
}

/// An option whose name is like this one.
fn nearest(name: &str) -> Option<&'static str> {
    let close = OPTION_NAMES
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), known));
    let (far, known) = close.min()?;
    (far <= 2).then_some(known)
}

fn host_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map(|name| name.trim().to_owned())
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_were_mistyped_are_found() {
        assert_eq!(nearest("static_ulr"), Some("static_url"));
        assert_eq!(nearest("cache_ttl"), Some("cache_ttl_s"));
        assert_eq!(nearest("http_host"), None);
    }
}
