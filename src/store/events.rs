//! The audit log: who did what when, each row bound to the one before it by a hash.

use rusqlite::{Connection, OptionalExtension};

use super::writer::{self, Rank};
use super::{Store, StoreError, Tx};

/// Something that a person may want to know later.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Event {
    /// Wall clock, ms.
    pub at: i64,
    pub who: String,
    /// A constant word: `order.filed`, `portal.held`, `article.withdrawn` ….
    pub what: String,
    /// The portal, source or article key that it is about.
    pub subject: String,
    /// Words for people.
    pub detail: String,
}

impl Store {
    /// # Errors
    /// When it cannot be committed.
    pub async fn event(&self, what: &'static str, subject: String, detail: String) -> Result<(), StoreError> {
        self.write(Rank::Order, move |tx| append(tx, "dongbo", what, &subject, &detail)).await
    }
}

pub(super) fn append(tx: &Tx<'_>, who: &str, what: &str, subject: &str, detail: &str) -> Result<(), StoreError> {
    append_to(tx.db, who, what, subject, detail)
}

pub(super) fn append_to(db: &Connection, who: &str, what: &str, subject: &str, detail: &str) -> Result<(), StoreError> {
    let previous: Vec<u8> = db
        .prepare_cached("SELECT hash FROM event ORDER BY id DESC LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?
        .unwrap_or_default();
    let at = writer::wall();
    let hash = chained(&previous, at, &[who, what, subject, detail]);
    db.prepare_cached("INSERT INTO event (at, who, what, subject, detail, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute((at, who, what, subject, detail, &hash[..]))?;
    Ok(())
}

fn chained(previous: &[u8], at: i64, fields: &[&str]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(previous).update(&at.to_le_bytes());
    for field in fields {
        hasher.update(&(field.len() as u64).to_le_bytes()).update(field.as_bytes());
    }
    *hasher.finalize().as_bytes()
}

/// The number of the first row that does not fit the one before it.
pub(super) fn broken_link(db: &Connection) -> Result<Option<i64>, StoreError> {
    let mut statement = db.prepare("SELECT id, at, who, what, subject, detail, hash FROM event ORDER BY id")?;
    let mut rows = statement.query([])?;
    let mut previous: Vec<u8> = Vec::new();
    while let Some(row) = rows.next()? {
        let (at, hash): (i64, Vec<u8>) = (row.get(1)?, row.get(6)?);
        let fields: [String; 4] = [row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?];
        let words: Vec<&str> = fields.iter().map(String::as_str).collect();
        if hash != chained(&previous, at, &words) {
            return Ok(Some(row.get(0)?));
        }
        previous = hash;
    }
    Ok(None)
}
