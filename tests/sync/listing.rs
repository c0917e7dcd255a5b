//! A portal without a feed: entries from its category pages, texts from the
//! articles' own pages. Nothing is missed, doubled or read twice, a correction
//! arrives, a redesign is an alarm and a hostile page does no harm.

use std::io::Write as _;
use std::net::TcpListener;
use std::time::Duration;

use dongbo::source::ReadError;
use dongbo_wordpress::fake::FakeWordPress;
use serde_json::Value;

use super::paged::Reader;
use crate::desk::{Desk, exactly};
use crate::world::category::{Asked, Category, Own};
use crate::world::feed::Feed;
use crate::world::listing::Meanwhile;

async fn reader(category: &Category) -> Reader {
    let mut reader = Reader::of(&category.source()).await;
    hurry(&mut reader, 100);
    reader
}

/// No pause between pages, and this many of them at each poll.
fn hurry(reader: &mut Reader, at_once: usize) {
    let pace = &mut reader.poller.pages.as_mut().unwrap().pace;
    (pace.pause, pace.at_once) = (Duration::ZERO, at_once);
}

fn ledger(reader: &Reader) -> rusqlite::Connection {
    rusqlite::Connection::open(reader.folder.path().join("state/dongbo.db")).unwrap()
}

fn count(reader: &Reader, what: &str) -> i64 {
    ledger(reader).query_row(&format!("SELECT count(*) FROM {what}"), [], |row| row.get(0)).unwrap()
}

/// As if the cadence of all pages had passed.
fn later(reader: &Reader) {
    ledger(reader).execute("UPDATE page SET due = 1 WHERE due > 1", []).unwrap();
}

fn content(reader: &Reader, title: &str) -> Value {
    let content: String = ledger(reader)
        .query_row(
            "SELECT content FROM article JOIN revision ON revision.id = article.revision WHERE title = ?1",
            [title],
            |row| row.get(0),
        )
        .unwrap();
    serde_json::from_str(&content).unwrap()
}

fn knows_all_of(reader: &Reader, category: &Category) {
    let known = reader.known();
    let missed: Vec<String> = category.articles().into_iter().map(|article| article.title).collect();
    let missed: Vec<_> = missed.into_iter().filter(|title| !known.contains(title)).collect();
    assert!(missed.is_empty(), "missed: {missed:?}");
}

#[tokio::test]
async fn every_article_arrives_once_with_its_whole_text_and_then_only_what_is_new() {
    let category = Category::start();
    category.add(25);
    let mut reader = reader(&category).await;
    assert_eq!(reader.poll().await.new, 25);
    knows_all_of(&reader, &category);
    assert_eq!(
        category.asked(),
        Asked { lists: 8, pages: 25 },
        "two passes over three lists and the empty one, each page once"
    );
    for article in category.articles() {
        let content = content(&reader, &article.title);
        assert!(content["body"].as_str().unwrap().contains("rõ trách nhiệm"), "{content}");
        assert_eq!(content["summary"], article.summary);
        assert_eq!(content["byline"], "Hồng Hà");
        assert_eq!(content["url"], article.url);
        assert_eq!(content["image"], format!("{}/documents/{}/anh.png", category.base(), article.number));
    }
    let before = category.asked();
    for _ in 0..3 {
        let committed = reader.poll().await;
        assert_eq!((committed.new, committed.corrected, committed.entries), (0, 0, 0));
    }
    assert_eq!(category.asked(), Asked { lists: before.lists + 3, ..before }, "an unchanged list is one request");
    category.add(2);
    assert_eq!(reader.poll().await.new, 2);
    assert_eq!(category.asked(), Asked { lists: before.lists + 4, pages: before.pages + 2 });
    assert_eq!((count(&reader, "article"), count(&reader, "revision")), (27, 27));
}

#[tokio::test]
async fn what_comes_and_goes_between_the_pages_is_neither_missed_nor_doubled() {
    let category = Category::start();
    category.add(45);
    category.after(1, Meanwhile::Deleted(44));
    category.after(2, Meanwhile::Deleted(30));
    category.after(3, Meanwhile::Added(12));
    let mut reader = reader(&category).await;
    reader.poll().await;
    reader.poll().await;
    knows_all_of(&reader, &category);
    assert!(category.asked().pages <= 57, "{:?}", category.asked());
}

