//! Reads one source: fetch, parse what changed, commit in pieces.
//!
//! Validators are saved with the last piece only, and only when the document
//! was read to its proper end: a reading that broke off is repeated.

use std::sync::Arc;

use jiff::Timestamp;
use url::Url;

use crate::config;
use crate::source::{Body, Document, FeedReader, Fetched, Fetcher, Limits, Previous, ReadError, Summary, Validators};
use crate::store::{self, Committed, Ingested, Planned, Quarantined, Store, StoreError};

/// Items committed in one transaction: the writer stays free for outcomes.
const PIECE: usize = 20;

/// A source that is read again and again.
#[derive(Debug)]
pub struct Poller {
    pub id: String,
    pub url: Url,
    fetcher: Fetcher,
    reader: Arc<FeedReader>,
    store: Store,
    previous: Option<Previous>,
    failing: Option<&'static str>,
}

/// What a poll came to.
#[derive(Debug)]
pub enum Polled {
    Unchanged,
    Changed { committed: Committed, summary: Summary },
}

/// Why a poll brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Poller {
    /// # Errors
    /// When the TLS set-up of this machine cannot be read.
    pub fn new(
        source: &config::Source,
        limits: Limits,
        reader: Arc<FeedReader>,
        store: Store,
    ) -> Result<Self, ReadError> {
        Ok(Self {
            id: source.id.clone(),
            url: source.url.clone(),
            fetcher: Fetcher::new(limits)?,
            reader,
            store,
            previous: None,
            failing: None,
        })
    }

    /// Reads the source once. An unchanged one costs no parse and no write.
    ///
    /// # Errors
    /// Nothing of the reading is lost: the next poll reads it again.
    pub async fn poll(&mut self, planned: &Arc<Planned>) -> Result<Polled, PollError> {
        let polled = self.read(planned).await;
        let failing = match &polled {
            Ok(_) => None,
            Err(PollError::Read(error)) => Some(error.kind().name()),
            Err(PollError::Store(_)) => return polled,
        };
        if failing != self.failing {
            self.store.source_fails(&self.id, failing.map(str::to_owned)).await?;
            self.failing = failing;
        }
        polled
    }

    async fn read(&mut self, planned: &Arc<Planned>) -> Result<Polled, PollError> {
        let previous = self.previous()?;
        match self.fetcher.fetch(&self.url, &previous).await? {
            Fetched::Unchanged { .. } => Ok(Polled::Unchanged),
            Fetched::Changed(body) => self.take_in(*body, planned).await,
        }
    }

    fn previous(&mut self) -> Result<Previous, StoreError> {
        if let Some(previous) = &self.previous {
            return Ok(previous.clone());
        }
        let row = self.store.source(&self.id)?;
        let validators = row.map(|row| row.validators).unwrap_or_default();
        let previous = Previous {
            validators: Validators { etag: validators.etag, last_modified: validators.last_modified },
            hash: validators.body,
        };
        self.previous = Some(previous.clone());
        Ok(previous)
    }

    async fn take_in(&mut self, body: Body, planned: &Arc<Planned>) -> Result<Polled, PollError> {
        let (send, mut receive) = tokio::sync::mpsc::channel(2);
        let reader = self.reader.clone();
        let (validators, hash) = (body.validators.clone(), body.hash);
        let parse = tokio::task::spawn_blocking(move || parse(&reader, &body, &send));
        let mut committed = Committed::default();
        while let Some((items, quarantined)) = receive.recv().await {
            let piece = Ingested { source: self.id.clone(), items, quarantined, validators: None };
            committed = committed.and(self.store.ingest(piece, planned.clone()).await?);
        }
        let summary =
            parse.await.map_err(|_| ReadError::Malformed { at: 0, reason: "the reader stopped".into() })??;
        if summary.complete {
            self.save(validators, hash, planned).await?;
        }
        Ok(Polled::Changed { committed, summary })
    }

    async fn save(&mut self, validators: Validators, hash: [u8; 32], planned: &Arc<Planned>) -> Result<(), StoreError> {
        let saved = store::Validators {
            etag: validators.etag.clone(),
            last_modified: validators.last_modified.clone(),
            body: Some(hash),
        };
        let last = Ingested { source: self.id.clone(), validators: Some(saved), ..Ingested::default() };
        self.store.ingest(last, planned.clone()).await?;
        self.previous = Some(Previous { validators, hash: Some(hash) });
        self.failing = None;
        Ok(())
    }
}

type Piece = (Vec<crate::article::Item>, Vec<Quarantined>);

/// Hands the items over in pieces; the caller commits one while the next is read.
fn parse(reader: &FeedReader, body: &Body, send: &tokio::sync::mpsc::Sender<Piece>) -> Result<Summary, ReadError> {
    let document = Document {
        body: &body.bytes,
        content_type: body.content_type.as_deref(),
        url: &body.final_url,
        now: Timestamp::now(),
    };
    let mut reading = reader.read(document)?;
    let (mut items, mut bad) = (Vec::new(), Vec::new());
    for result in reading.by_ref() {
        match result {
            Ok(item) => items.push(item),
            Err(found) => bad.push(Quarantined { reason: found.reason, sample: found.sample }),
        }
        if items.len() + bad.len() >= PIECE
            && send.blocking_send((std::mem::take(&mut items), std::mem::take(&mut bad))).is_err()
        {
            break;
        }
    }
    // The receiver is gone only when the ledger failed; the poll then ends with that.
    let _ = send.blocking_send((items, bad));
    reading.finish()
}
