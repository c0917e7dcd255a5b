//! Rows of `delivery`, `copy` and `due`, and their crossing into the model.

use dongbo_sdk::{ErrorKind, RemoteId, Ticket};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{Store, StoreError, Tx};
use crate::delivery::{
    ArticleId, AttemptId, Class, Copy, Delivery, Form, Hold, Moment, PortalId, Print, RevisionId, ShapeId, Stands,
    Waiting, Wanted,
};

/// Look at this delivery from `at` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hint {
    pub class: Class,
    pub at: Moment,
    pub article: ArticleId,
}

impl Store {
    /// The oldest hints of one class of a portal that are older than now, and
    /// than the group that is being written: at most `limit`. A hint that is
    /// not committed yet, or written from now on, is never the same as one of
    /// them, so a block of used ones can be deleted later without losing one.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn due(&self, portal: PortalId, class: Class, limit: usize) -> Result<Vec<Hint>, StoreError> {
        let before = self.inner.horizon.now(self.clock());
        self.read(|db| due(db, portal, class, before, limit))
    }

    /// When the next hint of a portal falls due; it may be past.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn next_due(&self, portal: PortalId) -> Result<Option<Moment>, StoreError> {
        self.read(|db| {
            let mut first = None;
            for class in Class::ALL {
                let mut statement =
                    db.prepare_cached("SELECT at FROM due WHERE portal = ?1 AND class = ?2 ORDER BY at LIMIT 1")?;
                let at: Option<i64> =
                    statement.query_row((portal.0, class_number(class)), |row| row.get(0)).optional()?;
                first = match (first, at) {
                    (None, at) => at,
                    (Some(first), Some(at)) => Some(at.min(first)),
                    (first, None) => first,
                };
            }
            Ok(first.map(Moment))
        })
    }
}

fn due(db: &Connection, portal: PortalId, class: Class, before: Moment, limit: usize) -> Result<Vec<Hint>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT at, article FROM due WHERE portal = ?1 AND class = ?2 AND at < ?3 ORDER BY at, article LIMIT ?4",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map((portal.0, class_number(class), before.0, limit), |row| {
        Ok(Hint { class, at: Moment(row.get(0)?), article: ArticleId(row.get(1)?) })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Writes a hint, never before now: see [`Store::due`].
pub(super) fn hint(
    tx: &Tx<'_>,
    portal: PortalId,
    class: Class,
    at: Moment,
    article: ArticleId,
) -> Result<(), StoreError> {
    tx.db
        .prepare_cached("INSERT OR IGNORE INTO due (portal, class, at, article) VALUES (?1, ?2, ?3, ?4)")?
        .execute((portal.0, class_number(class), at.max(tx.now).0, article.0))?;
    tx.touch(portal, class);
    Ok(())
}

/// The portals that an article came to, those that left the configuration too.
pub(super) fn portals_of(db: &Connection, article: ArticleId) -> Result<Vec<PortalId>, StoreError> {
    let mut statement = db.prepare_cached("SELECT portal FROM delivery WHERE article = ?1")?;
    let rows = statement.query_map([article.0], |row| Ok(PortalId(row.get(0)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn delete_hint(tx: &Tx<'_>, portal: PortalId, hint: &Hint) -> Result<(), StoreError> {
    tx.db
        .prepare_cached("DELETE FROM due WHERE portal = ?1 AND class = ?2 AND at = ?3 AND article = ?4")?
        .execute((portal.0, class_number(hint.class), hint.at.0, hint.article.0))?;
    Ok(())
}

/// Flags behind the count of absences.
const TAKEN: i64 = 1 << 10;
const AGREED: i64 = 1 << 11;

pub(super) const DELIVERY_COLUMNS: &str = "article, portal, wanted_revision, wanted_shape, stands, stands_revision, \
     stands_shape, hold, class, tries, quiet_until, not_before, flags, last_attempt";

pub(super) fn load(db: &Connection, article: ArticleId, portal: PortalId) -> Result<Option<Delivery>, StoreError> {
    Ok(load_whole(db, article, portal)?.map(|whole| whole.delivery))
}

/// All that the ledger holds of one (article, portal).
pub(super) struct Whole {
    pub delivery: Delivery,
    /// The newest of its attempts.
    pub last: Option<AttemptId>,
    pub copy: Option<Copy>,
}

/// Delivery and copy in one statement: both are read at every step.
pub(super) fn load_whole(db: &Connection, article: ArticleId, portal: PortalId) -> Result<Option<Whole>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT delivery.article, delivery.portal, wanted_revision, wanted_shape, stands, stands_revision, \
         stands_shape, hold, class, tries, quiet_until, not_before, delivery.flags, last_attempt, \
         remote, version, url, ticket, form_revision, form_shape, print, copy.flags, written_at, verify_at \
         FROM delivery LEFT JOIN copy ON copy.article = delivery.article AND copy.portal = delivery.portal \
         WHERE delivery.article = ?1 AND delivery.portal = ?2",
    )?;
    let whole = |row: &Row<'_>| {
        Ok(Whole {
            delivery: from_row(row)?,
            last: row.get::<_, Option<i64>>(13)?.map(AttemptId),
            copy: copy_from_row(row, 14)?,
        })
    };
    Ok(statement.query_row((article.0, portal.0), whole).optional()?)
}

pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let wanted = match form(row, 2)? {
        Some(form) => Wanted::Post(form),
        None => Wanted::Nothing,
    };
    let stands = match row.get::<_, i64>(4)? {
        1 => Stands::Absent,
        2 => Stands::Hidden,
        3 => Stands::Copy(form(row, 5)?),
        // An unknown number is doubt.
        _ => Stands::Unknown,
    };
    let flags: i64 = row.get(12)?;
    Ok(Delivery {
        article: ArticleId(row.get(0)?),
        portal: PortalId(row.get(1)?),
        wanted,
        stands,
        hold: hold(row.get(7)?),
        class: class(row.get(8)?),
        tries: row.get(9)?,
        quiet_until: Moment(row.get(10)?),
        not_before: Moment(row.get(11)?),
        absences: u8::try_from(flags >> 2 & 0xff).unwrap_or(0),
        sent: flags & 1 != 0,
        doubted: flags & 2 != 0,
        taken: flags & TAKEN != 0,
        agreed: flags & AGREED != 0,
    })
}

