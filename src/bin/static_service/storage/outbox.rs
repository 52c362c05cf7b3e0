//! The transactional outbox: a change and its feed events commit together or not at all.
//!
//! Events gather in memory and are written last, in few statements. Their ids follow the newest one there,
//! which nobody else can do at the same time; so they are in commit order and have no gaps.

use std::ops::DerefMut as _;

use sqlx::{AnyPool, AssertSqlSafe, Transaction};
use tokio::sync::watch;

use super::backend::Backend;
use super::{Db, DbConnection, EventId, Result};
use crate::clock::now_ms;
use crate::feed::concern::Concern;
use crate::feed::event::Event;

/// Events written by one statement: as many of the largest as there are, then of the next. A statement for
/// each number would crowd the others out of the connection's memory of prepared ones.
const ROWS: [usize; 3] = [32, 8, 1];
/// Events that gather at the most, unless the change is a small one.
const GATHERED: usize = 32;

/// What begins changes. One per process.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    pub(super) pool: AnyPool,
    pub(super) backend: Backend,
    /// The newest event that this process knows of.
    pub(super) head: watch::Sender<EventId>,
}

impl Writer {
    /// Starts a change. Whoever has it is the only one who writes.
    pub(super) async fn begin(&self) -> Result<WriteTx<'_>> {
        Ok(WriteTx {
            tx: self.backend.begin_write(&self.pool).await?,
            writer: self,
            gathered: Vec::new(),
            written: 0,
            last: 0,
            gathers_all: false,
        })
    }

    /// The same for a group of small changes, whose events stay in memory until the commit.
    pub(super) async fn begin_group(&self) -> Result<WriteTx<'_>> {
        let mut tx = self.begin().await?;
        tx.gathers_all = true;
        Ok(tx)
    }

    /// Says that the feed goes up to that event.
    pub(super) fn advance_head(&self, to: EventId) {
        self.head.send_if_modified(|head| {
            let newer = to > *head;
            if newer {
                *head = to;
            }
            newer
        });
    }
}

/// A change under way. Dropping it undoes everything.
pub(super) struct WriteTx<'s> {
    tx: Transaction<'static, Db>,
    writer: &'s Writer,
    gathered: Vec<NewEvent>,
    /// How many were written already.
    written: usize,
    /// The id of the last one of these.
    last: EventId,
    gathers_all: bool,
}

struct NewEvent {
    kind: &'static str,
    data: String,
    created_at: i64,
}

impl WriteTx<'_> {
    /// The connection, for the change's own statements.
    pub(super) fn conn(&mut self) -> &mut DbConnection {
        self.tx.deref_mut()
    }

    /// Records the event that tells of the change.
    pub(super) async fn record(&mut self, event: &Event) -> Result<()> {
        self.gathered.push(NewEvent {
            kind: event.kind(),
            data: event.data(),
            created_at: now_ms(),
        });
        if self.gathered.len() >= GATHERED && !self.gathers_all {
            self.write_events().await?;
        }
        Ok(())
    }

    /// Records the notice that tells a user of the change, after the events that brokers need to know it.
    pub(super) async fn tell(&mut self, eid: &str, uid: &str, concern: Concern<'_>) -> Result<()> {
        self.record(&concern.notice(eid, uid)).await
    }

    /// How many events were recorded.
    pub(super) fn events(&self) -> usize {
        self.written + self.gathered.len()
    }

    /// Forgets what was recorded after the first `events` ones, which must not be written yet.
    pub(super) fn forget_events_after(&mut self, events: usize) {
        self.gathered.truncate(events.saturating_sub(self.written));
    }

    /// Commits, wakes the feed, and answers the id of the last event (0: none was recorded).
    pub(super) async fn commit(mut self) -> Result<EventId> {
        self.write_events().await?;
        if self.written > 0 {
            let backend = &self.writer.backend;
            backend.announce(&mut self.tx, self.last).await?;
        }
        self.tx.commit().await?;
        self.writer.advance_head(self.last);
        Ok(self.last)
    }

    /// Undoes everything, and waits until it is.
    pub(super) async fn roll_back(self) -> Result<()> {
        Ok(self.tx.rollback().await?)
    }

    async fn write_events(&mut self) -> Result<()> {
        let gathered = std::mem::take(&mut self.gathered);
        let mut rest = gathered.as_slice();
        for rows in ROWS {
            while let Some((some, others)) = rest.split_at_checked(rows) {
                self.last = self.insert(some).await?;
                self.written += rows;
                rest = others;
            }
        }
        Ok(())
    }

    /// Answers the id of the last one.
    async fn insert(&mut self, events: &[NewEvent]) -> Result<EventId> {
        let mut insert = sqlx::query_scalar(AssertSqlSafe(insert_sql(events.len())));
        for event in events {
            insert = insert
                .bind(event.kind)
                .bind(event.data.as_str())
                .bind(event.created_at);
        }
        let ids: Vec<EventId> = insert.fetch_all(self.conn()).await?;
        Ok(ids.into_iter().max().unwrap_or(self.last))
    }
}

fn insert_sql(rows: usize) -> String {
    let row = |row: usize| {
        let (kind, data, created_at) = (3 * row + 1, 3 * row + 2, 3 * row + 3);
        format!(
            "SELECT id + {}, ${kind}, ${data}, ${created_at} FROM newest",
            row + 1
        )
    };
    let rows: Vec<_> = (0..rows).map(row).collect();
    format!(
        "WITH newest (id) AS (SELECT COALESCE(MAX(id), 0) FROM feed_event) \
         INSERT INTO feed_event (id, kind, data, created_at) {} RETURNING id",
        rows.join(" UNION ALL ")
    )
}
