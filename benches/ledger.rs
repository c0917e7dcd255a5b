//! Ledgers with made-up history and new work, filled through the product's own doors.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use dongbo::delivery::{
    Class, Form, Found, Moment, Outcome, Picture, PortalId, Print, Settlement, Step, Terms, Wanted,
};
use dongbo::plan::{Backfill, Rules};
use dongbo::store::{
    Begin, Hint, Ingested, Linger, Planned, PlannedPortal, PortalRow, PortalSpec, Settle, SourceSpec, Store,
};
use dongbo_sdk::{MissingCategory, RemoteId, RemoteStatus, Visibility};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::{adapter, article};

const SOURCE: &str = "cong-tinh";
/// Items of one piece, as the poller commits them.
const PIECE: usize = 20;

/// A ledger in a folder of its own, gone when dropped.
#[derive(Debug)]
pub(crate) struct Ledger {
    folder: TempDir,
    pub(crate) store: Store,
    pub(crate) portals: Vec<PortalRow>,
    planned: Arc<Planned>,
    /// Articles so far.
    articles: usize,
}

/// A temporary folder on the disk that the build is on: a memory disk has no fsync.
pub(crate) fn folder() -> Result<TempDir> {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).context("a folder for a ledger")
}

fn open(folder: &Path) -> Result<Store> {
    Ok(Store::open(folder, Linger::Yes)?)
}

impl Ledger {
    /// A new ledger with so many portals, each its own installation.
    pub(crate) async fn new(portals: usize) -> Result<Self> {
        Self::with_installations((0..portals).map(|number| format!("so-{number}")).collect()).await
    }

    /// A new ledger with a portal for each name of an installation.
    pub(crate) async fn with_installations(installations: Vec<String>) -> Result<Self> {
        let folder = folder()?;
        let store = open(folder.path())?;
        let sources = vec![SourceSpec { id: SOURCE.to_owned(), name: "Cổng tỉnh".to_owned() }];
        let specs = installations.into_iter().enumerate().map(|(number, installation)| spec(number, installation));
        let portals = store.configure(sources, specs.collect()).await?;
        let planned = Arc::new(Planned {
            portals: portals.iter().map(planned).collect(),
            sources: BTreeMap::from([(SOURCE.to_owned(), "Cổng tỉnh".to_owned())]),
            policies: BTreeMap::new(),
        });
        Ok(Self { folder, store, portals, planned, articles: 0 })
    }

    /// Publishes new articles to every portal.
    pub(crate) async fn publish(&mut self, articles: usize) -> Result<()> {
        let last = self.articles + articles;
        while self.articles < last {
            let next = last.min(self.articles + PIECE);
            let items = (self.articles..next).map(article::item).collect();
            let piece = Ingested { source: SOURCE.to_owned(), items, ..Ingested::default() };
            self.store.ingest(piece, self.planned.clone()).await?;
            self.articles = next;
        }
        Ok(())
    }

    /// Leaves all but the first `count` portals without new work.
    pub(crate) fn plan_only(&mut self, count: usize) {
        let portals = self.planned.portals[..count].to_vec();
        self.planned = Arc::new(Planned { portals, ..(*self.planned).clone() });
        self.portals.truncate(count);
    }

    /// What is due now on a portal: at most `limit`.
    pub(crate) fn due(&self, portal: PortalId, limit: usize) -> Result<Vec<Hint>> {
        Ok(self.store.due(portal, Class::Live, limit)?)
    }

    /// Closes the ledger, lets `work` change its file, and opens it again.
    pub(crate) fn rewrite(&mut self, work: impl FnOnce(&mut Connection) -> Result<()>) -> Result<()> {
        self.store.close();
        let mut db = Connection::open(self.file())?;
        db.pragma_update(None, "synchronous", "OFF")?;
        db.pragma_update(None, "cache_size", -256 * 1024)?;
        work(&mut db)?;
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        db.close().map_err(|(_, error)| error)?;
        self.store = open(self.folder.path())?;
        Ok(())
    }

    /// Closes and opens it as a daemon does at start-up; how long the opening took.
    pub(crate) async fn restart(&mut self) -> Result<Duration> {
        self.store.close();
        let began = std::time::Instant::now();
        self.store = open(self.folder.path())?;
        self.store.recover().await?;
        Ok(began.elapsed())
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("dongbo.db")
    }

    /// Bytes of the ledger, without its log.
    pub(crate) fn bytes(&self) -> u64 {
        std::fs::metadata(self.file()).map_or(0, |meta| meta.len())
    }

    /// Attempts without an end; asked on a connection of its own.
    pub(crate) fn open_attempts(db: &Connection) -> Result<i64> {
        Ok(db.query_row("SELECT count(*) FROM attempt WHERE ended IS NULL", [], |row| row.get(0))?)
    }

    pub(crate) fn state(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.store.close();
    }
}

fn spec(number: usize, installation: String) -> PortalSpec {
    PortalSpec {
        id: format!("so-{number}"),
        installation,
        address: format!("http://cms-{number}.example.vn"),
        access: [0; 32],
    }
}

fn planned(row: &PortalRow) -> PlannedPortal {
    let rules = Rules {
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
        attribution: dongbo::config::ATTRIBUTION.to_owned(),
    };
    PlannedPortal { name: row.name.clone(), groups: Vec::new(), since: row.since, rules }
}

