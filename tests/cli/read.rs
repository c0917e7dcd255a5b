//! `dongbo read --json`: what is printed is what `dongbo read --help` says, of
//! sound feeds, damaged ones and what is no feed at all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value;

use crate::desk::Desk;
use crate::say::Said;

/// With quarantine, warnings, an error, and everything that may be absent.
const DOCUMENTS: [(&str, i32); 15] = [
    ("fixtures/feeds/rss2/plain.xml", 0),
    ("fixtures/feeds/rss2/picture-media.xml", 0),
    ("fixtures/feeds/rss2/guid-missing-empty-constant.xml", 0),
    ("fixtures/feeds/rss2/date-in-the-future.xml", 0),
    ("fixtures/feeds/rss2/html-login-page.xml", 4),
    ("fixtures/feeds/rss2/doctype-internal-subset.xml", 4),
    ("fixtures/feeds/atom1/plain.xml", 0),
    ("fixtures/feeds/atom1/entry-damaged.xml", 4),
    ("fixtures/feeds/jsonfeed/plain.feed", 0),
    ("fixtures/feeds/rss1/truncated.xml", 4),
    ("fixtures/feeds/rss2/nothing-in-item.xml", 4),
    ("fixtures/sample/feed.xml", 0),
    ("fixtures/feeds/rss2/injected.xml", 0),
    ("fixtures/feeds/rss2/source-element.xml", 0),
    ("fixtures/feeds/no-such-file.xml", 4),
];

fn desk() -> Desk {
    Desk { folder: tempfile::tempdir().unwrap() }
}

fn file(path: &str) -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path).to_str().unwrap().to_owned()
}

/// As it is said: what the other commands' tests leave out would leave no JSON.
fn run(arguments: &[&str]) -> Said {
    let output = desk().command(arguments).args(["--lang", "vi"]).env("RUST_LOG", "off").output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code().unwrap(), out: text(output.stdout), talk: text(output.stderr) }
}

fn read(arguments: &[&str]) -> Said {
    run(&[&["read", "--json"], arguments].concat())
}

fn parsed(said: &Said) -> Value {
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

/// `items[].title` and the types it may have, from the table in the help.
fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let help = run(&["read", "--help"]).out;
    let table = help.lines().skip_while(|line| !line.starts_with("With --json")).skip(1);
    let rows = table.take_while(|line| !line.trim().is_empty()).map(|line| {
        let mut words = line.split_whitespace();
        let (name, types) = (words.next().unwrap(), words.next().unwrap());
        (name.to_owned(), types.split('|').map(str::to_owned).collect())
    });
    rows.collect()
}

/// Every path in a value, with the type of what stands there.
fn walk(path: &str, value: &Value, found: &mut BTreeMap<String, BTreeSet<String>>) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    };
    // A list names its members only where these have fields.
    let unnamed = path.is_empty() || path.ends_with("[]");
    if !unnamed {
        found.entry(path.to_owned()).or_default().insert(kind.to_owned());
    }
    match value {
        Value::Array(members) => members.iter().for_each(|member| walk(&format!("{path}[]"), member, found)),
        Value::Object(fields) => {
            let dot = if path.is_empty() { "" } else { "." };
            fields.iter().for_each(|(name, value)| walk(&format!("{path}{dot}{name}"), value, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_field_is_documented_with_its_types_and_every_documented_field_is_printed() {
    let mut printed = BTreeMap::new();
    for (document, code) in DOCUMENTS {
        let said = read(&[&file(document)]);
        assert_eq!(said.code, code, "{document}: {said:?}");
        walk("", &parsed(&said), &mut printed);
    }
    // Only an article's own page tells the number of a document.
    printed.entry("items[].number".into()).or_default().insert("string".into());
    assert_eq!(printed, documented());
}

#[test]
fn what_the_content_firewall_would_hold_is_told_before_a_source_is_used() {
    let desk = desk();
    let feed = desk.path("feed.xml");
    let item = "<item><title>Nổ hũ</title><link>https://a.example.vn/1</link><description>\
                &lt;a href='https://b.example/'&gt;x&lt;/a&gt;</description></item>";
    std::fs::write(&feed, format!("<rss><channel>{item}</channel></rss>")).unwrap();
    let reading = parsed(&read(&[feed.to_str().unwrap()]));
    let held = serde_json::json!([
        { "kind": "words", "detail": "words: nổ hũ" },
        { "kind": "hosts", "detail": "new hosts: b.example" },
    ]);
    assert_eq!(reading["items"][0]["held"], held);
}

#[test]
fn an_error_is_told_to_programs_and_to_people() {
    let said = read(&[&file("fixtures/feeds/rss2/html-login-page.xml")]);
    let error = &parsed(&said)["error"];
    assert_eq!(error["kind"], "html-instead");
    assert!(said.talk.starts_with(error["what"].as_str().unwrap()), "{said:?}");
    assert_eq!(parsed(&said)["complete"], false);
    let missing = parsed(&read(&[&file("fixtures/feeds/no-such-file.xml")]));
    assert_eq!(missing["error"]["kind"], "file");
}

#[test]
fn warnings_and_their_kinds_are_as_many() {
    let reading = parsed(&read(&[&file("fixtures/feeds/rss2/date-in-the-future.xml")]));
    assert_eq!(reading["warning_kinds"], serde_json::json!(["future-date"]));
    assert_eq!(reading["warnings"].as_array().unwrap().len(), 1);
}

#[test]
fn a_format_can_be_forced() {
    let desk = desk();
    let write = |name: &str, text: &str| {
        let path = desk.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let items = "<item><guid>1</guid><title>Một</title></item>";
    let odd = write("odd.xml", &format!("<tin><danhsach>{items}</danhsach></tin>"));
    let nameless = write("nameless.json", "{\"items\":[{\"id\":1,\"title\":\"Một\"}]}");
    let entries = write("entries.xml", "<rss><entry><id>1</id><title>Một</title></entry></rss>");
    for (path, format) in [(&odd, "rss"), (&nameless, "json-feed"), (&entries, "atom")] {
        let plain = read(&[path]);
        assert!(plain.code == 4 || parsed(&plain)["items"] == serde_json::json!([]), "{plain:?}");
        let forced = read(&[path, "--as", format]);
        assert_eq!((forced.code, parsed(&forced)["items"][0]["title"].as_str()), (0, Some("Một")), "{forced:?}");
    }
    let refused = read(&[&nameless, "--as", "rss"]);
    assert_eq!((refused.code, parsed(&refused)["error"]["kind"].as_str()), (4, Some("json-instead")), "{refused:?}");
    assert_eq!(read(&[&odd, "--as", "html"]).code, 2);
}
