//! Reads articles' own pages, politely: a few at each poll of their source,
//! those of new entries first, then those whose text may have been corrected.
//!
//! Wanted: an article's text comes from its page once, a correction that the
//! list does not show arrives within the cadence, and a redesigned page is an
//! alarm that stays until a page can be read again; no copy changes meanwhile.
//! What is due stands in the ledger, so nothing here needs to be remembered
//! but the alarm: after a restart it comes back with the next three pages.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::article::Item;
use crate::original::{SETTLED, YOUNG};
use crate::source::page::{self, Unfilled};
use crate::source::{Fetcher, Hosts, ReadError, Warning};
use crate::store::{Committed, DuePage, PageRead, Planned, Quarantined, SoFar, Store, StoreError};

/// Pages in a row on which nothing was found, or that could not be fetched,
/// until the source counts as failing.
pub const FAILURES_MAX: usize = 3;

/// How often and how many pages are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// Between two pages.
    pub pause: Duration,
    /// Pages of one poll; the others wait for the next.
    pub at_once: usize,
    /// Articles younger than 3 days are read again after this …
    pub young: Duration,
    /// … and those younger than 90 days after this. Older ones never.
    pub settled: Duration,
    /// After a page that brought nothing.
    pub retry: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            pause: Duration::from_millis(250),
            at_once: 100,
            young: Duration::from_secs(60 * 60),
            settled: Duration::from_secs(24 * 60 * 60),
            retry: Duration::from_secs(10 * 60),
        }
    }
}

impl Pace {
    /// How long a page that was read is left alone.
    #[must_use]
    pub fn again(&self, age: SignedDuration) -> Option<Duration> {
        match elapsed(age) {
            age if age < YOUNG => Some(self.young),
            age if age < SETTLED => Some(self.settled),
            _ => None,
        }
    }

    /// How long one that brought nothing is left alone. It is never given up:
    /// its article may not have been read yet.
    #[must_use]
    pub fn retry(&self, age: SignedDuration) -> Duration {
        if elapsed(age) < YOUNG { self.retry } else { self.settled }
    }
}

/// A date ahead of now is young.
fn elapsed(age: SignedDuration) -> Duration {
    Duration::try_from(age).unwrap_or_default()
}

/// The pages of one source.
#[derive(Debug)]
pub struct Pages {
    source: String,
    /// Its origin is trusted; an address from content that leads elsewhere must be public.
    url: Url,
    config: Arc<page::Config>,
    fetcher: Fetcher,
    store: Store,
    pub pace: Pace,
    /// Pages since the last good one on which this field was not found.
    unmatched: (usize, &'static str),
    started: bool,
}

/// What pages brought.
#[derive(Debug, Default)]
pub struct Round {
    pub committed: Committed,
    pub warnings: Vec<Warning>,
}

/// Why a round broke off.
#[derive(Debug, thiserror::Error)]
pub enum RoundError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What became of one page.
#[derive(Debug)]
pub enum Found {
    Filled(Box<Item>, Vec<Warning>),
    Unfilled(Unfilled),
    Unread(ReadError),
}

impl Found {
    /// Fetches an entry's page and fills the entry in. The origin of `trusted`
    /// may lie in the operator's own network; every other address must be public.
    pub async fn read(config: &Arc<page::Config>, fetcher: &Fetcher, entry: Item, trusted: &Url) -> Self {
        let Ok(url) = Url::parse(&entry.content.url) else {
            return Self::Unread(ReadError::Refused { address: entry.content.url, reason: "it is no address" });
        };
        let page = match fetcher.page(&url, trusted).await {
            Ok(page) => page,
            Err(error) => return Self::Unread(error),
        };
        let config = config.clone();
        match tokio::task::spawn_blocking(move || config.fill(entry, &page, Timestamp::now())).await {
            Ok(Ok((item, warnings))) => Self::Filled(Box::new(item), warnings),
            Ok(Err(unfilled)) => Self::Unfilled(unfilled),
            Err(_) => Self::Unfilled(Unfilled::Refused("the reader stopped".to_owned())),
        }
    }
}

impl Pages {
    /// It keeps to the limits of each host, with all that share them.
    #[must_use]
    pub fn politely(self, hosts: Hosts) -> Self {
        Self { fetcher: self.fetcher.politely(hosts), ..self }
    }

