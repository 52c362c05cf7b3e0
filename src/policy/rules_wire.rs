//! The policy file as JSON (docs/policy.md). The one serde module of the room.
//!
//! Values are checked while serde reads them, so that serde_json adds line and column to every error;
//! the list of rules adds the rule's index, and a rule its name. Pure.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::rights::{Kind, Kinds};
use super::rules::{Action, MAX_FILE_BYTES, MAX_RULES, PolicyError, Rule, Who, check_scope};
use super::template::Template;
use crate::protocol::{UserName, name};

const VERSION: u64 = 1;
const MAX_RULE_NAME_BYTES: usize = 128;

/// Reads a policy file.
pub(super) fn read(text: &str) -> Result<Vec<Rule>, PolicyError> {
    if text.len() > MAX_FILE_BYTES {
        let bytes = text.len();
        let message = format!("policy file has {bytes} bytes, more than {MAX_FILE_BYTES}");
        return Err(PolicyError(message));
    }
    let file: WireFile = serde_json::from_str(text).map_err(|e| PolicyError(e.to_string()))?;
    let _ = file.version;
    Ok(file.rules.0)
}

/// The line on which each rule of a good file begins, from 1.
pub(super) fn lines(text: &str) -> Vec<u32> {
    let Ok(file) = serde_json::from_str::<RawFile<'_>>(text) else {
        return Vec::new();
    };
    let begin = text.as_ptr().addr();
    let (mut line, mut seen) = (1, 0);
    let lines = file.rules.into_iter().map(|rule| {
        // A raw value is a piece of the text.
        let at = rule.get().as_ptr().addr().saturating_sub(begin);
        let passed = text.as_bytes().get(seen..at).unwrap_or_default();
        line += passed.iter().filter(|byte| **byte == b'\n').count();
        seen = at;
        u32::try_from(line).unwrap_or(u32::MAX)
    });
    lines.collect()
}

/// The file again, for where its rules stand.
#[derive(Deserialize)]
struct RawFile<'t> {
    #[serde(borrow)]
    rules: Vec<&'t RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireFile {
    version: Version,
    rules: RuleList,
}

#[derive(Deserialize)]
#[serde(try_from = "u64")]
struct Version;

impl TryFrom<u64> for Version {
    type Error = String;

