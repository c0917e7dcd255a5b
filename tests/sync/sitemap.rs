//! A portal that is told by its sitemap alone: what is new and what was touched
//! arrives once, what is unchanged costs next to nothing, and a broken, endless
//! or lying file stops no other.

use std::io::Write as _;
use std::time::Duration;

use dongbo::source::ReadError;
use jiff::{SignedDuration, Timestamp};

use super::paged::Reader;
use crate::world::map::{Asked, Map};

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

async fn reader(map: &Map) -> Reader {
    let mut reader = Reader::of(&map.source()).await;
    hurry(&mut reader);
    reader
}

fn hurry(reader: &mut Reader) {
    reader.poller.pages.as_mut().unwrap().pace.pause = Duration::ZERO;
}

fn failing(reader: &Reader) -> Option<String> {
    reader.store.source("ban-do").unwrap().unwrap().failing
}

fn asked(lists: u32, files: u32, pages: u32) -> Asked {
    Asked { lists, files, pages }
}

/// Twelve articles in three files, the first of them packed.
fn map() -> Map {
    let map = Map::start();
    (1..=12).for_each(|number| map.add(number, days(20 - i64::from(number))));
    map
}

#[tokio::test]
async fn what_is_young_arrives_once_and_then_only_what_is_new_or_touched() {
    let map = map();
    map.add(2, days(31));
    let mut reader = reader(&map).await;
    assert_eq!(reader.poll().await.new, 11, "an article of last month is not read");
    assert_eq!(map.asked(), asked(1, 3, 11));
    for _ in 0..2 {
        let committed = reader.poll().await;
        assert_eq!((committed.new, committed.corrected, committed.entries), (0, 0, 0));
    }
    assert_eq!(map.asked(), asked(3, 3, 11), "an unchanged map is one request");
    map.add(13, days(0));
    assert_eq!(reader.poll().await.new, 1);
    assert_eq!(map.asked(), asked(4, 4, 12), "one file has changed, and one page is new");
    let corrected = map.correct(3);
    let committed = reader.poll().await;
    assert_eq!((committed.new, committed.corrected), (0, 1));
    assert!(reader.known().contains(&corrected.title));
    assert_eq!(map.asked(), asked(5, 5, 13));
}

#[tokio::test]
async fn after_a_restart_the_files_are_read_once_more_and_no_page() {
    let map = map();
    let mut reader = reader(&map).await;
    reader.poll().await;
    reader.restart();
    hurry(&mut reader);
    let committed = reader.poll().await;
    assert_eq!((committed.new, committed.entries, committed.unchanged), (0, 0, 12));
    assert_eq!(map.asked(), asked(2, 6, 12));
}

#[tokio::test]
async fn what_leaves_the_map_stays() {
    let map = map();
    let mut reader = reader(&map).await;
    reader.poll().await;
    map.remove(12);
    reader.poll().await;
    assert_eq!((reader.known().len(), failing(&reader)), (12, None), "only its own address withdraws it");
}

#[tokio::test]
async fn a_date_without_a_time_does_not_hide_the_rest_of_its_day() {
    let map = map();
    let mut reader = reader(&map).await;
    let today = Timestamp::now().strftime("%Y-%m-%d").to_string();
    let list = format!(
        "<sitemapindex><sitemap><loc>{}/map/2.xml</loc><lastmod>{today}</lastmod></sitemap></sitemapindex>",
        map.base()
    );
    map.odd("/sitemap.xml", Some((200, list.into_bytes())));
    assert_eq!(reader.poll().await.new, 2);
    map.add(13, days(0));
    assert_eq!(reader.poll().await.new, 1);
}

#[tokio::test]
async fn files_of_old_articles_that_no_date_tells_are_not_asked_for_at_every_poll() {
    let map = map();
    (1..=5).for_each(|number| map.add(number, days(90)));
    let listed: String = ["0.xml.gz", "1.xml", "2.xml"]
        .iter()
        .map(|file| format!("<sitemap><loc>/map/{file}</loc></sitemap>"))
        .collect();
    map.odd("/sitemap.xml", Some((200, format!("<sitemapindex>{listed}</sitemapindex>").into_bytes())));
    let mut reader = reader(&map).await;
    assert_eq!(reader.poll().await.new, 7);
    assert_eq!(map.asked().files, 3);
    map.add(13, days(0));
    assert_eq!(reader.poll().await.new, 1);
    assert_eq!(map.asked().files, 5, "the two with young articles");
}

