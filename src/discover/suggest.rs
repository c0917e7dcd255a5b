//! Suggests where title, lead, text and date stand on the articles' own pages
//! of a site, from a few of them. Pure, and bound by the processor.
//!
//! An extraction (Mozilla's Readability) says which text is the article's.
//! What is suggested is the element that holds it, as a selector that finds it
//! on every sample. Articles are read by that selector, word for word: the
//! extraction itself never writes one.

use std::ops::Range;

use dom_smoothie::{Config as Extraction, Readability};
use jiff::Timestamp;

use super::selectors::forms;
use crate::probe;
use crate::source::count::ELEMENTS_MAX;
use crate::source::outline::{Outline, dense};
use crate::source::tree::{Node, Selector, Tree};
use crate::source::{Page, date};

/// Pages that are looked at.
pub const SAMPLES: usize = 3;
/// Shorter texts are menus, or a page that says "not found". Without white space.
const BODY_CHARS_MIN: usize = 150;
/// Pieces of the extracted text that are looked for on the page, and how many must be there.
const PROBES: usize = 9;
const PROBES_MIN: usize = 5;
const PROBE_CHARS: usize = 40;
/// The element of the text holds at most so many times what was extracted.
const SURPLUS_MAX: usize = 2;
const TITLE_CHARS: Range<usize> = 8..400;
const LEAD_CHARS: Range<usize> = 30..1_000;
const DATE_CHARS: Range<usize> = 8..80;
/// How far before the title and behind the text a date may stand, in bytes of dense text.
const DATE_NEAR: usize = 200;
/// What leads are called, within ids and classes in small letters.
const LEADS: [&str; 9] = ["sapo", "lead", "summary", "lede", "trich", "intro", "description", "tomtat", "tom-tat"];
/// Where pages say it for machines.
const DATES: [&str; 3] =
    ["meta[property=\"article:published_time\"]", "meta[itemprop=\"datePublished\"]", "time[datetime]"];
/// How dates are written among words; the first is any form that feeds use.
pub const FORMATS: [Option<&str>; 5] =
    [None, Some("%d/%m/%Y %H:%M"), Some("%H:%M %d/%m/%Y"), Some("%d-%m-%Y %H:%M"), Some("%d/%m/%Y")];

/// Selectors for `[source.page]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selectors {
    pub title: Option<String>,
    pub lead: Option<String>,
    pub body: String,
    pub date: Option<String>,
    pub date_format: Option<&'static str>,
}

impl Selectors {
    /// Stands in a table until the pages were looked at.
    #[must_use]
    pub fn any() -> Self {
        let title = Some("h1".to_owned());
        Self { title, lead: None, body: "body".to_owned(), date: None, date_format: None }
    }
}

/// A page as it is compared with others.
struct Sheet<'a> {
    outline: Outline<'a>,
    /// The element that holds what was extracted, and where that stands.
    holder: Node<'a>,
    body: Range<usize>,
    /// What the page is called, dense.
    called: String,
}

/// What all pages have in common; `None`: nothing that could be trusted.
#[must_use]
pub fn suggest(pages: &[Page], now: Timestamp) -> Option<Selectors> {
    let trees = pages.iter().take(SAMPLES).map(|page| Tree::read(&page.bytes, page.content_type.as_deref()).ok());
    let trees: Vec<Tree> = trees.collect::<Option<_>>()?;
    let sheets: Vec<Sheet<'_>> =
        pages.iter().zip(&trees).map(|(page, tree)| sheet(page, tree)).collect::<Option<_>>()?;
    let first = sheets.first()?;
    let body = body(first, &sheets)?;
    let title = title(first, &sheets);
    let from = title.as_ref().map_or(first.body.start, |(_, span)| span.start.min(first.body.start));
    let lead = lead(first, &sheets, from);
    let (date, date_format) = date_of(first, &sheets, from, now).unzip();
    Some(Selectors { title: title.map(|(title, _)| title), lead, body, date, date_format: date_format.flatten() })
}

fn sheet<'a>(page: &Page, tree: &'a Tree) -> Option<Sheet<'a>> {
    let outline = Outline::of(tree);
    let (holder, body) = holder(&outline, &extracted(tree, &outline)?)?;
    let named = probe::page::read(&page.bytes, page.content_type.as_deref(), &page.final_url).title;
    let called = dense(named.unwrap_or_default().trim_end_matches('…'));
    Some(Sheet { outline, holder, body, called })
}

/// Where pieces of the extracted text stand on the page, in its order.
fn extracted(tree: &Tree, outline: &Outline<'_>) -> Option<Vec<Range<usize>>> {
    let config = Extraction { max_elements_to_parse: ELEMENTS_MAX, disable_json_ld: true, ..Extraction::default() };
    let article = Readability::new(tree.html(), None, Some(config)).ok()?.parse().ok()?;
    let text: Vec<char> = dense(&article.text_content).chars().collect();
    if text.len() < BODY_CHARS_MIN {
        return None;
    }
    let room = text.len() - PROBE_CHARS;
    let probes = (0..PROBES).map(|number| room * number / (PROBES - 1));
    let probes = probes.map(|at| text[at..at + PROBE_CHARS].iter().collect::<String>());
    let found: Vec<Range<usize>> =
        probes.filter_map(|probe| outline.text.find(&probe).map(|at| at..at + probe.len())).collect();
    (found.len() >= PROBES_MIN).then_some(found)
}

