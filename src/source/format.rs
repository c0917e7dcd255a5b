//! Which format a document has: by what stands in it, or because a person says so.

use super::error::{ReadError, begins};
use super::feed::{junk, root};
use super::jsonfeed::{self, JsonFeed};
use super::xml::{Dialect, Scan};

/// What a person can say that a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RSS 0.90 to 2.0: `item` elements, whatever they stand in.
    Rss,
    /// Atom 0.3 and 1.0: `entry` elements.
    Atom,
    /// A list `items`, even where no version is named.
    JsonFeed,
}

impl Format {
    pub const ALL: [Self; 3] = [Self::Rss, Self::Atom, Self::JsonFeed];

    /// As it is typed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rss => "rss",
            Self::Atom => "atom",
            Self::JsonFeed => "json-feed",
        }
    }
}

/// What a document turned out to be.
pub(super) enum Opened {
    Xml(Scan),
    Json(JsonFeed),
}

/// Looks at the beginning of a text.
pub(super) fn open(text: &str, format: Option<Format>) -> Result<Opened, ReadError> {
    match format {
        None => match jsonfeed::read(text)? {
            Some(feed) => Ok(Opened::Json(feed)),
            None => root(text).and_then(|scan| of_feed(scan, text)).map(Opened::Xml),
        },
        Some(Format::JsonFeed) => jsonfeed::read_unnamed(text).map(Opened::Json),
        Some(Format::Rss) => forced(text, Dialect::Rss).map(Opened::Xml),
        Some(Format::Atom) => forced(text, Dialect::Atom).map(Opened::Xml),
    }
}

/// A sitemap names articles and says nothing of them.
fn of_feed(scan: Scan, text: &str) -> Result<Scan, ReadError> {
    match scan.dialect {
        Dialect::Rss | Dialect::Atom => Ok(scan),
        Dialect::Sitemap | Dialect::SitemapIndex => Err(ReadError::NotAFeed { begins: begins(text) }),
    }
}

/// Where the root is no feed's, or another's, nothing tells the document's end.
fn forced(text: &str, dialect: Dialect) -> Result<Scan, ReadError> {
    match root(text) {
        Ok(scan) if scan.dialect == dialect => Ok(scan),
        Ok(_) | Err(ReadError::NotAFeed { .. }) => Ok(Scan::new(dialect, junk(text).unwrap_or(0)).whole()),
        Err(error) => Err(error),
    }
}
