//! What operators ask for. A command files an order; the daemon carries it
//! out in pieces that keep the writer free for outcomes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

use super::articles::{self, plan_delivery};
use super::deliveries::Whole;
use super::holds::Decision;
use super::portals::{self, Planned, PlannedPortal};
use super::steps::parse;
use super::writer::{self, Rank};
use super::{Desk, Store, StoreError, Tx, deliveries, events, history, holds, meta, originals};
use crate::delivery::{ArticleId, Class, Delivery, Hold, Moment, RevisionId, Waiting, Wanted};
use crate::plan::{self, Facts, Occasion};

/// A piece of an order keeps the writer no longer than this.
const PIECE: Duration = Duration::from_millis(10);
/// Articles that are read at once.
const STRIDE: usize = 64;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Look up on the portal, create what is missing, repair what differs.
    Resync,
    /// Take the copies from the citizens' sight.
    Withdraw,
    /// Undo a withdrawal.
    Restore,
    /// Lift what gave up or was taken down.
    Retry,
    Pause,
    Resume,
    /// Articles of a source whose originals are gone may go, however many.
    AllowWithdrawals,
    /// They stay.
    KeepArticles,
    /// These revisions, which the content firewall holds, may go out.
    Release(Vec<i64>),
    /// They must not.
    Reject(Vec<i64>),
    /// The past of a source is read back to the selection's first day; then it is resynced.
    History,
}

impl What {
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Resync => "resync",
            Self::Withdraw => "withdraw",
            Self::Restore => "restore",
            Self::Retry => "retry",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::AllowWithdrawals => "allow-withdrawals",
            Self::KeepArticles => "keep-articles",
            Self::Release(_) => "release",
            Self::Reject(_) => "reject",
            Self::History => "history",
        }
    }
}

/// Which articles on which portals.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Selection {
    /// Portal ids; `None`: all.
    pub portals: Option<BTreeSet<String>>,
    /// A row of `article`.
    pub article: Option<i64>,
    pub source: Option<String>,
    pub category: Option<String>,
    /// Publication, wall clock, ms; both ends included.
    pub since: Option<i64>,
    pub until: Option<i64>,
}

impl Selection {
    /// It names portals only, or everything.
    #[must_use]
    pub fn is_of_portals(&self) -> bool {
        self.article.is_none()
            && self.source.is_none()
            && self.category.is_none()
            && self.since.is_none()
            && self.until.is_none()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub what: What,
    pub selection: Selection,
}

/// An order with its progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderRow {
    pub id: i64,
    /// Wall clock, ms.
    pub at: i64,
    pub who: String,
    pub order: Order,
    /// Deliveries changed so far.
    pub touched: i64,
    /// Wall clock, ms.
    pub done: Option<i64>,
    pub failed: Option<String>,
}

/// What a piece of an order did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// There is more to do.
    More,
    Done,
    /// No order is open.
    Idle,
}

impl Desk {
    /// Files an order; the daemon notices within a second.
    ///
    /// # Errors
    /// When it cannot be committed.
    pub fn file(&self, order: &Order, who: &str) -> Result<i64, StoreError> {
        let tx = rusqlite::Transaction::new_unchecked(&self.db, rusqlite::TransactionBehavior::Immediate)?;
        let id = put(&tx, order, who)?;
        tx.commit()?;
        Ok(id)
    }

    /// # Errors
    /// When the ledger cannot be read.
    pub fn order(&self, id: i64) -> Result<Option<OrderRow>, StoreError> {
        let mut statement =
            self.db.prepare_cached("SELECT id, at, who, what, touched, done, failed FROM orders WHERE id = ?1")?;
        let row = statement.query_row([id], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, String>(3)?, row.get(4)?, row.get(5)?, row.get(6)?))
        });
        let Some((id, at, who, what, touched, done, failed)) = row.optional()? else { return Ok(None) };
        Ok(Some(OrderRow { id, at, who, order: parse(&what)?, touched, done, failed }))
    }

    /// What an order would touch: deliveries per portal id. Changes nothing.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn foresee(&self, order: &Order, planned: &Planned) -> Result<Vec<(String, usize)>, StoreError> {
        let mut counts = Vec::new();
        for portal in chosen(&order.selection, planned) {
            counts.push((portal.name.clone(), 0));
        }
        let mut from = 0;
        loop {
            let page = articles_after(&self.db, &order.selection, from)?;
            let Some(last) = page.last() else { break };
            from = last.0;
            for article in page {
                for (place, portal) in chosen(&order.selection, planned).enumerate() {
                    let touched = would_touch(&self.db, article, order, portal, planned)?;
                    counts[place].1 += usize::from(touched);
                }
            }
        }
        Ok(counts)
    }
}

