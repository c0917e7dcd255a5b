//! The past of sources, as far as a person asked for it: what is wanted and how
//! far it was read. One at a time for each source; a newer order takes its place.

use rusqlite::OptionalExtension;
use serde::{Deserialize, Serialize};

use super::orders::{Order, Selection, What};
use super::steps::{json, parse};
use super::writer::{self, Rank};
use super::{Desk, Store, StoreError, Tx, events};

/// A past that is being read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    pub who: String,
    /// Portals and span of the order: what was read goes there.
    pub selection: Selection,
    /// Publication, wall clock, ms.
    pub since: i64,
    /// Where the reader goes on, in its own words; `None`: at the beginning.
    pub place: Option<String>,
    /// Everything is read; articles may still wait for their own pages.
    pub walked: bool,
    /// Articles that were new so far.
    pub found: u64,
}

impl Store {
    /// # Errors
    /// When the ledger cannot be read.
    pub fn history(&self, source: &str) -> Result<Option<History>, StoreError> {
        self.read(|db| history(db, source))
    }

    /// Remembers how far the past was read. A newer order is left alone.
    ///
    /// # Errors
    /// When it cannot be committed.
    pub async fn history_goes_on(&self, source: &str, before: History, after: History) -> Result<(), StoreError> {
        let source = source.to_owned();
        self.write(Rank::Order, move |tx| put(tx, &source, &before, Some(&after)).map(drop)).await
    }

    /// The rest of the past is left unread.
    ///
    /// # Errors
    /// When it cannot be committed.
    pub async fn history_breaks(&self, source: &str, before: History, why: &str) -> Result<(), StoreError> {
        let after = History { walked: true, place: None, ..before.clone() };
        let detail = format!("left unread behind {}: {why}", before.place.as_deref().unwrap_or("its beginning"));
        let source = source.to_owned();
        self.write(Rank::Order, move |tx| {
            if !put(tx, &source, &before, Some(&after))? {
                return Ok(());
            }
            events::append(tx, "dongbo", "source.history-broken", &source, &detail)
        })
        .await
    }

    /// What was read goes where the order said. A newer order reads and sends it itself.
    ///
    /// # Errors
    /// When it cannot be committed.
    pub async fn history_ends(&self, source: &str, history: History) -> Result<(), StoreError> {
        let source = source.to_owned();
        self.write(Rank::Order, move |tx| {
            if !put(tx, &source, &history, None)? {
                return Ok(());
            }
            let order = json(&Order { what: What::Resync, selection: history.selection.clone() })?;
            tx.db.execute(
                "INSERT INTO orders (at, who, what) VALUES (?1, ?2, ?3)",
                (writer::wall(), &history.who, order),
            )?;
            let detail = format!("{} new articles", history.found);
            events::append(tx, &history.who, "source.history-read", &source, &detail)
        })
        .await
    }
}

impl Desk {
    /// # Errors
    /// When the ledger cannot be read.
    pub fn history(&self, source: &str) -> Result<Option<History>, StoreError> {
        history(&self.db, source)
    }
}

/// A person asks for a source's past.
pub(super) fn begin(tx: &Tx<'_>, order: &Order, who: &str) -> Result<(), StoreError> {
    let (Some(source), Some(since)) = (order.selection.source.clone(), order.selection.since) else { return Ok(()) };
    let selection = order.selection.clone();
    let history = History { who: who.to_owned(), selection, since, place: None, walked: false, found: 0 };
    tx.db.execute("UPDATE source SET history = ?2 WHERE name = ?1", (&source, json(&history)?))?;
    Ok(())
}

/// Whether the order was still this one.
fn put(tx: &Tx<'_>, source: &str, before: &History, after: Option<&History>) -> Result<bool, StoreError> {
    let after = after.map(json).transpose()?;
    let mut statement = tx.db.prepare_cached("UPDATE source SET history = ?3 WHERE name = ?1 AND history = ?2")?;
    Ok(statement.execute((source, json(before)?, after))? > 0)
}

fn history(db: &rusqlite::Connection, source: &str) -> Result<Option<History>, StoreError> {
    let mut statement = db.prepare_cached("SELECT history FROM source WHERE name = ?1")?;
    let row: Option<Option<String>> = statement.query_row([source], |row| row.get(0)).optional()?;
    row.flatten().map(|text| parse(&text)).transpose()
}
