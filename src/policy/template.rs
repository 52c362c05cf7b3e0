//! Topic templates of the policy file: filters whose levels may hold `{eid}` `{uid}` `{device}` `{gid}`.
//!
//! A variable is a whole level or part of one (`dev-{device}`). It stands for a *name*, never for a
//! wildcard or a further level: matching compares it within one level, and expanding refuses values that
//! are not valid names. Pure.

use std::fmt;

use super::filter::{Filter, FilterError};
use crate::protocol::name;

/// What the variables stand for.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// `{eid}`
    pub eid: &'a str,
    /// `{uid}`
    pub uid: &'a str,
    /// `{device}`
    pub device: &'a str,
    /// `{gid}`, one of the user's groups; `None` when there is none.
    pub gid: Option<&'a str>,
}

/// Why a template was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateError {
    /// It is no valid filter.
    Filter(FilterError),
    /// A brace without its partner, or a `/` between the two.
    Brace,
    /// A variable that does not exist.
    Variable(String),
    /// `$share/...`: rules name topics, subscriptions may be shared anyway.
    Share,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TemplateError::Filter(error) => write!(f, "{error}"),
            TemplateError::Brace => f.write_str("{ and } must enclose a variable within one level"),
            TemplateError::Variable(name) => {
                write!(
                    f,
                    "unknown variable {{{name}}}, want {{eid}} {{uid}} {{device}} {{gid}}"
                )
            }
            TemplateError::Share => {
                f.write_str("$share does not belong here, name the topics in it")
            }
        }
    }
}

impl std::error::Error for TemplateError {}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Text(Box<str>),
    Eid,
    Uid,
    Device,
    Gid,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Level {
    Literal(Box<str>),
    Any,
    Rest,
    Parts(Box<[Part]>),
}

/// A parsed template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    levels: Box<[Level]>,
    uses_gid: bool,
}

impl Template {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<Template, TemplateError> {
        if text == "$share" || text.starts_with("$share/") {
            return Err(TemplateError::Share);
        }
        Filter::parse(text).map_err(TemplateError::Filter)?;
        let levels = text
            .split('/')
            .map(read_level)
            .collect::<Result<Box<[Level]>, _>>()?;
        let has_gid = |level: &Level| matches!(level, Level::Parts(p) if p.contains(&Part::Gid));
        let uses_gid = levels.iter().any(has_gid);
        Ok(Template { levels, uses_gid })
    }

    /// Whether it speaks of a group, so that it stands for one filter per group.
    pub fn uses_gid(&self) -> bool {
        self.uses_gid
    }

    /// Whether it could match a topic whose second level is `second`: what tells most templates apart,
    /// asked first because it is cheap.
    pub(super) fn fits_second(&self, second: Option<&str>) -> bool {
        match self.levels.get(1) {
            Some(Level::Literal(text)) => second == Some(text),
            _ => true,
        }
    }

    /// Whether it matches a topic name for somebody.
    pub fn matches(&self, names: &Names<'_>, topic: &str) -> bool {
        let wild = matches!(self.levels.first(), Some(Level::Any | Level::Rest));
        if wild && topic.starts_with('$') {
            return false;
        }
        let mut words = topic.split('/');
        for level in &self.levels {
            if *level == Level::Rest {
                return true;
            }
            if !words.next().is_some_and(|word| level.matches(names, word)) {
                return false;
            }
        }
        words.next().is_none()
    }

    /// Writes it as the filter that it is for somebody; `None` when a variable has no valid value.
    pub fn expand(&self, names: &Names<'_>) -> Option<String> {
        let mut out = String::new();
        for (at, level) in self.levels.iter().enumerate() {
            if at > 0 {
                out.push('/');
            }
            level.expand(names, &mut out)?;
        }
        Some(out)
    }

    pub(super) fn level(&self, at: usize) -> Option<&Level> {
        self.levels.get(at)
    }
}

impl fmt::Display for Template {
    /// As it was typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, level) in self.levels.iter().enumerate() {
            if at > 0 {
                f.write_str("/")?;
            }
            match level {
                Level::Literal(text) => f.write_str(text)?,
                Level::Any => f.write_str("+")?,
                Level::Rest => f.write_str("#")?,
                Level::Parts(parts) => parts.iter().try_for_each(|part| write!(f, "{part}"))?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Text(text) => text,
            Part::Eid => "{eid}",
            Part::Uid => "{uid}",
            Part::Device => "{device}",
            Part::Gid => "{gid}",
        })
    }
}

impl Level {
    fn matches(&self, names: &Names<'_>, word: &str) -> bool {
        match self {
            Level::Literal(text) => **text == *word,
            Level::Any | Level::Rest => true,
            Level::Parts(parts) => {
                let left = parts
                    .iter()
                    .try_fold(word, |left, part| left.strip_prefix(part.value(names)?));
                left == Some("")
            }
        }
    }

