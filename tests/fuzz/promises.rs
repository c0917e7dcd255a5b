//! What the readers promise of every input, whatever it is. The fuzz targets
//! run this on what libFuzzer thinks up, `cargo test` on the corpus and on the
//! hostile inputs; a promise that is broken is a panic.

use std::ops::RangeInclusive;

use dongbo::article::{Item, Precision};
use dongbo::source::charset::decode;
use dongbo::source::clean::{OUTPUT_BYTES_FREE, OUTPUT_FACTOR_MAX, clean, first_picture, lift_thumbnail};
use dongbo::source::feed::{ITEMS_MAX, QUARANTINED_MAX, SAMPLE_CHARS, WARNINGS_MAX};
use dongbo::source::guard::{ALLOWED, HtmlRefused};
use dongbo::source::identity::{GUID_BYTES_MAX, URL_BYTES_MAX};
use dongbo::source::item::{BYLINE_CHARS_MAX, CATEGORY_CHARS_MAX, SUMMARY_CHARS_MAX, TITLE_CHARS_MAX};
use dongbo::source::raw::CHILDREN_MAX;
use dongbo::source::{Document, FeedReader, Paged, Quarantined, ReadError, Summary, Warning, date, json, text};
use jiff::Timestamp;
use serde_json::json;
use url::Url;

/// Every input is read as if from here, at this time (2026-11-24T12:00:00Z).
const URL: &str = "https://portal.example.vn/rss/tin-tuc.xml";
const NOW: i64 = 1_795_521_600;
/// Characters of a reason or an error, its quotation of the input included.
const REASON_CHARS_MAX: usize = 400;
/// A canonical address may be this much longer than the one it was made of: letters become escapes.
const ESCAPED: usize = 3;
/// The oldest date that is one: 1990 began up to 26 hours ahead of UTC, the widest zone there is.
const OLDEST: Timestamp = Timestamp::constant(630_979_200, 0);

/// Headers that may stand over the same bytes.
pub(crate) const HEADERS: [Option<&str>; 8] = [
    None,
    Some("text/xml; charset=utf-8"),
    Some("text/xml; charset=utf-16"),
    Some("text/xml; charset=\"windows-1258\""),
    Some("application/rss+xml;charset=iso-2022-jp"),
    Some("text/xml; charset="),
    Some("text/xml; CHARSET=x-user-defined; charset=gb18030"),
    Some("\u{130}; charset=replacement"),
];

/// A reader: what it is called, how it is called once, and what it promises.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&[u8]),
    pub(crate) check: fn(&[u8]),
}

pub(crate) const READERS: [Reader; 5] = [
    Reader { name: "feed", run: run_feed, check: feed },
    Reader { name: "date", run: run_date, check: date },
    Reader { name: "charset", run: run_charset, check: charset },
    Reader { name: "html", run: run_html, check: html },
    Reader { name: "json", run: run_json, check: json },
];

fn url() -> Url {
    Url::parse(URL).expect("a constant")
}

fn now() -> Timestamp {
    Timestamp::constant(NOW, 0)
}

type Outcome = Result<Read, String>;

/// A whole document, read.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    items: Vec<Item>,
    quarantined: Vec<Quarantined>,
    summary: Summary,
}

fn parted(results: Vec<Result<Item, Quarantined>>, summary: Summary) -> Read {
    let (mut items, mut quarantined) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(item) => items.push(item),
            Err(bad) => quarantined.push(bad),
        }
    }
    Read { items, quarantined, summary }
}

fn read_feed(body: &[u8]) -> Outcome {
    let url = url();
    let document = Document { body, content_type: None, url: &url, now: now() };
    let read = || -> Result<Read, ReadError> {
        let mut reading = FeedReader::default().read(document)?;
        let results = reading.by_ref().collect();
        Ok(parted(results, reading.finish()?))
    };
    read().map_err(|error| error.to_string())
}

fn run_feed(body: &[u8]) {
    let _ = read_feed(body);
}

/// A feed of any format: the same twice, every item within its limits.
pub(crate) fn feed(body: &[u8]) {
    let read = read_feed(body);
    assert_eq!(read, read_feed(body), "read twice");
    assert!(read.iter().all(|read| read.quarantined.len() <= QUARANTINED_MAX), "too many put aside");
    judge(&read);
}

fn mapping(number: u8) -> Paged {
    let whole = json!({
        "items": "$.items[*]", "title": "$.title", "id": "$.id", "link": "$.link", "summary": "$.summary",
        "content": "$.content", "published": "$.date", "updated": "$.touched", "author": "$.author",
        "image": "$.image", "categories": "$.categories[*].name", "pages": { "cursor": "after", "next": "$.next" },
    });
    let greedy = json!({
        "items": "$..*", "title": "$..title", "id": "$..id", "content": "$..content", "published": "$..date",
        "date_format": "%d/%m/%Y %H:%M", "categories": "$..*", "pages": { "link": "$..next" },
    });
    let config = if number.is_multiple_of(2) { whole } else { greedy };
    Paged::Json(Box::new(serde_json::from_value::<json::Config>(config).expect("a constant")))
}

