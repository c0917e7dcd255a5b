//! Portals, installations and sources as the configuration names them, and
//! the health that survives a restart.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dongbo_sdk::Capabilities;
use rusqlite::{Connection, OptionalExtension};

use super::orders::{self, Order, Selection, What};
use super::steps::parse;
use super::writer::{self, Rank};
use super::{Desk, Store, StoreError, Tx, events, meta};
use crate::delivery::{ArticleId, InstallationId, Moment, PortalId, Wanted};
use crate::firewall::Policy;
use crate::plan::{Facts, Occasion, Rules};

/// A source as the configuration names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSpec {
    pub id: String,
    /// As people call it.
    pub name: String,
}

/// A portal as the configuration names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalSpec {
    pub id: String,
    pub installation: String,
    /// The adapter's public address: what leads to the site.
    pub address: String,
    /// Digest of address, account and secret.
    pub access: [u8; 32],
}

/// A portal as the ledger knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct PortalRow {
    pub id: PortalId,
    pub name: String,
    pub installation: InstallationId,
    pub retired: bool,
    /// Wall clock, ms; of first contact.
    pub since: i64,
    pub address: String,
    /// Digest of the rules by which its articles were first chosen; `None`: not yet.
    pub rules: Option<[u8; 32]>,
    pub site: Option<String>,
    pub capabilities: Option<Capabilities>,
    /// When the last check succeeded.
    pub checked_at: Moment,
    pub paused: bool,
    pub health: Health,
    pub installation_health: Health,
}

/// How a portal or an installation fares.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Health {
    /// Failures in a row.
    pub failures: u32,
    /// The breaker lets nothing but a probe pass before this.
    pub open_until: Option<Moment>,
    /// Kind of the failure that only a person or the configuration ends.
    pub held: Option<String>,
    pub reason: Option<String>,
}

/// Whose health.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthOf {
    Portal(PortalId),
    Installation(InstallationId),
}

/// The rules in force, as planning in the ledger needs them.
#[derive(Debug, Clone, Default)]
pub struct Planned {
    pub portals: Vec<PlannedPortal>,
    /// Configured id to the name that people know.
    pub sources: BTreeMap<String, String>,
    /// Configured id to what is usual for the source.
    pub policies: BTreeMap<String, Policy>,
}

#[derive(Debug, Clone)]
pub struct PlannedPortal {
    pub name: String,
    pub groups: Vec<String>,
    /// First contact (wall clock, ms).
    pub since: i64,
    pub rules: Rules,
}

impl Planned {
    pub(super) fn policy(&self, id: &str) -> Policy {
        self.policies.get(id).cloned().unwrap_or_default()
    }

    pub(super) fn source_name(&self, id: &str) -> String {
        self.sources.get(id).cloned().unwrap_or_else(|| id.to_owned())
    }
}

impl Store {
    /// Makes the ledger know what the configuration names. A portal that is no
    /// longer there is retired: its rows stay and nothing is withdrawn.
    ///
    /// # Errors
    /// When it cannot be committed.
    pub async fn configure(
        &self,
        sources: Vec<SourceSpec>,
        portals: Vec<PortalSpec>,
    ) -> Result<Vec<PortalRow>, StoreError> {
        self.write(Rank::Order, move |tx| {
            // What a source that left has shown stays, and decides nothing that another one shows too.
            tx.db.execute("UPDATE source SET rank = rank + ?1 WHERE rank < ?1", [LEFT])?;
            for (rank, source) in sources.iter().enumerate() {
                put_source(tx, source, rank)?;
            }
            for portal in &portals {
                put_portal(tx, portal)?;
            }
            for row in all(tx.db)?.iter().filter(|row| portals.iter().all(|portal| portal.id != row.name)) {
                tx.db.prepare_cached("UPDATE portal SET retired = 1 WHERE id = ?1")?.execute([row.id.0])?;
            }
            all(tx.db)
        })
        .await
    }

    /// # Errors
    /// When the ledger cannot be read.
    pub fn portals(&self) -> Result<Vec<PortalRow>, StoreError> {
        self.read(all)
    }

