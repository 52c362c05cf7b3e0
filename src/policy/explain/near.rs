//! Rules of the policy file that almost give what was refused.

use std::fmt;

use super::{Question, RuleAt};

/// How many are told of.
const MOST: usize = 10;

/// A rule that speaks of the topic and gives it to others, or for other uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// The rule.
    pub rule: RuleAt,
    /// What it lacks.
    pub lacks: Lacks,
}

/// Why a rule gives somebody nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lacks {
    /// `allow` does not have the action.
    Action,
    /// `who.roles`
    Role,
    /// `who.kinds`
    Kind,
    /// `who.eids`
    Enterprise,
    /// `who.users`
    User,
}

impl fmt::Display for Lacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Lacks::Action => "it does not allow this action",
            Lacks::Role => "the user has none of its who.roles",
            Lacks::Kind => "the device is of none of its who.kinds, or its kind is not known",
            Lacks::Enterprise => "the user is of none of its who.eids",
            Lacks::User => "the user is none of its who.users",
        })
    }
}

/// The first rules that speak of the topic.
pub(super) fn misses(question: &Question<'_>, topic: &str) -> Vec<NearMiss> {
    let person = question.directory.find(question.subject.user);
    let rules = question.policy.rules();
    let found = rules.near(&question.subject, &person, question.action, topic);
    let misses = found.map(|(rule, lacks)| NearMiss { rule, lacks });
    misses.take(MOST).collect()
}