    fn expand(&self, names: &Names<'_>, out: &mut String) -> Option<()> {
        match self {
            Level::Literal(text) => out.push_str(text),
            Level::Any => out.push('+'),
            Level::Rest => out.push('#'),
            Level::Parts(parts) => {
                for part in parts {
                    out.push_str(part.value(names)?);
                }
            }
        }
        Some(())
    }
}

impl Part {
    fn value<'s>(&'s self, names: &Names<'s>) -> Option<&'s str> {
        let value = match self {
            Part::Text(text) => return Some(text),
            Part::Eid => names.eid,
            Part::Uid => names.uid,
            Part::Device => names.device,
            Part::Gid => names.gid?,
        };
        name::is_valid(value).then_some(value)
    }
}

fn read_level(text: &str) -> Result<Level, TemplateError> {
    match text {
        "+" => return Ok(Level::Any),
        "#" => return Ok(Level::Rest),
        _ if !text.contains(['{', '}']) => return Ok(Level::Literal(text.into())),
        _ => {}
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (variable, left) = after.split_once('}').ok_or(TemplateError::Brace)?;
        push_text(&mut parts, before)?;
        parts.push(read_variable(variable)?);
        rest = left;
    }
    push_text(&mut parts, rest)?;
    Ok(Level::Parts(parts.into()))
}

fn push_text(parts: &mut Vec<Part>, text: &str) -> Result<(), TemplateError> {
    if text.contains('}') {
        return Err(TemplateError::Brace);
    }
    if !text.is_empty() {
        parts.push(Part::Text(text.into()));
    }
    Ok(())
}

fn read_variable(name: &str) -> Result<Part, TemplateError> {
    Ok(match name {
        "eid" => Part::Eid,
        "uid" => Part::Uid,
        "device" => Part::Device,
        "gid" => Part::Gid,
        _ => return Err(TemplateError::Variable(name.to_owned())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: Names<'_> = Names {
        eid: "acme",
        uid: "alice",
        device: "pc",
        gid: Some("dev"),
    };

    #[test]
    fn variables_are_levels_or_parts_of_levels() {
        for (text, expanded, topic) in [
            (
                "{eid}/telemetry/{uid}/#",
                "acme/telemetry/alice/#",
                "acme/telemetry/alice/t",
            ),
            ("{eid}/dev-{device}", "acme/dev-pc", "acme/dev-pc"),
            ("{uid}{device}x/+", "alicepcx/+", "alicepcx/"),
            ("rooms/{gid}/{gid}", "rooms/dev/dev", "rooms/dev/dev"),
            ("a//b", "a//b", "a//b"),
            ("#", "#", "x"),
        ] {
            let template = Template::parse(text).unwrap();
            assert_eq!(template.expand(&ALICE).as_deref(), Some(expanded), "{text}");
            assert!(template.matches(&ALICE, topic), "{text}");
            assert!(!template.matches(&ALICE, "$SYS/x"), "{text}");
            assert_eq!(template.uses_gid(), text.contains("gid"));
            assert_eq!(template.to_string(), text);
        }
        let template = Template::parse("{eid}/dev-{device}").unwrap();
        for topic in [
            "acme/dev-",
            "acme/dev-pcx",
            "acme/dev-pc/",
            "acme",
            "beta/dev-pc",
        ] {
            assert!(!template.matches(&ALICE, topic), "{topic}");
        }
    }

    #[test]
    fn values_cannot_smuggle_wildcards_or_levels() {
        let template = Template::parse("a/{device}").unwrap();
        for device in ["+", "#", "x/y", "", "x\0"] {
            let names = Names { device, ..ALICE };
            assert_eq!(template.expand(&names), None);
            assert!(!template.matches(&names, &format!("a/{device}")));
        }
        let template = Template::parse("a/{gid}").unwrap();
        assert_eq!(template.expand(&Names { gid: None, ..ALICE }), None);
    }

    #[test]
    fn bad_templates_are_refused_with_their_reason() {
        for (text, want) in [
            ("", TemplateError::Filter(FilterError::Empty)),
            ("a/{uid}+", TemplateError::Filter(FilterError::PartOfLevel)),
            ("#/{uid}", TemplateError::Filter(FilterError::RestNotLast)),
            ("a/{uid", TemplateError::Brace),
            ("a/uid}", TemplateError::Brace),
            ("a/{u/id}", TemplateError::Brace),
            ("{}", TemplateError::Variable(String::new())),
            ("{UID}", TemplateError::Variable("UID".into())),
            ("{{uid}}", TemplateError::Variable("{uid".into())),
            ("$share/g/{eid}", TemplateError::Share),
        ] {
            assert_eq!(Template::parse(text), Err(want), "{text}");
        }
    }
}
