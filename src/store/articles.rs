//! Readings: articles, revisions, aliases, sightings and the deliveries that
//! follow, committed together with the feed's cursor, in pieces.

use std::collections::BTreeSet;
use std::sync::Arc;

use dongbo_sdk::Key;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::deliveries::{self, Whole};
use super::holds::Fresh;
use super::portals::{self, Planned};
use super::steps::{intern, json, parse};
use super::writer::{self, Rank};
use super::{Store, StoreError, Tx, holds, meta, originals, pages};
use crate::article::{Item, Name};
use crate::delivery::{ArticleId, Delivery, Moment, RevisionId, Wanted};
use crate::plan::{self, Facts, Now, Occasion};

/// How a source answers "has it changed?". Saved only after the items are committed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Validators {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
    /// BLAKE3 of the last body that was read to its end.
    pub body: Option<[u8; 32]>,
}

/// A source as the ledger knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRow {
    pub name: String,
    pub validators: Validators,
    pub paused: bool,
    pub failing: Option<String>,
    /// Wall clock, ms.
    pub read_at: Option<i64>,
}

/// An article, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArticleRow {
    pub id: ArticleId,
    pub key: String,
    pub title: String,
    pub url: String,
    pub withdrawn: bool,
    /// What its original said; `None`: it stands, or a person withdrew it.
    pub withdrawn_by: Option<String>,
    /// Wall clock, ms.
    pub published: i64,
    pub first_seen: i64,
    pub categories: Vec<String>,
    pub sources: Vec<String>,
}

/// One bad item, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    pub reason: String,
    /// The item's first characters.
    pub sample: String,
}

/// One piece of a reading.
#[derive(Debug, Default)]
pub struct Ingested {
    pub source: String,
    pub items: Vec<Item>,
    /// Entries whose articles are to be read from their own pages.
    pub entries: Vec<Item>,
    pub quarantined: Vec<Quarantined>,
    /// Older articles may follow on other pages: should the reading break off
    /// behind this piece, what is known then does not tell what is not.
    pub unfinished: bool,
    /// With the last piece only.
    pub validators: Option<Validators>,
    /// The reading ends with this piece.
    pub last: bool,
}

impl Ingested {
    /// An empty piece of this source.
    #[must_use]
    pub fn new(source: &str) -> Self {
        Self { source: source.to_owned(), ..Self::default() }
    }
}

/// What a piece brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Committed {
    pub new: usize,
    pub corrected: usize,
    pub unchanged: usize,
    pub deliveries: usize,
    pub quarantined: usize,
    /// Of the unchanged ones: an older text came back and counts if it stays.
    pub returning: usize,
    /// Texts that wait for a person's word; see [`crate::firewall`].
    pub held: usize,
    /// Of them, urgent ones.
    pub held_urgent: usize,
    /// Entries that were not known: their pages are to be read.
    pub entries: usize,
}

impl Committed {
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            new: self.new + other.new,
            corrected: self.corrected + other.corrected,
            unchanged: self.unchanged + other.unchanged,
            deliveries: self.deliveries + other.deliveries,
            quarantined: self.quarantined + other.quarantined,
            returning: self.returning + other.returning,
            held: self.held + other.held,
            held_urgent: self.held_urgent + other.held_urgent,
            entries: self.entries + other.entries,
        }
    }
}

impl Store {
    /// # Errors
    /// When the ledger cannot be read.
    pub fn source(&self, name: &str) -> Result<Option<SourceRow>, StoreError> {
        self.read(|db| source_row(db, name))
    }

    /// Commits a piece of a reading with the deliveries that follow.
    ///
    /// # Errors
    /// When it cannot be committed: then nothing of it happened.
    pub async fn ingest(&self, piece: Ingested, planned: Arc<Planned>) -> Result<Committed, StoreError> {
        self.write(Rank::Ingest, move |tx| {
            let source = source_id(tx.db, &piece.source)?;
            let mut sum = Committed::default();
            for item in &piece.items {
                sum = sum.and(take_in(tx, (source, &piece.source), item, &planned)?);
                pages::forget(tx, source, item)?;
            }
            for entry in &piece.entries {
                sum = sum.and(pages::note(tx, source, entry)?);
            }
            for bad in &piece.quarantined {
                sum.quarantined += quarantine(tx, source, bad)?;
            }
            if piece.unfinished && sum.new + sum.entries > 0 {
                save_validators(tx, source, &Validators::default())?;
            }
            if let Some(validators) = &piece.validators {
                save_validators(tx, source, validators)?;
            }
            if piece.last {
                holds::end_of_reading(tx, source)?;
            }
            Ok(sum)
        })
        .await
    }

