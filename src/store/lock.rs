//! One daemon per state folder: an advisory lock that dies with its process.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::Path;

use super::StoreError;

/// Held for the life of a daemon. Only its holder migrates, obeys orders and
/// stores adapter memory.
#[derive(Debug)]
pub struct InstanceLock {
    _file: File,
}

impl InstanceLock {
    /// Takes the lock of a state folder.
    ///
    /// # Errors
    /// Another process holds it, or the folder cannot be written.
    pub fn take(state: &Path) -> Result<Self, StoreError> {
        let path = state.join("dongbo.lock");
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(|error| {
                match error.kind() {
                    std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => {
                        StoreError::ReadOnly
                    }
                    std::io::ErrorKind::StorageFull => StoreError::Full,
                    std::io::ErrorKind::NotFound => StoreError::Missing { path: state.to_owned() },
                    _ => StoreError::Disk,
                }
            })?;
        match file.try_lock() {
            Ok(()) => {
                // For the message of the one that comes second; the lock itself is what counts.
                let _ = file.set_len(0).and_then(|()| write!(&file, "{}", std::process::id()));
                Ok(Self { _file: file })
            }
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked { state: state.to_owned() }),
            Err(TryLockError::Error(_)) => Err(StoreError::Disk),
        }
    }

    /// Somebody holds the lock: a daemon is running.
    #[must_use]
    pub fn is_held(state: &Path) -> bool {
        File::open(state.join("dongbo.lock"))
            .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}

/// The process that holds, or last held, the lock of a state folder.
#[must_use]
pub fn lock_holder(state: &Path) -> Option<u32> {
    std::fs::read_to_string(state.join("dongbo.lock")).ok()?.trim().parse().ok()
}
