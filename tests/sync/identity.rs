//! A portal that is rebuilt gives its articles other names: they stay the same articles.

use dongbo::article::{Name, NameKind};
use dongbo::store::wall;
use dongbo_wordpress::fake::FakeWordPress;

use crate::desk::{Desk, exactly};
use crate::holds::{Ledger, item};
use crate::world::feed::{Feed, Script};

/// A feed whose articles stand on one site.
struct World {
    feed: Feed,
    site: FakeWordPress,
    desk: Desk,
}

impl World {
    fn new(articles: u32) -> Self {
        let feed = Feed::start();
        feed.add(articles);
        let site = FakeWordPress::start();
        let desk = Desk::new(&feed, &[&site], "");
        let world = Self { feed, site, desk };
        world.run();
        world
    }

    fn run(&self) {
        assert!(self.desk.run(&["run", "--once"]).status.success(), "{}", self.desk.log_tail());
    }

    /// Posts on the site, in every status.
    fn creates(&self) -> usize {
        self.site.posts().len()
    }

    fn count(&self, sql: &str) -> i64 {
        let ledger = rusqlite::Connection::open(self.desk.path("state/dongbo.db")).unwrap();
        ledger.query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

const ARTICLES: &str = "SELECT count(*) FROM article";
const CREATES: &str = "SELECT count(*) FROM attempt WHERE operation = 1";

#[test]
fn a_whole_feed_that_changes_its_names_makes_no_new_article_and_no_second_copy() {
    let world = World::new(25);
    let World { feed, site, .. } = &world;
    let told = || (world.count(ARTICLES), world.creates(), world.count(CREATES));
    let before = told();
    assert_eq!(before, (25, 25, 25));

    feed.renew_guids();
    world.run();
    assert_eq!(told(), before, "guids are new, addresses stay");

    feed.renew_links();
    world.run();
    assert_eq!(told(), before, "addresses are new, the new guids stay");
    exactly(site, &feed.articles()).unwrap();
    let moved = site.posts().iter().filter(|post| post.content.contains("/bai/")).count();
    assert_eq!(moved, 25, "the copies lead to the new addresses");
}

#[test]
fn a_feed_that_begins_to_say_its_language_corrects_nothing() {
    let world = World::new(5);
    let World { feed, desk, .. } = &world;
    feed.play(Script { channel: "<language>vi-VN</language>", ..Script::default() });
    feed.add(1);
    world.run();
    assert_eq!((world.count(ARTICLES), world.count("SELECT count(*) FROM revision")), (6, 6));
    assert_eq!(world.creates(), 6);
    let new = feed.articles().pop().unwrap();
    let told: serde_json::Value = serde_json::from_slice(&desk.run(&["article", &new.url, "--json"]).stdout).unwrap();
    assert_eq!((&told["language"], &told["credit"]), (&"vi-VN".into(), &serde_json::Value::Null));
}

#[test]
fn guids_that_become_weak_take_no_article_away_and_double_none() {
    let world = World::new(25);
    let World { feed, site, .. } = &world;
    let first = feed.articles();
    feed.remove(1);
    let old = first[0].guid.clone();
    feed.publish(|article| article.guid = String::new());
    feed.publish(|article| article.guid = "0".into());
    feed.publish(|article| article.guid = "0".into());
    // What left the feed gives its guid to another article.
    feed.publish(|article| article.guid = old);
    world.run();
    let all: Vec<_> = first.iter().take(1).cloned().chain(feed.articles()).collect();
    assert_eq!((all.len(), world.creates()), (29, 29));
    exactly(site, &all).unwrap();

    feed.renew_guids();
    world.run();
    assert_eq!(world.creates(), 29, "guids are good again: articles are known by their links, then by both");
    feed.renew_links();
    world.run();
    assert_eq!(world.creates(), 29);
}

#[tokio::test]
async fn one_address_that_is_a_guid_here_and_a_link_there_names_one_article() {
    let name = |kind, value: &str| Name { kind, value: format!("https://tinh.example.vn{value}") };
    let of_feed = vec![name(NameKind::Guid, "/?p=812"), name(NameKind::Url, "/bai-hay")];
    let of_listing = vec![name(NameKind::Url, "/?p=812")];
    let known = |names| dongbo::article::Item { names, ..item(812, "Bài hay", wall()) };
    for (first, second) in [(&of_listing, &of_feed), (&of_feed, &of_listing)] {
        let ledger = Ledger::new(&[("rss", ""), ("trang", "")], &["mot"]).await;
        assert_eq!(ledger.reads("rss", vec![known(first.clone())]).await.new, 1);
        let read = ledger.reads("trang", vec![known(second.clone()), item(813, "Bài khác", wall())]).await;
        assert_eq!(read.new, 1, "only the other article is");
        let renamed = known(vec![name(NameKind::Guid, "/moi"), second.last().unwrap().clone()]);
        assert_eq!(ledger.reads("trang", vec![renamed]).await.new, 0, "all its names lead to it");
    }
}