    /// Remembers that a source fails, or that it works again. Written only when that changes.
    ///
    /// # Errors
    /// When it cannot be committed.
    pub async fn source_fails(&self, name: &str, failing: Option<String>) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.write(Rank::Ingest, move |tx| {
            tx.db
                .prepare_cached("UPDATE source SET failing = ?2 WHERE name = ?1 AND failing IS NOT ?2")?
                .execute((name, failing))?;
            Ok(())
        })
        .await
    }
}

pub(super) fn source_row(db: &Connection, name: &str) -> Result<Option<SourceRow>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT name, etag, last_modified, body, paused, failing, read_at FROM source WHERE name = ?1",
    )?;
    let row = statement
        .query_row([name], |row| {
            let body: Option<Vec<u8>> = row.get(3)?;
            Ok(SourceRow {
                name: row.get(0)?,
                validators: Validators {
                    etag: row.get(1)?,
                    last_modified: row.get(2)?,
                    body: body.and_then(|bytes| bytes.try_into().ok()),
                },
                paused: row.get(4)?,
                failing: row.get(5)?,
                read_at: row.get(6)?,
            })
        })
        .optional()?;
    Ok(row)
}

pub(super) fn source_id(db: &Connection, name: &str) -> Result<i64, StoreError> {
    let mut statement = db.prepare_cached("SELECT id FROM source WHERE name = ?1")?;
    statement
        .query_row([name], |row| row.get(0))
        .optional()?
        .ok_or_else(|| StoreError::Strange(format!("source {name}")))
}

fn save_validators(tx: &Tx<'_>, source: i64, validators: &Validators) -> Result<(), StoreError> {
    tx.db
        .prepare_cached(
            "UPDATE source SET etag = ?2, last_modified = ?3, body = ?4, read_at = ?5, failing = NULL WHERE id = ?1",
        )?
        .execute((
            source,
            &validators.etag,
            &validators.last_modified,
            validators.body.as_ref().map(|body| &body[..]),
            writer::wall(),
        ))?;
    Ok(())
}

