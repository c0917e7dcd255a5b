//! What the content firewall promises where sources and portals come and go:
//! the ledger alone, without a reading or a portal's work.

use std::sync::Arc;

use dongbo::article::{Content, Item, Name, NameKind, Precision};
use dongbo::config::Config;
use dongbo::daemon;
use dongbo::delivery::{Delivery, State, Wanted};
use dongbo::plan;
use dongbo::store::{
    Committed, Desk, Ingested, Linger, Order, Piece, Planned, PortalSpec, Selection, SourceSpec, Store, What, wall,
};
use jiff::Timestamp;
use tempfile::TempDir;

const DAY: i64 = 24 * 60 * 60 * 1000;

/// A ledger under a configuration that may change.
pub(crate) struct Ledger {
    folder: TempDir,
    pub(crate) store: Store,
    planned: Arc<Planned>,
    /// Keys of each portal's table.
    rules: &'static str,
}

impl Ledger {
    /// `sources`: id and table `[source.firewall]`; `portals`: ids.
    pub(crate) async fn new(sources: &[(&str, &str)], portals: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        std::fs::create_dir_all(&state).unwrap();
        let store = Store::open(&state, Linger::No).unwrap();
        let mut ledger = Self { folder, store, planned: Arc::default(), rules: "" };
        ledger.configure(sources, portals).await;
        ledger
    }

    async fn configure(&mut self, sources: &[(&str, &str)], portals: &[&str]) {
        let source = |(id, firewall): &(&str, &str)| {
            format!(
                "[[source]]\nid = \"{id}\"\nurl = \"https://tinh.example.vn/{id}\"\n[source.firewall]\n{firewall}\n"
            )
        };
        let rules = self.rules;
        let portal = |id: &&str| {
            format!(
                "[[portal]]\nid = \"{id}\"\n{rules}\npublish_delay = \"0s\"\ncorrection_gap = \"0s\"\n[portal.adapter.folder]\n\
                 path = \"{id}\"\nurl = \"http://{id}.example.vn\"\n"
            )
        };
        let tables: String = sources.iter().map(source).chain(portals.iter().map(portal)).collect();
        let config =
            Config::parse(&format!("state = \"state\"\n{tables}"), &self.folder.path().join("dongbo.toml")).unwrap();
        let specs = sources.iter().map(|(id, _)| SourceSpec { id: (*id).into(), name: (*id).into() });
        let places = portals.iter().map(|id| PortalSpec {
            id: (*id).into(),
            installation: (*id).into(),
            address: format!("http://{id}.example.vn"),
            access: [0; 32],
        });
        let rows = self.store.configure(specs.collect(), places.collect()).await.unwrap();
        self.planned = Arc::new(daemon::planned(&config, &rows));
        // As the daemon does when it starts.
        for portal in rows.iter().filter(|row| row.rules.is_none()) {
            let Some(planned) = self.planned.portals.iter().find(|planned| planned.name == portal.name) else {
                continue;
            };
            let digest = plan::digest(&planned.rules);
            self.store.plan_portal(planned.clone(), digest, self.planned.clone()).await.unwrap();
        }
    }

    /// A reading of the source that shows these articles and ends.
    pub(crate) async fn reads(&self, source: &str, items: Vec<Item>) -> Committed {
        let piece = Ingested { items, last: true, ..Ingested::new(source) };
        self.store.ingest(piece, self.planned.clone()).await.unwrap()
    }

    pub(crate) async fn orders(&self, what: What, selection: Selection) {
        self.files(what, selection);
        while self.obeys().await != Piece::Idle {}
    }

    pub(crate) fn files(&self, what: What, selection: Selection) {
        self.desk().file(&Order { what, selection }, "test").unwrap();
    }

    /// One piece of the next order.
    pub(crate) async fn obeys(&self) -> Piece {
        self.store.obey(self.planned.clone()).await.unwrap()
    }

    /// This article, everywhere.
    fn only(&self, words: &str) -> Selection {
        let article = Some(self.desk().find_articles(words, 1).unwrap()[0].id.0);
        Selection { article, ..Selection::default() }
    }

    fn desk(&self) -> Desk {
        Desk::open(&self.folder.path().join("state")).unwrap()
    }

    fn title(&self, words: &str) -> String {
        self.desk().find_articles(words, 1).unwrap()[0].title.clone()
    }

