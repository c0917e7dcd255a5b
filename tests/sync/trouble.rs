//! What goes wrong between a portal and dongbo: nothing stays public that
//! should not, nothing stands twice, the others go on, and nobody else's post
//! changes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dongbo::store;
use dongbo_sdk::Key;
use dongbo_sdk::fake::Latency;
use dongbo_wordpress::fake::FakeWordPress;

use crate::desk::{Desk, SOON, by_key, exactly, stands};
use crate::world::feed::Feed;
use crate::world::wait;

/// A short grace, so that a test can wait for its end.
const SHORT: &str = "settles_within = \"2s\"\ntimeout = \"1s\"\n";

/// Creates take this long, half of it before they act.
fn slow_creates(site: &FakeWordPress, milliseconds: u64) {
    let time = Duration::from_millis(milliseconds);
    site.journal().set_slow_writes(Some(("/posts", Latency { min: time, max: time })));
}

/// A create is at work on the site.
fn creating(site: &FakeWordPress) -> Option<()> {
    let at_work = |entry: &dongbo_sdk::fake::Entry| {
        entry.status.is_none() && entry.method == "POST" && entry.target.contains("/posts")
    };
    site.journal().entries().iter().any(at_work).then_some(())
}

fn key(feed: &Feed, number: usize) -> Key {
    Key::derive(&feed.base(), &feed.articles()[number].guid)
}

fn withdraw(desk: &Desk, article: &str) {
    let desk = store::Desk::open(&desk.path("state")).unwrap();
    let found = desk.find_articles(article, 2).unwrap();
    assert_eq!(found.len(), 1, "{article}");
    let selection = store::Selection { article: Some(found[0].id.0), ..store::Selection::default() };
    desk.file(&store::Order { what: store::What::Withdraw, selection }, "test").unwrap();
}

fn public(site: &FakeWordPress) -> usize {
    site.posts().iter().filter(|post| post.key.is_some() && post.status == "publish").count()
}

#[test]
fn a_withdrawal_while_a_create_hangs_leaves_nothing_public() {
    let feed = Feed::start();
    feed.add(1);
    let site = FakeWordPress::start();
    let desk = Desk::new(&feed, &[&site], SHORT);
    assert!(desk.run(&["run", "--once"]).status.success());
    feed.add(1);
    slow_creates(&site, 4000);
    let daemon = desk.start();
    wait::at_most(SOON, || creating(&site)).expect("a create is at work");
    withdraw(&desk, &feed.articles()[1].url);
    site.journal().set_slow_writes(None);
    let hung = key(&feed, 1).to_string();
    wait::until(SOON, "the late copy is hidden", || match by_key(&site).get(&hung).map(Vec::as_slice) {
        Some([post]) if post.status == "draft" => Ok(()),
        other => Err(format!("{other:?}")),
    });
    assert_eq!(public(&site), 1);
    daemon.stop();
}

#[test]
fn a_correction_after_a_lost_create_corrects_that_copy() {
    let feed = Feed::start();
    feed.add(1);
    let site = FakeWordPress::start();
    let desk = Desk::new(&feed, &[&site], SHORT);
    slow_creates(&site, 3000);
    let daemon = desk.start();
    wait::at_most(SOON, || (!site.posts().is_empty()).then_some(())).expect("the create acts");
    site.journal().set_slow_writes(None);
    feed.correct(1);
    wait::until(SOON, "one corrected copy", || exactly(&site, &feed.articles()));
    daemon.stop();
}

#[test]
fn one_article_that_always_fails_delays_nobody() {
    let feed = Feed::start();
    feed.add(6);
    let site = FakeWordPress::start();
    site.refuse(&key(&feed, 2), 500);
    let desk = Desk::new(&feed, &[&site], SHORT);
    let daemon = desk.start();
    let mut articles = feed.articles();
    let refused = articles.remove(2);
    wait::until(SOON, "the others stand", || exactly(&site, &articles));
    feed.add(1);
    drop(daemon);
    let daemon = desk.start();
    wait::until(SOON, "a later one stands too", || {
        exactly(&site, &[articles.clone(), vec![feed.articles()[6].clone()]].concat())
    });
    assert!(!stands(&site, &refused));
    daemon.stop();
}

