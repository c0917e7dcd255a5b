//! One item on its way out of the XML: which texts are captured, where they
//! belong and how their characters relate to HTML.

use std::borrow::Cow;
use std::hash::BuildHasher as _;
use std::sync::LazyLock;

use foldhash::quality::RandomState;
use quick_xml::events::{BytesStart, Event};

use super::text;
use super::xml::{DEPTH_MAX, Dialect, Scan, TAG_BYTES_MAX, Tag};

/// Repeated children of one item that are kept (categories, pictures); more are ignored.
pub const CHILDREN_MAX: usize = 64;
/// A longer name of an element is damage: names are compared and joined again
/// and again, and the longest of any format has 20 bytes.
pub const NAME_BYTES_MAX: usize = 256;

/// An item as written: texts are unescaped once, nothing is cleaned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
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
    /// Whom it names as its origin, and an address there.
    pub credit: String,
    pub credit_url: String,
    pub language: String,
    /// `xml:base` of the item.
    pub base: Option<String>,
    /// The feed's guids are not to be relied on: where the link names the article, it does so alone.
    pub guid_is_weak: bool,
    /// Other articles of the feed have the same link, so it names none of them.
    pub link_is_shared: bool,
}

/// A picture that the item names outside its text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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
    Credit,
    Language,
}

impl RawItem {
    /// Names what stands there, as it stands there. Items that have the same
    /// name in the same feed become the same article. The name holds within
    /// this process only: it is seeded, so that nobody outside can make two
    /// texts of one name, and quick, because every item of a changed feed is named.
    pub(super) fn digest(&self) -> u64 {
        static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::default);
        SEED.hash_one(self)
    }

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
            Slot::Credit => &mut self.credit,
            Slot::Language => &mut self.language,
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

pub(super) enum Step {
    On,
    /// The event that was read ended the item.
    Done,
    /// The item ended before the event that was read.
    DoneBefore,
}

/// An item under way.
pub(super) struct OpenItem {
    dialect: Dialect,
    pub(super) raw: RawItem,
    path: Vec<String>,
    capture: Option<Capture>,
    /// Only what names the item is wanted, not its texts.
    brief: bool,
}

struct Capture {
    slot: Slot,
    depth: usize,
    text: String,
    form: Form,
    /// Its end is wanted, not its text.
    skip: bool,
}

impl Capture {
    fn push(&mut self, pieces: [&str; 3]) {
        if !self.skip {
            pieces.iter().for_each(|piece| self.text.push_str(piece));
        }
    }
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
    pub(super) fn new(dialect: Dialect, tag: &Tag, brief: bool) -> Self {
        // RSS 1.0 names its items by their resource.
        let guid = tag.attribute("rdf:about").filter(|_| dialect == Dialect::Rss).unwrap_or_default().to_owned();
        let base = tag.attribute("xml:base").map(str::to_owned);
        let language = tag.attribute("xml:lang").unwrap_or_default().to_owned();
        let raw = RawItem { base, guid, language, ..RawItem::default() };
        Self { dialect, raw, path: Vec::new(), capture: None, brief }
    }

    pub(super) fn step(&mut self, scan: &mut Scan, event: Event<'_>) -> Result<Step, String> {
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
                if let Some(capture) = self.capture.as_mut().filter(|capture| !capture.skip) {
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
        if start.name().as_ref().len() > NAME_BYTES_MAX {
            return Err("an element's name is too long".to_owned());
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
            capture.push(["<", &String::from_utf8_lossy(start), if opens { ">" } else { "/>" }]);
            if opens {
                self.path.push(scan.name(start.name().as_ref()));
            }
            return Ok(Step::On);
        }
        let tag = scan.tag(start);
        if tag.name == self.dialect.item() {
            return Ok(Step::DoneBefore);
        }
        // No format says anything further down.
        let slot = match self.path.as_slice() {
            [] => self.dialect.open(&tag.name, &tag, &mut self.raw),
            [parent] => self.dialect.open(&format!("{parent}/{}", tag.name), &tag, &mut self.raw),
            [_, _, ..] => None,
        };
        if opens {
            self.path.push(tag.name.clone());
            let form = form(self.dialect, &tag);
            let skip = self.brief && matches!(slot, Some(Slot::Content | Slot::Description));
            self.capture = slot.map(|slot| Capture { slot, depth: self.path.len(), text: String::new(), form, skip });
        }
        Ok(Step::On)
    }

    fn end(&mut self, name: &str) -> Step {
        let Some(open) = self.path.iter().rposition(|open| open == name) else {
            let ends = matches!(name, "item" | "entry" | "channel" | "rss" | "feed" | "urlset" | "sitemapindex");
            if ends || name == self.dialect.item() {
                self.finish_capture();
                return Step::Done;
            }
            return Step::On;
        };
        self.path.truncate(open);
        match &mut self.capture {
            Some(capture) if open >= capture.depth => {
                capture.push(["</", name, ">"]);
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
        (Dialect::Sitemap | Dialect::SitemapIndex, _) => Form::Text,
    }
}

fn looks_like_html(text: &str) -> bool {
    text.contains("</") || text.contains("/>") || text.contains("<p") || text.contains("<br") || text.contains("<img")
}

/// The text of an event; entities that HTML knows are decoded, others stay as written.
pub(super) fn content<'a>(event: &'a Event<'_>) -> Cow<'a, str> {
    match event {
        Event::Text(text) => as_text(text),
        Event::CData(text) => as_text(text),
        Event::GeneralRef(name) => {
            let name = String::from_utf8_lossy(name);
            Cow::Owned(text::entity(&name).unwrap_or_else(|| format!("&{name};")))
        }
        Event::Start(_)
        | Event::End(_)
        | Event::Empty(_)
        | Event::Comment(_)
        | Event::Decl(_)
        | Event::PI(_)
        | Event::DocType(_)
        | Event::Eof => Cow::Borrowed(""),
    }
}

/// Bytes of a text that was decoded before: always UTF-8, which is told quickly.
fn as_text(bytes: &[u8]) -> Cow<'_, str> {
    simdutf8::basic::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}
