//! Changing how a user is shown.

use sqlx::Row as _;

use super::super::outbox::WriteTx;
use super::super::users::record_upserted;
use super::super::{EventId, Result, Storage, StorageError};
use super::changes;
use crate::identity::UserId;
use crate::profile::ProfileChange;

/// What is stored of a profile: name, title, phone, email.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stored {
    name: String,
    title: Option<String>,
    phone: Option<String>,
    email: Option<String>,
}

impl Stored {
    fn changed(&self, change: &ProfileChange) -> Stored {
        let name = change.name.as_ref();
        let (title, phone, email) = (&change.title, &change.phone, &change.email);
        let given = |text: Option<&str>| text.map(str::to_owned);
        Stored {
            name: name.map_or_else(|| self.name.clone(), |name| name.as_str().to_owned()),
            title: title.as_ref().map_or_else(
                || self.title.clone(),
                |title| given(title.as_ref().map(|title| title.as_str())),
            ),
            phone: phone.as_ref().map_or_else(
                || self.phone.clone(),
                |phone| given(phone.as_ref().map(|phone| phone.as_str())),
            ),
            email: email.as_ref().map_or_else(
                || self.email.clone(),
                |email| given(email.as_ref().map(|email| email.as_str())),
            ),
        }
    }
}

impl Storage {
    /// Changes how a user is shown. The feed is told of a new name only: brokers know no more. Answers that
    /// event, or 0.
    pub(crate) async fn set_profile(
        &self,
        user: &UserId,
        change: &ProfileChange,
    ) -> Result<EventId> {
        let mut tx = self.begin().await?;
        let old = stored(&mut tx, user).await?;
        let new = old.changed(change);
        if new == old {
            let what = format!("user {user} with that profile");
            return Err(StorageError::Exists(what));
        }
        store(&mut tx, user, &new).await?;
        changes::user_changed(&mut tx, user).await?;
        if new.name != old.name {
            record_upserted(&mut tx, user).await?;
        }
        tx.commit().await
    }
}

async fn stored(tx: &mut WriteTx<'_>, user: &UserId) -> Result<Stored> {
    let row =
        sqlx::query("SELECT name, title, phone, email FROM app_user WHERE eid = $1 AND uid = $2")
            .bind(user.eid())
            .bind(user.uid())
            .fetch_optional(tx.conn())
            .await?;
    let row = row.ok_or_else(|| StorageError::Missing(format!("user {user}")))?;
    Ok(Stored {
        name: row.try_get(0)?,
        title: row.try_get(1)?,
        phone: row.try_get(2)?,
        email: row.try_get(3)?,
    })
}

async fn store(tx: &mut WriteTx<'_>, user: &UserId, new: &Stored) -> Result<()> {
    sqlx::query(
        "UPDATE app_user SET name = $3, title = CAST($4 AS TEXT), phone = CAST($5 AS TEXT), \
         email = CAST($6 AS TEXT) WHERE eid = $1 AND uid = $2",
    )
    .bind(user.eid())
    .bind(user.uid())
    .bind(&new.name)
    .bind(&new.title)
    .bind(&new.phone)
    .bind(&new.email)
    .execute(tx.conn())
    .await?;
    Ok(())
}
