//! Group commit: small writes of many callers share a transaction, and its one disk sync.
//!
//! A writer task takes what waits, up to [`GROUP`], makes all the changes, commits, and only then answers.
//! While it commits, the next ones gather: the busier the service, the larger the groups. The order of the
//! queue is the order of the events.
//!
//! When one of a group fails, everything is undone and made once more, each change under a savepoint, so
//! that it fails alone. (Savepoints for all from the start would cost two statements a change.)
//!
//! | what happens | what becomes of it |
//! |---|---|
//! | [`QUEUE`] writes wait already | the next one is refused at once ([`StorageError::Busy`]) |
//! | the caller goes away before its turn | its change is not made |
//! | the caller goes away later | its change is made, nobody is told |
//! | the commit fails | all of the group are told so |

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use super::outbox::{WriteTx, Writer};
use super::{EventId, Result, Storage, StorageError};

/// Writes in one transaction at the most; PostgreSQL keeps savepoints cheap up to 64.
pub(super) const GROUP: usize = 64;
/// Writes that wait at the most: about a second's worth on a slow disk, and a few MiB.
pub(super) const QUEUE: usize = 8192;
/// A group that takes longer is given up: the database hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// A change of a few statements.
pub(super) trait SmallWrite: Send + Sync + 'static {
    /// What comes of it.
    type Outcome: Send + 'static;

    /// Makes the change. It may be undone and asked for once more, so it does nothing but that. A refusal
    /// that callers bring about at will (a bad token, say) belongs in the outcome: a failure has the whole
    /// group made again.
    fn make(&self, tx: &mut WriteTx<'_>) -> impl Future<Output = Result<Self::Outcome>> + Send;
}

/// A change that is committed.
#[derive(Debug)]
pub(crate) struct Committed<T> {
    /// The last event that tells of it (0: none does).
    pub(crate) event: EventId,
    /// What came of it.
    pub(crate) outcome: T,
}

/// Where small writes queue up.
pub(super) type SmallWrites = mpsc::Sender<Box<dyn Waiting>>;

/// Starts the task that carries out small writes until all senders are gone.
pub(super) fn start(writer: Writer) -> SmallWrites {
    let (queue, waiting) = mpsc::channel(QUEUE);
    tokio::spawn(carry_out(writer, waiting));
    queue
}

impl Storage {
    /// Makes a change together with others'. Answers once it is committed.
    pub(super) async fn grouped<W: SmallWrite>(&self, write: W) -> Result<Committed<W::Outcome>> {
        let (answer, answered) = oneshot::channel();
        let waiting = Box::new(Asked {
            write,
            made: None,
            answer,
        });
        match self.small_writes.try_send(waiting) {
            Ok(()) => answered.await.unwrap_or(Err(StorageError::Stopped)),
            Err(mpsc::error::TrySendError::Full(_)) => Err(StorageError::Busy),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(StorageError::Stopped),
        }
    }
}

/// A small write, whatever its outcome is.
pub(super) trait Waiting: Send {
    fn is_wanted(&self) -> bool;
    /// Makes the change; says whether that went well.
    fn make<'t>(&'t mut self, tx: &'t mut WriteTx<'_>) -> BoxFuture<'t, bool>;
    /// Tells the caller. `committed`: the id of the event before the transaction's first one.
    fn answer(self: Box<Self>, committed: std::result::Result<EventId, &Arc<StorageError>>);
}

struct Asked<W: SmallWrite> {
    write: W,
    made: Option<Made<W::Outcome>>,
    answer: oneshot::Sender<Result<Committed<W::Outcome>>>,
}

/// What came of a change, and how many events the transaction had with it (0: none of its own).
struct Made<T> {
    outcome: Result<T>,
    events: usize,
}

impl<W: SmallWrite> Waiting for Asked<W> {
    fn is_wanted(&self) -> bool {
        !self.answer.is_closed()
    }

