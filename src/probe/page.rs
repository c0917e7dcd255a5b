//! What a page shows of the program that made it. Bounded, and nothing of it
//! is believed: it only serves as evidence.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use lol_html::html_content::{Element, TextType};
use lol_html::{MemorySettings, Settings, doc_text, element, rewrite_str, text as text_of};
use url::Url;

use crate::source::{charset, text};

/// Addresses, marks and the like that are kept of one page.
const KEPT_MAX: usize = 3_000;
/// Elements that are looked at: a main page has a few thousand.
const ELEMENTS_MAX: usize = 50_000;
/// Bytes of one such value: longer ones prove nothing.
const VALUE_BYTES_MAX: usize = 1_024;
/// Bytes of scripts that are searched.
const SCRIPT_BYTES_MAX: usize = 256 * 1024;
/// Bytes of visible text that are searched.
const TEXT_BYTES_MAX: usize = 16 * 1024;
/// What `lol_html` may use while it works.
const MEMORY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Characters of a title that are shown.
pub const TITLE_CHARS_MAX: usize = 160;

/// Evidence of one page. Everything but the title and the addresses of feeds is in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Plain text, safe for a terminal.
    pub title: Option<String>,
    /// `<meta name=generator>`, as written.
    pub generators: Vec<String>,
    /// Paths with queries of addresses on the page's own host.
    pub addresses: BTreeSet<String>,
    /// Other hosts that the page takes parts from or leads to.
    pub hosts: BTreeSet<String>,
    /// Ids, classes, names of fields and of `data-` attributes.
    pub marks: BTreeSet<String>,
    pub scripts: String,
    /// The beginning of the visible text.
    pub text: String,
    /// `<link rel=alternate>` of a feed's type, in order.
    pub alternates: Vec<Url>,
    /// Links that are called like feeds, in order.
    pub likely: Vec<Url>,
    /// `<link rel="https://api.w.org/">`.
    pub api: Option<Url>,
    pub has_password: bool,
    /// Links to other pages.
    pub links: usize,
}

/// Reads a page. What cannot be read to its end still counts as far as it went.
#[must_use]
pub fn read(body: &[u8], content_type: Option<&str>, url: &Url) -> Page {
    let html = charset::decode(body, content_type).text;
    let reader = Rc::new(RefCell::new(Reader::at(url)));
    let (elements, titles, texts) = (Rc::clone(&reader), Rc::clone(&reader), Rc::clone(&reader));
    let settings = Settings::new()
        .with_memory_settings(MemorySettings::new().with_max_allowed_memory_usage(MEMORY_BYTES_MAX))
        .with_strict(false)
        .append_element_content_handler(element!("*", move |element| {
            elements.borrow_mut().element(element);
            Ok(())
        }))
        .append_element_content_handler(text_of!("title", move |chunk| {
            titles.borrow_mut().title(chunk.as_str());
            Ok(())
        }))
        .append_document_content_handler(doc_text!(move |chunk| {
            let mut reader = texts.borrow_mut();
            match chunk.text_type() {
                TextType::ScriptData => push(&mut reader.page.scripts, chunk.as_str(), SCRIPT_BYTES_MAX),
                TextType::Data => push(&mut reader.page.text, chunk.as_str(), TEXT_BYTES_MAX),
                TextType::PlainText | TextType::RCData | TextType::RawText | TextType::CDataSection => {}
            }
            Ok(())
        }));
    // Markup that breaks off leaves what stood before it.
    let _ = rewrite_str(&html, settings);
    let reader = reader.borrow();
    let mut page = reader.page.clone();
    page.title = Some(shown(&text::plain(&reader.title), TITLE_CHARS_MAX)).filter(|title| !title.is_empty());
    page.scripts = page.scripts.to_lowercase();
    page.text = text::plain(&page.text).to_lowercase();
    page
}

/// Text of a stranger, for a terminal, a table or a page: one line, no
/// control characters, cut.
#[must_use]
pub fn shown(strange: &str, chars: usize) -> String {
    text::cut(&text::fold(&text::normalise(strange)), chars)
}

fn push(to: &mut String, piece: &str, bytes_max: usize) {
    if to.len() + piece.len() <= bytes_max {
        to.push_str(piece);
    }
}

fn keep(set: &mut BTreeSet<String>, value: &str) {
    if set.len() < KEPT_MAX && !value.is_empty() && value.len() <= VALUE_BYTES_MAX {
        set.insert(value.to_lowercase());
    }
}

