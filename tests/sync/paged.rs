//! A source that is read page by page: nothing is missed and nothing is read
//! twice, although articles come and go between its pages.

use std::collections::BTreeSet;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::Arc;

use dongbo::config::{Config, Source};
use dongbo::daemon;
use dongbo::poll::{PollError, Polled, Poller};
use dongbo::source::{FeedReader, Limits, ReadError};
use dongbo::store::{Committed, Linger, Planned, SourceSpec, Store};
use tempfile::TempDir;

use crate::world::listing::{Listing, Meanwhile, Odd, Way};

/// A ledger, and the poller of one listing.
pub(super) struct Reader {
    pub(super) folder: TempDir,
    pub(super) store: Store,
    planned: Arc<Planned>,
    source: Source,
    pub(super) poller: Poller,
}

impl Reader {
    pub(super) async fn new(listing: &Listing) -> Self {
        Self::of(&listing.source()).await
    }

    pub(super) async fn of(source: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let portal =
            "\n[[portal]]\nid = \"so-1\"\n[portal.adapter.folder]\npath = \"out\"\nurl = \"http://so.example.vn\"\n";
        let text = format!("state = \"state\"\n{source}{portal}");
        let config = Config::parse(&text, &folder.path().join("dongbo.toml")).unwrap();
        std::fs::create_dir_all(&config.state).unwrap();
        let store = Store::open(&config.state, Linger::No).unwrap();
        let mut source = config.sources[0].clone();
        if let Some(dongbo::source::Paged::Json(json)) = &mut source.read
            && json.authorization.is_some()
        {
            json.authorization = Some(dongbo_sdk::SecretRef::File(folder.path().join("source-secret")));
        }
        let spec = SourceSpec { id: source.id.clone(), name: source.name.clone() };
        let rows = store.configure(vec![spec], Vec::new()).await.unwrap();
        let planned = Arc::new(daemon::planned(&config, &rows));
        let poller = poller(&source, &store);
        Self { folder, store, planned, source, poller }
    }

    /// As after a kill: only the ledger remembers.
    pub(super) fn restart(&mut self) {
        self.poller = poller(&self.source, &self.store);
    }

    pub(super) async fn poll(&mut self) -> Committed {
        match self.poller.poll(&self.planned).await.unwrap() {
            Polled::Changed { committed, .. } => committed,
            Polled::Unchanged => Committed::default(),
        }
    }

    /// Who reads the past, as after a kill: only the ledger remembers.
    pub(super) fn historian(&self) -> dongbo::history::Historian {
        self.poller.historian(&self.source)
    }

    pub(super) fn planned(&self) -> &Arc<Planned> {
        &self.planned
    }

    pub(super) async fn fails(&mut self) -> ReadError {
        match self.poller.poll(&self.planned).await {
            Err(PollError::Read(error)) => error,
            other => panic!("{other:?}"),
        }
    }

    /// Titles of all articles of the ledger; none stands there twice.
    pub(super) fn known(&self) -> BTreeSet<String> {
        let ledger = rusqlite::Connection::open(self.folder.path().join("state/dongbo.db")).unwrap();
        let mut statement = ledger.prepare("SELECT title FROM article").unwrap();
        let titles: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let known: BTreeSet<String> = titles.iter().cloned().collect();
        assert_eq!(known.len(), titles.len(), "an article is known twice");
        known
    }

    fn knows_all_of(&self, listing: &Listing) {
        self.knows_all(&listing.titles());
    }

    pub(crate) fn knows_all(&self, titles: &[String]) {
        let known = self.known();
        let missed: Vec<_> = titles.iter().filter(|title| !known.contains(*title)).collect();
        assert!(missed.is_empty(), "missed: {missed:?}");
    }
}

fn poller(source: &Source, store: &Store) -> Poller {
    Poller::new(source, Limits::default(), Arc::new(FeedReader::default()), store.clone()).unwrap()
}

#[tokio::test]
async fn all_pages_are_read_once_and_then_only_what_is_new() {
    let listing = Listing::start();
    listing.add(55);
    let mut reader = Reader::new(&listing).await;
    assert_eq!(reader.poll().await.new, 55);
    reader.knows_all_of(&listing);
    let before = listing.requests();
    assert_eq!(reader.poll().await, Committed::default(), "nothing changed");
    assert_eq!(listing.requests() - before, 1);
    listing.add(2);
    assert_eq!(reader.poll().await.new, 2);
    assert_eq!(listing.requests() - before, 2, "known ground is met on the first page");
    reader.store.close();
}

