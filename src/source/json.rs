//! A JSON API that the configuration describes: where the items are, what
//! each field is called, how the next page is asked for.
//!
//! Pure: reads one answer and says where the next one would be. It knows no
//! particular API; the listing that Liferay's news portlets load page by page
//! is one description (see `fixtures/sources/json`).
//!
//! A path that used to match and matches nothing any more is an error, never
//! an article without a text: APIs change without notice.

use dongbo_sdk::SecretRef;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json_path::JsonPath;
use url::Url;

use super::error::{ReadError, begins};
use super::feed::{Document, ITEMS_MAX};
use super::raw::{Picture, RawItem};
use super::{charset, date};

/// One answer, decoded. Its values take up to 32 times as much memory …
pub const JSON_BYTES_MAX: usize = 4 * 1024 * 1024;
/// … but each object, however little is in it, takes more than 600 bytes. These
/// are half a dozen for every item that is read.
pub const CONTAINERS_MAX: usize = 30_000;
/// Numbers from here on are milliseconds since 1970, smaller ones seconds (year 5138).
const MILLISECONDS_FROM: i64 = 100_000_000_000;

/// A JSONPath (RFC 9535).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(JsonPath);

impl<'de> Deserialize<'de> for Path {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = String::deserialize(input)?;
        let wrong = |_| serde::de::Error::custom("is not a JSONPath; write it as \"$.items[*]\" (RFC 9535)");
        JsonPath::parse(&text).map(Self).map_err(wrong)
    }
}

/// `[source.read.json]`. Paths are JSONPath (RFC 9535); within an item `$` is the item.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table [source.read.json]")]
pub struct Config {
    /// The items of an answer, the newest first, such as `"$.items[*]"`.
    pub items: Path,
    pub title: Path,
    /// What names the article within this source. `id` or `link` must be there.
    pub id: Option<Path>,
    /// Address of the original, absolute or relative to `url`.
    pub link: Option<Path>,
    /// Plain text or HTML.
    pub summary: Option<Path>,
    /// HTML.
    pub content: Option<Path>,
    /// A text, or a number of seconds or milliseconds since 1970.
    pub published: Option<Path>,
    /// The last touch. It orders nothing and changes nothing by itself.
    pub updated: Option<Path>,
    /// How dates are written where no one could guess, as in strftime(3):
    /// `"%d/%m/%Y %H:%M"`. Default: any form that feeds use, the day before the month.
    pub date_format: Option<String>,
    pub author: Option<Path>,
    /// Address of the picture that stands for the article.
    pub image: Option<Path>,
    /// Names of categories; may match several.
    pub categories: Option<Path>,
    /// Value of the `Authorization` header, such as `Bearer …`: `{ env = "…" }`,
    /// `{ file = "…" }` or `{ credential = "…" }`. Sent to the origin of `url` alone.
    pub authorization: Option<SecretRef>,
    /// How further pages are asked for. Default: there are none.
    pub pages: Option<Pages>,
}

/// `[source.read.json.pages]`: one of `number`, `offset`, `cursor` and `link`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table [source.read.json.pages]")]
pub struct Pages {
    /// The query parameter that counts pages, such as `"pageNum"`.
    pub number: Option<String>,
    /// The query parameter that counts items to skip. Needs `items`.
    pub offset: Option<String>,
    /// The query parameter that takes the value at `next`.
    pub cursor: Option<String>,
    /// Where an answer holds the value for `cursor`.
    pub next: Option<Path>,
    /// Where an answer holds the address of the next page.
    pub link: Option<Path>,
    /// The number of the first page. Default 1.
    pub first: Option<u32>,
    /// The query parameter that asks for `items` items a page.
    pub size: Option<String>,
    /// Items of a page.
    pub items: Option<u32>,
    /// Where an answer holds the number of pages.
    pub total: Option<Path>,
}

/// What is wrong with a description, for the configuration's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wrong {
    /// The key below `[source.read.json]`.
    pub key: &'static str,
    pub problem: &'static str,
    pub change: &'static str,
}

/// One answer, read.
#[derive(Debug)]
pub struct Answer {
    pub items: Vec<RawItem>,
    pub next: Option<Url>,
}