#[tokio::test]
async fn what_one_poll_does_not_get_to_comes_with_the_next_even_after_a_kill() {
    let category = Category::start();
    category.add(25);
    let mut reader = reader(&category).await;
    for expected in [10, 20, 25] {
        hurry(&mut reader, 10);
        reader.poll().await;
        assert_eq!(reader.known().len(), expected);
        reader.restart();
    }
    assert_eq!(category.asked().pages, 25);
    assert!(reader.known().contains(&category.articles()[0].title));
}

#[tokio::test]
async fn the_newest_articles_are_read_first() {
    let category = Category::start();
    category.add(25);
    let mut reader = reader(&category).await;
    hurry(&mut reader, 5);
    reader.poll().await;
    category.add(1);
    hurry(&mut reader, 1);
    reader.poll().await;
    assert!(reader.known().contains(&category.articles()[25].title), "it does not wait behind the backlog");
}

#[tokio::test]
async fn a_correction_that_only_the_page_shows_arrives_within_the_cadence() {
    let category = Category::start();
    category.add(12);
    let mut reader = reader(&category).await;
    reader.poll().await;
    let corrected = category.correct(3);
    assert_eq!(reader.poll().await.corrected, 0, "its page is not due yet");
    later(&reader);
    let committed = reader.poll().await;
    assert_eq!((committed.new, committed.corrected), (0, 1));
    assert!(content(&reader, &corrected.title)["body"].as_str().unwrap().contains("Đính chính lần 1"));
    assert_eq!((count(&reader, "article"), count(&reader, "revision")), (12, 13));
    let before = category.asked().pages;
    assert_eq!(reader.poll().await.corrected, 0);
    assert_eq!(category.asked().pages, before, "read again in a day");
}

#[tokio::test]
async fn an_article_of_last_week_is_read_again_after_a_day() {
    let category = Category::start();
    category.add(1);
    let mut reader = reader(&category).await;
    reader.poll().await;
    let now = reader.store.clock().now().0;
    let due: i64 = ledger(&reader).query_row("SELECT due FROM page", [], |row| row.get(0)).unwrap();
    assert!((due - now - 86_400_000).abs() < 60_000, "{} ms", due - now);
}

#[tokio::test]
async fn a_redesign_of_the_pages_is_an_alarm_that_stays_and_changes_no_article() {
    let category = Category::start();
    category.add(12);
    let mut reader = reader(&category).await;
    reader.poll().await;
    let deliveries = count(&reader, "delivery WHERE stands_revision IS NULL");
    category.redesign(false, true);
    category.add(2);
    later(&reader);
    let before = category.asked().pages;
    for _ in 0..2 {
        let error = reader.fails().await;
        assert!(
            matches!(&error, ReadError::NothingMatched { field: "title", path } if path == "h1#contentDetailTitleId")
        );
        assert_eq!(reader.store.source("chinh-tri").unwrap().unwrap().failing.as_deref(), Some("nothing-matched"));
    }
    assert_eq!(category.asked().pages, before + 4, "three pages raise it, then one at a poll tries again");
    ledger(&reader).execute("UPDATE page SET due = due + 9000000 WHERE due <= 1", []).unwrap();
    reader.fails().await;
    assert_eq!((count(&reader, "article"), count(&reader, "revision")), (12, 12), "no empty article, none changed");
    assert_eq!(count(&reader, "delivery WHERE stands_revision IS NULL"), deliveries);
    let reason: String =
        ledger(&reader).query_row("SELECT reason FROM quarantine LIMIT 1", [], |row| row.get(0)).unwrap();
    assert!(reason.contains("/news/-/details/20182/tin-") && reason.contains("h1#contentDetailTitleId"), "{reason}");
    category.redesign(false, false);
    reader.restart();
    hurry(&mut reader, 100);
    assert_eq!(reader.poll().await.new, 2, "a restart tries at once what had failed");
    assert_eq!(reader.store.source("chinh-tri").unwrap().unwrap().failing, None);
    knows_all_of(&reader, &category);
}