#[tokio::test]
async fn a_burst_is_followed_back_to_known_ground() {
    let listing = Listing::start();
    listing.add(30);
    let mut reader = Reader::new(&listing).await;
    reader.poll().await;
    listing.add(70);
    // What is pushed to the next page is known by now, and yet no known ground.
    listing.after(1, Meanwhile::Added(25));
    assert_eq!(reader.poll().await.new, 95);
    reader.knows_all_of(&listing);
}

#[tokio::test]
async fn a_burst_beyond_all_pages_is_told_as_a_gap() {
    let listing = Listing::start();
    listing.add(20);
    let mut reader = Reader::new(&listing).await;
    reader.poll().await;
    listing.add(500);
    assert_eq!(reader.poll().await.new, 400);
    let ledger = rusqlite::Connection::open(reader.folder.path().join("state/dongbo.db")).unwrap();
    let told = |sql| ledger.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(told("SELECT count(*) FROM event WHERE what = 'source.gap'"), 1);
    assert_eq!(told("SELECT count(*) FROM source WHERE gap_at > 0"), 1);
}

#[tokio::test]
async fn what_comes_while_the_pages_are_read_is_neither_missed_nor_doubled() {
    let listing = Listing::start();
    listing.add(65);
    listing.after(1, Meanwhile::Added(3));
    listing.after(3, Meanwhile::Added(25));
    let mut reader = Reader::new(&listing).await;
    reader.poll().await;
    reader.poll().await;
    reader.knows_all_of(&listing);
}

#[tokio::test]
async fn what_goes_while_the_pages_are_read_takes_no_other_with_it() {
    let listing = Listing::start();
    listing.add(85);
    // Each deletion pulls an unread article onto a page that was read already.
    listing.after(1, Meanwhile::Deleted(84));
    listing.after(2, Meanwhile::Deleted(60));
    listing.after(3, Meanwhile::Deleted(40));
    let mut reader = Reader::new(&listing).await;
    reader.poll().await;
    reader.knows_all_of(&listing);
}

#[tokio::test]
async fn every_way_of_paging_reads_all_once_and_then_only_what_is_new() {
    for way in Way::ALL {
        let listing = Listing::paging(way);
        listing.add(55);
        let mut reader = Reader::new(&listing).await;
        assert_eq!(reader.poll().await.new, 55, "{way:?}");
        // Where nothing tells the number of pages, an empty one is the end.
        let pages = if way == Way::Offset { 4 } else { 3 };
        assert_eq!(listing.requests(), 2 * pages, "{way:?}: all pages, twice");
        assert_eq!(reader.poll().await, Committed::default(), "{way:?}: nothing changed");
        listing.add(30);
        assert_eq!(reader.poll().await.new, 30, "{way:?}");
        reader.knows_all_of(&listing);
    }
}

#[tokio::test]
async fn no_way_of_paging_misses_or_doubles_what_comes_and_goes_meanwhile() {
    for way in Way::ALL {
        let listing = Listing::paging(way);
        listing.add(85);
        listing.after(1, Meanwhile::Deleted(85));
        // The very one at which the second page ends: the cursor's.
        listing.after(2, Meanwhile::Deleted(46));
        listing.after(3, Meanwhile::Added(7));
        listing.after(4, Meanwhile::Deleted(10));
        let mut reader = Reader::new(&listing).await;
        reader.poll().await;
        // What came behind the walk's back is the next poll's.
        reader.poll().await;
        reader.knows_all_of(&listing);
    }
}

#[tokio::test]
async fn a_page_that_fails_breaks_no_way_of_paging() {
    for way in Way::ALL {
        let listing = Listing::paging(way);
        listing.add(55);
        let mut reader = Reader::new(&listing).await;
        listing.fail_after(1);
        assert!(matches!(reader.fails().await, ReadError::Status(500)), "{way:?}");
        reader.restart();
        reader.poll().await;
        reader.knows_all_of(&listing);
    }
}

#[tokio::test]
async fn pages_that_lead_in_a_circle_are_left() {
    for way in [Way::Cursor, Way::Link] {
        let listing = Listing::paging(way);
        listing.add(45);
        listing.behave(Odd::Circle);
        let mut reader = Reader::new(&listing).await;
        reader.poll().await;
        assert!(listing.requests() <= 8, "{way:?}: {} requests", listing.requests());
        reader.knows_all_of(&listing);
    }
}

#[tokio::test]
async fn a_page_that_fails_costs_nothing_but_another_poll() {
    let listing = Listing::start();
    listing.add(55);
    let mut reader = Reader::new(&listing).await;
    listing.fail_after(1);
    assert!(matches!(reader.fails().await, ReadError::Status(500)));
    assert_eq!(reader.known().len(), 20, "the first page is kept");
    reader.poll().await;
    reader.knows_all_of(&listing);
    listing.add(60);
    listing.fail_after(2);
    reader.fails().await;
    reader.restart();
    reader.poll().await;
    reader.knows_all_of(&listing);
}

