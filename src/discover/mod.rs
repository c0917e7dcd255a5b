//! How an address can be read as a source: the best way that yields articles
//! now, as a `[[source]]` table, and what else was found.
//!
//! The table that is printed is the one that was loaded and read: nothing is
//! claimed that was not tried. What pages name is a stranger's word, so only
//! the address that the operator named may lie in an inner network. It knows
//! neither ledger nor portals, and writes nothing.

pub mod table;
pub mod ways;
pub mod words;

use std::time::Duration;

use serde::Serialize;
use url::Url;

use crate::config::{Source, append};
use crate::message::Lang;
use crate::probe::road::Outcome;
use crate::probe::{self, Finding, Prober, Target};
use crate::sample::{Asker, Sample};
use crate::source::page::is_complete;
use crate::source::{Fetcher, Hosts, Limits, Politeness, ReadError};
use table::Table;
use ways::{Kind, Way};

/// Requests to one host, one after the other.
const POLITENESS: Politeness = Politeness { in_flight: 1, pause: Duration::from_millis(250) };

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

struct Best {
    way: Way,
    table: Table,
    source: Source,
    sample: Sample,
}

impl Search<'_> {
    async fn walk(&mut self) {
        let page = match self.finding.outcome {
            Outcome::Page => self.page().await,
            _ => None,
        };
        for way in ways::ways(&self.named, self.finding, page.as_ref()) {
            if self.best.as_ref().is_some_and(|best| best.way.kind <= way.kind) {
                break;
            }
            self.attempt(way).await;
        }
    }

    /// The main page, once more: the first look keeps only what it shows.
    async fn page(&self) -> Option<probe::page::Page> {
        let url = Url::parse(&self.finding.page.as_ref()?.url).ok()?;
        let fed = self.asker().fetch(&url, None).await.ok()?;
        let read =
            tokio::task::spawn_blocking(move || probe::page::read(&fed.bytes, fed.content_type.as_deref(), &fed.url));
        read.await.ok()
    }

    fn asker(&self) -> Asker<'_> {
        Asker { fetcher: &self.fetcher, trusted: &self.named }
    }

    /// Loads the table of a way and reads by it; the first of equally good ones stays.
    async fn attempt(&mut self, mut way: Way) {
        let mut table = Table::new(&self.wish.id, &way);
        let read = match append::source(&table.to_string()) {
            Ok(source) => self.read(&source).await.map(|sample| (source, sample)),
            Err(error) => Err(error.to_string()),
        };
        match read {
            Ok((source, sample)) => {
                if way.kind == Kind::WholeFeed && !sample.items().all(is_complete) {
                    way.kind = Kind::Feed;
                }
                table.name = sample.summary.title.clone();
                if self.best.as_ref().is_none_or(|best| way.kind < best.way.kind) {
                    self.best = Some(Best { way, table, source, sample });
                }
            }
            Err(reason) => self.failed.push(Failed { way, reason }),
        }
    }

    async fn read(&self, source: &Source) -> Result<Sample, String> {
        let asker = self.asker();
        let read = async { asker.read(asker.fetch(&source.url, Some(source)).await?, Some(source)).await };
        let sample = read.await.map_err(|error| error.to_string())?;
        if sample.items().next().is_some() {
            return Ok(sample);
        }
        let aside = sample.entries.iter().find_map(|entry| entry.as_ref().err());
        Err(aside.map_or_else(|| "it lists no article".to_owned(), |bad| bad.reason.clone()))
    }
}

impl Best {
    /// With the comments that a person needs.
    fn chosen(self, wish: &Wish<'_>, finding: &Finding, failed: &[Failed]) -> Chosen {
        let Self { way, mut table, source, sample } = self;
        table.name = table.name.or_else(|| finding.page.as_ref()?.title.clone());
        table.notes = words::notes(&way, &sample, finding, failed, wish.lang);
        Chosen { table: table.to_string(), way, source, sample }
    }
}
