//! One pass over a feed's text, item by item, however damaged it is.
//!
//! quick-xml tokenises; this walker forgives: end tags that match nothing,
//! bare ampersands, unknown entities, markup that nobody escaped. After a place
//! that cannot be tokenised it goes on at the next item. It never expands an
//! entity that a document declares.

use std::collections::HashMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::text;
use super::{atom, rss};

/// Open elements, counted from the document's root.
pub const DEPTH_MAX: usize = 128;
/// One tag with its attributes.
pub const TAG_BYTES_MAX: usize = 64 * 1024;
/// One item, markup included.
pub const ITEM_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Repeated children of one item that are kept (categories, pictures); more are ignored.
pub const CHILDREN_MAX: usize = 64;
/// Damaged places of one feed; behind them nothing more is read, since each may
/// cost a look through a whole item's worth of text.
pub const DAMAGES_MAX: usize = 200;
/// Namespace prefixes that are remembered.
const PREFIXES_MAX: usize = 32;

/// Which format the items have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Rss,
    Atom,
}

impl Dialect {
    fn item(self) -> &'static str {
        match self {
            Self::Rss => "item",
            Self::Atom => "entry",
        }
    }

    fn open(self, path: &str, tag: &Tag, raw: &mut RawItem) -> Option<Slot> {
        match self {
            Self::Rss => rss::open(path, tag, raw),
            Self::Atom => atom::open(path, tag, raw),
        }
    }
}

/// An item as written: texts are unescaped once, nothing is cleaned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RawItem {
    pub title: String,
    pub link: String,
    pub guid: String,
    pub description: String,
    pub content: String,
    pub published: String,
    pub updated: String,
    pub author: String,
    pub categories: Vec<String>,
    /// Addresses of pictures, the most telling first after sorting by [`Picture::rank`].
    pub pictures: Vec<Picture>,
    /// `xml:base` of the item.
    pub base: Option<String>,
    /// Other articles of the feed have the same link, so it names none of them.
    pub link_is_shared: bool,
}

/// A picture that the item names outside its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub url: String,
    /// 0: `media:content`, 1: an enclosure, 2: `media:thumbnail`.
    pub rank: u8,
}

/// Where a captured text belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    Title,
    Link,
    Guid,
    Description,
    Content,
    Published,
    Updated,
    /// `dc:creator` and the like; `Author` gives way to it.
    Creator,
    Author,
    Category,
}

impl RawItem {
    /// The first of two equal children wins, except that an empty one never does.
    fn put(&mut self, slot: Slot, value: String) {
        let field = match slot {
            Slot::Title => &mut self.title,
            Slot::Link => &mut self.link,
            Slot::Guid => &mut self.guid,
            Slot::Description => &mut self.description,
            Slot::Content => &mut self.content,
            Slot::Published => &mut self.published,
            Slot::Updated => &mut self.updated,
            Slot::Author => &mut self.author,
            Slot::Creator => {
                if !value.trim().is_empty() {
                    self.author = value;
                }
                return;
            }
            Slot::Category => return self.category(value),
        };
        if field.trim().is_empty() {
            *field = value;
        }
    }

    pub(super) fn category(&mut self, name: String) {
        if self.categories.len() < CHILDREN_MAX {
            self.categories.push(name);
        }
    }

    pub(super) fn picture(&mut self, url: Option<&str>, rank: u8) {
        if let Some(url) = url.filter(|_| self.pictures.len() < CHILDREN_MAX) {
            self.pictures.push(Picture { url: url.trim().to_owned(), rank });
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
    /// The root's end tag was seen.
    pub complete: bool,
    damages: usize,
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
            complete: false,
            damages: 0,
        }
    }

