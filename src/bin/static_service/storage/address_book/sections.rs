//! The sections of an address book, each in the order of (version, key).

use sqlx::{AnyPool, Row as _};

use super::super::{DbRow, Result};
use super::BookVersion;
use super::contact::contact;
use super::page::BookCursor;
use super::tombstones::{EVERYBODY, deleted};
use crate::address_book::{Entry, PartnerContact};
use crate::identity::UserId;

/// Names of group members on one page, beyond which it ends early. A single group may hold more.
const MAX_MEMBERS: usize = 50_000;

pub(super) const TOMBSTONES: &str = "\
    SELECT version, entry FROM book_tombstone \
    WHERE eid = $1 AND reader = $2 AND (version, entry) > ($3, $4) \
    ORDER BY version, entry LIMIT $5";

pub(super) const DEPARTMENTS: &str = "\
    SELECT book_version, did, name, parent_did FROM department \
    WHERE eid = $1 AND (book_version, did) > ($2, $3) ORDER BY book_version, did LIMIT $4";

pub(super) const USERS: &str = "\
    SELECT u.uid, u.name, u.title, u.phone, u.email, m.did, u.avatar, u.book_version \
    FROM app_user u LEFT JOIN department_member m ON m.eid = u.eid AND m.uid = u.uid \
    WHERE u.eid = $1 AND (u.book_version, u.uid) > ($2, $3) \
    ORDER BY u.book_version, u.uid LIMIT $4";

/// A partner is as new as the newest of link, user and enterprise.
pub(super) const PARTNERS: &str = "\
    WITH linked (eid, uid, relation, version) AS (\
    SELECT b_eid, b_uid, relation, book_version FROM partner WHERE a_eid = $1 AND a_uid = $2 \
    UNION ALL SELECT a_eid, a_uid, CASE relation WHEN 'upstream' THEN 'downstream' \
    WHEN 'downstream' THEN 'upstream' ELSE relation END, book_version \
    FROM partner WHERE b_eid = $1 AND b_uid = $2), \
    seen AS (SELECT l.uid || '@' || l.eid AS id, l.eid, l.uid, u.name, u.title, u.phone, u.email, \
    e.name AS enterprise, l.relation, u.avatar, e.suspended_at, \
    CASE WHEN l.version >= u.book_version AND l.version >= e.seen_version THEN l.version \
    WHEN u.book_version >= e.seen_version THEN u.book_version ELSE e.seen_version END AS version \
    FROM linked l JOIN app_user u ON u.eid = l.eid AND u.uid = l.uid \
    JOIN enterprise e ON e.eid = l.eid) \
    SELECT eid, uid, name, title, phone, email, enterprise, relation, avatar, version, id, suspended_at \
    FROM seen WHERE (version, id) > ($3, $4) ORDER BY version, id LIMIT $5";

pub(super) const GROUPS: &str = "\
    SELECT g.book_version, g.gid, g.name FROM group_member m \
    JOIN user_group g ON g.eid = m.eid AND g.gid = m.gid \
    WHERE m.eid = $1 AND m.uid = $2 AND (g.book_version, g.gid) > ($3, $4) \
    ORDER BY g.book_version, g.gid LIMIT $5";

/// The members of `$2`, if `$3` is one.
const MEMBERS: &str = "\
    SELECT m.uid FROM group_member own JOIN group_member m ON m.eid = own.eid AND m.gid = own.gid \
    WHERE own.eid = $1 AND own.gid = $2 AND own.uid = $3 ORDER BY m.uid";

/// A part of an address book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    /// What is gone from everybody's.
    GoneForAll,
    /// What is gone from the reader's.
    GoneForReader,
    Departments,
    Users,
    Partners,
    Groups,
}

impl Section {
    /// In the order of reading.
    pub(crate) const ALL: [Section; 6] = [
        Section::GoneForAll,
        Section::GoneForReader,
        Section::Departments,
        Section::Users,
        Section::Partners,
        Section::Groups,
    ];

    /// Where a load begins. One of everything has nothing that is gone.
    pub(super) fn first(full: bool) -> Section {
        if full {
            Section::Departments
        } else {
            Section::GoneForAll
        }
    }

    /// Whether it tells of what is gone.
    pub(crate) fn is_of_what_is_gone(self) -> bool {
        matches!(self, Section::GoneForAll | Section::GoneForReader)
    }

    pub(super) fn next(self) -> Option<Section> {
        let mut rest = Section::ALL.into_iter().skip_while(|other| *other != self);
        rest.nth(1)
    }
}

