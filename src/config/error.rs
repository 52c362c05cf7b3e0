//! What can be wrong with options.

use std::path::PathBuf;

/// Why the broker must not start with these options. Never shows a secret.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// No such option.
    #[error("unknown option plugin_opt_{0}")]
    Unknown(String),
    /// A value that is not UTF-8.
    #[error("plugin_opt_{0}: the value is not UTF-8")]
    Unreadable(String),
    /// Given twice.
    #[error("plugin_opt_{0} is given more than once")]
    Twice(&'static str),
    /// Not given, but needed.
    #[error("plugin_opt_{0} is missing")]
    Missing(&'static str),
    /// No secret at all, or two.
    #[error("give exactly one of plugin_opt_client_secret and plugin_opt_client_secret_file")]
    OneSecret,
    /// A value out of range or of the wrong form.
    #[error("plugin_opt_{option} `{value}`: {want}")]
    Bad {
        /// Which option.
        option: &'static str,
        /// What was typed.
        value: String,
        /// What would be right.
        want: String,
    },
    /// The spool of the audit log needs a place.
    #[error(
        "plugin_opt_audit_ship `on` needs plugin_opt_state_dir: what waits to be sent is kept there"
    )]
    ShipWithoutState,
    /// A line of the options file.
    #[error("`{file}` line {line}: {why}", file = file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// Which line.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// A file that cannot be used.
    #[error("plugin_opt_{option} `{path}`: {why}", path = path.display())]
    File {
        /// Which option.
        option: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

impl ConfigError {
    /// The option at fault, if it is one.
    pub fn option(&self) -> Option<&str> {
        match self {
            ConfigError::Unknown(option) | ConfigError::Unreadable(option) => Some(option),
            ConfigError::Twice(option)
            | ConfigError::Missing(option)
            | ConfigError::Bad { option, .. }
            | ConfigError::File { option, .. } => Some(option),
            ConfigError::OneSecret => Some("client_secret"),
            ConfigError::ShipWithoutState => Some("audit_ship"),
            ConfigError::Line { .. } => None,
        }
    }
}
