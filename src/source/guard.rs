//! The linear pass over foreign HTML before the sanitiser may see it.
//!
//! The HTML algorithm itself takes quadratic time on deep nesting and on
//! formatting elements that are never closed, and no time-out stops it once it
//! spins. This pass is linear: it counts, refuses what would explode, and takes
//! out everything that the sanitiser would drop anyway, so that only allowed
//! elements with allowed attributes remain. It makes nothing safe; that is the
//! sanitiser's work.
//!
//! Formatting elements: the algorithm keeps at most three equal ones open
//! (WHATWG §13.2.4.3), and here they lose their attributes, so at most three of
//! each name stay active, below the 32 that were measured as harmless. An `a`
//! keeps its address; what copying it could cost is counted.

use std::cell::RefCell;
use std::rc::Rc;

use lol_html::html_content::{ContentType, Element, TextChunk, TextType};
use lol_html::{MemorySettings, Settings, doc_comments, doc_text, doctype, element, rewrite_str};
use thiserror::Error;

use super::hidden;
use super::identity::URL_BYTES_MAX;

/// HTML of one field of one item.
pub const INPUT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Start tags.
pub const ELEMENTS_MAX: usize = 20_000;
/// Open elements whose end tag is not optional. Browsers cap at 512.
pub const DEPTH_MAX: usize = 256;
/// Attributes of one tag.
pub const ATTRIBUTES_MAX: usize = 64;
/// One attribute's value, except `data:` addresses, which are dropped anyway.
pub const ATTRIBUTE_BYTES_MAX: usize = 8 * 1024;
/// What lol_html may use while it works.
pub const MEMORY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How often an unclosed link's address may be copied, in bytes of output.
pub const COPIED_BYTES_MAX: usize = 256 * 1024;
/// How much of what readers do not see is told, in bytes.
pub const HIDDEN_BYTES_MAX: usize = 400;

/// Elements that may stand on a portal, with the attributes they keep.
pub const ALLOWED: [(&str, &[&str]); 47] = [
    ("p", &[]),
    ("br", &[]),
    ("hr", &[]),
    ("div", &[]),
    ("span", &[]),
    ("h1", &[]),
    ("h2", &[]),
    ("h3", &[]),
    ("h4", &[]),
    ("h5", &[]),
    ("h6", &[]),
    ("b", &[]),
    ("strong", &[]),
    ("i", &[]),
    ("em", &[]),
    ("u", &[]),
    ("s", &[]),
    ("small", &[]),
    ("code", &[]),
    ("del", &[]),
    ("ins", &[]),
    ("mark", &[]),
    ("sub", &[]),
    ("sup", &[]),
    ("abbr", &["title"]),
    ("cite", &[]),
    ("q", &[]),
    ("pre", &[]),
    ("blockquote", &[]),
    ("a", &["href", "title"]),
    ("img", &["src", "alt", "title", "width", "height"]),
    ("figure", &[]),
    ("figcaption", &[]),
    ("ul", &[]),
    ("ol", &["start"]),
    ("li", &[]),
    ("dl", &[]),
    ("dt", &[]),
    ("dd", &[]),
    ("table", &[]),
    ("caption", &[]),
    ("thead", &[]),
    ("tbody", &[]),
    ("tfoot", &[]),
    ("tr", &[]),
    ("th", &["colspan", "rowspan", "scope"]),
    ("td", &["colspan", "rowspan"]),
];

/// Elements that go with everything in them: code, forms' texts, other languages' markup.
pub const REMOVED_WITH_CONTENT: [&str; 24] = [
    "script",
    "style",
    "title",
    "textarea",
    "xmp",
    "noembed",
    "noframes",
    "noscript",
    "plaintext",
    "template",
    "svg",
    "math",
    "object",
    "applet",
    "embed",
    "audio",
    "video",
    "canvas",
    "select",
    "frameset",
    "frame",
    "option",
    "datalist",
    "iframe",
];

/// Hosts whose embedded players become a link to the same video.
pub const PLAYERS: [(&str, &str); 2] = [
    ("www.youtube.com", "https://www.youtube.com/watch?v="),
    ("www.youtube-nocookie.com", "https://www.youtube.com/watch?v="),
];

/// Elements without content (WHATWG §13.1.2).
const VOID: [&str; 3] = ["br", "hr", "img"];
/// Their end tags may be left out, so many open ones are normal.
const OPTIONAL_END: [&str; 9] = ["p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody"];
/// An end tag outside does not close what is open in these (WHATWG §13.2.4.2, "scope").
const BARRIERS: [&str; 4] = ["table", "td", "th", "caption"];
/// Their end tags never close a block that was opened within.
const PHRASING: [&str; 18] = [
    "span", "b", "strong", "i", "em", "u", "s", "small", "code", "del", "ins", "mark", "sub", "sup", "abbr", "cite",
    "q", "a",
];

