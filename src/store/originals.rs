//! When originals are looked at next, what the looks said, and the brake on
//! withdrawals of a source.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use super::orders::{self, Order, Selection, What};
use super::portals::Planned;
use super::writer::{self, Rank};
use super::{Desk, Store, StoreError, Tx, articles, events};
use crate::article::Name;
use crate::delivery::{ArticleId, Moment};
use crate::original::{self, Act, Cadence, Others, Reason, Said, Suspicion, Withdrawn};

/// Withdrawals of this long count against the brake.
const LATELY: i64 = 24 * 60 * 60 * 1000;
/// A person's permission holds this long.
const ALLOWED_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// Articles of a source that tell whether its originals answer at all.
const CONTROLS: i64 = 3;

/// An original that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    pub article: ArticleId,
    /// Since when it is due.
    pub at: Moment,
    pub url: String,
    pub title: String,
    pub suspicion: Suspicion,
    pub withdrawn: Withdrawn,
}

/// What a look is judged by.
#[derive(Debug, Clone)]
pub struct Look {
    pub article: ArticleId,
    pub said: Said,
    pub others: Others,
    pub cadence: Cadence,
    /// Share of a source's young articles that may go without a person's word.
    pub share: f64,
    /// Uniform in 0..1.
    pub draw: f64,
}

/// What a look came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    Nothing,
    Withdrawn {
        title: String,
        reason: Reason,
    },
    Restored {
        title: String,
    },
    /// The brake of this source is on; the first time it is told.
    Braked {
        source: String,
        suspects: i64,
        first: bool,
    },
}

/// How the looks keep up.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Watched {
    pub originals: i64,
    /// Due and not looked at yet.
    pub due: i64,
    /// By how much the longest waiting one is late, in seconds.
    pub late_s: i64,
    /// Sources whose withdrawals wait for a person.
    pub braked: Vec<String>,
}

impl Store {
    /// Originals whose time has come, the longest waiting first, behind one of them where it is given.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn originals_due(&self, behind: Option<&Original>, limit: usize) -> Result<Vec<Original>, StoreError> {
        let behind = behind.map_or((i64::MIN, i64::MIN), |original| (original.at.0, original.article.0));
        let now = self.clock().now();
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT original.article, url, title, says, times, withdrawn, withdrawn_by IS NOT NULL, original.at FROM original JOIN \
                 article ON article.id = original.article WHERE original.at <= ?1 AND (original.at, original.article) > \
                 (?2, ?3) ORDER BY original.at, original.article LIMIT ?4",
            )?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = statement.query_map((now.0, behind.0, behind.1, limit), |row| {
                let suspicion = suspicion(row.get(3)?, row.get(4)?);
                let withdrawn = withdrawn(row.get(5)?, row.get(6)?);
                let article = ArticleId(row.get(0)?);
                let at = Moment(row.get(7)?);
                Ok(Original { article, at, url: row.get(1)?, title: row.get(2)?, suspicion, withdrawn })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// When the next original is due.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn next_original(&self) -> Result<Option<Moment>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT min(at) FROM original")?;
            Ok(statement.query_row([], |row| row.get::<_, Option<i64>>(0))?.map(Moment))
        })
    }

    /// The originals of these names of a source's articles are due now, where
    /// they stand at one of these origins.
    ///
    /// # Errors
    /// When it cannot be committed.
    pub async fn look_now(&self, origins: Vec<String>, names: Vec<Name>) -> Result<usize, StoreError> {
        self.write(Rank::Order, move |tx| {
            let mut due = tx.db.prepare_cached(
                "UPDATE original SET at = min(at, ?4) WHERE article IN (SELECT alias.article FROM alias \
                 JOIN article ON article.id = alias.article \
                 WHERE alias.origin = ?1 AND kind = ?2 AND value = ?3 AND NOT withdrawn)",
            )?;
            let mut sum = 0;
            for origin in &origins {
                for Name { kind, value } in &names {
                    sum += due.execute((origin, kind.name(), value, tx.now.0))?;
                }
            }
            Ok(sum)
        })
        .await
    }

    /// Other articles of the same origin, those that nobody suspects and the
    /// newest first: where none of their originals answers, the source is
    /// broken and says nothing about this one.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn controls(&self, article: ArticleId) -> Result<Vec<String>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT other.url FROM article AS this JOIN article AS other ON other.origin = this.origin \
                 JOIN original ON original.article = other.id \
                 WHERE this.id = ?1 AND other.id != ?1 AND NOT other.withdrawn \
                 ORDER BY original.says != 0, other.published DESC LIMIT ?2",
            )?;
            let rows = statement.query_map((article.0, CONTROLS), |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Commits what a look said, and what follows from it.
    ///
    /// # Errors
    /// When it cannot be committed: then the look is made again.
    pub async fn looked(&self, look: Look, planned: Arc<Planned>) -> Result<Looked, StoreError> {
        self.write(Rank::Order, move |tx| looked_in(tx, &look, &planned)).await
    }
}

