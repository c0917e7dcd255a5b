//! Which message an error becomes: the one place that knows both.

use std::path::Path;

use dongbo_sdk::{Error, ErrorKind};
use url::Url;

use super::{Problem, SourceFault, StoreFault};
use crate::source::{Limits, ReadError};
use crate::store::{StoreError, lock_holder};

/// The SQLite library that is safe with a write-ahead log.
const SQLITE_NEEDED: &str = "3.51.3";

/// What a person is told about a ledger in the folder `state`. `None`: a
/// failure that no person can mend by what the catalogue says.
#[must_use]
pub fn store(error: &StoreError, state: &Path) -> Option<Problem> {
    let fault = match error {
        StoreError::Missing { .. } => StoreFault::Missing,
        StoreError::ReadOnly | StoreError::Unreadable { .. } => StoreFault::ReadOnly,
        StoreError::Locked { .. } => StoreFault::Locked { pid: lock_holder(state) },
        StoreError::Newer { found, known } => {
            StoreFault::Newer { found: u32::try_from(*found).ok()?, known: u32::try_from(*known).ok()? }
        }
        StoreError::OldLibrary { .. } => StoreFault::OldLibrary { needed: SQLITE_NEEDED },
        StoreError::Full => StoreFault::DiskFull,
        StoreError::Disk if is_full(state) => StoreFault::DiskFull,
        StoreError::Disk => StoreFault::DiskFails,
        StoreError::Damaged => StoreFault::Damaged,
        StoreError::Older { .. }
        | StoreError::Busy
        | StoreError::Gone
        | StoreError::Strange(_)
        | StoreError::Sqlite(_) => return None,
    };
    Some(Problem::Store { fault, path: state.to_owned() })
}

/// Below this many free bytes a failing write is taken for a full disk: SQLite
/// tells some of them, such as its shared index, only as a failure.
const ROOM_MIN: u64 = 64 * 1024;

fn is_full(state: &Path) -> bool {
    nix::sys::statvfs::statvfs(state).is_ok_and(|disk| disk.blocks_available() * disk.fragment_size() < ROOM_MIN)
}

/// What a person is told about a source that gives nothing.
#[must_use]
pub fn source(error: &ReadError, id: &str, url: &Url) -> Problem {
    Problem::Source { fault: source_fault(error), source: id.to_owned(), url: url.to_string() }
}

fn source_fault(error: &ReadError) -> SourceFault {
    match error {
        ReadError::Unreachable(_)
        | ReadError::TimedOut { .. }
        | ReadError::Refused { .. }
        | ReadError::RedirectLoop
        | ReadError::Broken(_) => SourceFault::Unreachable,
        ReadError::Tls(_) => SourceFault::Tls,
        ReadError::Status(status) => SourceFault::Status(*status),
        ReadError::NotModifiedLoop => SourceFault::Status(304),
        ReadError::TooLarge { limit, .. } => SourceFault::TooLarge { limit_bytes: feed_limit(*limit) },
        ReadError::HtmlInstead { .. } => SourceFault::Page,
        ReadError::Empty | ReadError::JsonInstead { .. } | ReadError::NotAFeed { .. } | ReadError::NotAPicture(_) => {
            SourceFault::NotAFeed
        }
        ReadError::Secret(_) => SourceFault::Secret,
        ReadError::NothingMatched { field, .. } => SourceFault::Unmatched { field },
        ReadError::Encoding(_) | ReadError::Malformed { .. } | ReadError::Doctype => {
            SourceFault::Malformed { line: None }
        }
    }
}

/// A ratio of compression is no size; the size that counts is the feed's.
fn feed_limit(limit: u64) -> u64 {
    if limit < 1 << 20 { Limits::default().decoded_bytes_max } else { limit }
}

/// What a person is told about a call on a portal that failed.
#[must_use]
pub fn portal(error: &Error, portal: &str, address: &str) -> Problem {
    kind(error.kind, portal, address)
}

/// As [`portal`], where only the kind is known.
#[must_use]
pub fn kind(kind: ErrorKind, portal: &str, address: &str) -> Problem {
    Problem::Portal { kind, portal: portal.to_owned(), address: address.to_owned(), article: None }
}
