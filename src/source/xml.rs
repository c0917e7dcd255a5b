//! One pass over a feed's text, item by item, however damaged it is.
//!
//! quick-xml tokenises; this walker forgives: end tags that match nothing,
//! bare ampersands, unknown entities, markup that nobody escaped. After a place
//! that cannot be tokenised it goes on at the next item. It never expands an
//! entity that a document declares.

use std::collections::HashMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::raw::{OpenItem, RawItem, Slot, Step, content};
use super::wishes::Said;
use super::{atom, rss, sitemap, text};

/// Open elements, counted from the document's root.
pub const DEPTH_MAX: usize = 128;
/// One tag with its attributes.
pub const TAG_BYTES_MAX: usize = 64 * 1024;
/// One item, markup included.
pub const ITEM_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Damaged places of one feed; behind them nothing more is read, since each may
/// cost a look through a whole item's worth of text.
pub const DAMAGES_MAX: usize = 100;
/// Tombstones of one feed that are kept; a feed shows hardly more entries.
pub const TOMBSTONES_MAX: usize = 500;
/// Namespace prefixes that are remembered.
const PREFIXES_MAX: usize = 32;

/// Which format the items have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Rss,
    Atom,
    /// Addresses of pages.
    Sitemap,
    /// Addresses of sitemaps.
    SitemapIndex,
}

impl Dialect {
    pub(super) fn item(self) -> &'static str {
        match self {
            Self::Rss => "item",
            Self::Atom => "entry",
            Self::Sitemap => "url",
            Self::SitemapIndex => "sitemap",
        }
    }

    pub(super) fn open(self, path: &str, tag: &Tag, raw: &mut RawItem) -> Option<Slot> {
        match self {
            Self::Rss => rss::open(path, tag, raw),
            Self::Atom => atom::open(path, tag, raw),
            Self::Sitemap | Self::SitemapIndex => sitemap::open(path, tag, raw),
        }
    }
}

/// Why an item, or the text between two items, could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Byte offset in the decoded text.
    pub at: usize,
    pub reason: String,
    /// The place lies within an item, whose parts read so far are here.
    pub item: Option<Box<RawItem>>,
    /// Where the damaged item, or the damage, begins.
    pub from: usize,
}

/// A start tag with its name made canonical (`content:encoded` whatever the
/// document calls that namespace).
#[derive(Debug)]
pub struct Tag {
    pub name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Where the reading of one text stands.
#[derive(Debug, Clone)]
pub struct Scan {
    pub dialect: Dialect,
    pos: usize,
    prefixes: HashMap<String, &'static str>,
    /// The feed's own title, once seen.
    pub title: Option<String>,
    /// The feed's own page, once seen.
    pub site: Option<String>,
    /// `xml:base` of the root.
    pub base: Option<String>,
    /// The program that made the feed, once seen.
    pub generator: Option<String>,
    /// The feed's language, once seen.
    pub language: Option<String>,
    /// Ids of entries that the feed says were deleted (RFC 6721 §3), as far as it was read.
    pub tombstones: Vec<String>,
    /// What the feed says of its own rhythm, as far as it was read.
    pub said: Said,
    /// The root's end tag was seen.
    pub complete: bool,
    damages: usize,
    /// Only what names the items is wanted, not their texts.
    brief: bool,
}

impl Scan {
    /// Starts at the root tag, which begins at `pos`.
    #[must_use]
    pub fn new(dialect: Dialect, pos: usize) -> Self {
        Self {
            dialect,
            pos,
            prefixes: HashMap::new(),
            title: None,
            site: None,
            base: None,
            generator: None,
            language: None,
            tombstones: Vec::new(),
            said: Said::default(),
            complete: false,
            damages: 0,
            brief: false,
        }
    }

    /// Reads what names the items and passes their texts over.
    #[must_use]
    pub fn brief(self) -> Self {
        Self { brief: true, ..self }
    }

    /// Of a document whose end no root's end tag tells.
    #[must_use]
    pub fn whole(self) -> Self {
        Self { complete: true, ..self }
    }

    /// The next item or damage; `None` at the end.
    pub fn next(&mut self, text: &str) -> Option<Result<RawItem, Damage>> {
        if self.gave_up() {
            self.complete = false;
            return None;
        }
        let result = match self.find_item(text) {
            Ok(None) => return None,
            Ok(Some(tag)) => self.read_item(text, &tag),
            Err(damage) => {
                self.resume(text, damage.at);
                Err(damage)
            }
        };
        self.damages += usize::from(result.is_err());
        Some(result)
    }

    /// More than [`DAMAGES_MAX`] places were damaged.
    #[must_use]
    pub fn gave_up(&self) -> bool {
        self.damages > DAMAGES_MAX
    }

