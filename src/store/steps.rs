//! What the worker asks of the ledger: what there is to do for a delivery, and
//! one message for the end of one step and the intent of the next.

use std::sync::Arc;

use dongbo_sdk::{Key, Operation};
use rusqlite::{Connection, OptionalExtension};

use super::deliveries::{self, Hint, Whole};
use super::holds;
use super::media::{self, MediaSettled};
use super::writer::Rank;
use super::{Store, StoreError, Tx};
use crate::article::Content;
use crate::delivery::{
    self, ArticleId, AttemptId, Class, Copy, Delivery, Hold, Moment, Outcome, Picture, PortalId, RevisionId,
    Settlement, ShapeId, Step, Terms, Verdict, Waiting,
};
use crate::plan::Shape;

/// A delivery as the worker takes it in hand.
#[derive(Debug, Clone)]
pub struct Task {
    pub delivery: Delivery,
    pub copy: Option<Copy>,
    pub key: Key,
    pub url: String,
    pub title: String,
}

/// The end of a step.
#[derive(Debug)]
pub struct Settle {
    pub article: ArticleId,
    pub portal: PortalId,
    pub attempt: Option<AttemptId>,
    pub settlement: Settlement,
    pub terms: Terms,
    pub media: Option<MediaSettled>,
    /// The worker goes on with this delivery; its hint still stands.
    pub kept: bool,
}

/// The intent of a step, to be durable before its request goes out.
#[derive(Debug)]
pub struct Begin {
    pub article: ArticleId,
    pub portal: PortalId,
    pub step: Step,
    pub picture: Picture,
    pub terms: Terms,
    /// End of the grace should the step never end.
    pub quiet_until: Moment,
    /// The picture that is uploaded.
    pub media: Option<[u8; 32]>,
    /// Creates on this portal in the last hour that make it ask first.
    pub create_burst: u32,
}

#[derive(Debug, Default)]
pub struct StepReply {
    /// The settled delivery as the ledger has it now.
    pub settled: Option<(Delivery, Option<Copy>)>,
    /// `None`: nothing was begun, because the row asks for another step now.
    pub begun: Option<AttemptId>,
}

