//! JSON Feed 1.0 and 1.1 (jsonfeed.org/version/1.1): where each key of an item belongs.
//!
//! The document is read at once and forgivingly: ids may be numbers, and a key
//! of the wrong type says nothing. It knows nothing of other JSON: a document
//! that does not name the format is none of its business.

use serde_json::Value;

use super::error::ReadError;
use super::feed::ITEMS_MAX;
use super::json::{self, JSON_BYTES_MAX};
use super::raw::{CHILDREN_MAX, Picture, RawItem};
use super::text;

/// A document, read.
#[derive(Debug)]
pub struct JsonFeed {
    /// `title`
    pub title: Option<String>,
    /// `home_page_url`
    pub site: Option<String>,
    /// `language`, of 1.1.
    pub language: Option<String>,
    pub items: Vec<RawItem>,
}

/// Reads a text that begins as JSON; `None` where it does not.
///
/// # Errors
/// Where it is JSON, but damaged, too large or no feed.
pub fn read(text: &str) -> Result<Option<JsonFeed>, ReadError> {
    let head = head(text);
    if !head.starts_with('{') {
        return Ok(None);
    }
    if !head.contains("\"items\"") {
        return Err(instead(head));
    }
    let feed = parse(head)?;
    let version = word(&feed, "version");
    let named = version.contains("jsonfeed.org/version/") || matches!(version.as_str(), "1" | "1.0" | "1.1");
    if named { shape(&feed, head).map(Some) } else { Err(instead(head)) }
}

/// Reads a text that is said to be a JSON Feed, even where it does not say so itself.
///
/// # Errors
/// Where it is no JSON, damaged, too large, or has no items.
pub fn read_unnamed(text: &str) -> Result<JsonFeed, ReadError> {
    let head = head(text);
    shape(&parse(head)?, head)
}

fn head(text: &str) -> &str {
    text.trim_start_matches('\u{FEFF}').trim()
}

fn instead(head: &str) -> ReadError {
    ReadError::JsonInstead { begins: super::error::begins(head) }
}

fn parse(head: &str) -> Result<Value, ReadError> {
    if head.len() > JSON_BYTES_MAX {
        return Err(ReadError::TooLarge { what: "bytes of JSON", limit: JSON_BYTES_MAX as u64 });
    }
    json::parse_text(head)
}

fn shape(feed: &Value, head: &str) -> Result<JsonFeed, ReadError> {
    let items = feed.get("items").and_then(Value::as_array).ok_or_else(|| instead(head))?;
    let some = |text: String| (!text.is_empty()).then_some(text);
    Ok(JsonFeed {
        // A title is plain text here; elsewhere it may be HTML.
        title: some(text::escape(&word(feed, "title"))),
        site: some(word(feed, "home_page_url")),
        language: some(word(feed, "language")),
        // One more than is read, so that the reading can say so.
        items: items.iter().take(ITEMS_MAX + 1).map(item).collect(),
    })
}

fn item(item: &Value) -> RawItem {
    let html = word(item, "content_html");
    let plain = text::escape(&word(item, "content_text")).replace('\n', "<br>");
    let url = word(item, "url");
    RawItem {
        title: text::escape(&word(item, "title")),
        link: if url.is_empty() { word(item, "external_url") } else { url },
        guid: word(item, "id"),
        description: text::escape(&word(item, "summary")),
        content: if html.is_empty() { plain } else { html },
        published: word(item, "date_published"),
        updated: word(item, "date_modified"),
        author: author(item),
        language: word(item, "language"),
        categories: words(item.get("tags")),
        pictures: pictures(item),
        ..RawItem::default()
    }
}

/// `authors` of 1.1, else `author` of 1.0.
fn author(item: &Value) -> String {
    let authors = item.get("authors").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let names: Vec<String> =
        authors.iter().take(CHILDREN_MAX).map(|author| word(author, "name")).filter(|name| !name.is_empty()).collect();
    match (names.is_empty(), item.get("author")) {
        (true, Some(author)) => word(author, "name"),
        (true, None) => String::new(),
        (false, _) => names.join(", "),
    }
}

/// `image`, `banner_image`, then attachments that are pictures.
fn pictures(item: &Value) -> Vec<Picture> {
    let own = [("image", 0), ("banner_image", 1)];
    let own = own.into_iter().map(|(key, rank)| Picture { url: word(item, key), rank });
    let attached = item.get("attachments").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let attached = attached
        .iter()
        .take(CHILDREN_MAX)
        .filter(|attachment| word(attachment, "mime_type").starts_with("image/"))
        .map(|attachment| Picture { url: word(attachment, "url"), rank: 2 });
    own.chain(attached).filter(|picture| !picture.url.is_empty()).collect()
}

fn words(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .take(CHILDREN_MAX)
        .map(json::scalar)
        .filter(|word| !word.is_empty())
        .map(|word| text::escape(&word))
        .collect()
}

fn word(value: &Value, key: &str) -> String {
    value.get(key).map(json::scalar).unwrap_or_default()
}
