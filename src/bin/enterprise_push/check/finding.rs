//! What was found, a line each.

use std::fmt;

use serde::Serialize;

use crate::broker_conf::Place;

/// How grave it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    /// As it should be.
    Ok,
    /// It works, but is probably not what is wanted.
    Warning,
    /// It does not work, or lets in who should not get in.
    Error,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Level::Ok => "ok",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    level: Level,
    /// The setting, or what else it is about.
    about: String,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
    text: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    todo: Option<String>,
}

impl Finding {
    /// It is about this line.
    pub(super) fn at(&mut self, place: &Place) -> &mut Self {
        self.place = Some(place.clone());
        self
    }

    /// Says what to do.
    pub(super) fn todo(&mut self, text: impl Into<String>) -> &mut Self {
        self.todo = Some(text.into());
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<7} ", self.level.word())?;
        // The plugin's own errors begin with the option.
        if !self.text.starts_with(&self.about) {
            write!(f, "{}: ", self.about)?;
        }
        f.write_str(&self.text)?;
        if let Some(todo) = &self.todo {
            write!(f, "; {todo}")?;
        }
        match &self.place {
            Some(place) => write!(f, " [{place}]"),
            None => Ok(()),
        }
    }
}

/// All of them, in the order in which they were found.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn ok(&mut self, about: &str, text: impl Into<String>) -> &mut Finding {
        self.add(Level::Ok, about, text.into())
    }

    pub(super) fn warning(&mut self, about: &str, text: impl Into<String>) -> &mut Finding {
        self.add(Level::Warning, about, text.into())
    }

    pub(super) fn error(&mut self, about: &str, text: impl Into<String>) -> &mut Finding {
        self.add(Level::Error, about, text.into())
    }

    fn add(&mut self, level: Level, about: &str, text: String) -> &mut Finding {
        self.0.push(Finding {
            level,
            about: about.to_owned(),
            place: None,
            text,
            todo: None,
        });
        self.0.last_mut().expect("one was just put there")
    }

    pub(super) fn all(&self) -> &[Finding] {
        &self.0
    }

    pub(super) fn worst(&self) -> Level {
        let levels = self.0.iter().map(|finding| finding.level);
        levels.max().unwrap_or(Level::Ok)
    }

    /// The last line for people.
    pub(super) fn summary(&self) -> String {
        let count = |level| {
            self.0
                .iter()
                .filter(|finding| finding.level == level)
                .count()
        };
        format!(
            "{} errors, {} warnings",
            count(Level::Error),
            count(Level::Warning)
        )
    }
}