    pub(crate) fn delivery(&self, words: &str, portal: &str) -> Option<Delivery> {
        let article = self.desk().find_articles(words, 1).unwrap()[0].id;
        let rows = self.desk().deliveries(article).unwrap();
        rows.into_iter().find(|row| row.portal_name == portal).map(|row| row.delivery)
    }

    fn state(&self, words: &str, portal: &str) -> Option<State> {
        self.delivery(words, portal).map(|delivery| delivery.state())
    }

    /// The portals were met so many days ago.
    fn ages(&self, days: i64) {
        let ledger = rusqlite::Connection::open(self.folder.path().join("state/dongbo.db")).unwrap();
        ledger.execute("UPDATE portal SET since = since - ?1", [days * DAY]).unwrap();
    }
}

pub(crate) fn item(number: u32, title: &str, published: i64) -> Item {
    let url = format!("https://tinh.example.vn/tin/{number}");
    let content = Content {
        title: title.into(),
        summary: String::new(),
        body: format!("<p>{title}</p>"),
        published: Timestamp::from_millisecond(published / 1000 * 1000).unwrap(),
        precision: Precision::Second,
        byline: None,
        url: url.clone(),
        image: None,
        number: None,
        provenance: dongbo::article::Provenance::default(),
    };
    let names = vec![Name { kind: NameKind::Url, value: url }];
    Item {
        names,
        origin: "https://tinh.example.vn".into(),
        content,
        categories: Vec::new(),
        updated: None,
        hidden: String::new(),
    }
}

const SPAM: &str = "Nhà cái uy tín số 1";

#[tokio::test]
async fn a_source_that_left_the_configuration_no_longer_decides_what_an_article_says() {
    let mut ledger = Ledger::new(&[("chinh", ""), ("phu", "")], &["mot"]).await;
    let now = wall();
    ledger.reads("chinh", vec![item(1, "Bản đầu", now)]).await;
    ledger.reads("phu", vec![item(1, "Bản của nguồn phụ", now)]).await;
    assert_eq!(ledger.title("https://tinh.example.vn/tin/1"), "Bản đầu", "content comes from the first source");
    ledger.configure(&[("phu", "")], &["mot"]).await;
    assert_eq!(ledger.reads("phu", vec![item(1, "Bản sửa", now)]).await.corrected, 1);
    assert_eq!(ledger.title("https://tinh.example.vn/tin/1"), "Bản sửa");
    // A source whose id is written anew is another one to the ledger.
    ledger.configure(&[("moi", "")], &["mot"]).await;
    ledger.reads("moi", vec![item(1, "Bản sửa", now)]).await;
    assert_eq!(ledger.reads("moi", vec![item(1, "Bản sửa lần hai", now)]).await.corrected, 1);
}

#[tokio::test]
async fn a_persons_word_reaches_a_portal_that_is_out_of_the_configuration_for_a_while() {
    for (what, then) in [(What::Release as fn(Vec<i64>) -> What, State::Due), (What::Reject, State::Rejected)] {
        let mut ledger = Ledger::new(&[("tinh", "")], &["mot", "hai"]).await;
        ledger.reads("tinh", vec![item(1, SPAM, wall())]).await;
        assert_eq!(ledger.state(SPAM, "hai"), Some(State::Held));
        ledger.configure(&[("tinh", "")], &["mot"]).await;
        let held = ledger.desk().held(false).unwrap();
        ledger.orders(what(vec![held[0].revision.0]), Selection::default()).await;
        ledger.configure(&[("tinh", "")], &["mot", "hai"]).await;
        assert_eq!((ledger.state(SPAM, "mot"), ledger.state(SPAM, "hai")), (Some(then), Some(then)));
    }
}

#[tokio::test]
async fn a_portal_that_comes_back_takes_up_what_it_missed() {
    let mut ledger = Ledger::new(&[("tinh", "")], &["mot", "hai"]).await;
    let now = wall();
    ledger.reads("tinh", vec![item(1, "Tin một", now), item(2, "Tin hai", now), item(3, "Tin ba", now)]).await;
    let before = ledger.delivery("Tin ba", "hai");
    ledger.configure(&[("tinh", "")], &["mot"]).await;
    ledger.reads("tinh", vec![item(1, "Tin một, bản sửa", now), item(4, "Tin bốn", now)]).await;
    ledger.orders(What::Withdraw, ledger.only("Tin hai")).await;
    ledger.configure(&[("tinh", "")], &["mot", "hai"]).await;
    assert_eq!(ledger.delivery("Tin hai", "hai").unwrap().wanted, Wanted::Nothing, "the withdrawal");
    let wanted = |portal| ledger.delivery("Tin một", portal).unwrap().wanted;
    assert_eq!(wanted("hai"), wanted("mot"), "the correction");
    assert!(ledger.delivery("Tin bốn", "hai").is_some(), "what is new");
    assert_eq!(ledger.delivery("Tin ba", "hai"), before, "and nothing else is touched");
}

