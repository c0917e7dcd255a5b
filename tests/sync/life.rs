//! The life of an article: published, corrected, mirrored once.

use dongbo::store::{Linger, Store, wall};
use dongbo_wordpress::fake::FakeWordPress;

use crate::desk::{Desk, SOON, exactly};
use crate::world::feed::Feed;
use crate::world::wait;

#[test]
fn a_feed_becomes_posts_and_a_correction_reaches_them() {
    let feed = Feed::start();
    feed.add(12);
    let sites = [FakeWordPress::start(), FakeWordPress::start()];
    let desk = Desk::new(&feed, &[&sites[0], &sites[1]], "");
    let ended = desk.run(&["run", "--once"]);
    assert!(ended.status.success(), "{ended:?}");
    for site in &sites {
        exactly(site, &feed.articles()).unwrap();
    }
    feed.correct(3);
    let daemon = desk.start();
    for site in &sites {
        wait::until(SOON, "the correction reaches every site", || exactly(site, &feed.articles()));
    }
    daemon.stop();
}

#[test]
fn reading_the_same_again_writes_nothing_anywhere() {
    let feed = Feed::start();
    feed.add(3);
    let site = FakeWordPress::start();
    let desk = Desk::new(&feed, &[&site], "");
    assert!(desk.run(&["run", "--once"]).status.success());
    let writes = site.journal().by_method().get("POST").copied();
    assert!(desk.run(&["run", "--once"]).status.success());
    assert_eq!(site.journal().by_method().get("POST").copied(), writes);
}

#[tokio::test]
async fn old_attempts_are_forgotten_and_young_ones_are_not() {
    let feed = Feed::start();
    feed.add(3);
    let site = FakeWordPress::start();
    let desk = Desk::new(&feed, &[&site], "");
    assert!(desk.run(&["run", "--once"]).status.success());
    let store = Store::open(&desk.path("state"), Linger::No).unwrap();
    assert_eq!(store.prune_attempts(0).await.unwrap(), 0);
    // An upload and a create each; the newest stays, so that no number is given twice.
    assert_eq!(store.prune_attempts(wall() + 1000).await.unwrap(), 5);
    store.close();
    assert!(desk.run(&["run", "--once"]).status.success(), "what stands does not hang on its history");
}

#[tokio::test]
async fn a_forgotten_history_does_not_become_that_of_another_article() {
    let feed = Feed::start();
    feed.add(3);
    let old = feed.articles();
    let site = FakeWordPress::start();
    let desk = Desk::new(&feed, &[&site], "");
    assert!(desk.run(&["run", "--once"]).status.success());
    let store = Store::open(&desk.path("state"), Linger::No).unwrap();
    let pruned_at = wall() + 1;
    store.prune_attempts(pruned_at).await.unwrap();
    store.close();
    feed.add(3);
    assert!(desk.run(&["run", "--once"]).status.success());
    for article in &old {
        let said = desk.run(&["article", &article.url, "--json"]);
        let said: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
        let attempts = said["copies"][0]["attempts"].as_array().unwrap();
        assert!(attempts.iter().all(|attempt| attempt["at"].as_i64().unwrap() < pruned_at), "{said}");
    }
}

#[test]
fn sites_of_one_network_number_their_pictures_each_for_itself() {
    let feed = Feed::start();
    feed.add(3);
    let sites = [FakeWordPress::start(), FakeWordPress::start()];
    // From here on the same number means something else on the second site.
    sites[1].add_post("Bài của đơn vị", "<p>Nội dung của đơn vị.</p>");
    let desk = Desk::new(&feed, &[&sites[0], &sites[1]], "installation = \"may-chu\"\n");
    let toml = std::fs::read_to_string(desk.path("dongbo.toml")).unwrap();
    std::fs::write(desk.path("dongbo.toml"), toml + "\n[[installation]]\nid = \"may-chu\"\n").unwrap();
    let ended = desk.run(&["run", "--once"]);
    assert!(ended.status.success(), "{ended:?}");
    for site in &sites {
        exactly(site, &feed.articles()).unwrap();
        let media = site.media();
        for post in site.posts().iter().filter(|post| post.key.is_some()) {
            assert!(media.iter().any(|media| media.id == post.featured_media), "{}: {media:?}", post.featured_media);
        }
    }
}

const DRAFT: &str = "publish = \"draft\"\n";

#[test]
fn what_editors_published_stays_published_when_it_is_corrected() {
    let feed = Feed::start();
    feed.add(2);
    let site = FakeWordPress::start();
    let desk = Desk::new(&feed, &[&site], DRAFT);
    assert!(desk.run(&["run", "--once"]).status.success());
    assert_eq!(statuses(&site), ["draft", "draft"]);
    site.posts().iter().for_each(|post| site.publish(post.id));
    feed.correct(1);
    assert!(desk.run(&["run", "--once"]).status.success());
    exactly(&site, &feed.articles()).unwrap();
}

#[test]
fn no_editor_finds_a_withdrawn_article_among_the_drafts() {
    let feed = Feed::start();
    feed.add(2);
    let site = FakeWordPress::start();
    let desk = Desk::new(&feed, &[&site], DRAFT);
    assert!(desk.run(&["run", "--once"]).status.success());
    site.publish(site.posts()[0].id);
    assert!(desk.run(&["withdraw", "--all", "--yes"]).status.success());
    assert!(desk.run(&["run", "--once"]).status.success());
    assert_eq!(statuses(&site), ["trash", "trash"]);
    assert!(desk.run(&["withdraw", "--all", "--undo", "--yes"]).status.success());
    assert!(desk.run(&["run", "--once"]).status.success());
    assert_eq!(statuses(&site), ["draft", "draft"]);
}

fn statuses(site: &FakeWordPress) -> Vec<String> {
    site.posts().into_iter().filter(|post| post.key.is_some()).map(|post| post.status).collect()
}
