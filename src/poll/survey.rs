//! Reads a sitemap: its files, the newest first, and of them the young entries.
//!
//! What the files said is remembered by this process alone. After a restart
//! all of them are read once more, and the ledger, which knows their entries,
//! has nothing to do. A file that cannot be read stops no other and is asked
//! for again at the next poll; where none can be read the source fails.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use url::Url;

use super::{FIRST_READING_AGE, PAGE_PAUSE, PollError, Polled, Poller, Read, document, split, stopped};
use crate::article::{Digest, Item, Precision};
use crate::source::feed::WARNINGS_MAX;
use crate::source::sitemap::{Answer, Config, Entries, File, Files, Pattern, YOUNG_MAX};
use crate::source::{Body, Fetched, Previous, ReadError, Summary, Warning};
use crate::store::{Planned, StoreError};

/// Entries that are remembered; then all are shown to the ledger anew.
const KNOWN_MAX: usize = 10 * YOUNG_MAX;
/// How long a file without young entries is left alone: archives that no list dates are many.
const DULL: Duration = Duration::from_secs(60 * 60);
/// Of so many addresses one must be on a path that the configuration wants.
const LISTED_MIN: usize = 20;

/// What was read of a sitemap so far.
#[derive(Debug, Default)]
pub(super) struct Chart {
    files: HashMap<Url, Seen>,
    /// Older entries are left alone; `None`: the ledger knows.
    since: Option<Timestamp>,
    /// Entries that the ledger has, so that a change in a large file costs what is new.
    known: HashSet<Digest>,
}

/// A file that was read to its end.
#[derive(Debug)]
struct Seen {
    previous: Previous,
    /// What its list said of it then.
    touched: Option<(Timestamp, Precision)>,
    /// Of a list of files.
    files: Option<Vec<File>>,
    /// It had no young entry: it is asked for again after [`DULL`].
    dull: Option<Instant>,
}

/// A survey under way.
#[derive(Debug)]
struct Survey {
    config: Arc<Config>,
    /// Older entries are left alone.
    since: Timestamp,
    chart: Chart,
    read: Read,
    tally: Tally,
}

/// What the files of one survey came to.
#[derive(Debug, Default)]
struct Tally {
    /// Files that were asked for and did answer, changed or not.
    answered: usize,
    changed: usize,
    /// Some files were not looked into.
    partly: bool,
    listed: usize,
    wanted: usize,
    dated: usize,
    failure: Option<ReadError>,
}

impl Poller {
    pub(super) async fn survey(&mut self, config: &Config, planned: &Arc<Planned>) -> Result<Polled, PollError> {
        let (believes, doubts) = {
            let (manners, now) = (self.manners()?, Timestamp::now());
            (manners.believes(now), manners.doubts(now))
        };
        let mut chart = std::mem::take(&mut self.chart);
        if !believes || doubts {
            chart.files.clear();
        }
        let read = Read { summary: Summary { complete: true, ..Summary::default() }, ..Read::default() };
        let (config, now) = (Arc::new(config.clone()), Timestamp::now());
        let since = chart.since.map_or_else(|| self.since(), Ok)?;
        let mut survey = Survey { config, since, chart, read, tally: Tally::default() };
        let done = self.files(&mut survey, planned).await;
        let Survey { config, chart, read, tally, .. } = survey;
        if let Some(lost) = tally.lost(&config) {
            // The chart goes: nothing may be taken for read that was not understood.
            return Err(lost.into());
        }
        self.chart = chart;
        done?;
        if tally.failure.is_none() && read.summary.complete {
            // Everything up to now was seen.
            self.chart.since = Some(since.max(now.saturating_sub(FIRST_READING_AGE).unwrap_or(now)));
        }
        self.hid = doubts && read.committed.new + read.committed.entries > 0;
        if tally.changed == 0 {
            return self.unchanged(planned).await;
        }
        Ok(Polled::Changed { committed: read.committed, summary: Box::new(read.summary) })
    }

    async fn files(&mut self, survey: &mut Survey, planned: &Arc<Planned>) -> Result<(), PollError> {
        let (mut files, mut met) = (Files::of(self.url.clone(), survey.since), HashSet::new());
        while let Some((file, depth)) = files.newest() {
            met.insert(file.url.clone());
            if depth > 0 && survey.chart.files.get(&file.url).is_some_and(|seen| seen.stands(&file)) {
                survey.tally.partly = true;
                continue;
            }
            if depth > 0 {
                tokio::time::sleep(PAGE_PAUSE).await;
            }
            match self.file(&file, survey, planned).await {
                Ok(()) => survey.tally.answered += 1,
                Err(PollError::Read(error)) if depth > 0 => {
                    tracing::warn!(source = %self.id, url = %file.url, %error, "a file of the sitemap was not read");
                    survey.chart.files.remove(&file.url);
                    survey.read.summary.complete = false;
                    survey.tally.failure = Some(error);
                }
                Err(error) => return Err(error),
            }
            if let Some(listed) = survey.chart.files.get(&file.url).and_then(|seen| seen.files.as_ref()) {
                files.found(listed, depth);
            }
        }
        if files.cut {
            survey.read.summary.warnings.push(Warning::TooManyItems);
        }
        survey.chart.files.retain(|url, _| met.contains(url));
        let tally = &mut survey.tally;
        tally.partly |= files.cut || files.skipped;
        match &tally.failure {
            // The list of files answers, and none of them does.
            Some(_) if tally.answered <= 1 && !tally.partly => tally.failure.take().map_or(Ok(()), |e| Err(e.into())),
            Some(_) | None => Ok(()),
        }
    }

