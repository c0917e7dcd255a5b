//! Verdicts of the content firewall: made with the revision, asked where a text
//! would leave, and ended by a person's word.

use rusqlite::{Connection, OptionalExtension};

use super::deliveries::{self, Whole};
use super::portals::{Planned, PlannedPortal};
use super::steps::{json, parse};
use super::writer;
use super::{Desk, StoreError, Tx, articles, events};
use crate::article::Item;
use crate::delivery::{ArticleId, Delivery, Moment, RevisionId, Verdict, Wanted};
use crate::firewall::{self, Examined, Reason};
use crate::plan::{self, Occasion};

/// An hour in milliseconds.
const HOUR: i64 = 60 * 60 * 1000;
/// A new article that is older is the source's past, and no burst while a
/// person has that read, or where no portal takes it by itself. Otherwise a
/// flood would only have to be dated back.
const RECENT: i64 = 7 * 24 * HOUR;

/// A revision that was never seen before.
pub(super) struct Fresh<'a> {
    pub article: ArticleId,
    pub revision: RevisionId,
    pub item: &'a Item,
    /// The article is new, too.
    pub new: bool,
}

/// A held revision that is the newest of its article, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldRow {
    pub revision: RevisionId,
    pub article: ArticleId,
    pub key: String,
    pub title: String,
    pub url: String,
    pub source: String,
    /// Wall clock, ms.
    pub at: i64,
    pub urgent: bool,
    pub reasons: Vec<Reason>,
    /// A copy of an older revision stands somewhere.
    pub corrects: bool,
    /// A person said that it must not go out: who, and when (wall clock, ms).
    pub rejected: Option<(String, i64)>,
}

/// How many articles of a source wait for a person's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct HeldCount {
    pub articles: u32,
    /// Of them, urgent ones.
    pub urgent: u32,
}

/// A person's word on a held revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Release,
    Reject,
}

impl Decision {
    fn number(self) -> i64 {
        match self {
            Self::Release => 1,
            Self::Reject => 2,
        }
    }
}

/// Why a revision is held.
pub(super) struct Held {
    reasons: Vec<Reason>,
    pub urgent: bool,
}

