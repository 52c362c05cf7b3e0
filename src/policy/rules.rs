//! The rules of the policy file: grants that add to the default table. There are no denials, so more
//! rules never give less, and coverage of a wildcard filter stays a question about a union.
//!
//! Reading the JSON is `rules_wire`; here is what a rule means and which rules are refused. Pure.

mod sourced;

use std::fmt;

use super::decide::Subject;
use super::directory::Person;
use super::rights::{Kind, Kinds};
use super::rules_wire;
use super::template::{Level, Names, Part, Template};
use crate::protocol::name;

/// The largest policy file, in bytes.
pub const MAX_FILE_BYTES: usize = 1024 * 1024;
/// The most rules in one file.
pub const MAX_RULES: usize = 10_000;

/// What a rule allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Action {
    /// Publish to the topics.
    Publish = 1,
    /// Subscribe to filters all of whose topics are allowed.
    Subscribe = 2,
    /// Be given messages of the topics.
    Receive = 4,
}

/// Why a policy file was refused. The text names line, column and rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError(pub(super) String);

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PolicyError {}

/// Whom a rule is for: everybody who meets every condition; an absent condition is met by all.
#[derive(Debug, Clone, Default)]
pub(super) struct Who {
    pub(super) roles: Option<Vec<String>>,
    pub(super) kinds: Option<Kinds>,
    pub(super) eids: Option<Vec<String>>,
    /// `uid@eid`
    pub(super) users: Option<Vec<String>>,
}

/// One rule, checked.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) who: Who,
    pub(super) actions: u8,
    pub(super) topics: Vec<Template>,
}

/// The rules of a policy file.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    rules: Vec<Rule>,
    /// The line on which each begins. Beside the rules, not in them: decisions walk these.
    lines: Vec<u32>,
}

impl Rules {
    /// Reads a policy file. Nothing of a bad file is kept.
    pub fn parse(text: &str) -> Result<Rules, PolicyError> {
        let rules = rules_wire::read(text)?;
        let lines = rules_wire::lines(text);
        Ok(Rules { rules, lines })
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The name of a rule by its index, as [`super::RuleId::PolicyFile`] gives it.
    pub fn name(&self, index: u16) -> Option<&str> {
        Some(&self.rules.get(usize::from(index))?.name)
    }

    /// The first rule that allows the action on a topic name.
    pub(super) fn grant(
        &self,
        subject: &Subject<'_>,
        person: &Person<'_>,
        action: Action,
        topic: &str,
    ) -> Option<u16> {
        let second = topic.split('/').nth(1);
        let gives = |t: &Template| t.fits_second(second) && gives(t, subject, person, topic);
        let found = self.rules.iter().position(|rule| {
            rule.allows(action)
                && rule.topics.iter().any(gives)
                && rule.who.includes(subject, person)
        });
        u16::try_from(found?).ok()
    }

    /// All filters that the rules give somebody for an action.
    pub(super) fn patterns(
        &self,
        subject: &Subject<'_>,
        person: &Person<'_>,
        action: Action,
    ) -> Vec<String> {
        let rules = self.rules.iter();
        let mine = rules.filter(|r| r.allows(action) && r.who.includes(subject, person));
        let templates = mine.flat_map(|rule| &rule.topics);
        templates
            .flat_map(|t| expansions(t, subject, person))
            .collect()
    }
}

impl Rule {
    fn allows(&self, action: Action) -> bool {
        self.actions & action as u8 != 0
    }
}

impl Who {
    fn includes(&self, subject: &Subject<'_>, person: &Person<'_>) -> bool {
        let user = subject.user;
        let is_user = |text: &String| text.split_once('@') == Some((user.uid, user.eid));
        meets(self.eids.as_ref(), |eid| eid == user.eid)
            && meets(self.users.as_ref(), is_user)
            && meets(self.roles.as_ref(), |role| person.has_role(role))
            && self
                .kinds
                .is_none_or(|kinds| kinds.meets(kinds_of(subject.kind, person)))
    }
}

fn meets<T>(wanted: Option<&Vec<T>>, has: impl FnMut(&T) -> bool) -> bool {
    wanted.is_none_or(|list| list.iter().any(has))
}

fn kinds_of(kind: Option<Kind>, person: &Person<'_>) -> Kinds {
    kind.map_or_else(|| person.kinds(), |kind| Kinds::NONE.with(kind))
}

fn names<'a>(subject: &Subject<'a>, gid: Option<&'a str>) -> Names<'a> {
    Names {
        eid: subject.user.eid,
        uid: subject.user.uid,
        device: subject.device,
        gid,
    }
}

fn gives(template: &Template, subject: &Subject<'_>, person: &Person<'_>, topic: &str) -> bool {
    if !template.uses_gid() {
        return template.matches(&names(subject, None), topic);
    }
    let mut groups = person.groups();
    groups.any(|gid| template.matches(&names(subject, Some(gid)), topic))
}

fn expansions(template: &Template, subject: &Subject<'_>, person: &Person<'_>) -> Vec<String> {
    if !template.uses_gid() {
        return template.expand(&names(subject, None)).into_iter().collect();
    }
    let groups = person.groups();
    groups
        .filter_map(|gid| template.expand(&names(subject, Some(gid))))
        .collect()
}

/// Why a rule's topic reaches where the file may not give rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScopeError {
    SysWrite,
    Control,
    OwnControl,
    Dollar,
    OtherEnterprise,
    OthersNotices,
}

