//! The conformance suite: one contract, every adapter held to it.
//!
//! The suite asks the adapter what it can do and runs exactly the cases that
//! follow from it, each on a fresh site. An adapter's own test writes no test
//! logic:
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use dongbo_sdk::conformance::{self, Harness, Inspector, TestSite};
//! use dongbo_sdk::memory::MemorySite;
//! use dongbo_sdk::{Key, RemoteId};
//!
//! struct Memory;
//!
//! #[async_trait::async_trait]
//! impl Harness for Memory {
//!     async fn site(&self) -> TestSite {
//!         let site = MemorySite::default();
//!         let (adapter, faults) = (Arc::new(site.adapter()), site.faults().clone());
//!         TestSite::new(adapter).faults(faults).inspector(Arc::new(Look(site)))
//!     }
//! }
//!
//! /// Optional: what the test can see and do past the adapter.
//! struct Look(MemorySite);
//!
//! #[async_trait::async_trait]
//! impl Inspector for Look {
//!     async fn plant(&self, title: &str, key: Option<&Key>) -> Option<RemoteId> {
//!         Some(self.0.plant(title, "<p>Bài của đơn vị</p>", key.cloned()))
//!     }
//!     async fn count(&self, key: &Key) -> Option<usize> {
//!         Some(self.0.under(key).len())
//!     }
//! }
//!
//! #[tokio::test]
//! async fn the_memory_adapter_conforms() {
//!     conformance::assert_conforms(&Memory).await;
//! }
//! ```
//!
//! With a [`FakeServer`](crate::fake::FakeServer) the harness starts one per
//! site, hands its adapter `Http::with_faults(faults.clone())` and gives the
//! server to [`TestSite::keep`], which ends it with the case. On a real site
//! `Harness::live` is true: keys are unique to each case and run, and the
//! suite takes its copies away at the end of each case.

mod case;
mod content;
mod cuts;
mod faults;
mod foreign;
mod honesty;
mod life;
mod media;
mod parallel;
mod telemetry;
mod world;

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;

pub use faults::FaultRow;

use crate::adapter::Adapter;
use crate::fault::Faults;
use crate::key::Key;
use crate::remote::RemoteId;
use case::{Case, Stop};
use world::World;

/// The end of a case that hangs.
const CASE_LIMIT: Duration = Duration::from_secs(120);

/// Where an adapter is tried out.
#[async_trait]
pub trait Harness: Send + Sync {
    /// A fresh site; on a real one the same site again.
    async fn site(&self) -> TestSite;

    /// A real site, which is left as it was found.
    fn live(&self) -> bool {
        false
    }

    /// The adapter turns a scripted HTTP status into an error. Say false for
    /// an adapter that speaks no HTTP; the rows of the fault table that are
    /// about a status are then skipped.
    fn speaks_http(&self) -> bool {
        true
    }

    /// How many copies fill more than one page of a listing there.
    fn list_length(&self) -> usize {
        12
    }

    /// Rows of the fault table in which this CMS differs, each with its reason.
    fn fault_rows(&self) -> Vec<FaultRow> {
        Vec::new()
    }

    /// Cases that this adapter is known not to pass, each with its reason.
    /// Such a case must really fail, so that no exception outlives its cause.
    fn exceptions(&self) -> Vec<(&'static str, &'static str)> {
        Vec::new()
    }
}

/// What the tests can see and do on a site past the adapter. `None`: this harness cannot.
#[async_trait]
pub trait Inspector: Send + Sync {
    /// Puts an article on the site that is not ours: without a key, or with the key given.
    async fn plant(&self, title: &str, key: Option<&Key>) -> Option<RemoteId> {
        let _ = (title, key);
        None
    }

    /// How many objects carry the key, in every state.
    async fn count(&self, key: &Key) -> Option<usize> {
        let _ = key;
        None
    }

    /// How many files the site holds.
    async fn media_count(&self) -> Option<usize> {
        None
    }

    /// Everything that stands on the site, as text that changes when anything changes.
    async fn fingerprint(&self) -> Option<String> {
        None
    }

    /// How many requests the site has seen since it was made.
    fn requests(&self) -> Option<usize> {
        None
    }
}

/// One site and the adapter that speaks to it.
pub struct TestSite {
    adapter: Arc<dyn Adapter>,
    faults: Option<Faults>,
    inspector: Option<Arc<dyn Inspector>>,
    secrets: Vec<String>,
    kept: Vec<Box<dyn Any + Send + Sync>>,
}

impl TestSite {
    #[must_use]
    pub fn new(adapter: Arc<dyn Adapter>) -> Self {
        Self { adapter, faults: None, inspector: None, secrets: Vec::new(), kept: Vec::new() }
    }

    /// The script that the adapter's transport asks.
    #[must_use]
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = Some(faults);
        self
    }

    #[must_use]
    pub fn inspector(mut self, inspector: Arc<dyn Inspector>) -> Self {
        self.inspector = Some(inspector);
        self
    }

    /// A text that may never show in a log, an error or a `Debug`.
    #[must_use]
    pub fn secret(mut self, text: impl Into<String>) -> Self {
        self.secrets.push(text.into());
        self
    }

    /// Keeps a server or a folder until the case has ended.
    #[must_use]
    pub fn keep(mut self, thing: impl Any + Send + Sync) -> Self {
        self.kept.push(Box::new(thing));
        self
    }
}

