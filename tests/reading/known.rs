//! What a feed shows again is passed over until something about it changes.

use dongbo::source::feed::Known;
use dongbo::source::{Document, FeedReader, Summary};
use url::Url;

fn item(number: usize, text: &str, rest: &str) -> String {
    format!(
        "<item><guid>b-{number}</guid><link>https://a.example.vn/{number}</link><title>Tin {number}</title>\
         <description>{text}</description>{rest}</item>"
    )
}

const DATE: &str = "<pubDate>Mon, 23 Nov 2026 08:30:00 +0700</pubDate>";

/// Titles that are looked at, and what the reading came to.
fn read(items: &[String], head: &str, known: &Known) -> (Vec<String>, Summary) {
    let feed = format!("<rss version=\"2.0\"><channel>{head}{}</channel></rss>", items.concat());
    let url = Url::parse("https://a.example.vn/rss").unwrap();
    let now = "2026-11-24T12:00:00Z".parse().unwrap();
    let document = Document { body: feed.as_bytes(), content_type: None, url: &url, now };
    let mut reading = FeedReader::default().read(document).unwrap().without(known.clone());
    let titles = reading.by_ref().map(|item| item.unwrap().content.title).collect();
    (titles, reading.finish().unwrap())
}

fn three() -> Vec<String> {
    (1..=3).map(|number| item(number, "chữ", DATE)).collect()
}

#[test]
fn an_item_is_looked_at_once_and_again_when_anything_about_it_changes() {
    let (titles, first) = read(&three(), "", &Known::default());
    assert_eq!((titles.len(), first.passed_over), (3, 0));
    let (titles, again) = read(&three(), "", &first.known);
    assert_eq!((titles.len(), again.items, again.passed_over), (0, 3, 3));
    assert_eq!(again.known, first.known);
    let changes = [
        item(2, "chữ khác", DATE),
        item(2, "chữ", "<pubDate>Mon, 23 Nov 2026 08:31:00 +0700</pubDate>"),
        item(2, "chữ", &format!("{DATE}<category>Mới</category>")),
        item(2, "chữ", &format!("{DATE}<author>A</author>")),
        item(2, "chữ", &format!("{DATE}<enclosure url=\"/a.png\" type=\"image/png\"/>")),
    ];
    for change in changes {
        let mut items = three();
        items[1] = change.clone();
        assert_eq!(read(&items, "", &first.known).0, ["Tin 2"], "{change}");
    }
}

#[test]
fn a_new_item_costs_itself_alone_and_what_left_the_feed_is_forgotten() {
    let (_, first) = read(&three(), "", &Known::default());
    let mut items = three();
    items.insert(0, item(4, "chữ", DATE));
    items.pop();
    let (titles, second) = read(&items, "", &first.known);
    assert_eq!((titles, second.passed_over), (vec!["Tin 4".to_owned()], 2));
    assert_eq!(read(&three(), "", &second.known).0, ["Tin 3"]);
}

#[test]
fn what_the_feed_says_of_itself_counts_for_all_its_items() {
    let (_, first) = read(&three(), "", &Known::default());
    let (titles, _) = read(&three(), "<link>https://a.example.vn/tin/</link>", &first.known);
    assert_eq!(titles.len(), 3);
}

#[test]
fn an_item_whose_date_is_guessed_is_looked_at_every_time() {
    let undated = || [item(1, "chữ", ""), item(2, "chữ", "<pubDate>Mon, 23 Nov 2099 08:30:00 +0700</pubDate>")];
    let (_, first) = read(&undated(), "", &Known::default());
    assert_eq!(read(&undated(), "", &first.known).0.len(), 2);
}

#[test]
fn two_items_with_one_guid_change_what_both_are() {
    let (_, first) = read(&three(), "", &Known::default());
    let mut items = three();
    items.push(item(9, "chữ", DATE).replace("<guid>b-9</guid>", "<guid>b-1</guid>"));
    let (titles, _) = read(&items, "", &first.known);
    assert!(titles.contains(&"Tin 9".to_owned()) && titles.contains(&"Tin 1".to_owned()), "{titles:?}");
}