/// Why HTML was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HtmlRefused {
    #[error("the text has {0} bytes, more than {INPUT_BYTES_MAX}")]
    Size(usize),
    #[error("more than {ELEMENTS_MAX} elements")]
    Elements,
    #[error("elements nested more than {DEPTH_MAX} deep")]
    Depth,
    #[error("more than {ATTRIBUTES_MAX} attributes on one tag")]
    Attributes,
    #[error("an attribute of more than {ATTRIBUTE_BYTES_MAX} bytes")]
    Attribute,
    #[error("an unclosed link would be copied too often")]
    Copies,
    /// lol_html could not go on within its memory, or the markup is ambiguous.
    #[error("the markup cannot be read: {0}")]
    Unreadable(String),
    /// The cleaned text is out of proportion.
    #[error("the cleaned text would be more than {0} bytes")]
    Output(usize),
    /// Cleaning the cleaned text again would change it.
    #[error("the markup does not settle")]
    Unstable,
}

/// What the guard lets through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pruned {
    pub html: String,
    /// The beginning of what styles hide from readers: words and addresses of
    /// links. It is still in `html`, where nothing hides it any more.
    pub hidden: String,
}

/// Counts and prunes. What comes out is shorter than or as long as what went
/// in, but for the links that stand in for players.
///
/// # Errors
/// The first limit that the text exceeds.
pub fn prune(html: &str) -> Result<Pruned, HtmlRefused> {
    if html.len() > INPUT_BYTES_MAX {
        return Err(HtmlRefused::Size(html.len()));
    }
    let count = Rc::new(RefCell::new(Count::default()));
    let shared = Rc::clone(&count);
    let texts = Rc::clone(&count);
    let settings = Settings::new()
        .with_memory_settings(MemorySettings::new().with_max_allowed_memory_usage(MEMORY_BYTES_MAX))
        .with_strict(false)
        .append_element_content_handler(element!("*", move |element| Ok(visit(element, &shared)?)))
        .append_document_content_handler(doc_text!(move |chunk| {
            texts.borrow_mut().text(chunk);
            Ok(())
        }))
        .append_document_content_handler(doc_comments!(|comment| {
            comment.remove();
            Ok(())
        }))
        .append_document_content_handler(doctype!(|doctype| {
            doctype.remove();
            Ok(())
        }));
    let result = rewrite_str(html, settings);
    let mut count = count.borrow_mut();
    match (count.refused.take(), result) {
        (Some(refused), _) => Err(refused),
        (None, Err(error)) => Err(HtmlRefused::Unreadable(error.to_string())),
        (None, Ok(html)) => Ok(Pruned { html, hidden: std::mem::take(&mut count.excerpt) }),
    }
}

#[derive(Debug, Default)]
struct Count {
    elements: usize,
    depth: usize,
    barriers: usize,
    /// Bytes of the address of the link that is open.
    link: usize,
    copied: usize,
    /// Open elements that hide what is in them.
    hiding: usize,
    excerpt: String,
    refused: Option<HtmlRefused>,
}

fn visit(element: &mut Element<'_, '_>, count: &Rc<RefCell<Count>>) -> Result<(), HtmlRefused> {
    let outcome = admit(element, count);
    if let Err(refused) = &outcome {
        count.borrow_mut().refused = Some(refused.clone());
    }
    outcome
}

fn admit(element: &mut Element<'_, '_>, count: &Rc<RefCell<Count>>) -> Result<(), HtmlRefused> {
    count.borrow_mut().element(element)?;
    let name = element.tag_name();
    conceal(element, &name, count);
    if name == "iframe" {
        match player(element) {
            Some(link) => element.replace(&link, ContentType::Html),
            None => element.remove(),
        }
        return Ok(());
    }
    if REMOVED_WITH_CONTENT.contains(&name.as_str()) {
        element.remove();
        return Ok(());
    }
    let Some((_, kept)) = ALLOWED.iter().find(|(allowed, _)| *allowed == name) else {
        element.remove_and_keep_content();
        return Ok(());
    };
    keep_attributes(element, &name, kept);
    if name == "img" && !element.has_attribute("src") {
        element.remove();
        return Ok(());
    }
    if name == "a" && !element.has_attribute("href") {
        element.remove_and_keep_content();
        return Ok(());
    }
    if VOID.contains(&name.as_str()) {
        return Ok(());
    }
    open(element, &name, count)
}

impl Count {
    fn text(&mut self, chunk: &TextChunk<'_>) {
        if self.hiding > 0 && chunk.text_type() == TextType::Data {
            self.tell(chunk.as_str());
        }
    }

    /// Blanks alone hide nothing.
    fn tell(&mut self, text: &str) {
        let room = HIDDEN_BYTES_MAX.saturating_sub(self.excerpt.len());
        let head = &text[..text.floor_char_boundary(room)];
        let words = super::text::fold(&super::text::decode_entities(head));
        if !words.is_empty() {
            self.excerpt.push_str(if self.excerpt.is_empty() { "" } else { " " });
            self.excerpt.push_str(&words);
        }
    }

