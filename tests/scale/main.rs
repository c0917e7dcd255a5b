//! 120 portals that answer in two seconds, six of them down, one server with
//! 99 sites that takes four requests at once: everything that can stand
//! stands, the limit is never exceeded, and the ones that are down delay nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use dongbo::article::{Content, Item, Name, NameKind, Precision};
use dongbo::delivery::State;
use dongbo::media::{Fetch, Pictures};
use dongbo::plan::{Backfill, Rules};
use dongbo::store::{Ingested, Linger, Planned, PlannedPortal, PortalRow, PortalSpec, SourceSpec, Store};
use dongbo::worker::{GateLimits, Gates, Place, Worker};
use dongbo_sdk::fake::Latency;
use dongbo_sdk::fault::Fault;
use dongbo_sdk::memory::{MemoryAdapter, MemoryOptions, MemorySite};
use dongbo_sdk::{
    Adapter, AdapterInfo, At, Call, CheckReport, KeySupport, MissingCategory, Post, RemoteCopy, RemoteId, Removal,
    Result, Trace, Visibility, Written,
};

const COMMUNES: usize = 99;
const DEPARTMENTS: usize = 21;
const DOWN: usize = 6;
const IN_FLIGHT: usize = 4;
const ANSWER: Duration = Duration::from_secs(2);
/// 99 sites, four at once, two seconds each, twice over for a slow machine.
const ALL_MAX: Duration = Duration::from_secs(100);
/// One answer of their own server, and a margin; the communes take ten times as long.
const DEPARTMENTS_MAX: Duration = Duration::from_secs(8);

/// A portal whose server counts what is at work on it.
#[derive(Debug)]
struct Counted {
    inner: MemoryAdapter,
    server: Arc<Gauge>,
}

#[derive(Debug, Default)]
struct Gauge {
    now: AtomicUsize,
    peak: AtomicUsize,
}

impl Gauge {
    async fn count<T>(&self, call: impl Future<Output = T>) -> T {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.peak.fetch_max(now, Ordering::SeqCst);
        let result = call.await;
        self.now.fetch_sub(1, Ordering::SeqCst);
        result
    }
}

