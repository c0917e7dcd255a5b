//! What commands read: counts, articles, deliveries and their history.

use std::collections::BTreeMap;

use dongbo_sdk::Operation;
use rusqlite::{Connection, OptionalExtension};

use super::articles::{self, ArticleRow, SourceRow};
use super::deliveries::{self, DELIVERY_COLUMNS};
use super::portals::{self, PortalRow};
use super::steps::{operation, parse};
use super::{Desk, Event, OrderRow, Planned, Store, StoreError, clock, events, meta};
use crate::article::Content;
use crate::delivery::{ArticleId, AttemptId, Copy, Delivery, Moment, PortalId, RevisionId, Stands, State, Wanted};
use crate::plan::Facts;

/// Deliveries of one portal by state.
pub type Counts = BTreeMap<State, usize>;

/// A delivery with what is known of its copy.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryRow {
    pub portal: PortalId,
    pub portal_name: String,
    pub delivery: Delivery,
    pub copy: Option<Copy>,
    pub last_attempt: Option<AttemptId>,
}

/// How a portal moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pulse {
    pub written_at: Option<Moment>,
    pub due_at: Option<Moment>,
}

/// One try in the history of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AttemptRow {
    pub operation: &'static str,
    /// Wall clock, ms.
    pub at: i64,
    /// How long it took, ms; `None`: it has not ended.
    pub took: Option<i64>,
    pub outcome: Option<String>,
}

/// Writes on portals that ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Written {
    pub created: u32,
    pub updated: u32,
    pub withdrawn: u32,
}

/// Attempts that a report shows of one delivery.
const HISTORY_MAX: usize = 20;

impl Store {
    /// Whether everything that is wanted stands; else how many deliveries do not, by state.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn counts(&self, portal: PortalId) -> Result<Counts, StoreError> {
        self.read(|db| counts(db, portal))
    }
}

impl Desk {
    /// # Errors
    /// When the ledger cannot be read.
    pub fn portals(&self) -> Result<Vec<PortalRow>, StoreError> {
        portals::all(&self.db)
    }

    /// # Errors
    /// When the ledger cannot be read.
    pub fn paused(&self) -> Result<bool, StoreError> {
        meta::paused(&self.db)
    }

    /// # Errors
    /// When the ledger cannot be read.
    pub fn source(&self, name: &str) -> Result<Option<SourceRow>, StoreError> {
        articles::source_row(&self.db, name)
    }

    /// # Errors
    /// When the ledger cannot be read.
    pub fn counts(&self, portal: PortalId) -> Result<Counts, StoreError> {
        counts(&self.db, portal)
    }