/// The innermost element that holds the extracted text to its end. Title and
/// lead, which extractions take with it, may stand before it.
fn holder<'a>(outline: &Outline<'a>, pieces: &[Range<usize>]) -> Option<(Node<'a>, Range<usize>)> {
    let last = pieces.iter().map(|piece| piece.end).max()?;
    let inner = pieces.iter().skip(pieces.len() / 3).map(|piece| piece.start).min()?;
    let node = outline.innermost(&(inner..last))?;
    let span = outline.span(node)?;
    let first = pieces.iter().map(|piece| piece.start).filter(|start| span.contains(start)).min()?;
    Some((node, first..last))
}

/// The first of the forms that is right on all pages.
fn common(
    node: Node<'_>,
    sheets: &[Sheet<'_>],
    fits: impl Fn(&Sheet<'_>, Node<'_>, &Range<usize>) -> bool,
) -> Option<String> {
    forms(node).into_iter().find(|form| on_all(form, sheets, &fits))
}

fn on_all(form: &str, sheets: &[Sheet<'_>], fits: impl Fn(&Sheet<'_>, Node<'_>, &Range<usize>) -> bool) -> bool {
    let Some(selector) = Selector::parse(form) else { return false };
    sheets.iter().all(|sheet| {
        let found = sheet.outline.find(&selector);
        found.is_some_and(|(node, span)| fits(sheet, node, &span))
    })
}

fn body(first: &Sheet<'_>, sheets: &[Sheet<'_>]) -> Option<String> {
    let around = std::iter::successors(Some(first.holder), |node| node.parent()).take(4);
    let holds = |sheet: &Sheet<'_>, _: Node<'_>, span: &Range<usize>| {
        let part = &sheet.body;
        span.start <= part.start && span.end >= part.end && span.len() <= part.len() * SURPLUS_MAX
    };
    around.into_iter().find_map(|node| common(node, sheets, holds))
}

/// A heading that is also the page's name, else what the page says for machines.
fn title<'a>(first: &Sheet<'a>, sheets: &[Sheet<'a>]) -> Option<(String, Range<usize>)> {
    let headings = first.outline.elements().filter(|(node, _)| matches!(node.name(), "h1" | "h2" | "h3"));
    let names = |sheet: &Sheet<'_>, node: Node<'_>, _: &Range<usize>| {
        let text = dense(&node.text());
        let is_name = sheet.called.contains(&text) || (!sheet.called.is_empty() && text.starts_with(&sheet.called));
        is_name && TITLE_CHARS.contains(&text.chars().count())
    };
    let mut headings = headings.filter(|(node, span)| names(first, *node, span));
    let heading = headings.find_map(|(node, span)| Some((common(node, sheets, names)?, span)));
    let machines = "meta[property=\"og:title\"]";
    let for_machines = || on_all(machines, sheets, |_, node, _| !node.text().is_empty());
    let start = first.body.start;
    heading.or_else(|| for_machines().then(|| (machines.to_owned(), start..start)))
}

fn lead(first: &Sheet<'_>, sheets: &[Sheet<'_>], from: usize) -> Option<String> {
    let called = |node: Node<'_>| {
        let names = [node.attribute("id"), node.attribute("class")].map(|name| name.unwrap_or_default().to_lowercase());
        LEADS.iter().any(|lead| names.iter().any(|name| name.contains(lead)))
    };
    let fits = |sheet: &Sheet<'_>, _: Node<'_>, span: &Range<usize>| {
        let chars = sheet.outline.text.get(span.clone()).map_or(0, |text| text.chars().count());
        // Within the text it would stand there twice.
        LEAD_CHARS.contains(&chars) && span.end <= sheet.body.start
    };
    let near = first.outline.elements().filter(|(_, span)| span.start >= from && span.end <= first.body.start);
    near.filter(|(node, _)| called(*node)).find_map(|(node, _)| common(node, sheets, fits))
}

/// Whether an element's text reads as a date in a format.
#[must_use]
pub fn read_by(format: Option<&str>, node: Node<'_>, now: Timestamp) -> bool {
    date::parse(&date::within(format, &node.text()), now).is_some_and(|dated| !dated.clamped)
}

fn date_of(
    first: &Sheet<'_>,
    sheets: &[Sheet<'_>],
    from: usize,
    now: Timestamp,
) -> Option<(String, Option<&'static str>)> {
    let reads = |format: Option<&str>, node: Node<'_>| read_by(format, node, now);
    let for_machines = DATES.into_iter().find(|form| on_all(form, sheets, |_, node, _| reads(None, node)));
    if let Some(form) = for_machines {
        return Some((form.to_owned(), None));
    }
    let body = &first.body;
    let near = |span: &Range<usize>| {
        let before = span.start + DATE_NEAR >= from && span.end <= body.start;
        before || (span.start >= body.end && span.start <= body.end + DATE_NEAR)
    };
    let short = |node: Node<'_>| DATE_CHARS.contains(&node.text().chars().count());
    let elements = first.outline.elements().filter(|(node, span)| !span.is_empty() && near(span) && short(*node));
    let mut elements: Vec<(Node<'_>, Range<usize>)> = elements.collect();
    // What says little else, and of that the nearest to the title.
    elements.sort_by_key(|(_, span)| (span.len(), span.start.abs_diff(from)));
    elements.into_iter().find_map(|(node, _)| {
        let format = FORMATS.into_iter().find(|format| reads(*format, node))?;
        let form = common(node, sheets, |_, node, _| short(node) && reads(format, node))?;
        Some((form, format))
    })
}

#[cfg(test)]
mod tests;
