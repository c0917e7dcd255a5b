//! What citizens and feed readers see. Pure: text in, text out.
//!
//! Everything but the cleaned body and the attribution is escaped by the
//! template engine. Pages hold no script, and their policy forbids any.

use askama::Template;
use dongbo_sdk::{Key, RemoteMedia};
use jiff::Timestamp;

use crate::error::{Outcome, Trouble};
use crate::site::{LIST_MAX, Line, Record, Site, local};

pub(crate) const STYLE: &str = include_str!("../templates/style.css");

/// The way from a page to the root.
const ROOT: &str = "";
const BELOW: &str = "../";

#[derive(Template)]
#[template(path = "article.html")]
struct ArticlePage<'a> {
    site: &'a Site,
    up: &'static str,
    record: &'a Record,
    identifier: String,
    publisher: &'a str,
    creator: &'a str,
    description: &'a str,
}

#[derive(Template)]
#[template(path = "list.html")]
struct ListPage<'a> {
    site: &'a Site,
    up: &'static str,
    heading: String,
    lines: &'a [Line],
    older: Option<String>,
    newer: Option<String>,
    /// Years, newest first, each with its months.
    archive: Vec<(&'a str, Vec<&'a str>)>,
}

#[derive(Template)]
#[template(path = "feed.xml")]
struct Feed<'a> {
    site: &'a Site,
    lines: &'a [Line],
}

pub(crate) fn article(site: &Site, record: &Record) -> Outcome<String> {
    let publisher = publisher(record);
    let summary = record.summary.as_str();
    render(&ArticlePage {
        site,
        up: BELOW,
        record,
        identifier: site.page_url(&record.key),
        publisher: &publisher,
        creator: record.byline.as_deref().unwrap_or(&publisher),
        description: if summary.is_empty() { &record.title } else { summary },
    })
}

pub(crate) fn front(site: &Site, lines: &[Line], months: &[String]) -> Outcome<String> {
    let archive = archive(months);
    render(&ListPage { site, up: ROOT, heading: "Tin mới".into(), lines, older: None, newer: None, archive })
}

/// The pages of a month, newest first, with their names. The newest page takes
/// what is left over, so that the older ones stay as they are.
pub(crate) fn month(site: &Site, month: &str, lines: &[Line]) -> Outcome<Vec<(String, String)>> {
    let full = lines.len().saturating_sub(1) / LIST_MAX;
    let (newest, rest) = lines.split_at(lines.len() - full * LIST_MAX);
    if newest.is_empty() {
        return Ok(Vec::new());
    }
    let heading = format!("Tháng {}", month_name(month));
    // Oldest is part 1; the newest has no number.
    let chunks = std::iter::once(newest).chain(rest.chunks(LIST_MAX));
    let mut pages = Vec::new();
    for (at, lines) in chunks.enumerate() {
        let number = if at == 0 { 0 } else { full + 1 - at };
        let older = (at < full).then(|| month_page_name(month, full - at));
        let newer = match at {
            0 => None,
            1 => Some(month_page_name(month, 0)),
            _ => Some(month_page_name(month, number + 1)),
        };
        let heading = heading.clone();
        let page = ListPage { site, up: BELOW, heading, lines, older, newer, archive: Vec::new() };
        pages.push((month_page_name(month, number), render(&page)?));
    }
    Ok(pages)
}

/// 0 is the newest page of a month, 1 its oldest.
pub(crate) fn month_page_name(month: &str, number: usize) -> String {
    if number == 0 { format!("{month}.html") } else { format!("{month}-{number}.html") }
}

pub(crate) fn feed(site: &Site, lines: &[Line]) -> Outcome<String> {
    render(&Feed { site, lines }).map(|xml| writable(&xml))
}

/// The text without characters that neither XML nor HTML may hold.
pub(crate) fn writable(text: &str) -> String {
    text.chars().filter(|c| is_xml(*c)).collect()
}

/// The body as it stands on a page of ours.
pub(crate) fn body_of(html: &str, key: &Key) -> Option<String> {
    let start = mark(key);
    let from = html.find(&start)? + start.len();
    let to = html.rfind(&end_mark(key))?;
    html.get(from..to).map(str::to_owned)
}

fn mark(key: &Key) -> String {
    format!("<!--{key}-->")
}

fn end_mark(key: &Key) -> String {
    format!("<!--/{key}-->")
}

fn render(template: &impl Template) -> Outcome<String> {
    template.render().map_err(|error| Trouble::Refused(format!("the page cannot be written: {error}")))
}

/// The agency that published the original, by the host of its address: a post names no agency.
fn publisher(record: &Record) -> String {
    let host = url::Url::parse(&record.canonical).ok().and_then(|url| url.host_str().map(str::to_owned));
    host.unwrap_or_else(|| record.canonical.clone())
}

fn archive(months: &[String]) -> Vec<(&str, Vec<&str>)> {
    let mut years: Vec<(&str, Vec<&str>)> = Vec::new();
    for month in months.iter().rev() {
        let year = &month[..4];
        match years.last_mut() {
            Some((last, list)) if *last == year => list.push(month),
            _ => years.push((year, vec![month])),
        }
    }
    years
}

/// `11/2026` for `2026-11`.
fn month_name(month: &str) -> String {
    let (year, month) = month.split_once('-').unwrap_or((month, ""));
    format!("{month}/{year}")
}

/// What people read: `24/11/2026 14:05`, Vietnam's time.
fn shown(at: &Timestamp) -> String {
    local(*at).strftime("%d/%m/%Y %H:%M").to_string()
}

/// What machines read: `2026-11-24T14:05:00+07:00`.
fn iso(at: &Timestamp) -> String {
    local(*at).strftime("%Y-%m-%dT%H:%M:%S+07:00").to_string()
}

/// RSS wants RFC 822 with a four-digit year.
fn rfc822(at: &Timestamp) -> String {
    local(*at).strftime("%a, %d %b %Y %H:%M:%S +0700").to_string()
}

/// The picture's place: beside us where we hold it, else its address.
fn source(media: &RemoteMedia, up: &str) -> String {
    let ours = media.id.0.starts_with("media/cm-");
    if ours { format!("{up}{}", media.id) } else { media.url.clone() }
}

/// The policy of a page. Browsers give files no origin, so `'self'` does not reach the style of a site without an address.
fn policy(site: &Site) -> &'static str {
    if site.url.scheme() == "file" {
        "default-src 'none'; style-src 'self' file:; img-src 'self' file: https: http: data:; \
         media-src https: http:; base-uri 'none'; form-action 'none'"
    } else {
        "default-src 'none'; style-src 'self'; img-src 'self' https: http: data:; \
         media-src https: http:; base-uri 'none'; form-action 'none'"
    }
}

/// XML 1.0, production 2 (Char).
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