#[tokio::test]
async fn a_redesign_of_the_list_is_an_alarm_and_changes_no_article() {
    let category = Category::start();
    category.add(5);
    let mut reader = reader(&category).await;
    reader.poll().await;
    category.redesign(true, false);
    let error = reader.fails().await;
    assert!(matches!(error, ReadError::NothingMatched { field: "items", .. }));
    assert_eq!(count(&reader, "article"), 5);
    category.redesign(false, false);
    category.add(1);
    assert_eq!(reader.poll().await.new, 1);
}

#[tokio::test]
async fn one_page_without_a_text_is_put_aside_and_stops_no_other() {
    let category = Category::start();
    category.add(8);
    category
        .own(8, Own::Page("<h1 id=contentDetailTitleId>Video</h1><div id=contentDetail> <p>&nbsp;</p></div>".into()));
    category.own(5, Own::Status(503));
    let mut reader = reader(&category).await;
    let committed = reader.poll().await;
    assert_eq!((committed.new, committed.quarantined), (6, 1));
    assert_eq!(reader.poll().await.quarantined, 0);
    assert_eq!(category.asked().pages, 8, "neither is asked again at once");
    category.own(5, Own::Page(String::from("<h1 id=contentDetailTitleId>Tin</h1><div id=contentDetail>Chữ</div>")));
    later(&reader);
    assert_eq!(reader.poll().await.new, 1, "it comes once its page answers");
}

#[tokio::test]
async fn pages_that_never_had_a_text_and_originals_that_are_gone_are_no_alarm() {
    let category = Category::start();
    category.add(9);
    for number in [2, 5, 8] {
        category.own(number, Own::Page("<h1>Video</h1>".into()));
    }
    let mut reader = reader(&category).await;
    assert_eq!(reader.poll().await.quarantined, 3);
    let failed = ledger(&reader);
    failed.execute("UPDATE page SET due = 1 WHERE failed", []).unwrap();
    reader.poll().await;
    for number in [1, 3, 4, 6] {
        category.own(number, Own::Status(404));
    }
    failed.execute("UPDATE page SET due = 1 WHERE NOT failed", []).unwrap();
    reader.poll().await;
    assert_eq!(reader.store.source("chinh-tri").unwrap().unwrap().failing, None);
    assert_eq!(count(&reader, "article WHERE NOT withdrawn"), 6);
}

#[tokio::test]
async fn pages_that_do_not_answer_end_the_poll_and_lose_no_article() {
    let category = Category::start();
    category.add(9);
    (1..=9).for_each(|number| category.own(number, Own::Status(503)));
    let mut reader = reader(&category).await;
    assert!(matches!(reader.fails().await, ReadError::Status(503)));
    assert_eq!(category.asked().pages, 3);
    category.answer();
    reader.poll().await;
    assert_eq!(reader.known().len(), 6);
    later(&reader);
    reader.poll().await;
    knows_all_of(&reader, &category);
}

#[tokio::test]
async fn a_hostile_page_harms_neither_us_nor_the_others() {
    let inner = TcpListener::bind("127.0.0.1:0").unwrap();
    inner.set_nonblocking(true).unwrap();
    let address = format!("http://{}/", inner.local_addr().unwrap());
    let page =
        |body: &str| Own::Page(format!("<h1 id=contentDetailTitleId>Tin xấu</h1><div id=contentDetail>{body}</div>"));
    let category = Category::start();
    category.add(8);
    category.own(8, page(&"<div>".repeat(100_000)));
    category.own(6, page(&"chữ ".repeat(1_500_000)));
    category.own(4, Own::Leads(address));
    category.own(
        2,
        page("<p onclick=a()>Chữ<script>a()</script><img src=x onerror=a()><a href='javascript:a()'>b</a></p>"),
    );
    let mut reader = reader(&category).await;
    let committed = reader.poll().await;
    assert_eq!((committed.new, committed.quarantined), (5, 2));
    let known = reader.known();
    assert!(
        category
            .articles()
            .iter()
            .filter(|article| article.number % 2 == 1)
            .all(|article| known.contains(&article.title))
    );
    let body = content(&reader, "Tin xấu")["body"].to_string();
    assert!(body.contains("Chữ") && !body.contains("script") && !body.contains("on"), "{body}");
    assert_eq!(inner.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "something within was asked");
    assert_eq!(reader.store.source("chinh-tri").unwrap().unwrap().failing, None);
}