/// The terms of the simulated CMS.
pub(crate) fn terms() -> Terms {
    Terms::new(&adapter::capabilities(), Duration::from_secs(5), false)
}

/// The intent of a create.
pub(crate) fn intent(store: &Store, portal: PortalId, hint: &Hint, form: Form) -> Begin {
    Begin {
        article: hint.article,
        portal,
        step: Step::Create(form),
        picture: Picture::Settled,
        terms: terms(),
        quiet_until: store.clock().now().after(Duration::from_secs(65)),
        media: None,
        create_burst: u32::MAX,
    }
}

/// The end of a create that the CMS answered with the stored form.
pub(crate) fn outcome(store: &Store, begun: &Begun) -> Settle {
    let id = format!("cs-{:024x}", begun.hint.article.0);
    let read_back = Found {
        url: Some(format!("http://cms.example.vn/{id}")),
        id: RemoteId(id),
        version: Some("1".to_owned()),
        status: RemoteStatus::Public,
        print: Print([7; 24]),
    };
    let began: Moment = store.clock().now();
    Settle {
        article: begun.hint.article,
        portal: begun.portal,
        attempt: Some(begun.attempt),
        settlement: Settlement { outcome: Outcome::Written(begun.form, read_back), began, draw: 0.5 },
        terms: terms(),
        media: None,
        kept: false,
    }
}

/// A create whose intent is durable.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begun {
    pub(crate) portal: PortalId,
    pub(crate) hint: Hint,
    form: Form,
    attempt: dongbo::delivery::AttemptId,
}

/// Takes a delivery in hand as the worker does: looks, and makes the intent durable.
pub(crate) async fn begin(store: &Store, portal: PortalId, hint: Hint) -> Result<Begun> {
    let task = store.task(hint.article, portal)?.context("a delivery that is due")?;
    let Wanted::Post(form) = task.delivery.wanted else { anyhow::bail!("nothing is wanted") };
    let reply = store.step(None, Some(intent(store, portal, &hint, form)), Vec::new()).await?;
    let attempt = reply.begun.context("an intent")?;
    Ok(Begun { portal, hint, form, attempt })
}

/// Delivered rows, as they stand after years: `articles` for every portal,
/// with their copies and attempts. Articles of the past have no text here,
/// because nothing that is measured reads it.
pub(crate) fn add_history(db: &mut Connection, articles: i64, portals: usize) -> Result<()> {
    let portals = i64::try_from(portals)?;
    let tx = db.transaction()?;
    let numbers = "WITH RECURSIVE a(article) AS (SELECT 1 UNION ALL SELECT article + 1 FROM a WHERE article < ?1), \
         p(portal) AS (SELECT 1 UNION ALL SELECT portal + 1 FROM p WHERE portal < ?2)";
    tx.execute(
        &format!(
            "{numbers} INSERT INTO article (id, key, origin, revision, published, first_seen, title, url) \
             SELECT article, printf('cs-%024x', -article), 'https://portal.example.vn', article, 1, 1, \
             'Tin cũ ' || article, 'https://portal.example.vn/cu/' || article FROM a WHERE ?2 = ?2"
        ),
        (articles, portals),
    )?;
    tx.execute(
        &format!(
            "{numbers} INSERT INTO delivery SELECT article, portal, article, 1, 3, article, 1, 0, 3, 0, 0, 0, 1, \
             (article - 1) * ?2 + portal FROM a, p"
        ),
        (articles, portals),
    )?;
    tx.execute(
        &format!(
            "{numbers} INSERT INTO copy SELECT article, portal, printf('cs-%024x', article), '1', \
             printf('http://cms.example.vn/cs-%024x', article), NULL, article, 1, zeroblob(24), 0, 1000000, 0, NULL, NULL \
             FROM a, p"
        ),
        (articles, portals),
    )?;
    tx.execute(
        &format!(
            "{numbers} INSERT INTO attempt (article, portal, operation, started, at, quiet_until, ended, outcome) \
             SELECT article, portal, 1, 1000000, 1764000000000, 1065000, 1000300, 'done' FROM a, p"
        ),
        (articles, portals),
    )?;
    Ok(tx.commit()?)
}

/// Hints that are due, and their deliveries, for one portal: `count` of them, long waiting.
pub(crate) fn add_overdue(db: &mut Connection, portal: PortalId, count: i64) -> Result<()> {
    let tx = db.transaction()?;
    let first: i64 = tx.query_row("SELECT coalesce(max(article), 0) + 1 FROM delivery", [], |row| row.get(0))?;
    let numbers = "WITH RECURSIVE a(article) AS (SELECT ?1 UNION ALL SELECT article + 1 FROM a WHERE article < ?2)";
    let last = first + count - 1;
    tx.execute(
        &format!(
            "{numbers} INSERT INTO delivery SELECT article, ?3, article, 1, 0, NULL, NULL, 0, 3, 0, 0, 0, 0, NULL FROM a"
        ),
        (first, last, portal.0),
    )?;
    tx.execute(&format!("{numbers} INSERT INTO due SELECT ?3, 3, 500000, article FROM a"), (first, last, portal.0))?;
    tx.execute(
        "INSERT OR IGNORE INTO article (id, key, origin, revision, published, first_seen, title, url) \
         VALUES (?1, printf('cs-%024x', -?1), 'https://portal.example.vn', ?1, 1, 1, 'Tin chờ', 'https://portal.example.vn/cho')",
        [last],
    )?;
    Ok(tx.commit()?)
}
