//! The one writer: a thread that owns the writing connection.
//!
//! Jobs that wait together are one transaction; each runs in a savepoint, so
//! that a failing one takes nothing of the others with it. Nobody is answered
//! before the commit is durable.
//!
//! Wanted: a group that cannot commit acks nobody; jobs of one group run in
//! the order of their rank. Accepted: an answer may be late by the linger.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::clock::{self, Clock};
use super::wake::Wakes;
use super::{StoreError, Tx, meta};
use crate::delivery::Moment;

/// How long a group waits for company. While it waits nothing moves that
/// waits for it, so a longer wait makes larger groups and idle cores: 1 ms
/// cost a fifth of the throughput with 64 in flight.
pub const LINGER: Duration = Duration::from_micros(300);
/// Jobs in one transaction; beyond that the group is worth its commit.
const GROUP_MAX: usize = 2048;
/// Ledger time is carried in the store at least this often while there are commits.
const CARRY_EVERY: Duration = Duration::from_secs(10);
/// The write-ahead log is emptied above this many pages of 4 KiB.
const WAL_PAGES_MAX: u32 = 4096;

/// What goes first within a group: an outcome that is not durable is doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Outcome,
    Claim,
    Ingest,
    Order,
}

type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// Given why there is no transaction, it runs nothing and says so.
type Run = Box<dyn FnOnce(Result<&Tx<'_>, StoreError>) -> Result<Answer, (Answer, StoreError)> + Send>;

pub(super) struct Job {
    pub rank: Rank,
    pub run: Run,
}

/// A message to the writer.
pub(super) enum Message {
    Job(Job),
    /// Ends the thread after what is queued.
    Stop,
}

/// Up to when the committed rows are all there are: what a group writes bears
/// its own time or a later one, and no reader sees it before the commit.
#[derive(Debug)]
pub(super) struct Horizon {
    /// Ledger time at which the group under way began.
    group: AtomicI64,
}

impl Horizon {
    const NO_GROUP: i64 = i64::MAX;

    pub(super) fn new() -> Self {
        Self { group: AtomicI64::new(Self::NO_GROUP) }
    }

    /// The time of a group that begins. It is announced before it is read, so
    /// that a reader who saw no group read an earlier clock than the group did.
    fn begin(&self, clock: Clock) -> Moment {
        self.group.store(clock.now().0, Ordering::SeqCst);
        clock.now()
    }

    fn end(&self) {
        self.group.store(Self::NO_GROUP, Ordering::SeqCst);
    }

    /// Now, or the begin of the group under way. To be asked before the rows are read.
    pub(super) fn now(&self, clock: Clock) -> Moment {
        let now = clock.now();
        now.min(Moment(self.group.load(Ordering::SeqCst)))
    }
}

pub(super) struct Writer {
    pub db: Connection,
    pub clock: Clock,
    pub horizon: Arc<Horizon>,
    pub machine: String,
    pub wakes: Wakes,
    /// Counts groups, for the watchdog.
    pub progress: Arc<AtomicU64>,
    pub linger: bool,
}

impl Writer {
    pub(super) fn run(mut self, jobs: &Receiver<Message>) {
        let mut carried = Instant::now().checked_sub(CARRY_EVERY);
        loop {
            let Some((mut group, stop)) = self.gather(jobs) else { return self.close() };
            group.sort_by_key(|job| job.rank);
            let carry = carried.is_none_or(|at| at.elapsed() >= CARRY_EVERY);
            if self.commit(group, carry) && carry {
                carried = Some(Instant::now());
            }
            self.progress.fetch_add(1, Ordering::Relaxed);
            if stop {
                return self.close();
            }
        }
    }

    /// The next group; `None` when nobody can send any more.
    ///
    /// The wait for company is slept through instead of waited for on the
    /// queue: a queue that somebody waits on wakes them with every job, and a
    /// wake-up costs more than the job.
    fn gather(&self, jobs: &Receiver<Message>) -> Option<(Vec<Job>, bool)> {
        let mut group = match jobs.recv() {
            Ok(Message::Job(job)) => vec![job],
            Ok(Message::Stop) | Err(_) => return None,
        };
        if self.linger {
            std::thread::sleep(LINGER);
        }
        for message in jobs.try_iter().take(GROUP_MAX - 1) {
            match message {
                Message::Job(job) => group.push(job),
                Message::Stop => return Some((group, true)),
            }
        }
        Some((group, false))
    }

    /// Runs and commits a group, then answers everybody. Whether it committed.
    fn commit(&mut self, group: Vec<Job>, carry: bool) -> bool {
        let mut answers = Vec::with_capacity(group.len());
        let tx = Tx::new(&self.db, self.horizon.begin(self.clock));
        let mut group = group.into_iter();
        let committed = tx.begin().and_then(|()| {
            for job in group.by_ref() {
                Self::run_in_savepoint(&tx, job, &mut answers)?;
            }
            if carry {
                meta::carry(&tx, &self.clock.carry(&self.machine))?;
            }
            tx.commit()
        });
        if committed.is_err() {
            tx.rollback();
        }
        self.horizon.end();
        match committed {
            Ok(()) => {
                let touched = tx.touched();
                for answer in answers {
                    answer(Ok(()));
                }
                self.wakes.wake(&touched);
                true
            }
            Err(error) => {
                if error.is_io() {
                    tracing::error!(%error, "the ledger cannot be written");
                }
                let not_run = group.filter_map(|job| (job.run)(Err(error.again())).err());
                answers.extend(not_run.map(|(answer, _)| answer));
                for answer in answers {
                    answer(Err(error.again()));
                }
                false
            }
        }
    }

    /// Err: the whole group is lost (a full disk rolls everything back).
    fn run_in_savepoint(tx: &Tx<'_>, job: Job, answers: &mut Vec<Answer>) -> Result<(), StoreError> {
        tx.savepoint()?;
        match (job.run)(Ok(tx)) {
            Ok(answer) => {
                answers.push(answer);
                tx.release()
            }
            Err((answer, error)) => {
                if tx.is_gone() || error.is_io() {
                    let again = error.again();
                    answer(Err(error));
                    return Err(again);
                }
                answer(Err(error));
                tx.rollback_to_savepoint()
            }
        }
    }

    fn close(self) {
        // Readers may still be open; whoever opens next goes on with the log.
        let _ = self.db.pragma_update(None, "busy_timeout", 0);
        let _ = self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        let _ = self.db.close();
    }
}

/// Settings of the writing connection.
pub(super) fn configure(db: &Connection) -> Result<(), StoreError> {
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "busy_timeout", 5000)?;
    db.pragma_update(None, "foreign_keys", "ON")?;
    db.pragma_update(None, "cache_size", -2 * 1024)?;
    db.pragma_update(None, "journal_size_limit", i64::from(WAL_PAGES_MAX) * 4096)?;
    db.pragma_update(None, "wal_autocheckpoint", 1000)?;
    keep_plans(db)?;
    db.set_prepared_statement_cache_capacity(128);
    Ok(())
}

