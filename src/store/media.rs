//! Pictures: what was fetched from the source, and what stands on a portal's site.

use std::time::Duration;

use dongbo_sdk::{RemoteId, RemoteMedia};
use rusqlite::{Connection, OptionalExtension};

use super::writer::Rank;
use super::{Store, StoreError, Tx};
use crate::delivery::{Moment, Picture, PortalId};

/// A picture at the source. Its bytes lie in the state folder under their digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaRow {
    /// `None`: it could not be fetched yet.
    pub file: Option<([u8; 32], String)>,
    pub tries: u32,
    pub reason: Option<String>,
}

/// What became of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaSettled {
    Stands {
        sha256: [u8; 32],
        remote: RemoteMedia,
    },
    /// The site refuses the file for good: posts go without it.
    Refused {
        sha256: [u8; 32],
        reason: String,
    },
    /// Unknown: nothing is sent before `quiet_until`.
    Doubt {
        sha256: [u8; 32],
        quiet_until: Moment,
    },
    /// Nothing happened.
    NotSent {
        sha256: [u8; 32],
    },
}

/// A refusal is believed when it was said twice: WordPress answers with the
/// same code when two first uploads of a month race for its folder.
const REFUSALS_MAX: u32 = 2;
/// When a refused file is offered again.
const REFUSED_AGAIN: Duration = Duration::from_secs(5);

impl Store {
    /// # Errors
    /// When the ledger cannot be read.
    pub fn media(&self, url: &str) -> Result<Option<MediaRow>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT sha256, mime, tries, reason FROM media WHERE url = ?1")?;
            let row = statement.query_row([url], |row| {
                let sha256: Option<Vec<u8>> = row.get(0)?;
                let mime: Option<String> = row.get(1)?;
                Ok(MediaRow {
                    file: sha256.and_then(|bytes| bytes.try_into().ok()).zip(mime),
                    tries: row.get(2)?,
                    reason: row.get(3)?,
                })
            });
            Ok(row.optional()?)
        })
    }

    /// # Errors
    /// When it cannot be committed.
    pub async fn media_fetched(
        &self,
        url: String,
        file: Result<([u8; 32], String, u64), String>,
    ) -> Result<(), StoreError> {
        self.write(Rank::Ingest, move |tx| {
            let (sha256, mime, bytes, reason) = match file {
                Ok((sha256, mime, bytes)) => (Some(sha256), Some(mime), Some(i64::try_from(bytes).unwrap_or(0)), None),
                Err(reason) => (None, None, None, Some(reason)),
            };
            tx.db
                .prepare_cached(
                    "INSERT INTO media (url, sha256, mime, bytes, tries, reason) VALUES (?1, ?2, ?3, ?4, 1, ?5) \
                     ON CONFLICT (url) DO UPDATE SET sha256 = ?2, mime = ?3, bytes = ?4, tries = tries + 1, reason = ?5",
                )?
                .execute((url, sha256.as_ref().map(|sha| &sha[..]), mime, bytes, reason))?;
            Ok(())
        })
        .await
    }

    /// The picture on a portal's site: what to do, and what stands there.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn media_copy(
        &self,
        portal: PortalId,
        sha256: &[u8; 32],
    ) -> Result<(Picture, Option<RemoteMedia>), StoreError> {
        let now = self.clock().now();
        self.read(|db| {
            let site = site(db, portal)?;
            let mut statement = db.prepare_cached(
                "SELECT remote, url, quiet_until, refused FROM media_copy WHERE site = ?1 AND sha256 = ?2",
            )?;
            let row = statement.query_row((&site, &sha256[..]), |row| {
                let (id, url): (Option<String>, Option<String>) = (row.get(0)?, row.get(1)?);
                let remote = id.zip(url).map(|(id, url)| RemoteMedia { id: RemoteId(id), url, expires: None });
                let (quiet_until, refused) = (Moment(row.get(2)?), row.get::<_, Option<String>>(3)?.is_some());
                Ok(match remote {
                    Some(remote) => (Picture::Settled, Some(remote)),
                    None if refused => (Picture::Settled, None),
                    None if quiet_until > now => (Picture::Quiet(quiet_until), None),
                    None => (Picture::Missing, None),
                })
            });
            Ok(row.optional()?.unwrap_or((Picture::Missing, None)))
        })
    }
}

/// Whose numbers an upload bears: the site that the portal's last check found.
/// Portals of one site share its pictures; sites of one network do not.
fn site(db: &Connection, portal: PortalId) -> Result<String, StoreError> {
    let mut statement = db.prepare_cached("SELECT coalesce(site, name) FROM portal WHERE id = ?1")?;
    Ok(statement.query_row([portal.0], |row| row.get(0))?)
}

/// The file stands there already, or an upload of it is under way or in doubt.
pub(super) fn is_claimed(tx: &Tx<'_>, portal: PortalId, sha256: &[u8; 32]) -> Result<bool, StoreError> {
    let mut statement = tx.db.prepare_cached(
        "SELECT 1 FROM media_copy WHERE site = ?1 AND sha256 = ?2 AND (remote IS NOT NULL OR quiet_until > ?3)",
    )?;
    Ok(statement.exists((site(tx.db, portal)?, &sha256[..], tx.now.0))?)
}

/// The upload is about to leave.
pub(super) fn intend(tx: &Tx<'_>, portal: PortalId, sha256: &[u8; 32], quiet_until: Moment) -> Result<(), StoreError> {
    tx.db
        .prepare_cached(
            "INSERT INTO media_copy (site, sha256, quiet_until) VALUES (?1, ?2, ?3) \
             ON CONFLICT (site, sha256) DO UPDATE SET quiet_until = ?3",
        )?
        .execute((site(tx.db, portal)?, &sha256[..], quiet_until.0))?;
    Ok(())
}

pub(super) fn settle(tx: &Tx<'_>, portal: PortalId, media: &MediaSettled) -> Result<(), StoreError> {
    match media {
        MediaSettled::Stands { sha256, remote } => {
            tx.db
                .prepare_cached(
                    "INSERT OR REPLACE INTO media_copy (site, sha256, remote, url, expires, quiet_until) \
                     VALUES (?1, ?2, ?3, ?4, ?5, 0)",
                )?
                .execute((
                    site(tx.db, portal)?,
                    &sha256[..],
                    &remote.id.0,
                    &remote.url,
                    remote.expires.map(|at| at.as_millisecond()),
                ))?;
        }
        MediaSettled::Refused { sha256, reason } => {
            tx.db
                .prepare_cached(
                    "INSERT INTO media_copy (site, sha256, refusals, refused, quiet_until) \
                     VALUES (?1, ?2, 1, iif(?4 <= 1, ?3, NULL), ?5) \
                     ON CONFLICT (site, sha256) DO UPDATE SET refusals = refusals + 1, quiet_until = ?5, \
                     refused = iif(refusals + 1 >= ?4, ?3, NULL)",
                )?
                .execute((site(tx.db, portal)?, &sha256[..], reason, REFUSALS_MAX, tx.now.after(REFUSED_AGAIN).0))?;
        }
        MediaSettled::Doubt { sha256, quiet_until } => {
            intend(tx, portal, sha256, *quiet_until)?;
        }
        MediaSettled::NotSent { sha256 } => intend(tx, portal, sha256, Moment::NEVER)?,
    }
    Ok(())
}
