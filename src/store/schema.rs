//! The tables, as append-only migrations by `user_version`.
//!
//! A newer schema is refused and left untouched; an older one is moved forward
//! in one transaction by whoever holds the instance lock.

use rusqlite::Connection;

use super::StoreError;

/// One entry per version, never edited once released.
const MIGRATIONS: [&str; 1] = [include_str!("migrations/0001.sql")];

/// The schema that this program writes.
pub const VERSION: i64 = MIGRATIONS.len() as i64;

/// SQLite 3.7.0 to 3.51.2 can corrupt a WAL database when two connections
/// checkpoint at once (fixed in 3.51.3).
pub(super) const SQLITE_MIN: i32 = 3_051_003;

pub(super) fn version(db: &Connection) -> Result<i64, StoreError> {
    Ok(db.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Moves the database forward to [`VERSION`].
pub(super) fn migrate(db: &mut Connection) -> Result<(), StoreError> {
    let found = version(db)?;
    if found > VERSION {
        return Err(StoreError::Newer { found, known: VERSION });
    }
    let tx = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let done = usize::try_from(found).unwrap_or(0);
    for sql in &MIGRATIONS[done..] {
        tx.execute_batch(sql)?;
    }
    tx.pragma_update(None, "user_version", VERSION)?;
    Ok(tx.commit()?)
}

pub(super) fn refuse_old_library() -> Result<(), StoreError> {
    let found = rusqlite::version_number();
    if found < SQLITE_MIN {
        return Err(StoreError::OldLibrary { found: rusqlite::version().to_owned() });
    }
    Ok(())
}
