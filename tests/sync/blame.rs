//! Whose failure a failure was: what troubles a portal holds that portal, and
//! parks no article, neither its own nor a neighbour's on the same server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use dongbo::delivery::Hold;
use dongbo::media::{Fetch, Pictures};
use dongbo::store::{Health, PortalRow, wall};
use dongbo::worker::{Gate, GateLimits, Place, Worker};
use dongbo_sdk::memory::MemorySite;
use dongbo_sdk::{
    Adapter, AdapterInfo, At, Call, CheckReport, Error, ErrorKind, Operation, Post, RemoteCopy, RemoteId, Removal,
    Result, Trace, Written,
};
use tokio::sync::{Barrier, Notify};

use crate::holds::{Ledger, item};
use crate::world::wait;

/// A server whose portals answer everything alike: no.
#[derive(Debug)]
struct Refusing {
    kind: ErrorKind,
    /// Look-ups on both portals, and the test, go on from here together.
    together: Barrier,
    checks: AtomicUsize,
}

impl Refusing {
    fn no<T>(&self, operation: Operation) -> Result<T> {
        Err(Error::new(self.kind, operation, "no"))
    }
}

#[async_trait]
impl Adapter for Refusing {
    fn info(&self) -> AdapterInfo {
        MemorySite::default().adapter().info()
    }
    async fn check(&self, _: &Call) -> Result<CheckReport> {
        self.checks.fetch_add(1, Ordering::SeqCst);
        self.no(Operation::Check)
    }
    async fn find(&self, _: &Call, _: &Trace) -> Result<Vec<RemoteCopy>> {
        self.together.wait().await;
        self.no(Operation::Find)
    }
    async fn read(&self, _: &Call, _: &RemoteId) -> Result<Option<RemoteCopy>> {
        self.no(Operation::Read)
    }
    async fn create(&self, _: &Call, _: &Post) -> Result<Written> {
        self.no(Operation::Create)
    }
    async fn update(&self, _: &Call, _: &At, _: &Post) -> Result<Written> {
        self.no(Operation::Update)
    }
    async fn withdraw(&self, _: &Call, _: &At, _: Removal) -> Result<Option<RemoteCopy>> {
        self.no(Operation::Withdraw)
    }
}

#[derive(Debug)]
struct NoPictures;

#[async_trait]
impl Fetch for NoPictures {
    async fn fetch(&self, url: &str) -> std::result::Result<(Bytes, String), String> {
        Err(format!("no picture at {url}"))
    }
}

/// A portal as its last check found it.
fn place(ledger: &Ledger, row: &PortalRow, adapter: Arc<dyn Adapter>, gate: Arc<Gate>) -> Place {
    Place {
        row: PortalRow {
            capabilities: Some(MemorySite::default().adapter().capabilities()),
            checked_at: ledger.store.clock().now(),
            ..row.clone()
        },
        adapter,
        gate,
        slots: 1,
        timeout: Duration::from_secs(30),
        settles_within: Duration::from_secs(5),
        create_burst: 100,
        removal: None,
        drafts: false,
    }
}

/// Portals of one installation.
fn places(ledger: &Ledger, rows: &[PortalRow], server: &Arc<Refusing>) -> Vec<Place> {
    let limits = GateLimits { in_flight: rows.len(), rate: None };
    let gate = Arc::new(Gate::new(rows[0].installation, &limits, Health::default()));
    rows.iter().map(|row| place(ledger, row, server.clone(), gate.clone())).collect()
}