#[test]
fn another_site_behind_the_address_is_not_touched() {
    let feed = Feed::start();
    feed.add(5);
    let site = FakeWordPress::start();
    let desk = Desk::new(&feed, &[&site], SHORT);
    assert!(desk.run(&["run", "--once"]).status.success());
    site.replace_site();
    let foreign: Vec<_> = site.posts();
    (1..=5).for_each(|number| drop(feed.correct(number)));
    feed.add(2);
    let mut daemon = desk.start();
    let held = wait::at_most(SOON, || {
        let desk = store::Desk::open(&desk.path("state")).unwrap();
        desk.portals().unwrap()[0].health.held.clone()
    });
    // The check's findings hold for ten minutes, so the first correction shows the other site.
    assert_eq!(held.as_deref(), Some("conflict"), "{}", desk.log_tail());
    assert!(daemon.lives(Duration::from_millis(500)));
    daemon.stop();
    assert_eq!(site.posts(), foreign);
}

/// Everything stands, and a backup was made of that.
fn backed_up(feed: &Feed, site: &FakeWordPress) -> (Desk, PathBuf) {
    let desk = Desk::new(feed, &[site], SHORT);
    assert!(desk.run(&["run", "--once"]).status.success());
    let backup = desk.path("backup.db");
    store::Desk::open(&desk.path("state")).unwrap().backup(&backup).unwrap();
    (desk, backup)
}

fn put_back(desk: &Desk, backup: &Path) {
    for name in ["dongbo.db", "dongbo.db-wal", "dongbo.db-shm"] {
        let _ = fs::remove_file(desk.path("state").join(name));
    }
    fs::copy(backup, desk.path("state/dongbo.db")).unwrap();
}

#[test]
fn a_restored_ledger_waits_for_requests_that_it_does_not_know_of() {
    let feed = Feed::start();
    feed.add(1);
    let site = FakeWordPress::start();
    let (desk, backup) = backed_up(&feed, &site);
    feed.add(1);
    slow_creates(&site, 3000);
    let daemon = desk.start();
    wait::at_most(SOON, || creating(&site)).expect("a create is at work");
    daemon.kill();
    put_back(&desk, &backup);
    site.journal().set_slow_writes(None);
    let ended = desk.run(&["run", "--once"]);
    assert!(ended.status.success(), "{ended:?}");
    wait::until(SOON, "the lost create", || if creating(&site).is_none() { Ok(()) } else { Err("at work".into()) });
    exactly(&site, &feed.articles()).unwrap();
}

#[test]
fn a_restored_ledger_looks_before_it_writes() {
    let feed = Feed::start();
    feed.add(4);
    let site = FakeWordPress::start();
    let (desk, backup) = backed_up(&feed, &site);
    feed.add(4);
    feed.correct(1);
    let daemon = desk.start();
    wait::until(SOON, "what came after the backup", || exactly(&site, &feed.articles()));
    withdraw(&desk, &feed.articles()[2].url);
    wait::until(SOON, "the withdrawal", || if public(&site) == 7 { Ok(()) } else { Err(public(&site).to_string()) });
    daemon.stop();
    put_back(&desk, &backup);
    let ids: BTreeSet<_> = site.posts().iter().map(|post| post.id).collect();
    let ended = desk.run(&["run", "--once"]);
    assert_eq!(site.posts().iter().map(|post| post.id).collect::<BTreeSet<_>>(), ids, "nothing new was created");
    assert_eq!(public(&site), 7, "what was withdrawn stays away: {}", String::from_utf8_lossy(&ended.stderr));
    for (number, article) in feed.articles().iter().enumerate().filter(|(number, _)| *number != 2) {
        assert!(stands(&site, article), "article {number}");
    }
}