/// The first byte chooses the description, the others are the answer.
fn read_json(bytes: &[u8]) -> Outcome {
    let (number, body) = bytes.split_first().map_or((0, bytes), |(first, rest)| (*first, rest));
    let url = url();
    let document = Document { body, content_type: None, url: &url, now: now() };
    let page = mapping(number).read(&url, 0, &document).map_err(|error| error.to_string())?;
    Ok(parted(page.items, Summary { complete: true, warnings: page.warnings, ..Summary::default() }))
}

fn run_json(bytes: &[u8]) {
    let _ = read_json(bytes);
}

/// An answer of an API that the configuration describes.
pub(crate) fn json(bytes: &[u8]) {
    let read = read_json(bytes);
    assert_eq!(read, read_json(bytes), "read twice");
    judge(&read);
}

fn judge(read: &Outcome) {
    match read {
        Ok(read) => {
            assert!(read.items.len() + read.quarantined.len() <= ITEMS_MAX, "{} items", read.items.len());
            assert!(read.summary.warnings.len() <= WARNINGS_MAX, "{} warnings", read.summary.warnings.len());
            read.items.iter().for_each(article);
            read.quarantined.iter().for_each(put_aside);
            read.summary.warnings.iter().for_each(warning);
            read.summary.title.iter().for_each(|title| line(title, 0..=TITLE_CHARS_MAX));
        }
        Err(error) => reason(error),
    }
}

fn reason(text: &str) {
    assert!(text.chars().count() <= REASON_CHARS_MAX, "a long reason: {text}");
}

fn put_aside(bad: &Quarantined) {
    reason(&bad.reason);
    assert!(bad.sample.chars().count() <= SAMPLE_CHARS, "{}", bad.sample);
    assert!(bad.identity.iter().all(|name| name.value.len() <= GUID_BYTES_MAX * ESCAPED));
}

fn warning(warning: &Warning) {
    let told = match warning {
        Warning::NoDate { title } | Warning::FutureDate { title } | Warning::TitleCut { title } => title,
        Warning::LegacyText { title, .. } => title,
        Warning::SharedGuid { guid } => guid,
        Warning::NotOnPage { url, .. } => url,
        Warning::WeakGuids { .. }
        | Warning::DamagedText { .. }
        | Warning::TooManyItems
        | Warning::OutOfTime
        | Warning::TooDamaged => return,
    };
    assert!(told.len() <= GUID_BYTES_MAX, "a long warning: {} bytes", told.len());
}

/// Plain text on one line.
fn line(text: &str, chars: RangeInclusive<usize>) {
    assert!(chars.contains(&text.chars().count()), "{} characters, not {chars:?}: {text}", text.chars().count());
    assert_eq!(text, text::fold(&text::normalise(text)), "not folded");
}

fn article(item: &Item) {
    let content = &item.content;
    line(&content.title, 1..=TITLE_CHARS_MAX);
    line(&content.summary, 0..=SUMMARY_CHARS_MAX);
    content.byline.iter().for_each(|byline| line(byline, 1..=BYLINE_CHARS_MAX));
    assert!(item.categories.len() <= CHILDREN_MAX, "{} categories", item.categories.len());
    item.categories.iter().for_each(|category| line(category, 1..=CATEGORY_CHARS_MAX));
    assert!(!item.names.is_empty(), "no name");
    for name in &item.names {
        assert!(!name.value.is_empty() && name.value.len() <= GUID_BYTES_MAX * ESCAPED, "{name:?}");
    }
    let page = address(&content.url);
    content.image.iter().for_each(|image| drop(address(image)));
    assert_eq!(clean(&content.body, &page).as_deref(), Ok(content.body.as_str()), "a body that is not clean");
    harmless(&content.body);
    instant(content.published);
    assert!(content.precision != Precision::Guessed || content.published <= now() + date::FUTURE_MAX);
    item.updated.iter().for_each(|at| instant(*at));
}

fn address(text: &str) -> Url {
    let url = Url::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert!(matches!(url.scheme(), "http" | "https") && url.has_host(), "{text}");
    assert!(text.len() <= URL_BYTES_MAX * ESCAPED, "an address of {} bytes", text.len());
    url
}

fn instant(at: Timestamp) {
    assert!((OLDEST..=now() + date::FUTURE_MAX).contains(&at), "{at}");
}

fn run_html(bytes: &[u8]) {
    let _ = clean(&String::from_utf8_lossy(bytes), &url());
}