#[tokio::test]
async fn after_a_long_stop_what_was_published_meanwhile_is_read() {
    let map = map();
    let mut reader = reader(&map).await;
    reader.poll().await;
    let ledger = rusqlite::Connection::open(reader.folder.path().join("state/dongbo.db")).unwrap();
    let back = 40 * 86_400_000_i64;
    ledger.execute("UPDATE article SET published = published - ?1", [back]).unwrap();
    ledger.execute("UPDATE sighting SET updated = updated - ?1", [back]).unwrap();
    map.add(14, days(35));
    reader.restart();
    hurry(&mut reader);
    assert_eq!(reader.poll().await.new, 1, "older than 30 days, and younger than what is known");
}

#[tokio::test]
async fn one_broken_file_stops_no_other_and_is_read_once_it_is_whole() {
    let map = map();
    let half = map.file(1).split_at(map.file(1).len() / 2).0.to_owned();
    map.odd("/map/1.xml", Some((200, half.into_bytes())));
    let mut reader = reader(&map).await;
    let new = reader.poll().await.new;
    assert!((8..12).contains(&new), "{new}: what stood before the break counts");
    assert_eq!(failing(&reader), None);
    map.odd("/map/1.xml", None);
    assert_eq!(reader.poll().await.new, 12 - new);
    map.add(10, days(0));
    map.odd("/map/1.xml", Some((503, Vec::new())));
    assert_eq!(reader.poll().await.new, 0);
    map.odd("/map/1.xml", None);
    assert_eq!(reader.poll().await.corrected, 0);
    assert_eq!(map.asked().pages, 13, "its touch was not lost");
}

#[tokio::test]
async fn a_bomb_is_not_unpacked_and_where_no_file_can_be_read_the_source_fails() {
    let map = map();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..200 {
        gzip.write_all(&[b' '; 1024 * 1024]).unwrap();
    }
    map.odd("/map/0.xml.gz", Some((200, gzip.finish().unwrap())));
    let mut reader = reader(&map).await;
    assert_eq!(reader.poll().await.new, 7, "the other files are read");
    for file in ["/map/1.xml", "/map/2.xml"] {
        map.odd(file, Some((200, b"<html>Xin chao</html>".to_vec())));
    }
    reader.restart();
    assert!(matches!(reader.fails().await, ReadError::TooLarge { .. } | ReadError::HtmlInstead { .. }));
    map.odd("/sitemap.xml", Some((200, b"<sitemapindex><sitemap>".to_vec())));
    reader.restart();
    assert!(matches!(reader.fails().await, ReadError::Malformed { .. }));
    assert_eq!((failing(&reader).as_deref(), reader.known().len()), (Some("malformed"), 7));
}

#[tokio::test]
async fn a_map_without_dates_or_with_other_paths_is_an_alarm() {
    let map = Map::start();
    (1..=5).for_each(|number| map.touch(number, None));
    let mut undated = reader(&map).await;
    assert!(matches!(undated.fails().await, ReadError::NothingMatched { field: "lastmod", .. }));
    assert_eq!(map.asked().pages, 0);
    let map = Map::start();
    (1..=25).for_each(|number| map.add(number, days(1)));
    let source = map.source().replace("/tin/", "/news/");
    let mut moved = Reader::of(&source).await;
    assert!(matches!(moved.fails().await, ReadError::NothingMatched { field: "include", path } if path == "/news/"));
}

#[tokio::test]
async fn a_list_that_leads_to_itself_or_within_the_network_leads_nowhere() {
    let map = map();
    let inner = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    inner.set_nonblocking(true).unwrap();
    let names = [format!("{}/sitemap.xml", map.base()), format!("http://{}/map.xml", inner.local_addr().unwrap())];
    let named: String = names.iter().map(|url| format!("<sitemap><loc>{url}</loc></sitemap>")).collect();
    map.odd("/sitemap.xml", Some((200, format!("<sitemapindex>{named}</sitemapindex>").into_bytes())));
    let mut reader = reader(&map).await;
    assert!(matches!(reader.fails().await, ReadError::Refused { .. }));
    assert_eq!(map.asked(), asked(1, 0, 0));
    assert_eq!(inner.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "something within was asked");
}

#[test]
fn an_operator_sees_the_newest_file_with_whole_texts() {
    let map = map();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dongbo.toml");
    let portal = "[[portal]]\nid = \"p\"\n[portal.adapter.folder]\npath = \"out\"\n";
    std::fs::write(&file, format!("{}{portal}", map.source())).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dongbo"));
    let url = format!("{}/sitemap.xml", map.base());
    command.arg("--config").arg(&file).args(["--lang", "en", "read", &url, "--source", "ban-do", "--json"]);
    let said = command.output().unwrap();
    let data: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!((said.status.code(), data["items"].as_array().map(Vec::len)), (Some(0), Some(2)), "{data}");
    assert!(data["items"][0]["title"].as_str().unwrap().ends_with("tin số 12"), "{data}");
}