    /// The portal as the ledger has it now: lanes ask when their bell rings.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn portal(&self, portal: PortalId) -> Result<Option<PortalRow>, StoreError> {
        self.read(|db| Ok(rows(db, Some(portal))?.pop()))
    }

    /// # Errors
    /// When the ledger cannot be read.
    pub fn paused(&self) -> Result<bool, StoreError> {
        self.read(meta::paused)
    }

    /// What `check` found. A site other than the one of first contact is not
    /// stored; the answer says which site was expected.
    ///
    /// # Errors
    /// When it cannot be committed.
    pub async fn checked(
        &self,
        portal: PortalId,
        site: String,
        capabilities: Arc<Capabilities>,
    ) -> Result<Result<(), String>, StoreError> {
        self.write(Rank::Outcome, move |tx| {
            let known: Option<String> =
                tx.db.query_row("SELECT site FROM portal WHERE id = ?1", [portal.0], |row| row.get(0))?;
            if let Some(known) = known.filter(|known| *known != site) {
                return Ok(Err(known));
            }
            let json = serde_json::to_string(&*capabilities).map_err(|error| StoreError::Strange(error.to_string()))?;
            tx.db
                .prepare_cached("UPDATE portal SET site = ?2, capabilities = ?3, checked_at = ?4 WHERE id = ?1")?
                .execute((portal.0, site, json, tx.now.0))?;
            Ok(Ok(()))
        })
        .await
    }

    /// Brings a portal what its backfill names of the articles that are known
    /// already, and what it missed of those that it has, in pieces, and
    /// remembers by which rules.
    ///
    /// # Errors
    /// When it cannot be committed.
    pub async fn plan_portal(
        &self,
        portal: PlannedPortal,
        digest: [u8; 32],
        planned: Arc<Planned>,
    ) -> Result<usize, StoreError> {
        let (mut from, mut count) = (0, 0);
        let before = self.read(|db| newest_of(db, portal.rules.portal))?;
        loop {
            let (portal, planned) = (portal.clone(), planned.clone());
            let piece = self.write(Rank::Order, move |tx| plan_piece(tx, (from, before), &portal, &planned));
            let (next, changed) = piece.await?;
            count += changed;
            let Some(next) = next else { break };
            from = next;
        }
        let id = portal.rules.portal;
        self.write(Rank::Order, move |tx| {
            tx.db.execute("UPDATE portal SET rules = ?2 WHERE id = ?1", (id.0, &digest[..]))?;
            Ok(())
        })
        .await?;
        Ok(count)
    }

    /// The writer answers: it lives.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.write(Rank::Order, |_| Ok(())).await
    }

    /// What a run leaves undone, and whether time alone would bring some of it soon.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn left_to_do(&self) -> Result<Left, StoreError> {
        let now = self.clock().now();
        self.read(|db| left_to_do(db, now))
    }

    /// # Errors
    /// When it cannot be committed.
    pub async fn set_health(&self, of: HealthOf, health: Health) -> Result<(), StoreError> {
        self.write(Rank::Outcome, move |tx| put_health(tx, of, &health)).await
    }
}

/// Ranks of sources that left the configuration begin here.
const LEFT: i64 = 1_000_000;

fn put_source(tx: &Tx<'_>, source: &SourceSpec, rank: usize) -> Result<(), StoreError> {
    tx.db
        .prepare_cached("INSERT INTO source (name, rank) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET rank = ?2")?
        .execute((&source.id, i64::try_from(rank).unwrap_or(i64::MAX)))?;
    Ok(())
}

/// A portal that comes back is planned anew: it has missed what came meanwhile.
const BACK: &str = "rules = CASE WHEN retired THEN NULL ELSE rules END, retired = 0";

fn put_portal(tx: &Tx<'_>, portal: &PortalSpec) -> Result<(), StoreError> {
    tx.db
        .prepare_cached("INSERT INTO installation (name) VALUES (?1) ON CONFLICT (name) DO NOTHING")?
        .execute([&portal.installation])?;
    // Its address once a site is known behind it, and whether what held it may be mended.
    let known: Option<(Option<String>, bool)> = tx
        .db
        .prepare_cached(
            "SELECT CASE WHEN site IS NULL THEN NULL ELSE address END, \
             access IS NOT ?2 OR coalesce(reason LIKE ?3 || '%', FALSE) FROM portal WHERE name = ?1",
        )?
        .query_row((&portal.id, &portal.access[..], MOVED), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let address = known.as_ref().and_then(|(address, _)| address.as_ref());
    if address.is_some_and(|address| *address != portal.address) {
        tx.db.execute(&format!("UPDATE portal SET {BACK} WHERE name = ?1"), [&portal.id])?;
        return hold_moved(tx, portal);
    }
    if known.is_some_and(|(_, mended)| mended) {
        // A new account or secret, or an address that was put right: it deserves a fresh look.
        let_go(tx, &portal.id)?;
    }
    tx.db
        .prepare_cached(&format!(
            "INSERT INTO portal (name, installation, since, address, access) \
             VALUES (?1, (SELECT id FROM installation WHERE name = ?2), ?3, ?4, ?5) \
             ON CONFLICT (name) DO UPDATE SET {BACK}, installation = excluded.installation, \
             address = excluded.address, access = excluded.access"
        ))?
        .execute((&portal.id, &portal.installation, writer::wall(), &portal.address, &portal.access[..]))?;
    Ok(())
}

/// How the reason begins for which an address holds its portal.
const MOVED: &str = "the address in the configuration is now";

/// The site of first contact is known by another address: nothing is sent to
/// the new one before [`Desk::move_portal`], because other people's articles
/// may stand there under the ids that we know.
fn hold_moved(tx: &Tx<'_>, portal: &PortalSpec) -> Result<(), StoreError> {
    let reason = format!("{MOVED} {}; run: dongbo portal move {}", portal.address, portal.id);
    tx.db.execute("UPDATE portal SET held = 'conflict', reason = ?2 WHERE name = ?1", (&portal.id, reason))?;
    Ok(())
}

/// A copy by which a site is recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownCopy {
    pub key: String,
    /// The original's address.
    pub origin: String,
    pub title: String,
}