impl Desk {
    /// Deliveries of a selection that do not stand as wanted, per portal id.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn unfinished(&self, selection: &Selection, planned: &Planned) -> Result<Vec<(String, usize)>, StoreError> {
        let mut counts: Vec<_> = chosen(selection, planned).map(|portal| (portal.name.clone(), 0)).collect();
        let mut from = 0;
        loop {
            let page = articles_after(&self.db, selection, from)?;
            let Some(last) = page.last() else { return Ok(counts) };
            from = last.0;
            for article in page {
                if !matches_article(&self.db, article, selection)? {
                    continue;
                }
                for (place, portal) in chosen(selection, planned).enumerate() {
                    let delivery = deliveries::load(&self.db, article, portal.rules.portal)?;
                    let left = delivery.is_some_and(|delivery| !delivery.state().is_settled());
                    counts[place].1 += usize::from(left);
                }
            }
        }
    }
}

impl Store {
    /// Carries out a piece of the next open order.
    ///
    /// # Errors
    /// When it cannot be committed.
    pub async fn obey(&self, planned: Arc<Planned>) -> Result<Piece, StoreError> {
        if self.read(|db| Ok(open_order(db)?.is_none()))? {
            return Ok(Piece::Idle);
        }
        let piece = self
            .write(Rank::Order, move |tx| {
                let Some((id, who, what, cursor)) = open_order(tx.db)? else { return Ok(Piece::Idle) };
                let order: Order = match serde_json::from_str(&what) {
                    Ok(order) => order,
                    Err(error) => return end(tx, id, Some(&error.to_string())),
                };
                if let Some(source) = of_a_source(&order) {
                    if order.what == What::AllowWithdrawals {
                        originals::allow(tx, source, &who)?;
                    } else {
                        originals::keep(tx, source, &who)?;
                    }
                    return end(tx, id, None);
                }
                if let What::Release(revisions) = &order.what {
                    return over_revisions(tx, id, (revisions, Decision::Release), &who, cursor);
                }
                if let What::Reject(revisions) = &order.what {
                    return over_revisions(tx, id, (revisions, Decision::Reject), &who, cursor);
                }
                if order.what == What::History {
                    history::begin(tx, &order, &who)?;
                    return end(tx, id, None);
                }
                if order.selection.is_of_portals() && cursor == 0 {
                    of_portals(tx, &order, &planned, &who)?;
                }
                if matches!(order.what, What::Pause) {
                    return end(tx, id, None);
                }
                over_articles(tx, id, &order, &planned, cursor)
            })
            .await?;
        self.control_changed();
        Ok(piece)
    }
}

/// Files an order within the caller's transaction.
pub(super) fn put(db: &Connection, order: &Order, who: &str) -> Result<i64, StoreError> {
    let json = serde_json::to_string(order).map_err(|error| StoreError::Strange(error.to_string()))?;
    db.execute("INSERT INTO orders (at, who, what) VALUES (?1, ?2, ?3)", (writer::wall(), who, &json))?;
    let id = db.last_insert_rowid();
    events::append_to(db, who, "order.filed", &id.to_string(), &json)?;
    Ok(id)
}

/// The source that an order on withdrawals is about.
fn of_a_source(order: &Order) -> Option<&str> {
    let of_withdrawals = matches!(order.what, What::AllowWithdrawals | What::KeepArticles);
    of_withdrawals.then(|| order.selection.source.as_deref().unwrap_or_default())
}

/// The oldest first; but an order that only has copies looked at again, and may
/// be long, gives way to any other: a withdrawal waits for no resync.
fn open_order(db: &Connection) -> Result<Option<(i64, String, String, i64)>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT id, who, what, cursor FROM orders WHERE done IS NULL \
         ORDER BY what LIKE '{\"what\":\"resync\"%' OR what LIKE '{\"what\":\"retry\"%', id LIMIT 1",
    )?;
    Ok(statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).optional()?)
}

fn end(tx: &Tx<'_>, id: i64, failed: Option<&str>) -> Result<Piece, StoreError> {
    tx.db.prepare_cached("UPDATE orders SET done = ?2, failed = ?3 WHERE id = ?1")?.execute((
        id,
        writer::wall(),
        failed,
    ))?;
    events::append(tx, "dongbo", "order.done", &id.to_string(), failed.unwrap_or("done"))?;
    Ok(Piece::Done)
}