#[tokio::test]
async fn a_feed_that_gives_whole_texts_needs_no_pages() {
    let feed = Feed::start();
    feed.add(4);
    let source = format!("[[source]]\nid = \"s\"\nurl = \"{}\"\n[source.page]\nbody = \"h1\"\n", feed.url());
    let mut reader = Reader::of(&source).await;
    assert_eq!(reader.poll().await.new, 4);
    assert_eq!((feed.requests().pages, count(&reader, "page")), (0, 0));
}

#[test]
fn the_daemon_shows_the_articles_of_a_category_everywhere_and_a_redesign_changes_no_copy() {
    let category = Category::start();
    category.add(6);
    let sites = [FakeWordPress::start(), FakeWordPress::start()];
    let desk = Desk::reading(&category.source(), &[&sites[0], &sites[1]]);
    let ended = desk.run(&["run", "--once"]);
    assert!(ended.status.success(), "{ended:?}");
    sites.iter().for_each(|site| exactly(site, &category.articles()).unwrap());
    let (before, articles) = (sites[0].posts(), category.articles());
    category.redesign(false, true);
    category.add(3);
    assert!(!desk.run(&["run", "--once"]).status.success());
    assert_eq!(sites[0].posts(), before);
    category.redesign(false, false);
    assert!(desk.run(&["run", "--once"]).status.success());
    assert_eq!(category.articles().len(), articles.len() + 3);
    sites.iter().for_each(|site| exactly(site, &category.articles()).unwrap());
}

#[test]
fn an_operator_sees_whole_texts_before_the_source_is_used() {
    let category = Category::start();
    category.add(3);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dongbo.toml");
    let portal = "[[portal]]\nid = \"p\"\n[portal.adapter.folder]\npath = \"out\"\n";
    write!(std::fs::File::create(&file).unwrap(), "{}{portal}", category.source()).unwrap();
    let read = || {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dongbo"));
        let url = format!("{}/chinh-tri", category.base());
        command.arg("--config").arg(&file).args(["--lang", "en", "read", &url, "--source", "chinh-tri", "--json"]);
        let said = command.output().unwrap();
        (said.status.code(), serde_json::from_slice::<Value>(&said.stdout).unwrap_or_default())
    };
    let (code, data) = read();
    assert_eq!((code, data["items"].as_array().map(Vec::len)), (Some(0), Some(3)));
    assert!(data["items"][0]["body"].as_str().unwrap().contains("rõ trách nhiệm"), "{data}");
    category.redesign(false, true);
    let (code, data) = read();
    assert_eq!((code, data["quarantined"].as_array().map(Vec::len)), (Some(4), Some(3)), "{data}");
    let check = || {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dongbo"));
        let said = command.arg("--config").arg(&file).args(["--lang", "en", "check", "--json"]).output().unwrap();
        serde_json::from_slice::<Value>(&said.stdout).unwrap()["sources"][0].clone()
    };
    assert_eq!((&check()["passed"], &check()["items"]), (&true.into(), &3.into()), "its list can be read");
    category.redesign(true, true);
    assert_eq!(check()["passed"], false);
}

#[tokio::test]
async fn entries_whose_pages_wait_are_known_ground() {
    let category = Category::start();
    category.add(3);
    let mut reader = reader(&category).await;
    hurry(&mut reader, 0);
    reader.poll().await;
    let source = reader.poller.id.clone();
    let waiting = reader.store.pages_due(&source, 10).unwrap();
    assert_eq!((waiting.len(), count(&reader, "article")), (3, 0));
    assert!(reader.store.shows_any(&source, &[waiting[0].entry.clone()]).unwrap(), "a feed of such entries has no gap");
}