/// A place within a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) version: BookVersion,
    pub(crate) key: String,
}

impl Place {
    /// Before all that is newer than `since`. Keys are not empty.
    pub(super) fn before(since: Option<BookVersion>) -> Place {
        Place {
            version: since.map_or(0, |since| since.saturating_add(1)),
            key: String::new(),
        }
    }
}

/// Part of a section.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) entries: Vec<Entry>,
    /// The place of the last row that was read.
    pub(super) last: Option<Place>,
    /// Whether there may be more.
    pub(super) more: bool,
}

/// Reads at most `room` rows of the cursor's section.
pub(super) async fn read(
    pool: &AnyPool,
    reader: &UserId,
    at: &BookCursor,
    room: usize,
) -> Result<Part> {
    let (eid, uid) = (reader.eid(), reader.uid());
    let (sql, whose) = match at.section {
        Section::GoneForAll => (TOMBSTONES, Some(EVERYBODY)),
        Section::GoneForReader => (TOMBSTONES, Some(uid)),
        Section::Departments => (DEPARTMENTS, None),
        Section::Users => (USERS, None),
        Section::Partners => (PARTNERS, Some(uid)),
        Section::Groups => (GROUPS, Some(uid)),
    };
    let mut query = sqlx::query(sql).bind(eid);
    if let Some(whose) = whose {
        query = query.bind(whose);
    }
    let rows = query
        .bind(at.after.version)
        .bind(&at.after.key)
        .bind(i64::try_from(room).unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await?;
    let mut part = Part {
        more: rows.len() >= room,
        ..Part::default()
    };
    if at.section == Section::Groups {
        groups(pool, reader, rows, &mut part).await?;
        return Ok(part);
    }
    for row in rows {
        let (place, entry) = entry(at, eid, &row)?;
        part.entries.extend(entry);
        part.last = Some(place);
    }
    Ok(part)
}

/// What a row says, if that is anything to the reader.
fn entry(at: &BookCursor, eid: &str, row: &DbRow) -> Result<(Place, Option<Entry>)> {
    let place = |version, key| {
        Ok::<_, sqlx::Error>(Place {
            version: row.try_get(version)?,
            key: row.try_get(key)?,
        })
    };
    Ok(match at.section {
        Section::GoneForAll | Section::GoneForReader => (place(0, 1)?, Some(deleted(row, 1)?)),
        Section::Users => (place(7, 0)?, Some(Entry::User(contact(eid, row)?))),
        Section::Partners => (place(9, 10)?, partner(row, at.since.is_none())?),
        Section::Departments | Section::Groups => {
            let (did, name, parent) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
            (place(0, 1)?, Some(Entry::Department { did, name, parent }))
        }
    })
}

/// A partner; one whose enterprise is suspended is gone.
fn partner(row: &DbRow, full: bool) -> Result<Option<Entry>> {
    if row.try_get::<Option<i64>, _>(11)?.is_some() {
        let (of, id) = ("partner".to_owned(), row.try_get(10)?);
        return Ok((!full).then_some(Entry::Deleted { of, id }));
    }
    Ok(Some(Entry::Partner(PartnerContact {
        eid: row.try_get(0)?,
        uid: row.try_get(1)?,
        name: row.try_get(2)?,
        title: row.try_get(3)?,
        phone: row.try_get(4)?,
        email: row.try_get(5)?,
        enterprise: row.try_get(6)?,
        relation: row.try_get(7)?,
        avatar: row.try_get(8)?,
    })))
}

/// Groups with their members, as many as a page holds.
async fn groups(pool: &AnyPool, reader: &UserId, rows: Vec<DbRow>, part: &mut Part) -> Result<()> {
    let mut held = 0;
    for row in rows {
        if held >= MAX_MEMBERS {
            part.more = true;
            break;
        }
        let (version, gid, name) = (
            row.try_get(0)?,
            row.try_get::<String, _>(1)?,
            row.try_get(2)?,
        );
        let members: Vec<String> = sqlx::query_scalar(MEMBERS)
            .bind(reader.eid())
            .bind(&gid)
            .bind(reader.uid())
            .fetch_all(pool)
            .await?;
        held += members.len();
        let key = gid.clone();
        part.last = Some(Place { version, key });
        // None: taken out of it in this moment. The next load tells.
        if !members.is_empty() {
            part.entries.push(Entry::Group { gid, name, members });
        }
    }
    Ok(())
}
