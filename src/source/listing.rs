//! A category page for people, read as HTML: which elements are its entries,
//! where link, title and date stand in them, how the next page is asked for.
//!
//! Pure: reads one page and says where the next one would be. It knows no
//! particular portal (see `fixtures/sources/listing`). An entry rarely has the
//! article's text; that is read from its own page, see `page`.
//!
//! A selector that used to find something and finds nothing any more is an
//! error, never an empty list: pages are redesigned without notice.

use serde::Deserialize;
use url::Url;

use super::error::ReadError;
use super::feed::Document;
use super::json::{Wrong, set};
use super::raw::{Picture, RawItem};
use super::tree::{Node, Selector, Tree};
use super::{date, text};

/// Entries of one page.
pub const ENTRIES_MAX: usize = 500;
/// Stands for the number of a page in `path`.
const PLACE: &str = "{page}";

/// `[source.read.listing]`. Selectors are CSS; those beside `items` look within an entry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table [source.read.listing]")]
pub struct Config {
    /// The entries of a page, the newest first, such as `"ul.news > li"`.
    pub items: Selector,
    /// Leads to the article. Default: the entry's first link with words, else its first link.
    pub link: Option<Selector>,
    /// Default: the words of the link, else its `title`.
    pub title: Option<Selector>,
    /// When it was published.
    pub date: Option<Selector>,
    /// How dates are written where no one could guess, as in strftime(3):
    /// `"%d/%m/%Y %H:%M"`. Default: any form that feeds use, the day before the month.
    pub date_format: Option<String>,
    pub summary: Option<Selector>,
    /// The picture that stands for the article.
    pub image: Option<Selector>,
    /// How further pages are asked for. Default: there are none.
    pub pages: Option<Pages>,
}

/// `[source.read.listing.pages]`: one of `number`, `path` and `next`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table [source.read.listing.pages]")]
pub struct Pages {
    /// The query parameter that counts pages, such as `"page"`.
    pub number: Option<String>,
    /// The address of further pages, absolute or relative to `url`, with
    /// `{page}` for the number: `"/chinh-tri/trang-{page}"`. The first page is `url`.
    pub path: Option<String>,
    /// The link to the next page.
    pub next: Option<Selector>,
    /// The number of the first page. Default 1.
    pub first: Option<u32>,
}

/// One page, read.
#[derive(Debug)]
pub struct Answer {
    pub items: Vec<RawItem>,
    pub next: Option<Url>,
}

impl Config {
    /// What the selectors alone do not tell: keys that need or exclude each other.
    #[must_use]
    pub fn wrong(&self) -> Option<Wrong> {
        if self.date_format.as_deref().is_some_and(|format| !date::is_format(format)) {
            let change = "write it as \"%d/%m/%Y %H:%M\"";
            return Some(Wrong { key: "date_format", problem: "is not a date format", change });
        }
        self.pages.as_ref().and_then(Pages::wrong)
    }

    /// The address of the first page.
    #[must_use]
    pub fn first(&self, url: &Url) -> Url {
        self.pages.as_ref().and_then(|pages| pages.counted(url, 0)).unwrap_or_else(|| url.clone())
    }

    /// Reads page `number` (from 0) of the source at `url`.
    ///
    /// # Errors
    /// Where the page cannot be read as a whole, or a selector finds nothing.
    pub fn read(&self, url: &Url, number: u32, document: &Document<'_>) -> Result<Answer, ReadError> {
        let tree = Tree::read(document.body, document.content_type)?;
        let entries: Vec<Node<'_>> = tree.outermost(&self.items).take(ENTRIES_MAX).collect();
        if entries.is_empty() && number == 0 {
            return Err(nothing("items", &self.items));
        }
        let items: Vec<RawItem> = entries.iter().map(|entry| self.entry(*entry, document.url)).collect();
        if number == 0 {
            self.each_selector_finds(&items)?;
        }
        let next = match &self.pages {
            Some(pages) if !items.is_empty() => pages.next(url, number, document.url, &tree),
            Some(_) | None => None,
        };
        Ok(Answer { items, next })
    }