impl Desk {
    /// The copies that were written last on a portal, newest first.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn recent_copies(&self, portal: &str, limit: usize) -> Result<Vec<KnownCopy>, StoreError> {
        let mut statement = self.db.prepare(
            "SELECT article.key, article.url, article.title FROM copy JOIN article ON article.id = copy.article \
             JOIN delivery ON delivery.article = copy.article AND delivery.portal = copy.portal \
             WHERE copy.portal = (SELECT id FROM portal WHERE name = ?1) AND delivery.wanted_revision IS NOT NULL \
             AND delivery.hold = 0 ORDER BY copy.written_at DESC LIMIT ?2",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = statement.query_map((portal, limit), |row| {
            Ok(KnownCopy { key: row.get(0)?, origin: row.get(1)?, title: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Accepts a portal's new address and the site behind it, and ends its
    /// hold. Ids may be others there, so the order to look every copy up
    /// before the next write stands with the address or not at all. The caller
    /// holds the [`InstanceLock`](super::InstanceLock): a lane that still works
    /// at the old address would look there and call the doubts cleared.
    ///
    /// # Errors
    /// When it cannot be committed.
    pub fn move_portal(&self, portal: &str, address: &str, site: &str, who: &str) -> Result<(), StoreError> {
        let tx = rusqlite::Transaction::new_unchecked(&self.db, rusqlite::TransactionBehavior::Immediate)?;
        tx.execute(
            "UPDATE portal SET address = ?2, site = ?3, held = NULL, reason = NULL, failures = 0, open_until = NULL, \
             checked_at = 0 WHERE name = ?1",
            (portal, address, site),
        )?;
        events::append_to(&tx, who, "portal.moved", portal, address)?;
        let selection = Selection { portals: Some([portal.to_owned()].into()), ..Selection::default() };
        orders::put(&tx, &Order { what: What::Resync, selection }, who)?;
        tx.commit()?;
        Ok(())
    }
}

/// Ends a hold and closes the breakers of a portal and its installation.
pub(super) fn let_go(tx: &Tx<'_>, portal: &str) -> Result<(), StoreError> {
    tx.db.execute(
        "UPDATE portal SET held = NULL, failures = 0, open_until = NULL, reason = NULL WHERE name = ?1",
        [portal],
    )?;
    tx.db.execute(
        "UPDATE installation SET held = NULL, failures = 0, open_until = NULL, reason = NULL \
         WHERE id = (SELECT installation FROM portal WHERE name = ?1)",
        [portal],
    )?;
    Ok(())
}

fn put_health(tx: &Tx<'_>, of: HealthOf, health: &Health) -> Result<(), StoreError> {
    let (table, id) = match of {
        HealthOf::Portal(id) => ("portal", id.0),
        HealthOf::Installation(id) => ("installation", id.0),
    };
    tx.db
        .prepare_cached(&format!(
            "UPDATE {table} SET failures = ?2, open_until = ?3, held = ?4, reason = ?5 WHERE id = ?1"
        ))?
        .execute((id, health.failures, health.open_until.map(|at| at.0), &health.held, &health.reason))?;
    Ok(())
}

pub(super) fn all(db: &Connection) -> Result<Vec<PortalRow>, StoreError> {
    rows(db, None)
}

/// One portal, or all of them.
fn rows(db: &Connection, portal: Option<PortalId>) -> Result<Vec<PortalRow>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT p.id, p.name, p.installation, p.retired, p.since, p.address, p.site, p.capabilities, p.paused, \
         p.failures, p.open_until, p.held, p.reason, i.failures, i.open_until, i.held, i.reason, p.checked_at, p.rules \
         FROM portal p JOIN installation i ON i.id = p.installation \
         WHERE ?1 IS NULL OR p.id = ?1 ORDER BY p.id",
    )?;
    let mut rows = statement.query([portal.map(|id| id.0)])?;
    let mut portals = Vec::new();
    while let Some(row) = rows.next()? {
        let capabilities: Option<String> = row.get(7)?;
        let health = |from: usize| -> rusqlite::Result<Health> {
            Ok(Health {
                failures: row.get(from)?,
                open_until: row.get::<_, Option<i64>>(from + 1)?.map(Moment),
                held: row.get(from + 2)?,
                reason: row.get(from + 3)?,
            })
        };
        portals.push(PortalRow {
            id: PortalId(row.get(0)?),
            name: row.get(1)?,
            installation: InstallationId(row.get(2)?),
            retired: row.get(3)?,
            since: row.get(4)?,
            address: row.get(5)?,
            rules: row.get::<_, Option<Vec<u8>>>(18)?.and_then(|bytes| bytes.try_into().ok()),
            site: row.get(6)?,
            capabilities: capabilities.map(|json| parse(&json)).transpose()?,
            checked_at: Moment(row.get(17)?),
            paused: row.get(8)?,
            health: health(9)?,
            installation_health: health(13)?,
        });
    }
    Ok(portals)
}

/// What a run leaves undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Left {
    /// Deliveries that do not stand as wanted; counted only when nothing is workable.
    pub unfinished: usize,
    /// Some delivery will go on by itself soon.
    pub workable: bool,
}

/// Publish delays, the gap between corrections and graces end within this; duties beyond it are not waited for.
const SOON: Duration = Duration::from_secs(15 * 60);

fn left_to_do(db: &Connection, now: Moment) -> Result<Left, StoreError> {
    let paused = meta::paused(db)?;
    let mut left = Left::default();
    let portals: Vec<PortalRow> = all(db)?.into_iter().filter(|portal| !portal.retired).collect();
    for portal in &portals {
        let calm = |health: &Health| health.held.is_none() && health.open_until.is_none();
        if !paused && !portal.paused && calm(&portal.health) && calm(&portal.installation_health) {
            left.workable |= has_soon(db, portal.id, now)?;
        }
    }
    if !left.workable {
        for portal in &portals {
            let counts = super::reports::counts(db, portal.id)?;
            left.unfinished +=
                counts.iter().filter(|(state, _)| !state.is_settled()).map(|(_, count)| count).sum::<usize>();
        }
    }
    Ok(left)
}

/// A hint soon due of a delivery that neither failed nor waits for a person.
fn has_soon(db: &Connection, portal: PortalId, now: Moment) -> Result<bool, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT 1 FROM due JOIN delivery ON delivery.article = due.article AND delivery.portal = due.portal \
         WHERE due.portal = ?1 AND due.at <= ?2 AND delivery.tries = 0 \
         AND (delivery.hold = 0 OR delivery.wanted_revision IS NULL) LIMIT 1",
    )?;
    Ok(statement.exists((portal.0, now.after(SOON).0))?)
}