/// HTML: clean is a fixed point, of a size in proportion, and nothing in it acts.
pub(crate) fn html(bytes: &[u8]) {
    let html = String::from_utf8_lossy(bytes);
    let base = url();
    let plain = text::plain(&html);
    line(&plain, 0..=html.len().saturating_mul(2));
    for chars in [0, 1, 7, TITLE_CHARS_MAX] {
        assert!(text::cut(&plain, chars).chars().count() <= chars.max(1), "cut to {chars}");
    }
    match clean(&html, &base) {
        Ok(cleaned) => {
            assert_eq!(clean(&cleaned, &base).as_ref(), Ok(&cleaned), "cleaned twice");
            assert!(cleaned.len() <= html.len() * OUTPUT_FACTOR_MAX + OUTPUT_BYTES_FREE, "{} bytes", cleaned.len());
            assert_eq!(cleaned, text::normalise(&cleaned), "not normalised");
            harmless(&cleaned);
            first_picture(&cleaned).iter().for_each(|picture| drop(address(picture)));
            if let Some((picture, rest)) = lift_thumbnail(&cleaned) {
                address(&picture);
                assert_eq!(clean(&rest, &base).as_ref(), Ok(&rest), "what a thumbnail leaves");
            }
        }
        Err(HtmlRefused::Size(size)) => assert!(size > html.len() / 2),
        Err(refused) => reason(&refused.to_string()),
    }
}

/// Walks over serialised HTML, in which every `<` begins a tag and every value
/// is quoted (WHATWG §13.3).
fn harmless(cleaned: &str) {
    let mut rest = cleaned;
    while let Some((_, tag)) = rest.split_once('<') {
        let closes = tag.starts_with('/');
        let tag = tag.trim_start_matches('/');
        let name = tag.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let kept = ALLOWED.iter().find(|(allowed, _)| *allowed == name).map(|(_, kept)| *kept);
        let kept = kept.unwrap_or_else(|| panic!("<{name}> in {cleaned}"));
        rest = attributes(&tag[name.len()..], if closes { &[] } else { kept });
    }
}

/// Checks the attributes of a tag; what follows its `>` is returned.
fn attributes<'a>(mut tag: &'a str, kept: &[&str]) -> &'a str {
    while let Some(inner) = tag.strip_prefix(' ') {
        let (name, value) = inner.split_once("=\"").unwrap_or_else(|| panic!("an attribute without a value: {tag}"));
        let (value, behind) = value.split_once('"').unwrap_or_else(|| panic!("an open value: {tag}"));
        assert!(kept.contains(&name), "{name} in {tag}");
        if matches!(name, "href" | "src") {
            let url = Url::parse(&text::decode_entities(value)).unwrap_or_else(|error| panic!("{value}: {error}"));
            assert!(["http", "https", "mailto", "tel"].contains(&url.scheme()), "{value}");
        }
        tag = behind;
    }
    tag.strip_prefix('>').unwrap_or_else(|| panic!("a tag that does not end: {tag}"))
}

fn run_charset(bytes: &[u8]) {
    let _ = decode(bytes, None);
}

/// Bytes to text: bounded, honest about damage, and UTF-8 stays what it is.
pub(crate) fn charset(bytes: &[u8]) {
    let forced = bytes.starts_with(b"<\0") || bytes.starts_with(b"\0<");
    let marked = [&b"\xEF\xBB\xBF"[..], b"\xFE\xFF", b"\xFF\xFE"].iter().any(|mark| bytes.starts_with(mark));
    for header in HEADERS {
        let decoded = decode(bytes, header);
        assert_eq!(decoded, decode(bytes, header), "decoded twice");
        assert!(decoded.text.len() <= 3 * bytes.len(), "{} bytes of {}", decoded.text.len(), bytes.len());
        assert!(!decoded.damaged || decoded.text.contains('\u{FFFD}'), "damage that is not to be seen");
        if let (Ok(text), false, false) = (std::str::from_utf8(bytes), forced, marked) {
            assert!(decoded.text == text && !decoded.damaged, "UTF-8 that was not left alone");
        }
    }
}

fn run_date(bytes: &[u8]) {
    let _ = date::parse(&String::from_utf8_lossy(bytes), now());
}

/// A date: within its range, the same in other letters, and the same when it is
/// written by the rules and read again.
pub(crate) fn date(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Some(dated) = date::parse(&text, now()) else { return };
    instant(dated.at);
    assert!(!dated.clamped || dated.at == now(), "clamped to another time");
    assert_eq!(date::parse(&format!("\t{} \n", text.to_lowercase()), now()), Some(dated), "in small letters");
    let local = date::LOCAL.to_datetime(dated.at);
    if local.year() >= 1990 {
        let written = format!("{}+07:00", local.strftime("%Y-%m-%dT%H:%M:%S%.f"));
        let again = date::parse(&written, now()).unwrap_or_else(|| panic!("{written} was not read"));
        assert_eq!(again.at, dated.at, "{written}");
    }
}