/// The half of pause and resume that concerns whole portals.
fn of_portals(tx: &Tx<'_>, order: &Order, planned: &Planned, who: &str) -> Result<(), StoreError> {
    let all = order.selection.portals.is_none();
    let paused = match order.what {
        What::Pause => true,
        What::Resume => false,
        _ => return Ok(()),
    };
    if all {
        meta::set_paused(tx.db, paused)?;
    }
    for portal in chosen(&order.selection, planned) {
        if !(all && paused) {
            tx.db.execute("UPDATE portal SET paused = ?2 WHERE name = ?1", (&portal.name, paused))?;
        }
        if !paused {
            portals::let_go(tx, &portal.name)?;
        }
        events::append(tx, who, if paused { "portal.paused" } else { "portal.resumed" }, &portal.name, "")?;
        tx.touch(portal.rules.portal, Class::Urgent);
    }
    Ok(())
}

/// Goes through the articles from the cursor on until the piece is used up.
fn over_articles(tx: &Tx<'_>, id: i64, order: &Order, planned: &Planned, cursor: i64) -> Result<Piece, StoreError> {
    let began = Instant::now();
    let (mut from, mut touched) = (cursor, 0_i64);
    loop {
        let page = articles_after(tx.db, &order.selection, from)?;
        if page.is_empty() {
            add_progress(tx, id, from, touched)?;
            return end(tx, id, None);
        }
        for article in page {
            touched += apply(tx, article, order, planned, Asker::Person)?;
            from = article.0;
            if began.elapsed() >= PIECE {
                add_progress(tx, id, from, touched)?;
                return Ok(Piece::More);
            }
        }
    }
}

/// Carries a person's word out, revision by revision; the cursor counts them.
fn over_revisions(
    tx: &Tx<'_>,
    id: i64,
    (revisions, decision): (&[i64], Decision),
    who: &str,
    cursor: i64,
) -> Result<Piece, StoreError> {
    let began = Instant::now();
    let (mut done, mut touched) = (cursor, 0);
    for &revision in revisions.iter().skip(usize::try_from(cursor).unwrap_or(usize::MAX)) {
        if began.elapsed() >= PIECE {
            add_progress(tx, id, done, touched)?;
            return Ok(Piece::More);
        }
        touched += holds::decide(tx, RevisionId(revision), decision, who)?;
        done += 1;
    }
    add_progress(tx, id, done, touched)?;
    end(tx, id, None)
}

fn add_progress(tx: &Tx<'_>, id: i64, cursor: i64, touched: i64) -> Result<(), StoreError> {
    tx.db
        .prepare_cached("UPDATE orders SET cursor = ?2, touched = touched + ?3 WHERE id = ?1")?
        .execute((id, cursor, touched))?;
    Ok(())
}