impl Store {
    /// What the ledger knows of a delivery, for the worker.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn task(&self, article: ArticleId, portal: PortalId) -> Result<Option<Task>, StoreError> {
        Ok(self.tasks(portal, [article])?.pop())
    }

    /// The same of several, in one transaction: its locks, and the pages that
    /// a reader has to read anew after each commit, cost more than its rows.
    /// What the ledger does not know is left out.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn tasks(
        &self,
        portal: PortalId,
        articles: impl IntoIterator<Item = ArticleId>,
    ) -> Result<Vec<Task>, StoreError> {
        self.read(|db| {
            let snapshot = db.unchecked_transaction()?;
            let tasks = articles.into_iter().filter_map(|article| task(&snapshot, article, portal).transpose());
            tasks.collect()
        })
    }

    /// # Errors
    /// When the ledger cannot be read or does not know the revision.
    pub fn content(&self, revision: RevisionId) -> Result<Arc<Content>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT content FROM revision WHERE id = ?1")?;
            let json: String = statement.query_row([revision.0], |row| row.get(0))?;
            parse(&json).map(Arc::new)
        })
    }

    /// # Errors
    /// When the ledger cannot be read or does not know the shape.
    pub fn shape(&self, shape: ShapeId) -> Result<Arc<Shape>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT spec FROM shape WHERE id = ?1")?;
            let json: String = statement.query_row([shape.0], |row| row.get(0))?;
            parse(&json).map(Arc::new)
        })
    }

    /// Commits the end of one step, the intent of the next, and the hints that
    /// are used up, in one transaction.
    ///
    /// # Errors
    /// When it cannot be committed: then nothing of it happened.
    pub async fn step(
        &self,
        settle: Option<Arc<Settle>>,
        begin: Option<Begin>,
        used: Vec<(PortalId, Hint)>,
    ) -> Result<StepReply, StoreError> {
        let rank = if settle.is_some() { Rank::Outcome } else { Rank::Claim };
        self.write(rank, move |tx| {
            let mut reply = StepReply::default();
            if let Some(settle) = settle {
                reply.settled = settle_in(tx, &settle)?;
            }
            if let Some(begin) = begin {
                reply.begun = begin_in(tx, &begin)?;
            }
            for (portal, hint) in used {
                deliveries::delete_hint(tx, portal, &hint)?;
            }
            Ok(reply)
        })
        .await
    }

    /// Puts a delivery's hint where its row says that it is due next.
    ///
    /// # Errors
    /// When it cannot be committed.
    pub async fn look_again(&self, article: ArticleId, portal: PortalId, at: Moment) -> Result<(), StoreError> {
        self.write(Rank::Claim, move |tx| {
            let class = deliveries::load(tx.db, article, portal)?.map_or(Class::Live, |delivery| delivery.class);
            deliveries::hint(tx, portal, class, at, article)
        })
        .await
    }

    /// Before any lane runs: each open attempt puts its delivery in doubt.
    /// Returns how many there were.
    ///
    /// # Errors
    /// When it cannot be committed.
    pub async fn recover(&self) -> Result<usize, StoreError> {
        self.write(Rank::Outcome, |tx| {
            let mut statement =
                tx.db.prepare("SELECT id, article, portal, quiet_until FROM attempt WHERE ended IS NULL")?;
            let open: Vec<(i64, i64, i64, i64)> = statement
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
                .collect::<Result<_, _>>()?;
            for &(id, article, portal, quiet_until) in &open {
                end_attempt(tx, AttemptId(id), "interrupted")?;
                let (article, portal) = (ArticleId(article), PortalId(portal));
                let Some(Whole { delivery: mut row, last, .. }) = deliveries::load_whole(tx.db, article, portal)?
                else {
                    continue;
                };
                delivery::interrupted(&mut row, Moment(quiet_until));
                deliveries::put(tx, &row, last)?;
                deliveries::hint(tx, portal, row.class, tx.now, article)?;
            }
            Ok(open.len())
        })
        .await
    }
}

fn task(db: &Connection, article: ArticleId, portal: PortalId) -> Result<Option<Task>, StoreError> {
    let Some(Whole { delivery, copy, .. }) = deliveries::load_whole(db, article, portal)? else { return Ok(None) };
    let mut statement = db.prepare_cached("SELECT key, url, title FROM article WHERE id = ?1")?;
    let row = statement.query_row([article.0], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)));
    let Some((key, url, title)) = row.optional()? else { return Ok(None) };
    let key = key.parse().map_err(|_| StoreError::Strange(format!("article key {key}")))?;
    Ok(Some(Task { delivery, copy, key, url, title }))
}

/// Attempts looked at per transaction when old ones are pruned.
const PRUNE_PIECE: i64 = 500;

impl Store {
    /// Forgets attempts that ended before `before` (wall clock, ms), in pieces.
    /// Those of parked deliveries stay: a person may still want to know. So
    /// does the newest of all: the next one takes the number after it, and a
    /// number that was given twice would show one article the history of another.
    ///
    /// # Errors
    /// When it cannot be committed.
    pub async fn prune_attempts(&self, before: i64) -> Result<usize, StoreError> {
        let (mut from, mut pruned) = (0, 0);
        loop {
            let (next, deleted) = self.write(Rank::Order, move |tx| prune_piece(tx, from, before)).await?;
            pruned += deleted;
            let Some(next) = next else { return Ok(pruned) };
            from = next;
        }
    }
}

