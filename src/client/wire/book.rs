//! The address book, on the wire and in the readable copy.

use serde::{Deserialize, Serialize};

use crate::client::{Changes, Deleted, Department, Entry, Group, Partner, Person, Relation};

/// Answer to `GET /api/v1/address-book`.
#[derive(Deserialize)]
pub(crate) struct BookAnswer {
    version: i64,
    #[serde(default)]
    full: bool,
    #[serde(default)]
    next_cursor: Option<String>,
    entries: Vec<EntryRow>,
}

impl BookAnswer {
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