impl Config {
    /// What the paths alone do not tell: keys that need or exclude each other.
    #[must_use]
    pub fn wrong(&self) -> Option<Wrong> {
        if self.id.is_none() && self.link.is_none() {
            let change = "add id = \"$.id\" or link = \"$.url\": an article needs a name that stays";
            return Some(Wrong { key: "title", problem: "neither id nor link is named", change });
        }
        if let Some(format) = &self.date_format
            && !date::is_format(format)
        {
            let change = "write it as \"%d/%m/%Y %H:%M\"";
            return Some(Wrong { key: "date_format", problem: "is not a date format", change });
        }
        self.pages.as_ref().and_then(Pages::wrong)
    }

    /// The address of the first page.
    #[must_use]
    pub fn first(&self, url: &Url) -> Url {
        self.pages.as_ref().map_or_else(|| url.clone(), |pages| pages.address(url, 0))
    }

    /// Reads page `number` (from 0) of the source at `url`.
    ///
    /// # Errors
    /// Where the answer is no JSON, is too large, or a path matches nothing.
    pub fn read(&self, url: &Url, number: u32, document: &Document<'_>) -> Result<Answer, ReadError> {
        let answer = parse(document)?;
        let found = self.items.0.query(&answer).all();
        if found.is_empty() && number == 0 {
            return Err(ReadError::NothingMatched { field: "items", path: self.items.0.to_string() });
        }
        let found = &found[..found.len().min(ITEMS_MAX)];
        if number == 0 {
            self.each_path_matches(found)?;
        }
        let next = match &self.pages {
            Some(pages) if !found.is_empty() => pages.next(url, number, &answer),
            Some(_) | None => None,
        };
        Ok(Answer { items: found.iter().map(|item| self.item(item)).collect(), next })
    }

    /// A field that is described and stands in none of the newest items has moved.
    /// On later pages the last item, or all of a bygone year, may lack it.
    fn each_path_matches(&self, items: &[&Value]) -> Result<(), ReadError> {
        let must = [
            ("title", Some(&self.title)),
            ("id", self.id.as_ref()),
            ("link", self.link.as_ref()),
            ("content", self.content.as_ref()),
            ("published", self.published.as_ref()),
        ];
        for (field, path) in must {
            let Some(path) = path else { continue };
            if !items.is_empty() && items.iter().all(|item| text(item, path).trim().is_empty()) {
                return Err(ReadError::NothingMatched { field, path: path.0.to_string() });
            }
        }
        Ok(())
    }

    fn item(&self, item: &Value) -> RawItem {
        let of = |path: &Option<Path>| path.as_ref().map(|path| text(item, path)).unwrap_or_default();
        let image = of(&self.image);
        RawItem {
            title: text(item, &self.title),
            link: of(&self.link),
            guid: of(&self.id),
            description: of(&self.summary),
            content: of(&self.content),
            published: self.published.as_ref().map(|path| self.date(item, path)).unwrap_or_default(),
            updated: self.updated.as_ref().map(|path| self.date(item, path)).unwrap_or_default(),
            author: of(&self.author),
            categories: self.categories.as_ref().map(|path| texts(item, path)).unwrap_or_default(),
            pictures: if image.is_empty() { Vec::new() } else { vec![Picture { url: image, rank: 0 }] },
            ..RawItem::default()
        }
    }

    /// A date as the other readers write it; what cannot be read stays as it is.
    fn date(&self, item: &Value, path: &Path) -> String {
        let Some(value) = path.0.query(item).first() else { return String::new() };
        if let Some(number) = value.as_i64() {
            let milliseconds = if number >= MILLISECONDS_FROM { number } else { number.saturating_mul(1000) };
            return Timestamp::from_millisecond(milliseconds).map(|at| at.to_string()).unwrap_or_default();
        }
        let written = scalar(value);
        match &self.date_format {
            Some(format) => date::formatted(format, &written).unwrap_or(written),
            None => written,
        }
    }
}

impl Pages {
    fn wrong(&self) -> Option<Wrong> {
        let ways = [self.number.is_some(), self.offset.is_some(), self.cursor.is_some(), self.link.is_some()];
        let wrong = |problem, change| Some(Wrong { key: "pages", problem, change });
        match ways.iter().filter(|&&way| way).count() {
            0 => return wrong("does not say how pages are asked for", "add number = \"page\", offset, cursor or link"),
            1 => {}
            _ => return wrong("names several ways", "keep one of number, offset, cursor and link"),
        }
        if self.offset.is_some() && self.items.is_none() {
            return wrong("offset without items", "add items = 20, the number of items of a page");
        }
        if self.cursor.is_some() && self.next.is_none() {
            return wrong("cursor without next", "add next = \"$.next\", where an answer holds the next value");
        }
        if self.size.is_some() && self.items.is_none() {
            return wrong("size without items", "add items = 20");
        }
        None
    }

