//! What goes wrong with the ledger, by what a person has to do about it.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("there is no ledger at {path}", path = path.display())]
    Missing { path: PathBuf },
    #[error("the ledger at {path} cannot be opened", path = path.display())]
    Unreadable { path: PathBuf, source: rusqlite::Error },
    #[error("the ledger is read-only")]
    ReadOnly,
    #[error("another dongbo works with {state}", state = state.display())]
    Locked { state: PathBuf },
    #[error("the ledger has schema {found}, this dongbo knows {known}")]
    Newer { found: i64, known: i64 },
    #[error("the ledger has schema {found}, this dongbo needs {known}; the daemon moves it forward when it starts")]
    Older { found: i64, known: i64 },
    #[error("the SQLite library is {found}; at least 3.51.3 is needed")]
    OldLibrary { found: String },
    #[error("the disk of the ledger is full")]
    Full,
    #[error("the ledger's disk fails")]
    Disk,
    #[error("the ledger is damaged")]
    Damaged,
    #[error("the ledger is busy")]
    Busy,
    #[error("the ledger was closed")]
    Gone,
    #[error("the ledger holds something that this dongbo does not understand: {0}")]
    Strange(String),
    #[error("a statement failed")]
    Sqlite(#[source] rusqlite::Error),
}

impl StoreError {
    pub(super) fn opening(path: &Path, error: rusqlite::Error) -> Self {
        Self::from(error).at(path)
    }

    /// Names the file where the failure is about opening it.
    pub(super) fn at(self, path: &Path) -> Self {
        match self {
            Self::Sqlite(source) => Self::Unreadable { path: path.to_owned(), source },
            other => other,
        }
    }

    /// The store as a whole cannot be written, not just this job.
    #[must_use]
    pub fn is_io(&self) -> bool {
        match self {
            Self::Full | Self::Disk | Self::ReadOnly | Self::Damaged | Self::Gone => true,
            Self::Missing { .. }
            | Self::Unreadable { .. }
            | Self::Locked { .. }
            | Self::Newer { .. }
            | Self::Older { .. }
            | Self::OldLibrary { .. }
            | Self::Busy
            | Self::Strange(_)
            | Self::Sqlite(_) => false,
        }
    }

    /// The same failure for another job of the group.
    pub(super) fn again(&self) -> Self {
        match self {
            Self::Full => Self::Full,
            Self::Disk => Self::Disk,
            Self::ReadOnly => Self::ReadOnly,
            Self::Damaged => Self::Damaged,
            Self::Busy => Self::Busy,
            Self::Gone => Self::Gone,
            other => Self::Strange(other.to_string()),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let Some(code) = error.sqlite_error_code() else { return Self::Sqlite(error) };
        match code {
            ErrorCode::DiskFull => Self::Full,
            ErrorCode::ReadOnly => Self::ReadOnly,
            ErrorCode::SystemIoFailure => Self::Disk,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Damaged,
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
            _ => Self::Sqlite(error),
        }
    }
}