    /// Looks through all articles of the source. Older entries are not read: 30 days before now at first, later before the newest known article.
    fn since(&self) -> Result<Timestamp, StoreError> {
        let known = self.store.newest(&self.id, Timestamp::now())?;
        let newest = known.touched.max(known.published).unwrap_or(Timestamp::MAX);
        let newest = newest.min(Timestamp::now());
        Ok(newest.saturating_sub(FIRST_READING_AGE).unwrap_or(newest))
    }

    async fn file(&mut self, file: &File, survey: &mut Survey, planned: &Arc<Planned>) -> Result<(), PollError> {
        let seen = survey.chart.files.get_mut(&file.url);
        let previous = seen.as_ref().map(|seen| seen.previous.clone()).unwrap_or_default();
        let body = match (self.ask(&file.url, &previous).await?, seen) {
            (Fetched::Changed(body), _) => body,
            (Fetched::Unchanged { .. }, seen) => {
                if let Some(seen) = seen {
                    survey.tally.partly |= seen.files.is_none();
                    seen.touched = file.touched;
                    seen.dull = seen.dull.map(|_| Instant::now());
                }
                return Ok(());
            }
        };
        survey.tally.changed += 1;
        let previous = Previous { validators: body.validators.clone(), hash: Some(body.hash) };
        let mut seen = Seen { previous, touched: file.touched, files: None, dull: None };
        let mut complete = true;
        match self.answer_of(survey, *body).await? {
            Answer::Index(files) => seen.files = Some(files),
            Answer::Entries(entries) => {
                survey.tally.add(&entries);
                complete = entries.complete;
                seen.dull = entries.items.is_empty().then(Instant::now);
                self.take_entries(entries, survey, planned).await?;
            }
        }
        if complete {
            survey.chart.files.insert(file.url.clone(), seen);
        } else {
            survey.chart.files.remove(&file.url);
        }
        Ok(())
    }

    async fn answer_of(&self, survey: &Survey, body: Body) -> Result<Answer, PollError> {
        let (config, since, url, now) = (survey.config.clone(), survey.since, self.url.clone(), Timestamp::now());
        let read = tokio::task::spawn_blocking(move || config.read(&url, since, &document(&body, now)));
        Ok(read.await.map_err(stopped)??)
    }

    async fn take_entries(
        &self,
        entries: Entries,
        Survey { chart, read, .. }: &mut Survey,
        planned: &Arc<Planned>,
    ) -> Result<(), StoreError> {
        let (mut good, bad) = split(entries.items);
        read.summary.items += good.len();
        read.summary.quarantined += bad.len();
        read.summary.complete &= entries.complete;
        read.summary.warnings.extend(entries.warnings);
        read.summary.warnings.truncate(WARNINGS_MAX);
        good.retain(|item| !chart.known.contains(&item.digest()));
        let digests: Vec<Digest> = good.iter().map(Item::digest).collect();
        read.committed = read.committed.and(self.intake.keep(good, bad, false, planned).await?);
        // Only now: what is known is what is committed.
        if chart.known.len() + digests.len() > KNOWN_MAX {
            chart.known.clear();
        }
        chart.known.extend(digests);
        Ok(())
    }
}

impl Seen {
    /// The list says that the file is as it was, or does not say that it changed
    /// and there is nothing young in it. A date without a time says nothing of
    /// the rest of its day.
    fn stands(&self, file: &File) -> bool {
        let exact = matches!(file.touched, Some((_, Precision::Second | Precision::Minute)));
        let dull = self.dull.is_some_and(|at| at.elapsed() < DULL);
        (exact || dull) && self.files.is_none() && self.touched == file.touched
    }
}

impl Tally {
    fn add(&mut self, entries: &Entries) {
        self.listed += entries.listed;
        self.wanted += entries.wanted;
        self.dated += entries.dated;
    }

    /// What the configuration says of the source's addresses no longer holds.
    /// A sitemap of the latest news may be empty.
    fn lost(&self, config: &Config) -> Option<ReadError> {
        if self.partly || self.failure.is_some() {
            return None;
        }
        let nothing = |field, path: &str| Some(ReadError::NothingMatched { field, path: path.to_owned() });
        match (self.listed, self.wanted, self.dated) {
            (LISTED_MIN.., 0, _) => nothing("include", config.include.first().map_or("exclude", Pattern::written)),
            (_, 1.., 0) => nothing("lastmod", "urlset/url/lastmod"),
            _ => None,
        }
    }
}
