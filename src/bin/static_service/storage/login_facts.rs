//! What the answer to a login tells, beside the tokens: one reading.

use sqlx::Row as _;

use super::address_book::contact;
use super::{AccountState, BookVersion, Result, Storage};
use crate::address_book::Contact;
use crate::identity::{Device, UserId};

/// What is told, and what the personal key depends on.
#[derive(Debug)]
pub(crate) struct LoginFacts {
    /// How the user is shown.
    pub(crate) contact: Contact,
    /// Where the enterprise's address books stand.
    pub(crate) book_version: BookVersion,
    /// The user's roles.
    pub(crate) roles: Vec<String>,
    /// The enterprise's own broker.
    pub(crate) broker: Option<String>,
    /// Which account this is.
    pub(crate) state: AccountState,
    /// What the device's key depends on.
    pub(crate) key_salt: Option<String>,
}

impl Storage {
    /// The facts of a user on a device; none when there is no such user any more.
    pub(crate) async fn login_facts(
        &self,
        user: &UserId,
        device: Option<&Device>,
    ) -> Result<Option<LoginFacts>> {
        let row = sqlx::query(
            "SELECT u.uid, u.name, u.title, u.phone, u.email, m.did, u.avatar, e.book_version, \
             e.broker, u.created_at, u.password_generation, d.key_salt FROM app_user u \
             JOIN enterprise e ON e.eid = u.eid \
             LEFT JOIN department_member m ON m.eid = u.eid AND m.uid = u.uid \
             LEFT JOIN user_device d ON d.eid = u.eid AND d.uid = u.uid AND d.device = $3 \
             WHERE u.eid = $1 AND u.uid = $2",
        )
        .bind(user.eid())
        .bind(user.uid())
        .bind(device.map_or("", Device::as_str))
        .fetch_optional(&self.read)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(LoginFacts {
            contact: contact(user.eid(), &row)?,
            book_version: row.try_get(7)?,
            roles: self.roles(user).await?,
            broker: row.try_get(8)?,
            state: AccountState {
                created_at_ms: row.try_get(9)?,
                password_generation: row.try_get(10)?,
            },
            key_salt: row.try_get(11)?,
        }))
    }
}
