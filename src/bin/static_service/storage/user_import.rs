//! Taking in many users at once.

use std::collections::BTreeSet;

use super::address_book::changes;
use super::outbox::WriteTx;
use super::users::insert_user;
use super::{EventId, Result, Storage, StorageError};
use crate::feed::event::{Event, Rights};
use crate::identity::{DisplayName, UserId};
use crate::profile::{Email, Phone, Title};

/// A user to be taken in.
#[derive(Debug)]
pub(crate) struct ImportedUser {
    /// Who.
    pub(crate) id: UserId,
    /// What people call them.
    pub(crate) name: DisplayName,
    /// PHC string; without one nobody can log in as this user.
    pub(crate) password_hash: Option<String>,
    /// What the user is.
    pub(crate) title: Option<Title>,
    /// Where the user can be called.
    pub(crate) phone: Option<Phone>,
    /// Where the user can be written to.
    pub(crate) email: Option<Email>,
}

impl Storage {
    /// Which of these users cannot be taken in, and why: they are there, or their enterprise is not.
    pub(crate) async fn refuse_import(
        &self,
        users: &[UserId],
    ) -> Result<Vec<(usize, StorageError)>> {
        let eids: BTreeSet<&str> = users.iter().map(UserId::eid).collect();
        let mut missing = BTreeSet::new();
        for eid in eids {
            if !self
                .has("SELECT 1 FROM enterprise WHERE eid = $1", &[eid])
                .await?
            {
                missing.insert(eid);
            }
        }
        let mut refused = Vec::new();
        for (at, user) in users.iter().enumerate() {
            let there = "SELECT 1 FROM app_user WHERE eid = $1 AND uid = $2";
            if missing.contains(user.eid()) {
                let enterprise = format!("enterprise {}", user.eid());
                refused.push((at, StorageError::Missing(enterprise)));
            } else if self.has(there, &[user.eid(), user.uid()]).await? {
                refused.push((at, StorageError::Exists(format!("user {user}"))));
            }
        }
        Ok(refused)
    }

    async fn has(&self, sql: &'static str, names: &[&str]) -> Result<bool> {
        let mut query = sqlx::query_scalar(sql);
        for name in names {
            query = query.bind(*name);
        }
        let found: Option<i64> = query.fetch_optional(&self.read).await?;
        Ok(found.is_some())
    }

    /// Creates these users, all of them or none.
    pub(crate) async fn import_users(&self, users: &[ImportedUser]) -> Result<EventId> {
        let mut tx = self.begin().await?;
        for user in users {
            insert(&mut tx, user).await?;
            tx.record(&Event::UserUpserted {
                eid: user.id.eid().to_owned(),
                uid: user.id.uid().to_owned(),
                name: user.name.as_str().to_owned(),
                rights: Rights::default(),
            })
            .await?;
            changes::user_added(&mut tx, &user.id).await?;
        }
        tx.commit().await
    }
}

async fn insert(tx: &mut WriteTx<'_>, user: &ImportedUser) -> Result<()> {
    let profile = [
        user.title.as_ref().map(Title::as_str),
        user.phone.as_ref().map(Phone::as_str),
        user.email.as_ref().map(Email::as_str),
    ];
    let hash = user.password_hash.as_deref();
    insert_user(tx, &user.id, &user.name, hash, profile).await
}
