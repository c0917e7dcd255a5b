//! How sources are read: failures in a row, pleas, wishes, moves and gaps.
//! Written only when something changes: an unchanged poll commits nothing.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::articles::{known_article, shown, source_id};
use super::writer::{self, Rank};
use super::{Desk, Store, StoreError, events, pages};
use crate::article::Item;

/// A second gap within this is told by no second event: it mostly has the same cause.
const GAP_TOLD_AGAIN: Duration = Duration::from_secs(24 * 60 * 60);
/// Articles among which those of one source are looked for.
const NEWEST_OF_ALL: i64 = 500;

/// How a source is read, as far as it must outlive a restart or be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rhythm {
    /// Readings that failed in a row.
    pub failures: u32,
    /// Wall clock, ms; of the next reading, after one that failed.
    pub not_before: Option<i64>,
    /// Wall clock, ms; until then the server asked to be left alone.
    pub plea_until: Option<i64>,
    /// The interval in force when `why` last changed.
    pub every: Option<Duration>,
    /// What decides the interval; see `rhythm::Why::name`.
    pub why: Option<String>,
    /// What the document asks for (`ttl` and its like).
    pub wish: Option<Duration>,
    /// Bit 0: from midnight to one, GMT.
    pub skip_hours: u32,
    /// Bit 0: Monday.
    pub skip_days: u8,
    /// Where permanent redirects lead.
    pub moved: Option<String>,
    /// Wall clock, ms; until then its validators are not used.
    pub distrusted_until: Option<i64>,
}

/// A reading that met nothing known: articles may have been missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// Wall clock, ms.
    pub at: i64,
    /// Since the reading before; `None`: not known.
    pub after: Option<Duration>,
}

impl Store {
    /// # Errors
    /// When the ledger cannot be read.
    pub fn rhythm(&self, source: &str) -> Result<Rhythm, StoreError> {
        self.read(|db| rhythm(db, source))
    }

    /// Remembers how a source is read from now on, with the events (what, detail) that tell of it.
    ///
    /// # Errors
    /// When it cannot be committed.
    pub async fn keep_rhythm(
        &self,
        source: &str,
        kept: Rhythm,
        told: Vec<(&'static str, String)>,
    ) -> Result<(), StoreError> {
        let source = source.to_owned();
        self.write(Rank::Ingest, move |tx| {
            tx.db
                .prepare_cached(
                    "UPDATE source SET failures = ?2, not_before = ?3, every = ?4, why = ?5, wish = ?6, skip_hours = ?7, \
                     skip_days = ?8, moved = ?9, distrusted_until = ?10, plea_until = ?11 WHERE name = ?1",
                )?
                .execute((
                    &source,
                    kept.failures,
                    kept.not_before,
                    kept.every.map(in_ms),
                    &kept.why,
                    kept.wish.map(in_ms),
                    kept.skip_hours,
                    kept.skip_days,
                    &kept.moved,
                    kept.distrusted_until,
                    kept.plea_until,
                ))?;
            told.iter().try_for_each(|(what, detail)| events::append(tx, "dongbo", what, &source, detail))
        })
        .await
    }

    /// When the newest articles of a source were published, the newest first.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn published_lately(&self, source: &str, count: usize) -> Result<Vec<Timestamp>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT published FROM (SELECT id, published FROM article ORDER BY published DESC LIMIT ?3) AS newest \
                 WHERE EXISTS (SELECT 1 FROM sighting JOIN source ON source.id = sighting.source \
                 WHERE sighting.article = newest.id AND source.name = ?1) ORDER BY published DESC LIMIT ?2",
            )?;
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            let rows = statement.query_map((source, count, NEWEST_OF_ALL), |row| row.get::<_, i64>(0))?;
            let all: Vec<i64> = rows.collect::<Result<_, _>>()?;
            Ok(all.into_iter().filter_map(|ms| Timestamp::from_millisecond(ms).ok()).collect())
        })
    }

    /// Whether the source has shown one of these articles already.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn shows_any(&self, source: &str, items: &[Item]) -> Result<bool, StoreError> {
        self.read(|db| {
            let source = source_id(db, source)?;
            for item in items {
                if pages::lists(db, source, item)? {
                    return Ok(true);
                }
                if let Some(article) = known_article(db, item)?
                    && shown(db, article, source)?.is_some()
                {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }

    /// Whether the source showed anything before this time (wall clock, ms).
    /// Looks through all sightings where it did not: not for every poll.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn showed_before(&self, source: &str, before: i64) -> Result<bool, StoreError> {
        self.read(|db| {
            let source = source_id(db, source)?;
            let mut statement =
                db.prepare_cached("SELECT EXISTS (SELECT 1 FROM sighting WHERE source = ?1 AND last_seen < ?2)")?;
            Ok(statement.query_row((source, before), |row| row.get(0))?)
        })
    }

    /// Remembers that articles of a source may have been missed.
    ///
    /// # Errors
    /// When it cannot be committed.
    pub async fn gap(&self, source: &str, after: Option<Duration>) -> Result<(), StoreError> {
        let source = source.to_owned();
        self.write(Rank::Ingest, move |tx| {
            let (at, before) = (writer::wall(), gap(tx.db, &source)?);
            tx.db.prepare_cached("UPDATE source SET gap_at = ?2, gap_after = ?3 WHERE name = ?1")?.execute((
                &source,
                at,
                after.map(in_ms),
            ))?;
            if before.is_some_and(|before| at.abs_diff(before.at) < GAP_TOLD_AGAIN.as_millis() as u64) {
                return Ok(());
            }
            let since = after.map_or_else(|| "unknown".to_owned(), |after| format!("{} s", after.as_secs()));
            events::append(
                tx,
                "dongbo",
                "source.gap",
                &source,
                &format!("nothing known was met; the reading before: {since} ago"),
            )
        })
        .await
    }
}

/// The newest moments of a source's articles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Newest {
    /// As the source says that it touched them.
    pub touched: Option<Timestamp>,
    pub published: Option<Timestamp>,
}

