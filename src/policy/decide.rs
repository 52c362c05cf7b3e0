//! Deciding: standing first, then the default table, then what the policy file adds.
//!
//! Everything is judged from the user name, the device and the directory: no session state, so that a
//! retained message's publisher can be judged again long after the session is gone. Pure; publishing and
//! receiving allocate nothing.

mod default_table;

pub(super) use default_table::below_sys_notice;

use super::containment::covered;
use super::decision::{Decision, Reason, RuleId};
use super::directory::{Directory, Person, Standing};
use super::filter::{Filter, check_topic};
use super::rights::Kind;
use super::rules::{Action, Rules};
use crate::protocol::{SessionName, Topic, UserName};

/// Who wants to do something.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The user, from the MQTT user name.
    pub user: UserName<'a>,
    /// The device, from the client id; empty when unknown (rules with `{device}` then give nothing).
    pub device: &'a str,
    /// The kind of device, when the session is known; else the kinds that the directory has seen count.
    pub kind: Option<Kind>,
}

impl<'a> From<&Subject<'a>> for Subject<'a> {
    fn from(subject: &Subject<'a>) -> Self {
        *subject
    }
}

impl<'a> From<SessionName<'a>> for Subject<'a> {
    fn from(session: SessionName<'a>) -> Self {
        Subject {
            user: session.user,
            device: session.device,
            kind: None,
        }
    }
}

impl<'a> From<UserName<'a>> for Subject<'a> {
    fn from(user: UserName<'a>) -> Self {
        Subject {
            user,
            device: "",
            kind: None,
        }
    }
}

/// The default table of DESIGN section 4 and the rules of the policy file.
#[derive(Debug, Default)]
pub struct Policy {
    rules: Rules,
}

/// One question: who asks, and what the directory says of them.
#[derive(Clone, Copy)]
struct Case<'a> {
    subject: Subject<'a>,
    person: Person<'a>,
}

impl Policy {
    /// The default table with these rules added.
    pub fn new(rules: Rules) -> Self {
        Policy { rules }
    }