    /// The next item or damage; `None` at the end.
    pub fn next(&mut self, text: &str) -> Option<Result<RawItem, Damage>> {
        if self.damages > DAMAGES_MAX {
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
                    captured.clear();
                    path.push(tag.name);
                }
                Event::Empty(tag) => {
                    let tag = self.tag(&tag);
                    if tag.name == "link" && tag.attribute("rel").is_none_or(|rel| rel == "alternate") {
                        self.note("link", tag.attribute("href").unwrap_or_default());
                    }
                }
                Event::End(tag) => {
                    let name = self.name(tag.name().as_ref());
                    if !path.iter().any(|open| open == "image") {
                        self.note(&name, &captured);
                    }
                    captured.clear();
                    self.complete |= matches!(name.as_str(), "rss" | "feed");
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
        if matches!(tag.name.as_str(), "rss" | "feed" | "channel") && self.base.is_none() {
            self.base = tag.attribute("xml:base").map(str::to_owned);
        }
    }

    fn note(&mut self, name: &str, value: &str) {
        let field = match name {
            "title" => &mut self.title,
            "link" => &mut self.site,
            _ => return,
        };
        if field.is_none() && !value.trim().is_empty() {
            *field = Some(value.trim().to_owned());
        }
    }

    /// Reads one item from behind its start tag to behind its end tag.
    fn read_item(&mut self, text: &str, tag: &Tag) -> Result<RawItem, Damage> {
        let from = self.pos;
        let mut open = OpenItem::new(self.dialect, tag);
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

    fn tag(&mut self, start: &BytesStart<'_>) -> Tag {
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
    fn name(&self, name: &[u8]) -> String {
        let name = String::from_utf8_lossy(name);
        let Some((prefix, local)) = name.split_once(':') else { return name.into_owned() };
        let prefix = self.prefixes.get(prefix).copied().unwrap_or(prefix);
        match (prefix, self.dialect) {
            ("atom", Dialect::Atom) => local.to_owned(),
            (prefix, Dialect::Atom | Dialect::Rss) => format!("{prefix}:{local}"),
        }
    }
}

enum Step {
    On,
    /// The event that was read ended the item.
    Done,
    /// The item ended before the event that was read.
    DoneBefore,
}

/// An item under way.
struct OpenItem {
    dialect: Dialect,
    raw: RawItem,
    path: Vec<String>,
    capture: Option<Capture>,
}

struct Capture {
    slot: Slot,
    depth: usize,
    text: String,
    form: Form,
}

/// How the captured characters relate to HTML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// They are HTML, or plain text where the slot is.
    Html,
    /// Atom `type="text"`: characters that must be escaped to become HTML.
    Text,
    /// Atom `type="xhtml"`: the markup is XML, the texts between must be escaped.
    Xhtml,
    /// Atom without a type: text by the standard, HTML by the look of many feeds.
    Unsaid,
}

impl OpenItem {
    fn new(dialect: Dialect, tag: &Tag) -> Self {
        let raw = RawItem { base: tag.attribute("xml:base").map(str::to_owned), ..RawItem::default() };
        Self { dialect, raw, path: Vec::new(), capture: None }
    }

    fn step(&mut self, scan: &mut Scan, event: Event<'_>) -> Result<Step, String> {
        match event {
            Event::Start(start) => self.start(scan, &start, true),
            Event::Empty(start) => self.start(scan, &start, false),
            Event::End(end) => {
                let name = scan.name(end.name().as_ref());
                Ok(self.end(&name))
            }
            Event::Eof => Err("the feed ends within an item".to_owned()),
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::DocType(_) => Ok(Step::On),
            event @ (Event::Text(_) | Event::CData(_) | Event::GeneralRef(_)) => {
                if let Some(capture) = &mut self.capture {
                    let piece = content(&event);
                    match capture.form {
                        Form::Xhtml => capture.text.push_str(&text::escape(&piece)),
                        Form::Html | Form::Text | Form::Unsaid => capture.text.push_str(&piece),
                    }
                }
                Ok(Step::On)
            }
        }
    }

    fn start(&mut self, scan: &mut Scan, start: &BytesStart<'_>, opens: bool) -> Result<Step, String> {
        if start.len() > TAG_BYTES_MAX {
            return Err("a tag is too long".to_owned());
        }
        if self.path.len() + 2 >= DEPTH_MAX {
            return Err("elements are nested too deeply".to_owned());
        }
        if let Some(capture) = &mut self.capture {
            let name = String::from_utf8_lossy(start.name().as_ref()).into_owned();
            if name == self.dialect.item() {
                return Err("an item begins within a text".to_owned());
            }
            // Markup that nobody escaped is part of the text.
            capture.text.push('<');
            capture.text.push_str(&String::from_utf8_lossy(start));
            capture.text.push_str(if opens { ">" } else { "/>" });
            if opens {
                self.path.push(scan.name(start.name().as_ref()));
            }
            return Ok(Step::On);
        }
        let tag = scan.tag(start);
        if tag.name == self.dialect.item() {
            return Ok(Step::DoneBefore);
        }
        let path =
            if self.path.is_empty() { tag.name.clone() } else { format!("{}/{}", self.path.join("/"), tag.name) };
        let slot = self.dialect.open(&path, &tag, &mut self.raw);
        if opens {
            self.path.push(tag.name.clone());
            let form = form(self.dialect, &tag);
            self.capture = slot.map(|slot| Capture { slot, depth: self.path.len(), text: String::new(), form });
        }
        Ok(Step::On)
    }

    fn end(&mut self, name: &str) -> Step {
        let Some(open) = self.path.iter().rposition(|open| open == name) else {
            if matches!(name, "item" | "entry" | "channel" | "rss" | "feed") {
                self.finish_capture();
                return Step::Done;
            }
            return Step::On;
        };
        self.path.truncate(open);
        match &mut self.capture {
            Some(capture) if open >= capture.depth => {
                capture.text.push_str("</");
                capture.text.push_str(name);
                capture.text.push('>');
            }
            Some(_) => self.finish_capture(),
            None => {}
        }
        Step::On
    }

    fn finish_capture(&mut self) {
        let Some(capture) = self.capture.take() else { return };
        let markup = matches!(capture.slot, Slot::Content | Slot::Description | Slot::Title);
        let escape = match capture.form {
            Form::Text => markup,
            Form::Unsaid => markup && !looks_like_html(&capture.text),
            Form::Html | Form::Xhtml => false,
        };
        let slot = capture.slot;
        self.raw.put(slot, if escape { text::escape(&capture.text) } else { repaired(capture) });
    }
}

/// Undoes what CMSs do to HTML on its way into XML: a section within a section
/// leaves its marks, and text escaped twice has no tag but escaped ones.
fn repaired(capture: Capture) -> String {
    let mut text = capture.text;
    if text.contains("<![CDATA[") {
        text = text.replace("<![CDATA[", "").replace("]]>", "");
    }
    let html = capture.form == Form::Html && matches!(capture.slot, Slot::Content | Slot::Description);
    let twice = html && !text.contains('<') && text.contains("&lt;") && text.contains("&gt;");
    if twice { text::decode_entities(&text) } else { text }
}

fn form(dialect: Dialect, tag: &Tag) -> Form {
    match (dialect, tag.attribute("type")) {
        (Dialect::Rss, _) => Form::Html,
        (Dialect::Atom, Some("xhtml" | "application/xhtml+xml")) => Form::Xhtml,
        (Dialect::Atom, Some("text" | "text/plain")) => Form::Text,
        (Dialect::Atom, Some(_)) => Form::Html,
        (Dialect::Atom, None) => Form::Unsaid,
    }
}

fn looks_like_html(text: &str) -> bool {
    text.contains("</") || text.contains("/>") || text.contains("<p") || text.contains("<br") || text.contains("<img")
}

/// The text of an event; entities that HTML knows are decoded, others stay as written.
fn content(event: &Event<'_>) -> String {
    match event {
        Event::Text(text) => String::from_utf8_lossy(text).into_owned(),
        Event::CData(text) => String::from_utf8_lossy(text).into_owned(),
        Event::GeneralRef(name) => {
            let name = String::from_utf8_lossy(name);
            text::entity(&name).unwrap_or_else(|| format!("&{name};"))
        }
        Event::Start(_)
        | Event::End(_)
        | Event::Empty(_)
        | Event::Comment(_)
        | Event::Decl(_)
        | Event::PI(_)
        | Event::DocType(_)
        | Event::Eof => String::new(),
    }
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

/// The next `<item` or `<entry` (with any prefix-free spelling) at or behind `from`.
fn next_item(text: &str, from: usize, item: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = from;
    while let Some(found) = bytes.get(at..)?.iter().position(|byte| *byte == b'<') {
        let start = at + found;
        let rest = &bytes[start + 1..];
        let ends = |byte: &u8| matches!(byte, b'>' | b'/') || byte.is_ascii_whitespace();
        if rest.starts_with(item.as_bytes()) && rest.get(item.len()).is_some_and(ends) {
            return Some(start);
        }
        at = start + 1;
    }
    None
}

fn known_namespace(uri: &str) -> Option<&'static str> {
    let uri = uri.trim().trim_end_matches(['/', '#']);
    let known = [
        ("purl.org/rss/1.0/modules/content", "content"),
        ("purl.org/dc/elements/1.1", "dc"),
        ("purl.org/dc/terms", "dcterms"),
        ("search.yahoo.com/mrss", "media"),
        ("www.w3.org/2005/Atom", "atom"),
    ];
    known.into_iter().find(|(end, _)| uri.ends_with(end)).map(|(_, prefix)| prefix)
}
