//! The whole directory at one moment, told as events, row by row: nothing is collected but the entry
//! at hand.

use futures_util::stream::{BoxStream, Fuse, try_unfold};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use sqlx::{Row as _, Transaction};

use super::{Db, DbConnection, DbRow, EventId, Result, Storage};
use crate::feed::event::Event;

const ENTERPRISES: &str = "\
    SELECT eid, 0 AS kind, name AS value FROM enterprise \
    UNION ALL SELECT eid, 1, '' FROM enterprise WHERE suspended_at IS NOT NULL ORDER BY 1, 2";

const USERS: &str = "\
    SELECT eid, uid, 0 AS kind, name AS value FROM app_user \
    UNION ALL SELECT eid, uid, 1, role FROM user_role \
    UNION ALL SELECT eid, uid, 2, channel FROM user_channel ORDER BY 1, 2, 3, 4";

const GROUPS: &str = "\
    SELECT eid, gid, 0 AS kind, name AS value FROM user_group \
    UNION ALL SELECT eid, gid, 1, uid FROM group_member ORDER BY 1, 2, 3, 4";

const PARTNERS: &str = "SELECT a_uid || '@' || a_eid, b_uid || '@' || b_eid FROM partner \
    ORDER BY a_eid, a_uid, b_eid, b_uid";

/// The directory as it stood when this was opened, for as long as it is kept. Holding one keeps
/// SQLite's write-ahead log from shrinking and PostgreSQL from clearing up, so nobody may hold it for long.
pub(crate) struct Snapshot {
    tx: Transaction<'static, Db>,
    seq: EventId,
}

impl Storage {
    /// Opens a read transaction, so that `seq` and content agree.
    pub(crate) async fn snapshot(&self) -> Result<Snapshot> {
        let mut tx = self.writer.backend.begin_read(&self.snapshots).await?;
        let seq = sqlx::query_scalar("SELECT COALESCE(MAX(id), 0) FROM feed_event")
            .fetch_one(&mut *tx)
            .await?;
        Ok(Snapshot { tx, seq })
    }

    /// Snapshots that are held now.
    #[cfg(test)]
    pub(crate) fn snapshots_held(&self) -> usize {
        usize::try_from(self.snapshots.size()).unwrap() - self.snapshots.num_idle()
    }
}

impl Snapshot {
    /// The newest event that the content holds already.
    pub(crate) fn seq(&self) -> EventId {
        self.seq
    }

    /// Enterprises; a suspended one has a second event that says so.
    pub(crate) fn enterprises(&mut self) -> impl Stream<Item = Result<Event>> {
        let rows = sqlx::query(ENTERPRISES).fetch(&mut *self.tx);
        rows.err_into().and_then(async |row: DbRow| {
            let eid = row.try_get(0)?;
            let suspended = row.try_get::<i64, _>(1)? == 1;
            Ok(if suspended {
                Event::EnterpriseSuspended { eid }
            } else {
                let name = row.try_get(2)?;
                Event::EnterpriseUpserted { eid, name }
            })
        })
    }

    /// Users with roles and channels.
    pub(crate) fn users(&mut self) -> impl Stream<Item = Result<Event>> {
        entries(&mut self.tx, USERS, |entry| Event::UserListed {
            eid: entry.eid,
            uid: entry.id,
            name: entry.name,
            roles: entry.first,
            channels: entry.second,
        })
    }

    /// Groups with their members.
    pub(crate) fn groups(&mut self) -> impl Stream<Item = Result<Event>> {
        entries(&mut self.tx, GROUPS, |entry| Event::GroupUpserted {
            eid: entry.eid,
            gid: entry.id,
            name: entry.name,
            members: entry.first,
        })
    }

    /// Links between users.
    pub(crate) fn partners(&mut self) -> impl Stream<Item = Result<Event>> {
        let rows = sqlx::query(PARTNERS).fetch(&mut *self.tx);
        rows.err_into().and_then(async |row: DbRow| {
            let (a, b) = (row.try_get(0)?, row.try_get(1)?);
            Ok(Event::PartnerLinked { a, b })
        })
    }
}

/// Something of an enterprise with what belongs to it.
struct Entry {
    eid: String,
    id: String,
    name: String,
    /// Values of kind 1.
    first: Vec<String>,
    /// Values of kind 2.
    second: Vec<String>,
}

/// What is left to be read, and the entry that rows may still belong to.
struct Reading<'c> {
    rows: Fuse<BoxStream<'c, sqlx::Result<DbRow>>>,
    open: Option<Entry>,
}

/// Entries of rows `(enterprise, id, kind, value)` in that order: kind 0 opens an entry with its name,
/// the others fill its lists.
fn entries<'c>(
    conn: &'c mut DbConnection,
    sql: &'static str,
    event: fn(Entry) -> Event,
) -> impl Stream<Item = Result<Event>> + 'c {
    let reading = Reading {
        rows: sqlx::query(sql).fetch(conn).fuse(),
        open: None,
    };
    try_unfold(reading, move |mut reading| async move {
        let entry = reading.next().await?;
        Ok(entry.map(|entry| (event(entry), reading)))
    })
}

impl Reading<'_> {
    /// The next entry, once a row after it was read.
    async fn next(&mut self) -> Result<Option<Entry>> {
        while let Some(row) = self.rows.try_next().await? {
            let value = row.try_get(3)?;
            match (row.try_get::<i64, _>(2)?, &mut self.open) {
                (0, open) => {
                    let next = Entry::new(row.try_get(0)?, row.try_get(1)?, value);
                    if let Some(done) = open.replace(next) {
                        return Ok(Some(done));
                    }
                }
                (1, Some(open)) => open.first.push(value),
                (_, Some(open)) => open.second.push(value),
                // Foreign keys keep what belongs to nobody out of the tables.
                (_, None) => {}
            }
        }
        Ok(self.open.take())
    }
}

impl Entry {
    fn new(eid: String, id: String, name: String) -> Entry {
        let (first, second) = (Vec::new(), Vec::new());
        Entry {
            eid,
            id,
            name,
            first,
            second,
        }
    }
}
