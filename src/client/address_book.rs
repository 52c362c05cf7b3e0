//! A whole address book in memory: changes taken in, things found in it.

use std::collections::BTreeMap;

use super::wire::book::BookAnswer;
use super::{Changes, ClientError, Deleted, Department, Entry, Group, Partner, Person};

/// An address book at some version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AddressBook {
    version: i64,
    departments: BTreeMap<String, Department>,
    users: BTreeMap<String, Person>,
    partners: BTreeMap<String, Partner>,
    groups: BTreeMap<String, Group>,
}

impl AddressBook {
    /// The version to ask for changes since.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Departments by id.
    pub fn departments(&self) -> &BTreeMap<String, Department> {
        &self.departments
    }

    /// Colleagues, and the reader, by uid.
    pub fn users(&self) -> &BTreeMap<String, Person> {
        &self.users
    }

    /// Partners by `uid@eid`.
    pub fn partners(&self) -> &BTreeMap<String, Partner> {
        &self.partners
    }

    /// The reader's groups by id.
    pub fn groups(&self) -> &BTreeMap<String, Group> {
        &self.groups
    }

    /// How many things are in it.
    pub fn len(&self) -> usize {
        self.departments.len() + self.users.len() + self.partners.len() + self.groups.len()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes changes in; a full load replaces everything.
    pub fn apply(&mut self, changes: Changes) {
        if changes.full {
            *self = AddressBook::default();
        }
        self.version = changes.version;
        for entry in changes.entries {
            self.put(entry);
        }
    }

    /// Everything as a full load would bring it, sorted by kind and id.
    pub fn to_changes(&self) -> Changes {
        let departments = self.departments.values().cloned().map(Entry::Department);
        let users = self.users.values().cloned().map(Entry::User);
        let partners = self.partners.values().cloned().map(Entry::Partner);
        let groups = self.groups.values().cloned().map(Entry::Group);
        Changes {
            version: self.version,
            full: true,
            entries: departments
                .chain(users)
                .chain(partners)
                .chain(groups)
                .collect(),
        }
    }

    /// The book as a full load on one page would bring it.
    pub fn to_json(&self) -> Vec<u8> {
        let answer = BookAnswer::from_changes(self.to_changes());
        serde_json::to_vec(&answer).expect("strings and numbers always serialise")
    }

    /// Reads what [`AddressBook::to_json`] wrote.
    pub fn from_json(text: &[u8]) -> Result<AddressBook, ClientError> {
        let answer: BookAnswer =
            serde_json::from_slice(text).map_err(|e| ClientError::Nonsense(e.to_string()))?;
        let mut book = AddressBook::default();
        book.apply(answer.changes().1);
        Ok(book)
    }

    fn put(&mut self, entry: Entry) {
        match entry {
            Entry::Department(it) => drop(self.departments.insert(it.did.clone(), it)),
            Entry::User(it) => drop(self.users.insert(it.uid.clone(), it)),
            Entry::Partner(it) => drop(self.partners.insert(it.id(), it)),
            Entry::Group(it) => drop(self.groups.insert(it.gid.clone(), it)),
            Entry::Deleted(Deleted::Department(did)) => drop(self.departments.remove(&did)),
            Entry::Deleted(Deleted::User(uid)) => drop(self.users.remove(&uid)),
            Entry::Deleted(Deleted::Partner(id)) => drop(self.partners.remove(&id)),
            Entry::Deleted(Deleted::Group(gid)) => drop(self.groups.remove(&gid)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Relation;

    fn user(uid: &str, name: &str) -> Entry {
        Entry::User(Person {
            uid: uid.to_owned(),
            name: name.to_owned(),
            ..Person::default()
        })
    }

    fn changes(version: i64, full: bool, entries: Vec<Entry>) -> Changes {
        Changes {
            version,
            full,
            entries,
        }
    }

    #[test]
    fn changes_add_to_what_is_there_and_a_full_load_replaces_it() {
        let mut book = AddressBook::default();
        book.apply(changes(
            1,
            true,
            vec![user("ann", "Ann"), user("bob", "Bob")],
        ));
        let gone = Entry::Deleted(Deleted::User("ann".to_owned()));
        book.apply(changes(2, false, vec![user("bob", "Robert"), gone]));
        assert_eq!((book.version(), book.len()), (2, 1));
        assert_eq!(book.users()["bob"].name, "Robert");
        let unknown = Entry::Deleted(Deleted::Group("none".to_owned()));
        book.apply(changes(3, false, vec![unknown]));
        assert_eq!((book.version(), book.len()), (3, 1));
        book.apply(changes(4, true, vec![user("eve", "Eve")]));
        assert_eq!(book.users().keys().collect::<Vec<_>>(), ["eve"]);
    }

    #[test]
    fn what_it_tells_of_itself_makes_the_same_book() {
        let mut book = AddressBook::default();
        let group = Entry::Group(Group {
            gid: "dev".to_owned(),
            ..Group::default()
        });
        book.apply(changes(7, true, vec![user("ann", "Ann"), group]));
        let partner = Partner {
            relation: Relation::Upstream,
            ..Partner::default()
        };
        book.apply(changes(8, false, vec![Entry::Partner(partner)]));
        let mut copy = AddressBook::default();
        copy.apply(book.to_changes());
        assert_eq!(copy, book);
        assert_eq!(AddressBook::from_json(&book.to_json()), Ok(book));
    }
}