#[tokio::test]
async fn a_portal_that_comes_back_shows_again_what_was_restored_and_not_what_a_person_took_there() {
    let (sources, now) = ([("tinh", "")], wall());
    let inward = Item { categories: vec!["Nội bộ".into()], ..item(3, "Tin ba", now) };
    let mut ledger = Ledger::new(&sources, &["mot", "hai"]).await;
    ledger.reads("tinh", vec![item(1, "Tin một", now), item(2, "Tin hai", now), inward]).await;
    let titles = ["Tin một", "Tin hai", "Tin ba"];
    let taken = Selection { portals: Some(["hai".to_owned()].into()), ..ledger.only("Tin hai") };
    ledger.orders(What::Withdraw, taken).await;
    for title in titles {
        ledger.orders(What::Withdraw, ledger.only(title)).await;
    }
    ledger.configure(&sources, &["mot"]).await;
    for title in titles {
        ledger.orders(What::Restore, ledger.only(title)).await;
    }
    ledger.rules = "reject = [\"Nội bộ\"]";
    ledger.configure(&sources, &["mot", "hai"]).await;
    let shown = |portal| titles.map(|title| ledger.delivery(title, portal).unwrap().wanted != Wanted::Nothing);
    assert_eq!(shown("mot"), [true, true, true]);
    assert_eq!(shown("hai"), [true, false, false], "taken there, and refused by its rules of now");
    ledger.reads("tinh", vec![item(2, "Tin hai, bản sửa", now)]).await;
    assert_eq!(ledger.delivery("Tin hai, bản sửa", "hai").unwrap().wanted, Wanted::Nothing, "no revision brings it");
}

#[tokio::test]
async fn a_portal_that_is_new_while_an_article_is_withdrawn_shows_it_once_it_is_restored() {
    let (sources, now) = ([("tinh", "")], wall());
    let mut ledger = Ledger::new(&sources, &["khac"]).await;
    ledger.rules = "accept = [\"Tin\"]";
    ledger.configure(&sources, &["mot"]).await;
    let accepted = |number, title, at| Item { categories: vec!["Tin".into()], ..item(number, title, at) };
    let refused = item(4, "Tin bốn", now);
    let read =
        vec![accepted(1, "Tin một", now), accepted(2, "Tin hai", now - 20 * DAY), item(3, "Tin ba", now), refused];
    ledger.reads("tinh", read).await;
    for title in ["Tin một", "Tin hai", "Tin ba"] {
        ledger.orders(What::Withdraw, ledger.only(title)).await;
    }
    ledger.configure(&sources, &["mot", "ba"]).await;
    assert_eq!(ledger.delivery("Tin một", "ba"), None);
    let everything = Order { what: What::Restore, selection: Selection::default() };
    let foreseen = ledger.desk().foresee(&everything, &ledger.planned).unwrap();
    ledger.orders(What::Restore, Selection::default()).await;
    let wanted = |portal| ledger.delivery("Tin một", portal).map(|delivery| delivery.wanted);
    assert!(wanted("ba").is_some() && wanted("ba") == wanted("mot"));
    let came = ["Tin hai", "Tin ba", "Tin bốn"].map(|title| ledger.delivery(title, "ba").is_some());
    assert_eq!(came, [false; 3], "too old, refused, and never withdrawn");
    assert_eq!(foreseen, [("mot".into(), 1), ("ba".into(), 1)]);
    ledger.rules = "";
    ledger.configure(&sources, &["mot", "ba"]).await;
    ledger.orders(What::Restore, Selection::default()).await;
    assert_eq!(ledger.delivery("Tin bốn", "ba"), None, "nothing was restored: what the old rules refused stays away");
}