#[tokio::test]
async fn a_server_that_never_ends_is_left() {
    for odd in [Odd::SamePage, Odd::LyingTotal] {
        let listing = Listing::start();
        listing.add(45);
        listing.behave(odd);
        let mut reader = Reader::new(&listing).await;
        reader.poll().await;
        assert!(listing.requests() < 12, "{odd:?}: {} requests", listing.requests());
        if odd == Odd::LyingTotal {
            reader.knows_all_of(&listing);
        }
    }
}

#[tokio::test]
async fn a_source_that_changed_its_form_is_an_alarm_and_changes_no_article() {
    for (odd, field) in [(Odd::Renamed, "items"), (Odd::WithoutText, "content")] {
        let listing = Listing::start();
        listing.add(25);
        let mut reader = Reader::new(&listing).await;
        reader.poll().await;
        listing.behave(odd);
        let error = reader.fails().await;
        assert!(matches!(&error, ReadError::NothingMatched { field: found, .. } if *found == field), "{error}");
        let row = reader.store.source("chinh-tri").unwrap().unwrap();
        assert_eq!(row.failing.as_deref(), Some("nothing-matched"));
        listing.behave(Odd::Not);
        listing.add(1);
        assert_eq!(reader.poll().await, Committed { new: 1, unchanged: 19, ..Committed::default() });
        assert_eq!(reader.store.source("chinh-tri").unwrap().unwrap().failing, None);
    }
}

#[tokio::test]
async fn an_article_is_what_the_listing_says() {
    let listing = Listing::start();
    listing.add(1);
    let mut reader = Reader::new(&listing).await;
    reader.poll().await;
    let ledger = rusqlite::Connection::open(reader.folder.path().join("state/dongbo.db")).unwrap();
    let content: String = ledger.query_row("SELECT content FROM revision", [], |row| row.get(0)).unwrap();
    let content: serde_json::Value = serde_json::from_str(&content).unwrap();
    let base = listing.base();
    assert_eq!(content["url"], format!("{base}/news/-/details/20182/tin-1"));
    assert_eq!(content["image"], format!("{base}/documents/1/anh.png"), "site-relative pictures lead to the host");
    assert_eq!(content["precision"], "minute");
    let categories: String = ledger.query_row("SELECT categories FROM sighting", [], |row| row.get(0)).unwrap();
    assert_eq!(categories, "[\"Chính trị\"]");
}

#[tokio::test]
async fn a_secret_is_shown_to_the_source() {
    let listing = Listing::start();
    listing.add(3);
    listing.require("Bearer canary-7f31");
    let mut reader = Reader::new(&listing).await;
    assert!(matches!(reader.fails().await, ReadError::Secret(Some(_))), "there is no file yet");
    let path = reader.folder.path().join("source-secret");
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.create_new(true).write(true).mode(0o600).open(path).unwrap();
    std::io::Write::write_all(&mut file, b"Bearer canary-7f31\n").unwrap();
    assert_eq!(reader.poll().await.new, 3);
    assert!(!format!("{:?}", reader.poller).contains("canary"));
}

/// `dongbo read` of the listing's address as the configured source.
fn read(listing: &Listing) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dongbo.toml");
    let portal =
        "\n[[portal]]\nid = \"so-1\"\n[portal.adapter.folder]\npath = \"out\"\nurl = \"http://so.example.vn\"\n";
    std::fs::write(&file, format!("state = \"state\"\n{}{portal}", listing.source())).unwrap();
    let url = format!("{}/chinh-tri?p_p_resource_id=loadPage", listing.base());
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dongbo"));
    command.arg("--config").arg(file).args(["--lang", "en", "read", &url, "--source", "chinh-tri", "--json"]);
    let said = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (said.status.code(), text(said.stdout), text(said.stderr))
}

#[test]
fn an_operator_sees_the_first_page_before_it_is_used() {
    let listing = Listing::start();
    listing.add(45);
    let (code, data, _) = read(&listing);
    let data: serde_json::Value = serde_json::from_str(&data).unwrap();
    assert_eq!((code, data["items"].as_array().unwrap().len()), (Some(0), 20));
    assert_eq!(data["items"][0]["categories"], serde_json::json!(["Chính trị"]));
    listing.behave(Odd::WithoutText);
    let (code, _, said) = read(&listing);
    assert_eq!(code, Some(4));
    assert!(said.contains("content does not stand where the configuration says"), "{said}");
}
