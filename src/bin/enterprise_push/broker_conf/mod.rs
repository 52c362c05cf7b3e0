//! A mosquitto.conf as Mosquitto reads it: lines, included files, which plugin an option belongs to and which
//! listener a setting. Judges nothing.
//!
//! What is modelled is `config__read_file_core` of conf.c, alike in 2.0 and 2.1: a comment is a line that *begins* with
//! `#`; a name ends at the first space and the rest of the line is its value; `include_dir` counts in the main file
//! only, and takes `*.conf` in the order of the alphabet without regard to case; which plugin and which listener is
//! the current one is forgotten at the end of each file.

mod listeners;
mod plugins;
mod read;

use std::fmt;
use std::path::Path;
use std::rc::Rc;

use serde::Serialize;

pub(crate) use listeners::Listener;
pub(crate) use plugins::{Plugin, PluginOption};

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Place {
    pub(crate) file: Rc<Path>,
    /// From 1.
    pub(crate) line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// One setting, as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) place: Place,
    pub(crate) name: String,
    /// What follows the name, without the blanks around it.
    pub(crate) value: String,
}

impl Setting {
    /// Mosquitto's two ways to say yes; it looks at the first word.
    pub(crate) fn is_true(&self) -> bool {
        matches!(self.value.split(' ').next(), Some("true" | "1"))
    }

    /// A whole number.
    pub(crate) fn number(&self) -> Option<u64> {
        self.value.split(' ').next()?.parse().ok()
    }
}

/// Something that keeps Mosquitto from reading the file as it was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) place: Place,
    pub(crate) text: String,
}

/// A whole configuration, included files in their places.
#[derive(Debug, Default)]
pub(crate) struct BrokerConf {
    settings: Vec<Setting>,
    pub(crate) troubles: Vec<Trouble>,
    pub(crate) plugins: Vec<Plugin>,
    pub(crate) listeners: Vec<Listener>,
}

impl BrokerConf {
    /// Reads a file and what it includes. The error is of the main file alone.
    pub(crate) fn read(file: &Path) -> std::io::Result<BrokerConf> {
        let mut conf = BrokerConf::default();
        read::main_file(file, &mut conf)?;
        plugins::assign(&mut conf);
        plugins::lay_options_files_over(&mut conf);
        listeners::assign(&mut conf);
        Ok(conf)
    }

    /// All settings of a name, in the order in which they are read.
    pub(crate) fn all<'c>(&'c self, name: &str) -> impl Iterator<Item = &'c Setting> {
        let name = name.to_owned();
        self.settings
            .iter()
            .filter(move |setting| setting.name == name)
    }

    /// The setting that counts: the last.
    pub(crate) fn last(&self, name: &str) -> Option<&Setting> {
        self.all(name).last()
    }

    fn complain(&mut self, place: Place, text: impl Into<String>) {
        let text = text.into();
        self.troubles.push(Trouble { place, text });
    }
}

#[cfg(test)]
mod tests;
