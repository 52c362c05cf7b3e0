//! Log records, of brokers and of the service itself: stored once however often they are sent, found
//! newest first, deleted when they are old.

use sqlx::{AssertSqlSafe, Row as _};

use super::{DbConnection, DbRow, Result, Storage};
use crate::clock::now_ms;
use crate::identity::MemberId;

/// Stands for the service in the place of a broker's name, which is never empty.
const OURSELVES: &str = "";
/// Rows inserted in one transaction, and by one statement.
const SLICE_ROWS: usize = 1_000;
const STATEMENT_ROWS: usize = 100;
/// The columns that are inserted, by their types.
const COLUMNS: [&str; 9] = [
    "TEXT", "TEXT", "TEXT", "TEXT", "TEXT", "TEXT", "BIGINT", "BIGINT", "TEXT",
];
/// Rows deleted in one transaction, so that pruning never holds the write lock for long.
const PRUNE_ROWS: i64 = 5_000;

/// One record.
#[derive(Debug)]
pub(crate) struct LogRecord {
    /// Unique within the sender.
    pub(crate) id: String,
    /// When it happened; when it came, if nobody says.
    pub(crate) time_ms: Option<i64>,
    /// What happened.
    pub(crate) event: Option<String>,
    /// Where.
    pub(crate) eid: Option<String>,
    /// To whom.
    pub(crate) uid: Option<String>,
    /// On which device.
    pub(crate) device: Option<String>,
    /// The whole record, JSON.
    pub(crate) record: String,
}

/// A place in the order of records: by time, then as they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogPosition {
    /// Milliseconds since 1970 UTC.
    pub(crate) time_ms: i64,
    /// Among those of the same time.
    pub(crate) seq: i64,
}

/// Which records are wanted.
#[derive(Debug)]
pub(crate) struct LogQuery {
    /// The enterprise; none: records that name none.
    pub(crate) eid: Option<String>,
    /// Not before.
    pub(crate) from_ms: i64,
    /// Before, or below this place.
    pub(crate) below: LogPosition,
    /// Of this user alone.
    pub(crate) uid: Option<MemberId>,
    /// Of this kind alone.
    pub(crate) event: Option<String>,
    /// At most.
    pub(crate) limit: u32,
}

/// A record that was found.
#[derive(Debug)]
pub(crate) struct FoundRecord {
    /// Its place.
    pub(crate) position: LogPosition,
    /// The broker that sent it; none: the service's own.
    pub(crate) broker: Option<String>,
    /// When it came.
    pub(crate) received_at_ms: i64,
    /// The whole record, JSON.
    pub(crate) record: String,
}

/// The query with more conditions; `$1` to `$5` are in each.
macro_rules! select {
    ($more:literal) => {
        concat!(
            "SELECT time_ms, seq, client_id, received_at, record FROM log_record \
             WHERE eid = $1 AND time_ms >= $2 AND (time_ms, seq) < ($3, $4)",
            $more,
            " ORDER BY time_ms DESC, seq DESC LIMIT $5"
        )
    };
}

impl Storage {
    /// Stores a broker's records that are new. Answers how many were. A large batch is several
    /// transactions, so that others get their turn; who sees it fail sends all of it again.
    pub(crate) async fn store_logs(&self, broker: &str, records: &[LogRecord]) -> Result<u64> {
        let (now_ms, mut stored) = (now_ms(), 0);
        for slice in records.chunks(SLICE_ROWS) {
            let mut tx = self.begin().await?;
            for rows in slice.chunks(STATEMENT_ROWS) {
                stored += insert(tx.conn(), broker, rows, now_ms).await?;
            }
            tx.commit().await?;
        }
        Ok(stored)
    }

    /// Stores records of the service itself.
    pub(crate) async fn store_own_logs(&self, records: &[LogRecord]) -> Result<u64> {
        self.store_logs(OURSELVES, records).await
    }

    /// Records, newest first.
    pub(crate) async fn find_logs(&self, wanted: &LogQuery) -> Result<Vec<FoundRecord>> {
        let sql = match (&wanted.uid, &wanted.event) {
            (None, None) => select!(""),
            (Some(_), None) => select!(" AND uid = $6"),
            (None, Some(_)) => select!(" AND event = $6"),
            (Some(_), Some(_)) => select!(" AND uid = $6 AND event = $7"),
        };
        let mut query = sqlx::query(sql)
            .bind(wanted.eid.as_deref().unwrap_or_default())
            .bind(wanted.from_ms)
            .bind(wanted.below.time_ms)
            .bind(wanted.below.seq)
            .bind(i64::from(wanted.limit));
        if let Some(uid) = &wanted.uid {
            query = query.bind(uid.as_str());
        }
        if let Some(event) = &wanted.event {
            query = query.bind(event);
        }
        let rows = query.fetch_all(&self.read).await?;
        rows.into_iter().map(found).collect()
    }

    /// Deletes what came before a time, a slice at a time. Answers how many records went.
    pub(crate) async fn prune_logs(&self, before_ms: i64) -> Result<u64> {
        let sql = "DELETE FROM log_record WHERE seq IN (SELECT seq FROM log_record \
             WHERE received_at < $1 ORDER BY received_at LIMIT $2)";
        self.delete_in_slices(sql, &[before_ms, PRUNE_ROWS]).await
    }
}

/// Inserts some rows with one statement: to a server every statement is a way there and back.
async fn insert(
    conn: &mut DbConnection,
    broker: &str,
    rows: &[LogRecord],
    now_ms: i64,
) -> Result<u64> {
    let sql = insert_sql(rows.len());
    // Only the statement for full chunks comes again.
    let is_full = rows.len() == STATEMENT_ROWS;
    let mut insert = sqlx::query(AssertSqlSafe(sql)).persistent(is_full);
    for row in rows {
        insert = insert
            .bind(broker)
            .bind(&row.id)
            .bind(row.eid.as_deref().unwrap_or_default())
            .bind(&row.uid)
            .bind(&row.device)
            .bind(&row.event)
            .bind(row.time_ms.unwrap_or(now_ms))
            .bind(now_ms)
            .bind(&row.record);
    }
    Ok(insert.execute(conn).await?.rows_affected())
}

/// Made of nothing but numbers of parameters.
fn insert_sql(rows: usize) -> String {
    let row = |row: usize| {
        let parameter = |column: usize| format!("${}", row * COLUMNS.len() + column + 1);
        let columns = COLUMNS.iter().enumerate();
        let columns =
            columns.map(|(column, kind)| format!("CAST({} AS {kind})", parameter(column)));
        format!("({})", columns.collect::<Vec<_>>().join(", "))
    };
    let rows: Vec<_> = (0..rows).map(row).collect();
    format!(
        "INSERT INTO log_record \
         (client_id, id, eid, uid, device, event, time_ms, received_at, record) \
         VALUES {} ON CONFLICT (client_id, id) DO NOTHING",
        rows.join(", ")
    )
}

fn found(row: DbRow) -> Result<FoundRecord> {
    let (time_ms, seq) = (row.try_get(0)?, row.try_get(1)?);
    let broker: String = row.try_get(2)?;
    Ok(FoundRecord {
        position: LogPosition { time_ms, seq },
        broker: (broker != OURSELVES).then_some(broker),
        received_at_ms: row.try_get(3)?,
        record: row.try_get(4)?,
    })
}