impl fmt::Display for ScopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ScopeError::SysWrite => "nobody may be given the right to publish below $SYS",
            ScopeError::Control => "after $CONTROL the plugin must be spelled out",
            ScopeError::OwnControl => "$CONTROL/enterprise-push is for the role operator only",
            ScopeError::Dollar => "a first level that starts with $ must be spelled out",
            ScopeError::OtherEnterprise => {
                "it reaches beyond the user's own enterprise: begin with {eid}, or name one enterprise \
                 in who.eids and here, or set cross_enterprise"
            }
            ScopeError::OthersNotices => {
                "it reaches system notices for others: begin with $SYS/notice/{eid}, or set cross_enterprise"
            }
        })
    }
}

/// Judges where a topic of a rule reaches.
pub(super) fn check_scope(
    topic: &Template,
    actions: u8,
    who: &Who,
    cross_enterprise: bool,
) -> Result<(), ScopeError> {
    match topic.level(0) {
        Some(Level::Literal(first)) if first.starts_with('$') => {
            check_dollar(first, topic, actions, cross_enterprise)
        }
        Some(Level::Parts(parts)) if starts_with_dollar(parts) => Err(ScopeError::Dollar),
        Some(first) if cross_enterprise || stays_home(first, who) => Ok(()),
        _ => Err(ScopeError::OtherEnterprise),
    }
}

fn stays_home(first: &Level, who: &Who) -> bool {
    match first {
        Level::Parts(parts) => **parts == [Part::Eid],
        Level::Literal(text) if !name::is_valid(text) => true,
        Level::Literal(text) => who.eids.as_deref() == Some(&[text.to_string()]),
        Level::Any | Level::Rest => false,
    }
}

fn starts_with_dollar(parts: &[Part]) -> bool {
    matches!(parts.first(), Some(Part::Text(text)) if text.starts_with('$'))
}

fn check_dollar(first: &str, topic: &Template, actions: u8, cross: bool) -> Result<(), ScopeError> {
    match (first, topic.level(1)) {
        ("$SYS", _) if actions & Action::Publish as u8 != 0 => Err(ScopeError::SysWrite),
        ("$SYS", None) => Ok(()),
        ("$SYS", Some(Level::Literal(second))) if **second != *"notice" => Ok(()),
        ("$SYS", _) if cross || is_own_notice(topic) => Ok(()),
        ("$SYS", _) => Err(ScopeError::OthersNotices),
        ("$CONTROL", Some(Level::Literal(plugin))) if **plugin == *"enterprise-push" => {
            Err(ScopeError::OwnControl)
        }
        ("$CONTROL", Some(Level::Literal(_))) => Ok(()),
        ("$CONTROL", _) => Err(ScopeError::Control),
        _ => Ok(()),
    }
}

fn is_own_notice(topic: &Template) -> bool {
    matches!(topic.level(2), Some(Level::Parts(parts)) if **parts == [Part::Eid])
        && matches!(topic.level(1), Some(Level::Literal(_)))
}
