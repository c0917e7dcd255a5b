//! How an address can be read as a source: the best way that yields articles
//! now, as a `[[source]]` table, and what else was found.
//!
//! The table that is printed is the one that was loaded and read: nothing is
//! claimed that was not tried. What pages name is a stranger's word, so only
//! the address that the operator named may lie in an inner network. It knows
//! neither ledger nor portals, and writes nothing.

pub mod entries;
pub mod selectors;
pub mod suggest;
pub mod table;
pub mod ways;
pub mod words;

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use url::Url;

use crate::article::Item;
use crate::config::{ConfigError, Source, append};
use crate::message::Lang;
use crate::probe::road::Outcome;
use crate::probe::{self, Finding, Prober, Target};
use crate::sample::{Asker, Fed, Sample};
use crate::source::page::is_complete;
use crate::source::{Fetcher, Hosts, Limits, Politeness, ReadError};
use suggest::Selectors;
use table::Table;
use ways::{Kind, Way};

/// Requests to one host, one after the other.
const POLITENESS: Politeness = Politeness { in_flight: 1, pause: Duration::from_millis(250) };
/// What is read of robots.txt (RFC 9309 §2.5).
const ROBOTS_BYTES_MAX: usize = 500 * 1024;
/// For a guess from pages that may be made to take long.
const WORK_MAX: Duration = Duration::from_secs(20);
/// Articles whose pages must agree.
const SAMPLES_MIN: usize = 2;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Wish<'a> {
    /// As a person wrote it; the scheme may be missing.
    pub address: &'a str,
    /// Of the source to be.
    pub id: String,
    /// Of the comments in the table.
    pub lang: Lang,
    /// For the first look at the site.
    pub time: Duration,
    /// For what follows.
    pub limits: Limits,
}

/// What came of it.
#[derive(Debug)]
pub struct Discovery {
    pub finding: Finding,
    pub chosen: Option<Chosen>,
    /// Better ways that could not be read, the best first.
    pub failed: Vec<Failed>,
}

/// The way that is best.
#[derive(Debug)]
pub struct Chosen {
    pub way: Way,
    /// The `[[source]]` table with comments; loads.
    pub table: String,
    pub source: Source,
    pub sample: Sample,
}

/// A way that was tried in vain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failed {
    #[serde(flatten)]
    pub way: Way,
    /// The technical cause; English.
    pub reason: String,
}

/// Looks at an address.
///
/// # Errors
/// When the TLS set-up of this machine cannot be read.
pub async fn discover(wish: &Wish<'_>) -> Result<Discovery, ReadError> {
    let settings = probe::Settings { time: wish.time, at_once: 1 };
    let target = Target { address: wish.address.to_owned(), name: None };
    let mut findings = Prober::new(settings)?.round(vec![target], |_| {}).await;
    // One target has one finding.
    let Some(finding) = findings.pop() else { return Err(ReadError::Empty) };
    let Some(named) = ways::named(wish.address, &finding) else {
        return Ok(Discovery { finding, chosen: None, failed: Vec::new() });
    };
    let fetcher = Fetcher::new(wish.limits.clone())?.politely(Hosts::new(POLITENESS));
    let mut search = Search { wish, finding: &finding, fetcher, named, best: None, failed: Vec::new() };
    search.walk().await;
    let Search { best, failed, .. } = search;
    let chosen = best.map(|best| best.chosen(wish, &finding, &failed));
    Ok(Discovery { finding, chosen, failed })
}

/// A search under way.
struct Search<'a> {
    wish: &'a Wish<'a>,
    finding: &'a Finding,
    fetcher: Fetcher,
    /// The address that the operator named.
    named: Url,
    best: Option<Best>,
    failed: Vec<Failed>,
}

/// The best way so far.
struct Best {
    way: Way,
    table: Table,
    source: Source,
    sample: Sample,
    /// Articles of the list, of which the sample may be a part.
    listed: usize,
}

/// Why a way was tried in vain.
struct Vain {
    reason: String,
    /// Nothing stands at the address.
    absent: bool,
}

impl From<&str> for Vain {
    fn from(reason: &str) -> Self {
        Self { reason: reason.to_owned(), absent: false }
    }
}

impl From<ConfigError> for Vain {
    fn from(error: ConfigError) -> Self {
        error.to_string().as_str().into()
    }
}

impl From<ReadError> for Vain {
    fn from(error: ReadError) -> Self {
        Self { reason: error.to_string(), absent: matches!(error, ReadError::Status(404 | 410)) }
    }
}

