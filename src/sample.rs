//! Reads a source once, its first page, as the poller would read it: without a
//! ledger, and nothing is remembered.

use std::sync::Arc;

use dongbo_sdk::SecretRef;
use jiff::Timestamp;
use url::Url;

use crate::article::Item;
use crate::config::Source;
use crate::pages::{Found, Pace};
use crate::source::page::{self, is_complete};
use crate::source::sitemap;
use crate::source::{
    self, Ask, Document, FeedReader, Fetched, Fetcher, Format, Paged, Previous, Quarantined, ReadError, Summary,
};

pub type Entries = Vec<Result<Item, Quarantined>>;

/// A document in hand.
#[derive(Debug, Clone)]
pub struct Fed {
    pub bytes: Vec<u8>,
    pub content_type: Option<String>,
    /// Where it was read in the end.
    pub url: Url,
    /// It is read as this, whatever it seems to be.
    pub format: Option<Format>,
}

/// What a document yields.
#[derive(Debug)]
pub struct Sample {
    pub entries: Entries,
    pub summary: Summary,
}

impl Sample {
    /// Articles that can be used.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.entries.iter().flatten()
    }
}

/// Who is asked, and on whose word.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    pub fetcher: &'a Fetcher,
    /// Its origin may lie in the operator's own network; every other address must be public.
    pub trusted: &'a Url,
}

impl Asker<'_> {
    /// Fetches the first page of the source at `url`; `None`: of a feed.
    ///
    /// # Errors
    /// One try; see [`ReadError`] for what may go wrong.
    pub async fn fetch(self, url: &Url, source: Option<&Source>) -> Result<Fed, ReadError> {
        let paged = source.and_then(|source| source.read.as_ref());
        let first = paged.map_or_else(|| url.clone(), |paged| paged.first(url));
        // The account is the source's: no other address of the command line sees it.
        let secret = paged.and_then(Paged::authorization).map(SecretRef::resolve).transpose();
        let secret = secret.map_err(|error| ReadError::Secret(Some(error)))?;
        let configured = source.map_or(url, |source| &source.url);
        let authorization = secret.as_ref().filter(|_| configured.origin() == url.origin());
        let ask = Ask { url: &first, source: self.trusted, previous: &Previous::default(), authorization };
        match self.fetcher.ask(ask).await? {
            Fetched::Changed(body) => {
                let source::Body { bytes, content_type, final_url: url, .. } = *body;
                Ok(Fed { bytes, content_type, url, format: None })
            }
            Fetched::Unchanged { .. } => Err(ReadError::NotModifiedLoop),
        }
    }

    /// Reads a document, and what stands on the articles' own pages.
    ///
    /// # Errors
    /// Where the document cannot be read as a whole.
    pub async fn read(self, fed: Fed, source: Option<&Source>) -> Result<Sample, ReadError> {
        let paged = source.and_then(|source| Some((source.url.clone(), source.read.clone()?)));
        let (mut sample, mut next) = parsed(fed, paged.clone()).await?;
        for _ in 0..sitemap::DEPTH_MAX {
            // A list of files is no page yet.
            let Some(url) = next.take().filter(|_| sample.entries.is_empty()) else { break };
            (sample, next) = parsed(self.fetch(&url, None).await?, paged.clone()).await?;
        }
        match source.and_then(|source| source.page.as_ref()) {
            Some(page) => Ok(self.with_pages(sample, page).await),
            None => Ok(sample),
        }
    }

    /// Fills in what stands on the articles' own pages, one after the other.
    pub async fn with_pages(self, sample: Sample, config: &page::Config) -> Sample {
        let (config, pace) = (Arc::new(config.clone()), Pace::default());
        let Sample { entries, mut summary } = sample;
        let mut filled = Entries::new();
        for entry in entries.into_iter().take(pace.at_once) {
            let entry = match entry {
                Ok(entry) if !is_complete(&entry) => entry,
                done => {
                    filled.push(done);
                    continue;
                }
            };
            let (sample, url) = (entry.content.title.clone(), entry.content.url.clone());
            let bad = |reason: String| {
                Err(Quarantined { reason: format!("its page {url}: {reason}"), sample, identity: None })
            };
            tokio::time::sleep(pace.pause).await;
            filled.push(match Found::read(&config, self.fetcher, entry, self.trusted).await {
                Found::Filled(item, warnings) => {
                    summary.warnings.extend(warnings);
                    Ok(*item)
                }
                Found::Unfilled(unfilled) => bad(unfilled.to_string()),
                Found::Unread(error) => bad(error.to_string()),
            });
        }
        Sample { entries: filled, summary }
    }
}

async fn parsed(fed: Fed, paged: Option<(Url, Paged)>) -> Result<(Sample, Option<Url>), ReadError> {
    let parsed = tokio::task::spawn_blocking(move || parse(&fed, paged.as_ref())).await;
    parsed.map_err(|_| ReadError::Malformed { at: 0, reason: "the reader stopped".into() })?
}

/// What it yields, and where the next page is. `paged`: the source's address and how it is read; `None`: as a feed.
fn parse(fed: &Fed, paged: Option<&(Url, Paged)>) -> Result<(Sample, Option<Url>), ReadError> {
    let document =
        Document { body: &fed.bytes, content_type: fed.content_type.as_deref(), url: &fed.url, now: Timestamp::now() };
    if let Some((url, paged)) = paged {
        let page = paged.read(url, 0, &document)?;
        let summary = Summary { complete: true, warnings: page.warnings, ..Summary::default() };
        return Ok((Sample { entries: page.items, summary }, page.next));
    }
    let mut reading = FeedReader::default().read_as(document, fed.format)?;
    let entries = reading.by_ref().collect();
    Ok((Sample { entries, summary: reading.finish()? }, None))
}
