//! One source read step by step: a ledger and a poller, without portals' work.

use std::sync::Arc;

use dongbo::config::{Config, Source};
use dongbo::daemon;
use dongbo::poll::{PollError, Polled, Poller};
use dongbo::source::{FeedReader, Limits, ReadError};
use dongbo::store::{Committed, Linger, Planned, Rhythm, SourceSpec, Store, StoreError};
use dongbo_wordpress::fake::FakeWordPress;

use crate::desk::Desk;
use crate::world::feed::Feed;

/// A ledger, and the poller of one feed.
pub(crate) struct Reader {
    pub(crate) desk: Desk,
    _site: FakeWordPress,
    pub(crate) ledger: rusqlite::Connection,
    pub(crate) store: Store,
    planned: Arc<Planned>,
    pub(crate) reader: Arc<FeedReader>,
    pub(crate) source: Source,
    pub(crate) poller: Poller,
}

/// What the writer has committed so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Commits {
    /// As SQLite counts them for another connection. It leaves out those that change no byte.
    seen: i64,
    groups: u64,
}

impl Commits {
    /// Nothing was committed since. A group is counted just after it is
    /// answered, so the last one before may be counted late.
    pub(crate) fn are_the_same_as(self, before: Self) -> bool {
        self.seen == before.seen && self.groups <= before.groups + 1
    }
}

impl Reader {
    pub(crate) async fn new(feed: &Feed) -> Self {
        let site = FakeWordPress::start();
        let desk = Desk::new(feed, &[&site], "");
        let config = Config::load(&desk.path("dongbo.toml")).unwrap();
        std::fs::create_dir_all(&config.state).unwrap();
        let store = Store::open(&config.state, Linger::No).unwrap();
        let source = config.sources[0].clone();
        let spec = SourceSpec { id: source.id.clone(), name: source.name.clone() };
        let rows = store.configure(vec![spec], Vec::new()).await.unwrap();
        let planned = Arc::new(daemon::planned(&config, &rows));
        let reader = Arc::new(FeedReader::default());
        let poller = Poller::new(&source, Limits::default(), reader.clone(), store.clone()).unwrap();
        let ledger = rusqlite::Connection::open(config.state.join("dongbo.db")).unwrap();
        Self { desk, _site: site, ledger, store, planned, reader, source, poller }
    }

    /// As after a kill: only the ledger remembers.
    pub(crate) fn restart(&mut self) {
        let poller = Poller::new(&self.source, Limits::default(), self.reader.clone(), self.store.clone());
        self.poller = poller.unwrap();
    }

    /// What a poll brought; `None`: the feed is unchanged.
    pub(crate) async fn poll(&mut self) -> Option<Committed> {
        match self.poller.poll(&self.planned).await.unwrap() {
            Polled::Changed { committed, .. } => Some(committed),
            Polled::Unchanged => None,
        }
    }

    /// Why a poll that must fail did.
    pub(crate) async fn fails(&mut self) -> ReadError {
        match self.poller.poll(&self.planned).await {
            Err(PollError::Read(error)) => error,
            other => panic!("{other:?}"),
        }
    }

    /// Why the ledger did not take in what was read.
    pub(crate) async fn is_refused(&mut self) -> StoreError {
        match self.poller.poll(&self.planned).await {
            Err(PollError::Store(error)) => error,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn commits(&self) -> Commits {
        let seen = self.ledger.pragma_query_value(None, "data_version", |row| row.get(0)).unwrap();
        Commits { seen, groups: self.store.progress() }
    }

    pub(crate) fn rhythm(&self) -> Rhythm {
        self.store.rhythm(&self.source.id).unwrap()
    }

    /// The details of all events of this name.
    pub(crate) fn events(&self, what: &str) -> Vec<String> {
        let mut statement = self.ledger.prepare("SELECT detail FROM event WHERE what = ?1 ORDER BY id").unwrap();
        statement.query_map([what], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// Something new was last read so long ago; the poller starts anew.
    pub(crate) fn age(&mut self, hours: i64) {
        let ms = hours * 3_600_000;
        self.ledger.execute("UPDATE source SET read_at = read_at - ?1", [ms]).unwrap();
        self.ledger.execute("UPDATE sighting SET last_seen = last_seen - ?1", [ms]).unwrap();
        self.restart();
    }

    /// What `dongbo status` says, in English.
    pub(crate) fn status(&self) -> String {
        String::from_utf8(self.desk.run(&["--lang", "en", "status"]).stdout).unwrap()
    }
}
