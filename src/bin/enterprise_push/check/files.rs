//! The files that options name: whether they are there, and whether the broker's user may do with them what the plugin
//! will. Only looked at: a file made here would belong to whoever runs this.

use std::path::{Path, PathBuf};

use mosquitto_enterprise_push::config::{SecretSource, Settings};

use super::access::{self, Want};
use super::finding::Findings;
use super::user::BrokerUser;
use crate::broker_conf::{Place, Plugin};

/// The files of one plugin, seen by the broker's user.
pub(super) struct Files<'c> {
    plugin: &'c Plugin,
    user: &'c BrokerUser,
}

impl<'c> Files<'c> {
    pub(super) fn new(plugin: &'c Plugin, user: &'c BrokerUser) -> Files<'c> {
        Files { plugin, user }
    }

    /// Where an option stands.
    pub(super) fn place(&self, option: &str) -> &'c Place {
        self.plugin
            .option(option)
            .map_or(&self.plugin.place, |option| &option.place)
    }

    /// Looks at all; whether those that are needed to ask the static service can be read from here.
    pub(super) fn judge(&self, settings: &Settings, findings: &mut Findings) -> bool {
        let mut needed = Vec::new();
        if let SecretSource::File(file) = &settings.client_secret {
            needed.push(("client_secret_file", file));
        }
        needed.extend(settings.ca_file.iter().map(|file| ("ca_file", file)));
        if let Some(identity) = &settings.client_identity {
            needed.push(("client_cert_file", &identity.cert_file));
            needed.push(("client_key_file", &identity.key_file));
        }
        let mut all = true;
        for (option, file) in needed {
            all &= self.is_readable(option, file, findings);
        }
        if let Some(named) = self.plugin.option("options_file") {
            self.is_readable("options_file", &PathBuf::from(&named.value), findings);
        }
        if let Some(file) = &settings.policy_file {
            self.is_readable("policy_file", file, findings);
        }
        self.judge_state(settings.state_dir.as_deref(), findings);
        if let Some(file) = &settings.audit_file {
            self.judge_log(file, findings);
        }
        all
    }

    /// By the broker's user, and by whoever runs this.
    fn is_readable(&self, option: &str, file: &PathBuf, findings: &mut Findings) -> bool {
        let about = format!("plugin_opt_{option}");
        let shown = file.display();
        let name = &self.user.name;
        if let Err(why) = self.may(file, &[Want::Read]) {
            findings
                .error(
                    &about,
                    format!("`{shown}` cannot be read by `{name}`: {why}"),
                )
                .todo(format!("chown {name} {shown}; chmod 0400 {shown}"))
                .at(self.place(option));
            return false;
        }
        let opened = std::fs::File::open(file).and_then(|file| file.metadata());
        let why = match opened {
            Ok(meta) if meta.is_file() => {
                findings
                    .ok(&about, format!("`{shown}` can be read by `{name}`"))
                    .at(self.place(option));
                return true;
            }
            Ok(_) => "is not a file".to_owned(),
            Err(error) => format!("cannot be read by whoever runs this check: {error}"),
        };
        findings
            .error(&about, format!("`{shown}` {why}"))
            .at(self.place(option));
        false
    }

    fn may(&self, path: &Path, wants: &[Want]) -> Result<(), String> {
        match &self.user.identity {
            Some(who) => access::check(who, path, wants),
            None => std::fs::metadata(path).map(drop).map_err(|e| e.to_string()),
        }
    }

    fn judge_state(&self, folder: Option<&Path>, findings: &mut Findings) {
        let about = "plugin_opt_state_dir";
        let Some(folder) = folder else {
            findings
                .warning(about, "not given: what the static service tells while the broker is down is missed, restored sessions wait for it, and messages on their way at a stop are lost")
                .todo("name a folder that the broker's user may write");
            return;
        };
        let found = match folder.is_dir() || !folder.exists() {
            true => self.may(folder, &[Want::Read, Want::Write, Want::Search]),
            false => Err("it is not a folder".to_owned()),
        };
        let todo = format!(
            "install -d -m 0750 -o {} {}",
            self.user.name,
            folder.display()
        );
        self.tell_writable("state_dir", folder, found, &todo, findings);
    }

    fn judge_log(&self, file: &Path, findings: &mut Findings) {
        let folder = file
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let found = if file.exists() {
            self.may(file, &[Want::Write])
        } else {
            self.may(
                folder.unwrap_or(Path::new(".")),
                &[Want::Write, Want::Search],
            )
        };
        let todo = "name a file in a folder of the broker's user";
        self.tell_writable("audit_file", file, found, todo, findings);
    }

    fn tell_writable(
        &self,
        option: &str,
        path: &Path,
        found: Result<(), String>,
        todo: &str,
        findings: &mut Findings,
    ) {
        let about = format!("plugin_opt_{option}");
        let (shown, name) = (path.display(), &self.user.name);
        match found {
            Ok(()) => findings.ok(&about, format!("`{shown}` can be written by `{name}`")),
            Err(why) => findings
                .error(
                    &about,
                    format!("`{shown}` cannot be written by `{name}`: {why}"),
                )
                .todo(todo),
        }
        .at(self.place(option));
    }
}