impl fmt::Debug for TestSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestSite").field("adapter", &self.adapter).finish_non_exhaustive()
    }
}

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    Failed(String),
    /// The portal, or the harness, cannot do what the case is about.
    Skipped(String),
    /// Failed as the harness said it would, for this reason.
    Excepted(String),
}

/// A case and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseReport {
    pub name: &'static str,
    pub verdict: Verdict,
}

/// How all cases ended, in the order of the suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The kind and address of the adapter.
    pub adapter: String,
    pub cases: Vec<CaseReport>,
}

impl Report {
    #[must_use]
    pub fn failed(&self) -> Vec<&'static str> {
        let failed = |case: &&CaseReport| matches!(case.verdict, Verdict::Failed(_));
        self.cases.iter().filter(failed).map(|case| case.name).collect()
    }

    #[must_use]
    pub fn passed(&self) -> Vec<&'static str> {
        self.cases.iter().filter(|case| case.verdict == Verdict::Passed).map(|case| case.name).collect()
    }

    /// Every case with why it was not run.
    #[must_use]
    pub fn skipped(&self) -> Vec<(&'static str, &str)> {
        self.cases
            .iter()
            .filter_map(|case| match &case.verdict {
                Verdict::Skipped(reason) => Some((case.name, reason.as_str())),
                Verdict::Passed | Verdict::Failed(_) | Verdict::Excepted(_) => None,
            })
            .collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "conformance of {}", self.adapter)?;
        for CaseReport { name, verdict } in &self.cases {
            match verdict {
                Verdict::Passed => writeln!(f, "  passed    {name}")?,
                Verdict::Failed(why) => writeln!(f, "  FAILED    {name}: {why}")?,
                Verdict::Skipped(why) => writeln!(f, "  skipped   {name}: {why}")?,
                Verdict::Excepted(why) => writeln!(f, "  excepted  {name}: {why}")?,
            }
        }
        Ok(())
    }
}

/// The names of all cases, in the order of the suite.
#[must_use]
pub fn case_names() -> Vec<&'static str> {
    case::all().iter().map(|case| case.name).collect()
}

/// Runs every case that the adapter's capabilities ask for.
pub async fn run(harness: &dyn Harness) -> Report {
    let info = harness.site().await.adapter.info();
    let mut cases = Vec::new();
    for case in case::all() {
        cases.push(CaseReport { name: case.name, verdict: judge(harness, case).await });
    }
    Report { adapter: format!("{} at {}", info.kind, info.address), cases }
}

/// Runs one case by its name.
///
/// # Panics
/// When no case has this name.
pub async fn run_case(harness: &dyn Harness, name: &str) -> Verdict {
    let case = case::all().into_iter().find(|case| case.name == name);
    judge(harness, case.unwrap_or_else(|| panic!("the suite has no case `{name}`"))).await
}

/// Runs the suite and shows the report.
///
/// # Panics
/// When a case failed, or when none passed.
pub async fn assert_conforms(harness: &dyn Harness) {
    let report = run(harness).await;
    #[expect(clippy::print_stdout, reason = "a test's own report; cargo shows it for a failed test or on demand")]
    {
        println!("{report}");
    }
    assert!(report.failed().is_empty(), "{report}");
    assert!(!report.passed().is_empty(), "no case was run\n{report}");
}

async fn judge(harness: &dyn Harness, case: Case) -> Verdict {
    let verdict = try_out(harness, &case).await;
    let exception = harness.exceptions().into_iter().find(|(name, _)| *name == case.name);
    let Some((_, reason)) = exception else { return verdict };
    match verdict {
        Verdict::Failed(_) => Verdict::Excepted(reason.to_owned()),
        Verdict::Passed => Verdict::Failed("it passes now: take the exception away".to_owned()),
        Verdict::Skipped(_) | Verdict::Excepted(_) => verdict,
    }
}

async fn try_out(harness: &dyn Harness, case: &Case) -> Verdict {
    let world = match World::open(harness, case.name).await {
        Ok(world) => world,
        Err(error) => return Verdict::Failed(format!("check failed: {error}")),
    };
    if let Some(missing) = case.needs.iter().find_map(|need| need.missing(&world)) {
        return Verdict::Skipped(missing.to_owned());
    }
    let work = std::panic::AssertUnwindSafe((case.run)(&world)).catch_unwind();
    let ended = tokio::time::timeout(CASE_LIMIT, work).await;
    let tidied = world.tidy_up().await;
    match ended {
        Err(_) => Verdict::Failed(format!("did not end within {CASE_LIMIT:?}")),
        Ok(Err(panic)) => Verdict::Failed(format!("panicked: {}", panic_text(panic.as_ref()))),
        Ok(Ok(Err(Stop::Failed(why)))) => Verdict::Failed(why),
        Ok(Ok(Err(Stop::Skipped(why)))) => Verdict::Skipped(why),
        Ok(Ok(Ok(()))) => tidied.map_or_else(Verdict::Failed, |()| Verdict::Passed),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("?")
}
