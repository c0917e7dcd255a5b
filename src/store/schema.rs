//! The tables, as append-only migrations by `user_version`.
//!
//! A newer schema is refused and left untouched; an older one is moved forward
//! in one transaction by whoever holds the instance lock.

use rusqlite::Connection;

use super::StoreError;

/// One entry per version, never edited once released.
const MIGRATIONS: [&str; 8] = [
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
    include_str!("migrations/0004.sql"),
    include_str!("migrations/0005.sql"),
    include_str!("migrations/0006.sql"),
    include_str!("migrations/0007.sql"),
    include_str!("migrations/0008.sql"),
];

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_of_the_first_schema_moves_forward_with_what_it_holds() {
        let mut db = Connection::open_in_memory().unwrap();
        db.execute_batch(MIGRATIONS[0]).unwrap();
        db.pragma_update(None, "user_version", 1).unwrap();
        db.execute_batch(
            "INSERT INTO source (id, name, rank) VALUES (1, 'cong-tinh', 0);
             INSERT INTO article (id, key, origin, revision, withdrawn, published, first_seen, title, url)
             VALUES (7, 'cs-1', 'https://a.example.vn', 1, 1, 0, 0, 'Tin', 'https://a.example.vn/1');",
        )
        .unwrap();
        migrate(&mut db).unwrap();
        assert_eq!(version(&db).unwrap(), VERSION);
        let due: (i64, i64, i64) = db
            .query_row("SELECT article, at, says FROM original", [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap();
        assert_eq!(due, (7, 0, 0), "known articles are looked at from now on");
        let by: Option<String> = db.query_row("SELECT withdrawn_by FROM article", [], |row| row.get(0)).unwrap();
        assert_eq!(by, None, "what was withdrawn before was a person's order");
        let braked: Option<i64> = db.query_row("SELECT braked FROM source", [], |row| row.get(0)).unwrap();
        assert_eq!(braked, None);
        let kept: (u32, Option<i64>) =
            db.query_row("SELECT failures, not_before FROM source", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(kept, (0, None), "a known source is read at once");
        let pages: i64 = db.query_row("SELECT count(*) FROM page", [], |row| row.get(0)).unwrap();
        assert_eq!(pages, 0, "known articles are read from their pages when a list names them again");
    }

    #[test]
    fn what_was_taken_from_one_portal_before_that_was_noted_stays_away_there() {
        let mut db = Connection::open_in_memory().unwrap();
        db.execute_batch(MIGRATIONS[0]).unwrap();
        db.pragma_update(None, "user_version", 1).unwrap();
        db.execute_batch(
            "INSERT INTO article (id, key, origin, revision, withdrawn, published, first_seen, title, url)
             VALUES (1, 'cs-1', 'o', 1, 0, 0, 0, 'Tin', 'u'), (2, 'cs-2', 'o', 1, 1, 0, 0, 'Tin', 'u');
             INSERT INTO delivery (article, portal, wanted_revision, stands, hold, class, tries, quiet_until,
             not_before, flags) VALUES (1, 1, NULL, 2, 0, 1, 0, 0, 0, 1), (1, 2, 1, 3, 0, 1, 0, 0, 0, 1),
             (2, 1, NULL, 2, 0, 1, 0, 0, 0, 1);",
        )
        .unwrap();
        migrate(&mut db).unwrap();
        let mut statement = db.prepare("SELECT flags FROM delivery ORDER BY article, portal").unwrap();
        let flags: Vec<i64> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert_eq!(flags, [1 | 1 << 10, 1, 1]);
    }
}
