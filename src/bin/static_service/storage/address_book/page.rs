//! A page of an address book, and where the next one begins.

use sqlx::Row as _;

use super::super::{DbConnection, Result, Storage, StorageError};
use super::BookVersion;
use super::sections::{self, Place, Section};
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

/// How far an enterprise's address books have got.
struct Standing {
    version: BookVersion,
    /// Since when changes can be told.
    floor: BookVersion,
}

impl Standing {
    fn can_tell_since(&self, since: BookVersion) -> bool {
        (self.floor..=self.version).contains(&since)
    }

    /// Where to begin; nowhere if the cursor's load cannot go on.
    fn place(&self, asked: BookAsked) -> Option<BookCursor> {
        match asked {
            BookAsked::Begin(since) => {
                let since = since.filter(|since| self.can_tell_since(*since));
                Some(BookCursor::begin(since, self.version))
            }
            BookAsked::GoOn(cursor) => {
                let told = cursor.since.is_none_or(|since| self.can_tell_since(since));
                let sound = cursor.since.is_none_or(|since| since <= cursor.version);
                (told && sound && cursor.version <= self.version).then_some(cursor)
            }
        }
    }
}

impl BookCursor {
    fn begin(since: Option<BookVersion>, version: BookVersion) -> BookCursor {
        BookCursor {
            since,
            version,
            section: Section::first(since.is_none()),
            after: Place::before(since),
        }
    }
}

impl Storage {
    /// A page of the reader's address book, of at most `limit` entries. None: the load that the cursor
    /// belongs to is too old to go on.
    pub(crate) async fn address_book(
        &self,
        reader: &UserId,
        asked: BookAsked,
        limit: u32,
    ) -> Result<Option<BookPage>> {
        let mut tx = self.begin_read().await?;
        let standing = standing(&mut tx, reader).await?;
        let Some(place) = standing.place(asked) else {
            return Ok(None);
        };
        let (version, full) = (place.version, place.since.is_none());
        // Nothing has changed for anybody of the enterprise.
        let (entries, next) = if place.since == Some(standing.version) {
            (Vec::new(), None)
        } else {
            read(&mut tx, reader, place, limit).await?
        };
        Ok(Some(BookPage {
            version,
            full,
            entries,
            next,
        }))
    }
}

async fn standing(conn: &mut DbConnection, reader: &UserId) -> Result<Standing> {
    let row = sqlx::query(
        "SELECT e.book_version, e.book_floor FROM app_user u JOIN enterprise e ON e.eid = u.eid \
         WHERE u.eid = $1 AND u.uid = $2",
    )
    .bind(reader.eid())
    .bind(reader.uid())
    .fetch_optional(conn)
    .await?;
    let row = row.ok_or_else(|| StorageError::Missing(format!("user {reader}")))?;
    Ok(Standing {
        version: row.try_get(0)?,
        floor: row.try_get(1)?,
    })
}

/// Reads section after section until the page is full.
async fn read(
    conn: &mut DbConnection,
    reader: &UserId,
    mut place: BookCursor,
    limit: u32,
) -> Result<(Vec<Entry>, Option<BookCursor>)> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX).max(1);
    let mut entries = Vec::new();
    loop {
        let room = limit.saturating_sub(entries.len());
        let part = sections::read(conn, reader, &place, room).await?;
        if let Some(last) = part.last {
            place.after = last;
        }
        entries.extend(part.entries);
        if part.more {
            return Ok((entries, Some(place)));
        }
        let Some(next) = place.section.next() else {
            return Ok((entries, None));
        };
        place.section = next;
        place.after = Place::before(place.since);
    }
}
