//! The configuration that we ship, with this test's port, paths and options put in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::broker::plugin_file;
use super::clocks::Clocks;

const SHIPPED: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/mosquitto-conf/enterprise-push.conf"
));

/// The broker's secret at the static service. Like every token of these tests it holds [`MARK`].
pub(crate) const BROKER_SECRET: &str = "broker-s3cr3t-0123456789abcdef";
/// What no log may ever hold.
pub(crate) const MARK: &str = "s3cr3t";

/// What differs from the shipped file.
#[derive(Clone)]
pub(crate) struct Conf {
    options: BTreeMap<String, Option<String>>,
    lines: Vec<String>,
    environment: Vec<(&'static str, PathBuf)>,
    plugin: PathBuf,
    per_listener: bool,
    bare: bool,
    old_words: bool,
}

impl Conf {
    /// The shipped file for the static service at this URL.
    pub(crate) fn new(static_url: &str) -> Conf {
        let conf = Conf {
            options: BTreeMap::new(),
            lines: Vec::new(),
            environment: Vec::new(),
            plugin: plugin_file(),
            per_listener: false,
            bare: false,
            old_words: false,
        };
        conf.option("static_url", static_url).option("node", "test")
    }

    /// Sets `plugin_opt_{name}`.
    pub(crate) fn option(mut self, name: &str, value: impl ToString) -> Conf {
        self.options
            .insert(name.to_owned(), Some(value.to_string()));
        self
    }

    /// Takes `plugin_opt_{name}` out.
    pub(crate) fn without(mut self, name: &str) -> Conf {
        self.options.insert(name.to_owned(), None);
        self
    }

    /// Adds a line at the end, where `plugin_opt_` lines still belong to the plugin.
    pub(crate) fn line(mut self, line: &str) -> Conf {
        self.lines.push(line.to_owned());
        self
    }

    /// Starts the broker under these clocks.
    pub(crate) fn clocks(mut self, clocks: &Clocks) -> Conf {
        self.environment = clocks.environment();
        self
    }

    /// What the broker's environment has beyond the test's.
    pub(crate) fn environment(&self) -> &[(&'static str, PathBuf)] {
        &self.environment
    }

    /// Loads another plugin file.
    pub(crate) fn plugin(mut self, file: &Path) -> Conf {
        self.plugin = file.to_owned();
        self
    }

    /// Without the plugin.
    pub(crate) fn bare(mut self) -> Conf {
        self.bare = true;
        self
    }

    /// Turns `per_listener_settings` on; the settings then are those of this one listener.
    pub(crate) fn per_listener(mut self) -> Conf {
        self.per_listener = true;
        self
    }

    /// Names plugin and options as 1.x does, which 2.x understands, too.
    pub(crate) fn old_words(mut self) -> Conf {
        self.old_words = true;
        self
    }

    /// The configuration file's text, for a broker that lives in `folder`.
    pub(crate) fn render(&self, folder: &Path, port: u16, secret_file: &Path) -> String {
        let mut options = self.options.clone();
        options
            .entry("client_secret_file".to_owned())
            .or_insert_with(|| Some(secret_file.display().to_string()));
        let (mut listeners, mut plugins) = (0, 0);
        let mut lines: Vec<String> = Vec::new();
        let listener = format!("listener {port} 127.0.0.1");
        if self.per_listener {
            lines.push("per_listener_settings true".to_owned());
            lines.push(listener.clone());
        }
        for line in SHIPPED.lines() {
            if line.starts_with("listener ") {
                listeners += 1;
                lines.extend((!self.per_listener).then(|| listener.clone()));
            } else if line.starts_with("plugin ") {
                plugins += 1;
                lines.push(format!("plugin {}", self.plugin.display()));
            } else {
                lines.extend(with_option(line, &mut options));
            }
        }
        assert_eq!((listeners, plugins), (1, 1), "the shipped file has changed");
        let given = options.into_iter().filter_map(|(k, v)| Some((k, v?)));
        lines.extend(given.map(|(name, value)| format!("plugin_opt_{name} {value}")));
        if self.bare {
            lines.retain(|line| !line.starts_with("plugin"));
        }
        lines.push(format!("persistence_location {}/", folder.display()));
        lines.push("log_dest stderr".to_owned());
        lines.push("log_type all".to_owned());
        if rustix::process::geteuid().is_root() {
            lines.push("user root".to_owned());
        }
        lines.extend(self.lines.iter().cloned());
        let text = lines.join("\n") + "\n";
        if self.old_words {
            return text
                .replace("\nplugin ", "\nauth_plugin ")
                .replace("\nplugin_opt_", "\nauth_opt_");
        }
        text
    }
}

/// The line, or what stands in its place when it gives an option (or shows one in a comment) that this
/// test sets or takes out.
fn with_option(line: &str, options: &mut BTreeMap<String, Option<String>>) -> Option<String> {
    let shown = line.strip_prefix('#').unwrap_or(line);
    let name = shown
        .strip_prefix("plugin_opt_")
        .and_then(|rest| rest.split(' ').next())
        .filter(|name| options.contains_key(*name));
    match name.and_then(|name| options.remove_entry(name)) {
        None => Some(line.to_owned()),
        Some((name, value)) => value.map(|value| format!("plugin_opt_{name} {value}")),
    }
}