    /// Goes on at the next item tag behind `at`.
    fn resume(&mut self, text: &str, at: usize) {
        self.pos = next_item(text, at.max(self.pos) + 1, self.dialect.item()).unwrap_or(text.len());
    }

    /// Walks to the next item's start tag and past it, noting what the feed says of itself.
    fn find_item(&mut self, text: &str) -> Result<Option<Tag>, Damage> {
        let start = self.pos;
        let mut reader = reader(text, start);
        let mut path: Vec<String> = Vec::new();
        let mut captured = String::new();
        loop {
            let at = start + offset(&reader);
            let damage = |reason: &str| Damage { at, reason: reason.to_owned(), item: None, from: at };
            let event = reader.read_event().map_err(|error| damage(&error.to_string()))?;
            match event {
                Event::Start(tag) | Event::Empty(tag) if tag.len() > TAG_BYTES_MAX => {
                    return Err(damage("a tag is too long"));
                }
                Event::Start(tag) => {
                    let tag = self.tag(&tag);
                    if tag.name == self.dialect.item() {
                        self.pos = start + offset(&reader);
                        return Ok(Some(tag));
                    }
                    if path.len() >= DEPTH_MAX {
                        return Err(damage("elements are nested too deeply"));
                    }
                    self.note_root(&tag);
                    self.note_tombstone(&tag);
                    captured.clear();
                    path.push(tag.name);
                }
                Event::Empty(tag) => {
                    let tag = self.tag(&tag);
                    self.note_tombstone(&tag);
                    if tag.name == "link" && tag.attribute("rel").is_none_or(|rel| rel == "alternate") {
                        self.note("link", tag.attribute("href").unwrap_or_default());
                    }
                }
                Event::End(tag) => {
                    let name = self.name(tag.name().as_ref());
                    if !path.iter().any(|open| matches!(open.as_str(), "image" | "textinput" | "textInput")) {
                        self.note(&name, &captured);
                        let parent = path.iter().rev().nth(1).map_or("", String::as_str);
                        self.said.note(parent, &name, &captured);
                    }
                    captured.clear();
                    self.complete |= is_root(&name);
                    if let Some(open) = path.iter().rposition(|open| *open == name) {
                        path.truncate(open);
                    }
                }
                Event::Eof => {
                    self.pos = text.len();
                    return Ok(None);
                }
                Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) if captured.len() > TAG_BYTES_MAX => {}
                event => captured.push_str(&content(&event)),
            }
        }
    }

    fn note_root(&mut self, tag: &Tag) {
        if matches!(tag.name.as_str(), "rss" | "feed" | "channel" | "rdf:RDF") && self.base.is_none() {
            self.base = tag.attribute("xml:base").map(str::to_owned);
            self.language = self.language.take().or_else(|| tag.attribute("xml:lang").map(str::to_owned));
        }
    }

    fn note_tombstone(&mut self, tag: &Tag) {
        if tag.name == "at:deleted-entry" && self.tombstones.len() < TOMBSTONES_MAX {
            self.tombstones.extend(tag.attribute("ref").map(str::to_owned));
        }
    }

    fn note(&mut self, name: &str, value: &str) {
        let field = match name {
            "title" => &mut self.title,
            "link" => &mut self.site,
            "generator" => &mut self.generator,
            "language" | "dc:language" => &mut self.language,
            _ => return,
        };
        if field.is_none() && !value.trim().is_empty() {
            *field = Some(value.trim().to_owned());
        }
    }

    /// Reads one item from behind its start tag to behind its end tag.
    fn read_item(&mut self, text: &str, tag: &Tag) -> Result<RawItem, Damage> {
        let from = self.pos;
        let mut open = OpenItem::new(self.dialect, tag, self.brief);
        let room = floor(text, from.saturating_add(ITEM_BYTES_MAX));
        let mut reader = reader(&text[..room], from);
        loop {
            let at = from + offset(&reader);
            let step = match reader.read_event() {
                Err(_) | Ok(Event::Eof) if room < text.len() => Err("the item is too large".to_owned()),
                Ok(event) => open.step(self, event),
                Err(error) => Err(error.to_string()),
            };
            match step {
                Ok(Step::On) => {}
                Ok(Step::Done) => {
                    self.pos = from + offset(&reader);
                    return Ok(open.raw);
                }
                Ok(Step::DoneBefore) => {
                    self.pos = at;
                    return Ok(open.raw);
                }
                Err(reason) => {
                    self.resume(text, at);
                    return Err(Damage { at, reason, item: Some(Box::new(open.raw)), from });
                }
            }
        }
    }

