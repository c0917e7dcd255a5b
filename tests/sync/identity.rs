//! A portal that is rebuilt gives its articles other names: they stay the same articles.

use dongbo_wordpress::fake::FakeWordPress;

use crate::desk::{Desk, exactly};
use crate::world::feed::{Feed, Script};

/// Posts on the site, in every status.
fn creates(site: &FakeWordPress) -> usize {
    site.posts().len()
}

#[test]
fn a_whole_feed_that_changes_its_names_makes_no_new_article_and_no_second_copy() {
    let feed = Feed::start();
    feed.add(25);
    let site = FakeWordPress::start();
    let desk = Desk::new(&feed, &[&site], "");
    let run = || assert!(desk.run(&["run", "--once"]).status.success(), "{}", desk.log_tail());
    run();
    let ledger = rusqlite::Connection::open(desk.path("state/dongbo.db")).unwrap();
    let articles = || ledger.query_row("SELECT count(*) FROM article", [], |row| row.get::<_, i64>(0)).unwrap();
    let attempts = || {
        let create = "SELECT count(*) FROM attempt WHERE operation = 1";
        ledger.query_row(create, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    let before = (articles(), creates(&site), attempts());
    assert_eq!(before, (25, 25, 25));

    feed.renew_guids();
    run();
    assert_eq!((articles(), creates(&site), attempts()), before, "guids are new, addresses stay");

    feed.renew_links();
    run();
    assert_eq!((articles(), creates(&site), attempts()), before, "addresses are new, the new guids stay");
    exactly(&site, &feed.articles()).unwrap();
    let moved = site.posts().iter().filter(|post| post.content.contains("/bai/")).count();
    assert_eq!(moved, 25, "the copies lead to the new addresses");
}

#[test]
fn a_feed_that_begins_to_say_its_language_corrects_nothing() {
    let feed = Feed::start();
    feed.add(5);
    let site = FakeWordPress::start();
    let desk = Desk::new(&feed, &[&site], "");
    let run = || assert!(desk.run(&["run", "--once"]).status.success(), "{}", desk.log_tail());
    run();
    feed.play(Script { channel: "<language>vi-VN</language>", ..Script::default() });
    feed.add(1);
    run();
    let ledger = rusqlite::Connection::open(desk.path("state/dongbo.db")).unwrap();
    let count = |sql| ledger.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!((count("SELECT count(*) FROM article"), count("SELECT count(*) FROM revision")), (6, 6));
    assert_eq!(creates(&site), 6);
    let new = feed.articles().pop().unwrap();
    let told: serde_json::Value = serde_json::from_slice(&desk.run(&["article", &new.url, "--json"]).stdout).unwrap();
    assert_eq!((&told["language"], &told["credit"]), (&"vi-VN".into(), &serde_json::Value::Null));
}

#[test]
fn guids_that_become_weak_take_no_article_away_and_double_none() {
    let feed = Feed::start();
    feed.add(25);
    let site = FakeWordPress::start();
    let desk = Desk::new(&feed, &[&site], "");
    let run = || assert!(desk.run(&["run", "--once"]).status.success(), "{}", desk.log_tail());
    run();
    let first = feed.articles();
    feed.remove(1);
    let old = first[0].guid.clone();
    feed.publish(|article| article.guid = String::new());
    feed.publish(|article| article.guid = "0".into());
    feed.publish(|article| article.guid = "0".into());
    // What left the feed gives its guid to another article.
    feed.publish(|article| article.guid = old);
    run();
    let all: Vec<_> = first.iter().take(1).cloned().chain(feed.articles()).collect();
    assert_eq!((all.len(), creates(&site)), (29, 29));
    exactly(&site, &all).unwrap();

    feed.renew_guids();
    run();
    assert_eq!(creates(&site), 29, "guids are good again: articles are known by their links, then by both");
    feed.renew_links();
    run();
    assert_eq!(creates(&site), 29);
}
