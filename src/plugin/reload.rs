//! SIGHUP: what is read again, and what of it is put in force. A bad file leaves the former in force, and the log says so.

use std::path::Path;

use super::{Host, Plugin};
use crate::config::Settings;
use crate::engine::{Effect, Event, Level};
use crate::policy::{Policy, PolicyError, Rules};

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
    /// SIGHUP. The worker reads options, secret, CA and certificate.
    pub fn reload(&self) {
        self.is_being_reviewed();
        self.tell_shadow();
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

    /// The worker has read the options file again.
    pub(super) fn options_reread(&self, file: &str, settings: &Settings, changed: Vec<String>) {
        let config = self.engine_config(settings);
        self.with_engine(|engine| engine.retune(&config));
        let what = if changed.is_empty() {
            "nothing has changed".to_owned()
        } else {
            format!("in force: {}", changed.join(" "))
        };
        // Behind the lines about options that need a restart, which the worker sent before.
        let text = format!("options file `{file}`: {what}");
        self.defer(vec![Effect::Log(Level::Notice, text)]);
        self.put_on_record(Event::Options(Ok(changed)));
    }

    /// The worker could not take the options file.
    pub(super) fn options_refused(&self, why: String) {
        let text = format!("{why}; all former options stay in force");
        self.log(Level::Error, &text);
        self.put_on_record(Event::Options(Err(why)));
    }
}

pub(super) fn read_policy(file: Option<&Path>) -> Result<Policy, PolicyFileError> {
    let Some(file) = file else {
        return Ok(Policy::default());
    };
    let shown = file.display().to_string();
    let text =
        std::fs::read_to_string(file).map_err(|e| PolicyFileError::Read(shown.clone(), e))?;
    let rules = Rules::parse(&text).map_err(|e| PolicyFileError::Content(shown, e))?;
    Ok(Policy::new(rules))
}
