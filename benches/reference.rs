//! What the storm is measured by, on the same simulators: a bare reqwest loop
//! that sends ready-made bodies, and the least program that does what every
//! replicator must: write the JSON, read the answer, fingerprint what stands,
//! and have intent and end durable. It knows no rule and decides nothing.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use dongbo::render;
use dongbo_sdk::{Post, RemoteCopy};
use rusqlite::Connection;
use tokio::sync::oneshot;
use url::Url;

use crate::adapter::{self, StoredPost};
use crate::article;
use crate::measure::{Cost, Watch};

/// Posts of some articles to some addresses.
struct Errand {
    client: reqwest::Client,
    posts: Vec<Post>,
    urls: Vec<Url>,
    next: AtomicUsize,
}

impl Errand {
    fn new(articles: usize, urls: Vec<Url>) -> Result<Arc<Self>> {
        dongbo_sdk::http::install_crypto();
        let client = reqwest::Client::builder().timeout(Duration::from_secs(60)).no_proxy().build()?;
        let posts: Vec<Post> = (0..articles).map(article::post).collect();
        Ok(Arc::new(Self { client, posts, urls, next: AtomicUsize::new(0) }))
    }

    /// The next delivery: its number, its article and its address.
    fn next(&self) -> Option<(usize, usize, &Url)> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let article = number / self.urls.len();
        (article < self.posts.len()).then(|| (number, article, &self.urls[number % self.urls.len()]))
    }

    async fn send(&self, url: &Url, body: Bytes) -> Result<Bytes> {
        let request = self.client.post(url.clone()).header("content-type", "application/json");
        Ok(request.body(body).send().await?.error_for_status()?.bytes().await?)
    }
}

/// So many at once, until nothing is left.
async fn all<F: Future<Output = Result<()>> + Send + 'static>(in_flight: usize, task: impl Fn() -> F) -> Result<Cost> {
    let watch = Watch::start();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..in_flight {
        tasks.spawn(task());
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(watch.stop())
}

/// Ready-made bodies, and nothing remembered.
pub(crate) async fn bare(articles: usize, urls: Vec<Url>, in_flight: usize) -> Result<Cost> {
    let errand = Errand::new(articles, urls)?;
    let bodies: Arc<Vec<Bytes>> = Arc::new(errand.posts.iter().map(body).collect::<Result<_>>()?);
    let send_all = |errand: Arc<Errand>, bodies: Arc<Vec<Bytes>>| async move {
        while let Some((_, article, url)) = errand.next() {
            let reply = errand.send(url, bodies[article].clone()).await?;
            std::hint::black_box(serde_json::from_slice::<StoredPost>(&reply)?);
        }
        Ok(())
    };
    all(in_flight, || send_all(errand.clone(), bodies.clone())).await
}

/// The least program that does the same.
pub(crate) async fn least(articles: usize, urls: Vec<Url>, in_flight: usize) -> Result<Cost> {
    let folder = crate::ledger::folder()?;
    let book = Book::open(&folder.path().join("book.db"))?;
    let errand = Errand::new(articles, urls)?;
    let send_all = |errand: Arc<Errand>, book: Book| async move {
        let mut end = None;
        while let Some((number, article, url)) = errand.next() {
            let intent = i64::try_from(number)?;
            book.write(Line { end, intent: Some(intent) }).await?;
            let reply = errand.send(url, body(&errand.posts[article])?).await?;
            let stored: StoredPost = serde_json::from_str(simdutf8::basic::from_utf8(&reply)?)?;
            end = Some((intent, render::print(&RemoteCopy::from(stored)).0));
        }
        book.write(Line { end, intent: None }).await
    };
    all(in_flight, || send_all(errand.clone(), book.clone())).await
}

fn body(post: &Post) -> Result<Bytes> {
    Ok(serde_json::to_vec(&adapter::body(post))?.into())
}

/// The end of one delivery with the fingerprint of what stands, and the intent of the next.
struct Line {
    end: Option<(i64, [u8; 24])>,
    intent: Option<i64>,
}

/// One table, one writer, commits in groups; as durable as the ledger. Clones share it.
#[derive(Clone)]
struct Book {
    lines: Sender<(Line, oneshot::Sender<()>)>,
}

impl Book {
    fn open(path: &Path) -> Result<Self> {
        let db = Connection::open(path)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.execute_batch("CREATE TABLE attempt (id INTEGER PRIMARY KEY, started, ended, print)")?;
        let (lines, queue) = channel();
        std::thread::spawn(move || keep(&db, &queue).expect("the book can be written"));
        Ok(Self { lines })
    }

    /// Returns when it is durable.
    async fn write(&self, line: Line) -> Result<()> {
        let (done, durable) = oneshot::channel();
        self.lines.send((line, done))?;
        Ok(durable.await?)
    }
}

fn keep(db: &Connection, queue: &Receiver<(Line, oneshot::Sender<()>)>) -> Result<()> {
    while let Ok(first) = queue.recv() {
        std::thread::sleep(dongbo::store::LINGER);
        let group: Vec<_> = std::iter::once(first).chain(queue.try_iter()).collect();
        let now = dongbo::store::wall();
        db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        for (line, _) in &group {
            if let Some((id, print)) = &line.end {
                db.prepare_cached("UPDATE attempt SET ended = ?2, print = ?3 WHERE id = ?1")?.execute((
                    id,
                    now,
                    &print[..],
                ))?;
            }
            if let Some(id) = line.intent {
                db.prepare_cached("INSERT INTO attempt (id, started) VALUES (?1, ?2)")?.execute((id, now))?;
            }
        }
        db.prepare_cached("COMMIT")?.execute([])?;
        for (_, done) in group {
            let _ = done.send(());
        }
    }
    Ok(())
}