impl Desk {
    /// # Errors
    /// When the ledger cannot be read.
    pub fn watched(&self, now: Moment) -> Result<Watched, StoreError> {
        let mut counts = self.db.prepare("SELECT count(*), coalesce(min(at), ?1) FROM original WHERE at <= ?1")?;
        let (due, oldest): (i64, i64) = counts.query_row([now.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let originals = self.db.query_row("SELECT count(*) FROM original", [], |row| row.get(0))?;
        let mut braked = self.db.prepare("SELECT name FROM source WHERE braked IS NOT NULL ORDER BY rank")?;
        let braked = braked.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let late_s = (now.0 - oldest) / 1000;
        Ok(Watched { originals, due, late_s, braked })
    }
}

impl Desk {
    /// Titles and addresses of a source's articles whose originals seem to be gone.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn suspects(&self, source: &str, limit: usize) -> Result<Vec<(String, String)>, StoreError> {
        let mut statement = self.db.prepare(
            "SELECT title, url FROM original JOIN article ON article.id = original.article \
             JOIN sighting ON sighting.article = article.id JOIN source ON source.id = sighting.source \
             WHERE says IN (1, 2) AND NOT withdrawn AND source.name = ?1 ORDER BY published DESC LIMIT ?2",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement.query_map((source, limit), |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// A new article's original is looked at from now on.
pub(super) fn watch(tx: &Tx<'_>, article: ArticleId) -> Result<(), StoreError> {
    tx.db
        .prepare_cached("INSERT OR IGNORE INTO original (article, at) VALUES (?1, ?2)")?
        .execute((article.0, tx.now.0))?;
    Ok(())
}

/// The brake of a source is released: what is suspected now may go.
pub(super) fn allow(tx: &Tx<'_>, source: &str, who: &str) -> Result<(), StoreError> {
    tx.db
        .prepare_cached("UPDATE source SET braked = NULL, allowed_until = ?2 WHERE name = ?1")?
        .execute((source, tx.now.after(ALLOWED_FOR).0))?;
    look_soon(tx, source)?;
    events::append(tx, who, "source.withdrawals-allowed", source, "")
}

/// The brake of a source is released, and nothing goes: what was suspected stays as long as its original is gone.
pub(super) fn keep(tx: &Tx<'_>, source: &str, who: &str) -> Result<(), StoreError> {
    tx.db.prepare_cached("UPDATE source SET braked = NULL, allowed_until = NULL WHERE name = ?1")?.execute([source])?;
    tx.db
        .prepare_cached(
            "UPDATE original SET says = 4, times = 0 WHERE says IN (1, 2) AND article IN \
             (SELECT article FROM sighting JOIN source ON source.id = sighting.source WHERE source.name = ?1)",
        )?
        .execute([source])?;
    events::append(tx, who, "source.withdrawals-refused", source, "")
}

fn look_soon(tx: &Tx<'_>, source: &str) -> Result<(), StoreError> {
    tx.db
        .prepare_cached(
            "UPDATE original SET at = min(at, ?2) WHERE says IN (1, 2) AND article IN \
             (SELECT article FROM sighting JOIN source ON source.id = sighting.source WHERE source.name = ?1)",
        )?
        .execute((source, tx.now.0))?;
    Ok(())
}

struct Row {
    title: String,
    published: i64,
    suspicion: Suspicion,
    withdrawn: Withdrawn,
}

fn row(db: &Connection, article: ArticleId) -> Result<Option<Row>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT title, published, says, times, withdrawn, withdrawn_by IS NOT NULL FROM original \
         JOIN article ON article.id = original.article WHERE original.article = ?1",
    )?;
    let row = statement.query_row([article.0], |row| {
        let withdrawn = withdrawn(row.get(4)?, row.get(5)?);
        let suspicion = suspicion(row.get(2)?, row.get(3)?);
        Ok(Row { title: row.get(0)?, published: row.get(1)?, suspicion, withdrawn })
    });
    Ok(row.optional()?)
}

fn looked_in(tx: &Tx<'_>, look: &Look, planned: &Planned) -> Result<Looked, StoreError> {
    let Some(Row { title, published, mut suspicion, withdrawn }) = row(tx.db, look.article)? else {
        return Ok(Looked::Nothing);
    };
    let before = suspicion;
    let mut looked = match look.cadence.hear(&mut suspicion, withdrawn, look.said) {
        Act::Nothing => Looked::Nothing,
        Act::Restore => Looked::Restored { title },
        Act::Withdraw(reason) => Looked::Withdrawn { title, reason },
    };
    if matches!(looked, Looked::Withdrawn { .. })
        && let Some(braked) = brake(tx, look)?
    {
        looked = braked;
    }
    match &looked {
        Looked::Withdrawn { title, reason } => {
            suspicion = Suspicion::None;
            carry_out(tx, look.article, What::Withdraw, planned)?;
            tx.db
                .prepare_cached("UPDATE article SET withdrawn_by = ?2, withdrawn_at = ?3 WHERE id = ?1")?
                .execute((look.article.0, reason.name(), writer::wall()))?;
            events::append(tx, "dongbo", "article.withdrawn", title, reason.name())?;
        }
        Looked::Restored { title } => {
            suspicion = Suspicion::None;
            carry_out(tx, look.article, What::Restore, planned)?;
            events::append(tx, "dongbo", "article.restored", title, "its original answers again")?;
        }
        Looked::Nothing | Looked::Braked { .. } => {}
    }
    if look.said == Said::Stands && matches!(before, Suspicion::Gone(_) | Suspicion::Unpublished(_)) {
        release(tx, look.article)?;
    }
    let age = Duration::from_millis(writer::wall().saturating_sub(published).max(0).unsigned_abs());
    let spread = match looked {
        // Nothing changes until a person has spoken; the usual rhythm is enough.
        Looked::Braked { .. } => Suspicion::None,
        Looked::Nothing | Looked::Withdrawn { .. } | Looked::Restored { .. } => suspicion,
    };
    let (says, times) = numbers(suspicion);
    let at = look.cadence.next(tx.now, age, spread, look.draw);
    tx.db.prepare_cached("UPDATE original SET at = ?2, says = ?3, times = ?4 WHERE article = ?1")?.execute((
        look.article.0,
        at.0,
        says,
        times,
    ))?;
    Ok(looked)
}

/// The article's withdrawal goes the way of a person's order.
fn carry_out(tx: &Tx<'_>, article: ArticleId, what: What, planned: &Planned) -> Result<(), StoreError> {
    let order = Order { what, selection: Selection { article: Some(article.0), ..Selection::default() } };
    orders::apply(tx, article, &order, planned, orders::Asker::Original)?;
    Ok(())
}

/// Whether too many originals of the article's source went to believe it.
fn brake(tx: &Tx<'_>, look: &Look) -> Result<Option<Looked>, StoreError> {
    let (sources, _) = articles::shown_by(tx.db, look.article)?;
    let Some(source) = sources.into_iter().next() else { return Ok(None) };
    let mut statement = tx.db.prepare_cached("SELECT id, braked, allowed_until FROM source WHERE name = ?1")?;
    let (id, braked, allowed): (i64, Option<i64>, Option<i64>) =
        statement.query_row([&source], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    if braked.is_some() {
        return Ok(Some(Looked::Braked { source, suspects: 0, first: false }));
    }
    if allowed.is_some_and(|until| tx.now.0 < until) {
        return Ok(None);
    }
    let lately = writer::wall() - LATELY;
    let young = writer::wall() - i64::try_from(original::SETTLED.as_millis()).unwrap_or(i64::MAX);
    let mut statement = tx.db.prepare_cached(
        "SELECT count(*) FILTER (WHERE NOT withdrawn AND says IN (1, 2) OR withdrawn_at >= ?2), \
         count(*) FILTER (WHERE published >= ?3) FROM sighting JOIN article ON article.id = sighting.article \
         JOIN original ON original.article = article.id WHERE sighting.source = ?1",
    )?;
    let (suspects, articles): (i64, i64) =
        statement.query_row((id, lately, young), |row| Ok((row.get(0)?, row.get(1)?)))?;
    // This one is about to be counted, whatever the row said before.
    if look.others != Others::GoneToo && !original::brakes(suspects.max(1), articles, look.share) {
        return Ok(None);
    }
    tx.db.prepare_cached("UPDATE source SET braked = ?2 WHERE id = ?1")?.execute((id, writer::wall()))?;
    events::append(tx, "dongbo", "source.braked", &source, &format!("{suspects} originals are gone at once"))?;
    Ok(Some(Looked::Braked { source, suspects, first: true }))
}

/// A source whose originals all answer again needs no person.
fn release(tx: &Tx<'_>, article: ArticleId) -> Result<(), StoreError> {
    let mut statement = tx.db.prepare_cached(
        "UPDATE source SET braked = NULL WHERE braked IS NOT NULL \
         AND id IN (SELECT source FROM sighting WHERE article = ?1) \
         AND NOT EXISTS (SELECT 1 FROM sighting JOIN article ON article.id = sighting.article \
                         JOIN original ON original.article = article.id WHERE sighting.source = source.id \
                         AND article.id != ?1 AND NOT withdrawn AND says IN (1, 2)) RETURNING name",
    )?;
    let released: Vec<String> = statement.query_map([article.0], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for source in released {
        events::append(tx, "dongbo", "source.brake-released", &source, "its originals answer again")?;
    }
    Ok(())
}

/// A person shows again what its original withdrew: their word holds until it answers.
pub(super) fn keep_shown(tx: &Tx<'_>, article: ArticleId) -> Result<(), StoreError> {
    tx.db
        .prepare_cached(
            "UPDATE original SET says = 4, times = 0 WHERE article = ?1 \
             AND EXISTS (SELECT 1 FROM article WHERE id = ?1 AND withdrawn AND withdrawn_by IS NOT NULL)",
        )?
        .execute([article.0])?;
    Ok(())
}

fn withdrawn(withdrawn: bool, by_its_original: bool) -> Withdrawn {
    match (withdrawn, by_its_original) {
        (false, _) => Withdrawn::No,
        (true, true) => Withdrawn::ByItsOriginal,
        (true, false) => Withdrawn::ByOrder,
    }
}

fn suspicion(says: i64, times: u32) -> Suspicion {
    match says {
        1 => Suspicion::Gone(times),
        2 => Suspicion::Unpublished(times),
        3 => Suspicion::Back(times),
        4 => Suspicion::Kept,
        _ => Suspicion::None,
    }
}

fn numbers(suspicion: Suspicion) -> (i64, u32) {
    match suspicion {
        Suspicion::None => (0, 0),
        Suspicion::Gone(times) => (1, times),
        Suspicion::Unpublished(times) => (2, times),
        Suspicion::Back(times) => (3, times),
        Suspicion::Kept => (4, 0),
    }
}
