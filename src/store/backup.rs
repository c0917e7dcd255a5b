//! A copy of the ledger that can be put back.
//!
//! `VACUUM INTO` a temporary file, integrity check, fsync, rename, fsync of
//! the folder. The copy is marked: whoever opens it as a ledger believes none
//! of its copies before a look-up, because deliveries went on after it was made.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::deliveries::{self, Whole};
use super::writer::Rank;
use super::{Desk, Store, StoreError, meta};
use crate::delivery::{ArticleId, Class, PortalId};

const MARK: &str = "backup";
/// Rows put in doubt per transaction after a restore.
const DOUBT_PIECE: usize = 2000;

impl Desk {
    /// Writes a checked copy to `to`; a file that stands there is replaced at
    /// once or not at all.
    ///
    /// # Errors
    /// A full or failing disk, a damaged ledger.
    pub fn backup(&self, to: &Path) -> Result<u64, StoreError> {
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = to.file_name().unwrap_or_default().to_string_lossy();
        let temporary = folder.join(format!(".{name}.{}", std::process::id()));
        let _ = std::fs::remove_file(&temporary);
        let result = self.copy_to(&temporary).and_then(|bytes| {
            std::fs::rename(&temporary, to).map_err(|error| from_io(&error))?;
            sync(folder)?;
            Ok(bytes)
        });
        if result.is_err() {
            let _ = std::fs::remove_file(&temporary);
        }
        result
    }

    fn copy_to(&self, temporary: &Path) -> Result<u64, StoreError> {
        self.db.execute("VACUUM INTO ?1", [temporary.to_string_lossy()])?;
        let copy = Connection::open(temporary)?;
        let verdict: String = copy.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(StoreError::Damaged);
        }
        meta::put(&copy, MARK, "1")?;
        drop(copy);
        sync(temporary)?;
        std::fs::metadata(temporary).map(|file| file.len()).map_err(|error| from_io(&error))
    }
}

fn sync(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| from_io(&error))
}

fn from_io(error: &std::io::Error) -> StoreError {
    match error.kind() {
        std::io::ErrorKind::StorageFull => StoreError::Full,
        std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => StoreError::ReadOnly,
        _ => StoreError::Disk,
    }
}

impl Store {
    /// Whether this ledger was put back from a backup and has not been told so yet.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn is_restored(&self) -> Result<bool, StoreError> {
        self.read(is_marked)
    }

    /// A restored ledger believes nothing: every delivery is in doubt and is
    /// looked up before anything is written. Requests that the ledger no longer
    /// knows of may be under way for `settles_within`; before that nothing is
    /// looked up, and no absence is believed of what is read anew. In pieces;
    /// safe to repeat. Returns how many deliveries there are.
    ///
    /// # Errors
    /// When it cannot be committed.
    pub async fn doubt_everything(&self, settles_within: Duration) -> Result<usize, StoreError> {
        let settled = self.clock().now().after(settles_within);
        let (mut from, mut count) = ((0, 0), 0);
        loop {
            let rows = self.read(|db| keys_after(db, from))?;
            let Some(&last) = rows.last() else { break };
            count += rows.len();
            self.write(Rank::Order, move |tx| {
                for (article, portal) in rows {
                    let (article, portal) = (ArticleId(article), PortalId(portal));
                    let Some(Whole { delivery: mut row, last: attempt, .. }) =
                        deliveries::load_whole(tx.db, article, portal)?
                    else {
                        continue;
                    };
                    row.doubt(settled);
                    row.not_before = row.not_before.max(settled);
                    deliveries::put(tx, &row, attempt)?;
                    deliveries::hint(tx, portal, Class::Verify, row.not_before, article)?;
                }
                Ok(())
            })
            .await?;
            from = last;
        }
        self.write(Rank::Order, move |tx| {
            meta::set_quiet_until(tx.db, settled)?;
            tx.db.execute("DELETE FROM meta WHERE key = ?1", [MARK])?;
            Ok(())
        })
        .await?;
        Ok(count)
    }
}

pub(super) fn is_marked(db: &Connection) -> Result<bool, StoreError> {
    Ok(meta::get(db, MARK)?.is_some())
}

fn keys_after(db: &Connection, from: (i64, i64)) -> Result<Vec<(i64, i64)>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT article, portal FROM delivery WHERE (article, portal) > (?1, ?2) ORDER BY article, portal LIMIT ?3",
    )?;
    let limit = i64::try_from(DOUBT_PIECE).unwrap_or(i64::MAX);
    let rows = statement.query_map((from.0, from.1, limit), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
