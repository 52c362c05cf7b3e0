//! What covers a filter with wildcards, and what shows that nothing does.

use super::table::row_of_pattern;
use super::{Question, RuleAt, Source};
use crate::policy::containment::{covered, matches, overlaps};
use crate::policy::decide::Policy;
use crate::policy::decision::{Decision, Reason};
use crate::policy::filter::Filter;
use crate::policy::rules::Action;

/// Patterns among which the fewest that do are looked for; of more the first are named.
const MOST_PARTS: usize = 64;
/// Words that stand for the wildcards of a filter, when a topic is looked for that shows it to be too wide.
const WORDS: [&[&str]; 4] = [
    &["other"],
    &["notice", "other"],
    &["any-0"],
    &["notice", "any-0"],
];
/// Levels that a `#` stands for, at most, in such a topic.
const DEEPEST: usize = 6;

/// A pattern that allows topics of a filter, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// As a filter, with the user's names put in.
    pub pattern: String,
    /// Where it stands.
    pub source: Source,
}

impl Question<'_> {
    /// The patterns that cover the filter: one if one does, else the fewest that are found.
    pub(super) fn parts(&self) -> Vec<Part> {
        let Ok(filter) = Filter::parse(self.topic) else {
            return Vec::new();
        };
        let topics = filter.topics();
        let mut parts = self.patterns(&filter);
        let alone = |part: &Part| covered(topics, [part.pattern.as_str()]);
        if let Some(at) = parts.iter().position(alone) {
            return vec![parts.swap_remove(at)];
        }
        parts.retain(|part| overlaps(&part.pattern, topics));
        if parts.len() > MOST_PARTS {
            parts.truncate(MOST_PARTS);
            return parts;
        }
        fewest(parts, topics)
    }

    fn patterns(&self, filter: &Filter<'_>) -> Vec<Part> {
        let table = Policy::default_patterns(self.directory, self.subject, filter);
        let mut parts: Vec<Part> = table
            .into_iter()
            .map(|pattern| Part {
                source: Source::DefaultTable(row_of_pattern(&pattern)),
                pattern,
            })
            .collect();
        let person = self.directory.find(self.subject.user);
        let rules = self.policy.rules();
        let given = rules.sourced_patterns(&self.subject, &person, Action::Subscribe);
        parts.extend(
            given
                .into_iter()
                .map(|(pattern, rule)| by_rule(pattern, rule)),
        );
        parts.extend(self.parent(filter));
        parts
    }

    /// `a/#` also matches `a`, which something may give that speaks of single topics.
    fn parent(&self, filter: &Filter<'_>) -> Option<Part> {
        let name = filter.parent_topic()?;
        let question = Question {
            topic: name,
            ..*self
        };
        let decision = question.decision();
        decision.is_allowed().then(|| Part {
            pattern: name.to_owned(),
            source: question.source(decision),
        })
    }

    /// A topic that the filter matches and that may not be received.
    pub(super) fn example(&self, decision: Decision) -> Option<String> {
        if decision != Decision::Deny(Reason::FilterTooWide) {
            return None;
        }
        let filter = Filter::parse(self.topic).ok()?;
        let topics = filter.topics();
        // What `#` matches above itself tells least, so it comes last.
        let depths = || (1..=DEEPEST).chain([0]);
        let tries = WORDS
            .iter()
            .flat_map(|words| depths().map(|rest| instance(topics, words, rest)));
        tries
            .filter(|topic| !topic.is_empty() && matches(topics, topic))
            .find(|topic| !self.is_received(topic))
    }

    fn is_received(&self, topic: &str) -> bool {
        let decision = self.policy.may_receive(self.directory, self.subject, topic);
        // That its enterprise is suspended does not make a filter too wide.
        decision.is_allowed() || decision.reason() == Some(Reason::TopicSuspended)
    }
}

fn by_rule(pattern: String, rule: RuleAt) -> Part {
    Part {
        pattern,
        source: Source::PolicyFile(rule),
    }
}

/// Leaves out what the others do without.
fn fewest(mut parts: Vec<Part>, topics: &str) -> Vec<Part> {
    let mut at = parts.len();
    while let Some(next) = at.checked_sub(1) {
        at = next;
        let others = parts.iter().enumerate().filter(|(index, _)| *index != at);
        if covered(topics, others.map(|(_, part)| part.pattern.as_str())) {
            parts.remove(at);
        }
    }
    parts
}

/// The filter with words at its wildcards, `#` standing for `rest` of them.
fn instance(filter: &str, words: &[&str], rest: usize) -> String {
    let mut supply = words.iter().copied().cycle();
    let mut levels: Vec<&str> = Vec::new();
    for level in filter.split('/') {
        match level {
            "+" => levels.extend(supply.next()),
            "#" => levels.extend(supply.by_ref().take(rest)),
            name => levels.push(name),
        }
    }
    levels.join("/")
}
