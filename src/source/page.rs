//! An article's own page: which elements hold its text, title, date.
//!
//! Pure. An entry of a list or feed names the article; its page fills in what
//! the entry does not say. A text that the entry has whole is left alone, see
//! [`is_complete`]. Title and body are found or the page says nothing at all:
//! a redesigned page never becomes an empty article.

use jiff::Timestamp;
use serde::Deserialize;
use thiserror::Error;

use super::clean::{self, clean};
use super::error::ReadError;
use super::feed::Warning;
use super::fetch::Page;
use super::item::{self, SUMMARY_CHARS_MAX, TITLE_CHARS_MAX};
use super::json::Wrong;
use super::tree::{Node, Selector, Tree};
use super::{date, text};
use crate::article::{Content, Item, NameKind};

/// Elements that a selector finds and that are looked at; the others are left.
const FOUND_MAX: usize = 8;
/// A document's number; longer ones are cut.
const NUMBER_CHARS_MAX: usize = 100;
/// How texts end that go on elsewhere, in small letters.
const GOES_ON: [&str; 8] =
    ["…", "...", "xem thêm", "xem tiếp", "xem chi tiết", "đọc tiếp", "read more", "continue reading"];

/// `[source.page]`. Selectors are CSS and look in the whole page.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table [source.page]")]
pub struct Config {
    /// The text, such as `"div#contentDetail"`.
    pub body: Selector,
    /// Default: what the entry says.
    pub title: Option<Selector>,
    /// The sentences before the text (sapo).
    pub lead: Option<Selector>,
    pub date: Option<Selector>,
    /// How dates are written where no one could guess, as in strftime(3).
    pub date_format: Option<String>,
    pub author: Option<Selector>,
    /// The number of a document (số, ký hiệu), such as `12/CT-UBND`; what stands
    /// before a colon is its label.
    pub number: Option<Selector>,
}

/// Why a page did not fill its entry.
#[derive(Debug, Error)]
pub enum Unfilled {
    /// A selector that must find something found nothing, or nothing with words.
    #[error("{path} finds nothing, where the {field} was expected")]
    Missing { field: &'static str, path: String },
    /// The page would explode, or its text did not survive cleaning.
    #[error("{0}")]
    Refused(String),
}

/// Whether the entry is all that there is to read: it has no page of its own,
/// or its text says more than its summary and does not end where one reads on.
#[must_use]
pub fn is_complete(entry: &Item) -> bool {
    let has_page = entry.names.iter().any(|name| name.kind == NameKind::Url);
    !has_page || says_all(&entry.content)
}

fn says_all(content: &Content) -> bool {
    let body = text::plain(&content.body);
    let end: String = body.chars().rev().take(40).collect::<Vec<_>>().into_iter().rev().collect();
    let end = end.to_lowercase();
    let end = end.trim_end_matches([' ', ']', ')', '»', '>', '→']);
    body != content.summary && !GOES_ON.iter().any(|words| end.ends_with(words))
}

impl Config {
    #[must_use]
    pub fn wrong(&self) -> Option<Wrong> {
        let wrong = self.date_format.as_deref().is_some_and(|format| !date::is_format(format));
        let change = "write it as \"%d/%m/%Y %H:%M\"";
        wrong.then_some(Wrong { key: "date_format", problem: "is not a date format", change })
    }

    /// The selector of a field that a page must have.
    #[must_use]
    pub fn lost(&self, field: &'static str) -> ReadError {
        let selector = self.title.as_ref().filter(|_| field == "title").unwrap_or(&self.body);
        ReadError::NothingMatched { field, path: selector.written().to_owned() }
    }