/// Articles looked at per transaction when a portal is new.
const PIECE: i64 = 200;

/// The newest article that came to the portal; the rules of then refused those
/// before it. Looks through all deliveries: once, when it is planned.
fn newest_of(db: &Connection, portal: PortalId) -> Result<i64, StoreError> {
    let sql = "SELECT coalesce(max(article), 0) FROM delivery WHERE portal = ?1";
    Ok(db.query_row(sql, [portal.0], |row| row.get(0))?)
}

fn plan_piece(
    tx: &Tx<'_>,
    (from, before): (i64, i64),
    portal: &PlannedPortal,
    planned: &Planned,
) -> Result<(Option<i64>, usize), StoreError> {
    let mut statement = tx.db.prepare_cached("SELECT id FROM article WHERE id > ?1 ORDER BY id LIMIT ?2")?;
    let ids: Vec<i64> = statement.query_map((from, PIECE), |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut changed = 0;
    for &id in &ids {
        let article = ArticleId(id);
        let Some(facts) = super::articles::facts(tx.db, article, planned)? else { continue };
        let known = super::deliveries::load(tx.db, article, portal.rules.portal)?;
        let is_planned = match known {
            Some(delivery) => is_as(delivery.wanted, &facts),
            None => id <= before,
        };
        if is_planned {
            continue;
        }
        let came = super::articles::plan_delivery(tx, article, &facts, portal, Occasion::Reading)?;
        changed += usize::from(came);
    }
    Ok((ids.last().copied(), changed))
}

/// What is wanted is what the article is now. Its shape is left to the next revision.
fn is_as(wanted: Wanted, facts: &Facts) -> bool {
    match wanted {
        Wanted::Nothing => facts.withdrawn,
        Wanted::Post(form) => !facts.withdrawn && form.revision == facts.revision,
    }
}