fn form(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Form>> {
    let (revision, shape): (Option<i64>, Option<i64>) = (row.get(at)?, row.get(at + 1)?);
    Ok(revision.zip(shape).map(|(revision, shape)| Form { revision: RevisionId(revision), shape: ShapeId(shape) }))
}

/// Writes the row; `attempt` is the newest of its attempts.
pub(super) fn put(tx: &Tx<'_>, delivery: &Delivery, attempt: Option<AttemptId>) -> Result<(), StoreError> {
    let wanted = match delivery.wanted {
        Wanted::Nothing => None,
        Wanted::Post(form) => Some(form),
    };
    let (stands, form) = match delivery.stands {
        Stands::Unknown => (0, None),
        Stands::Absent => (1, None),
        Stands::Hidden => (2, None),
        Stands::Copy(form) => (3, form),
    };
    let taken = if delivery.taken { TAKEN } else { 0 };
    let agreed = if delivery.agreed { AGREED } else { 0 };
    let absences = i64::from(delivery.absences) << 2;
    let flags = i64::from(delivery.sent) | i64::from(delivery.doubted) << 1 | absences | taken | agreed;
    tx.db
        .prepare_cached(
            "INSERT INTO delivery (article, portal, wanted_revision, wanted_shape, stands, stands_revision, \
             stands_shape, hold, class, tries, quiet_until, not_before, flags, last_attempt) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) \
             ON CONFLICT DO UPDATE SET wanted_revision = ?3, wanted_shape = ?4, stands = ?5, stands_revision = ?6, \
             stands_shape = ?7, hold = ?8, class = ?9, tries = ?10, quiet_until = ?11, not_before = ?12, flags = ?13, \
             last_attempt = ?14",
        )?
        .execute(rusqlite::params![
            delivery.article.0,
            delivery.portal.0,
            wanted.map(|form| form.revision.0),
            wanted.map(|form| form.shape.0),
            stands,
            form.map(|form| form.revision.0),
            form.map(|form| form.shape.0),
            hold_number(delivery.hold),
            class_number(delivery.class),
            delivery.tries,
            delivery.quiet_until.0,
            delivery.not_before.0,
            flags,
            attempt.map(|id| id.0),
        ])?;
    Ok(())
}

/// Reads a copy from the columns at `at`; `None` where the join found none.
fn copy_from_row(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Copy>> {
    let Some(id) = row.get::<_, Option<String>>(at)? else { return Ok(None) };
    let print: Option<Vec<u8>> = row.get(at + 6)?;
    let flags: i64 = row.get(at + 7)?;
    Ok(Some(Copy {
        id: RemoteId(id),
        version: row.get(at + 1)?,
        url: row.get(at + 2)?,
        ticket: row.get::<_, Option<String>>(at + 3)?.map(Ticket),
        form: form(row, at + 4)?,
        print: print.and_then(|bytes| bytes.try_into().ok()).map(Print),
        withdrawn: flags & 1 != 0,
        several: flags & 2 != 0,
        written_at: Moment(row.get(at + 8)?),
        verify_at: Moment(row.get(at + 9)?),
    }))
}

pub(super) fn put_copy(tx: &Tx<'_>, delivery: &Delivery, copy: Option<&Copy>) -> Result<(), StoreError> {
    let Some(copy) = copy else {
        tx.db
            .prepare_cached("DELETE FROM copy WHERE article = ?1 AND portal = ?2")?
            .execute((delivery.article.0, delivery.portal.0))?;
        return Ok(());
    };
    tx.db
        .prepare_cached(
            "INSERT INTO copy (article, portal, remote, version, url, ticket, form_revision, form_shape, print, flags, \
             written_at, verify_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) \
             ON CONFLICT DO UPDATE SET remote = ?3, version = ?4, url = ?5, ticket = ?6, form_revision = ?7, \
             form_shape = ?8, print = ?9, flags = ?10, written_at = ?11, verify_at = ?12",
        )?
        .execute(rusqlite::params![
            delivery.article.0,
            delivery.portal.0,
            copy.id.0,
            copy.version,
            copy.url,
            copy.ticket.as_ref().map(|ticket| &ticket.0),
            copy.form.map(|form| form.revision.0),
            copy.form.map(|form| form.shape.0),
            copy.print.as_ref().map(|print| &print.0[..]),
            i64::from(copy.withdrawn) | i64::from(copy.several) << 1,
            copy.written_at.0,
            copy.verify_at.0,
        ])?;
    Ok(())
}

pub(super) fn class_number(class: Class) -> i64 {
    match class {
        Class::Urgent => 0,
        Class::Correction => 1,
        Class::Direction => 2,
        Class::Live => 3,
        Class::Verify => 4,
        Class::Backfill => 5,
    }
}

fn class(number: i64) -> Class {
    Class::ALL.into_iter().find(|&class| class_number(class) == number).unwrap_or(Class::Live)
}

/// Numbers of holds from here on are parked deliveries, by kind.
pub(super) const PARKED: i64 = 16;

pub(super) fn hold_number(hold: Hold) -> i64 {
    match hold {
        Hold::None => 0,
        Hold::Removed => 1,
        Hold::Detached => 2,
        Hold::Waiting(Waiting::Approval) => 3,
        Hold::Waiting(Waiting::Firewall) => 4,
        Hold::Waiting(Waiting::Embargo) => 5,
        Hold::Waiting(Waiting::Rejected) => 6,
        Hold::Parked(kind) => {
            let place = ErrorKind::ALL.iter().position(|&other| other == kind).unwrap_or(ErrorKind::ALL.len() - 1);
            PARKED + i64::try_from(place).unwrap_or(0)
        }
    }
}

fn hold(number: i64) -> Hold {
    match number {
        0 => Hold::None,
        1 => Hold::Removed,
        2 => Hold::Detached,
        3 => Hold::Waiting(Waiting::Approval),
        4 => Hold::Waiting(Waiting::Firewall),
        5 => Hold::Waiting(Waiting::Embargo),
        6 => Hold::Waiting(Waiting::Rejected),
        parked => {
            let place = usize::try_from(parked - PARKED).unwrap_or(usize::MAX);
            Hold::Parked(ErrorKind::ALL.get(place).copied().unwrap_or(ErrorKind::Unexpected))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;
    use crate::store::writer::Rank;
    use crate::store::{InstanceLock, Linger};

    const PORTAL: PortalId = PortalId(1);
    const ARTICLE: ArticleId = ArticleId(1);

    fn due(store: &Store) -> Vec<Hint> {
        store.due(PORTAL, Class::Live, 64).unwrap()
    }

    async fn past(store: &Store, at: Moment) {
        while store.clock().now() <= at {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// A hint falls due while a group that asks for the same is being written.
    #[tokio::test]
    async fn a_hint_under_way_is_not_deleted_with_an_older_one_of_the_same_time() {
        let folder = tempfile::tempdir().unwrap();
        let _lock = InstanceLock::take(folder.path()).unwrap();
        let store = Store::open(folder.path(), Linger::No).unwrap();
        let at = store.clock().now().after(Duration::from_millis(200));
        store.write(Rank::Claim, move |tx| hint(tx, PORTAL, Class::Live, at, ARTICLE)).await.unwrap();

        let (began, begun) = channel();
        let (go_on, wait) = channel();
        let group = tokio::spawn({
            let store = store.clone();
            async move {
                let write = store.write(Rank::Claim, move |tx| {
                    began.send(tx.now).unwrap();
                    hint(tx, PORTAL, Class::Live, at, ARTICLE)?;
                    wait.recv().unwrap();
                    Ok(())
                });
                write.await.unwrap();
            }
        });
        let began = tokio::task::spawn_blocking(move || begun.recv().unwrap()).await.unwrap();
        assert!(began < at, "the machine is too slow for this test");
        past(&store, at).await;
        let used = due(&store);
        go_on.send(()).unwrap();
        group.await.unwrap();
        let used = used.into_iter().map(|hint| (PORTAL, hint)).collect();
        store.step(None, None, used).await.unwrap();
        assert_eq!(due(&store), [Hint { class: Class::Live, at, article: ARTICLE }]);
        store.close();
    }
}
