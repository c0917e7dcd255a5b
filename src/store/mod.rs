//! The ledger in SQLite: the only memory, and the only file tree with SQL.
//!
//! WAL and `synchronous=FULL`; one writer thread with group commit; readers
//! are read-only connections. No SQL type leaves this module, each statement
//! is one named function, and ids do not assume that there is one writer
//! machine.

mod articles;
mod backup;
mod clock;
mod deliveries;
mod error;
mod events;
mod history;
mod holds;
mod lock;
mod media;
mod meta;
mod orders;
mod originals;
mod pages;
mod portals;
mod reports;
mod schema;
mod sources;
mod steps;
mod tx;
mod wake;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::{Connection, OpenFlags};

pub use articles::{ArticleRow, Committed, Ingested, Quarantined, SourceRow, Validators};
pub use clock::{Clock, wall};
pub use deliveries::Hint;
pub use error::StoreError;
pub use events::Event;
pub use history::History;
pub use holds::{HeldCount, HeldRow};
pub use lock::{InstanceLock, lock_holder};
pub use media::{MediaRow, MediaSettled};
pub use orders::{Order, OrderRow, Piece, Selection, What};
pub use originals::{Look, Looked, Original, Watched};
pub use pages::{DuePage, PageRead, SoFar};
pub use portals::{Health, HealthOf, KnownCopy, Left, Planned, PlannedPortal, PortalRow, PortalSpec, SourceSpec};
pub use reports::{AttemptRow, Counts, DeliveryRow, Pulse, Written};
pub use schema::VERSION as SCHEMA_VERSION;
pub use sources::{Gap, Newest, Rhythm};
pub use steps::{Begin, Settle, StepReply, Task};
pub use wake::{Bell, Wakes};
pub use writer::LINGER;

use tx::Tx;
use writer::{Horizon, Message, Rank, Writer};

/// The file within the state folder.
const FILE: &str = "dongbo.db";

/// The ledger. Clones share it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    jobs: Sender<Message>,
    thread: Mutex<Option<JoinHandle<()>>>,
    readers: Mutex<Vec<Connection>>,
    clock: Clock,
    horizon: Arc<Horizon>,
    wakes: Wakes,
    progress: Arc<AtomicU64>,
    control: AtomicU64,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.inner.path.display())
    }
}

/// Whether the writer waits a moment for company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linger {
    Yes,
    No,
}

impl Store {
    /// Opens the ledger for its one daemon: creates it, moves an older schema
    /// forward, and starts the writer. The caller holds the [`InstanceLock`].
    ///
    /// # Errors
    /// An old SQLite library, a newer schema, a folder that cannot be written.
    pub fn open(state: &Path, linger: Linger) -> Result<Self, StoreError> {
        schema::refuse_old_library()?;
        let path = state.join(FILE);
        let mut db = Connection::open(&path).map_err(|error| StoreError::opening(&path, error))?;
        if schema::version(&db)? > schema::VERSION {
            return Err(StoreError::Newer { found: schema::version(&db)?, known: schema::VERSION });
        }
        writer::configure(&db).map_err(|error| error.at(&path))?;
        schema::migrate(&mut db).map_err(|error| error.at(&path))?;
        let machine = clock::machine();
        let clock = Clock::resume(meta::carried(&db)?.as_ref(), &machine);
        Ok(Self::start(path, db, clock, machine, linger))
    }

    fn start(path: PathBuf, db: Connection, clock: Clock, machine: String, linger: Linger) -> Self {
        let (jobs, queue) = channel();
        let wakes = Wakes::default();
        let horizon = Arc::new(Horizon::new());
        let progress = Arc::new(AtomicU64::new(0));
        let writer = Writer {
            db,
            clock,
            horizon: horizon.clone(),
            machine,
            wakes: wakes.clone(),
            progress: progress.clone(),
            linger: linger == Linger::Yes,
        };
        let thread = std::thread::Builder::new()
            .name("ledger".into())
            .spawn(move || writer.run(&queue))
            .expect("a thread can be started at start-up");
        Self {
            inner: Arc::new(Inner {
                path,
                jobs,
                thread: Mutex::new(Some(thread)),
                readers: Mutex::new(Vec::new()),
                clock,
                horizon,
                wakes,
                progress,
                control: AtomicU64::new(0),
            }),
        }
    }

    /// Ends the writer after what is queued and empties the log.
    pub fn close(&self) {
        let _ = self.inner.jobs.send(Message::Stop);
        let thread = self.inner.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.inner.readers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }

    #[must_use]
    pub fn clock(&self) -> Clock {
        self.inner.clock
    }

    #[must_use]
    pub fn wakes(&self) -> &Wakes {
        &self.inner.wakes
    }

    /// Changes whenever an order changed a portal's pause or health.
    #[must_use]
    pub fn control(&self) -> u64 {
        self.inner.control.load(Ordering::Acquire)
    }

    fn control_changed(&self) {
        self.inner.control.fetch_add(1, Ordering::AcqRel);
        self.inner.wakes.wake_all();
    }

    /// Groups committed or refused so far: the watchdog's proof of life.
    #[must_use]
    pub fn progress(&self) -> u64 {
        self.inner.progress.load(Ordering::Relaxed)
    }

    /// A job for the writer; answered when it is durable.
    async fn write<T: Send + 'static>(
        &self,
        rank: Rank,
        work: impl FnOnce(&Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        writer::write(&self.inner.jobs, rank, work).await
    }

    /// A short look at committed state.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let pooled = self.inner.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let db = match pooled {
            Some(db) => db,
            None => open_reader(&self.inner.path)?,
        };
        let result = work(&db);
        self.inner.readers.lock().unwrap_or_else(PoisonError::into_inner).push(db);
        result
    }
}

fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| StoreError::opening(path, error))?;
    db.pragma_update(None, "busy_timeout", 5000)?;
    db.pragma_update(None, "cache_size", -512)?;
    writer::keep_plans(&db)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

/// The ledger as commands see it: they read, and they file orders. Never
/// creates, never migrates.
#[derive(Debug)]
pub struct Desk {
    db: Connection,
}

impl Desk {
    /// Opens an existing ledger.
    ///
    /// # Errors
    /// No ledger yet, another schema, no permission.
    pub fn open(state: &Path) -> Result<Self, StoreError> {
        schema::refuse_old_library()?;
        let path = state.join(FILE);
        if !path.exists() {
            return Err(StoreError::Missing { path });
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(&path, flags)
            .or_else(|_| Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY))
            .map_err(|error| StoreError::opening(&path, error))?;
        db.pragma_update(None, "busy_timeout", 5000)?;
        match schema::version(&db).map_err(|error| error.at(&path))? {
            schema::VERSION => Ok(Self { db }),
            found if found > schema::VERSION => Err(StoreError::Newer { found, known: schema::VERSION }),
            found => Err(StoreError::Older { found, known: schema::VERSION }),
        }
    }
}
