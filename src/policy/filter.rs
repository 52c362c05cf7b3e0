//! Topic filters: which are valid (MQTT 5 sections 4.7 and 4.8.2), and what stands inside `$share`.
//!
//! | filter | `share` | `topics` |
//! |---|---|---|
//! | `acme/notice/#` | none | `acme/notice/#` |
//! | `$share/desk/acme/notice/#` | `desk` | `acme/notice/#` |
//! | `$share/desk/$share/x/y` | `desk` | `$share/x/y`, which is just a `$` topic |
//!
//! Pure. Which topics a filter matches, and whether others cover it, is `containment`.

use std::fmt;

/// The longest topic name or filter, in bytes (MQTT 5 section 1.5.4).
pub const MAX_FILTER_BYTES: usize = 65_535;

const SHARE: &str = "$share/";

/// Why a topic filter or topic name was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FilterError {
    /// It has no byte.
    Empty,
    /// It is longer than [`MAX_FILTER_BYTES`].
    TooLong,
    /// It holds NUL.
    Nul,
    /// A wildcard shares its level with other characters.
    PartOfLevel,
    /// `#` is not the last level.
    RestNotLast,
    /// A topic name holds `+` or `#`.
    WildcardInName,
    /// `$share` without a name, or with one that holds `+` or `#`.
    ShareName,
    /// `$share/{name}` without a filter after it.
    ShareWithoutFilter,
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FilterError::Empty => "it is empty",
            FilterError::TooLong => "it is longer than 65535 bytes",
            FilterError::Nul => "it holds a NUL character",
            FilterError::PartOfLevel => "a wildcard must be a whole level",
            FilterError::RestNotLast => "# must be the last level",
            FilterError::WildcardInName => "a topic name may not hold + or #",
            FilterError::ShareName => "the share name is empty or holds a wildcard",
            FilterError::ShareWithoutFilter => "no filter follows the share name",
        })
    }
}

impl std::error::Error for FilterError {}

/// A valid topic filter, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filter<'a> {
    share: Option<&'a str>,
    topics: &'a str,
}

impl<'a> Filter<'a> {
    /// Reads a filter as it stands in SUBSCRIBE.
    pub fn parse(text: &'a str) -> Result<Self, FilterError> {
        check_text(text)?;
        let (share, topics) = split_share(text)?;
        check_levels(topics)?;
        Ok(Filter { share, topics })
    }

    /// The share name of a `$share` filter.
    pub fn share(&self) -> Option<&'a str> {
        self.share
    }

    /// The filter that chooses topics: without `$share/{name}/`.
    pub fn topics(&self) -> &'a str {
        self.topics
    }

    /// The one topic name that it matches, when it has no wildcard.
    pub fn as_topic(&self) -> Option<&'a str> {
        (!has_wildcard(self.topics)).then_some(self.topics)
    }

    /// What stands before a final `/#`, when that has no wildcard: the parent topic, which `#` also matches.
    pub(super) fn parent_topic(&self) -> Option<&'a str> {
        let parent = self.topics.strip_suffix("/#")?;
        (!parent.is_empty() && !has_wildcard(parent)).then_some(parent)
    }
}

/// Checks a topic name: not empty, at most 65,535 bytes, no NUL, no wildcard.
pub fn check_topic(name: &str) -> Result<(), FilterError> {
    check_text(name)?;
    if has_wildcard(name) {
        return Err(FilterError::WildcardInName);
    }
    Ok(())
}

fn has_wildcard(text: &str) -> bool {
    text.bytes().any(|b| matches!(b, b'+' | b'#'))
}

fn check_text(text: &str) -> Result<(), FilterError> {
    if text.is_empty() {
        Err(FilterError::Empty)
    } else if text.len() > MAX_FILTER_BYTES {
        Err(FilterError::TooLong)
    } else if text.bytes().any(|b| b == 0) {
        Err(FilterError::Nul)
    } else {
        Ok(())
    }
}

fn split_share(text: &str) -> Result<(Option<&str>, &str), FilterError> {
    if text == "$share" {
        return Err(FilterError::ShareName);
    }
    let Some(rest) = text.strip_prefix(SHARE) else {
        return Ok((None, text));
    };
    let (name, topics) = rest.split_once('/').unwrap_or((rest, ""));
    if name.is_empty() || has_wildcard(name) {
        return Err(FilterError::ShareName);
    }
    if topics.is_empty() {
        return Err(FilterError::ShareWithoutFilter);
    }
    Ok((Some(name), topics))
}

fn check_levels(topics: &str) -> Result<(), FilterError> {
    let mut levels = topics.split('/').peekable();
    while let Some(level) = levels.next() {
        match level {
            "+" => {}
            "#" if levels.peek().is_some() => return Err(FilterError::RestNotLast),
            "#" => {}
            _ if has_wildcard(level) => return Err(FilterError::PartOfLevel),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_filters_parse() {
        for (text, share, topics) in [
            ("a", None, "a"),
            ("/", None, "/"),
            ("#", None, "#"),
            ("+", None, "+"),
            ("/#", None, "/#"),
            ("+/a//+/#", None, "+/a//+/#"),
            ("$share/g/a/#", Some("g"), "a/#"),
            ("$share/g//a", Some("g"), "/a"),
            ("$share/g/$share/h/i", Some("g"), "$share/h/i"),
            ("$shared/g/a", None, "$shared/g/a"),
            ("$SHARE/g/a", None, "$SHARE/g/a"),
        ] {
            let filter = Filter::parse(text).unwrap();
            assert_eq!((filter.share(), filter.topics()), (share, topics), "{text}");
        }
        assert!(Filter::parse(&"x".repeat(MAX_FILTER_BYTES)).is_ok());
    }

    #[test]
    fn invalid_filters_are_refused_with_their_reason() {
        for (text, want) in [
            ("", FilterError::Empty),
            ("a\0", FilterError::Nul),
            ("a+", FilterError::PartOfLevel),
            ("a/b#", FilterError::PartOfLevel),
            ("a/#/", FilterError::RestNotLast),
            ("#/a", FilterError::RestNotLast),
            ("##", FilterError::PartOfLevel),
            ("++", FilterError::PartOfLevel),
            ("$share", FilterError::ShareName),
            ("$share/", FilterError::ShareName),
            ("$share//a", FilterError::ShareName),
            ("$share/+/a", FilterError::ShareName),
            ("$share/g#/a", FilterError::ShareName),
            ("$share/g", FilterError::ShareWithoutFilter),
            ("$share/g/", FilterError::ShareWithoutFilter),
            ("$share/g/a+", FilterError::PartOfLevel),
            ("$share/g/#/a", FilterError::RestNotLast),
        ] {
            assert_eq!(Filter::parse(text), Err(want), "{text:?}");
        }
        let long = "x".repeat(MAX_FILTER_BYTES + 1);
        assert_eq!(Filter::parse(&long), Err(FilterError::TooLong));
    }

    #[test]
    fn topic_names_hold_no_wildcard() {
        assert_eq!(check_topic("a//b"), Ok(()));
        assert_eq!(check_topic("a/+"), Err(FilterError::WildcardInName));
        assert_eq!(check_topic("a#"), Err(FilterError::WildcardInName));
        assert_eq!(check_topic(""), Err(FilterError::Empty));
        assert_eq!(check_topic("a\0b"), Err(FilterError::Nul));
    }
}
