//! `fixtures/feeds/FORMAT/NAME.xml` (or `NAME.feed`, where it is no XML) beside
//! `NAME.json`: one quirk per pair. The pairs are discovered; a missing half fails.
//!
//! `DONGBO_BLESS=1` writes the expected halves anew, to be read in the diff.

use std::fs;
use std::path::{Path, PathBuf};

use dongbo::article::{Item, NameKind, Precision};
use dongbo::source::{Document, FeedReader, Quarantined, Summary};
use serde_json::{Value, json};
use url::Url;

/// Every fixture is read as if from here, at this time.
pub(crate) const URL: &str = "https://portal.example.vn/rss/tin-tuc.xml";
pub(crate) const NOW: &str = "2026-11-24T12:00:00Z";
const PAIRS_MIN: usize = 150;
/// Endings of inputs.
const INPUTS: [&str; 2] = ["xml", "feed"];

#[test]
fn every_fixture_reads_as_its_expected_half_says() {
    let inputs = inputs();
    assert!(inputs.len() >= PAIRS_MIN, "{} pairs", inputs.len());
    let mut wrong = Vec::new();
    for input in inputs {
        let expected = input.with_extension("json");
        let read = read(&fs::read(&input).unwrap());
        if std::env::var_os("DONGBO_BLESS").is_some() {
            fs::write(&expected, serde_json::to_string_pretty(&read).unwrap() + "\n").unwrap();
        }
        let text = fs::read_to_string(&expected).unwrap_or_else(|_| panic!("{} is missing", expected.display()));
        if serde_json::from_str::<Value>(&text).unwrap() != read {
            wrong.push(format!("{}:\n{}", input.display(), serde_json::to_string_pretty(&read).unwrap()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Ways in which real feeds go wrong, each with a fixture that shows it.
const QUIRKS: [(&str, &str); 29] = [
    ("guids that are not to be relied on", "rss2/guids-weak"),
    ("one guid that was forgotten", "rss2/guids-one-empty-in-twenty"),
    ("the month in place of the minutes", "rss2/nukeviet-minutes"),
    ("minutes of a portal that was mended", "rss2/nukeviet-mended"),
    ("entries that were deleted", "atom1/deleted-entry"),
    ("an article of another house", "rss2/source-element"),
    ("a language that is none", "rss2/language"),
    ("no guid, an empty one, one for all", "rss2/guid-missing-empty-constant"),
    ("an empty title", "rss2/title-empty"),
    ("a day without a time, as midnight GMT", "rss2/date-midnight-gmt"),
    ("day before month, without a zone", "rss2/date-day-month-time"),
    ("afternoon in Vietnamese", "rss2/date-afternoon-ch"),
    ("a year of two digits", "rss2/date-two-digit-year"),
    ("no seconds", "rss2/date-no-seconds"),
    ("a zone as GMT+7", "rss2/date-gmt-plus-7"),
    ("a date that has not come yet", "rss2/date-in-the-future"),
    ("relative links", "rss2/links-relative"),
    ("session numbers in links", "rss2/links-with-session"),
    ("HTML that was escaped twice", "rss2/escaped-twice"),
    ("sections within sections", "rss2/cdata-nested"),
    ("entities that XML does not know", "rss2/entities-undeclared"),
    ("control characters", "rss2/control-characters"),
    ("a server's warnings first", "rss2/php-warning-first"),
    ("a login page", "rss2/html-login-page"),
    ("UTF-8 that is called UTF-16", "rss2/declared-utf16"),
    ("an old code page", "rss2/windows-1258"),
    ("decomposed letters", "rss2/nfd"),
    ("a letter that only looks like another", "rss2/letter-eth-kept"),
    ("one article in several categories", "rss2/same-article-in-two-categories"),
];

#[test]
fn every_known_quirk_has_a_fixture() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/feeds");
    for (quirk, pair) in QUIRKS {
        for ending in ["xml", "json"] {
            assert!(folder.join(pair).with_extension(ending).exists(), "{quirk}: {pair}.{ending}");
        }
    }
}

#[test]
fn every_expected_half_has_an_input() {
    for format in formats() {
        for file in files(&format) {
            let there = INPUTS.iter().any(|extension| file.with_extension(extension).exists());
            assert!(there, "{} has no input", file.display());
        }
    }
}

fn read(body: &[u8]) -> Value {
    let url = Url::parse(URL).unwrap();
    let document = Document { body, content_type: None, url: &url, now: NOW.parse().unwrap() };
    let mut reading = match FeedReader::default().read(document) {
        Ok(reading) => reading,
        Err(error) => return json!({ "error": error.kind().name(), "message": error.to_string() }),
    };
    let items: Vec<Value> = reading.by_ref().map(|result| result.map_or_else(quarantined, item)).collect();
    match reading.finish() {
        Ok(summary) => json!({ "feed": feed(&summary), "items": items }),
        Err(error) => json!({ "error": error.kind().name(), "message": error.to_string(), "items": items }),
    }
}

fn feed(summary: &Summary) -> Value {
    let warnings: Vec<String> = summary.warnings.iter().map(|warning| format!("{warning:?}")).collect();
    let mut shown = json!({ "title": summary.title, "complete": summary.complete, "warnings": warnings });
    if !summary.tombstones.is_empty() {
        let names = summary.tombstones.iter().map(|name| format!("{}: {}", kind(name.kind), name.value));
        shown["deleted"] = names.collect();
    }
    shown
}

fn item(item: Item) -> Value {
    let names: Vec<String> = item.names.iter().map(|name| format!("{}: {}", kind(name.kind), name.value)).collect();
    let content = item.content;
    let mut told = json!({
        "names": names,
        "origin": item.origin,
        "title": content.title,
        "summary": content.summary,
        "body": content.body,
        "published": match content.precision {
            Precision::Guessed => "guessed".to_owned(),
            precision => format!("{} ({precision:?})", content.published),
        },
        "byline": content.byline,
        "url": content.url,
        "image": content.image,
        "categories": item.categories,
    });
    // Only where there is something to see.
    if !item.hidden.is_empty() {
        told["hidden"] = item.hidden.into();
    }
    if !content.provenance.is_empty() {
        told["provenance"] = json!(content.provenance);
    }
    told
}

fn kind(kind: NameKind) -> &'static str {
    kind.name()
}

fn quarantined(bad: Quarantined) -> Value {
    json!({
        "quarantined": bad.reason,
        "sample": bad.sample.chars().take(80).collect::<String>(),
        "identity": bad.identity.map(|name| format!("{}: {}", kind(name.kind), name.value)),
    })
}

pub(crate) fn inputs() -> Vec<PathBuf> {
    let mut inputs: Vec<PathBuf> = formats().iter().flat_map(|format| files(format)).collect();
    inputs.retain(|file| INPUTS.iter().any(|input| file.extension().is_some_and(|extension| extension == *input)));
    inputs
}

fn formats() -> Vec<PathBuf> {
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/feeds"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}