impl Search<'_> {
    async fn walk(&mut self) {
        let main = match self.finding.outcome {
            Outcome::Page => self.main().await,
            _ => None,
        };
        let page = match main.clone() {
            Some(fed) => blocking(move || probe::page::read(&fed.bytes, fed.content_type.as_deref(), &fed.url)).await,
            None => None,
        };
        for way in ways::ways(&self.named, self.finding, page.as_ref()) {
            if self.best.as_ref().is_some_and(|best| best.way.kind <= way.kind) {
                break;
            }
            self.attempt(Table::new(&self.wish.id, &way), way).await;
        }
        if self.best.is_none() && self.finding.outcome == Outcome::Page {
            for way in ways::sitemaps(&self.named, &self.robots().await) {
                if self.best.is_none() {
                    self.attempt(Table::new(&self.wish.id, &way), way).await;
                }
            }
        }
        if let Some(fed) = main.filter(|_| self.best.is_none()) {
            self.listing(fed).await;
        }
    }

    /// The main page, once more: the first look keeps only what it shows.
    async fn main(&self) -> Option<Fed> {
        let url = Url::parse(&self.finding.page.as_ref()?.url).ok()?;
        self.asker().fetch(&url, None).await.ok()
    }

    async fn robots(&self) -> String {
        let Ok(url) = self.named.join("/robots.txt") else { return String::new() };
        let fed = self.asker().fetch(&url, None).await;
        let bytes = fed.map(|fed| fed.bytes).unwrap_or_default();
        String::from_utf8_lossy(&bytes[..bytes.len().min(ROBOTS_BYTES_MAX)]).into_owned()
    }

    async fn listing(&mut self, fed: Fed) {
        let way = Way { kind: Kind::Listing, url: fed.url.clone() };
        let found =
            blocking(move || entries::suggest(&fed.bytes, fed.content_type.as_deref(), &fed.url, Timestamp::now()));
        if let Some(entries) = found.await.flatten() {
            let table = Table { entries: Some(entries), ..Table::new(&self.wish.id, &way) };
            self.attempt(table, way).await;
        }
    }

    fn asker(&self) -> Asker<'_> {
        Asker { fetcher: &self.fetcher, trusted: &self.named }
    }

    /// Loads the table of a way and reads by it; the first of equally good ones stays.
    async fn attempt(&mut self, table: Table, way: Way) {
        match self.read(table, way.clone()).await {
            Ok(read) if self.best.as_ref().is_none_or(|best| read.way.kind < best.way.kind) => self.best = Some(read),
            // Where sitemaps usually stand there is none; that is no news.
            Ok(_) | Err(Vain { absent: true, .. }) if way.kind == Kind::Sitemap => {}
            Ok(_) => {}
            Err(Vain { reason, .. }) => self.failed.push(Failed { way, reason }),
        }
    }

    async fn read(&self, mut table: Table, mut way: Way) -> Result<Best, Vain> {
        let (source, sample) = self.list(&table).await?;
        table.name.clone_from(&sample.summary.title);
        let listed = sample.items().count();
        if sample.items().all(is_complete) {
            return Ok(Best { way, table, source, sample, listed });
        }
        if way.kind == Kind::WholeFeed {
            (way.kind, table.kind) = (Kind::Feed, Kind::Feed);
        }
        if way.kind == Kind::Sitemap {
            table.include = ways::folder(sample.items().map(|item| item.content.url.as_str()));
        }
        match self.with_pages(&table, &sample).await {
            Ok((table, source, sample)) => Ok(Best { way, table, source, sample, listed }),
            // A feed has at least its summaries.
            Err(_) if way.kind <= Kind::Feed => Ok(Best { way, table, source, sample, listed }),
            Err(reason) => Err(reason),
        }
    }

    /// What the list says, without the articles' own pages.
    async fn list(&self, table: &Table) -> Result<(Source, Sample), Vain> {
        let whole = Table { page: (table.kind >= Kind::Sitemap).then(Selectors::any), ..table.clone() };
        let source = append::source(&whole.to_string())?;
        let source = Source { page: None, page_as_written: None, ..source };
        let asker = self.asker();
        let sample = asker.read(asker.fetch(&source.url, Some(&source)).await?, Some(&source)).await?;
        if sample.items().next().is_some() {
            return Ok((source, sample));
        }
        let aside = sample.entries.iter().find_map(|entry| entry.as_ref().err());
        Err(aside.map_or("it lists no article", |bad| bad.reason.as_str()).into())
    }

    /// The table with selectors for the articles' own pages, and what these yield.
    async fn with_pages(&self, table: &Table, list: &Sample) -> Result<(Table, Source, Sample), Vain> {
        let include = table.include.as_deref();
        let wanted = |item: &&Item| {
            let path = Url::parse(&item.content.url).map(|url| url.path().to_owned()).unwrap_or_default();
            !is_complete(item) && include.is_none_or(|folder| path.starts_with(folder))
        };
        let entries: Vec<Item> = list.items().filter(wanted).take(suggest::SAMPLES).cloned().collect();
        let mut pages = Vec::new();
        for url in entries.iter().filter_map(|item| Url::parse(&item.content.url).ok()) {
            pages.extend(self.fetcher.page(&url, &self.named).await.ok());
        }
        if pages.len() < SAMPLES_MIN {
            return Err("the articles' own pages cannot be read".into());
        }
        let selectors = blocking(move || suggest::suggest(&pages, Timestamp::now())).await.flatten();
        let selectors = selectors.ok_or("its articles' pages have nothing in common that selectors could name")?;
        let table = Table { page: Some(selectors), ..table.clone() };
        let source = append::source(&table.to_string())?;
        let page = source.page.as_ref().ok_or("its table has no [source.page]")?;
        let entries = entries.into_iter().map(Ok).collect();
        let sample = self.asker().with_pages(Sample { entries, summary: list.summary.clone() }, page).await;
        match sample.items().count() {
            SAMPLES_MIN.. => Ok((table, source, sample)),
            _ => Err("the selectors that were guessed do not hold".into()),
        }
    }
}

/// Work that is bound by the processor; `None`: it stopped, or takes too long to be waited for.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::time::timeout(WORK_MAX, tokio::task::spawn_blocking(work)).await.ok()?.ok()
}

impl Best {
    /// With the comments that a person needs.
    fn chosen(mut self, wish: &Wish<'_>, finding: &Finding, failed: &[Failed]) -> Chosen {
        self.table.notes = words::notes(&self, finding, failed, wish.lang);
        let Self { way, mut table, source, sample, .. } = self;
        table.name = table.name.or_else(|| finding.page.as_ref()?.title.clone());
        Chosen { table: table.to_string(), way, source, sample }
    }
}