    /// The rules of the policy file.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Whether the subject may publish to a topic name.
    pub fn may_publish<'s>(
        &self,
        directory: &Directory,
        subject: impl Into<Subject<'s>>,
        topic: &str,
    ) -> Decision {
        self.may_publish_to(directory, subject, topic, Topic::parse(topic))
    }

    /// As [`Policy::may_publish`], for a topic that has been parsed already.
    pub fn may_publish_to<'s>(
        &self,
        directory: &Directory,
        subject: impl Into<Subject<'s>>,
        name: &str,
        topic: Topic<'_>,
    ) -> Decision {
        self.judge_topic(directory, subject.into(), Action::Publish, name, topic)
    }

    /// Whether the subject may be given a message of a topic name.
    pub fn may_receive<'s>(
        &self,
        directory: &Directory,
        subject: impl Into<Subject<'s>>,
        topic: &str,
    ) -> Decision {
        self.may_receive_on(directory, subject, topic, Topic::parse(topic))
    }

    /// As [`Policy::may_receive`], for a topic that has been parsed already.
    pub fn may_receive_on<'s>(
        &self,
        directory: &Directory,
        subject: impl Into<Subject<'s>>,
        name: &str,
        topic: Topic<'_>,
    ) -> Decision {
        self.judge_topic(directory, subject.into(), Action::Receive, name, topic)
    }

    /// Whether the subject may subscribe: every topic that the filter can match must be allowed. Of
    /// `$share/{name}/{filter}` the filter counts.
    pub fn may_subscribe<'s>(
        &self,
        directory: &Directory,
        subject: impl Into<Subject<'s>>,
        filter: &str,
    ) -> Decision {
        let subject = subject.into();
        let filter = match Filter::parse(filter) {
            Ok(filter) => filter,
            Err(error) => return Decision::Deny(Reason::BadFilter(error)),
        };
        match filter.as_topic() {
            Some(name) => {
                let topic = Topic::parse(name);
                self.judge_topic(directory, subject, Action::Subscribe, name, topic)
            }
            None => decision(self.judge_wildcards(directory, subject, &filter)),
        }
    }

    /// Giving up a subscription: always allowed. It gives no right, it names nothing that the client does
    /// not hold, and denying it would keep a client on a subscription whose right was withdrawn.
    pub fn may_unsubscribe(&self) -> Decision {
        Decision::Allow(RuleId::Unsubscribe)
    }

    fn judge_topic(
        &self,
        directory: &Directory,
        subject: Subject<'_>,
        action: Action,
        name: &str,
        topic: Topic<'_>,
    ) -> Decision {
        let case = match Case::open(directory, subject, name) {
            Ok(case) => case,
            Err(reason) => return Decision::Deny(reason),
        };
        let by_default = match action {
            Action::Publish => default_table::publish(&case, topic),
            Action::Receive | Action::Subscribe => default_table::receive(&case, name, topic),
        };
        decision(by_default.or_else(|reason| self.by_rules(&case, action, name, reason)))
    }

    fn by_rules(
        &self,
        case: &Case<'_>,
        action: Action,
        topic: &str,
        otherwise: Reason,
    ) -> Result<RuleId, Reason> {
        check_topic(topic).map_err(Reason::BadTopic)?;
        let rule = self.rules.grant(&case.subject, &case.person, action, topic);
        rule.map(RuleId::PolicyFile).ok_or(otherwise)
    }

    fn judge_wildcards(
        &self,
        directory: &Directory,
        subject: Subject<'_>,
        filter: &Filter<'_>,
    ) -> Result<RuleId, Reason> {
        let case = Case::open(directory, subject, filter.topics())?;
        let mut patterns = default_table::wildcard_patterns(&case, filter);
        patterns.extend(
            self.rules
                .patterns(&case.subject, &case.person, Action::Subscribe),
        );
        // `a/#` also matches `a`, which a rule for single topics may give.
        let parent = filter.parent_topic().filter(|name| {
            let topic = Topic::parse(name);
            self.judge_topic(directory, subject, Action::Subscribe, name, topic)
                .is_allowed()
        });
        let all = patterns.iter().map(String::as_str).chain(parent);
        if covered(filter.topics(), all) {
            Ok(RuleId::Covered)
        } else {
            Err(Reason::FilterTooWide)
        }
    }

    /// What of the default table could cover a filter with wildcards, for explanations.
    pub(super) fn default_patterns(
        directory: &Directory,
        subject: Subject<'_>,
        filter: &Filter<'_>,
    ) -> Vec<String> {
        let case = Case::open(directory, subject, filter.topics());
        let patterns = case.map(|case| default_table::wildcard_patterns(&case, filter));
        patterns.unwrap_or_default()
    }
}

fn decision(result: Result<RuleId, Reason>) -> Decision {
    match result {
        Ok(rule) => Decision::Allow(rule),
        Err(reason) => Decision::Deny(reason),
    }
}

impl<'a> Case<'a> {
    /// Finds the subject and refuses those who may do nothing, and topics of suspended enterprises.
    fn open(directory: &'a Directory, subject: Subject<'a>, topic: &str) -> Result<Self, Reason> {
        let person = directory.find(subject.user);
        match person.standing() {
            Standing::Active => {}
            Standing::Removed => return Err(Reason::Removed),
            Standing::Suspended => return Err(Reason::Suspended),
            Standing::NotInDirectory => return Err(Reason::NotInDirectory),
        }
        if is_foreign(subject.user.eid, topic) && directory.is_suspended(first_level(topic)) {
            return Err(Reason::TopicSuspended);
        }
        Ok(Case { subject, person })
    }

    fn is_own(&self, eid: &str) -> bool {
        self.subject.user.eid == eid
    }

    fn is_self(&self, eid: &str, uid: &str) -> bool {
        self.is_own(eid) && self.subject.user.uid == uid
    }
}

/// Whether the topic may be another enterprise's.
fn is_foreign(eid: &str, topic: &str) -> bool {
    let own = topic
        .strip_prefix(eid)
        .is_some_and(|rest| rest.starts_with('/'));
    !own && !topic.starts_with('$')
}

fn first_level(topic: &str) -> &str {
    topic.split_once('/').map_or(topic, |(first, _)| first)
}
