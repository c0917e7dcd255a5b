//! The contract between dongbo and one kind of CMS.
//!
//! One call is one try. It may send several requests and renew a credential
//! once if that was refused before anything could act. At most one of its
//! requests may bring a copy into being, and the call is safe to cut after
//! each: a look-up then shows where to go on. An adapter never sleeps, never
//! loops over time, never retries and has no clock: the ledger decides when
//! to try again.

use std::fmt;
use std::time::Instant;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::capability::Capabilities;
use crate::error::{Error, ErrorKind, Operation, Result};
use crate::key::Key;
use crate::post::{Media, Pin, Post};
use crate::remote::{RemoteCopy, RemoteId, RemoteMedia, RemoteStatus, Ticket, Written};

#[async_trait]
pub trait Adapter: fmt::Debug + Send + Sync {
    /// What this is, for people. Never a secret, no request.
    fn info(&self) -> AdapterInfo;

    /// Who am I, which site is this, what can I do here? Changes nothing.
    async fn check(&self, call: &Call) -> Result<CheckReport>;

    /// All objects that carry the key, in every state, bin included. Each hit
    /// was verified to carry it: a filter that the CMS ignored must not adopt
    /// a foreign object.
    async fn find(&self, call: &Call, trace: &Trace) -> Result<Vec<RemoteCopy>>;

    /// What stands at an address, with the key that it carries. `None`: nothing.
    async fn read(&self, call: &Call, id: &RemoteId) -> Result<Option<RemoteCopy>>;

    /// Brings the copy into being. It carries `post.key` from its first moment.
    async fn create(&self, call: &Call, post: &Post) -> Result<Written>;

    /// Makes the copy at `at` show the post. The caller has just read `at`.
    async fn update(&self, call: &Call, at: &At, post: &Post) -> Result<Written>;

    /// Takes the copy from the citizens' sight. What is left of it is the
    /// answer; already gone is success.
    async fn withdraw(&self, call: &Call, at: &At, how: Removal) -> Result<Option<RemoteCopy>>;

    /// Puts a file on the portal, or finds the same bytes there.
    async fn upload(&self, call: &Call, media: &Media) -> Result<RemoteMedia> {
        let _ = media;
        Err(unsupported(call, Operation::Upload))
    }

    /// Asks after a write that answered [`Written::Pending`].
    async fn confirm(&self, call: &Call, ticket: &Ticket) -> Result<Written> {
        let _ = ticket;
        Err(unsupported(call, Operation::Confirm))
    }

    /// Pins or unpins without touching the body.
    async fn pin(&self, call: &Call, at: &At, pin: Pin) -> Result<()> {
        let _ = (at, pin);
        Err(unsupported(call, Operation::Pin))
    }

    /// A page of what stands on the portal.
    async fn list(&self, call: &Call, what: Listing, from: Option<Cursor>) -> Result<Page<Listed>> {
        let _ = (what, from);
        Err(unsupported(call, Operation::List))
    }
}

fn unsupported(call: &Call, operation: Operation) -> Error {
    Error::new(ErrorKind::Unsupported, operation, "this kind of portal cannot do it").with("request", &call.request)
}

/// What an adapter is, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AdapterInfo {
    /// The name in the configuration: `wordpress`, `folder`.
    pub kind: &'static str,
    /// The public address of the portal.
    pub address: String,
}

/// One try of one step.
#[derive(Debug, Clone)]
pub struct Call {
    /// Names the try in logs and journals; one to a try.
    pub request: String,
    /// The end of the whole call. The HTTP kit gives up then.
    pub deadline: Instant,
    /// 1 for the first try of this step.
    pub attempt: u32,
}

/// What is known of a copy that may stand somewhere on the portal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    pub key: Key,
    /// The address of the original.
    pub origin: String,
    pub title: String,
    /// No copy can be older than this.
    pub since: Option<Timestamp>,
}

/// The address of a copy of ours, as just read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    pub id: RemoteId,
    pub key: Key,
    /// The version just read, for portals that can refuse a stale write.
    pub version: Option<String>,
}

/// How a copy is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Removal {
    /// Only editors see it; id, address and key survive.
    Hide,
    /// Into the CMS's bin.
    Trash,
    /// For good.
    Delete,
}

/// What `check` found.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckReport {
    /// Names this site and no other with the same ids; a change puts the
    /// portal's deliveries in doubt.
    pub site: String,
    /// The site's own name, for people.
    pub title: String,
    /// Product and version where the site tells them.
    pub software: String,
    /// The account that the portal knows us by.
    pub account: String,
    pub capabilities: Capabilities,
    /// Categories that exist there.
    pub categories: Vec<String>,
    /// What a person should know: missing rights, a wrong time zone.
    pub notes: Vec<String>,
}

/// What to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// Everything that carries a key of ours.
    Ours,
    /// The newest objects, ours or not, for adoption.
    Recent,
}

/// Where a listing goes on; the adapter's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub String);

#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// `None`: this was the last page.
    pub next: Option<Cursor>,
}

/// A line of a listing: less than a [`RemoteCopy`], because lists are long.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    pub id: RemoteId,
    pub key: Option<Key>,
    pub url: Option<String>,
    pub status: RemoteStatus,
    pub title: String,
    pub published: Option<Timestamp>,
}

impl From<RemoteCopy> for Listed {
    fn from(copy: RemoteCopy) -> Self {
        Self {
            id: copy.id,
            key: copy.key,
            url: copy.url,
            status: copy.status,
            title: copy.title,
            published: copy.published,
        }
    }
}
