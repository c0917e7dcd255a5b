//! Findings as a text, as one self-contained page and as CSV. Titles and
//! addresses are a stranger's: each form escapes them in its own way.

use std::fmt::Write as _;

use serde::Serialize;

use super::page::shown;
use super::road::Road;
use super::{Feed, Finding, words};
use crate::message::Lang;
use crate::report::either;
use crate::source::text::escape;

/// Characters of an address that a person is shown.
const ADDRESS_CHARS: usize = 200;
/// Signs that a person is shown; JSON and CSV have all.
const SIGNS_SHOWN: usize = 4;

/// Aligned columns, with what was seen below each row.
#[must_use]
pub fn table(findings: &[Finding], lang: Lang) -> String {
    let mut rows = vec![headings(lang).map(str::to_owned)];
    rows.extend(findings.iter().map(|finding| cells(finding, lang)));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; 6] = std::array::from_fn(width);
    let line = |row: &[String; 6]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(&rows[0])];
    for (finding, row) in findings.iter().zip(&rows[1..]) {
        lines.push(line(row));
        lines.extend(details(finding, lang).into_iter().map(|detail| format!("    {detail}")));
    }
    lines.push(sum(findings, lang));
    lines.join("\n")
}

fn headings(lang: Lang) -> [&'static str; 6] {
    either(
        lang,
        ["ĐỊA CHỈ", "NỀN TẢNG", "TLS", "API", "NGUỒN TIN", "ĐƯỜNG"],
        ["ADDRESS", "PLATFORM", "TLS", "API", "FEEDS", "ROAD"],
    )
}

fn cells(finding: &Finding, lang: Lang) -> [String; 6] {
    [
        shown(&finding.address, ADDRESS_CHARS / 3),
        words::platform(finding, lang),
        words::tls(finding.tls, lang).to_owned(),
        words::api(&finding.api.state, lang),
        finding.feeds.len().to_string(),
        words::road(finding.road, lang).to_owned(),
    ]
}

/// What a person needs below the row, most telling first.
fn details(finding: &Finding, lang: Lang) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(finding.name.clone());
    match &finding.page {
        Some(page) => {
            let title = page.title.as_deref().unwrap_or("—");
            lines.push(format!("{} {title}  {}", page.status, shown(&page.url, ADDRESS_CHARS)));
            if finding.outcome != super::road::Outcome::Page {
                lines.push(told(finding, lang));
            }
        }
        None => lines.push(told(finding, lang)),
    }
    if let Some(found) = &finding.platform {
        let signs = found.signs.iter().take(SIGNS_SHOWN).map(String::as_str).collect::<Vec<_>>().join(" · ");
        lines.push(format!("{}: {signs}", either(lang, "dấu hiệu", "signs")));
    }
    lines.extend(finding.feeds.iter().map(|feed| fed(feed, lang)));
    lines.extend(finding.notes.iter().map(|note| format!("* {}", words::note(*note, lang))));
    lines.push(format!("→ {}", words::why(finding.why, lang)));
    lines
}

fn told(finding: &Finding, lang: Lang) -> String {
    let cause = finding.guard.or(finding.trouble.as_deref());
    let cause = cause.map(|cause| format!(" ({cause})")).unwrap_or_default();
    format!("{}{cause}", words::outcome(finding.outcome, lang))
}

fn fed(feed: &Feed, lang: Lang) -> String {
    let (items, found) = (feed.items, words::found(feed.found, lang));
    let url = shown(&feed.url, ADDRESS_CHARS);
    either(lang, format!("nguồn tin: {url} ({items} bài, {found})"), format!("feed: {url} ({items} items, {found})"))
}

/// How many addresses have which road.
fn sum(findings: &[Finding], lang: Lang) -> String {
    let count = |road| findings.iter().filter(|finding| finding.road == road).count();
    let roads = Road::ALL.into_iter().map(|road| (road, count(road))).filter(|(_, count)| *count > 0);
    let roads: Vec<String> = roads.map(|(road, count)| format!("{} {count}", words::road(road, lang))).collect();
    let number = findings.len();
    either(lang, format!("{number} địa chỉ: {}", roads.join(", ")), format!("{number} addresses: {}", roads.join(", ")))
}