#[tokio::test]
async fn a_portal_that_comes_back_with_other_rules_is_not_flooded_with_what_the_old_ones_refused() {
    let (sources, now) = ([("tinh", "")], wall());
    let accepted = |number, title| Item { categories: vec!["Tin".into()], ..item(number, title, now) };
    let mut ledger = Ledger::new(&sources, &["hai"]).await;
    ledger.rules = "accept = [\"Tin\"]";
    ledger.configure(&sources, &["mot", "hai"]).await;
    ledger.reads("tinh", vec![item(1, "Tin một", now), accepted(2, "Tin hai")]).await;
    ledger.configure(&sources, &["hai"]).await;
    ledger.reads("tinh", vec![item(3, "Tin ba", now)]).await;
    ledger.rules = "";
    ledger.configure(&sources, &["mot", "hai"]).await;
    let came = ["Tin một", "Tin hai", "Tin ba"].map(|title| ledger.delivery(title, "mot").is_some());
    assert_eq!(came, [false, true, true]);
}

#[tokio::test]
async fn a_flood_that_is_dated_back_is_a_burst_unless_nobody_takes_it_or_a_person_asked_for_the_past() {
    let flood = || (1..=60).map(|n| item(n, &format!("Tin số {n}"), wall() - 20 * DAY)).collect::<Vec<_>>();
    let ledger = Ledger::new(&[("tinh", "")], &["mot"]).await;
    ledger.reads("tinh", Vec::new()).await;
    let brought = ledger.reads("tinh", flood()).await;
    assert_eq!((brought.deliveries, brought.held), (0, 0), "older than what the portal takes by itself");

    for asked in [false, true] {
        let mut ledger = Ledger::new(&[("tinh", "")], &["mot"]).await;
        ledger.ages(300);
        ledger.configure(&[("tinh", "")], &["mot"]).await;
        ledger.reads("tinh", Vec::new()).await;
        if asked {
            let (source, since) = (Some("tinh".to_owned()), Some(wall() - 30 * DAY));
            ledger.orders(What::History, Selection { source, since, ..Selection::default() }).await;
        }
        let brought = ledger.reads("tinh", flood()).await;
        assert_eq!((brought.deliveries, brought.held), (60, if asked { 0 } else { 10 }));
    }
}

#[tokio::test]
async fn a_source_that_is_added_later_learns_from_articles_that_another_one_has_shown() {
    let linking = |number: u32| {
        let mut item = item(number, &format!("Tin số {number}"), wall());
        item.content.body = "<p><a href=\"https://bao.example.vn/\">Báo</a></p>".into();
        item
    };
    let mut ledger = Ledger::new(&[("chinh", "")], &["mot"]).await;
    ledger.reads("chinh", vec![linking(1)]).await;
    ledger.configure(&[("chinh", ""), ("phu", "")], &["mot"]).await;
    ledger.reads("phu", vec![linking(1)]).await;
    assert_eq!(ledger.reads("phu", vec![linking(2)]).await.held, 0, "its own first reading has shown the host");
    // What a person has not released teaches nothing.
    let mut ledger = Ledger::new(&[("chinh", "")], &["mot"]).await;
    ledger.reads("chinh", Vec::new()).await;
    assert_eq!(ledger.reads("chinh", vec![linking(1)]).await.held, 1);
    ledger.configure(&[("chinh", ""), ("phu", "")], &["mot"]).await;
    ledger.reads("phu", vec![linking(1)]).await;
    assert_eq!(ledger.reads("phu", vec![linking(2)]).await.held, 1);
}

#[tokio::test]
async fn a_text_that_does_not_count_alarms_nobody_until_it_does() {
    let mut ledger = Ledger::new(&[("chinh", ""), ("phu", "")], &["mot"]).await;
    ledger.reads("chinh", vec![item(1, "Tin một", wall())]).await;
    let told = || ledger.desk().events(100).unwrap().iter().filter(|event| event.what == "article.held").count();
    assert_eq!(ledger.reads("phu", vec![item(1, SPAM, wall())]).await.held, 0);
    assert_eq!((told(), ledger.desk().held(false).unwrap().len()), (0, 0));
    assert_eq!(ledger.state("Tin một", "mot"), Some(State::Due), "the text of the first source goes out");
    ledger.configure(&[("phu", "")], &["mot"]).await;
    let other = format!("{SPAM} Việt Nam");
    assert_eq!(ledger.reads("phu", vec![item(1, &other, wall())]).await.held, 1);
    assert_eq!(ledger.desk().held(false).unwrap().len(), 1);
    assert_eq!(ledger.state(SPAM, "mot"), Some(State::Held));
}