/// A page under way.
struct Reader {
    page: Page,
    title: String,
    /// How many titles were opened: pictures within the page have titles too.
    titles: usize,
    elements: usize,
    /// What relative addresses are relative to.
    base: Url,
    own: Url,
}

impl Reader {
    fn at(url: &Url) -> Self {
        Self {
            page: Page::default(),
            title: String::new(),
            titles: 0,
            elements: 0,
            base: url.clone(),
            own: url.clone(),
        }
    }

    fn title(&mut self, piece: &str) {
        if self.titles == 1 {
            push(&mut self.title, piece, VALUE_BYTES_MAX * 4);
        }
    }

    fn element(&mut self, element: &Element<'_, '_>) {
        self.elements += 1;
        if self.elements > ELEMENTS_MAX {
            return;
        }
        let name = element.tag_name();
        for attribute in element.attributes() {
            let (key, value) = (attribute.name(), attribute.value());
            match key.as_str() {
                "id" | "name" => keep(&mut self.page.marks, &value),
                "class" => value.split_whitespace().for_each(|class| keep(&mut self.page.marks, class)),
                "href" | "src" | "action" | "data-src" | "data-original" => self.address(&value),
                _ if key.starts_with("data-") => keep(&mut self.page.marks, &key),
                _ => {}
            }
        }
        match name.as_str() {
            "title" => self.titles += 1,
            "base" => self.base = self.resolve(element, "href").unwrap_or_else(|| self.base.clone()),
            "meta" if says(element, "name", "generator") && self.page.generators.len() < 4 => {
                let value = element.get_attribute("content").unwrap_or_default();
                self.page.generators.push(shown(&text::plain(&value), 80));
            }
            "input" if says(element, "type", "password") => self.page.has_password = true,
            "link" => self.link(element),
            "a" => self.anchor(element),
            _ => {}
        }
    }

    fn address(&mut self, value: &str) {
        if value.len() > VALUE_BYTES_MAX || value.starts_with("data:") || value.starts_with("javascript:") {
            return;
        }
        let Ok(url) = self.base.join(&text::decode_entities(value)) else { return };
        let Some(host) = url.host_str() else { return };
        if bare(host) == bare(self.own.host_str().unwrap_or_default()) {
            keep(&mut self.page.addresses, &url[url::Position::BeforePath..url::Position::AfterQuery]);
        } else {
            keep(&mut self.page.hosts, host);
        }
    }

    fn link(&mut self, element: &Element<'_, '_>) {
        let rel = element.get_attribute("rel").unwrap_or_default().to_ascii_lowercase();
        let Some(url) = self.resolve(element, "href") else { return };
        if rel == "https://api.w.org/" {
            self.page.api = Some(url);
            return;
        }
        let kind = element.get_attribute("type").unwrap_or_default().to_ascii_lowercase();
        let feed = ["rss+xml", "atom+xml", "rdf+xml", "feed+json"].iter().any(|name| kind.contains(name));
        if feed && rel.split_whitespace().any(|word| word == "alternate") {
            add(&mut self.page.alternates, url);
        }
    }

    fn anchor(&mut self, element: &Element<'_, '_>) {
        self.page.links += 1;
        let Some(url) = self.resolve(element, "href") else { return };
        let path = url.path().to_ascii_lowercase();
        let called =
            path.split(['/', '.', '-', '_']).any(|word| matches!(word, "rss" | "atom" | "rsschanel" | "genrss"));
        if called && url.host_str() == self.own.host_str() {
            add(&mut self.page.likely, url);
        }
    }

    fn resolve(&self, element: &Element<'_, '_>, attribute: &str) -> Option<Url> {
        let value = element.get_attribute(attribute).filter(|value| value.len() <= VALUE_BYTES_MAX)?;
        let mut url = self.base.join(text::decode_entities(&value).trim()).ok()?;
        url.set_fragment(None);
        matches!(url.scheme(), "http" | "https").then_some(url)
    }
}

fn says(element: &Element<'_, '_>, attribute: &str, value: &str) -> bool {
    element.get_attribute(attribute).is_some_and(|said| said.trim().eq_ignore_ascii_case(value))
}

fn add(list: &mut Vec<Url>, url: Url) {
    if list.len() < 20 && !list.contains(&url) {
        list.push(url);
    }
}

fn bare(host: &str) -> &str {
    host.strip_prefix("www.").unwrap_or(host)
}
