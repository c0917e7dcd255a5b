//! The past of a source on a person's order: all of it, once, behind what is
//! new, and where the order said.

use dongbo::history::Step;
use dongbo::store::{Desk as Ledger, Order, Piece, Selection, What};

use crate::desk::Desk;
use crate::paged::Reader;
use crate::world::api::{Api, Kind, Meanwhile};
use crate::world::feed::Feed;
use crate::world::listing::{self, Listing};

/// A person asks for everything since 2020; a daemon obeys.
async fn ask(reader: &Reader, source: &str) {
    let since = Some(1_577_836_800_000);
    let selection = Selection { source: Some(source.into()), since, ..Selection::default() };
    let order = Order { what: What::History, selection };
    Ledger::open(&reader.folder.path().join("state")).unwrap().file(&order, "test").unwrap();
    while reader.store.obey(reader.planned().clone()).await.unwrap() != Piece::Idle {}
}

/// Reads the past to its end, each answer by a reader that remembers nothing.
async fn look_back(reader: &Reader) -> usize {
    for answers in 0.. {
        match reader.historian().step(reader.planned()).await.unwrap() {
            Step::Done => return answers,
            Step::More => {}
            end => panic!("{end:?} after {answers} answers"),
        }
    }
    unreachable!("a past ends")
}

#[tokio::test]
async fn an_api_tells_its_past_although_articles_go_meanwhile_and_the_reader_is_killed() {
    for kind in [Kind::WordPress, Kind::Drupal, Kind::Liferay] {
        let api = Api::start(kind);
        api.add_past(31..151);
        api.add_past(0..5);
        let mut reader = Reader::of(&api.source()).await;
        assert_eq!(reader.poll().await.new, 5, "{kind:?}: a first reading is about the last month");
        ask(&reader, "cong-tinh").await;
        api.after(2, Meanwhile::Deleted(3));
        api.after(3, Meanwhile::Touched(60));
        let answers = look_back(&reader).await;
        assert!(answers >= 6, "{kind:?}: {answers}");
        reader.poll().await;
        reader.knows_all(&api.titles());
        assert_eq!(reader.store.obey(reader.planned().clone()).await.unwrap(), Piece::Done, "then it is resynced");
        assert_eq!(reader.historian().step(reader.planned()).await.unwrap(), Step::Idle);
    }
}

#[tokio::test]
async fn pages_are_walked_back_and_walked_again_where_something_went_meanwhile() {
    let listing = Listing::start();
    listing.add(470);
    let mut reader = Reader::new(&listing).await;
    assert_eq!(reader.poll().await.new, 400, "a poll reads twenty pages");
    ask(&reader, "chinh-tri").await;
    listing.after(21, listing::Meanwhile::Deleted(400));
    look_back(&reader).await;
    reader.knows_all(&listing.titles());
}

#[tokio::test]
async fn a_page_on_which_nothing_can_be_read_does_not_end_the_past() {
    let listing = Listing::start();
    listing.add(470);
    // All of the page behind those that a poll reads.
    listing.spoil(51..71);
    let mut reader = Reader::new(&listing).await;
    reader.poll().await;
    ask(&reader, "chinh-tri").await;
    look_back(&reader).await;
    reader.knows_all(&listing.titles());
}

#[tokio::test]
async fn a_past_that_cannot_be_read_further_brings_what_was_read_and_says_so() {
    let api = Api::start(Kind::WordPress);
    api.add_past(31..151);
    let mut reader = Reader::of(&api.source()).await;
    reader.poll().await;
    ask(&reader, "cong-tinh").await;
    for _ in 0..2 {
        assert_eq!(reader.historian().step(reader.planned()).await.unwrap(), Step::More);
    }
    reader.historian().give_up("500 Internal Server Error").await.unwrap();
    assert_eq!(look_back(&reader).await, 0);
    assert!(reader.known().len() >= 20, "{}", reader.known().len());
    assert_eq!(reader.store.obey(reader.planned().clone()).await.unwrap(), Piece::Done, "it is resynced");
    let events = Ledger::open(&reader.folder.path().join("state")).unwrap().events(100).unwrap();
    let broken = events.iter().find(|event| event.what == "source.history-broken").unwrap();
    assert!(broken.detail.contains("500 Internal Server Error"), "{broken:?}");
    reader.historian().give_up("nothing is asked for").await.unwrap();
    assert_eq!(reader.historian().step(reader.planned()).await.unwrap(), Step::Idle);
}

