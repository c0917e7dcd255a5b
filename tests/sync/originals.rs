//! What the source withdraws goes from every portal, and nothing else does.

use std::io::Write as _;

use dongbo_wordpress::fake::FakeWordPress;

use crate::desk::{Desk, SOON};
use crate::world::article::Article;
use crate::world::feed::{Feed, PageIs, Script};
use crate::world::wait;

/// A watch that need not be polite.
const WATCH: &str = "\n[watch]\nyoung = \"300ms\"\nsettled = \"300ms\"\nagain = \"100ms\"\npace = \"100ms\"\n\
                     [hosts]\npause = \"20ms\"\n";

/// A watch that would not notice anything within a test by itself.
const PATIENT: &str = "\n[watch]\nyoung = \"1h\"\nagain = \"100ms\"\npace = \"100ms\"\n[hosts]\npause = \"20ms\"\n";

struct World {
    feed: Feed,
    sites: [FakeWordPress; 2],
    desk: Desk,
}

impl World {
    /// Articles that stand on two portals, with the daemon's configuration.
    fn new(articles: u32) -> Self {
        Self::watched(articles, WATCH)
    }

    fn watched(articles: u32, watch: &str) -> Self {
        let feed = Feed::start();
        feed.add(articles);
        let sites = [FakeWordPress::start(), FakeWordPress::start()];
        let desk = Desk::new(&feed, &[&sites[0], &sites[1]], "in_flight = 8\nsettles_within = \"500ms\"\n");
        let file = std::fs::OpenOptions::new().append(true).open(desk.path("dongbo.toml"));
        file.unwrap().write_all(watch.as_bytes()).unwrap();
        let once = desk.run(&["run", "--once"]);
        assert!(once.status.success(), "{}", String::from_utf8_lossy(&once.stderr));
        Self { feed, sites, desk }
    }

    /// How many of the sites show the article to citizens.
    fn shows(&self, number: u32) -> usize {
        let article = Article::new(&self.feed.base(), number);
        self.sites.iter().filter(|site| crate::desk::stands(site, &article)).count()
    }

    fn comes_to(&self, number: u32, sites: usize) {
        let came = wait::at_most(SOON, || (self.shows(number) == sites).then_some(()));
        assert!(came.is_some(), "article {number} on {} sites\n{}", self.shows(number), self.desk.log_tail());
    }

    /// Until every original was looked at so often again.
    fn looks(&self, times: u64) {
        let articles = u64::from(self.feed.articles().last().map_or(0, |article| article.number));
        let until = self.feed.requests().pages + times * articles;
        let looked = wait::at_most(SOON, || (self.feed.requests().pages >= until).then_some(()));
        assert!(looked.is_some(), "originals are not looked at\n{}", self.desk.log_tail());
    }

    fn say(&self, arguments: &[&str]) -> String {
        let said = self.desk.run(&[&["--lang", "en"], arguments].concat());
        String::from_utf8_lossy(&said.stdout).into_owned()
    }

    fn url(&self, number: u32) -> String {
        Article::new(&self.feed.base(), number).url
    }
}

#[test]
fn an_original_that_is_gone_goes_from_every_portal_and_comes_back_with_it() {
    let world = World::new(8);
    let daemon = world.desk.start();
    world.feed.page(3, PageIs::Status(404));
    world.comes_to(3, 0);
    // The copy is gone a moment before the ledger says so.
    wait::until(SOON, "the reason", || {
        let why = world.say(&["why", &world.url(3), "so-0"]);
        if why.contains("its original is gone (404)") { Ok(()) } else { Err(why) }
    });
    assert!((1..=8).filter(|&number| number != 3).all(|number| world.shows(number) == 2));
    world.feed.page(3, PageIs::Published);
    world.comes_to(3, 2);
    daemon.stop();
}

#[test]
fn a_page_that_says_not_found_with_200_brings_nothing_back() {
    let world = World::new(4);
    let daemon = world.desk.start();
    world.feed.page(3, PageIs::Status(404));
    world.comes_to(3, 0);
    world.feed.page(3, PageIs::NotFoundInWords);
    world.looks(8);
    assert_eq!(world.shows(3), 0, "{}", world.desk.log_tail());
    world.feed.page(3, PageIs::Published);
    world.comes_to(3, 2);
    daemon.stop();
}

#[test]
fn an_original_that_was_closed_goes_too() {
    let world = World::new(4);
    let daemon = world.desk.start();
    world.feed.page(2, PageIs::Status(403));
    world.comes_to(2, 0);
    let article = world.say(&["article", &world.url(2)]);
    assert!(article.contains("WITHDRAWN: its original is closed to the public (403)"), "{article}");
    daemon.stop();
}