/// The same bad item is listed once, however often the feed shows it.
pub(super) fn quarantine(tx: &Tx<'_>, source: i64, bad: &Quarantined) -> Result<usize, StoreError> {
    let digest = blake3::hash(bad.sample.as_bytes());
    Ok(tx
        .db
        .prepare_cached(
            "INSERT OR IGNORE INTO quarantine (source, digest, at, reason, sample) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((source, &digest.as_bytes()[..], writer::wall(), &bad.reason, &bad.sample))?)
}

pub(super) fn take_in(
    tx: &Tx<'_>,
    source: (i64, &str),
    item: &Item,
    planned: &Planned,
) -> Result<Committed, StoreError> {
    let known = known_article(tx.db, item)?;
    let (article, new) = match known {
        Some(article) => (article, false),
        None => (insert_article(tx, item)?, true),
    };
    remember_names(tx, article, item)?;
    let (revision, unseen) = intern_revision(tx, article, item)?;
    match sight(tx, article, source.0, revision, item)? {
        Sight::Same => return Ok(Committed { unchanged: 1, ..Committed::default() }),
        Sight::Returning => return Ok(Committed { unchanged: 1, returning: 1, ..Committed::default() }),
        Sight::Changed => {}
    }
    // Before anything follows from it.
    let held = if unseen {
        holds::examine(tx, source, &Fresh { article, revision, item, new }, planned)?
    } else {
        holds::recognise(tx, source, revision, item, planned)?;
        None
    };
    let followed = follow(tx, article, planned)?;
    // What a source of a lower rank shows alarms nobody: it goes nowhere.
    let held = held.filter(|_| followed.corrected > 0);
    if let Some(held) = &held {
        holds::tell(tx, article, held)?;
    }
    let followed = if new { Committed { new: 1, corrected: 0, unchanged: 0, ..followed } } else { followed };
    let held_urgent = usize::from(held.as_ref().is_some_and(|held| held.urgent));
    Ok(Committed { held: usize::from(held.is_some()), held_urgent, ..followed })
}

/// The first name that is known decides which article this is. One source's
/// guid may be another's link: then only the key, which holds no kind, knows it.
pub(super) fn known_article(db: &Connection, item: &Item) -> Result<Option<ArticleId>, StoreError> {
    let mut statement =
        db.prepare_cached("SELECT article FROM alias WHERE origin = ?1 AND kind = ?2 AND value = ?3")?;
    for name in &item.names {
        let article =
            statement.query_row((&item.origin, name.kind.name(), &name.value), |row| row.get(0)).optional()?;
        if let Some(article) = article {
            return Ok(Some(ArticleId(article)));
        }
    }
    let mut statement = db.prepare_cached("SELECT id FROM article WHERE key = ?1")?;
    Ok(statement.query_row([key(item).as_str()], |row| row.get(0)).optional()?.map(ArticleId))
}

/// Fixed at first sight, by the name that the source trusts most.
fn key(item: &Item) -> Key {
    let identity = item.names.first().map_or(item.content.url.as_str(), |name| name.value.as_str());
    Key::derive(&item.origin, identity)
}

fn insert_article(tx: &Tx<'_>, item: &Item) -> Result<ArticleId, StoreError> {
    tx.db
        .prepare_cached(
            "INSERT INTO article (key, origin, revision, published, first_seen, title, url) \
             VALUES (?1, ?2, 0, ?3, ?4, ?5, ?6)",
        )?
        .execute((
            key(item).as_str(),
            &item.origin,
            item.content.published.as_millisecond(),
            writer::wall(),
            &item.content.title,
            &item.content.url,
        ))?;
    let article = ArticleId(tx.db.last_insert_rowid());
    originals::watch(tx, article)?;
    Ok(article)
}

/// Identity survives a change of guid or address: every name leads to the article from now on.
fn remember_names(tx: &Tx<'_>, article: ArticleId, item: &Item) -> Result<(), StoreError> {
    let mut statement =
        tx.db.prepare_cached("INSERT OR IGNORE INTO alias (origin, kind, value, article) VALUES (?1, ?2, ?3, ?4)")?;
    for Name { kind, value } in &item.names {
        statement.execute((&item.origin, kind.name(), value, article.0))?;
    }
    Ok(())
}

/// Its number, and whether it was never seen before.
fn intern_revision(tx: &Tx<'_>, article: ArticleId, item: &Item) -> Result<(RevisionId, bool), StoreError> {
    let digest = item.content.digest();
    let mut known = tx.db.prepare_cached("SELECT id FROM revision WHERE article = ?1 AND digest = ?2")?;
    if let Some(id) = known.query_row((article.0, &digest.0[..]), |row| row.get(0)).optional()? {
        return Ok((RevisionId(id), false));
    }
    let json = json(&item.content)?;
    tx.db
        .prepare_cached("INSERT INTO revision (article, digest, content, seen_at) VALUES (?1, ?2, ?3, ?4)")?
        .execute((article.0, &digest.0[..], json, writer::wall()))?;
    Ok((RevisionId(tx.db.last_insert_rowid()), true))
}

/// What a source shows of an article, compared with what it showed before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sight {
    Same,
    Changed,
    /// An older revision, for the first time again.
    Returning,
}

fn sight(tx: &Tx<'_>, article: ArticleId, source: i64, revision: RevisionId, item: &Item) -> Result<Sight, StoreError> {
    let categories = json(&item.categories)?;
    let updated = item.updated.map(Timestamp::as_millisecond);
    if let Some(shown) = shown(tx.db, article, source)? {
        if shown.revision == revision && shown.categories == categories {
            forget_return(tx, article, source, &shown)?;
            return Ok(Sight::Same);
        }
        if shown.is_older(revision, updated) && shown.returning != Some(revision) {
            tx.db
                .prepare_cached("UPDATE sighting SET came_back = ?3 WHERE article = ?1 AND source = ?2")?
                .execute((article.0, source, revision.0))?;
            return Ok(Sight::Returning);
        }
    }
    tx.db
        .prepare_cached(
            "INSERT INTO sighting (article, source, revision, categories, last_seen, updated) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (article, source) DO UPDATE SET revision = ?3, \
             categories = ?4, last_seen = ?5, updated = ?6, came_back = NULL",
        )?
        .execute((article.0, source, revision.0, categories, writer::wall(), updated))?;
    Ok(Sight::Changed)
}

/// A source's row of an article.
pub(super) struct Shown {
    revision: RevisionId,
    categories: String,
    returning: Option<RevisionId>,
    updated: Option<i64>,
}

impl Shown {
    /// The revision came before the one that is shown, and the source does not
    /// say that it was touched since. Numbers of revisions ascend with time.
    fn is_older(&self, revision: RevisionId, updated: Option<i64>) -> bool {
        let touched = updated.is_some_and(|updated| self.updated.is_none_or(|before| updated > before));
        revision.0 < self.revision.0 && !touched
    }
}

pub(super) fn shown(db: &Connection, article: ArticleId, source: i64) -> Result<Option<Shown>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT revision, categories, came_back, updated FROM sighting WHERE article = ?1 AND source = ?2",
    )?;
    let row = statement.query_row((article.0, source), |row| {
        Ok(Shown {
            revision: RevisionId(row.get(0)?),
            categories: row.get(1)?,
            returning: row.get::<_, Option<i64>>(2)?.map(RevisionId),
            updated: row.get(3)?,
        })
    });
    Ok(row.optional()?)
}