/// Examines a revision that is shown for the first time.
pub(super) fn examine(
    tx: &Tx<'_>,
    source: (i64, &str),
    fresh: &Fresh<'_>,
    planned: &Planned,
) -> Result<Option<Held>, StoreError> {
    let Fresh { article, revision, item, .. } = *fresh;
    let policy = planned.policy(source.1);
    let Examined { foreign, mut reasons } = firewall::examine(item, &policy);
    if learned(tx.db, source.0)? {
        reasons.extend(firewall::new_hosts(unknown(tx.db, source.0, &foreign)?));
        let past = fresh.new && writer::wall().saturating_sub(item.content.published.as_millisecond()) >= RECENT;
        let counts = !past || (!looks_back(tx.db, source.0)? && is_taken(tx.db, article, planned)?);
        if counts && count(tx, source, policy.burst)? {
            reasons.push(Reason::Burst(policy.burst));
        }
    }
    if reasons.is_empty() {
        learn(tx, source.0, &foreign)?;
        return Ok(None);
    }
    let urgent = policy.is_urgent(item);
    tx.db
        .prepare_cached(
            "INSERT OR IGNORE INTO verdict (revision, article, source, at, urgent, reasons, hosts) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((revision.0, article.0, source.0, writer::wall(), urgent, json(&reasons)?, json(&foreign)?))?;
    Ok(Some(Held { reasons, urgent }))
}

/// A source shows for the first time what another one has shown before: unless
/// it is held, it is usual there too.
pub(super) fn recognise(
    tx: &Tx<'_>,
    source: (i64, &str),
    revision: RevisionId,
    item: &Item,
    planned: &Planned,
) -> Result<(), StoreError> {
    if learned(tx.db, source.0)? || verdict_of(tx.db, revision)? != Verdict::Free {
        return Ok(());
    }
    learn(tx, source.0, &firewall::examine(item, &planned.policy(source.1)).foreign)
}

fn learned(db: &Connection, source: i64) -> Result<bool, StoreError> {
    Ok(db.prepare_cached("SELECT learned FROM source WHERE id = ?1")?.query_row([source], |row| row.get(0))?)
}

/// Whether a person has its past read.
fn looks_back(db: &Connection, source: i64) -> Result<bool, StoreError> {
    let mut statement = db.prepare_cached("SELECT history IS NOT NULL FROM source WHERE id = ?1")?;
    Ok(statement.query_row([source], |row| row.get(0))?)
}

/// Whether a portal takes the article without being told to.
fn is_taken(db: &Connection, article: ArticleId, planned: &Planned) -> Result<bool, StoreError> {
    let Some(facts) = articles::facts(db, article, planned)? else { return Ok(false) };
    let takes = |portal: &PlannedPortal| plan::comes(&portal.rules, &facts, portal.since, Occasion::Reading).is_ok();
    Ok(planned.portals.iter().any(takes))
}

/// Tells of what is held; of a burst once.
pub(super) fn tell(tx: &Tx<'_>, article: ArticleId, Held { reasons, urgent }: &Held) -> Result<(), StoreError> {
    if !urgent && matches!(reasons.as_slice(), [Reason::Burst(_)]) {
        return Ok(());
    }
    let key = key(tx.db, article)?;
    let words: Vec<String> = reasons.iter().map(Reason::to_string).collect();
    let what = if *urgent { "article.held-urgent" } else { "article.held" };
    events::append(tx, "dongbo", what, &key, &words.join("; "))
}

/// Counts a new revision of the running hour.
fn count(tx: &Tx<'_>, (source, name): (i64, &str), limit: u32) -> Result<bool, StoreError> {
    let (from, so_far): (i64, u32) = tx
        .db
        .prepare_cached("SELECT burst_from, burst FROM source WHERE id = ?1")?
        .query_row([source], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (from, so_far) = if tx.now.0 - from >= HOUR { (tx.now.0, 0) } else { (from, so_far) };
    tx.db.prepare_cached("UPDATE source SET burst_from = ?2, burst = ?3 WHERE id = ?1")?.execute((
        source,
        from,
        so_far.saturating_add(1),
    ))?;
    if so_far == limit {
        let detail = format!("more than {limit} new and corrected articles within an hour; the others are held");
        events::append(tx, "dongbo", "source.burst", name, &detail)?;
    }
    Ok(so_far >= limit)
}

/// Those of the hosts that the source's articles never led to.
fn unknown(db: &Connection, source: i64, hosts: &[String]) -> Result<Vec<String>, StoreError> {
    let mut statement = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM host WHERE source = ?1 AND host = ?2)")?;
    let mut unknown = Vec::new();
    for host in hosts {
        if !statement.query_row((source, host), |row| row.get::<_, bool>(0))? {
            unknown.push(host.clone());
        }
    }
    Ok(unknown)
}

fn learn(tx: &Tx<'_>, source: i64, hosts: &[String]) -> Result<(), StoreError> {
    let mut statement = tx.db.prepare_cached("INSERT OR IGNORE INTO host (source, host) VALUES (?1, ?2)")?;
    for host in hosts {
        statement.execute((source, host))?;
    }
    Ok(())
}

/// A reading came to its end: what is usual for the source is known now.
pub(super) fn end_of_reading(tx: &Tx<'_>, source: i64) -> Result<(), StoreError> {
    tx.db.prepare_cached("UPDATE source SET learned = 1 WHERE id = ?1 AND learned = 0")?.execute([source])?;
    Ok(())
}

fn key(db: &Connection, article: ArticleId) -> Result<String, StoreError> {
    Ok(db.prepare_cached("SELECT key FROM article WHERE id = ?1")?.query_row([article.0], |row| row.get(0))?)
}

/// What is said of the text that a delivery wants.
pub(super) fn verdict(db: &Connection, wanted: Wanted) -> Result<Verdict, StoreError> {
    match wanted {
        Wanted::Nothing => Ok(Verdict::Free),
        Wanted::Post(form) => verdict_of(db, form.revision),
    }
}

fn verdict_of(db: &Connection, revision: RevisionId) -> Result<Verdict, StoreError> {
    let mut statement = db.prepare_cached("SELECT decision FROM verdict WHERE revision = ?1")?;
    let row: Option<Option<i64>> = statement.query_row([revision.0], |row| row.get(0)).optional()?;
    Ok(match row {
        None | Some(Some(1)) => Verdict::Free,
        Some(None) => Verdict::Held,
        // A number that is not known releases nothing.
        Some(Some(_)) => Verdict::Rejected,
    })
}

/// Holds a delivery that wants a held text, and lets go one that no longer does.
pub(super) fn screen(db: &Connection, delivery: &mut Delivery) -> Result<(), StoreError> {
    delivery.screen(verdict(db, delivery.wanted)?);
    Ok(())
}

/// Carries out a person's word on one revision. Returns how many deliveries changed.
pub(super) fn decide(tx: &Tx<'_>, revision: RevisionId, decision: Decision, who: &str) -> Result<i64, StoreError> {
    let row = tx
        .db
        .prepare_cached(
            "UPDATE verdict SET decision = ?2, decided_at = ?3, who = ?4 WHERE revision = ?1 AND decision IS NOT ?2 \
             RETURNING article, source, hosts",
        )?
        .query_row((revision.0, decision.number(), writer::wall(), who), |row| {
            Ok((ArticleId(row.get(0)?), row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
        })
        .optional()?;
    let Some((article, source, hosts)) = row else { return Ok(0) };
    if decision == Decision::Release {
        learn(tx, source, &parse::<Vec<String>>(&hosts)?)?;
    }
    let what = match decision {
        Decision::Release => "article.released",
        Decision::Reject => "article.rejected",
    };
    events::append(tx, who, what, &key(tx.db, article)?, "")?;
    let mut changed = 0;
    // A portal that is out of the configuration may come back.
    for portal in deliveries::portals_of(tx.db, article)? {
        let whole = deliveries::load_whole(tx.db, article, portal)?;
        let Some(Whole { mut delivery, last, .. }) = whole else { continue };
        let before = delivery.hold;
        screen(tx.db, &mut delivery)?;
        if delivery.hold == before {
            continue;
        }
        // It has waited for a person; it need not wait for a typist as well.
        delivery.not_before = Moment::NEVER;
        deliveries::put(tx, &delivery, last)?;
        deliveries::hint(tx, delivery.portal, delivery.class, tx.now, article)?;
        changed += 1;
    }
    Ok(changed)
}

impl Desk {
    /// Held texts that are the newest of their articles, urgent ones first,
    /// then the oldest; with those that a person rejected.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn held(&self, rejected: bool) -> Result<Vec<HeldRow>, StoreError> {
        let mut statement = self.db.prepare_cached(
            "SELECT verdict.revision, article.id, key, title, url, source.name, at, urgent, reasons, \
             EXISTS (SELECT 1 FROM copy WHERE copy.article = article.id), decision, who, decided_at \
             FROM verdict JOIN article ON article.id = verdict.article AND article.revision = verdict.revision \
             JOIN source ON source.id = verdict.source \
             WHERE article.withdrawn = 0 AND (decision IS NULL OR (?1 AND decision != 1)) \
             ORDER BY decision IS NOT NULL, urgent DESC, verdict.revision",
        )?;
        let mut rows = statement.query([rejected])?;
        let mut held = Vec::new();
        while let Some(row) = rows.next()? {
            let decided: Option<i64> = row.get(10)?;
            let word = (row.get::<_, Option<String>>(11)?, row.get::<_, Option<i64>>(12)?);
            held.push(HeldRow {
                revision: RevisionId(row.get(0)?),
                article: ArticleId(row.get(1)?),
                key: row.get(2)?,
                title: row.get(3)?,
                url: row.get(4)?,
                source: row.get(5)?,
                at: row.get(6)?,
                urgent: row.get(7)?,
                reasons: parse(&row.get::<_, String>(8)?)?,
                corrects: row.get(9)?,
                rejected: decided.map(|_| (word.0.unwrap_or_default(), word.1.unwrap_or_default())),
            });
        }
        Ok(held)
    }

    /// How many texts of a source wait for a person's word.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn held_count(&self, source: &str) -> Result<HeldCount, StoreError> {
        let mut statement = self.db.prepare_cached(
            "SELECT count(*), coalesce(sum(urgent), 0) FROM verdict \
             JOIN article ON article.id = verdict.article AND article.revision = verdict.revision \
             WHERE verdict.source = (SELECT id FROM source WHERE name = ?1) AND decision IS NULL AND withdrawn = 0",
        )?;
        Ok(statement.query_row([source], |row| Ok(HeldCount { articles: row.get(0)?, urgent: row.get(1)? }))?)
    }
}
