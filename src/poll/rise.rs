//! Reads an API from the newest moment that is known to now.
//!
//! The moments come from the ledger, so a reading that broke off, or a kill,
//! only means that some articles are read twice.

use std::sync::Arc;

use jiff::Timestamp;
use url::Url;

use super::{FIRST_READING_AGE, PAGE_PAUSE, PollError, Polled, Poller, Read, document, split, stopped};
use crate::source::api::{Answer, Api, By, Next, Question, Rise};
use crate::source::feed::WARNINGS_MAX;
use crate::source::{Body, Fetched, Previous, ReadError, Summary, Validators};
use crate::store::{self, Ingested, Planned, StoreError};

/// How far the readings by one order have come.
#[derive(Debug)]
pub(super) struct Tide {
    by: By,
    newest: Timestamp,
    /// A rise that was longer than a reading.
    paused: Option<Rise>,
    /// The last question and its answer, where it was the only one: mostly the next one is the same.
    last: Option<(Url, [u8; 32])>,
}

impl Poller {
    pub(super) async fn rise(&mut self, api: &Api, planned: &Arc<Planned>) -> Result<Polled, PollError> {
        let api = Arc::new(api.clone());
        let mut tides = match self.tides.take() {
            Some(tides) => tides,
            None => self.tides_of(&api)?,
        };
        let mut read = Read { summary: Summary { complete: true, ..Summary::default() }, ..Read::default() };
        let mut risen = Ok(());
        for tide in &mut tides {
            let one = self.rise_by(&api, tide, planned, &mut read).await;
            // Who answers another question than was asked may yet answer by the other order.
            let goes_on = matches!(one, Ok(()) | Err(PollError::Read(ReadError::NothingMatched { .. })));
            risen = risen.and(one);
            if !goes_on {
                break;
            }
        }
        let whole = tides.iter().all(|tide| tide.paused.is_none());
        self.tides = Some(tides);
        risen?;
        if read.summary.items + read.summary.quarantined == 0 {
            return self.unchanged(planned).await;
        }
        self.returns_are_open = None;
        // A first rise that is longer than one reading goes on teaching what is usual.
        // It has no validators; with them the ledger notes when something new was read.
        let news = read.committed.new + read.committed.corrected + read.committed.entries > 0;
        let validators = news.then(store::Validators::default);
        let end = Ingested { last: whole && self.pages.is_none(), validators, ..Ingested::new(&self.id) };
        self.store.ingest(end, planned.clone()).await?;
        Ok(Polled::Changed { committed: read.committed, summary: Box::new(read.summary) })
    }

    fn tides_of(&self, api: &Api) -> Result<Vec<Tide>, StoreError> {
        let now = Timestamp::now();
        let first = now.saturating_sub(FIRST_READING_AGE).unwrap_or(now);
        let known = self.store.newest(&self.id, now)?;
        let newest = |by| match by {
            By::Touch => known.touched,
            By::Publication => known.published,
        };
        let tide = |&by: &By| Tide { by, newest: newest(by).unwrap_or(first), paused: None, last: None };
        Ok(api.orders().iter().map(tide).collect())
    }

    async fn rise_by(
        &mut self,
        api: &Arc<Api>,
        tide: &mut Tide,
        planned: &Arc<Planned>,
        read: &mut Read,
    ) -> Result<(), PollError> {
        // This machine's clock may have been set back.
        let mut rise = tide.paused.take().unwrap_or_else(|| Rise::new(tide.by, tide.newest.min(Timestamp::now())));
        let mut first = true;
        loop {
            let url = api.address(&self.url, rise.question());
            let same = tide.last.as_ref().filter(|(asked, _)| first && *asked == url).map(|(_, hash)| *hash);
            let previous = Previous { validators: Validators::default(), hash: same };
            let Fetched::Changed(body) = self.ask(&url, &previous).await? else { return Ok(()) };
            let hash = body.hash;
            let answer = self.answer(api, rise.question(), *body).await?;
            let (newest, next, single) = (answer.newest_until(Timestamp::now()), rise.next(&answer), !answer.goes_on());
            self.take_answer(answer, planned, read).await?;
            // Only now: what is known is what is committed.
            tide.newest = tide.newest.max(newest.unwrap_or(tide.newest));
            if std::mem::take(&mut first) {
                // Where more follows, the answer may stay the same and what is new comes behind it.
                tide.last = Some((url, hash)).filter(|_| single);
            }
            match next {
                Next::Ask => {}
                Next::Pause => {
                    tide.paused = Some(rise);
                    return Ok(());
                }
                Next::Gap => self.gap().await?,
                Next::Done => return Ok(()),
            }
            tokio::time::sleep(PAGE_PAUSE).await;
        }
    }

    async fn answer(&self, api: &Arc<Api>, question: &Question, body: Body) -> Result<Answer, PollError> {
        let (api, question, url, now) = (api.clone(), question.clone(), self.url.clone(), Timestamp::now());
        let read = tokio::task::spawn_blocking(move || api.answer(&question, &url, &document(&body, now)));
        Ok(read.await.map_err(stopped)??)
    }

    async fn take_answer(&self, answer: Answer, planned: &Arc<Planned>, read: &mut Read) -> Result<(), StoreError> {
        let (good, bad) = split(answer.items);
        read.summary.items += good.len();
        read.summary.quarantined += bad.len();
        read.summary.warnings.extend(answer.warnings);
        read.summary.warnings.truncate(WARNINGS_MAX);
        read.committed = read.committed.and(self.intake.keep(good, bad, false, planned).await?);
        Ok(())
    }
}