    /// The address of a page that is counted; for cursors and links that of the first.
    fn address(&self, url: &Url, number: u32) -> Url {
        let mut url = url.clone();
        if let (Some(parameter), Some(items)) = (&self.size, self.items) {
            set(&mut url, parameter, &items.to_string());
        }
        if let Some(parameter) = &self.number {
            set(&mut url, parameter, &self.first.unwrap_or(1).saturating_add(number).to_string());
        }
        if let Some(parameter) = &self.offset {
            set(&mut url, parameter, &number.saturating_mul(self.items.unwrap_or(0)).to_string());
        }
        url
    }

    fn next(&self, url: &Url, number: u32, answer: &Value) -> Option<Url> {
        let total = self.total.as_ref().and_then(|path| text(answer, path).trim().parse::<u32>().ok());
        if total.is_some_and(|total| number.saturating_add(1) >= total) {
            return None;
        }
        if let Some(path) = &self.link {
            let link = text(answer, path);
            return (!link.trim().is_empty()).then(|| url.join(link.trim()).ok()).flatten();
        }
        if let (Some(parameter), Some(path)) = (&self.cursor, &self.next) {
            let value = text(answer, path);
            let mut next = self.address(url, 0);
            set(&mut next, parameter, &value);
            return (!value.is_empty()).then_some(next);
        }
        Some(self.address(url, number.saturating_add(1)))
    }
}

fn parse(document: &Document<'_>) -> Result<Value, ReadError> {
    if document.body.len() > JSON_BYTES_MAX {
        return Err(ReadError::TooLarge { what: "bytes of JSON", limit: JSON_BYTES_MAX as u64 });
    }
    let decoded = charset::decode(document.body, document.content_type);
    let text = decoded.text.trim_start_matches('\u{FEFF}').trim();
    match text.chars().next() {
        None => Err(ReadError::Empty),
        Some('<') => Err(ReadError::HtmlInstead { begins: begins(text) }),
        Some(_) => parse_text(text),
    }
}

pub(super) fn parse_text(text: &str) -> Result<Value, ReadError> {
    if containers(text) > CONTAINERS_MAX {
        return Err(ReadError::TooLarge { what: "objects and lists of JSON", limit: CONTAINERS_MAX as u64 });
    }
    serde_json::from_str(text).map_err(|error| ReadError::Malformed {
        at: byte_of(text, error.line(), error.column()),
        reason: error.to_string(),
    })
}

/// How many objects and lists begin in a text.
fn containers(text: &str) -> usize {
    let (mut quoted, mut escaped, mut found) = (false, false, 0);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => found += 1,
            _ => {}
        }
    }
    found
}

/// serde_json counts lines and columns from 1, columns in bytes.
fn byte_of(text: &str, line: usize, column: usize) -> u64 {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (before + column.saturating_sub(1)) as u64
}

fn text(value: &Value, path: &Path) -> String {
    path.0.query(value).first().map(scalar).unwrap_or_default()
}

fn texts(value: &Value, path: &Path) -> Vec<String> {
    path.0.query(value).iter().map(|found| scalar(found)).filter(|text| !text.is_empty()).collect()
}

/// Objects, lists and `null` say nothing.
pub(super) fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(_) | Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

/// Replaces or adds a query parameter; the others keep their order.
pub(super) fn set(url: &mut Url, parameter: &str, value: &str) {
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| name != parameter)
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    url.query_pairs_mut().clear().extend_pairs(kept).append_pair(parameter, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_and_lists_are_counted_before_they_are_built() {
        assert_eq!(containers(r#"{"a":["{","\"[",{}],"b\\":[]}"#), 4);
        let many = |count: usize| format!("[{}0]", "[],".repeat(count - 1));
        assert!(parse_text(&many(CONTAINERS_MAX)).is_ok());
        assert!(matches!(parse_text(&many(CONTAINERS_MAX + 1)), Err(ReadError::TooLarge { .. })));
    }

    #[test]
    fn a_parameter_is_set_once_whatever_stood_there() {
        let mut url = Url::parse("https://a.example.vn/x?pageNum=7&q=tin+t%E1%BB%A9c").unwrap();
        set(&mut url, "pageNum", "2");
        assert_eq!(url.query(), Some("q=tin+t%E1%BB%A9c&pageNum=2"));
    }
}