/// Where to go on, and how many were deleted. Numbers ascend with time, so
/// the first young attempt is the end.
fn prune_piece(tx: &Tx<'_>, from: i64, before: i64) -> Result<(Option<i64>, usize), StoreError> {
    let mut statement = tx.db.prepare_cached(
        "SELECT id, at, ended IS NOT NULL AND NOT EXISTS (SELECT 1 FROM delivery \
         WHERE delivery.article = attempt.article AND delivery.portal = attempt.portal AND delivery.hold >= ?3) \
         FROM attempt WHERE id > ?1 AND id < (SELECT max(id) FROM attempt) ORDER BY id LIMIT ?2",
    )?;
    let rows: Vec<(i64, i64, bool)> = statement
        .query_map((from, PRUNE_PIECE, deliveries::PARKED), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    let mut deleted = 0;
    for &(id, at, settled) in &rows {
        if at >= before {
            return Ok((None, deleted));
        }
        if settled {
            deleted += tx.db.prepare_cached("DELETE FROM attempt WHERE id = ?1")?.execute([id])?;
        }
    }
    Ok((rows.last().map(|row| row.0), deleted))
}

fn settle_in(tx: &Tx<'_>, done: &Settle) -> Result<Option<(Delivery, Option<Copy>)>, StoreError> {
    let whole = deliveries::load_whole(tx.db, done.article, done.portal)?;
    let Some(Whole { delivery: mut row, last, copy: before }) = whole else { return Ok(None) };
    let mut copy = before.clone();
    delivery::settle(&mut row, &mut copy, &done.settlement, &done.terms, tx.now);
    deliveries::put(tx, &row, done.attempt.or(last))?;
    if copy != before {
        deliveries::put_copy(tx, &row, copy.as_ref())?;
    }
    if let Some(attempt) = done.attempt {
        end_attempt(tx, attempt, outcome_name(&done.settlement.outcome))?;
    }
    if let Some(media) = &done.media {
        media::settle(tx, done.portal, media)?;
    }
    if !done.kept {
        hint_next(tx, &row, copy.as_ref(), &done.terms)?;
    }
    Ok(Some((row, copy)))
}

/// The hint for what the row asks next; none when there is nothing to do.
pub(super) fn hint_next(tx: &Tx<'_>, row: &Delivery, copy: Option<&Copy>, terms: &Terms) -> Result<(), StoreError> {
    let at = match delivery::step(row, copy, Picture::Settled, terms, tx.now) {
        Step::Rest | Step::Held => return Ok(()),
        Step::Wait(at) => at,
        Step::Confirm(_) | Step::Find | Step::Withdraw(_) | Step::Upload | Step::Create(_) | Step::Update(..) => tx.now,
    };
    deliveries::hint(tx, row.portal, row.class, at, row.article)
}

fn begin_in(tx: &Tx<'_>, begin: &Begin) -> Result<Option<AttemptId>, StoreError> {
    let whole = deliveries::load_whole(tx.db, begin.article, begin.portal)?;
    let Some(Whole { delivery: mut row, last, copy: before }) = whole else { return Ok(None) };
    if delivery::step(&row, before.as_ref(), begin.picture, &begin.terms, tx.now) != begin.step {
        return Ok(None);
    }
    if begin.step.shows_text() && holds::verdict(tx.db, row.wanted)? != Verdict::Free {
        // Whatever lifted the hold in between: a held text never leaves.
        holds::screen(tx.db, &mut row)?;
        deliveries::put(tx, &row, last)?;
        return Ok(None);
    }
    if matches!(begin.step, Step::Create(_)) && !row.agreed && burst(tx, begin)? {
        row.hold = Hold::Waiting(Waiting::Approval);
        deliveries::put(tx, &row, last)?;
        return Ok(None);
    }
    if let Some(sha256) = &begin.media
        && media::is_claimed(tx, begin.portal, sha256)?
    {
        // Another delivery uploads the same file to this site: one upload serves both.
        return Ok(None);
    }
    if delivery::mutant::skips_intent() {
        return Ok(Some(AttemptId(0)));
    }
    let attempt = open_attempt(tx, begin, last)?;
    let mut copy = before.clone();
    let unchanged = row;
    delivery::intend(&mut row, &mut copy, &begin.step);
    if row != unchanged {
        deliveries::put(tx, &row, Some(attempt))?;
    }
    if copy != before {
        deliveries::put_copy(tx, &row, copy.as_ref())?;
    }
    if let Some(sha256) = &begin.media {
        media::intend(tx, begin.portal, sha256, begin.quiet_until)?;
    }
    Ok(Some(attempt))
}

/// An hour in milliseconds.
const HOUR: i64 = 60 * 60 * 1000;

/// Whether one more create would pass the portal's burst within an hour.
fn burst(tx: &Tx<'_>, begin: &Begin) -> Result<bool, StoreError> {
    let mut statement = tx.db.prepare_cached("SELECT hour, creates FROM portal_burst WHERE portal = ?1")?;
    let row: Option<(i64, i64)> =
        statement.query_row([begin.portal.0], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let (mut from, mut creates) = row.unwrap_or((tx.now.0, 0));
    if tx.now.0 - from >= HOUR {
        (from, creates) = (tx.now.0, 0);
    }
    if creates >= i64::from(begin.create_burst) {
        return Ok(true);
    }
    tx.db
        .prepare_cached(
            "INSERT INTO portal_burst (portal, hour, creates) VALUES (?1, ?2, ?3) \
             ON CONFLICT (portal) DO UPDATE SET hour = ?2, creates = ?3",
        )?
        .execute((begin.portal.0, from, creates + 1))?;
    Ok(false)
}

fn open_attempt(tx: &Tx<'_>, begin: &Begin, previous: Option<AttemptId>) -> Result<AttemptId, StoreError> {
    tx.db
        .prepare_cached(
            "INSERT INTO attempt (article, portal, previous, operation, started, at, quiet_until) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            begin.article.0,
            begin.portal.0,
            previous.map(|id| id.0),
            operation_number(&begin.step),
            tx.now.0,
            super::writer::wall(),
            begin.quiet_until.0,
        ))?;
    Ok(AttemptId(tx.db.last_insert_rowid()))
}

fn end_attempt(tx: &Tx<'_>, attempt: AttemptId, outcome: &str) -> Result<(), StoreError> {
    tx.db
        .prepare_cached("UPDATE attempt SET ended = ?2, outcome = ?3 WHERE id = ?1 AND ended IS NULL")?
        .execute((attempt.0, tx.now.0, outcome))?;
    Ok(())
}

fn outcome_name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Found(_) | Outcome::Written(..) | Outcome::Withdrawn(_) | Outcome::Uploaded => "done",
        Outcome::Pending(..) => "pending",
        Outcome::NotOurs => "not-ours",
        Outcome::Failed(failure) => failure.kind.name(),
    }
}

