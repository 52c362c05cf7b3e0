//! A page of an address book, and where the next one begins.

use super::super::{Result, Storage};
use super::BookVersion;
use super::sections::{self, Place, Section};
use super::standing::Standing;
use crate::address_book::Entry;
use crate::identity::UserId;

/// Where a load goes on. It says nothing of whose load it is, and gives no right to anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BookCursor {
    /// Changes after this version; none: everything.
    pub(crate) since: Option<BookVersion>,
    /// The version that the load began with.
    pub(crate) version: BookVersion,
    /// What is being read.
    pub(crate) section: Section,
    /// What was read last.
    pub(crate) after: Place,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) enum BookAsked {
    /// Changes since a version, or without one everything.
    Begin(Option<BookVersion>),
    /// The next page.
    GoOn(BookCursor),
}

/// Part of an address book.
#[derive(Debug)]
pub(crate) struct BookPage {
    /// What the reader's copy is brought up to by the whole load.
    pub(crate) version: BookVersion,
    /// Whether the load is of everything, so that the reader's copy is to be replaced.
    pub(crate) full: bool,
    /// Those of this page.
    pub(crate) entries: Vec<Entry>,
    /// Where the load goes on; none at its end.
    pub(crate) next: Option<BookCursor>,
}

impl BookAsked {
    fn since(&self) -> Option<BookVersion> {
        match self {
            BookAsked::Begin(since) => *since,
            BookAsked::GoOn(cursor) => cursor.since,
        }
    }
}

impl Storage {
    /// A page of the reader's address book, of at most `limit` entries. None: the load that the cursor
    /// belongs to is too old to go on.
    ///
    /// The statements need not see the same moment. The version is read first; what changes after it is newer,
    /// and so it is met further on, or found by who asks what changed since that version.
    pub(crate) async fn address_book(
        &self,
        reader: &UserId,
        asked: BookAsked,
        limit: u32,
    ) -> Result<Option<BookPage>> {
        let since = asked.since().unwrap_or(0);
        let standing = self.standing(reader, since).await?;
        let Some(place) = standing.place(asked) else {
            return Ok(None);
        };
        let (version, full) = (place.version, place.since.is_none());
        let (entries, next) = self.read_on(reader, &standing, place, limit).await?;
        Ok(Some(BookPage {
            version,
            full,
            entries,
            next,
        }))
    }

    /// Reads section after section until the page is full.
    async fn read_on(
        &self,
        reader: &UserId,
        standing: &Standing,
        mut place: BookCursor,
        limit: u32,
    ) -> Result<(Vec<Entry>, Option<BookCursor>)> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).max(1);
        let mut entries = Vec::new();
        loop {
            if standing.is_worth_reading(&place) {
                let room = limit.saturating_sub(entries.len());
                let part = sections::read(&self.read, reader, &place, room).await?;
                if let Some(last) = part.last {
                    place.after = last;
                }
                entries.extend(part.entries);
                if part.more {
                    return Ok((entries, Some(place)));
                }
            }
            let Some(next) = place.section.next() else {
                return Ok((entries, None));
            };
            place.section = next;
            place.after = Place::before(place.since);
        }
    }
}