const STYLE: &str = "body{font:16px/1.45 system-ui,sans-serif;margin:2rem;color:#1b1b1b;background:#fff}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;\
border-bottom:1px solid #c8c8c8}th{background:#f0f3f7}td{overflow-wrap:anywhere}small{color:#4a4a4a;display:block}\
.adapter{border-left:.4rem solid #1a7f37}.exec{border-left:.4rem solid #0a58ca}.feed-out{border-left:.4rem solid #9a6700}\
.by-hand{border-left:.4rem solid #8250df}.unknown{border-left:.4rem solid #b3261e}";

/// One page that needs nothing else and runs nothing.
#[must_use]
pub fn html(findings: &[Finding], lang: Lang) -> String {
    let title = either(lang, "Kết quả dò cổng thông tin", "What the portals are");
    let code = either(lang, "vi", "en");
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"{code}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n<p>{}</p>\n<table>\n<thead><tr>",
        escape(&sum(findings, lang)),
    );
    for heading in headings(lang) {
        let _ = write!(page, "<th scope=\"col\">{heading}</th>");
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for finding in findings {
        row(&mut page, finding, lang);
    }
    page.push_str("</tbody>\n</table>\n</body>\n</html>\n");
    page
}

fn row(page: &mut String, finding: &Finding, lang: Lang) {
    let class = word(&finding.road);
    let [address, platform, tls, api, feeds, road] = cells(finding, lang).map(|cell| escape(&cell));
    let link = finding.page.as_ref().map_or(address.clone(), |front| anchor(&front.url, &address));
    let mut below = String::new();
    for detail in details(finding, lang) {
        let _ = write!(below, "<small>{}</small>", escape(&detail));
    }
    let _ = writeln!(
        page,
        "<tr class=\"{class}\"><td>{link}{below}</td><td>{platform}</td><td>{tls}</td><td>{api}</td><td>{feeds}</td>\
         <td>{road}</td></tr>"
    );
}

/// A link to a web address; its text is escaped already.
fn anchor(url: &str, text: &str) -> String {
    // What was fetched is http or https; anything else would run in the reader's browser.
    match url.starts_with("http://") || url.starts_with("https://") {
        true => format!("<a rel=\"noopener noreferrer\" href=\"{}\">{text}</a>", escape(url)),
        false => text.to_owned(),
    }
}

/// The columns of the CSV: names for programs, fields are only ever added at the end.
const COLUMNS: [&str; 18] = [
    "url",
    "name",
    "outcome",
    "status",
    "title",
    "final_url",
    "tls",
    "platform",
    "sure",
    "signs",
    "guard",
    "api",
    "api_url",
    "feeds",
    "road",
    "why",
    "notes",
    "advice",
];

/// CSV with a heading; what a table program would take for a formula is defused.
///
/// # Errors
/// Never for memory; the writer's type says otherwise.
pub fn csv(findings: &[Finding], lang: Lang) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for finding in findings {
        writer.write_record(record(finding, lang).iter().map(|field| defused(field)))?;
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn record(finding: &Finding, lang: Lang) -> [String; 18] {
    let front = finding.page.as_ref();
    let platform = finding.platform.as_ref();
    let joined = |parts: Vec<String>| parts.join(" ");
    [
        finding.address.clone(),
        finding.name.clone().unwrap_or_default(),
        word(&finding.outcome),
        front.map(|front| front.status.to_string()).unwrap_or_default(),
        front.and_then(|front| front.title.clone()).unwrap_or_default(),
        front.map(|front| front.url.clone()).unwrap_or_default(),
        word(&finding.tls),
        platform.map(|found| found.name.to_owned()).unwrap_or_default(),
        platform.map(|found| found.sure.to_string()).unwrap_or_default(),
        platform.map(|found| found.signs.join(" · ")).unwrap_or_default(),
        finding.guard.unwrap_or_default().to_owned(),
        tag(&finding.api.state),
        finding.api.url.clone().unwrap_or_default(),
        joined(finding.feeds.iter().map(|feed| feed.url.clone()).collect()),
        word(&finding.road),
        word(&finding.why),
        joined(finding.notes.iter().map(word).collect()),
        words::why(finding.why, lang).to_owned(),
    ]
}

/// A word of ours as JSON has it.
fn word(value: &impl Serialize) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    json.as_str().unwrap_or_default().to_owned()
}

fn tag(value: &impl Serialize) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    json.get("is").and_then(|is| is.as_str()).unwrap_or_default().to_owned()
}

/// Table programs run fields that begin so (OWASP, "CSV Injection").
fn defused(field: &str) -> String {
    match field.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{field}"),
        false => field.to_owned(),
    }
}
