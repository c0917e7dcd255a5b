//! Reading from sources: fetch, decode, read item by item, clean.
//!
//! What comes in here is hostile until it leaves as an [`Item`]. Nothing in
//! this folder knows the store, portals, plans or the configuration file, and
//! nothing here remembers: validators and hashes are handed back to the caller,
//! who saves them once the items are committed.
//!
//! ```text
//! fetch ──► charset ──► rss | atom | jsonfeed ──► feed (date, identity, clean) ──► Item
//! ```
//!
//! [`Item`]: crate::article::Item

pub mod address;
pub mod api;
pub mod atom;
pub mod charset;
pub mod clean;
pub mod count;
pub mod date;
pub mod error;
pub mod feed;
pub mod fetch;
pub mod format;
pub mod guard;
pub mod head;
pub mod hidden;
pub mod hosts;
pub mod identity;
pub mod intranet;
pub mod item;
pub mod json;
pub mod jsonfeed;
pub mod legacy;
pub mod listing;
pub mod media;
pub mod outline;
pub mod page;
pub mod paged;
pub mod raw;
pub mod rss;
pub mod sitemap;
pub mod text;
pub mod tree;
pub mod wishes;
pub mod xml;

pub use error::{ReadError, ReadErrorKind};
pub use feed::{Document, FeedReader, Quarantined, Reading, Summary, Warning};
pub use fetch::{Ask, Body, Fetched, Fetcher, Heard, Limits, Page, Previous, Validators, Visit};
pub use format::Format;
pub use head::Head;
pub use hosts::{Host, Hosts, Politeness};
pub use intranet::{Intranet, Network};
pub use media::{Media, MediaKind, fetch_media, limits as media_limits};
pub use paged::Paged;