fn articles_after(db: &Connection, selection: &Selection, from: i64) -> Result<Vec<ArticleId>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT id FROM article WHERE id > ?1 AND (?2 IS NULL OR id = ?2) AND (?3 IS NULL OR published >= ?3) \
         AND (?4 IS NULL OR published <= ?4) ORDER BY id LIMIT ?5",
    )?;
    let limit = i64::try_from(STRIDE).unwrap_or(i64::MAX);
    let rows = statement.query_map((from, selection.article, selection.since, selection.until, limit), |row| {
        Ok(ArticleId(row.get(0)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn chosen<'a>(selection: &'a Selection, planned: &'a Planned) -> impl Iterator<Item = &'a PlannedPortal> {
    planned.portals.iter().filter(|portal| selection.portals.as_ref().is_none_or(|names| names.contains(&portal.name)))
}

/// Whether the article is of the source and the category asked for.
fn matches_article(db: &Connection, article: ArticleId, selection: &Selection) -> Result<bool, StoreError> {
    if selection.source.is_none() && selection.category.is_none() {
        return Ok(true);
    }
    let (sources, categories) = articles::shown_by(db, article)?;
    let source = selection.source.as_ref().is_none_or(|source| sources.contains(source));
    let category = selection
        .category
        .as_ref()
        .is_none_or(|wanted| categories.iter().any(|category| plan::same_name(category, wanted)));
    Ok(source && category)
}

/// Who asks for what an order says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asker {
    Person,
    /// The article's own address.
    Original,
}

pub(super) fn apply(
    tx: &Tx<'_>,
    article: ArticleId,
    order: &Order,
    planned: &Planned,
    asker: Asker,
) -> Result<i64, StoreError> {
    if !matches_article(tx.db, article, &order.selection)? {
        return Ok(0);
    }
    let Some(mut facts) = articles::facts(tx.db, article, planned)? else { return Ok(0) };
    let occasion = amend(&mut facts, order);
    if order.selection.portals.is_none() {
        match order.what {
            What::Withdraw => mark_withdrawn(tx, article, true)?,
            What::Restore => {
                originals::keep_shown(tx, article)?;
                mark_withdrawn(tx, article, false)?;
            }
            _ => {}
        }
    }
    let mut touched = 0;
    for portal in chosen(&order.selection, planned) {
        let id = portal.rules.portal;
        let Some(Whole { mut delivery, last, .. }) = deliveries::load_whole(tx.db, article, id)? else {
            if let Some(occasion) = occasion {
                touched += i64::from(plan_delivery(tx, article, &facts, portal, occasion)?);
            }
            continue;
        };
        if asker == Asker::Original && order.what == What::Restore && delivery.taken {
            continue;
        }
        let before = delivery;
        change(&mut delivery, &order.what);
        match order.what {
            What::Withdraw => delivery.taken |= order.selection.portals.is_some(),
            What::Restore => delivery.taken = false,
            _ => {}
        }
        if order.what == What::Restore && delivery.wanted == Wanted::Nothing && !facts.withdrawn {
            let shape = super::steps::intern(tx.db, &plan::shape(&portal.rules, &facts))?;
            delivery.want(Wanted::Post(plan::form(facts.revision, shape)));
            delivery.class = Class::Correction;
        }
        if order.what == What::Resync && delivery.wanted != Wanted::Nothing && !facts.withdrawn {
            // Old copies take the shape of today's rules.
            let shape = super::steps::intern(tx.db, &plan::shape(&portal.rules, &facts))?;
            delivery.want(Wanted::Post(plan::form(facts.revision, shape)));
        }
        holds::screen(tx.db, &mut delivery)?;
        if delivery != before || order.what == What::Resync {
            deliveries::put(tx, &delivery, last)?;
            let class = if order.what == What::Resync { Class::Verify } else { delivery.class };
            deliveries::hint(tx, id, class, tx.now, article)?;
            touched += 1;
        }
    }
    Ok(touched)
}

/// What an order makes of the article itself. `Some`: portals that never had it
/// are asked, on that occasion, whether it comes.
fn amend(facts: &mut Facts, order: &Order) -> Option<Occasion> {
    // Without named portals a withdrawal is the article's own: no portal that comes later receives it either.
    let own = order.selection.portals.is_none();
    match order.what {
        What::Resync => Some(Occasion::Order),
        What::Withdraw => {
            facts.withdrawn |= own;
            None
        }
        // Those that were new meanwhile were refused it because it was withdrawn.
        What::Restore => (own && std::mem::take(&mut facts.withdrawn)).then_some(Occasion::Reading),
        What::Retry
        | What::Pause
        | What::Resume
        | What::AllowWithdrawals
        | What::KeepArticles
        | What::Release(_)
        | What::Reject(_)
        | What::History => None,
    }
}

/// What an order does to a delivery that exists. Names every order, so that a
/// new one is decided here.
fn change(delivery: &mut Delivery, what: &What) {
    match what {
        What::Resync => {
            delivery.doubt(Moment::NEVER);
            delivery.not_before = Moment::NEVER;
        }
        What::Withdraw => {
            delivery.want(Wanted::Nothing);
            delivery.class = Class::Correction;
            delivery.not_before = Moment::NEVER;
        }
        What::Retry => delivery.retry(),
        What::Resume => {
            if delivery.hold == Hold::Waiting(Waiting::Approval) {
                delivery.hold = Hold::None;
                delivery.agreed = true;
            }
        }
        What::Restore
        | What::Pause
        | What::AllowWithdrawals
        | What::KeepArticles
        | What::Release(_)
        | What::Reject(_)
        | What::History => {}
    }
}

fn mark_withdrawn(tx: &Tx<'_>, article: ArticleId, withdrawn: bool) -> Result<(), StoreError> {
    tx.db
        .prepare_cached("UPDATE article SET withdrawn = ?2, withdrawn_by = NULL, withdrawn_at = NULL WHERE id = ?1")?
        .execute((article.0, withdrawn))?;
    Ok(())
}

/// The same decision as [`apply`], without writing.
fn would_touch(
    db: &Connection,
    article: ArticleId,
    order: &Order,
    portal: &PlannedPortal,
    planned: &Planned,
) -> Result<bool, StoreError> {
    if !matches_article(db, article, &order.selection)? {
        return Ok(false);
    }
    let Some(before) = deliveries::load(db, article, portal.rules.portal)? else {
        let Some(mut facts) = articles::facts(db, article, planned)? else { return Ok(false) };
        let occasion = amend(&mut facts, order);
        return Ok(occasion.is_some_and(|occasion| plan::comes(&portal.rules, &facts, portal.since, occasion).is_ok()));
    };
    let mut after = before;
    change(&mut after, &order.what);
    Ok(match order.what {
        What::Resync => true,
        What::Restore => before.wanted == Wanted::Nothing,
        _ => after != before,
    })
}
