//! The address book, on the wire and in the readable copy.

use serde::{Deserialize, Serialize};

use crate::client::{Changes, Deleted, Department, Entry, Group, Partner, Person, Relation};

/// Answer to `GET /api/v1/address-book`.
#[derive(Serialize, Deserialize)]
pub(crate) struct BookAnswer {
    version: i64,
    #[serde(default)]
    full: bool,
    #[serde(default)]
    next_cursor: Option<String>,
    entries: Vec<EntryRow>,
}

impl BookAnswer {
    /// The answer that would bring these, on one page.
    pub(crate) fn from_changes(changes: Changes) -> Self {
        BookAnswer {
            version: changes.version,
            full: changes.full,
            next_cursor: None,
            entries: changes.entries.into_iter().map(EntryRow::from).collect(),
        }
    }

    /// Where the next page begins, and what this one brings.
    pub(crate) fn changes(self) -> (Option<String>, Changes) {
        let entries = self.entries.into_iter().filter_map(EntryRow::entry);
        let changes = Changes {
            version: self.version,
            full: self.full,
            entries: entries.collect(),
        };
        (self.next_cursor, changes)
    }
}

/// One entry.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum EntryRow {
    Department {
        did: String,
        #[serde(default)]
        name: Option<String>,
        #[serde(default)]
        parent: Option<String>,
    },
    User(PersonRow),
    Partner {
        #[serde(flatten)]
        person: PersonRow,
        #[serde(default)]
        enterprise: Option<String>,
        #[serde(default)]
        relation: Option<String>,
    },
    Group {
        gid: String,
        #[serde(default)]
        name: Option<String>,
        #[serde(default)]
        members: Vec<String>,
    },
    Deleted {
        of: String,
        id: String,
    },
    /// Of a later version of the contract: nothing that we could show.
    #[serde(other)]
    Other,
}

#[derive(Serialize, Deserialize)]
struct PersonRow {
    eid: String,
    uid: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    phone: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    department: Option<String>,
    #[serde(default)]
    avatar: Option<String>,
}

impl EntryRow {
    fn entry(self) -> Option<Entry> {
        Some(match self {
            EntryRow::Department { did, name, parent } => Entry::Department(Department {
                did,
                name: name.unwrap_or_default(),
                parent,
            }),
            EntryRow::User(person) => Entry::User(person.person()),
            EntryRow::Partner {
                person,
                enterprise,
                relation,
            } => Entry::Partner(Partner {
                person: person.person(),
                enterprise: enterprise.unwrap_or_default(),
                relation: Relation::parse(relation.as_deref().unwrap_or_default()),
            }),
            EntryRow::Group { gid, name, members } => Entry::Group(Group {
                gid,
                name: name.unwrap_or_default(),
                members,
            }),
            EntryRow::Deleted { of, id } => Entry::Deleted(match of.as_str() {
                "user" => Deleted::User(id),
                "department" => Deleted::Department(id),
                "group" => Deleted::Group(id),
                "partner" => Deleted::Partner(id),
                _ => return None,
            }),
            EntryRow::Other => return None,
        })
    }
}

impl PersonRow {
    fn person(self) -> Person {
        Person {
            eid: self.eid,
            uid: self.uid,
            name: self.name.unwrap_or_default(),
            title: self.title.unwrap_or_default(),
            phone: self.phone.unwrap_or_default(),
            email: self.email.unwrap_or_default(),
            department: self.department,
            avatar: self.avatar,
        }
    }
}

impl From<Entry> for EntryRow {
    fn from(entry: Entry) -> Self {
        match entry {
            Entry::Department(Department { did, name, parent }) => EntryRow::Department {
                did,
                name: Some(name),
                parent,
            },
            Entry::User(person) => EntryRow::User(person.into()),
            Entry::Partner(partner) => EntryRow::Partner {
                person: partner.person.into(),
                enterprise: Some(partner.enterprise),
                relation: Some(partner.relation.as_str().to_owned()),
            },
            Entry::Group(Group { gid, name, members }) => EntryRow::Group {
                gid,
                name: Some(name),
                members,
            },
            Entry::Deleted(deleted) => {
                let (of, id) = match deleted {
                    Deleted::User(id) => ("user", id),
                    Deleted::Department(id) => ("department", id),
                    Deleted::Group(id) => ("group", id),
                    Deleted::Partner(id) => ("partner", id),
                };
                let of = of.to_owned();
                EntryRow::Deleted { of, id }
            }
        }
    }
}

impl From<Person> for PersonRow {
    fn from(person: Person) -> Self {
        PersonRow {
            eid: person.eid,
            uid: person.uid,
            name: Some(person.name),
            title: Some(person.title),
            phone: Some(person.phone),
            email: Some(person.email),
            department: person.department,
            avatar: person.avatar,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answer_of_the_contract_is_read_and_later_kinds_are_passed_over() {
        let text = r#"{"version": 42, "full": false, "next_cursor": "c", "entries": [
            {"type": "department", "did": "rd", "name": "Research", "parent": null},
            {"type": "user", "eid": "acme", "uid": "bob", "name": "Bob", "title": null, "department": "rd", "avatar": "ab"},
            {"type": "partner", "eid": "beta", "uid": "eve", "name": "Eve", "enterprise": "Beta", "relation": "upstream"},
            {"type": "group", "gid": "dev", "name": "Dev", "members": ["alice", "bob"]},
            {"type": "room", "number": 7},
            {"type": "deleted", "of": "partner", "id": "mallory@beta"},
            {"type": "deleted", "of": "room", "id": "7"}]}"#;
        let (cursor, changes) = serde_json::from_str::<BookAnswer>(text).unwrap().changes();
        assert_eq!((cursor.as_deref(), changes.version), (Some("c"), 42));
        let [
            Entry::Department(department),
            Entry::User(user),
            Entry::Partner(partner),
            Entry::Group(group),
            Entry::Deleted(deleted),
        ] = &changes.entries[..]
        else {
            panic!("{changes:?}");
        };
        assert_eq!((department.did.as_str(), &department.parent), ("rd", &None));
        assert_eq!(
            (user.title.as_str(), user.avatar.as_deref()),
            ("", Some("ab"))
        );
        assert_eq!(
            (partner.id().as_str(), partner.relation),
            ("eve@beta", Relation::Upstream)
        );
        assert_eq!(group.members, ["alice", "bob"]);
        assert_eq!(*deleted, Deleted::Partner("mallory@beta".to_owned()));
    }
}
