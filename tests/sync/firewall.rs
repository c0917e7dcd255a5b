//! What looks injected reaches no citizen before a person has seen it, and
//! everything else is not kept waiting.

use std::io::Write as _;

use dongbo_wordpress::fake::FakeWordPress;

use crate::desk::{Daemon, Desk, SOON, exactly, stands};
use crate::world::article::Article;
use crate::world::feed::Feed;
use crate::world::wait;

struct World {
    feed: Feed,
    sites: [FakeWordPress; 2],
    desk: Desk,
}

impl World {
    /// Three articles stand on two portals; `table` is the source's `[source.firewall]`.
    fn new(table: &str) -> Self {
        let feed = Feed::start();
        feed.add(3);
        let sites = [FakeWordPress::start(), FakeWordPress::start()];
        let desk = Desk::new(&feed, &[&sites[0], &sites[1]], "in_flight = 8\n");
        let file = desk.path("dongbo.toml");
        let toml = std::fs::read_to_string(&file).unwrap();
        let (head, tail) = toml.split_once("\n[[portal]]").unwrap();
        let mut written = std::fs::File::create(&file).unwrap();
        write!(written, "{head}\nurgent = [\"Cảnh báo thiên tai\"]\n[source.firewall]\n{table}\n[[portal]]{tail}")
            .unwrap();
        let world = Self { feed, sites, desk };
        world.once();
        world
    }

    /// Reads and delivers all that is due.
    fn once(&self) {
        self.desk.run(&["run", "--once"]);
    }

    fn say(&self, arguments: &[&str]) -> String {
        let said = self.desk.run(&[&["--lang", "en"], arguments].concat());
        String::from_utf8_lossy(&said.stdout).into_owned() + &String::from_utf8_lossy(&said.stderr)
    }

    /// How many of the sites show the article, as it is now.
    fn shows(&self, article: &Article) -> usize {
        self.sites.iter().filter(|site| stands(site, article)).count()
    }

    /// No site ever received a word of it, in whatever status.
    fn never_received(&self, words: &str) {
        for site in &self.sites {
            let posts = site.posts();
            let found = posts.iter().find(|post| post.title.contains(words) || post.content.contains(words));
            assert!(found.is_none(), "{found:?}");
        }
    }

    fn comes(&self, article: &Article) {
        let came = wait::at_most(SOON, || (self.shows(article) == self.sites.len()).then_some(()));
        assert!(came.is_some(), "{} on {} sites\n{}", article.title, self.shows(article), self.desk.log_tail());
    }

    fn start(&self) -> Daemon {
        self.desk.start()
    }
}

#[test]
fn an_injected_article_reaches_no_portal_whatever_is_ordered() {
    let world = World::new("");
    let spam = world.feed.publish(|article| article.title = "Nhà cái uy tín số 1 Việt Nam".into());
    let sober = world.feed.publish(|_| {});
    world.once();
    assert_eq!((world.shows(&sober), world.shows(&spam)), (2, 0));
    let list = world.say(&["hold", "list"]);
    assert!(list.contains("Nhà cái uy tín") && list.contains("words of gambling or spam: nhà cái"), "{list}");
    let why = world.say(&["why", &spam.url, "so-0"]);
    assert!(why.contains("The content firewall holds it"), "{why}");
    for order in [&["retry", "--all", "--yes"][..], &["resync", "--all", "--yes"], &["resume", "--all", "--yes"]] {
        world.desk.run(order);
        world.once();
    }
    world.never_received("Nhà cái");
    assert_eq!(
        exactly(&world.sites[0], &world.feed.articles()[..3]).err().unwrap_or_default(),
        "4 posts for 3 articles"
    );
}

#[test]
fn a_hold_that_something_lifted_by_mistake_is_noticed_before_anything_leaves() {
    let world = World::new("");
    world.feed.publish(|article| article.title = "Nhà cái uy tín số 1 Việt Nam".into());
    world.feed.edit(1, |article| article.title = "Nhà cái uy tín, bản sửa".into());
    world.once();
    let ledger = rusqlite::Connection::open(world.desk.path("state/dongbo.db")).unwrap();
    let hint =
        "INSERT INTO due (portal, class, at, article) SELECT portal, class, 1, article FROM delivery WHERE hold = 4";
    ledger.execute(hint, []).unwrap();
    let lifted = ledger.execute("UPDATE delivery SET hold = 0, not_before = 0 WHERE hold = 4", []).unwrap();
    assert_eq!(lifted, 4, "two articles on two portals were held");
    drop(ledger);
    world.once();
    world.never_received("Nhà cái");
    assert!(world.say(&["hold", "list"]).contains("Nhà cái"));
}

#[test]
fn one_act_releases_it_everywhere_and_rejecting_ends_it() {
    let world = World::new("");
    let daemon = world.start();
    let right = world.feed.publish(|article| article.title = "Cảnh báo nhà cái lừa đảo".into());
    let wrong = world.feed.publish(|article| article.title = "Nổ hũ đổi thưởng".into());
    let after = world.feed.publish(|_| {});
    world.comes(&after);
    assert_eq!((world.shows(&right), world.shows(&wrong)), (0, 0));
    world.desk.run(&["hold", "release", &right.url]);
    world.comes(&right);
    world.desk.run(&["hold", "reject", &wrong.url]);
    let rejected = || world.say(&["why", &wrong.url, "so-1"]).contains("was rejected").then_some(());
    assert!(wait::at_most(SOON, rejected).is_some(), "{}", world.say(&["why", &wrong.url, "so-1"]));
    assert!(world.say(&["hold", "list"]).contains("Nothing is held"), "{}", world.say(&["hold", "list"]));
    assert!(world.say(&["hold", "list", "--all"]).contains("rejected by"));
    daemon.stop();
    world.never_received("Nổ hũ");
    let events = world.say(&["store", "events"]);
    for event in ["article.held", "article.released", "article.rejected"] {
        assert!(events.contains(event), "{event}: {events}");
    }
    // The editors take the injected words out: the article is one like others.
    let mended = world.feed.edit(wrong.number, |article| article.title = "Hội nghị tổng kết năm".into());
    world.once();
    assert_eq!(world.shows(&mended), 2);
}

