//! Suggests which elements of a category page are its entries. Pure, and bound
//! by the processor: an entry is what leads to one article by many words, as
//! its neighbours do.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use url::Url;

use super::selectors::{forms, own};
use super::suggest::{FORMATS, read_by};
use crate::source::outline::dense;
use crate::source::tree::{Node, Selector, Tree};

/// Links that are looked at.
const LINKS_MAX: usize = 300;
/// Words of a menu are shorter. Dense characters.
const TITLE_CHARS_MIN: usize = 18;
/// Elements around a link that may be its entry.
const AROUND_MAX: usize = 5;
/// Fewer entries are no list.
const ENTRIES_MIN: usize = 4;
/// Selectors that are tried out, those of the most links.
const TRIED_MAX: usize = 40;
/// A longer text is no date.
const DATE_CHARS_MAX: usize = 60;

/// Selectors for `[source.read.listing]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entries {
    pub items: String,
    pub date: Option<String>,
    pub date_format: Option<&'static str>,
}

/// The entries of a page at `url`; `None`: there is no list.
#[must_use]
pub fn suggest(body: &[u8], content_type: Option<&str>, url: &Url, now: Timestamp) -> Option<Entries> {
    let tree = Tree::read(body, content_type).ok()?;
    let anchor = Selector::parse("a[href]")?;
    let links = tree.all(&anchor).filter(|link| title(*link, url).is_some()).take(LINKS_MAX);
    let mut votes: BTreeMap<String, usize> = BTreeMap::new();
    for link in links {
        let around = std::iter::successors(Some(link), |node| node.parent()).take(AROUND_MAX);
        let all: BTreeSet<String> = around.flat_map(forms).collect();
        all.into_iter().for_each(|form| *votes.entry(form).or_default() += 1);
    }
    let mut tried: Vec<(String, usize)> = votes.into_iter().filter(|(_, count)| *count >= ENTRIES_MIN).collect();
    tried.sort_by_key(|(form, count)| (std::cmp::Reverse(*count), form.len()));
    let rated = tried.into_iter().take(TRIED_MAX).filter_map(|(form, _)| rate(&tree, form, url, now));
    // Of equal ones the first: that of the most links, the shortest.
    let best = rated.reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map(|(_, entries)| entries)
}

/// The address of an article that a link leads to by many words.
fn title(link: Node<'_>, base: &Url) -> Option<Url> {
    let address = link.address(base).filter(|address| address.host_str() == base.host_str())?;
    (dense(&link.text()).chars().count() >= TITLE_CHARS_MIN).then_some(address)
}

/// How good a list it is: entries with one article each, dated ones twice.
fn rate(tree: &Tree, form: String, url: &Url, now: Timestamp) -> Option<(usize, Entries)> {
    let selector = Selector::parse(&form)?;
    let nodes: Vec<Node<'_>> = tree.outermost(&selector).take(LINKS_MAX).collect();
    let single = |node: &Node<'_>| {
        let titles: BTreeSet<Url> = node.links().take(LINKS_MAX).filter_map(|link| title(link, url)).collect();
        titles.len() == 1
    };
    let entries: Vec<Node<'_>> = nodes.iter().copied().filter(single).collect();
    if entries.len() < ENTRIES_MIN || entries.len() * 10 < nodes.len() * 7 {
        return None;
    }
    let (date, date_format) = date(&entries, now).unzip();
    let worth = entries.len() * if date.is_some() { 2 } else { 1 };
    Some((worth, Entries { items: form, date, date_format: date_format.flatten() }))
}

/// What reads as a date in most entries.
fn date(entries: &[Node<'_>], now: Timestamp) -> Option<(String, Option<&'static str>)> {
    let any = Selector::parse("*")?;
    let inner = entries.first()?.all(&any).filter(|node| node.text().chars().count() <= DATE_CHARS_MAX);
    let inner: Vec<Node<'_>> = inner.take(LINKS_MAX).collect();
    inner.into_iter().rev().find_map(|node| {
        let format = FORMATS.into_iter().find(|format| read_by(*format, node, now))?;
        let mut names = own(node);
        names.push(node.name().to_owned());
        let form = names.into_iter().find(|form| {
            let Some(selector) = Selector::parse(form) else { return false };
            let dated = |entry: &&Node<'_>| entry.all(&selector).next().is_some_and(|node| read_by(format, node, now));
            entries.iter().filter(dated).count() * 10 >= entries.len() * 8
        })?;
        Some((form, format))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suggested(body: &str) -> Option<Entries> {
        let url = Url::parse("https://a.example.vn/chinh-tri").unwrap();
        suggest(body.as_bytes(), None, &url, "2026-11-27T00:00:00Z".parse().unwrap())
    }

    fn list(item: impl Fn(usize) -> String) -> String {
        let menu: String = (0..20).map(|n| format!("<li class=muc><a href=/m{n}>Mục {n}</a></li>")).collect();
        let items: String = (0..8).map(item).collect();
        format!(
            "<ul id=menu>{menu}</ul><div id=tin>{items}</div><p><a href=/lien-he>Liên hệ với ban biên tập của cổng</a>"
        )
    }

    const TITLE: &str = "Hội nghị trực tuyến về chuyển đổi số, lần thứ";

    #[test]
    fn entries_are_what_leads_to_one_article_each_with_its_date() {
        let page = list(|n| {
            format!(
                "<div class='tin-bai row'><a href=/tin/{n}><img src=/{n}.png></a><h3><a href=/tin/{n}>{TITLE} {n}</a></h3>\
                 <span class=ngay>({n}/11/2026 14:05)</span></div>",
                n = n + 1
            )
        });
        let found = suggested(&page).unwrap();
        assert_eq!((found.items.as_str(), found.date.as_deref()), ("div.tin-bai", Some("span.ngay")));
    }

    #[test]
    fn entries_without_a_name_are_found_by_what_they_stand_in() {
        let found = suggested(&list(|n| format!("<div><a href=/tin/{n}>{TITLE} {n}</a></div>"))).unwrap();
        assert_eq!((found.items.as_str(), found.date), ("div#tin a", None));
    }

    #[test]
    fn fewer_entries_than_the_limit_are_no_list() {
        let page = |count: usize| {
            let items: String =
                (0..count).map(|n| format!("<li class=tin><a href=/tin/{n}>{TITLE} {n}</a></li>")).collect();
            format!("<ul>{items}</ul>")
        };
        assert_eq!(suggested(&page(ENTRIES_MIN - 1)), None);
        assert_eq!(suggested(&page(ENTRIES_MIN)).unwrap().items, "li.tin");
    }

    #[test]
    fn menus_and_links_elsewhere_are_no_list() {
        assert_eq!(suggested(&list(|n| format!("<div><a href=/tin/{n}>Tin {n}</a></div>"))), None);
        let elsewhere = list(|n| format!("<div><a href=https://b.example.vn/tin/{n}>{TITLE} {n}</a></div>"));
        assert_eq!(suggested(&elsewhere), None);
        assert_eq!(suggested(""), None);
    }

    #[test]
    fn hostile_pages_end_soon() {
        let started = std::time::Instant::now();
        for piece in [
            "<div class=a><a href=/1>một hai ba bốn năm sáu</a>",
            "<p class=x><a href=/1>một hai ba bốn năm sáu</a></p>",
        ] {
            let _ = suggested(&piece.repeat(400_000 / piece.len()));
        }
        assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
    }
}
