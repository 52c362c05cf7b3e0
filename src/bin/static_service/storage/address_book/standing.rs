//! How far an address book has got, and which sections have anything new, found out by one statement: most who
//! ask for changes have few to hear of, and each statement costs more than what it finds.

use sqlx::Row as _;

use super::super::{Result, Storage, StorageError};
use super::BookVersion;
use super::page::{BookAsked, BookCursor};
use super::sections::{Place, Section};
use crate::identity::UserId;

/// Whether there is such a row, as a number.
macro_rules! any {
    ($rows:literal) => {
        concat!(
            ", CAST(CASE WHEN EXISTS (SELECT 1 FROM ",
            $rows,
            ") THEN 1 ELSE 0 END AS BIGINT)"
        )
    };
}

/// Version and floors, then for each section whether it has anything after `$3`.
pub(super) const STANDING: &str = concat!(
    "SELECT e.book_version, e.book_floor, u.book_floor",
    any!("book_tombstone t WHERE t.eid = $1 AND t.reader = '' AND t.version > $3"),
    any!("book_tombstone t WHERE t.eid = $1 AND t.reader = $2 AND t.version > $3"),
    any!("department d WHERE d.eid = $1 AND d.book_version > $3"),
    any!("app_user c WHERE c.eid = $1 AND c.book_version > $3"),
    any!(
        "partner p JOIN app_user x ON x.eid = p.b_eid AND x.uid = p.b_uid \
         JOIN enterprise y ON y.eid = p.b_eid WHERE p.a_eid = $1 AND p.a_uid = $2 \
         AND (p.book_version > $3 OR x.book_version > $3 OR y.seen_version > $3) \
         UNION ALL SELECT 1 FROM partner p JOIN app_user x ON x.eid = p.a_eid AND x.uid = p.a_uid \
         JOIN enterprise y ON y.eid = p.a_eid WHERE p.b_eid = $1 AND p.b_uid = $2 \
         AND (p.book_version > $3 OR x.book_version > $3 OR y.seen_version > $3)"
    ),
    any!(
        "group_member m JOIN user_group g ON g.eid = m.eid AND g.gid = m.gid \
         WHERE m.eid = $1 AND m.uid = $2 AND g.book_version > $3"
    ),
    " FROM app_user u JOIN enterprise e ON e.eid = u.eid WHERE u.eid = $1 AND u.uid = $2"
);

/// How far the reader's address book has got.
pub(super) struct Standing {
    version: BookVersion,
    /// Since when changes can be told: they are kept, and the reader was there.
    floor: BookVersion,
    /// Sections with anything new.
    newer: Vec<Section>,
}

impl Storage {
    /// The standing of a reader who has everything up to `since`.
    pub(super) async fn standing(&self, reader: &UserId, since: BookVersion) -> Result<Standing> {
        let row = sqlx::query(STANDING)
            .bind(reader.eid())
            .bind(reader.uid())
            .bind(since)
            .fetch_optional(&self.read)
            .await?;
        let row = row.ok_or_else(|| StorageError::Missing(format!("user {reader}")))?;
        let mut newer = Vec::new();
        for (at, section) in Section::ALL.into_iter().enumerate() {
            if row.try_get::<i64, _>(3 + at)? == 1 {
                newer.push(section);
            }
        }
        let floors: (BookVersion, BookVersion) = (row.try_get(1)?, row.try_get(2)?);
        Ok(Standing {
            version: row.try_get(0)?,
            floor: floors.0.max(floors.1),
            newer,
        })
    }
}

impl Standing {
    fn can_tell_since(&self, since: BookVersion) -> bool {
        (self.floor..=self.version).contains(&since)
    }

    /// Where to begin; nowhere if the cursor's load cannot go on.
    pub(super) fn place(&self, asked: BookAsked) -> Option<BookCursor> {
        match asked {
            BookAsked::Begin(since) => {
                let since = since.filter(|since| self.can_tell_since(*since));
                Some(BookCursor {
                    since,
                    version: self.version,
                    section: Section::first(since.is_none()),
                    after: Place::before(since),
                })
            }
            BookAsked::GoOn(cursor) => {
                let told = cursor.since.is_none_or(|since| self.can_tell_since(since));
                let sound = cursor.since.is_none_or(|since| since <= cursor.version);
                (told && sound && cursor.version <= self.version).then_some(cursor)
            }
        }
    }

    /// Whether a load has to read the section.
    pub(super) fn is_worth_reading(&self, load: &BookCursor) -> bool {
        load.since.is_none() || self.newer.contains(&load.section)
    }
}
