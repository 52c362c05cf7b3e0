//! The rules once more, with where they stand: for explanations. Never on the way of a decision.

use super::{Action, Rule, Rules, expansions, gives, kinds_of};
use crate::policy::decide::Subject;
use crate::policy::directory::Person;
use crate::policy::explain::{Lacks, RuleAt};
use crate::policy::template::Template;

impl Rules {
    /// Where a rule stands, and which of its topics gives this one to somebody.
    pub(in crate::policy) fn at(
        &self,
        index: u16,
        subject: &Subject<'_>,
        person: &Person<'_>,
        topic: &str,
    ) -> Option<RuleAt> {
        let rule = self.rules.get(usize::from(index))?;
        let template = rule.speaks_of(subject, person, topic)?;
        Some(self.place(usize::from(index), rule, template))
    }

    /// All filters that the rules give somebody for an action, each with its rule.
    pub(in crate::policy) fn sourced_patterns(
        &self,
        subject: &Subject<'_>,
        person: &Person<'_>,
        action: Action,
    ) -> Vec<(String, RuleAt)> {
        let mut found = Vec::new();
        for (index, rule) in self.rules.iter().enumerate() {
            if !rule.allows(action) || !rule.who.includes(subject, person) {
                continue;
            }
            for template in &rule.topics {
                let patterns = expansions(template, subject, person).into_iter();
                found.extend(patterns.map(|p| (p, self.place(index, rule, template))));
            }
        }
        found
    }

    /// Rules that speak of the topic, and what each lacks to give it to somebody for an action.
    pub(in crate::policy) fn near<'r>(
        &'r self,
        subject: &'r Subject<'_>,
        person: &'r Person<'_>,
        action: Action,
        topic: &'r str,
    ) -> impl Iterator<Item = (RuleAt, Lacks)> + 'r {
        let rules = self.rules.iter().enumerate();
        rules.filter_map(move |(index, rule)| {
            let template = rule.speaks_of(subject, person, topic)?;
            let lacks = rule.lacks(subject, person, action)?;
            Some((self.place(index, rule, template), lacks))
        })
    }

    fn place(&self, index: usize, rule: &Rule, template: &Template) -> RuleAt {
        RuleAt {
            // There are at most 10,000.
            index: u16::try_from(index).unwrap_or(u16::MAX),
            name: rule.name.clone(),
            line: self.lines.get(index).copied().unwrap_or_default(),
            topic: template.to_string(),
        }
    }
}

impl Rule {
    /// The first of its topics that gives this one, if `who` and `allow` are left aside.
    fn speaks_of(
        &self,
        subject: &Subject<'_>,
        person: &Person<'_>,
        topic: &str,
    ) -> Option<&Template> {
        let mut topics = self.topics.iter();
        topics.find(|template| gives(template, subject, person, topic))
    }

    fn lacks(&self, subject: &Subject<'_>, person: &Person<'_>, action: Action) -> Option<Lacks> {
        let (who, user) = (&self.who, subject.user);
        let lists = |list: &Option<Vec<String>>, has: &dyn Fn(&str) -> bool| {
            list.as_ref()
                .is_none_or(|words| words.iter().any(|word| has(word)))
        };
        let kinds = kinds_of(subject.kind, person);
        if !self.allows(action) {
            Some(Lacks::Action)
        } else if !lists(&who.eids, &|eid| eid == user.eid) {
            Some(Lacks::Enterprise)
        } else if !lists(&who.users, &|name| name == user.to_string()) {
            Some(Lacks::User)
        } else if !lists(&who.roles, &|role| person.has_role(role)) {
            Some(Lacks::Role)
        } else if who.kinds.is_some_and(|wanted| !wanted.meets(kinds)) {
            Some(Lacks::Kind)
        } else {
            None
        }
    }
}