    /// What the entry becomes with its page. Bound by the processor: to be
    /// called where it may block.
    ///
    /// # Errors
    /// Where the page has no title or text, or is refused: nothing of it may be used.
    pub fn fill(&self, mut entry: Item, page: &Page, now: Timestamp) -> Result<(Item, Vec<Warning>), Unfilled> {
        let refused = |error: ReadError| Unfilled::Refused(error.to_string());
        let tree = Tree::read(&page.bytes, page.content_type.as_deref()).map_err(refused)?;
        let title = self.title.as_ref().map(|title| one_line(&tree, "title", title)).transpose()?;
        let body = self.body(&tree, page)?;
        let content = &mut entry.content;
        if content.image == clean::first_picture(&content.body) {
            content.image = clean::first_picture(&body);
        }
        content.body = body;
        content.title = title.unwrap_or_else(|| std::mem::take(&mut content.title));
        let mut warnings = Vec::new();
        let mut optional = |field: &'static str, selector: &Option<Selector>| {
            let selector = selector.as_ref()?;
            let found =
                tree.outermost(selector).take(FOUND_MAX).map(Node::html).find(|html| !text::plain(html).is_empty());
            if found.is_none() {
                warnings.push(Warning::NotOnPage { field, url: content.url.clone() });
            }
            found
        };
        if let Some(lead) = optional("lead", &self.lead) {
            content.summary = text::cut(&text::plain(&lead), SUMMARY_CHARS_MAX);
        }
        if let Some(author) = optional("author", &self.author) {
            content.byline = item::byline(&author);
        }
        if let Some(number) = optional("number", &self.number) {
            let line = item::one_line(&number, NUMBER_CHARS_MAX);
            let number = line.rsplit_once(':').map_or(line.as_str(), |(_, number)| number).trim();
            content.number = (!number.is_empty()).then(|| number.to_owned());
        }
        if let Some(written) = optional("date", &self.date) {
            let written = date::within(self.date_format.as_deref(), &text::plain(&written));
            match date::parse(&written, now).filter(|dated| !dated.clamped) {
                Some(dated) => (content.published, content.precision) = (dated.at, dated.precision),
                None => warnings.push(Warning::NoDate { title: content.title.clone() }),
            }
        }
        Ok((entry, warnings))
    }

    /// The first element that holds words or a picture.
    fn body(&self, tree: &Tree, page: &Page) -> Result<String, Unfilled> {
        for node in tree.outermost(&self.body).take(FOUND_MAX) {
            let cleaned = clean(&node.html(), &page.final_url)
                .map_err(|refused| Unfilled::Refused(format!("its text was refused: {refused}")))?;
            if !text::plain(&cleaned).is_empty() || clean::first_picture(&cleaned).is_some() {
                return Ok(cleaned);
            }
        }
        Err(missing("body", &self.body))
    }
}

fn one_line(tree: &Tree, field: &'static str, selector: &Selector) -> Result<String, Unfilled> {
    let found = tree.outermost(selector).take(FOUND_MAX);
    let mut lines = found.map(|node| item::one_line(&node.html(), TITLE_CHARS_MAX));
    lines.find(|line| !line.is_empty()).ok_or_else(|| missing(field, selector))
}

