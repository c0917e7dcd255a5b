//! Nothing new costs nothing: an unchanged feed is neither parsed nor written down.

use std::sync::Arc;

use dongbo::article::{Content, Item, Name, NameKind, Precision};
use dongbo::config::Config;
use dongbo::daemon;
use dongbo::store::{Committed, Ingested, Linger, SourceSpec, Store};

use crate::reader::Reader;
use crate::world::feed::Feed;

#[tokio::test]
async fn a_hundred_polls_of_an_unchanged_feed_parse_and_write_nothing() {
    let feed = Feed::start();
    feed.add(50);
    let mut reader = Reader::new(&feed).await;
    assert_eq!(reader.poll().await.map(|committed| committed.new), Some(50));
    let (commits, parses) = (reader.commits(), reader.reader.parses());
    for _ in 0..100 {
        assert_eq!(reader.poll().await, None);
    }
    assert!(reader.commits().are_the_same_as(commits));
    assert_eq!(reader.reader.parses(), parses);
    assert_eq!(feed.requests().not_modified, 100);

    // The counter of commits does count.
    feed.add(1);
    reader.poll().await;
    assert!(!reader.commits().are_the_same_as(commits));
    reader.store.close();
}

#[tokio::test]
async fn an_old_text_that_comes_back_counts_once_it_was_seen_twice() {
    let feed = Feed::start();
    feed.add(3);
    let mut reader = Reader::new(&feed).await;
    reader.poll().await;
    feed.correct(2);
    assert_eq!(reader.poll().await.map(|committed| committed.corrected), Some(1));
    // A stale copy between two polls, again and again.
    for _ in 0..5 {
        feed.revert(2);
        let stale = reader.poll().await.unwrap();
        assert_eq!((stale.corrected, stale.returning), (0, 1));
        feed.correct(2);
        let fresh = reader.poll().await.unwrap();
        assert_eq!((fresh.corrected, fresh.returning), (0, 0));
    }
    // An editor takes the correction back: the feed stays as it is.
    feed.revert(2);
    assert_eq!(reader.poll().await.map(|committed| committed.corrected), Some(0));
    assert_eq!(reader.poll().await.map(|committed| committed.corrected), Some(1));
    assert_eq!(reader.poll().await, None);
    reader.store.close();
}

/// One article as two feeds tell it.
fn told(text: &str) -> Item {
    Item {
        names: vec![Name { kind: NameKind::Guid, value: "20182-1201".into() }],
        origin: "https://portal.example.vn".into(),
        content: Content {
            title: "Triển khai chính quyền số".into(),
            summary: String::new(),
            body: text.into(),
            published: "2026-11-23T01:30:00Z".parse().unwrap(),
            precision: Precision::Minute,
            byline: None,
            url: "https://portal.example.vn/news/-/details/20182/1201".into(),
            image: None,
            number: None,
            provenance: dongbo::article::Provenance::default(),
        },
        categories: vec!["Tin tức".into()],
        updated: None,
        hidden: String::new(),
    }
}

#[tokio::test]
async fn two_feeds_that_tell_an_article_differently_make_no_work() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Linger::No).unwrap();
    let specs = ["chinh", "phu"].map(|id| SourceSpec { id: id.into(), name: id.into() });
    let rows = store.configure(specs.to_vec(), Vec::new()).await.unwrap();
    let portal = "[[source]]\nid = \"chinh\"\nurl = \"https://portal.example.vn/rss\"\n[[portal]]\nid = \"a\"\n\
                  [portal.adapter.folder]\npath = \"a\"\nurl = \"https://a.example.vn\"\n";
    let config = Config::parse(portal, &folder.path().join("dongbo.toml")).unwrap();
    let planned = Arc::new(daemon::planned(&config, &rows));
    let mut brought = Vec::new();
    for (source, text) in [("chinh", "<p>Toàn văn.</p>"), ("phu", "<p>Trích.</p>")].into_iter().cycle().take(20) {
        let piece = Ingested { source: source.into(), items: vec![told(text)], ..Ingested::default() };
        brought.push(store.ingest(piece, planned.clone()).await.unwrap());
    }
    assert_eq!(brought[0].new, 1);
    assert!(brought[1..].iter().all(|committed| *committed == Committed { unchanged: 1, ..Committed::default() }));
    store.close();
}