fn operation_number(step: &Step) -> i64 {
    match step {
        Step::Create(_) => 1,
        Step::Update(..) => 2,
        Step::Withdraw(_) => 3,
        Step::Upload => 4,
        Step::Rest | Step::Held | Step::Wait(_) | Step::Confirm(_) | Step::Find => 0,
    }
}

/// A stored operation; `None`: it only looks.
pub(super) fn operation(number: i64) -> Option<Operation> {
    match number {
        1 => Some(Operation::Create),
        2 => Some(Operation::Update),
        3 => Some(Operation::Withdraw),
        4 => Some(Operation::Upload),
        _ => None,
    }
}

pub(super) fn json<T: serde::Serialize + ?Sized>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Strange(error.to_string()))
}

pub(super) fn parse<T: serde::de::DeserializeOwned>(json: &str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|error| StoreError::Strange(error.to_string()))
}

/// Interns a shape.
pub(super) fn intern(db: &Connection, shape: &Shape) -> Result<ShapeId, StoreError> {
    let spec = shape.spec();
    let digest = blake3::hash(spec.as_bytes());
    let mut known = db.prepare_cached("SELECT id FROM shape WHERE digest = ?1")?;
    if let Some(id) = known.query_row([&digest.as_bytes()[..]], |row| row.get(0)).optional()? {
        return Ok(ShapeId(id));
    }
    db.prepare_cached("INSERT INTO shape (digest, spec) VALUES (?1, ?2)")?.execute((&digest.as_bytes()[..], spec))?;
    Ok(ShapeId(db.last_insert_rowid()))
}
