//! Facts about the store itself.

use rusqlite::{Connection, OptionalExtension};

use super::clock::Carried;
use super::{StoreError, Tx};
use crate::delivery::Moment;

pub(super) fn get(db: &Connection, key: &str) -> Result<Option<String>, StoreError> {
    let mut statement = db.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
    Ok(statement.query_row([key], |row| row.get(0)).optional()?)
}

pub(super) fn put(db: &Connection, key: &str, value: &str) -> Result<(), StoreError> {
    db.prepare_cached("INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2")?
        .execute([key, value])?;
    Ok(())
}

fn number(db: &Connection, key: &str) -> Result<Option<i64>, StoreError> {
    Ok(get(db, key)?.and_then(|value| value.parse().ok()))
}

pub(super) fn carried(db: &Connection) -> Result<Option<Carried>, StoreError> {
    let (Some(ledger), Some(boottime)) = (number(db, "ledger")?, number(db, "boottime")?) else { return Ok(None) };
    Ok(Some(Carried { ledger, boottime, machine: get(db, "machine")?.unwrap_or_default() }))
}

pub(super) fn carry(tx: &Tx<'_>, carried: &Carried) -> Result<(), StoreError> {
    put(tx.db, "ledger", &carried.ledger.to_string())?;
    put(tx.db, "boottime", &carried.boottime.to_string())?;
    put(tx.db, "machine", &carried.machine)
}

/// `pause --all`.
pub(super) fn paused(db: &Connection) -> Result<bool, StoreError> {
    Ok(get(db, "paused")?.as_deref() == Some("1"))
}

pub(super) fn set_paused(db: &Connection, paused: bool) -> Result<(), StoreError> {
    put(db, "paused", if paused { "1" } else { "0" })
}

/// Until then a request may be under way that this ledger does not know of.
pub(super) fn quiet_until(db: &Connection) -> Result<Moment, StoreError> {
    Ok(number(db, "quiet_until")?.map_or(Moment::NEVER, Moment))
}

pub(super) fn set_quiet_until(db: &Connection, until: Moment) -> Result<(), StoreError> {
    put(db, "quiet_until", &until.0.to_string())
}
