//! Address books as copies see them.

mod consistency;
mod deeds;
mod reading;
mod retention;

use std::collections::BTreeMap;

use serde_json::Value;

use super::{BookAsked, BookCursor, BookVersion};
use crate::identity::UserId;
use crate::storage::scratch::Scratch;
use crate::storage::{Location, NewUser, Storage};

/// A database with nothing in it. It does not wait for the disk (nor does PostgreSQL in tests): thousands of
/// changes would take minutes on a busy one, and nobody pulls the plug.
async fn open() -> (Scratch, Storage) {
    let scratch = Scratch::new().await;
    let storage = scratch.open().await;
    if matches!(scratch.location(), Location::File(_)) {
        let careless = sqlx::query("PRAGMA synchronous = OFF");
        careless.execute(&storage.writer.pool).await.unwrap();
    }
    (scratch, storage)
}

/// Enterprises `acme` and `beta` with those users.
async fn open_with(users: &[&str]) -> (Scratch, Storage) {
    let (scratch, storage) = open().await;
    for eid in ["acme", "beta"] {
        let (id, name) = (eid.parse().unwrap(), eid.parse().unwrap());
        storage.add_enterprise(&id, &name).await.unwrap();
    }
    for user in users {
        storage.add_user(&new_user(user)).await.unwrap();
    }
    (scratch, storage)
}

fn id(user: &str) -> UserId {
    user.parse().unwrap()
}

fn new_user(user: &str) -> NewUser {
    let id = id(user);
    NewUser {
        name: id.uid().parse().unwrap(),
        id,
        password_hash: None,
        roles: Vec::new(),
        channels: Vec::new(),
    }
}

/// What a client keeps: entries by type and id, as they came.
#[derive(Debug, Clone, Default)]
struct Copy {
    version: Option<BookVersion>,
    entries: BTreeMap<(String, String), String>,
    /// A load that is not at its end.
    under_way: Option<BookCursor>,
    /// Loads of everything that were begun.
    full_loads: u32,
}

impl Copy {
    /// Asks for one page. Answers whether the copy is up to date now.
    async fn page(&mut self, storage: &Storage, reader: &UserId, limit: u32) -> bool {
        let asked = match self.under_way.take() {
            Some(cursor) => BookAsked::GoOn(cursor),
            None => BookAsked::Begin(self.version),
        };
        let begins = matches!(asked, BookAsked::Begin(_));
        let Some(page) = storage.address_book(reader, asked, limit).await.unwrap() else {
            return false;
        };
        if begins && page.full {
            self.entries.clear();
            self.full_loads += 1;
        }
        assert!(page.entries.len() <= usize::try_from(limit).unwrap());
        for entry in page.entries {
            self.take_in(&serde_json::to_value(&entry).unwrap());
        }
        self.under_way = page.next;
        if self.under_way.is_none() {
            self.version = Some(page.version);
        }
        self.under_way.is_none()
    }

    async fn bring_up_to_date(&mut self, storage: &Storage, reader: &UserId, limit: u32) {
        while !self.page(storage, reader, limit).await {}
    }

    fn take_in(&mut self, entry: &Value) {
        let text = |name: &str| entry[name].as_str().unwrap().to_owned();
        let kind = text("type");
        if kind == "deleted" {
            self.entries.remove(&(text("of"), text("id")));
            return;
        }
        let id = match kind.as_str() {
            "department" => text("did"),
            "group" => text("gid"),
            "user" => text("uid"),
            "partner" => format!("{}@{}", text("uid"), text("eid")),
            other => panic!("type {other}"),
        };
        self.entries.insert((kind, id), entry.to_string());
    }

    /// `type:id` of all entries.
    fn ids(&self) -> Vec<String> {
        let id = |(kind, id): &(String, String)| format!("{kind}:{id}");
        self.entries.keys().map(id).collect()
    }

    fn entry(&self, kind: &str, id: &str) -> Value {
        let text = &self.entries[&(kind.to_owned(), id.to_owned())];
        serde_json::from_str(text).unwrap()
    }
}

/// A fresh copy.
async fn load(storage: &Storage, reader: &str) -> Copy {
    let mut copy = Copy::default();
    copy.bring_up_to_date(storage, &id(reader), 1_000).await;
    assert_eq!(copy.full_loads, 1);
    copy
}
