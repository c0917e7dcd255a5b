//! A portal that is rebuilt gives its articles other names: they stay the same articles.

use dongbo_wordpress::fake::FakeWordPress;

use crate::desk::{Desk, exactly};
use crate::world::feed::Feed;

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
