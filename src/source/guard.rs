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

use std::rc::Rc;

use lol_html::html_content::{ContentType, Element};
use lol_html::{MemorySettings, Settings, doc_comments, doc_text, doctype, element, rewrite_str};
use url::Url;

use super::count::{self, Count, Shared};
pub use super::count::{
    ATTRIBUTE_BYTES_MAX, ATTRIBUTES_MAX, DEPTH_MAX, ELEMENTS_MAX, HtmlRefused, INPUT_BYTES_MAX, LEAKED_MAX,
};
use super::hidden;
use super::identity::URL_BYTES_MAX;

/// Ampersands: the parser takes microseconds for each, whatever follows it.
pub const REFERENCES_MAX: usize = 50_000;
/// What lol_html may use while it works.
pub const MEMORY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How often an unclosed link's address may be copied, in bytes of output.
pub const COPIED_BYTES_MAX: usize = 256 * 1024;

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
/// Relative addresses stand on `base`, and what that adds may be `room` bytes.
///
/// # Errors
/// The first limit that the text exceeds.
pub fn prune(html: &str, base: &Url, room: usize) -> Result<Pruned, HtmlRefused> {
    if html.len() > INPUT_BYTES_MAX {
        return Err(HtmlRefused::Size(html.len()));
    }
    rewrite(html, admit, Count::within(COPIED_BYTES_MAX, base, room))
}

/// Decides on one element: what it keeps, or why all is refused.
pub(super) type Admit = fn(&mut Element<'_, '_>, &Shared) -> Result<(), HtmlRefused>;

/// One pass in which `admit` sees every element; comments and doctypes go.
///
/// # Errors
/// The first limit that the text exceeds.
pub(super) fn rewrite(html: &str, admit: Admit, count: Shared) -> Result<Pruned, HtmlRefused> {
    if html.matches("</").count() > ELEMENTS_MAX {
        return Err(HtmlRefused::Elements);
    }
    if html.matches('&').count() > REFERENCES_MAX {
        return Err(HtmlRefused::References);
    }
    let shared = Rc::clone(&count);
    let texts = Rc::clone(&count);
    let settings = Settings::new()
        .with_memory_settings(MemorySettings::new().with_max_allowed_memory_usage(MEMORY_BYTES_MAX))
        .with_strict(false)
        .append_element_content_handler(element!("*", move |element| Ok(visit(element, &shared, admit)?)))
        .append_document_content_handler(doc_text!(move |chunk| {
            texts.borrow_mut().veil.text(chunk);
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
        (None, Ok(html)) => Ok(Pruned { html, hidden: std::mem::take(&mut count.veil).told() }),
    }
}

fn visit(element: &mut Element<'_, '_>, count: &Shared, admit: Admit) -> Result<(), HtmlRefused> {
    let outcome = admit(element, count);
    if let Err(refused) = &outcome {
        count.borrow_mut().refused = Some(refused.clone());
    }
    outcome
}

fn admit(element: &mut Element<'_, '_>, counted: &Shared) -> Result<(), HtmlRefused> {
    counted.borrow_mut().element(element)?;
    let name = element.tag_name();
    hidden::conceal(element, &name, counted);
    if name == "iframe" {
        match player(element) {
            Some(link) => element.replace(&link, ContentType::Html),
            None => element.remove(),
        }
        return Ok(());
    }
    if REMOVED_WITH_CONTENT.contains(&name.as_str()) {
        remove(element);
        return Ok(());
    }
    let Some((_, kept)) = ALLOWED.iter().find(|(allowed, _)| *allowed == name) else {
        unwrap(element);
        return Ok(());
    };
    keep_attributes(element, &name, kept);
    counted.borrow_mut().addresses(element)?;
    if name == "img" && !element.has_attribute("src") {
        element.remove();
        return Ok(());
    }
    if name == "a" && !element.has_attribute("href") {
        unwrap(element);
        return Ok(());
    }
    if VOID.contains(&name.as_str()) {
        return Ok(());
    }
    count::open(element, &name, counted, count::PHRASING.contains(&name.as_str()))
}

/// Takes the element away, but not its content. lol_html would also take the
/// end tag of an outer element that ends this one in passing.
pub(super) fn unwrap(element: &mut Element<'_, '_>) {
    let own = element.tag_name();
    element.start_tag().remove();
    if let Some(handlers) = element.end_tag_handlers() {
        handlers.push(Box::new(move |end| {
            if end.name() == own {
                end.remove();
            }
            Ok(())
        }));
    }
}

/// Takes the element away with its content, but not the end tag of an outer one.
pub(super) fn remove(element: &mut Element<'_, '_>) {
    let own = element.tag_name();
    element.remove();
    if let Some(handlers) = element.end_tag_handlers() {
        handlers.push(Box::new(move |end| {
            if end.name() != own {
                // Not added but set: one end tag may end several.
                end.replace(&format!("</{}>", end.name()), ContentType::Html);
            }
            Ok(())
        }));
    }
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
pub(super) fn player(element: &Element<'_, '_>) -> Option<String> {
    let src = super::text::decode_entities(&element.get_attribute("src")?);
    let src = if src.starts_with("//") { format!("https:{src}") } else { src };
    let url = super::identity::http_url(&src)?;
    let (_, watch) = PLAYERS.iter().find(|(host, _)| url.host_str() == Some(host))?;
    let id = url.path().strip_prefix("/embed/")?;
    let plain =
        !id.is_empty() && id.len() <= 20 && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    plain.then(|| format!("<p><a href=\"{watch}{id}\">{watch}{id}</a></p>"))
}