#[test]
fn the_first_reading_teaches_hosts_and_a_release_does() {
    let link = |host: &str| format!("<p>Xem <a href=\"https://{host}/tin\">tại đây</a></p>");
    let feed = Feed::start();
    feed.publish(|article| article.body = link("bao.example.vn"));
    let sites = [FakeWordPress::start(), FakeWordPress::start()];
    let desk = Desk::new(&feed, &[&sites[0], &sites[1]], "");
    let world = World { feed, sites, desk };
    world.once();
    let taught = world.feed.publish(|article| article.body = link("bao.example.vn"));
    let new = world.feed.publish(|article| article.body = link("88.example.com"));
    world.once();
    assert_eq!((world.shows(&taught), world.shows(&new)), (2, 0));
    let list = world.say(&["hold", "list"]);
    assert!(list.contains("never named before: 88.example.com"), "{list}");
    world.desk.run(&["hold", "release", &new.url]);
    let next = world.feed.publish(|article| article.body = link("88.example.com"));
    let other = world.feed.publish(|article| article.body = link("89.example.com"));
    // Orders are obeyed after reading; the next round reads what was published after the release.
    world.once();
    world.once();
    assert_eq!((world.shows(&new), world.shows(&other)), (2, 0));
    assert_eq!(world.shows(&next), 0, "it came before the person's word did");
    let later = world.feed.publish(|article| article.body = link("88.example.com"));
    world.once();
    assert_eq!(world.shows(&later), 2);
}

#[test]
fn a_held_correction_leaves_the_copies_as_they_are() {
    let world = World::new("");
    let before = world.feed.articles()[0].clone();
    assert_eq!(world.shows(&before), 2);
    let hidden = "<div style=\"position:absolute;left:-9999px\"><a href=\"https://bacninh.example/x\">tin</a></div>";
    world.feed.edit(before.number, |article| article.body.push_str(hidden));
    world.once();
    assert_eq!(world.shows(&before), 2);
    let show = world.say(&["hold", "show", &before.url]);
    assert!(show.contains("hidden from readers: “https://bacninh.example/x tin”"), "{show}");
    assert!(show.contains("a correction: portals keep the text that they have"), "{show}");
    world.never_received("bacninh.example");
    let mended = world.feed.correct(before.number);
    world.once();
    assert_eq!(world.shows(&mended), 2);
    assert!(world.say(&["hold", "list"]).contains("Nothing is held"), "the held text is no longer the newest");
}

#[test]
fn a_burst_is_held_and_a_storm_is_released_by_one_act() {
    let world = World::new("burst = 5");
    world.feed.add(12);
    world.once();
    let standing = world.feed.articles().iter().filter(|article| world.shows(article) == 2).count();
    assert_eq!(standing, 3 + 5);
    let status = world.say(&["status"]);
    assert!(status.contains("URGENT: the content firewall holds 7 articles, "), "{status}");
    let list = world.say(&["hold", "list"]);
    assert!(list.starts_with("URGENT"), "{list}");
    assert!(world.say(&["store", "events"]).contains("article.held-urgent"));
    assert!(world.say(&["store", "events"]).contains("source.burst"));
    world.desk.run(&["hold", "release", "--source", "cong-tinh", "--yes"]);
    world.once();
    for site in &world.sites {
        exactly(site, &world.feed.articles()).unwrap();
    }
}

#[test]
fn an_urgent_article_that_is_held_alarms_at_once() {
    let world = World::new("");
    let daemon = world.start();
    world.feed.publish(|article| {
        article.title = "Tin bão khẩn cấp".into();
        article.categories = vec!["Cảnh báo thiên tai".into()];
        article.body.push_str("<p><a href=\"https://nchmf.example.vn/\">Bản tin</a></p>");
    });
    let alarmed = wait::at_most(SOON, || world.desk.log_tail().contains("URGENT articles are held").then_some(()));
    assert!(alarmed.is_some(), "{}", world.desk.log_tail());
    let article = world.feed.articles().last().unwrap().clone();
    world.desk.run(&["hold", "release", &article.url]);
    world.comes(&article);
    daemon.stop();
}

#[test]
fn a_withdrawal_passes_what_is_held() {
    let world = World::new("");
    let before = world.feed.articles()[1].clone();
    world.feed.edit(before.number, |article| article.title = "Soi cầu lô đề online".into());
    world.once();
    assert_eq!(world.shows(&before), 2);
    world.desk.run(&["withdraw", &before.url, "--yes"]);
    world.once();
    assert_eq!(world.shows(&before), 0, "the copies go although a newer text is held");
    assert!(world.say(&["hold", "list"]).contains("Nothing is held"));
    world.desk.run(&["withdraw", &before.url, "--undo", "--yes"]);
    world.once();
    world.never_received("Soi cầu");
}
