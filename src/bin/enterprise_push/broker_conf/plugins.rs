//! Which plugins are loaded, and which options belong to each.

use std::collections::HashMap;
use std::path::Path;

use mosquitto_enterprise_push::config::read_options_file;

use super::{BrokerConf, Place};

const OPTION_PREFIXES: [&str; 2] = ["plugin_opt_", "auth_opt_"];

/// A plugin that the broker loads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plugin {
    pub(crate) place: Place,
    /// The setting that loads it.
    pub(crate) setting: String,
    pub(crate) path: String,
    /// After `plugin_load`.
    name: Option<String>,
    pub(crate) options: Vec<PluginOption>,
}

/// An option of a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PluginOption {
    pub(crate) place: Place,
    /// Without its prefix.
    pub(crate) name: String,
    pub(crate) value: String,
}

impl Plugin {
    /// The value of an option, if it is given.
    pub(crate) fn option(&self, name: &str) -> Option<&PluginOption> {
        self.options.iter().find(|option| option.name == name)
    }

    /// The same, as typed.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.option(name).map(|option| option.value.as_str())
    }

    /// The parts of a list with commas.
    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        let typed = self.value(name).unwrap_or_default();
        typed.split(',').map(str::trim).collect()
    }

    /// Whether it is ours: by its file's name, or else by an option that no other has.
    pub(crate) fn is_ours(&self) -> bool {
        let file = self.path.rsplit('/').next().unwrap_or_default();
        let named = file.replace('-', "_").contains("enterprise_push");
        named || self.option("static_url").is_some()
    }
}

/// Goes through the settings; each file has a current plugin of its own.
pub(super) fn assign(conf: &mut BrokerConf) {
    let mut current = HashMap::new();
    for setting in conf.settings.clone() {
        let file = setting.place.file.clone();
        let prefix = OPTION_PREFIXES.into_iter();
        let option = prefix
            .filter_map(|prefix| setting.name.strip_prefix(prefix))
            .next();
        match (setting.name.as_str(), option) {
            ("plugin" | "auth_plugin" | "global_plugin", _) => {
                current.insert(file, conf.plugins.len());
                conf.load(setting.place, setting.name, None, setting.value);
            }
            ("plugin_load", _) => {
                current.insert(file, conf.plugins.len());
                let (name, path) = setting
                    .value
                    .split_once(' ')
                    .unwrap_or((&setting.value, ""));
                let path = path.trim().to_owned();
                conf.load(
                    setting.place.clone(),
                    setting.name,
                    Some(name.to_owned()),
                    path,
                );
            }
            ("plugin_use", _) => {
                let named = |plugin: &Plugin| plugin.name.as_deref() == Some(&setting.value);
                if let Some(at) = conf.plugins.iter().position(named) {
                    current.insert(file, at);
                }
            }
            (_, Some(option)) => {
                let plugin = current.get(&file).copied();
                conf.option(plugin, setting.place, option, setting.value.clone());
            }
            _ => {}
        }
    }
}

/// The options of our plugin's `options_file` take the place of those in the configuration, as in the plugin.
pub(super) fn lay_options_files_over(conf: &mut BrokerConf) {
    let mut bad = Vec::new();
    for plugin in conf.plugins.iter_mut().filter(|plugin| plugin.is_ours()) {
        let Some(named) = plugin.option("options_file").cloned() else {
            continue;
        };
        let file = Path::new(&named.value);
        match read_options_file(file) {
            Err(error) => bad.push((named.place, error.to_string())),
            Ok(options) => {
                for (name, value, line) in options {
                    // Which would be hidden: the plugin takes the configuration's own options in first, each once.
                    let given = plugin.options.iter().filter(|option| option.name == name);
                    let again = given.skip(1).map(|option| option.place.clone());
                    bad.extend(
                        again.map(|place| (place, format!("plugin_opt_{name} is given twice"))),
                    );
                    plugin.options.retain(|option| option.name != name);
                    plugin.options.push(PluginOption {
                        place: Place {
                            file: file.into(),
                            line,
                        },
                        name: name.to_owned(),
                        value,
                    });
                }
            }
        }
    }
    for (place, text) in bad {
        conf.complain(place, text);
    }
}

impl BrokerConf {
    /// Whether our plugin only looks on, and others decide.
    pub(crate) fn is_shadowed(&self) -> bool {
        let ours = self.plugins.iter().filter(|plugin| plugin.is_ours());
        ours.filter_map(|plugin| plugin.value("mode"))
            .any(|mode| mode == "shadow")
    }

    fn load(&mut self, place: Place, setting: String, name: Option<String>, path: String) {
        if path.is_empty() {
            self.complain(place.clone(), format!("{setting} names no file"));
        }
        self.plugins.push(Plugin {
            place,
            setting,
            path,
            name,
            options: Vec::new(),
        });
    }

    fn option(&mut self, plugin: Option<usize>, place: Place, name: &str, value: String) {
        if value.is_empty() {
            let text = format!(
                "plugin_opt_{name} has no value: Mosquitto does not start, or passes it over"
            );
            self.complain(place.clone(), text);
        }
        let option = PluginOption {
            place: place.clone(),
            name: name.to_owned(),
            value,
        };
        match plugin.and_then(|at| self.plugins.get_mut(at)) {
            Some(plugin) => plugin.options.push(option),
            None => {
                let text = format!(
                    "plugin_opt_{name} stands before any plugin line of this file: Mosquitto does not start"
                );
                self.complain(place, text);
            }
        }
    }
}
