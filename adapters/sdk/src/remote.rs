//! What stands on a portal, as the portal itself tells it.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::key::Key;

/// The portal's own name for a copy or a file. Only an address: whoever
/// writes to it first reads what stands there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RemoteId(pub String);

impl std::fmt::Display for RemoteId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// One object on the portal, with what the CMS stored and not what was sent:
/// every CMS normalises. A field that the CMS does not have is `None` or empty.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteCopy {
    pub id: RemoteId,
    /// The key that the object carries. `None`: a foreign object.
    pub key: Option<Key>,
    /// The CMS's own mark of this state (an ETag, a modification time).
    pub version: Option<String>,
    /// Where citizens read it.
    pub url: Option<String>,
    pub status: RemoteStatus,
    pub title: String,
    pub summary: String,
    /// As stored, with our marker removed.
    pub body: String,
    /// Names, in no particular order.
    pub categories: Vec<String>,
    pub published: Option<Timestamp>,
    pub featured: Option<RemoteId>,
    pub pinned: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RemoteStatus {
    /// Citizens see it.
    Public,
    /// Citizens will see it without anybody's doing.
    Scheduled,
    /// Only editors see it: draft, pending, private, expired.
    Hidden,
    /// In a bin that the CMS empties one day.
    Trashed,
}

impl RemoteStatus {
    /// Citizens see it now or will without anybody's doing.
    #[must_use]
    pub fn reaches_citizens(self) -> bool {
        match self {
            Self::Public | Self::Scheduled => true,
            Self::Hidden | Self::Trashed => false,
        }
    }
}

/// A file on the portal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteMedia {
    pub id: RemoteId,
    /// Where citizens load it from.
    pub url: String,
    /// When the portal forgets it, for portals that do.
    pub expires: Option<Timestamp>,
}

/// What came of a write.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "one per write and never kept in numbers; the large one is the usual one"
)]
pub enum Written {
    /// The stored form as the portal shows it.
    Stands(RemoteCopy),
    /// The portal accepted the write and works on it; ask again with the ticket.
    Pending { ticket: Ticket, again: Duration },
}

/// The portal's word for a write that it has not finished; at most [`Ticket::BYTES_MAX`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ticket(pub String);

impl Ticket {
    /// The ledger commits the ticket with the outcome, so it stays small.
    pub const BYTES_MAX: usize = 4 * 1024;
}