#[test]
fn what_says_nothing_withdraws_nothing() {
    let world = World::new(6);
    world.feed.page(1, PageIs::Status(500));
    world.feed.page(2, PageIs::Status(503));
    world.feed.page(3, PageIs::SentHome);
    world.feed.remove(4);
    let daemon = world.desk.start();
    world.looks(6);
    assert!((1..=6).all(|number| world.shows(number) == 2), "{}", world.desk.log_tail());
    daemon.stop();
}

#[test]
fn a_source_on_which_nothing_is_found_any_more_withdraws_nothing() {
    // So few that the brake would let them go.
    let world = World::new(3);
    (1..=3).for_each(|number| world.feed.page(number, PageIs::Status(404)));
    let daemon = world.desk.start();
    world.looks(8);
    assert!((1..=3).all(|number| world.shows(number) == 2), "{}", world.desk.log_tail());
    let events = || world.say(&["store", "events"]);
    assert_eq!(events().matches("source.braked").count(), 1, "a person is asked, once: {}", events());
    assert!(world.say(&["status"]).contains("dongbo source withdrawals cong-tinh"));

    (1..=3).for_each(|number| world.feed.page(number, PageIs::Published));
    let released = wait::at_most(SOON, || events().contains("source.brake-released").then_some(()));
    assert!(released.is_some(), "what came back needs no person: {}", events());
    assert!(!world.say(&["status"]).contains("source withdrawals"));
    daemon.stop();
}

#[test]
fn a_source_that_closed_altogether_goes_when_a_person_says_so() {
    let world = World::new(3);
    (1..=3).for_each(|number| world.feed.page(number, PageIs::Status(410)));
    let daemon = world.desk.start();
    let told = wait::at_most(SOON, || world.say(&["status"]).contains("source withdrawals").then_some(()));
    assert!(told.is_some(), "{}", world.say(&["status"]));
    world.say(&["source", "withdrawals", "cong-tinh", "--allow"]);
    (1..=3).for_each(|number| world.comes_to(number, 0));
    daemon.stop();
}

#[test]
fn what_a_person_shows_again_stays_although_its_original_is_gone() {
    let world = World::new(4);
    let daemon = world.desk.start();
    world.feed.page(2, PageIs::Status(404));
    world.comes_to(2, 0);
    world.say(&["withdraw", &world.url(2), "--undo", "--yes"]);
    world.comes_to(2, 2);
    world.looks(8);
    assert_eq!(world.shows(2), 2, "{}", world.desk.log_tail());
    daemon.stop();
}

#[test]
fn many_withdrawals_at_once_wait_for_a_persons_word() {
    let world = World::new(14);
    let gone = 5..=12;
    gone.clone().for_each(|number| world.feed.page(number, PageIs::Status(404)));
    let daemon = world.desk.start();
    let told =
        wait::at_most(SOON, || world.say(&["status"]).contains("dongbo source withdrawals cong-tinh").then_some(()));
    assert!(told.is_some(), "{}", world.say(&["status"]));
    world.looks(5);
    let missing = gone.clone().filter(|&number| world.shows(number) < 2).count();
    assert!(missing <= 3, "{missing} went without a person's word");
    let events = world.say(&["store", "events"]);
    assert_eq!(events.matches("source.braked").count(), 1, "one cause is one alarm: {events}");

    assert!(world.say(&["source", "withdrawals", "cong-tinh"]).contains("8 articles"));
    world.say(&["source", "withdrawals", "cong-tinh", "--keep"]);
    world.looks(6);
    assert_eq!(gone.clone().filter(|&number| world.shows(number) < 2).count(), missing, "kept");
    assert!(!world.say(&["status"]).contains("source withdrawals"));

    // They answer again, and are gone again: now they may go.
    gone.clone().for_each(|number| world.feed.page(number, PageIs::Published));
    world.looks(3);
    gone.clone().for_each(|number| world.feed.page(number, PageIs::Status(410)));
    let told = wait::at_most(SOON, || world.say(&["status"]).contains("source withdrawals").then_some(()));
    assert!(told.is_some(), "{}", world.say(&["status"]));
    world.say(&["source", "withdrawals", "cong-tinh", "--allow"]);
    gone.for_each(|number| world.comes_to(number, 0));
    daemon.stop();
}

