//! Bringing the copy up to date.

use mosquitto_enterprise_push::client::AddressBook;

use super::copy::{self, Copy};
use crate::failure::Failure;
use crate::session::Context;

/// The book as of now, and what it took.
#[derive(Debug)]
pub(crate) struct Synced {
    pub(crate) book: AddressBook,
    /// Whether everything was loaded, rather than changes.
    pub(crate) full: bool,
    /// Entries that came.
    pub(crate) entries: usize,
    /// Why the copy on disk was not used, or why there will be none.
    pub(crate) trouble: Option<String>,
}

/// Asks for what changed since the copy was written, or for everything, and keeps it.
pub(crate) async fn synchronise(context: &mut Context) -> Result<Synced, Failure> {
    let (copy, key) = match copy::read(context).await {
        Ok((copy, key)) => (copy, Some(key)),
        Err(Failure::NoPersonalKey | Failure::NoRefreshToken) => {
            (Copy::Unusable(Failure::NoPersonalKey.to_string()), None)
        }
        Err(failure) => return Err(failure),
    };
    let (mut book, trouble) = match copy {
        Copy::Whole(book) => (Some(book), None),
        Copy::Missing => (None, None),
        Copy::Unusable(why) => (None, Some(why)),
    };
    let since = book.as_ref().map(AddressBook::version);
    let changes = context
        .with_session(|service, token| async move { service.address_book(&token, since).await })
        .await?;
    let (full, entries) = (changes.full, changes.entries.len());
    let mut latest = book.take().unwrap_or_default();
    let is_new = full || entries > 0 || since != Some(changes.version);
    latest.apply(changes);
    if let Some(key) = key.filter(|_| is_new) {
        copy::write(context, &key, &latest)?;
    }
    Ok(Synced {
        book: latest,
        full,
        entries,
        trouble,
    })
}