    /// No entry waits for its first reading.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn all_read(&self) -> Result<bool, StoreError> {
        Ok(!self.store.pages_wait(&self.source)?)
    }

    #[must_use]
    pub fn new(source: String, url: Url, config: page::Config, fetcher: Fetcher, store: Store) -> Self {
        let (config, pace) = (Arc::new(config), Pace::default());
        Self { source, url, config, fetcher, store, pace, unmatched: (0, "body"), started: false }
    }

    /// Reads what is due, within the pace.
    ///
    /// # Errors
    /// Where too many pages in a row brought nothing. What was read is committed.
    pub async fn round(&mut self, planned: &Arc<Planned>) -> Result<Round, RoundError> {
        if !self.started {
            self.store.pages_again(&self.source).await?;
            self.started = true;
        }
        let (mut round, mut unread) = (Round::default(), 0);
        for (number, due) in self.store.pages_due(&self.source, self.pace.at_once)?.into_iter().enumerate() {
            if number > 0 {
                tokio::time::sleep(self.pace.pause).await;
            }
            let found = Found::read(&self.config, &self.fetcher, due.entry.clone(), &self.url).await;
            let trouble = self.judge(due.so_far, &found, &mut unread);
            let (read, warnings) = self.outcome(due, &found);
            round.committed = round.committed.and(self.store.page_read(&self.source, read, planned.clone()).await?);
            round.warnings.extend(warnings);
            match (trouble, found) {
                (true, Found::Unread(error)) => return Err(error.into()),
                (true, Found::Filled(..) | Found::Unfilled(_)) => break,
                (false, _) => {}
            }
        }
        match self.unmatched {
            (FAILURES_MAX.., field) => Err(self.config.lost(field).into()),
            _ => Ok(round),
        }
    }

    /// Whether this page is one too many. A page that had nothing before says
    /// nothing new, and an original that is gone is the watcher's matter.
    fn judge(&mut self, so_far: SoFar, found: &Found, unread: &mut usize) -> bool {
        match found {
            Found::Filled(..) => {
                self.unmatched.0 = 0;
                *unread = 0;
                false
            }
            Found::Unfilled(Unfilled::Missing { field, .. }) => {
                if so_far != SoFar::Failed {
                    self.unmatched = (self.unmatched.0.saturating_add(1), field);
                }
                self.unmatched.0 >= FAILURES_MAX
            }
            Found::Unfilled(Unfilled::Refused(_)) => false,
            Found::Unread(ReadError::Status(401 | 403 | 404 | 410)) if so_far != SoFar::Unread => false,
            Found::Unread(_) => {
                *unread += 1;
                *unread >= FAILURES_MAX
            }
        }
    }

    fn outcome(&self, page: DuePage, found: &Found) -> (PageRead, Vec<Warning>) {
        let age = |item: &Item| Timestamp::now().duration_since(item.content.published);
        let retry = Some(self.pace.retry(age(&page.entry)));
        match found {
            Found::Filled(item, warnings) => {
                let again = self.pace.again(age(item));
                (PageRead { page, item: Ok(Item::clone(item)), again }, warnings.clone())
            }
            Found::Unfilled(unfilled) => {
                let url = &page.entry.content.url;
                let sample = format!("{} {url}", page.entry.content.title);
                let bad = Quarantined { reason: format!("its page {url}: {unfilled}"), sample };
                (PageRead { page, item: Err(Some(bad)), again: retry }, Vec::new())
            }
            Found::Unread(error) => {
                tracing::warn!(source = %self.source, url = %page.entry.content.url, %error, "page not read");
                (PageRead { page, item: Err(None), again: retry }, Vec::new())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn young_articles_are_read_again_hourly_those_of_a_quarter_daily_and_old_ones_never() {
        let (pace, hours) = (Pace::default(), SignedDuration::from_hours);
        let hour = Duration::from_secs(3600);
        for (age, again, retry) in [
            (hours(-5), Some(hour), hour / 6),
            (hours(71), Some(hour), hour / 6),
            (hours(73), Some(hour * 24), hour * 24),
            (hours(24 * 89), Some(hour * 24), hour * 24),
            (hours(24 * 91), None, hour * 24),
        ] {
            assert_eq!((pace.again(age), pace.retry(age)), (again, retry), "{age:?}");
        }
    }
}