/// The newer text is back: the older one was a stale copy.
fn forget_return(tx: &Tx<'_>, article: ArticleId, source: i64, shown: &Shown) -> Result<(), StoreError> {
    if shown.returning.is_some() {
        tx.db
            .prepare_cached("UPDATE sighting SET came_back = NULL WHERE article = ?1 AND source = ?2")?
            .execute((article.0, source))?;
    }
    Ok(())
}

impl Store {
    /// Whether this source showed older revisions that count if they stay.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn returns_are_open(&self, source: &str) -> Result<bool, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM sighting JOIN source ON source.id = sighting.source \
                 WHERE source.name = ?1 AND came_back IS NOT NULL)",
            )?;
            Ok(statement.query_row([source], |row| row.get(0))?)
        })
    }

    /// The source is unchanged since it showed older revisions: they were seen twice.
    ///
    /// # Errors
    /// When it cannot be committed.
    pub async fn confirm_returns(&self, source: &str, planned: Arc<Planned>) -> Result<Committed, StoreError> {
        let name = source.to_owned();
        self.write(Rank::Ingest, move |tx| {
            let source = source_id(tx.db, &name)?;
            let mut statement =
                tx.db.prepare_cached("SELECT article FROM sighting WHERE source = ?1 AND came_back IS NOT NULL")?;
            let articles: Vec<i64> = statement.query_map([source], |row| row.get(0))?.collect::<Result<_, _>>()?;
            let mut sum = Committed::default();
            for article in articles {
                tx.db
                    .prepare_cached(
                        "UPDATE sighting SET revision = came_back, came_back = NULL, last_seen = ?3 \
                         WHERE article = ?1 AND source = ?2",
                    )?
                    .execute((article, source, writer::wall()))?;
                sum = sum.and(follow(tx, ArticleId(article), &planned)?);
            }
            Ok(sum)
        })
        .await
    }
}

/// Takes up what the sources show of an article now.
fn follow(tx: &Tx<'_>, article: ArticleId, planned: &Planned) -> Result<Committed, StoreError> {
    let current = authoritative(tx.db, article)?;
    let corrected = set_current(tx, article, current)?;
    let deliveries = plan_article(tx, article, planned, Occasion::Reading)?;
    Ok(Committed {
        corrected: usize::from(corrected),
        unchanged: usize::from(!corrected),
        deliveries,
        ..Committed::default()
    })
}

/// Content comes from the first source in configuration order: two feeds with
/// different texts of one article never flip it.
fn authoritative(db: &Connection, article: ArticleId) -> Result<RevisionId, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT sighting.revision FROM sighting JOIN source ON source.id = sighting.source \
         WHERE sighting.article = ?1 ORDER BY source.rank LIMIT 1",
    )?;
    Ok(RevisionId(statement.query_row([article.0], |row| row.get(0))?))
}

