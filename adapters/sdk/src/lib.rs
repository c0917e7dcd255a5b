//! What an adapter of dongbo is built from.
//!
//! An adapter speaks to one kind of CMS. It knows this crate and nothing else
//! of dongbo: no feeds, no database, no schedule, no clock, no other adapter.
//!
//! Reading order: [`adapter`] (the contract), [`post`] (what is asked for),
//! [`remote`] (what stands on the portal), [`capability`] (what a portal can
//! do), [`error`] (what a failure means), [`http`] (one try of one request).

pub mod adapter;
pub mod capability;
#[cfg(feature = "testkit")]
pub mod conformance;
pub mod error;
#[cfg(feature = "testkit")]
pub mod fake;
#[cfg(feature = "testkit")]
pub mod fault;
pub mod host;
pub mod http;
pub mod key;
#[cfg(feature = "testkit")]
pub mod memory;
pub mod post;
pub mod remote;
pub mod secret;
pub mod trust;
#[cfg(feature = "testkit")]
pub mod wire;

pub use adapter::{Adapter, AdapterInfo, At, Call, CheckReport, Cursor, Listed, Listing, Page, Removal, Trace};
pub use capability::{Capabilities, CategorySupport, DateSupport, KeySupport, PinSupport};
pub use error::{Error, ErrorKind, Operation, Result, Retry, Scope};
pub use host::HostName;
pub use key::{Key, MediaKey};
pub use post::{Media, MissingCategory, Pin, Post, Visibility};
pub use remote::{RemoteCopy, RemoteId, RemoteMedia, RemoteStatus, Ticket, Written};
pub use secret::{Secret, SecretError, SecretRef};
pub use trust::{Authority, NoAuthority, Trust};
