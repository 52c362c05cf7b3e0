//! The options file: options that lie over those of mosquitto.conf, and are read again on SIGHUP.
//!
//! | line | meaning |
//! |---|---|
//! | blank, or `# ...` | passed over |
//! | `name value` | as `plugin_opt_name value`; the prefix may stand there, too |
//!
//! All of it is taken, or nothing. What needs a restart is told and left as it is.

use std::path::{Path, PathBuf};

use super::{ConfigError, LIVE_OPTIONS, OPTION_NAMES, Options, Settings};

/// Longest options file, in bytes.
const MAX_FILE_BYTES: u64 = 256 * 1024;

/// Where the settings come from, and what of it is in force.
pub struct Configuration {
    /// By the broker, which hands them over once.
    given: Options,
    /// With the file over them.
    in_force: Options,
    file: Option<PathBuf>,
    host_name: String,
}

/// What the options file says now.
pub struct Reread {
    /// With what can change in force, and what cannot as it was.
    pub settings: Settings,
    /// What has changed: `timeout_ms=500`.
    pub changed: Vec<String>,
    /// What would have changed, in words for the log.
    pub needs_restart: Vec<String>,
    in_force: Options,
}

impl Configuration {
    /// Reads all options, at the start.
    pub fn read(given: &Options, host_name: &str) -> Result<(Self, Settings), ConfigError> {
        let named = given.get("options_file").filter(|path| !path.is_empty());
        let mut configuration = Configuration {
            given: given.clone(),
            in_force: given.clone(),
            file: named.map(PathBuf::from),
            host_name: host_name.to_owned(),
        };
        configuration.in_force = configuration.overlaid()?;
        let settings = configuration.check(&configuration.in_force)?;
        Ok((configuration, settings))
    }

    /// The value of an option as it was typed, if it was; none of a secret.
    pub fn typed(&self, name: &str) -> Option<&str> {
        self.in_force.get(name).filter(|_| name != "client_secret")
    }

    /// The options file, if there is one.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Reads the options file again; nothing is in force before [`Configuration::accept`].
    pub fn reread(&self) -> Result<Reread, ConfigError> {
        let typed = self.overlaid()?;
        let mut in_force = typed.clone();
        let (mut changed, mut needs_restart) = (Vec::new(), Vec::new());
        for name in OPTION_NAMES {
            let (former, new) = (self.in_force.get(name), typed.get(name));
            if former == new {
                continue;
            }
            let said = new.unwrap_or("(default)");
            if LIVE_OPTIONS.contains(&name) {
                changed.push(format!("{name}={said}"));
            } else {
                let kept = former.unwrap_or("(default)");
                needs_restart.push(self.placed(&typed, name, |option| {
                    format!("{option} `{said}` needs a restart; `{kept}` stays in force")
                }));
                in_force.restore(name, &self.in_force);
            }
        }
        if !needs_restart.is_empty() {
            self.check(&typed)?;
        }
        let settings = self.check(&in_force)?;
        Ok(Reread {
            settings,
            changed,
            needs_restart,
            in_force,
        })
    }

    /// What was read again is in force.
    pub fn accept(&mut self, reread: &Reread) {
        self.in_force = reread.in_force.clone();
    }

    fn overlaid(&self) -> Result<Options, ConfigError> {
        match &self.file {
            None => Ok(self.given.clone()),
            Some(file) => Ok(self.given.overlaid(&read_file(file)?)),
        }
    }

    /// An error about an option that stands in the file says in which line.
    fn check(&self, options: &Options) -> Result<Settings, ConfigError> {
        Settings::check(options, &self.host_name).map_err(|error| {
            let line = error.option().and_then(|option| options.line_of(option));
            match (&self.file, line) {
                (Some(file), Some(line)) => in_line(file, line, &error),
                _ => error,
            }
        })
    }

    fn placed(&self, options: &Options, name: &str, tell: impl Fn(&str) -> String) -> String {
        let text = tell(&format!("plugin_opt_{name}"));
        let shown = self.file.as_deref().unwrap_or(Path::new("")).display();
        match options.line_of(name) {
            Some(line) => format!("`{shown}` line {line}: {text}"),
            None => format!("`{shown}`: {text}"),
        }
    }
}

fn in_line(file: &Path, line: usize, why: &dyn std::fmt::Display) -> ConfigError {
    ConfigError::Line {
        file: file.to_owned(),
        line,
        why: why.to_string(),
    }
}

/// The options of an options file as typed, each with its line; checked as far as names go.
pub fn read_options_file(
    file: &Path,
) -> Result<impl Iterator<Item = (&'static str, String, usize)>, ConfigError> {
    Ok(read_file(file)?.into_lines())
}

fn read_file(file: &Path) -> Result<Options, ConfigError> {
    let failed = |why: String| ConfigError::File {
        option: "options_file",
        path: file.to_owned(),
        why,
    };
    let size = std::fs::metadata(file)
        .map_err(|e| failed(e.to_string()))?
        .len();
    if size > MAX_FILE_BYTES {
        return Err(failed(format!(
            "is {size} bytes long, want at most {MAX_FILE_BYTES}"
        )));
    }
    let text = std::fs::read_to_string(file).map_err(|e| failed(e.to_string()))?;
    let mut options = Options::default();
    for (number, line) in (1..).zip(text.lines()) {
        take_line(&mut options, line, number).map_err(|why| in_line(file, number, &why))?;
    }
    Ok(options)
}

fn take_line(options: &mut Options, line: &str, number: usize) -> Result<(), String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(());
    }
    let (name, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let name = name.strip_prefix("plugin_opt_").unwrap_or(name);
    let value = value.trim();
    match name {
        "client_secret" => {
            return Err("a secret does not belong here: name a client_secret_file".to_owned());
        }
        "options_file" => return Err("options_file belongs into mosquitto.conf".to_owned()),
        _ if value.is_empty() => {
            return Err(format!(
                "plugin_opt_{} has no value; take the line out for the default",
                name.escape_debug()
            ));
        }
        _ => {}
    }
    options
        .add(name, value, Some(number))
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