#[async_trait]
impl Adapter for Counted {
    fn info(&self) -> AdapterInfo {
        self.inner.info()
    }
    async fn check(&self, call: &Call) -> Result<CheckReport> {
        self.server.count(self.inner.check(call)).await
    }
    async fn find(&self, call: &Call, trace: &Trace) -> Result<Vec<RemoteCopy>> {
        self.server.count(self.inner.find(call, trace)).await
    }
    async fn read(&self, call: &Call, id: &RemoteId) -> Result<Option<RemoteCopy>> {
        self.server.count(self.inner.read(call, id)).await
    }
    async fn create(&self, call: &Call, post: &Post) -> Result<Written> {
        self.server.count(self.inner.create(call, post)).await
    }
    async fn update(&self, call: &Call, at: &At, post: &Post) -> Result<Written> {
        self.server.count(self.inner.update(call, at, post)).await
    }
    async fn withdraw(&self, call: &Call, at: &At, how: Removal) -> Result<Option<RemoteCopy>> {
        self.server.count(self.inner.withdraw(call, at, how)).await
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

fn spec(id: String, installation: &str) -> PortalSpec {
    PortalSpec { address: id.clone(), access: [0; 32], installation: installation.to_owned(), id }
}

fn rules(row: &PortalRow) -> Rules {
    Rules {
        portal: row.id,
        sources: BTreeSet::new(),
        accept: Vec::new(),
        reject: Vec::new(),
        categories: BTreeMap::new(),
        missing_category: MissingCategory::Match,
        visibility: Visibility::Public,
        backfill: Backfill::All,
        publish_delay: Duration::ZERO,
        correction_gap: Duration::ZERO,
        urgent: Vec::new(),
        direction: Vec::new(),
        attribution: String::new(),
    }
}

fn item() -> Item {
    let content = Content {
        title: "Công điện khẩn về bão số 5".into(),
        summary: String::new(),
        body: "<p>Chủ động ứng phó.</p>".into(),
        published: jiff::Timestamp::now(),
        precision: Precision::Second,
        byline: None,
        url: "https://portal.example.vn/1".into(),
        image: None,
        number: None,
        provenance: dongbo::article::Provenance::default(),
    };
    let names = vec![Name { kind: NameKind::Guid, value: "1".into() }];
    Item {
        names,
        origin: "https://portal.example.vn".into(),
        content,
        categories: vec!["Tin tức".into()],
        updated: None,
        hidden: String::new(),
    }
}

fn site(name: &str, down: bool) -> MemorySite {
    let latency = Latency { min: ANSWER, max: ANSWER };
    let options =
        MemoryOptions { site: name.to_owned(), key: KeySupport::Enforced, latency, ..MemoryOptions::default() };
    let site = MemorySite::new(options);
    if down {
        site.faults().always(Fault::Refused);
    }
    site
}

fn standing(store: &Store, rows: &[&PortalRow]) -> usize {
    let stands = |row: &&&PortalRow| store.counts(row.id).unwrap().get(&State::Standing) == Some(&1);
    rows.iter().filter(stands).count()
}

/// Looks until so many stand; how long it took.
async fn until(store: &Store, rows: &[&PortalRow], limit: Duration) -> Duration {
    let began = Instant::now();
    let mut look = tokio::time::interval(Duration::from_millis(100));
    while standing(store, rows) < rows.len() {
        assert!(began.elapsed() < limit, "{} of {} stand after {limit:?}", standing(store, rows), rows.len());
        look.tick().await;
    }
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_stand_stands_and_nobody_waits_for_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Linger::Yes).unwrap();
    let communes = (0..COMMUNES).map(|number| spec(format!("xa-{number}"), "may-chu-xa"));
    let departments = (0..DEPARTMENTS).map(|number| spec(format!("so-{number}"), &format!("so-{number}")));
    let source = SourceSpec { id: "cong-tinh".into(), name: "Cổng tỉnh".into() };
    let rows = store.configure(vec![source], communes.chain(departments).collect()).await.unwrap();

    let (shared, mut gates, mut places) = (Arc::new(Gauge::default()), Gates::default(), Vec::new());
    let is_down = |row: &PortalRow| (0..DOWN).any(|number| row.name == format!("so-{number}"));
    for row in &rows {
        let commune = row.name.starts_with("xa-");
        let inner = site(&row.name, is_down(row)).adapter();
        // What the last check found; asking 99 sites again would only take longer.
        let capabilities = Arc::new(inner.capabilities());
        store.checked(row.id, row.name.clone(), capabilities.clone()).await.unwrap().unwrap();
        let server = if commune { shared.clone() } else { Arc::default() };
        let limits = GateLimits { in_flight: IN_FLIGHT, rate: None };
        let mut row = row.clone();
        (row.capabilities, row.checked_at) = (Some((*capabilities).clone()), store.clock().now());
        places.push(Place {
            gate: gates.of(&row, &limits),
            row,
            adapter: Arc::new(Counted { inner, server }),
            slots: 2,
            timeout: Duration::from_secs(30),
            settles_within: Duration::from_secs(5),
            create_burst: 100,
            removal: None,
            drafts: false,
        });
    }
    let planned = Planned {
        portals: rows
            .iter()
            .map(|row| PlannedPortal {
                name: row.name.clone(),
                groups: Vec::new(),
                since: row.since,
                rules: rules(row),
            })
            .collect(),
        sources: BTreeMap::new(),
        policies: BTreeMap::new(),
    };
    let piece = Ingested { source: "cong-tinh".into(), items: vec![item()], ..Ingested::default() };
    let committed = store.ingest(piece, Arc::new(planned)).await.unwrap();
    assert_eq!(committed.deliveries, COMMUNES + DEPARTMENTS);

    let worker = Worker::start(&store, places, &Pictures::new(folder.path(), Arc::new(NoPictures)));
    let up: Vec<_> = rows.iter().filter(|row| !is_down(row)).collect();
    let (communes, departments): (Vec<_>, Vec<_>) = up.iter().partition(|row| row.name.starts_with("xa-"));
    let first = until(&store, &departments, DEPARTMENTS_MAX).await;
    let all = first + until(&store, &communes, ALL_MAX).await;
    assert_eq!((departments.len(), communes.len()), (DEPARTMENTS - DOWN, COMMUNES));
    let peak = shared.peak.load(Ordering::SeqCst);
    assert_eq!(peak, IN_FLIGHT, "the limit is used and never exceeded");
    let down: Vec<_> = rows.iter().filter(|row| is_down(row)).collect();
    assert_eq!(standing(&store, &down), 0);
    worker.stop(Duration::from_secs(5)).await.unwrap();
    store.close();
    use std::io::Write as _;
    let _ = writeln!(
        std::io::stderr(),
        "{} departments stand after {first:.1?}, {COMMUNES} communes after {all:.1?}, peak {peak} of {IN_FLIGHT}",
        departments.len()
    );
}
