//! Which topics a filter matches, and whether a set of patterns covers a filter exactly.
//!
//! Containment walks the filter beside each pattern, level by level. Level names are an infinite
//! alphabet, so at a `+` of the filter the hardest name is a *fresh* one, which no pattern spells
//! out: whatever covers it covers every other name too, and only wildcards cover it. A final `#`
//! of the filter stands for k = 0, 1, 2, ... fresh levels after its prefix, and each k must be
//! covered by some pattern; which one may differ, and that is the only place where a union does
//! more than its members. One pattern against the prefix gives one of three [`Reach`]es.
//!
//! The `$` rule (MQTT 5 section 4.7.2) holds for the first level: a wildcard there matches no name
//! that starts with `$`. Pure; no allocation.

/// Whether `filter` matches the topic name `topic`. Both are taken as valid.
pub fn matches(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut names = topic.split('/');
    for level in filter.split('/') {
        if level == "#" {
            return true;
        }
        match names.next() {
            Some(name) if level == "+" || level == name => {}
            _ => return false,
        }
    }
    names.next().is_none()
}

/// Whether every topic name that `filter` can match is matched by one of `patterns` at least.
///
/// Both sides are valid filters without `$share`.
pub fn covered<'p, I>(filter: &str, patterns: I) -> bool
where
    I: IntoIterator<Item = &'p str>,
    I::IntoIter: Clone,
{
    let (prefix, open) = split_rest(filter);
    let reaches = patterns.into_iter().map(|pattern| reach(pattern, prefix));
    if !open {
        return reaches.into_iter().any(|r| r.covers(0));
    }
    // A topic name is never empty: `#` alone and `/#` have no parent to cover.
    let fewest = usize::from(prefix.is_none_or(str::is_empty));
    covers_all_from(fewest, reaches)
}

/// Whether a pattern may have a part in covering `filter`: it matches something of it that no name spells out.
pub(super) fn overlaps(pattern: &str, filter: &str) -> bool {
    let (prefix, _) = split_rest(filter);
    reach(pattern, prefix) != Reach::Never
}

/// How a pattern goes on after the filter's prefix: which numbers of fresh levels it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Never,
    Exactly(usize),
    AtLeast(usize),
}

impl Reach {
    fn covers(self, fresh_levels: usize) -> bool {
        match self {
            Reach::Never => false,
            Reach::Exactly(k) => k == fresh_levels,
            Reach::AtLeast(k) => k <= fresh_levels,
        }
    }
}

fn covers_all_from(fewest: usize, reaches: impl Iterator<Item = Reach> + Clone) -> bool {
    let open_from = reaches.clone().filter_map(|r| match r {
        Reach::AtLeast(k) => Some(k),
        Reach::Never | Reach::Exactly(_) => None,
    });
    let Some(open_from) = open_from.min() else {
        return false;
    };
    (fewest..open_from).all(|k| reaches.clone().any(|r| r.covers(k)))
}

/// The levels before a final `#` (`None`: there are none), and whether there is one.
fn split_rest(filter: &str) -> (Option<&str>, bool) {
    if filter == "#" {
        return (None, true);
    }
    match filter.strip_suffix("/#") {
        Some(prefix) => (Some(prefix), true),
        None => (Some(filter), false),
    }
}

fn reach(pattern: &str, prefix: Option<&str>) -> Reach {
    if pattern.starts_with(['+', '#']) && prefix.is_some_and(|p| p.starts_with('$')) {
        return Reach::Never;
    }
    let mut levels = pattern.split('/');
    for wanted in prefix.into_iter().flat_map(|p| p.split('/')) {
        match levels.next() {
            Some("#") => return Reach::AtLeast(0),
            Some("+") => {}
            Some(level) if level == wanted => {}
            _ => return Reach::Never,
        }
    }
    reach_over_fresh(levels)
}

fn reach_over_fresh<'p>(levels: impl Iterator<Item = &'p str>) -> Reach {
    let mut fresh = 0;
    for level in levels {
        match level {
            "+" => fresh += 1,
            "#" => return Reach::AtLeast(fresh),
            _ => return Reach::Never,
        }
    }
    Reach::Exactly(fresh)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matching_follows_the_specification() {
        for (filter, topic, want) in [
            ("a/#", "a", true),
            ("a/#", "a/", true),
            ("a/#", "a/b/c", true),
            ("a/#", "ab", false),
            ("a/+", "a", false),
            ("a/+", "a/", true),
            ("a/+", "a/b/c", false),
            ("+", "a", true),
            ("+", "/", false),
            ("+/+", "/", true),
            ("/+", "/", true),
            ("#", "/", true),
            ("+/#", "a", true),
            ("#", "$SYS", false),
            ("+/a", "$SYS/a", false),
            ("$SYS/#", "$SYS", true),
            ("$SYS/+", "$SYS/a", true),
            ("a/+", "a/$b", true),
            ("a", "A", false),
        ] {
            assert_eq!(matches(filter, topic), want, "{filter} {topic}");
        }
    }

    #[test]
    fn coverage_is_exact_over_unions() {
        for (filter, patterns, want) in [
            ("a/b", &["a/+"][..], true),
            ("a/+", &["a/b", "a/c"], false),
            ("a/#", &["a/+"], false),
            ("a/#", &["a/+", "a/+/#"], false),
            ("a/#", &["a", "a/+/#"], true),
            ("a/#", &["a", "a/+", "a/+/+/#"], true),
            ("a/#", &["a", "a/+/+/#"], false),
            ("#", &["+/#"], true),
            ("#", &["+", "+/+/#"], true),
            ("#", &["+/+/#"], false),
            ("+/#", &["#"], true),
            ("$SYS/#", &["#", "+/#"], false),
            ("$SYS", &["$SYS/#"], true),
            ("a", &["a/#"], true),
            ("/#", &["+/#"], true),
            ("/#", &["/+/#"], true),
            ("/", &["+/+"], true),
            ("+", &["#"], true),
            ("a/b/#", &["a/#"], true),
            ("a/+/c", &["a/#"], true),
            ("a", &[], false),
        ] {
            assert_eq!(
                covered(filter, patterns.iter().copied()),
                want,
                "{filter} {patterns:?}"
            );
        }
    }
}
