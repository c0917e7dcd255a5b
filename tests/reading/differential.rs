//! Every fixture is read by another reader of feeds as well. Where the two
//! differ, the difference is explained here, or one of them is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use dongbo::article::{Item, NameKind, Precision};
use dongbo::source::{Document, FeedReader, charset, text};
use feed_rs::model::{Entry, Link};
use jiff::Timestamp;
use url::Url;

use crate::fixtures::{NOW, URL, inputs};

/// What differs, why ours is as it is, and the fixtures that show it.
const EXPLAINED: [(&str, &str, &[&str]); 25] = [
    (
        "feed",
        "damage costs the damaged item, never the feed",
        &[
            "atom1/entry-damaged",
            "rss1/truncated",
            "rss2/cdata-nested",
            "rss2/control-characters",
            "rss2/entities-undeclared",
            "rss2/item-not-closed",
            "rss2/junk-before-declaration",
            "rss2/link-unescaped-ampersand",
            "rss2/malformed-in-the-middle",
            "rss2/malformed-tag",
            "rss2/markup-not-escaped",
            "rss2/php-warning-first",
            "rss2/root-not-closed",
            "rss2/truncated",
        ],
    ),
    ("feed", "UTF-8 is read as what it is, whatever it is called", &["rss2/declared-utf16"]),
    (
        "feed",
        "JSON Feed is read forgivingly: a mark in front, ids as numbers, keys of a wrong type",
        &["jsonfeed/byte-order-mark", "jsonfeed/id-is-a-number", "jsonfeed/keys-of-a-wrong-type"],
    ),
    ("feed", "a feed that declares entities of its own is refused", &["rss2/doctype-internal-subset"]),
    (
        "items",
        "Atom 0.3 is read",
        &["atom03/content-xml-mode", "atom03/created", "atom03/only-modified", "atom03/plain"],
    ),
    ("items", "RSS 0.90, and items within the channel of RSS 1.0", &["rss1/item-within-channel", "rss1/rss090"]),
    ("items", "an item that is refused or says nothing is put aside", &["rss2/body-refused", "rss2/nothing-in-item"]),
    ("items", "one article in two categories is one article", &["rss2/same-article-in-two-categories"]),
    (
        "title",
        "a text without a title lends its first words",
        &["jsonfeed/no-title", "rss092/description-only", "rss2/title-empty", "rss2/title-missing"],
    ),
    (
        "title",
        "titles are plain text: entities decoded, markup gone",
        &[
            "rss2/escaped-twice",
            "rss2/title-html-entities",
            "rss2/title-in-cdata-with-entities",
            "rss2/title-with-markup",
        ],
    ),
    ("title", "text is NFC", &["rss2/nfd", "rss2/windows-1258"]),
    ("title", "UTF-8 is read as what it is, whatever it is called", &["rss2/utf-8-called-windows-1258"]),
    ("title", "of two the first counts", &["rss2/title-twice"]),
    (
        "guid",
        "RSS 1.0 names an item by its resource (rdf:about), not by a name made up of its parts",
        &["rss1/about-differs-from-link", "rss1/plain", "rss1/textinput-and-image"],
    ),
    ("guid", "a guid that several articles share names none of them", &["rss2/guid-missing-empty-constant"]),
    ("guid", "where many guids are empty or shared, links name the articles", &["rss2/guids-weak"]),
    ("date", "NukeViet prints the month in the place of the minutes", &["rss2/nukeviet-minutes"]),
    ("guid", "of two the first counts", &["rss2/guid-twice"]),
    ("guid", "sessions are no part of a name", &["atom1/id-is-address"]),
    (
        "link",
        "an item without a link is at its id or atom:link, where that is an address",
        &["atom1/id-is-address", "rss2/atom-link-instead-of-link", "rss2/link-empty-guid-address"],
    ),
    ("link", "of several alternates the HTML one is the article (RFC 4287 §4.2.7)", &["atom1/several-links"]),
    (
        "link",
        "sessions and tracking are no part of an address",
        &["rss2/link-with-jsessionid", "rss2/link-with-utm", "rss2/links-with-session"],
    ),
    ("link", "host and path that were glued together are parted", &["rss2/links-relative"]),
    (
        "link",
        "neither a script nor an address that several articles share",
        &["rss2/link-javascript", "rss2/link-shared"],
    ),
    (
        "date",
        "the day comes before the month, zones and halves of the day have Vietnamese names, a day alone is \
         Vietnam's, a date to come is none",
        &[
            "rss1/textinput-and-image",
            "rss2/atom-link-instead-of-link",
            "rss2/date-afternoon-ch",
            "rss2/date-day-month-time",
            "rss2/date-day-month-year",
            "rss2/date-dots",
            "rss2/date-gmt-plus-7",
            "rss2/date-hyphens",
            "rss2/date-ict",
            "rss2/date-in-the-future",
            "rss2/date-iso-space",
            "rss2/date-midnight-gmt",
            "rss2/date-morning-sa",
            "rss2/date-one-digit",
            "rss2/date-sunday-vietnamese",
            "rss2/date-weekday-vietnamese",
            "rss2/dates-vietnamese",
        ],
    ),
];

