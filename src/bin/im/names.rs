//! What users are called, where the address book is at hand. Text of others: make it harmless before it is
//! shown.

use std::collections::BTreeMap;
use std::time::Duration;

use mosquitto_enterprise_push::client::AddressBook;
use tokio::time::timeout;

use crate::book::{self, Copy};
use crate::session::Context;

/// How long names may keep people waiting: the key to the copy may have to come from a static service that is away.
const WAIT: Duration = Duration::from_secs(1);

/// Names by uid, or `uid@eid` of another enterprise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Names(BTreeMap<String, String>);

impl Names {
    /// Colleagues and partners.
    pub(crate) fn of_book(book: &AddressBook) -> Names {
        let colleagues = book.users().values();
        let colleagues = colleagues.map(|user| (user.uid.clone(), user.name.clone()));
        let partners = book.partners().values();
        let partners = partners.map(|partner| (partner.id(), partner.person.name.clone()));
        colleagues.chain(partners).collect()
    }

    /// The name of a user, if there is one that says more than the uid.
    pub(crate) fn get(&self, uid: &str) -> Option<&str> {
        let name = self.0.get(uid)?.trim();
        (!name.is_empty() && name != uid).then_some(name)
    }

    /// The uids that have a name.
    pub(crate) fn uids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The name with the uid behind it, since anybody may be called anything; or the uid alone.
    pub(crate) fn full(&self, uid: &str) -> String {
        match self.get(uid) {
            Some(name) => format!("{name} ({uid})"),
            None => uid.to_owned(),
        }
    }
}

/// The names in the copy on disk. Without a readable one people are called by their uids: that is no reason to
/// fail, and whoever keeps the book tells what is wrong with it.
pub(crate) async fn kept_names(context: &mut Context) -> Names {
    match timeout(WAIT, book::read(context)).await {
        Ok(Ok((Copy::Whole(book), _))) => Names::of_book(&book),
        _ => Names::default(),
    }
}

impl FromIterator<(String, String)> for Names {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(names: T) -> Self {
        Names(names.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_stands_before_the_uid_and_only_if_it_says_more() {
        let known = [("bob", "Bob Smith"), ("carol", ""), ("dave", "dave")];
        let owned = |(uid, name): (&str, &str)| (uid.to_owned(), name.to_owned());
        let names: Names = known.map(owned).into_iter().collect();
        assert_eq!(names.full("bob"), "Bob Smith (bob)");
        for uid in ["carol", "dave", "erin"] {
            assert_eq!(names.full(uid), uid);
        }
    }
}