    fn try_from(version: u64) -> Result<Self, String> {
        if version == VERSION {
            Ok(Version)
        } else {
            Err(format!("version {version}, want {VERSION}"))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireRule {
    name: RuleName,
    #[serde(default)]
    who: WireWho,
    allow: Vec<WireAction>,
    topics: Vec<Topic>,
    #[serde(default)]
    cross_enterprise: bool,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct WireWho {
    roles: Option<Vec<RoleName>>,
    kinds: Option<Vec<WireKind>>,
    eids: Option<Vec<Eid>>,
    users: Option<Vec<User>>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum WireAction {
    Publish,
    Subscribe,
    Receive,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum WireKind {
    Pc,
    Phone,
    Service,
}

/// A string that is checked as it is read.
macro_rules! checked {
    ($name:ident, $check:expr) => {
        #[derive(Deserialize)]
        #[serde(try_from = "String")]
        struct $name(String);

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                let check: fn(&str) -> Result<(), String> = $check;
                match check(&text) {
                    Ok(()) => Ok($name(text)),
                    Err(error) => Err(format!("{text:?}: {error}")),
                }
            }
        }
    };
}

checked!(RoleName, |text| name::check("role", text)
    .map_err(|e| e.to_string()));
checked!(Eid, |text| name::check("eid", text)
    .map_err(|e| e.to_string()));
checked!(User, |text| UserName::parse(text)
    .map(|_| ())
    .map_err(|e| e.to_string()));
checked!(RuleName, |text| {
    let fits = (1..=MAX_RULE_NAME_BYTES).contains(&text.len()) && !text.contains(char::is_control);
    fits.then_some(())
        .ok_or_else(|| format!("want 1 to {MAX_RULE_NAME_BYTES} printable bytes"))
});

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Topic(String, Template);

impl TryFrom<String> for Topic {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let template = Template::parse(&text).map_err(|e| format!("topic {text:?}: {e}"))?;
        Ok(Topic(text, template))
    }
}

impl TryFrom<WireRule> for Rule {
    type Error = String;

    fn try_from(wire: WireRule) -> Result<Self, String> {
        let name = wire.name.0;
        let rule = read_rule(
            &name,
            wire.who,
            &wire.allow,
            wire.topics,
            wire.cross_enterprise,
        );
        rule.map_err(|error| format!("{name:?}: {error}"))
    }
}

fn read_rule(
    name: &str,
    who: WireWho,
    allow: &[WireAction],
    topics: Vec<Topic>,
    cross_enterprise: bool,
) -> Result<Rule, String> {
    let who = read_who(who)?;
    let actions = read_actions(allow)?;
    if topics.is_empty() {
        return Err("topics is empty".to_owned());
    }
    for Topic(text, template) in &topics {
        check_scope(template, actions, &who, cross_enterprise)
            .map_err(|error| format!("topic {text:?}: {error}"))?;
    }
    Ok(Rule {
        name: name.to_owned(),
        who,
        actions,
        topics: topics.into_iter().map(|topic| topic.1).collect(),
    })
}

fn read_actions(allow: &[WireAction]) -> Result<u8, String> {
    let actions = allow.iter().fold(0, |all, action| all | bit(*action));
    let has = |action: Action| actions & action as u8 != 0;
    if actions == 0 {
        return Err("allow is empty".to_owned());
    }
    if has(Action::Subscribe) && !has(Action::Receive) {
        return Err("subscribe without receive: every message would be withheld".to_owned());
    }
    Ok(actions)
}

fn bit(action: WireAction) -> u8 {
    match action {
        WireAction::Publish => Action::Publish as u8,
        WireAction::Subscribe => Action::Subscribe as u8,
        WireAction::Receive => Action::Receive as u8,
    }
}

fn read_who(wire: WireWho) -> Result<Who, String> {
    let kinds = not_empty("kinds", wire.kinds)?;
    Ok(Who {
        roles: strings("roles", wire.roles, |r| r.0)?,
        kinds: kinds.map(|kinds| kinds.into_iter().map(kind).collect::<Kinds>()),
        eids: strings("eids", wire.eids, |e| e.0)?,
        users: strings("users", wire.users, |u| u.0)?,
    })
}

fn kind(wire: WireKind) -> Kind {
    match wire {
        WireKind::Pc => Kind::Pc,
        WireKind::Phone => Kind::Phone,
        WireKind::Service => Kind::Service,
    }
}

fn strings<T>(
    member: &str,
    list: Option<Vec<T>>,
    text: fn(T) -> String,
) -> Result<Option<Vec<String>>, String> {
    let list = not_empty(member, list)?;
    Ok(list.map(|items| items.into_iter().map(text).collect()))
}

/// An empty list could mean nobody or everybody, so it is refused.
fn not_empty<T>(member: &str, list: Option<Vec<T>>) -> Result<Option<Vec<T>>, String> {
    match list {
        Some(items) if items.is_empty() => Err(format!(
            "who.{member} is empty: leave it out to mean everybody"
        )),
        list => Ok(list),
    }
}

/// The list of rules; its errors carry the index.
struct RuleList(Vec<Rule>);

impl<'de> Deserialize<'de> for RuleList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(RuleListVisitor)
    }
}

struct RuleListVisitor;

impl<'de> Visitor<'de> for RuleListVisitor {
    type Value = RuleList;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rules")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<RuleList, A::Error> {
        let mut rules = Vec::new();
        let mut names = HashSet::new();
        loop {
            let index = rules.len();
            let seed = OneRule {
                index,
                names: &mut names,
            };
            // serde_json finds the line again at the end of the text.
            let rule = list.next_element_seed(seed);
            match rule.map_err(|e| de::Error::custom(format_args!("rule {index}: {e}")))? {
                Some(rule) => rules.push(rule),
                None => return Ok(RuleList(rules)),
            }
        }
    }
}

/// Reads and checks one rule. Checking inside the visitor gives its errors the rule's last line.
struct OneRule<'n> {
    index: usize,
    names: &'n mut HashSet<String>,
}

impl<'de> DeserializeSeed<'de> for OneRule<'_> {
    type Value = Rule;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Rule, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for OneRule<'_> {
    type Value = Rule;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a rule, a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Rule, A::Error> {
        if self.index == MAX_RULES {
            return Err(de::Error::custom(format_args!(
                "more than {MAX_RULES} rules"
            )));
        }
        let wire = WireRule::deserialize(MapAccessDeserializer::new(members))?;
        let rule = Rule::try_from(wire).map_err(de::Error::custom)?;
        if !self.names.insert(rule.name.clone()) {
            let name = &rule.name;
            return Err(de::Error::custom(format_args!(
                "{name:?}: the name is used twice"
            )));
        }
        Ok(rule)
    }
}