#[tokio::test]
async fn an_order_that_takes_the_place_of_one_is_not_ended_by_it() {
    let api = Api::start(Kind::WordPress);
    let reader = Reader::of(&api.source()).await;
    ask(&reader, "cong-tinh").await;
    let first = reader.store.history("cong-tinh").unwrap().unwrap();
    let selection = Selection { source: Some("cong-tinh".into()), since: Some(0), ..Selection::default() };
    let order = Order { what: What::History, selection };
    let desk = Ledger::open(&reader.folder.path().join("state")).unwrap();
    desk.file(&order, "test").unwrap();
    while reader.store.obey(reader.planned().clone()).await.unwrap() != Piece::Idle {}
    reader.store.history_ends("cong-tinh", first).await.unwrap();
    assert_eq!(reader.store.history("cong-tinh").unwrap().unwrap().since, 0);
    assert!(desk.open_orders().unwrap().is_empty(), "it resyncs when it is read itself");
}

#[tokio::test]
async fn a_server_that_repeats_one_page_for_ever_is_left() {
    let listing = Listing::start();
    listing.add(60);
    let mut reader = Reader::new(&listing).await;
    reader.poll().await;
    listing.behave(listing::Odd::SamePage);
    ask(&reader, "chinh-tri").await;
    assert!(look_back(&reader).await <= 3);
}

/// A portal in a folder that takes nothing old by itself.
fn desk(source: &str) -> Desk {
    let desk = Desk { folder: tempfile::tempdir().unwrap() };
    let portal = |id: &str| {
        format!(
            "[[portal]]\nid = \"{id}\"\ncreate_burst = 1000\npublish_delay = \"0s\"\n[portal.adapter.folder]\npath = \"{id}\"\nurl = \"http://{id}.example.vn\"\n"
        )
    };
    let toml = format!("state = \"state\"\n{source}{}{}", portal("mot"), portal("hai"));
    std::fs::write(desk.path("dongbo.toml"), toml).unwrap();
    desk
}

fn shown(desk: &Desk, portal: &str) -> usize {
    let pages = std::fs::read_dir(desk.path(portal).join("bai")).map(Iterator::count);
    pages.unwrap_or_default()
}

#[test]
fn an_operator_brings_the_past_to_one_portal() {
    let api = Api::start(Kind::WordPress);
    api.add_past(60..90);
    api.add_past(0..3);
    let desk = desk(&api.source());
    desk.run(&["run", "--once"]);
    assert_eq!((shown(&desk, "mot"), shown(&desk, "hai")), (3, 3));
    let order =
        ["--lang", "en", "resync", "--portal", "mot", "--source", "cong-tinh", "--since", "2020-01-01", "--yes"];
    let said = desk.run(&order);
    assert!(said.status.success(), "{said:?}");
    assert!(String::from_utf8_lossy(&said.stdout).contains("past is read back"), "{said:?}");
    desk.run(&["run", "--once"]);
    assert_eq!((shown(&desk, "mot"), shown(&desk, "hai")), (33, 3));
    let events = desk.run(&["store", "events"]);
    assert!(String::from_utf8_lossy(&events.stdout).contains("source.history-read"), "{events:?}");
}

#[test]
fn a_feed_has_no_past_and_says_so() {
    let feed = Feed::start();
    feed.add(3);
    let desk = desk(&format!("[[source]]\nid = \"cong-tinh\"\nurl = \"{}\"\n", feed.url()));
    desk.run(&["run", "--once"]);
    let said = desk.run(&["--lang", "en", "resync", "--source", "cong-tinh", "--since", "2020-01-01", "--yes"]);
    assert!(String::from_utf8_lossy(&said.stderr).contains("cannot be read back"), "{said:?}");
    assert!(said.status.success());
}