    /// What stands in none of the newest entries has moved; see `json`.
    fn each_selector_finds(&self, items: &[RawItem]) -> Result<(), ReadError> {
        let gone = |of: fn(&RawItem) -> &str| !items.is_empty() && items.iter().all(|item| of(item).trim().is_empty());
        let link = self.link.as_ref().unwrap_or(&self.items);
        if gone(|item| &item.link) {
            return Err(nothing("link", link));
        }
        if gone(|item| &item.title) {
            return Err(nothing("title", self.title.as_ref().unwrap_or(link)));
        }
        match &self.date {
            Some(date) if gone(|item| &item.published) => Err(nothing("date", date)),
            Some(_) | None => Ok(()),
        }
    }

    fn entry(&self, entry: Node<'_>, base: &Url) -> RawItem {
        let html = |selector: &Option<Selector>| {
            selector.as_ref().and_then(|selector| entry.all(selector).next().map(Node::html)).unwrap_or_default()
        };
        let link = self.link(entry, base);
        let title = match &self.title {
            Some(_) => html(&self.title),
            None => link.as_ref().map(|(node, _)| words(*node)).unwrap_or_default(),
        };
        let image = self.image.as_ref().and_then(|image| entry.all(image).find_map(|node| node.address(base)));
        RawItem {
            title,
            link: link.map(|(_, address)| text::escape(address.as_str())).unwrap_or_default(),
            description: html(&self.summary),
            published: date::within(self.date_format.as_deref(), &text::plain(&html(&self.date))),
            pictures: image.into_iter().map(|url| Picture { url: url.into(), rank: 0 }).collect(),
            ..RawItem::default()
        }
    }

    /// The link of an entry; pictures often have one of their own before it.
    fn link<'a>(&'a self, entry: Node<'a>, base: &Url) -> Option<(Node<'a>, Url)> {
        let found: Vec<Node<'a>> = match &self.link {
            Some(selector) => entry.all(selector).collect(),
            None => entry.links().collect(),
        };
        let mut links = found.into_iter().filter_map(|node| Some((node, node.address(base)?)));
        let first = links.next()?;
        let better = words(first.0).is_empty().then(|| links.find(|(node, _)| !words(*node).is_empty())).flatten();
        Some(better.unwrap_or(first))
    }
}

/// What a link says, as HTML.
fn words(link: Node<'_>) -> String {
    let html = link.html();
    if text::plain(&html).is_empty() { text::escape(link.attribute("title").unwrap_or_default()) } else { html }
}

fn nothing(field: &'static str, selector: &Selector) -> ReadError {
    ReadError::NothingMatched { field, path: selector.written().to_owned() }
}

impl Pages {
    fn wrong(&self) -> Option<Wrong> {
        let wrong = |problem, change| Some(Wrong { key: "pages", problem, change });
        match [self.number.is_some(), self.path.is_some(), self.next.is_some()].iter().filter(|&&way| way).count() {
            0 => return wrong("does not say how pages are asked for", "add number = \"page\", path or next"),
            1 => {}
            _ => return wrong("names several ways", "keep one of number, path and next"),
        }
        match &self.path {
            Some(path) if !path.contains(PLACE) => {
                wrong("path does not say where the number stands", "write it as \"/tin-tuc/trang-{page}\"")
            }
            Some(_) | None => None,
        }
    }

    fn next(&self, url: &Url, number: u32, page: &Url, tree: &Tree) -> Option<Url> {
        match &self.next {
            Some(next) => tree.all(next).find_map(|node| node.address(page)),
            None => self.counted(url, number.saturating_add(1)),
        }
    }