#[test]
fn what_a_person_withdrew_stays_withdrawn() {
    let world = World::new(4);
    let daemon = world.desk.start();
    world.say(&["withdraw", &world.url(1), "--yes"]);
    world.comes_to(1, 0);
    world.looks(6);
    assert_eq!(world.shows(1), 0);
    let why = world.say(&["why", &world.url(1), "so-1"]);
    assert!(why.contains("by an order"), "{why}");
    daemon.stop();
}

#[test]
fn a_host_that_does_not_answer_delays_no_withdrawal_on_another() {
    let world = World::new(13);
    let silent = Feed::start();
    // The same numbers tell the same stories: one more is the watched one's.
    silent.add(12);
    let other = format!("\n[[source]]\nid = \"cham\"\nurl = {:?}\npoll = \"10s\"\n", silent.url());
    let file = std::fs::OpenOptions::new().append(true).open(world.desk.path("dongbo.toml"));
    file.unwrap().write_all(other.as_bytes()).unwrap();
    let once = world.desk.run(&["run", "--once"]);
    assert!(once.status.success(), "{}", String::from_utf8_lossy(&once.stderr));
    (1..=12).for_each(|number| silent.page(number, PageIs::Silent));
    let daemon = world.desk.start();
    let asked = wait::at_most(SOON, || (silent.requests().pages > 0).then_some(()));
    assert!(asked.is_some(), "{}", world.desk.log_tail());
    let began = std::time::Instant::now();
    world.feed.page(13, PageIs::Status(404));
    world.comes_to(13, 0);
    // One silent look lasts 20 seconds.
    assert!(began.elapsed() < std::time::Duration::from_secs(15), "{:?}", began.elapsed());
    daemon.stop();
}

#[test]
fn looks_are_counted_across_restarts() {
    let world = World::new(4);
    let ledger = rusqlite::Connection::open(world.desk.path("state/dongbo.db")).unwrap();
    ledger.execute("UPDATE original SET says = 1, times = 2, at = 0 WHERE article = 2", []).unwrap();
    drop(ledger);
    let url = world.say(&["article", &world.url(2)]);
    assert!(!url.contains("WITHDRAWN"));
    world.feed.page(2, PageIs::Status(404));
    let before = world.feed.requests().pages;
    let daemon = world.desk.start();
    world.comes_to(2, 0);
    let looks = world.feed.requests().pages - before;
    assert!(looks <= 12, "one more look was enough: {looks}");
    daemon.stop();
}

#[test]
fn what_a_person_took_from_one_portal_stays_away_there_when_the_original_comes_back() {
    let world = World::new(4);
    let url = world.url(3);
    world.desk.run(&["withdraw", &url, "--portal", "so-0", "--yes"]);
    let daemon = world.desk.start();
    world.comes_to(3, 1);
    world.feed.page(3, PageIs::Status(404));
    world.comes_to(3, 0);
    world.feed.page(3, PageIs::Published);
    world.comes_to(3, 1);
    world.looks(4);
    assert_eq!(world.shows(3), 1);
    world.desk.run(&["withdraw", &url, "--portal", "so-0", "--undo", "--yes"]);
    world.comes_to(3, 2);
    daemon.stop();
}

#[test]
fn a_tombstone_is_reason_to_look_at_once_and_withdraws_nothing_by_itself() {
    let world = World::watched(6, PATIENT);
    let daemon = world.desk.start();
    world.looks(1);
    let pages = world.feed.requests().pages;
    world.feed.page(3, PageIs::Status(404));
    world.feed.page(5, PageIs::Status(404));
    let guid = |number: u32| Article::new(&world.feed.base(), number).guid;
    let tombstones = format!(
        "<at:deleted-entry xmlns:at=\"http://purl.org/atompub/tombstones/1.0\" ref=\"{}\" when=\"2026-11-24T00:00:00Z\"/>\
         <at:deleted-entry xmlns:at=\"http://purl.org/atompub/tombstones/1.0\" ref=\"{}\" when=\"2026-11-24T00:00:00Z\">\
         <at:comment>nhầm</at:comment></at:deleted-entry>",
        guid(3),
        guid(4),
    );
    world.feed.play(Script { channel: tombstones.leak(), ..Script::default() });
    world.feed.add(1);
    world.comes_to(3, 0);
    world.comes_to(7, 2);
    assert_eq!(world.shows(4), 2, "its page stands: the tombstone is mistaken\n{}", world.desk.log_tail());
    assert_eq!(world.shows(5), 2, "nobody said a word of it, and its time has not come");
    let looks = world.feed.requests().pages - pages;
    assert!(looks <= 12, "three looks, with their controls, one at the mistaken one, one at the new: {looks}");
    daemon.stop();
}