fn missing(field: &'static str, selector: &Selector) -> Unfilled {
    Unfilled::Missing { field, path: selector.written().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::item::{Context, shape};
    use crate::source::raw::RawItem;

    fn entry(summary: &str, text: &str) -> Item {
        let raw = RawItem {
            title: "Tin".into(),
            link: "https://a.example.vn/tin/1".into(),
            description: summary.into(),
            content: text.into(),
            published: "2026-11-24".into(),
            ..RawItem::default()
        };
        shape(&raw, &mut Context::new("https://a.example.vn/rss".parse().unwrap(), now())).unwrap()
    }

    fn now() -> Timestamp {
        "2026-11-25T00:00:00Z".parse().unwrap()
    }

    fn config(more: &str) -> Config {
        toml::from_str(&format!("body = \"#noi-dung\"\n{more}")).unwrap()
    }

    fn fill(config: &Config, html: &str) -> Result<(Item, Vec<Warning>), Unfilled> {
        let final_url = "https://a.example.vn/tin/1".parse().unwrap();
        config.fill(entry("Tóm tắt…", ""), &Page { bytes: html.into(), content_type: None, final_url }, now())
    }

    #[test]
    fn a_text_is_whole_that_says_more_than_its_summary_and_does_not_go_on_elsewhere() {
        let check = |summary: &str, text: &str, whole: bool| {
            assert_eq!(is_complete(&entry(summary, text)), whole, "{summary:?} {text:?}");
        };
        check("Dẫn.", "<p>Dẫn.</p><p>Và cả bài.</p>", true);
        check("", "<p>Cả bài, không có dẫn.</p>", true);
        check("Dẫn.", "", false);
        check("Dẫn.", "<p>Dẫn.</p>", false);
        check("", "", false);
        check("Dẫn.", "<p>Dẫn. Nhưng còn nữa…</p>", false);
        check("Dẫn.", "<p>Dẫn. Nhưng còn nữa [...]</p>", false);
        check("Dẫn.", "<p>Dẫn. Nhưng</p><a href=\"/tin/1\">XEM THÊM »</a>", false);
        check("Dẫn.", "<p>Dẫn. Muốn biết thì xem thêm nghị định 5.</p>", true);
        let nameless = Item { names: Vec::new(), ..entry("Dẫn.", "") };
        assert!(is_complete(&nameless), "there is no page to read");
    }

    #[test]
    fn a_page_fills_what_the_entry_does_not_say_and_keeps_what_it_is() {
        let more = "title = \"h1\"\nlead = \".sapo\"\ndate = \"time\"\nauthor = \".ai\"\nnumber = \"td\"\n";
        let html = "<h1>Tin &amp; bài</h1><div class=sapo>(BNP) – Dẫn.</div><time>24/11/2026 14:05</time>\
                    <p class=ai>Hồng Hà</p><table><td>Số/ký hiệu: 12/CT-UBND</table><div id=noi-dung><p onclick=x>Chữ <img src=/documents/1.png></div>";
        let (item, warnings) = fill(&config(more), html).unwrap();
        let Item { content, names, .. } = item;
        assert_eq!(names, entry("", "").names);
        assert_eq!((content.title.as_str(), content.summary.as_str()), ("Tin & bài", "(BNP) – Dẫn."));
        assert_eq!(content.body, "<p>Chữ <img src=\"https://a.example.vn/documents/1.png\"></p>");
        assert_eq!(content.image.as_deref(), Some("https://a.example.vn/documents/1.png"));
        assert_eq!(content.published, "2026-11-24T07:05:00Z".parse().unwrap());
        assert_eq!(content.number.as_deref(), Some("12/CT-UBND"));
        assert_eq!((content.byline.as_deref(), warnings), (Some("Hồng Hà"), Vec::new()));
    }

    #[test]
    fn what_may_be_missing_is_a_warning_and_what_must_be_there_a_reason() {
        let (item, warnings) =
            fill(&config("lead = \".sapo\"\ndate = \"time\"\n"), "<div id=noi-dung>Chữ</div>").unwrap();
        assert_eq!((item.content.title.as_str(), item.content.summary.as_str()), ("Tin", "Tóm tắt…"));
        let url = || "https://a.example.vn/tin/1".to_owned();
        let lacks = |field| Warning::NotOnPage { field, url: url() };
        assert_eq!(warnings, [lacks("lead"), lacks("date")]);
        let why = |config: &Config, html: &str| fill(config, html).unwrap_err().to_string();
        assert_eq!(why(&config(""), "<p>Chữ</p>"), "#noi-dung finds nothing, where the body was expected");
        assert_eq!(
            why(&config(""), "<div id=noi-dung><p>&nbsp;</div>"),
            "#noi-dung finds nothing, where the body was expected"
        );
        let titled = config("title = \"h1\"\n");
        assert_eq!(
            why(&titled, "<h1> </h1><div id=noi-dung>Chữ</div>"),
            "h1 finds nothing, where the title was expected"
        );
        assert!(why(&config(""), &format!("<div id=noi-dung>{}", "<div>".repeat(300))).contains("nested"));
    }

    #[test]
    fn a_picture_of_the_entry_stays_and_one_of_the_text_follows_the_text() {
        let with = |image: Option<&str>, before: &str| {
            let mut entry = entry("", "");
            (entry.content.image, entry.content.body) = (image.map(str::to_owned), before.to_owned());
            let bytes = b"<div id=noi-dung><img src=/moi.png></div>".to_vec();
            let page = Page { bytes, content_type: None, final_url: "https://a.example.vn/tin/1".parse().unwrap() };
            config("").fill(entry, &page, now()).unwrap().0.content.image
        };
        let url = |name: &str| format!("https://a.example.vn/{name}.png");
        assert_eq!(with(Some(&url("bia")), ""), Some(url("bia")));
        assert_eq!(with(Some(&url("cu")), &format!("<img src=\"{}\">", url("cu"))), Some(url("moi")));
        assert_eq!(with(None, ""), Some(url("moi")));
    }
}
