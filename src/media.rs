//! Pictures of articles: fetched once, checked, kept in the state folder
//! under their digest. Knows no portal.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use dongbo_sdk::{Media, MediaKey};
use sha2::{Digest as _, Sha256};

use crate::store::{Store, StoreError};

/// Tries after which a post goes without its picture: a storm warning does not wait for one.
const TRIES_MAX: u32 = 3;

/// Fetches a picture within all limits and tells its type from its bytes.
#[async_trait]
pub trait Fetch: std::fmt::Debug + Send + Sync {
    /// The bytes and the type, such as `image/jpeg`.
    ///
    /// # Errors
    /// Words for an operator.
    async fn fetch(&self, url: &str) -> Result<(Bytes, String), String>;
}

/// The pictures; clones share them.
#[derive(Debug, Clone)]
pub struct Pictures {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    fetch: Arc<dyn Fetch>,
    /// One fetch of an address at a time.
    single: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// A picture at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub sha256: [u8; 32],
    pub mime: String,
}

/// What there is of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    File(File),
    /// Not yet; the try was counted.
    Failed,
    /// Given up: the post goes without it.
    GivenUp,
}

impl Pictures {
    /// Keeps files in `state/media`.
    #[must_use]
    pub fn new(state: &Path, fetch: Arc<dyn Fetch>) -> Self {
        Self { inner: Arc::new(Inner { folder: state.join("media"), fetch, single: Mutex::default() }) }
    }

    /// The picture at an address, fetched if need be.
    ///
    /// # Errors
    /// When the ledger or its disk cannot be written.
    pub async fn find(&self, store: &Store, url: &str) -> Result<Found, StoreError> {
        if let Some(found) = known(store, url)? {
            return Ok(found);
        }
        let turn = self.turn(url);
        let _turn = turn.lock().await;
        if let Some(found) = known(store, url)? {
            return Ok(found);
        }
        let file = self.fetch(url).await?;
        store.media_fetched(url.to_owned(), file).await?;
        self.inner.single.lock().unwrap_or_else(PoisonError::into_inner).remove(url);
        Ok(known(store, url)?.unwrap_or(Found::Failed))
    }

    fn turn(&self, url: &str) -> Arc<tokio::sync::Mutex<()>> {
        self.inner.single.lock().unwrap_or_else(PoisonError::into_inner).entry(url.to_owned()).or_default().clone()
    }

    async fn fetch(&self, url: &str) -> Result<Result<([u8; 32], String, u64), String>, StoreError> {
        let (bytes, mime) = match self.inner.fetch.fetch(url).await {
            Ok(found) => found,
            Err(reason) => {
                tracing::warn!(url, reason, "picture not fetched");
                return Ok(Err(reason));
            }
        };
        let sha256: [u8; 32] = Sha256::digest(&bytes).into();
        self.keep(&sha256, &bytes)?;
        Ok(Ok((sha256, mime, bytes.len() as u64)))
    }

    /// Writes the file whole or not at all. A lost one is fetched again, so it is not synced.
    fn keep(&self, sha256: &[u8; 32], bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.path(sha256);
        if path.exists() {
            return Ok(());
        }
        let failed = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::StorageFull => StoreError::Full,
            std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => StoreError::ReadOnly,
            _ => StoreError::Disk,
        };
        std::fs::create_dir_all(&self.inner.folder).map_err(failed)?;
        let temporary = path.with_extension("part");
        std::fs::write(&temporary, bytes).and_then(|()| std::fs::rename(&temporary, &path)).map_err(failed)
    }

    fn path(&self, sha256: &[u8; 32]) -> PathBuf {
        self.inner.folder.join(MediaKey::of_sha256(sha256).as_str())
    }

    /// The file as it is uploaded. `None`: it is gone from the folder or no
    /// longer what it was.
    #[must_use]
    pub fn load(&self, file: &File, alt: &str) -> Option<Media> {
        let bytes = std::fs::read(self.path(&file.sha256)).ok()?;
        if <[u8; 32]>::from(Sha256::digest(&bytes)) != file.sha256 {
            return None;
        }
        let key = MediaKey::of_sha256(&file.sha256);
        let file_name = format!("{key}.{}", extension(&file.mime));
        Some(Media {
            key,
            sha256: file.sha256,
            mime: file.mime.clone(),
            file_name,
            alt: alt.to_owned(),
            bytes: bytes.into(),
        })
    }

    /// Size of a file that is at hand, in bytes.
    #[must_use]
    pub fn size(&self, file: &File) -> u64 {
        std::fs::metadata(self.path(&file.sha256)).map_or(0, |meta| meta.len())
    }
}

fn known(store: &Store, url: &str) -> Result<Option<Found>, StoreError> {
    Ok(store.media(url)?.and_then(|row| match row.file {
        Some((sha256, mime)) => Some(Found::File(File { sha256, mime })),
        None if row.tries >= TRIES_MAX => Some(Found::GivenUp),
        None => None,
    }))
}

fn extension(mime: &str) -> &'static str {
    match mime {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "application/pdf" => "pdf",
        _ => "bin",
    }
}