    pub(super) fn tag(&mut self, start: &BytesStart<'_>) -> Tag {
        let mut attributes = Vec::new();
        for attribute in start.attributes().with_checks(false).flatten() {
            let key = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
            let value = text::decode_entities(&String::from_utf8_lossy(&attribute.value));
            if let Some(prefix) = key.strip_prefix("xmlns:") {
                self.declare(prefix, &value);
            } else {
                attributes.push((key, value));
            }
        }
        Tag { name: self.name(start.name().as_ref()), attributes }
    }

    fn declare(&mut self, prefix: &str, uri: &str) {
        if let Some(canonical) = known_namespace(uri).filter(|_| self.prefixes.len() < PREFIXES_MAX) {
            self.prefixes.insert(prefix.to_owned(), canonical);
        }
    }

    /// `dc:creator` for any prefix bound to that namespace. The format's own
    /// namespace has no prefix here.
    pub(super) fn name(&self, name: &[u8]) -> String {
        let name = String::from_utf8_lossy(name);
        let Some((prefix, local)) = name.split_once(':') else { return name.into_owned() };
        let prefix = self.prefixes.get(prefix).copied().unwrap_or(prefix);
        match (prefix, self.dialect) {
            ("atom", Dialect::Atom) | ("rss", Dialect::Rss) | ("sitemap", Dialect::Sitemap | Dialect::SitemapIndex) => {
                local.to_owned()
            }
            (prefix, Dialect::Atom | Dialect::Rss | Dialect::Sitemap | Dialect::SitemapIndex) => {
                format!("{prefix}:{local}")
            }
        }
    }
}

/// Elements that hold a whole document.
fn is_root(name: &str) -> bool {
    matches!(name, "rss" | "feed" | "rdf:RDF" | "rdf" | "urlset" | "sitemapindex")
}

/// A tokeniser that leaves judgement to the walker.
pub(super) fn reader(text: &str, from: usize) -> Reader<&[u8]> {
    let mut reader = Reader::from_reader(&text.as_bytes()[from..]);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    reader
}

/// The last character boundary at or before `at`.
pub(super) fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn offset(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

/// The next `<item` or `<entry`, with any prefix, at or behind `from`.
fn next_item(text: &str, from: usize, item: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = from;
    while let Some(found) = bytes.get(at..)?.iter().position(|byte| *byte == b'<') {
        let start = at + found;
        let rest = without_prefix(&bytes[start + 1..]);
        let ends = |byte: &u8| matches!(byte, b'>' | b'/') || byte.is_ascii_whitespace();
        if rest.starts_with(item.as_bytes()) && rest.get(item.len()).is_some_and(ends) {
            return Some(start);
        }
        at = start + 1;
    }
    None
}

/// A longer prefix than this is none.
const PREFIX_BYTES_MAX: usize = 16;

fn without_prefix(name: &[u8]) -> &[u8] {
    let end = name.iter().take(PREFIX_BYTES_MAX).position(|byte| !byte.is_ascii_alphanumeric());
    match end {
        Some(end) if name[end] == b':' => &name[end + 1..],
        Some(_) | None => name,
    }
}

fn known_namespace(uri: &str) -> Option<&'static str> {
    let uri = uri.trim().trim_end_matches(['/', '#']);
    let known = [
        ("purl.org/rss/1.0/modules/content", "content"),
        ("purl.org/dc/elements/1.1", "dc"),
        ("purl.org/dc/terms", "dcterms"),
        ("search.yahoo.com/mrss", "media"),
        ("purl.org/rss/1.0/modules/syndication", "sy"),
        ("www.w3.org/2005/Atom", "atom"),
        ("purl.org/atompub/tombstones/1.0", "at"),
        ("purl.org/atom/ns", "atom"),
        ("www.w3.org/1999/02/22-rdf-syntax-ns", "rdf"),
        ("www.sitemaps.org/schemas/sitemap/0.9", "sitemap"),
        ("www.google.com/schemas/sitemap-news/0.9", "news"),
        // RSS 1.0 and 0.90, and what some give as the namespace of RSS 2.0.
        ("purl.org/rss/1.0", "rss"),
        ("my.netscape.com/rdf/simple/0.9", "rss"),
        ("backend.userland.com/rss2", "rss"),
    ];
    known.into_iter().find(|(end, _)| uri.ends_with(end)).map(|(_, prefix)| prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tombstones_without_end_are_cut() {
        let one = "<at:deleted-entry ref=\"x\"/>";
        let text = format!("<feed>{}</feed>", one.repeat(2 * TOMBSTONES_MAX));
        let mut scan = Scan::new(Dialect::Atom, 0);
        assert!(scan.next(&text).is_none());
        assert_eq!(scan.tombstones.len(), TOMBSTONES_MAX);
    }
}
