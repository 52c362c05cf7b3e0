//! A section in the making.

/// A line of it, and what it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) comment: String,
    pub(super) option: &'static str,
    pub(super) value: String,
    /// It stands there as a comment: whether it is needed is for people to say.
    pub(super) perhaps: bool,
}

/// All that is found.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) lines: Vec<Line>,
    pub(super) todo: Vec<String>,
    /// Reason, and the options of which it holds.
    pub(super) without: Vec<(&'static str, Vec<String>)>,
    pub(super) unknown: Vec<String>,
}

impl Draft {
    /// Adds an option of ours.
    pub(super) fn set(
        &mut self,
        option: &'static str,
        value: impl ToString,
        comment: impl Into<String>,
    ) {
        self.add(option, value.to_string(), comment.into(), false);
    }

    /// Adds one that may be needed.
    pub(super) fn perhaps(
        &mut self,
        option: &'static str,
        value: impl ToString,
        comment: impl Into<String>,
    ) {
        self.add(option, value.to_string(), comment.into(), true);
    }

    fn add(&mut self, option: &'static str, value: String, comment: String, perhaps: bool) {
        self.lines.push(Line {
            comment,
            option,
            value,
            perhaps,
        });
    }

    /// Says what is left to do.
    pub(super) fn todo(&mut self, text: impl Into<String>) {
        self.todo.push(text.into());
    }

    /// Notes an option that has no counterpart.
    pub(super) fn without(&mut self, name: &str, reason: &'static str) {
        match self.without.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) => names.push(name.to_owned()),
            None => self.without.push((reason, vec![name.to_owned()])),
        }
    }

    /// Notes one that nobody knows.
    pub(super) fn unknown(&mut self, name: &str) {
        self.unknown.push(name.to_owned());
    }
}