/// Whether the current revision changed.
fn set_current(tx: &Tx<'_>, article: ArticleId, revision: RevisionId) -> Result<bool, StoreError> {
    let content: String = tx
        .db
        .prepare_cached("SELECT content FROM revision WHERE id = ?1")?
        .query_row([revision.0], |row| row.get(0))?;
    let content: crate::article::Content = parse(&content)?;
    let changed = tx
        .db
        .prepare_cached(
            "UPDATE article SET revision = ?2, published = ?3, title = ?4, url = ?5 WHERE id = ?1 AND revision != ?2",
        )?
        .execute((article.0, revision.0, content.published.as_millisecond(), &content.title, &content.url))?;
    Ok(changed > 0)
}

/// What the rules need to know of an article.
pub(super) fn facts(db: &Connection, article: ArticleId, planned: &Planned) -> Result<Option<Facts>, StoreError> {
    let mut statement = db.prepare_cached("SELECT revision, withdrawn, published FROM article WHERE id = ?1")?;
    let row: Option<(i64, bool, i64)> =
        statement.query_row([article.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
    let Some((revision, withdrawn, published)) = row else { return Ok(None) };
    let (sources, categories) = shown_by(db, article)?;
    let source_name = sources.first().map(|id| planned.source_name(id)).unwrap_or_default();
    Ok(Some(Facts { revision: RevisionId(revision), withdrawn, published, sources, source_name, categories }))
}

/// The sources that show an article, in configuration order, and the union of its categories.
pub(super) fn shown_by(db: &Connection, article: ArticleId) -> Result<(Vec<String>, Vec<String>), StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT source.name, sighting.categories FROM sighting JOIN source ON source.id = sighting.source \
         WHERE sighting.article = ?1 ORDER BY source.rank",
    )?;
    let mut rows = statement.query([article.0])?;
    let (mut sources, mut seen, mut categories) = (Vec::new(), BTreeSet::new(), Vec::new());
    while let Some(row) = rows.next()? {
        sources.push(row.get(0)?);
        let names: Vec<String> = parse(&row.get::<_, String>(1)?)?;
        categories.extend(names.into_iter().filter(|name| seen.insert(name.clone())));
    }
    Ok((sources, categories))
}

/// Brings every portal's delivery of an article up to what is wanted now.
/// Returns how many changed.
pub(super) fn plan_article(
    tx: &Tx<'_>,
    article: ArticleId,
    planned: &Planned,
    occasion: Occasion,
) -> Result<usize, StoreError> {
    let Some(facts) = facts(tx.db, article, planned)? else { return Ok(0) };
    let mut changed = 0;
    for portal in &planned.portals {
        changed += usize::from(plan_delivery(tx, article, &facts, portal, occasion)?);
    }
    Ok(changed)
}

pub(super) fn plan_delivery(
    tx: &Tx<'_>,
    article: ArticleId,
    facts: &Facts,
    portal: &portals::PlannedPortal,
    occasion: Occasion,
) -> Result<bool, StoreError> {
    let now = Now { ledger: tx.now, wall: writer::wall() };
    let existing = deliveries::load_whole(tx.db, article, portal.rules.portal)?;
    if existing.is_none() && plan::comes(&portal.rules, facts, portal.since, occasion).is_err() {
        return Ok(false);
    }
    let shape = intern(tx.db, &plan::shape(&portal.rules, facts))?;
    let form = plan::form(facts.revision, shape);
    let (mut delivery, last) = match existing {
        None => {
            let mut new = Delivery::new(article, portal.rules.portal, Wanted::Post(form));
            new.quiet_until = meta::quiet_until(tx.db)?;
            (plan::first(&portal.rules, facts, new, now), None)
        }
        Some(Whole { mut delivery, last, copy }) => {
            let written_at = copy.map_or(Moment::NEVER, |copy| copy.written_at);
            if !plan::follow(&portal.rules, facts, &mut delivery, written_at, form, now) {
                return Ok(false);
            }
            (delivery, last)
        }
    };
    holds::screen(tx.db, &mut delivery)?;
    deliveries::put(tx, &delivery, last)?;
    deliveries::hint(tx, delivery.portal, delivery.class, delivery.not_before, article)?;
    Ok(true)
}