    fn make<'t>(&'t mut self, tx: &'t mut WriteTx<'_>) -> BoxFuture<'t, bool> {
        Box::pin(async move {
            let before = tx.events();
            let outcome = self.write.make(tx).await;
            let after = tx.events();
            let went_well = outcome.is_ok();
            let events = if after > before { after } else { 0 };
            self.made = Some(Made { outcome, events });
            went_well
        })
    }

    fn answer(self: Box<Self>, committed: std::result::Result<EventId, &Arc<StorageError>>) {
        let answer = match self.made {
            Some(made) => made.when(committed),
            None => committed.map_err(shared).and(Err(StorageError::Stopped)),
        };
        // An error says that the caller went away.
        let _ = self.answer.send(answer);
    }
}

impl<T> Made<T> {
    /// What the caller is told: its own failure before that of all.
    fn when(
        self,
        committed: std::result::Result<EventId, &Arc<StorageError>>,
    ) -> Result<Committed<T>> {
        let outcome = self.outcome?;
        let before = committed.map_err(shared)?;
        let event = match self.events {
            0 => 0,
            events => before + count(events),
        };
        Ok(Committed { event, outcome })
    }
}

fn shared(error: &Arc<StorageError>) -> StorageError {
    StorageError::Shared(Arc::clone(error))
}

async fn carry_out(writer: Writer, mut waiting: mpsc::Receiver<Box<dyn Waiting>>) {
    let mut group = Vec::with_capacity(GROUP);
    while waiting.recv_many(&mut group, GROUP).await > 0 {
        group.retain(|write| write.is_wanted());
        if group.is_empty() {
            continue;
        }
        let (writer, group) = (writer.clone(), std::mem::take(&mut group));
        // A task of its own: should a change panic, its group is told so by the queue's end, and no other.
        let carried_out = tokio::spawn(async move { commit(&writer, group).await });
        if let Err(error) = carried_out.await {
            tracing::error!(%error, "a group of small writes failed");
        }
    }
}

/// Makes all the changes of a group, commits and answers.
async fn commit(writer: &Writer, mut group: Vec<Box<dyn Waiting>>) {
    let committed = tokio::time::timeout(PATIENCE, try_commit(writer, &mut group)).await;
    let committed = committed.unwrap_or(Err(StorageError::Stopped));
    let committed = committed.map_err(Arc::new);
    for write in group {
        write.answer(committed.as_ref().copied());
    }
}

/// Answers the id of the event before the group's first one.
async fn try_commit(writer: &Writer, group: &mut [Box<dyn Waiting>]) -> Result<EventId> {
    let mut tx = writer.begin_group().await?;
    if make_all(&mut tx, group).await {
        return tx.commit_group().await;
    }
    tx.roll_back().await?;
    if group.len() == 1 {
        return Ok(0);
    }
    let mut tx = writer.begin_group().await?;
    for write in group {
        tx.under_savepoint(write.as_mut()).await?;
    }
    tx.commit_group().await
}

fn count(events: usize) -> EventId {
    EventId::try_from(events).unwrap_or(EventId::MAX)
}

/// Whether all went well; stops at the first that does not.
async fn make_all(tx: &mut WriteTx<'_>, group: &mut [Box<dyn Waiting>]) -> bool {
    for write in group {
        if !write.make(tx).await {
            return false;
        }
    }
    true
}

impl WriteTx<'_> {
    /// Commits; answers the id of the event before the first one.
    async fn commit_group(self) -> Result<EventId> {
        let events = self.events();
        let last = self.commit().await?;
        Ok(last - count(events))
    }

    /// Makes a change that, should it fail, leaves no trace.
    async fn under_savepoint(&mut self, write: &mut dyn Waiting) -> Result<()> {
        let events = self.events();
        sqlx::raw_sql("SAVEPOINT small_write")
            .execute(self.conn())
            .await?;
        if !write.make(self).await {
            sqlx::raw_sql("ROLLBACK TO SAVEPOINT small_write")
                .execute(self.conn())
                .await?;
            self.forget_events_after(events);
        }
        sqlx::raw_sql("RELEASE SAVEPOINT small_write")
            .execute(self.conn())
            .await?;
        Ok(())
    }
}
