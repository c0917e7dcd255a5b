//! The sample portal of the demo reads without a murmur.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

use dongbo::article::Item;
use dongbo::source::media::sniff;
use dongbo::source::{Document, FeedReader, MediaKind};
use url::Url;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/sample")
}

fn read(name: &str) -> Vec<Item> {
    let body = fs::read(folder().join(name)).unwrap();
    let url = Url::parse("https://portal.example.vn/rss/tin-tuc.xml").unwrap();
    let now = "2026-11-24T12:00:00Z".parse().unwrap();
    let mut reading = FeedReader::default().read(Document { body: &body, content_type: None, url: &url, now }).unwrap();
    let items = reading.by_ref().map(Result::unwrap).collect();
    let summary = reading.finish().unwrap();
    assert!(summary.complete && summary.warnings.is_empty(), "{:?}", summary.warnings);
    items
}

#[test]
fn thirty_articles_have_a_picture_each() {
    let items = read("feed.xml");
    assert_eq!(items.len(), 30);
    let names: HashSet<_> = items.iter().map(|item| &item.names[0]).collect();
    assert_eq!(names.len(), 30);
    let mut pictures = HashSet::new();
    for item in &items {
        let image = item.content.image.as_deref().unwrap();
        let file = folder().join("media").join(image.rsplit('/').next().unwrap());
        let bytes = fs::read(&file).unwrap_or_else(|_| panic!("{}", file.display()));
        assert_eq!(sniff(&bytes).unwrap(), MediaKind::Png);
        assert!(pictures.insert(bytes), "{image} is another article's");
        assert!(item.content.body.starts_with("<p><strong>(BNP) –</strong> "), "{}", item.content.title);
        assert!(!item.categories.is_empty());
    }
}

#[test]
fn the_correction_is_another_revision_of_one_article() {
    let (items, corrected) = (read("feed.xml"), read("correction.xml"));
    assert_eq!(corrected.len(), 1);
    let before = items.iter().find(|item| item.names == corrected[0].names).unwrap();
    assert_ne!(before.content.digest(), corrected[0].content.digest());
    assert_eq!(before.content.published, corrected[0].content.published);
}