    fn element(&mut self, element: &Element<'_, '_>) -> Result<(), HtmlRefused> {
        self.elements += 1;
        self.copied += self.link;
        let attributes = element.attributes();
        if self.elements > ELEMENTS_MAX {
            return Err(HtmlRefused::Elements);
        }
        if self.copied > COPIED_BYTES_MAX {
            return Err(HtmlRefused::Copies);
        }
        if attributes.len() > ATTRIBUTES_MAX {
            return Err(HtmlRefused::Attributes);
        }
        let long = |value: &str| value.len() > ATTRIBUTE_BYTES_MAX && !value.trim_start().starts_with("data:");
        if attributes.iter().any(|attribute| long(&attribute.value())) {
            return Err(HtmlRefused::Attribute);
        }
        Ok(())
    }
}

/// Takes down what readers do not see.
fn conceal(element: &mut Element<'_, '_>, name: &str, count: &Rc<RefCell<Count>>) {
    if count.borrow().hiding > 0 && name == "a" {
        count.borrow_mut().tell(&element.get_attribute("href").unwrap_or_default());
    }
    let hides =
        element.has_attribute("hidden") || element.get_attribute("style").is_some_and(|style| hidden::hides(&style));
    if !hides || REMOVED_WITH_CONTENT.contains(&name) {
        return;
    }
    // A void element hides nothing but itself.
    let Some(handlers) = element.end_tag_handlers() else { return };
    let shared = Rc::clone(count);
    handlers.push(Box::new(move |_| {
        let mut count = shared.borrow_mut();
        count.hiding = count.hiding.saturating_sub(1);
        Ok(())
    }));
    let mut count = count.borrow_mut();
    count.hiding += 1;
    if name == "a" {
        count.tell(&element.get_attribute("href").unwrap_or_default());
    }
}

/// Counts an element as open until its end tag.
fn open(element: &mut Element<'_, '_>, name: &str, count: &Rc<RefCell<Count>>) -> Result<(), HtmlRefused> {
    let (depth, barriers) = {
        let count = count.borrow();
        (count.depth, count.barriers)
    };
    {
        let mut count = count.borrow_mut();
        if !OPTIONAL_END.contains(&name) {
            count.depth += 1;
        }
        if BARRIERS.contains(&name) {
            count.barriers += 1;
        }
        if name == "a" {
            count.link = element.get_attribute("href").map_or(0, |href| href.len());
        }
        if count.depth > DEPTH_MAX {
            return Err(HtmlRefused::Depth);
        }
    }
    let (shared, phrasing, link) = (Rc::clone(count), PHRASING.contains(&name), name == "a");
    let barrier = BARRIERS.contains(&name);
    let Some(handlers) = element.end_tag_handlers() else { return Ok(()) };
    let own = name.to_owned();
    handlers.push(Box::new(move |end| {
        // An outer end tag that closes this element in passing is not its own.
        if end.name() != own {
            return Ok(());
        }
        let mut count = shared.borrow_mut();
        if link {
            count.link = 0;
        }
        // The parser ignores an end tag across a table's wall, and that of a
        // phrase while a block is open in it; so does the count.
        let crosses = !barrier && count.barriers > barriers;
        let holds_block = phrasing && count.depth > depth + 1;
        if !crosses && !holds_block {
            count.depth = depth;
            count.barriers = barriers;
        }
        Ok(())
    }));
    Ok(())
}

fn keep_attributes(element: &mut Element<'_, '_>, name: &str, kept: &[&str]) {
    let names: Vec<String> = element.attributes().iter().map(lol_html::html_content::Attribute::name).collect();
    if name == "img" {
        lift_lazy_source(element);
    }
    for attribute in names {
        if !kept.contains(&attribute.as_str()) {
            element.remove_attribute(&attribute);
        }
    }
    for address in ["src", "href"] {
        let long = element.get_attribute(address).is_some_and(|value| {
            value.len() > URL_BYTES_MAX || value.trim().is_empty() || value.trim_start().starts_with("data:")
        });
        if long {
            element.remove_attribute(address);
        }
    }
}

/// Pages that load pictures late keep the address in `data-src`.
fn lift_lazy_source(element: &mut Element<'_, '_>) {
    let placeholder = element.get_attribute("src").is_none_or(|src| src.is_empty() || src.starts_with("data:"));
    let lazy = ["data-src", "data-original"].iter().find_map(|name| element.get_attribute(name));
    if let Some(lazy) = lazy.filter(|_| placeholder) {
        // The name is a constant, so this cannot fail.
        let _ = element.set_attribute("src", &lazy);
    }
}

/// A link to the video that a known player shows, put together from its id alone.
fn player(element: &Element<'_, '_>) -> Option<String> {
    let src = super::text::decode_entities(&element.get_attribute("src")?);
    let src = if src.starts_with("//") { format!("https:{src}") } else { src };
    let url = super::identity::http_url(&src)?;
    let (_, watch) = PLAYERS.iter().find(|(host, _)| url.host_str() == Some(host))?;
    let id = url.path().strip_prefix("/embed/")?;
    let plain =
        !id.is_empty() && id.len() <= 20 && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    plain.then(|| format!("<p><a href=\"{watch}{id}\">{watch}{id}</a></p>"))
}
