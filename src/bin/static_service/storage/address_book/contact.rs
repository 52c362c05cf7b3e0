//! People as they are shown, one at a time.

use sqlx::Row as _;

use super::super::{DbRow, Result, Storage};
use crate::address_book::Contact;
use crate::identity::UserId;

impl Storage {
    /// A user as colleagues see them.
    pub(crate) async fn contact(&self, user: &UserId) -> Result<Option<Contact>> {
        let row = sqlx::query(
            "SELECT u.uid, u.name, u.title, u.phone, u.email, m.did, u.avatar FROM app_user u \
             LEFT JOIN department_member m ON m.eid = u.eid AND m.uid = u.uid \
             WHERE u.eid = $1 AND u.uid = $2",
        )
        .bind(user.eid())
        .bind(user.uid())
        .fetch_optional(&self.read)
        .await?;
        row.map(|row| contact(user.eid(), &row)).transpose()
    }
}

/// Reads `uid, name, title, phone, email, did, avatar`.
pub(in crate::storage) fn contact(eid: &str, row: &DbRow) -> Result<Contact> {
    Ok(Contact {
        eid: eid.to_owned(),
        uid: row.try_get(0)?,
        name: row.try_get(1)?,
        title: row.try_get(2)?,
        phone: row.try_get(3)?,
        email: row.try_get(4)?,
        department: row.try_get(5)?,
        avatar: row.try_get(6)?,
    })
}
