//! Why a decision is as it is: the row of the default table or the rule of the policy file behind it, what the
//! directory says that mattered, and for a filter that is too wide a topic that shows it.
//!
//! The verdict is never made here: it is asked of the functions that the broker's questions go to, and the reasons are
//! put together afterwards, for somebody who reads them. So nothing of this costs a decision anything. Pure; it may
//! allocate, and is bounded by the size of the policy file.

mod cover;
mod facts;
mod near;
mod table;

pub use cover::Part;
pub use facts::standing;
pub use near::{Lacks, NearMiss};
pub use table::ROWS;

use super::decide::{Policy, Subject};
use super::decision::{Decision, Reason, RuleId};
use super::directory::Directory;
use super::filter::Filter;
use super::rules::Action;
use crate::protocol::Topic;

/// A decision with what stands behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The decision, word for word what the broker would be told.
    pub decision: Decision,
    /// Where it comes from.
    pub source: Source,
    /// What the directory says of user and topic, a sentence each.
    pub facts: Vec<String>,
    /// Rules of the policy file that give such a topic, but not this user or not this action. Of a refusal only.
    pub near_misses: Vec<NearMiss>,
    /// A topic that the filter matches and that may not be received, where the filter is too wide.
    pub example: Option<String>,
}

/// Where a decision comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// What the directory says of the user, or of the topic's enterprise.
    Directory,
    /// A row of the default table, as docs/policy.md has it.
    DefaultTable(&'static str),
    /// A rule of the policy file.
    PolicyFile(RuleAt),
    /// Several patterns that cover a filter together.
    Together(Vec<Part>),
    /// Topic or filter is malformed.
    Malformed,
    /// Neither table nor policy file say anything of it.
    Nothing,
}

/// Where a rule of the policy file stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleAt {
    /// Its place in the list, from 0.
    pub index: u16,
    /// Its name.
    pub name: String,
    /// The line on which it begins, from 1.
    pub line: u32,
    /// The topic in it that matters, as it was typed.
    pub topic: String,
}

impl Policy {
    /// Explains what the subject may do with a topic, or with a filter when it is to be subscribed to.
    pub fn explain<'s>(
        &self,
        directory: &Directory,
        subject: impl Into<Subject<'s>>,
        action: Action,
        topic: &str,
    ) -> Explanation {
        let question = Question {
            policy: self,
            directory,
            subject: subject.into(),
            action,
            topic,
        };
        question.explain()
    }
}

/// A question that is to be explained.
struct Question<'a> {
    policy: &'a Policy,
    directory: &'a Directory,
    subject: Subject<'a>,
    action: Action,
    topic: &'a str,
}

impl Question<'_> {
    fn explain(&self) -> Explanation {
        let decision = self.decision();
        Explanation {
            source: self.source(decision),
            facts: facts::of(self),
            near_misses: self.near_misses(decision),
            example: self.example(decision),
            decision,
        }
    }

    /// As the broker's own question would be answered.
    fn decision(&self) -> Decision {
        let (policy, directory, subject) = (self.policy, self.directory, self.subject);
        match self.action {
            Action::Publish => policy.may_publish(directory, subject, self.topic),
            Action::Receive => policy.may_receive(directory, subject, self.topic),
            Action::Subscribe => policy.may_subscribe(directory, subject, self.topic),
        }
    }

    fn source(&self, decision: Decision) -> Source {
        let topic = self.single_topic();
        match decision {
            Decision::Allow(RuleId::PolicyFile(index)) => self.rule(index),
            Decision::Allow(RuleId::Covered) => Source::Together(self.parts()),
            Decision::Allow(rule) => {
                let row = topic.and_then(table::row);
                let row = row.or_else(|| table::row_of_rule(rule));
                row.map_or(Source::Nothing, Source::DefaultTable)
            }
            Decision::Deny(
                Reason::Removed
                | Reason::NotInDirectory
                | Reason::Suspended
                | Reason::TopicSuspended,
            ) => Source::Directory,
            Decision::Deny(Reason::BadTopic(_) | Reason::BadFilter(_)) => Source::Malformed,
            Decision::Deny(_) => {
                let row = topic.and_then(table::row);
                row.map_or(Source::Nothing, Source::DefaultTable)
            }
        }
    }

    fn rule(&self, index: u16) -> Source {
        let rules = self.policy.rules();
        let topic = self.single_topic().unwrap_or(self.topic);
        let person = self.directory.find(self.subject.user);
        match rules.at(index, &self.subject, &person, topic) {
            Some(rule) => Source::PolicyFile(rule),
            None => Source::Nothing,
        }
    }

    /// The topic that is asked about; `None` of a filter with wildcards.
    fn single_topic(&self) -> Option<&str> {
        match self.action {
            Action::Subscribe => Filter::parse(self.topic).ok()?.as_topic(),
            Action::Publish | Action::Receive => Some(self.topic),
        }
    }

    /// What the topic that is asked about means; of a filter with wildcards nothing.
    fn meaning(&self) -> Topic<'_> {
        self.single_topic().map_or(Topic::Other, Topic::parse)
    }

    fn near_misses(&self, decision: Decision) -> Vec<NearMiss> {
        let by_rules = match decision {
            Decision::Allow(_) => false,
            // No rule could change these.
            Decision::Deny(
                Reason::Removed
                | Reason::NotInDirectory
                | Reason::Suspended
                | Reason::TopicSuspended
                | Reason::BadTopic(_)
                | Reason::BadFilter(_),
            ) => false,
            Decision::Deny(_) => true,
        };
        let topic = self.single_topic().filter(|_| by_rules);
        topic.map_or_else(Vec::new, |topic| near::misses(self, topic))
    }
}
