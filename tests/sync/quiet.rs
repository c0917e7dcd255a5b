//! Nothing new costs nothing: an unchanged feed is neither parsed nor written down.

use std::sync::Arc;

use dongbo::config::Config;
use dongbo::daemon;
use dongbo::poll::{Polled, Poller};
use dongbo::source::{FeedReader, Limits};
use dongbo::store::{Linger, SourceSpec, Store};
use dongbo_wordpress::fake::FakeWordPress;

use crate::desk::Desk;
use crate::world::feed::Feed;

/// Commits of other connections, as SQLite counts them for this one.
fn commits_seen(ledger: &rusqlite::Connection) -> i64 {
    ledger.pragma_query_value(None, "data_version", |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn a_hundred_polls_of_an_unchanged_feed_parse_and_write_nothing() {
    let feed = Feed::start();
    feed.add(50);
    let site = FakeWordPress::start();
    let desk = Desk::new(&feed, &[&site], "");
    let config = Config::load(&desk.path("dongbo.toml")).unwrap();
    std::fs::create_dir_all(&config.state).unwrap();
    let store = Store::open(&config.state, Linger::No).unwrap();
    let source = &config.sources[0];
    let spec = SourceSpec { id: source.id.clone(), name: source.name.clone() };
    let rows = store.configure(vec![spec], Vec::new()).await.unwrap();
    let planned = Arc::new(daemon::planned(&config, &rows));
    let reader = Arc::new(FeedReader::default());
    let mut poller = Poller::new(source, Limits::default(), reader.clone(), store.clone()).unwrap();

    let first = poller.poll(&planned).await.unwrap();
    assert!(matches!(first, Polled::Changed { committed, .. } if committed.new == 50), "{first:?}");
    let ledger = rusqlite::Connection::open(config.state.join("dongbo.db")).unwrap();
    let (commits, parses) = (commits_seen(&ledger), reader.parses());
    for _ in 0..100 {
        assert!(matches!(poller.poll(&planned).await.unwrap(), Polled::Unchanged));
    }
    assert_eq!((commits_seen(&ledger), reader.parses()), (commits, parses));
    assert_eq!(feed.requests().not_modified, 100);

    // The counter of commits does count.
    feed.add(1);
    poller.poll(&planned).await.unwrap();
    assert_ne!(commits_seen(&ledger), commits);
    store.close();
}