    /// The address of a page (from 0) that is counted; `None` where pages are linked.
    fn counted(&self, url: &Url, number: u32) -> Option<Url> {
        let shown = self.first.unwrap_or(1).saturating_add(number).to_string();
        if let Some(parameter) = &self.number {
            let mut url = url.clone();
            set(&mut url, parameter, &shown);
            return Some(url);
        }
        let path = self.path.as_ref().filter(|_| number > 0)?;
        url.join(&path.replace(PLACE, &shown)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<ul class="tin">
        <li><a href="/tin/2"><img src="/documents/2.jpg"></a><h3><a href="/tin/2">Tin &amp; bài số 2</a></h3>
            <span class="ngay">(24/11/2026 14:05)</span><p class="dan">(BNP) – Lời dẫn.</p>
        <li><a href="/tin/1?p_p_auth=x" title="Tin số 1"><img data-src="/documents/1.jpg" src="data:image/gif;base64,R0"></a>
            <span class="ngay">23/11/2026 08:00</span>
        </ul><a class="sau" href="?trang=2">Sau</a>"#;

    fn config(more: &str) -> Config {
        let usual = "items = \"ul.tin > li\"\ndate = \".ngay\"\ndate_format = \"%d/%m/%Y %H:%M\"\n";
        toml::from_str(&format!("{usual}{more}")).unwrap()
    }

    fn read(config: &Config, page: &str, number: u32) -> Result<Answer, ReadError> {
        let url = Url::parse("https://a.example.vn/chinh-tri").unwrap();
        let now = "2026-11-25T00:00:00Z".parse().unwrap();
        config.read(&url, number, &Document { body: page.as_bytes(), content_type: None, url: &url, now })
    }

    #[test]
    fn an_entry_is_what_its_elements_say_although_they_are_not_closed() {
        let config = config("summary = \".dan\"\nimage = \"img\"\n");
        let items = read(&config, PAGE, 0).unwrap().items;
        let [two, one] = items.as_slice() else { panic!("{items:?}") };
        assert_eq!((two.title.as_str(), two.link.as_str()), ("Tin &amp; bài số 2", "https://a.example.vn/tin/2"));
        assert_eq!((two.published.as_str(), two.description.as_str()), ("2026-11-24T14:05", "(BNP) – Lời dẫn."));
        assert_eq!(two.pictures[0].url, "https://a.example.vn/documents/2.jpg");
        assert_eq!((one.title.as_str(), one.published.as_str()), ("Tin số 1", "2026-11-23T08:00"));
        assert_eq!(one.pictures[0].url, "https://a.example.vn/documents/1.jpg", "the picture that is loaded late");
    }

    #[test]
    fn pages_are_counted_in_the_query_or_the_path_or_linked() {
        let check = |pages: &str, number: u32, next: &str| {
            let config = config(&format!("[pages]\n{pages}\n"));
            let found = read(&config, PAGE, number).unwrap().next.map(String::from);
            assert_eq!(found.as_deref(), Some(next), "{pages}");
        };
        check("number = \"trang\"", 0, "https://a.example.vn/chinh-tri?trang=2");
        check("number = \"trang\"\nfirst = 0", 4, "https://a.example.vn/chinh-tri?trang=5");
        check("path = \"/chinh-tri/trang-{page}.html\"", 1, "https://a.example.vn/chinh-tri/trang-3.html");
        check("next = \"a.sau\"", 3, "https://a.example.vn/chinh-tri?trang=2");
        assert_eq!(read(&config(""), PAGE, 0).unwrap().next, None);
        let counted = config("[pages]\nnumber = \"trang\"\n");
        assert_eq!(read(&counted, "<p>Hết</p>", 7).unwrap().next, None, "an empty page is the end");
        let start = Url::parse("https://a.example.vn/chinh-tri").unwrap();
        assert_eq!(counted.first(&start).query(), Some("trang=1"));
        assert_eq!(config("[pages]\npath = \"/x/{page}\"\n").first(&start), start);
    }

    #[test]
    fn what_is_found_nowhere_any_more_is_an_error_that_names_it() {
        let lost = |config: &Config, page: &str| match read(config, page, 0) {
            Err(ReadError::NothingMatched { field, path }) => (field, path),
            other => panic!("{other:?}"),
        };
        let page = |inner: &str| format!("<ul class=tin><li>{inner}</ul>");
        let at = |field, path: &str| (field, path.to_owned());
        assert_eq!(lost(&config(""), "<p>Cổng mới</p>"), at("items", "ul.tin > li"));
        assert_eq!(lost(&config(""), &page("Tin")), at("link", "ul.tin > li"));
        assert_eq!(lost(&config("title = \"h3\"\n"), &page("<a href=/1>Tin</a>")), at("title", "h3"));
        assert_eq!(lost(&config(""), &page("<a href=/1>Tin</a>")), at("date", ".ngay"));
    }

    #[test]
    fn more_entries_than_the_limit_are_not_read() {
        let entry = "<li><a href=/1>Tin</a><b class=ngay>24/11/2026 14:05</b></li>";
        let items =
            read(&config(""), &format!("<ul class=tin>{}</ul>", entry.repeat(ENTRIES_MAX + 1)), 0).unwrap().items;
        assert_eq!(items.len(), ENTRIES_MAX);
    }
}
