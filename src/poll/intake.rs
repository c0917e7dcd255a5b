//! Commits what was read of a source in pieces: the writer stays free for outcomes.

use std::sync::Arc;

use crate::article::Item;
use crate::config;
use crate::source::page::is_complete;
use crate::store::{Committed, Ingested, Planned, Quarantined, Store, StoreError};

/// Items committed in one transaction.
const PIECE: usize = 20;

/// Where a source's items go.
#[derive(Debug, Clone)]
pub(crate) struct Intake {
    source: String,
    categories: Vec<String>,
    /// Articles whose text is not whole are read from their own pages.
    by_pages: bool,
    store: Store,
}

impl Intake {
    pub(crate) fn new(source: &config::Source, store: Store) -> Self {
        let (id, categories) = (source.id.clone(), source.categories.clone());
        Self { source: id, categories, by_pages: source.page.is_some(), store }
    }

    /// `unfinished`: older articles may follow on other pages.
    pub(crate) async fn keep(
        &self,
        mut items: Vec<Item>,
        quarantined: Vec<Quarantined>,
        unfinished: bool,
        planned: &Arc<Planned>,
    ) -> Result<Committed, StoreError> {
        items.iter_mut().for_each(|item| item.categorise(&self.categories));
        let mut committed = Committed::default();
        let mut quarantined = Some(quarantined);
        while !items.is_empty() || quarantined.is_some() {
            let rest = items.split_off(items.len().min(PIECE));
            let items = std::mem::replace(&mut items, rest);
            let quarantined = quarantined.take().unwrap_or_default();
            let (items, entries) = items.into_iter().partition(|item| !self.by_pages || is_complete(item));
            let piece = Ingested { items, entries, quarantined, unfinished, ..Ingested::new(&self.source) };
            committed = committed.and(self.store.ingest(piece, planned.clone()).await?);
        }
        Ok(committed)
    }
}
