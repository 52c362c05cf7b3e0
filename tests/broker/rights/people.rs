//! Who is there: the kinds of people of the table, as data.

use std::cell::RefCell;
use std::collections::HashMap;

use serde_json::{Value, json};

use crate::harness::directory;

/// Whether somebody may do anything at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Active,
    Removed,
    Suspended,
}

/// One user.
#[derive(Debug, Clone)]
pub(super) struct Person {
    /// `uid@eid`
    pub(super) name: &'static str,
    pub(super) uid: &'static str,
    pub(super) eid: &'static str,
    pub(super) kind: &'static str,
    pub(super) groups: Vec<&'static str>,
    pub(super) partners: Vec<&'static str>,
    pub(super) channels: Vec<&'static str>,
    pub(super) roles: Vec<&'static str>,
    pub(super) standing: Standing,
}

impl Person {
    fn new(name: &'static str) -> Person {
        let (uid, eid) = name.split_once('@').expect("uid@eid");
        Person {
            name,
            uid,
            eid,
            kind: "pc",
            groups: Vec::new(),
            partners: Vec::new(),
            channels: Vec::new(),
            roles: Vec::new(),
            standing: Standing::Active,
        }
    }

    fn groups(mut self, groups: &[&'static str]) -> Person {
        self.groups = groups.to_vec();
        self
    }

    fn partners(mut self, partners: &[&'static str]) -> Person {
        self.partners = partners.to_vec();
        self
    }

    fn channels(mut self, channels: &[&'static str]) -> Person {
        self.channels = channels.to_vec();
        self
    }

    fn roles(mut self, roles: &[&'static str]) -> Person {
        self.roles = roles.to_vec();
        self
    }

    fn kind(mut self, kind: &'static str) -> Person {
        self.kind = kind;
        self
    }

    /// What an introspection answer says beyond the names.
    pub(super) fn grant(&self) -> Value {
        json!({"kind": self.kind, "groups": self.groups, "partners": self.partners,
            "channels": self.channels, "roles": self.roles})
    }

    pub(super) fn is_active(&self) -> bool {
        self.standing == Standing::Active
    }
}

/// Everybody, and the enterprises that are suspended.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) people: Vec<Person>,
    pub(super) suspended: Vec<&'static str>,
    /// Whether this person may subscribe to this filter, as far as it has been worked out.
    pub(super) verdicts: RefCell<HashMap<(&'static str, String), bool>>,
}

impl World {
    /// All of them active:
    ///
    /// | who | to acme's alice |
    /// |---|---|
    /// | alice | the user herself, in the group `dev`, linked to carol and sam |
    /// | bob | a colleague, in the group |
    /// | dave | a colleague, not in the group |
    /// | editor | a colleague who holds channels |
    /// | ops | a colleague with the role `operator` |
    /// | svc | a colleague that is a program |
    /// | gone | a colleague in the group who will be removed |
    /// | carol@beta | a linked partner |
    /// | dan@beta | the partner's colleague, in beta's group `dev`, not linked |
    /// | mallory@evil | an outsider: all channels, a role and a group `dev` at home |
    /// | sam@frozen | a linked partner whose enterprise will be suspended |
    pub(super) fn new() -> World {
        let people = vec![
            Person::new("alice@acme")
                .groups(&["dev"])
                .partners(&["carol@beta", "sam@frozen"]),
            Person::new("bob@acme").groups(&["dev"]),
            Person::new("dave@acme"),
            Person::new("editor@acme").channels(&["news/#", "canteen"]),
            Person::new("ops@acme").roles(&["operator"]),
            Person::new("svc@acme").kind("service"),
            Person::new("gone@acme").groups(&["dev"]),
            Person::new("carol@beta").partners(&["alice@acme"]),
            Person::new("dan@beta").groups(&["dev"]),
            Person::new("mallory@evil")
                .groups(&["dev"])
                .channels(&["#"])
                .roles(&["boss"]),
            Person::new("sam@frozen")
                .groups(&["dev"])
                .partners(&["alice@acme"]),
        ];
        World {
            people,
            suspended: Vec::new(),
            verdicts: RefCell::default(),
        }
    }

    /// With `gone` removed and `frozen` suspended, as far as the data goes.
    pub(super) fn without_gone_and_frozen() -> World {
        let mut world = World::new();
        world.change("gone@acme", |p| p.standing = Standing::Removed);
        world.change("sam@frozen", |p| p.standing = Standing::Suspended);
        world.suspended.push("frozen");
        world
    }

    /// Changes what is known of somebody.
    pub(super) fn change(&mut self, name: &str, change: impl FnOnce(&mut Person)) {
        self.verdicts.borrow_mut().clear();
        let person = self.people.iter_mut().find(|p| p.name == name);
        change(person.unwrap_or_else(|| panic!("nobody is {name}")));
    }

    pub(super) fn active(&self) -> impl Iterator<Item = &Person> {
        self.people.iter().filter(|person| person.is_active())
    }

    fn eids(&self) -> Vec<&'static str> {
        let mut eids: Vec<&str> = self.people.iter().map(|p| p.eid).collect();
        eids.dedup();
        eids
    }

    /// All that the static service tells of them, each an entry of its directory (and, by its members
    /// `event` and `data`, an event of its feed).
    pub(super) fn told(&self) -> Vec<Value> {
        let mut told: Vec<Value> = self.eids().into_iter().map(directory::enterprise).collect();
        let user = |p: &Person| directory::user(p.name, &p.roles, &p.channels);
        told.extend(self.people.iter().map(user));
        for eid in self.eids() {
            let members = self.people.iter().filter(|p| p.eid == eid);
            let members = members.filter(|p| p.groups.contains(&"dev"));
            let members: Vec<&str> = members.map(|p| p.uid).collect();
            if !members.is_empty() {
                told.push(directory::group(&format!("dev@{eid}"), &members));
            }
        }
        for person in &self.people {
            let links = person.partners.iter().filter(|other| person.name < **other);
            told.extend(links.map(|other| directory::partners(person.name, other)));
        }
        told
    }
}