impl Store {
    /// Those that have come by now; see `source::api`. Looks through all
    /// articles of the source: once, when reading begins.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn newest(&self, source: &str, now: Timestamp) -> Result<Newest, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT max(updated) FILTER (WHERE updated <= ?2), max(published) FILTER (WHERE published <= ?2) \
                 FROM sighting JOIN article ON article.id = sighting.article \
                 WHERE source = (SELECT id FROM source WHERE name = ?1)",
            )?;
            let at = |ms: Option<i64>| ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
            Ok(statement.query_row((source, now.as_millisecond()), |row| {
                Ok(Newest { touched: at(row.get(0)?), published: at(row.get(1)?) })
            })?)
        })
    }
}

impl Desk {
    /// # Errors
    /// When the ledger cannot be read.
    pub fn rhythm(&self, source: &str) -> Result<Rhythm, StoreError> {
        rhythm(&self.db, source)
    }

    /// The last gap of a source.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn gap(&self, source: &str) -> Result<Option<Gap>, StoreError> {
        gap(&self.db, source)
    }
}

fn rhythm(db: &Connection, source: &str) -> Result<Rhythm, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT failures, not_before, every, why, wish, skip_hours, skip_days, moved, distrusted_until, plea_until \
         FROM source WHERE name = ?1",
    )?;
    let row = statement.query_row([source], |row| {
        Ok(Rhythm {
            failures: row.get(0)?,
            not_before: row.get(1)?,
            every: row.get::<_, Option<i64>>(2)?.map(of_ms),
            why: row.get(3)?,
            wish: row.get::<_, Option<i64>>(4)?.map(of_ms),
            skip_hours: row.get(5)?,
            skip_days: row.get(6)?,
            moved: row.get(7)?,
            distrusted_until: row.get(8)?,
            plea_until: row.get(9)?,
        })
    });
    Ok(row.optional()?.unwrap_or_default())
}

fn gap(db: &Connection, source: &str) -> Result<Option<Gap>, StoreError> {
    let mut statement =
        db.prepare_cached("SELECT gap_at, gap_after FROM source WHERE name = ?1 AND gap_at IS NOT NULL")?;
    let row = statement
        .query_row([source], |row| Ok(Gap { at: row.get(0)?, after: row.get::<_, Option<i64>>(1)?.map(of_ms) }));
    Ok(row.optional()?)
}

fn in_ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn of_ms(ms: i64) -> Duration {
    Duration::from_millis(ms.max(0).unsigned_abs())
}