/// A prepared statement keeps its plan whatever is bound to it (SQLite's Query
/// Planner Stability Guarantee). Without it SQLite prepares a join anew for
/// each new value, which made a look at a delivery ten times as dear.
pub(super) fn keep_plans(db: &Connection) -> Result<(), StoreError> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Sends a job and waits for its durable end.
pub(super) async fn write<T: Send + 'static>(
    jobs: &Sender<Message>,
    rank: Rank,
    work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let (send, receive) = tokio::sync::oneshot::channel();
    let run: Run = Box::new(move |tx| match tx.and_then(work) {
        Ok(value) => Ok(Box::new(move |committed: Result<(), StoreError>| {
            let _ = send.send(committed.map(|()| value));
        })),
        Err(error) => {
            let answer: Answer = Box::new(move |failed: Result<(), StoreError>| {
                let _ = send.send(Err(failed.err().unwrap_or(StoreError::Gone)));
            });
            Err((answer, error))
        }
    });
    jobs.send(Message::Job(Job { rank, run })).map_err(|_| StoreError::Gone)?;
    receive.await.map_err(|_| StoreError::Gone)?
}

/// Wall clock of a job.
pub(super) fn wall() -> i64 {
    clock::wall()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Linger, Store};

    /// Both wait together; the second is not run, and must be told the same.
    #[tokio::test]
    async fn whoever_waits_behind_a_full_disk_is_told_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Linger::Yes).unwrap();
        let full = store.write(Rank::Outcome, |_| Err::<(), _>(StoreError::Full));
        let behind = store.write(Rank::Order, |_| Ok(()));
        let (full, behind) = tokio::join!(full, behind);
        assert!(matches!(full, Err(StoreError::Full)), "{full:?}");
        assert!(matches!(behind, Err(StoreError::Full)), "{behind:?}");
        store.close();
    }
}