#[tokio::test]
async fn portals_of_one_server_that_are_refused_at_once_are_each_held_and_no_article_is_parked() {
    // What holds each portal, and how often the server is asked for it.
    for (kind, held, checks) in [
        (ErrorKind::Config, Some("config"), 2),
        (ErrorKind::Unauthenticated, Some("unauthenticated"), 0),
        (ErrorKind::Unavailable, None, 1),
    ] {
        let ledger = Ledger::new(&[("tinh", "")], &["mot", "hai"]).await;
        ledger.reads("tinh", vec![item(1, "Tin một", wall())]).await;
        let server = Arc::new(Refusing { kind, together: Barrier::new(3), checks: AtomicUsize::new(0) });
        let rows = ledger.store.portals().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let pictures = Pictures::new(folder.path(), Arc::new(NoPictures));
        let worker = Worker::start(&ledger.store, places(&ledger, &rows, &server), &pictures);
        server.together.wait().await;
        worker.stop(Duration::from_secs(10)).await.unwrap();
        for row in ledger.store.portals().unwrap() {
            let hold = ledger.delivery("Tin một", &row.name).unwrap().hold;
            assert_eq!((row.health.held.as_deref(), hold), (held, Hold::None), "{kind:?} on {}", row.name);
        }
        assert_eq!(server.checks.load(Ordering::SeqCst), checks, "{kind:?}");
    }
}

/// Its look-ups end with a failure when they are told to; its check fails.
#[derive(Debug, Default)]
struct Slow {
    begun: Notify,
    end: Notify,
}

#[async_trait]
impl Adapter for Slow {
    fn info(&self) -> AdapterInfo {
        MemorySite::default().adapter().info()
    }
    async fn check(&self, _: &Call) -> Result<CheckReport> {
        Err(Error::new(ErrorKind::Config, Operation::Check, "no"))
    }
    async fn find(&self, _: &Call, _: &Trace) -> Result<Vec<RemoteCopy>> {
        self.begun.notify_one();
        self.end.notified().await;
        Err(Error::new(ErrorKind::Config, Operation::Find, "no"))
    }
    async fn read(&self, _: &Call, _: &RemoteId) -> Result<Option<RemoteCopy>> {
        unreachable!("nothing stands there")
    }
    async fn create(&self, _: &Call, _: &Post) -> Result<Written> {
        unreachable!("no look-up succeeds")
    }
    async fn update(&self, _: &Call, _: &At, _: &Post) -> Result<Written> {
        unreachable!("nothing stands there")
    }
    async fn withdraw(&self, _: &Call, _: &At, _: Removal) -> Result<Option<RemoteCopy>> {
        unreachable!("nothing stands there")
    }
}

/// A hand that fails holds its place at the gate while it asks whose failure
/// it was; a lane whose check falls due wants both too.
#[tokio::test]
async fn a_failure_and_a_check_that_falls_due_do_not_wait_for_each_other() {
    let ledger = Ledger::new(&[("tinh", "")], &["mot", "hai"]).await;
    ledger.reads("tinh", vec![item(1, "Tin một", wall())]).await;
    let rows = ledger.store.portals().unwrap();
    let slow = Arc::new(Slow::default());
    let gate = Arc::new(Gate::new(rows[0].installation, &GateLimits { in_flight: 1, rate: None }, Health::default()));
    let place = |row: &PortalRow| place(&ledger, row, slow.clone(), gate.clone());
    let (first, mut second) = (place(&rows[0]), place(&rows[1]));
    second.row.capabilities = None;
    let folder = tempfile::tempdir().unwrap();
    let pictures = Pictures::new(folder.path(), Arc::new(NoPictures));
    let one = Worker::start(&ledger.store, vec![first], &pictures);
    slow.begun.notified().await;
    let two = Worker::start(&ledger.store, vec![second], &pictures);
    // On the one thread of this test its lane runs now, up to where it must wait.
    tokio::task::yield_now().await;
    slow.end.notify_one();
    let store = ledger.store.clone();
    let held = move || {
        let rows = store.portals().unwrap();
        if rows.iter().all(|row| row.health.held.is_some()) { Ok(()) } else { Err(format!("{rows:?}")) }
    };
    let both_held = move || wait::until(Duration::from_secs(10), "both portals are held", held);
    tokio::task::spawn_blocking(both_held).await.unwrap();
    drop((one, two));
}