    /// Ledger time, as the daemon counts it.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn now(&self) -> Result<Moment, StoreError> {
        Ok(clock::Clock::resume(meta::carried(&self.db)?.as_ref(), &clock::machine()).now())
    }

    /// This ledger was put back from a backup and no daemon has run on it since.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn is_restored(&self) -> Result<bool, StoreError> {
        super::backup::is_marked(&self.db)
    }

    /// When the last write of ours to the portal ended, and since when its
    /// oldest hint is due (ledger time).
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn pulse(&self, portal: PortalId) -> Result<Pulse, StoreError> {
        let written: Option<i64> =
            self.db.query_row("SELECT max(written_at) FROM copy WHERE portal = ?1", [portal.0], |row| row.get(0))?;
        let due: Option<i64> =
            self.db.query_row("SELECT min(at) FROM due WHERE portal = ?1", [portal.0], |row| row.get(0))?;
        let known = |at: Option<i64>| at.filter(|&at| at > 0).map(Moment);
        Ok(Pulse { written_at: known(written), due_at: known(due) })
    }

    /// What comes next on a portal, counted: `create`, `update`, `withdraw`,
    /// `look-up`, `wait`, `held`, `rejected` or `standing`; of one article or of all.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn next(
        &self,
        portal: PortalId,
        article: Option<ArticleId>,
        now: Moment,
    ) -> Result<BTreeMap<&'static str, usize>, StoreError> {
        let sql = format!("SELECT {DELIVERY_COLUMNS} FROM delivery WHERE portal = ?1 AND (?2 IS NULL OR article = ?2)");
        let mut statement = self.db.prepare(&sql)?;
        let rows = statement.query_map((portal.0, article.map(|id| id.0)), deliveries::from_row)?;
        let mut counts = BTreeMap::new();
        for delivery in rows {
            *counts.entry(next_word(&delivery?, now)).or_default() += 1;
        }
        Ok(counts)
    }

    /// What the rules need to know of an article.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn facts(&self, article: ArticleId, planned: &Planned) -> Result<Option<Facts>, StoreError> {
        articles::facts(&self.db, article, planned)
    }

    /// How many articles there are.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn articles(&self) -> Result<i64, StoreError> {
        Ok(self.db.query_row("SELECT count(*) FROM article", [], |row| row.get(0))?)
    }

    /// The newest items that were put aside, with the id of their source.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn quarantine(&self, limit: usize) -> Result<Vec<(String, String, String)>, StoreError> {
        let mut statement = self.db.prepare(
            "SELECT source.name, reason, sample FROM quarantine JOIN source ON source.id = quarantine.source \
             ORDER BY quarantine.id DESC LIMIT ?1",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement.query_map([limit], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// # Errors
    /// When the ledger cannot be read.
    pub fn open_orders(&self) -> Result<Vec<OrderRow>, StoreError> {
        let mut statement = self.db.prepare("SELECT id FROM orders WHERE done IS NULL ORDER BY id")?;
        let ids: Vec<i64> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        ids.into_iter().filter_map(|id| self.order(id).transpose()).collect()
    }

    /// The articles that `words` may mean: the original's address, a copy's
    /// address, a key, or words of the title; newest first.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn find_articles(&self, words: &str, limit: usize) -> Result<Vec<ArticleRow>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let exact = "SELECT id FROM article WHERE key = ?1 OR url = ?1 \
             UNION SELECT article FROM alias WHERE kind = 'url' AND value = ?1 \
             UNION SELECT article FROM copy WHERE url = ?1 OR remote = ?1 LIMIT ?2";
        let mut ids: Vec<i64> =
            self.db.prepare(exact)?.query_map((words, limit), |row| row.get(0))?.collect::<Result<_, _>>()?;
        if ids.is_empty() {
            ids = self.by_title(words, limit)?;
        }
        ids.into_iter().filter_map(|id| article_row(&self.db, ArticleId(id)).transpose()).collect()
    }

    /// Every word stands in the title, whatever its case and marks.
    fn by_title(&self, words: &str, limit: i64) -> Result<Vec<i64>, StoreError> {
        let words: Vec<String> = folded(words).split_whitespace().map(str::to_owned).collect();
        if words.is_empty() {
            return Ok(Vec::new());
        }
        let mut statement = self.db.prepare("SELECT id, title FROM article ORDER BY id DESC")?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let title = folded(&row.get::<_, String>(1)?);
            if words.iter().all(|word| title.contains(word.as_str())) {
                found.push(row.get(0)?);
                if i64::try_from(found.len()).unwrap_or(i64::MAX) >= limit {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// # Errors
    /// When the ledger cannot be read.
    pub fn content(&self, revision: RevisionId) -> Result<Option<Content>, StoreError> {
        let mut statement = self.db.prepare_cached("SELECT content FROM revision WHERE id = ?1")?;
        let json: Option<String> = statement.query_row([revision.0], |row| row.get(0)).optional()?;
        json.map(|json| parse(&json)).transpose()
    }

    /// What an article says now.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn current(&self, article: ArticleId) -> Result<Option<Content>, StoreError> {
        let mut statement = self.db.prepare_cached("SELECT revision FROM article WHERE id = ?1")?;
        let revision: Option<i64> = statement.query_row([article.0], |row| row.get(0)).optional()?;
        revision.map_or(Ok(None), |revision| self.content(RevisionId(revision)))
    }

    /// The deliveries of an article, in the order of the portals.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn deliveries(&self, article: ArticleId) -> Result<Vec<DeliveryRow>, StoreError> {
        let sql = format!(
            "SELECT {DELIVERY_COLUMNS}, name FROM delivery JOIN portal ON portal.id = portal \
             WHERE article = ?1 ORDER BY portal"
        );
        let mut statement = self.db.prepare(&sql)?;
        let mut rows = statement.query([article.0])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let delivery = deliveries::from_row(row)?;
            found.push(DeliveryRow {
                portal: delivery.portal,
                portal_name: row.get(14)?,
                copy: deliveries::load_whole(&self.db, article, delivery.portal)?.and_then(|whole| whole.copy),
                delivery,
                last_attempt: row.get::<_, Option<i64>>(13)?.map(AttemptId),
            });
        }
        Ok(found)
    }

    /// Deliveries of a portal in a state that asks for a person, oldest first.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn troubled(&self, portal: PortalId, limit: usize) -> Result<Vec<(ArticleRow, Delivery)>, StoreError> {
        let sql = format!("SELECT {DELIVERY_COLUMNS} FROM delivery WHERE portal = ?1 AND hold != 0 LIMIT ?2");
        let mut statement = self.db.prepare(&sql)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows: Vec<Delivery> =
            statement.query_map((portal.0, limit), deliveries::from_row)?.collect::<Result<_, _>>()?;
        let mut found = Vec::new();
        for delivery in rows {
            if let Some(article) = article_row(&self.db, delivery.article)? {
                found.push((article, delivery));
            }
        }
        Ok(found)
    }

    /// The newest attempt of all; `None`: nothing was ever tried, or nothing lately.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn newest_attempt(&self) -> Result<Option<AttemptId>, StoreError> {
        let newest: Option<i64> = self.db.query_row("SELECT max(id) FROM attempt", [], |row| row.get(0))?;
        Ok(newest.map(AttemptId))
    }

    /// What was written since the attempt `last`; `None`: since ever.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn written_since(&self, last: Option<AttemptId>) -> Result<Written, StoreError> {
        let mut statement = self.db.prepare(
            "SELECT operation, count(*) FROM attempt WHERE id > ?1 AND outcome IN ('done', 'pending') \
             GROUP BY operation",
        )?;
        let mut written = Written::default();
        let mut rows = statement.query([last.map_or(0, |id| id.0)])?;
        while let Some(row) = rows.next()? {
            let count = row.get(1)?;
            match operation(row.get(0)?) {
                Some(Operation::Create) => written.created = count,
                Some(Operation::Update) => written.updated = count,
                Some(Operation::Withdraw) => written.withdrawn = count,
                _ => {}
            }
        }
        Ok(written)
    }

    /// The history of a delivery, newest first.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn attempts(&self, last: Option<AttemptId>) -> Result<Vec<AttemptRow>, StoreError> {
        let mut statement = self
            .db
            .prepare_cached("SELECT operation, at, ended - started, outcome, previous FROM attempt WHERE id = ?1")?;
        let (mut next, mut history) = (last.map(|id| id.0), Vec::new());
        while let Some(id) = next.filter(|_| history.len() < HISTORY_MAX) {
            let row = statement.query_row([id], |row| {
                let attempt = AttemptRow {
                    operation: operation(row.get(0)?).map_or("look", Operation::name),
                    at: row.get(1)?,
                    took: row.get(2)?,
                    outcome: row.get(3)?,
                };
                Ok((attempt, row.get::<_, Option<i64>>(4)?))
            });
            let Some((attempt, previous)) = row.optional()? else { break };
            history.push(attempt);
            next = previous;
        }
        Ok(history)
    }

    /// The newest events.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn events(&self, limit: usize) -> Result<Vec<Event>, StoreError> {
        let mut statement =
            self.db.prepare("SELECT at, who, what, subject, detail FROM event ORDER BY id DESC LIMIT ?1")?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement.query_map([limit], |row| {
            Ok(Event {
                at: row.get(0)?,
                who: row.get(1)?,
                what: row.get(2)?,
                subject: row.get(3)?,
                detail: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Checks the ledger: pages, and the chain of events. `None`: sound.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn verify(&self) -> Result<Option<String>, StoreError> {
        let verdict: String = self.db.query_row("PRAGMA quick_check", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Ok(Some(verdict));
        }
        Ok(events::broken_link(&self.db)?.map(|id| format!("event {id} does not fit the one before it")))
    }
}

fn next_word(delivery: &Delivery, now: Moment) -> &'static str {
    match (delivery.state(), delivery.wanted, delivery.stands) {
        (State::Standing, _, _) => "standing",
        (State::Rejected, _, _) => "rejected",
        (State::Waiting | State::Held | State::Parked | State::Removed | State::Detached, _, _) => "held",
        (State::Due | State::Uncertain, Wanted::Nothing, _) => "withdraw",
        (State::Due | State::Uncertain, Wanted::Post(_), _) if delivery.not_before.max(delivery.quiet_until) > now => {
            "wait"
        }
        (State::Due | State::Uncertain, Wanted::Post(_), Stands::Unknown) if delivery.sent => "look-up",
        (State::Due | State::Uncertain, Wanted::Post(_), Stands::Unknown | Stands::Absent) => "create",
        (State::Due | State::Uncertain, Wanted::Post(_), Stands::Hidden | Stands::Copy(_)) => "update",
    }
}

pub(super) fn counts(db: &Connection, portal: PortalId) -> Result<Counts, StoreError> {
    let sql = format!("SELECT {DELIVERY_COLUMNS} FROM delivery WHERE portal = ?1");
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map([portal.0], deliveries::from_row)?;
    let mut counts = Counts::new();
    for delivery in rows {
        *counts.entry(delivery?.state()).or_default() += 1;
    }
    Ok(counts)
}

fn article_row(db: &Connection, article: ArticleId) -> Result<Option<ArticleRow>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT key, title, url, withdrawn, published, first_seen, withdrawn_by FROM article WHERE id = ?1",
    )?;
    let row = statement
        .query_row([article.0], |row| {
            Ok(ArticleRow {
                id: article,
                key: row.get(0)?,
                title: row.get(1)?,
                url: row.get(2)?,
                withdrawn: row.get(3)?,
                published: row.get(4)?,
                first_seen: row.get(5)?,
                withdrawn_by: row.get(6)?,
                categories: Vec::new(),
                sources: Vec::new(),
            })
        })
        .optional()?;
    let Some(mut row) = row else { return Ok(None) };
    (row.sources, row.categories) = articles::shown_by(db, article)?;
    Ok(Some(row))
}

/// For searching: lower case, without marks, đ as d.
fn folded(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    text.to_lowercase()
        .nfd()
        .filter(|c| !unicode_normalization::char::is_combining_mark(*c))
        .map(|c| if matches!(c, 'đ' | 'ð') { 'd' } else { c })
        .collect()
}
