//! Which articles are read from their own pages, and when.
//!
//! A reading of the list commits its entries here and is done with them: what
//! one poll does not get to is due at the next, and a kill in between loses
//! nothing. An entry that stays the same makes no work.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use super::articles::{self, Committed, Quarantined};
use super::portals::Planned;
use super::steps::parse;
use super::writer::Rank;
use super::{Store, StoreError, Tx};
use crate::article::Item;

/// An article whose page is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuePage {
    pub id: i64,
    /// What the list said last.
    pub entry: Item,
    pub so_far: SoFar,
}

/// What came of a page before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoFar {
    /// Not read since its entry is new or changed.
    Unread,
    Read,
    /// The last reading brought nothing.
    Failed,
}

/// What a page brought.
#[derive(Debug)]
pub struct PageRead {
    pub page: DuePage,
    /// The article, filled in. `Err`: the page brought nothing, for a reason
    /// that is put on the quarantine list, or for one that passes.
    pub item: Result<Item, Option<Quarantined>>,
    /// How long until it is read again; `None`: never.
    pub again: Option<Duration>,
}

impl Store {
    /// Pages of a source whose time has come: those of new and changed entries,
    /// the newest article first, then the longest waiting.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn pages_due(&self, source: &str, limit: usize) -> Result<Vec<DuePage>, StoreError> {
        let now = self.clock().now();
        self.read(|db| {
            let source = articles::source_id(db, source)?;
            let mut statement = db.prepare_cached(
                "SELECT id, item, due, failed FROM page WHERE source = ?1 AND due <= ?2 ORDER BY due, id LIMIT ?3",
            )?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut rows = statement.query((source, now.0, limit))?;
            let mut due = Vec::new();
            while let Some(row) = rows.next()? {
                let so_far = match (row.get::<_, i64>(2)?, row.get(3)?) {
                    (..0, _) => SoFar::Unread,
                    (_, true) => SoFar::Failed,
                    (_, false) => SoFar::Read,
                };
                due.push(DuePage { id: row.get(0)?, entry: parse(&row.get::<_, String>(1)?)?, so_far });
            }
            Ok(due)
        })
    }

    /// Whether articles of a source were never read from their pages.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn pages_wait(&self, source: &str) -> Result<bool, StoreError> {
        self.read(|db| {
            let source = articles::source_id(db, source)?;
            let mut statement =
                db.prepare_cached("SELECT EXISTS (SELECT 1 FROM page WHERE source = ?1 AND due < 0)")?;
            Ok(statement.query_row([source], |row| row.get(0))?)
        })
    }

    /// Commits what a page brought, with the deliveries that follow.
    ///
    /// # Errors
    /// When it cannot be committed: then the page is read again.
    pub async fn page_read(
        &self,
        source: &str,
        read: PageRead,
        planned: Arc<Planned>,
    ) -> Result<Committed, StoreError> {
        let source = source.to_owned();
        self.write(Rank::Ingest, move |tx| {
            let id = articles::source_id(tx.db, &source)?;
            let mut committed = Committed::default();
            match &read.item {
                Ok(item) => committed = articles::take_in(tx, (id, &source), item, &planned)?,
                Err(Some(bad)) => committed.quarantined = articles::quarantine(tx, id, bad)?,
                Err(None) => {}
            }
            // An older text counts once it was seen twice: the next poll looks.
            let again = if committed.returning > 0 { Some(Duration::ZERO) } else { read.again };
            let due = again.map(|again| tx.now.after(again).0);
            let entry = read.page.entry.digest();
            tx.db.prepare_cached("UPDATE page SET due = ?3, failed = ?4 WHERE id = ?1 AND entry = ?2")?.execute((
                read.page.id,
                &entry.0[..],
                due,
                read.item.is_err(),
            ))?;
            Ok(committed)
        })
        .await
    }

    /// Pages that brought nothing are due at once: the selectors may be others now.
    ///
    /// # Errors
    /// When it cannot be committed.
    pub async fn pages_again(&self, source: &str) -> Result<(), StoreError> {
        let source = source.to_owned();
        self.write(Rank::Ingest, move |tx| {
            let source = articles::source_id(tx.db, &source)?;
            tx.db
                .prepare_cached("UPDATE page SET due = 0, failed = 0 WHERE source = ?1 AND due > 0 AND failed")?
                .execute([source])?;
            Ok(())
        })
        .await
    }
}

/// Takes up what the list says of an article. Its page is due if that is new.
pub(super) fn note(tx: &Tx<'_>, source: i64, entry: &Item) -> Result<Committed, StoreError> {
    let (name, digest) = (name(entry), entry.digest());
    let json = serde_json::to_string(entry).map_err(|error| StoreError::Strange(error.to_string()))?;
    let due = -entry.content.published.as_millisecond().max(1);
    let new = tx
        .db
        .prepare_cached("INSERT OR IGNORE INTO page (source, name, entry, item, due) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute((source, &name, &digest.0[..], &json, due))?;
    if new > 0 {
        return Ok(Committed { entries: 1, ..Committed::default() });
    }
    tx.db
        .prepare_cached(
            "UPDATE page SET entry = ?3, item = ?4, due = ?5 WHERE source = ?1 AND name = ?2 AND entry != ?3",
        )?
        .execute((source, &name, &digest.0[..], &json, due))?;
    Ok(Committed { unchanged: 1, ..Committed::default() })
}

/// The source gives the whole text now: its page is not read any more.
pub(super) fn forget(tx: &Tx<'_>, source: i64, item: &Item) -> Result<(), StoreError> {
    tx.db.prepare_cached("DELETE FROM page WHERE source = ?1 AND name = ?2")?.execute((source, name(item)))?;
    Ok(())
}

/// Whether the source has listed the article, be its page read or not.
pub(super) fn lists(db: &Connection, source: i64, item: &Item) -> Result<bool, StoreError> {
    let mut statement = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM page WHERE source = ?1 AND name = ?2)")?;
    Ok(statement.query_row((source, name(item)), |row| row.get(0))?)
}

fn name(item: &Item) -> String {
    let first = item.names.first();
    let (kind, value) = first.map_or(("", item.content.url.as_str()), |name| (name.kind.name(), &name.value));
    format!("{} {kind} {value}", item.origin)
}