/// What an item comes to. A date is of Unix seconds.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    title: String,
    link: Option<String>,
    guid: Option<String>,
    date: Option<i64>,
}

/// `None` where the document is no feed.
fn ours(body: &[u8]) -> Option<Vec<Told>> {
    let url = Url::parse(URL).unwrap();
    let now: Timestamp = NOW.parse().unwrap();
    let mut reading = FeedReader::default().read(Document { body, content_type: None, url: &url, now }).ok()?;
    let items: Vec<_> = reading.by_ref().collect();
    reading.finish().ok()?;
    Some(items.into_iter().filter_map(Result::ok).map(our_item).collect())
}

fn our_item(item: Item) -> Told {
    let name = |kind| item.names.iter().find(|name| name.kind == kind).map(|name| name.value.clone());
    let dated = item.content.precision != Precision::Guessed;
    Told {
        link: name(NameKind::Url).map(|_| item.content.url.clone()),
        guid: name(NameKind::Guid),
        date: dated.then_some(item.content.published.as_second()),
        title: item.content.title,
    }
}

fn theirs(body: &[u8]) -> Option<Vec<Told>> {
    let feed = feed_rs::parser::Builder::new().base_uri(Some(URL)).build().parse(body).ok()?;
    let written = charset::decode(body, None).text;
    Some(feed.entries.into_iter().map(|entry| their_item(entry, &written)).collect())
}

fn their_item(entry: Entry, written: &str) -> Told {
    let leads = |link: &&Link| link.rel.as_deref().is_none_or(|rel| rel == "alternate");
    Told {
        title: text::fold(&entry.title.map(|title| title.content).unwrap_or_default()),
        link: entry.links.iter().find(leads).map(|link| link.href.clone()),
        // Where there is none it is made up of the rest.
        guid: Some(entry.id).filter(|id| written.contains(id.as_str())),
        date: entry.published.map(|at| at.timestamp()),
    }
}

/// What differs between the two readings, with both sides.
fn differences(body: &[u8]) -> BTreeMap<&'static str, String> {
    let (ours, theirs) = match (ours(body), theirs(body)) {
        (Some(ours), Some(theirs)) => (ours, theirs),
        (None, None) => return BTreeMap::new(),
        (ours, theirs) => {
            return [("feed", format!("ours {}, theirs {}", ours.is_some(), theirs.is_some()))].into();
        }
    };
    if ours.len() != theirs.len() {
        return [("items", format!("ours {}, theirs {}", ours.len(), theirs.len()))].into();
    }
    let mut found = BTreeMap::new();
    for (ours, theirs) in ours.iter().zip(&theirs) {
        let sides: [(&str, String, String); 4] = [
            ("title", ours.title.clone(), theirs.title.clone()),
            ("link", format!("{:?}", ours.link), format!("{:?}", theirs.link)),
            ("guid", format!("{:?}", ours.guid), format!("{:?}", theirs.guid)),
            ("date", format!("{:?}", ours.date), format!("{:?}", theirs.date)),
        ];
        for (what, ours, theirs) in sides {
            if ours != theirs {
                found.entry(what).or_insert(format!("ours {ours}, theirs {theirs}"));
            }
        }
    }
    found
}

#[test]
fn every_difference_to_another_reader_is_explained_and_every_explanation_is_needed() {
    let explained: BTreeSet<(String, &str)> = EXPLAINED
        .iter()
        .flat_map(|(what, _, fixtures)| fixtures.iter().map(|fixture| ((*fixture).to_owned(), *what)))
        .collect();
    let (mut found, mut sides, mut seen) = (BTreeSet::new(), Vec::new(), 0);
    for input in inputs() {
        seen += 1;
        let format = input.parent().and_then(|folder| folder.file_name()).unwrap().to_str().unwrap();
        let fixture = format!("{format}/{}", input.file_stem().unwrap().to_str().unwrap());
        for (what, both) in differences(&fs::read(&input).unwrap()) {
            if !explained.contains(&(fixture.clone(), what)) {
                sides.push(format!("{fixture}, {what}: {both}"));
            }
            found.insert((fixture.clone(), what));
        }
    }
    assert!(seen >= 150, "{seen} fixtures");
    assert!(sides.is_empty(), "{} unexplained\n{}", sides.len(), sides.join("\n"));
    let idle: Vec<_> = explained.difference(&found).collect();
    assert!(idle.is_empty(), "no longer needed: {idle:?}");
}
