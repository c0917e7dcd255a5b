//! The demo: a built-in sample portal on loopback, mirrored into three folder
//! portals with different rules, with a correction and a withdrawal.
//!
//! It is the product itself that runs, one `run --once` after another; only
//! the source is made up. The checks look at the folders, not at the ledger.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, ensure};
use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::config::Config;
use crate::daemon::{Daemon, Once};
use crate::store::{Desk, Order, Selection, What};

const FEED: &str = include_str!("../fixtures/sample/feed.xml");
const CORRECTION: &str = include_str!("../fixtures/sample/correction.xml");
/// Pictures of the sample, `01.png` first.
const PICTURES: [&[u8]; 30] = [
    include_bytes!("../fixtures/sample/media/01.png"),
    include_bytes!("../fixtures/sample/media/02.png"),
    include_bytes!("../fixtures/sample/media/03.png"),
    include_bytes!("../fixtures/sample/media/04.png"),
    include_bytes!("../fixtures/sample/media/05.png"),
    include_bytes!("../fixtures/sample/media/06.png"),
    include_bytes!("../fixtures/sample/media/07.png"),
    include_bytes!("../fixtures/sample/media/08.png"),
    include_bytes!("../fixtures/sample/media/09.png"),
    include_bytes!("../fixtures/sample/media/10.png"),
    include_bytes!("../fixtures/sample/media/11.png"),
    include_bytes!("../fixtures/sample/media/12.png"),
    include_bytes!("../fixtures/sample/media/13.png"),
    include_bytes!("../fixtures/sample/media/14.png"),
    include_bytes!("../fixtures/sample/media/15.png"),
    include_bytes!("../fixtures/sample/media/16.png"),
    include_bytes!("../fixtures/sample/media/17.png"),
    include_bytes!("../fixtures/sample/media/18.png"),
    include_bytes!("../fixtures/sample/media/19.png"),
    include_bytes!("../fixtures/sample/media/20.png"),
    include_bytes!("../fixtures/sample/media/21.png"),
    include_bytes!("../fixtures/sample/media/22.png"),
    include_bytes!("../fixtures/sample/media/23.png"),
    include_bytes!("../fixtures/sample/media/24.png"),
    include_bytes!("../fixtures/sample/media/25.png"),
    include_bytes!("../fixtures/sample/media/26.png"),
    include_bytes!("../fixtures/sample/media/27.png"),
    include_bytes!("../fixtures/sample/media/28.png"),
    include_bytes!("../fixtures/sample/media/29.png"),
    include_bytes!("../fixtures/sample/media/30.png"),
];
/// Where the sample says that it comes from.
const ORIGIN: &str = "https://portal.example.vn";
/// Longest request that the sample portal reads.
const REQUEST_BYTES_MAX: usize = 16 * 1024;
/// The sample's newest article is this old, so that no date lies ahead.
const NEWEST_AGE: SignedDuration = SignedDuration::from_mins(10);

/// A folder portal of the demo.
#[derive(Debug, Clone, Copy)]
pub struct Mirror {
    pub id: &'static str,
    pub name: &'static str,
    accept: &'static [&'static str],
    reject: &'static [&'static str],
}

/// Everything; two subjects only; everything but one subject.
pub const MIRRORS: [Mirror; 3] = [
    Mirror { id: "trang-tong-hop", name: "Trang tổng hợp của tỉnh", accept: &[], reject: &[] },
    Mirror {
        id: "so-noi-vu", name: "Sở Nội vụ", accept: &["Chỉ đạo điều hành", "Tin tức"], reject: &[]
    },
    Mirror { id: "phuong-kinh-bac", name: "Phường Kinh Bắc", accept: &[], reject: &["Kinh tế", "Công báo"] },
];

/// A running demo.
#[derive(Debug)]
pub struct Demo {
    folder: PathBuf,
    config: Config,
    feed: Arc<Mutex<String>>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Demo {
    /// Starts the sample portal; files come into `folder`.
    ///
    /// # Errors
    /// No loopback, or a folder that cannot be written.
    pub async fn start(folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let folder = folder.canonicalize()?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let base = format!("http://{}", listener.local_addr()?);
        let feed = Arc::new(Mutex::new(dated(&FEED.replace(ORIGIN, &base))));
        let path = folder.join("dongbo.toml");
        let text = configuration(&base);
        std::fs::write(&path, &text)?;
        let config = Config::parse(&text, &path)?;
        let server = tokio::spawn(serve(listener, feed.clone()));
        Ok(Self { folder, config, feed, server })
    }

    /// The portal's start page, for a browser.
    #[must_use]
    pub fn address(&self, mirror: &Mirror) -> String {
        let index = self.folder.join(mirror.id).join("index.html");
        Url::from_file_path(&index).map_or_else(|()| index.display().to_string(), String::from)
    }

    /// Reads the sample and delivers what is due, as `dongbo run --once` does.
    ///
    /// # Errors
    /// When something does not stand.
    pub async fn round(&self) -> anyhow::Result<()> {
        let (end, failed) = Daemon::start(&self.config).await?.once().await?;
        ensure!(failed.is_empty(), "the sample was not read: {failed:?}");
        ensure!(end == Once::EverythingStands, "something does not stand");
        Ok(())
    }

    /// Each portal shows the articles that its rules let in, and no other.
    ///
    /// # Errors
    /// Says what is missing or too much. `less`: the title of a withdrawn article.
    pub fn check(&self, less: Option<&str>) -> anyhow::Result<Vec<(Mirror, usize)>> {
        let mut counts = Vec::new();
        for mirror in MIRRORS {
            let expected = expected(&mirror, &self.feed_text(), less);
            let pages = self.pages(&mirror)?;
            ensure!(pages.len() == expected.len(), "{}: {} pages, not {}", mirror.id, pages.len(), expected.len());
            for title in &expected {
                ensure!(pages.iter().any(|page| page.contains(title.as_str())), "{}: no “{title}”", mirror.id);
            }
            if let Some(gone) = less {
                ensure!(!pages.iter().any(|page| page.contains(gone)), "{}: still shows “{gone}”", mirror.id);
            }
            counts.push((mirror, pages.len()));
        }
        Ok(counts)
    }

    fn pages(&self, mirror: &Mirror) -> anyhow::Result<Vec<String>> {
        let folder = self.folder.join(mirror.id).join("bai");
        let mut pages = Vec::new();
        for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "html") {
                pages.push(std::fs::read_to_string(path)?);
            }
        }
        Ok(pages)
    }

    /// The sample's editors correct one article. Returns its old and its new title.
    ///
    /// # Errors
    /// When the correction is of no article.
    pub fn correct(&self) -> anyhow::Result<(String, String)> {
        let new = items(CORRECTION).next().context("a correction")?.to_owned();
        let guid = between(&new, "<guid isPermaLink=\"false\">", "</guid>").context("a guid")?;
        let mut feed = self.feed.lock().unwrap_or_else(PoisonError::into_inner);
        let old = items(&feed).find(|item| item.contains(guid)).context("the article")?.to_owned();
        let base = between(&feed, "<link>", "/</link>").context("an address")?.to_owned();
        let date = between(&old, "<pubDate>", "</pubDate>").context("a date")?;
        let had = between(&new, "<pubDate>", "</pubDate>").context("a date")?;
        let corrected = new.replace(had, date).replace(ORIGIN, &base);
        *feed = feed.replace(&old, &corrected);
        Ok((title(&old), title(&corrected)))
    }

    /// Withdraws the newest article; the daemon carries it out in the next round.
    /// Returns its title.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub fn withdraw(&self) -> anyhow::Result<String> {
        let gone = items(&self.feed_text()).next().map(title).context("an article")?;
        let desk = Desk::open(&self.config.state)?;
        let article = desk.find_articles(&gone, 1)?.into_iter().next().context("the article in the ledger")?;
        let selection = Selection { article: Some(article.id.0), ..Selection::default() };
        desk.file(&Order { what: What::Withdraw, selection }, "demo")?;
        Ok(gone)
    }

    fn feed_text(&self) -> String {
        self.feed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn configuration(base: &str) -> String {
    let mut text = format!(
        "# Written by: dongbo demo\nstate = \"state\"\n\n[defaults]\nbackfill = \"all\"\ncreate_burst = 1000\n\
         publish_delay = \"0s\"\ncorrection_gap = \"0s\"\nunknown_category = \"create\"\n\n\
         [[source]]\nid = \"cong-tinh\"\nname = \"Cổng Thông tin điện tử tỉnh (mẫu)\"\nurl = \"{base}/rss/tin-tuc.xml\"\n"
    );
    for mirror in MIRRORS {
        text.push_str(&format!(
            "\n[[portal]]\nid = {:?}\nname = {:?}\naccept = {:?}\nreject = {:?}\n[portal.adapter.folder]\npath = {:?}\n",
            mirror.id, mirror.name, mirror.accept, mirror.reject, mirror.id
        ));
    }
    text
}

/// Titles that the rules let in, worked out from the feed's text alone.
fn expected(mirror: &Mirror, feed: &str, less: Option<&str>) -> Vec<String> {
    let has =
        |item: &str, names: &[&str]| names.iter().any(|name| item.contains(&format!("<category>{name}</category>")));
    items(feed)
        .filter(|item| mirror.accept.is_empty() || has(item, mirror.accept))
        .filter(|item| !has(item, mirror.reject))
        .map(title)
        .filter(|title| Some(title.as_str()) != less)
        .collect()
}

fn items(feed: &str) -> impl Iterator<Item = &str> {
    feed.split_inclusive("</item>").filter_map(|part| Some(&part[part.find("<item>")?..]))
}

fn title(item: &str) -> String {
    between(item, "<title>", "</title>").unwrap_or_default().to_owned()
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let rest = &text[text.find(from)? + from.len()..];
    rest.get(..rest.find(to)?)
}

/// The sample with its dates moved so that the newest is just past.
fn dated(feed: &str) -> String {
    let dates: Vec<&str> = items(feed).filter_map(|item| between(item, "<pubDate>", "</pubDate>")).collect();
    let parsed = |date: &str| rfc2822::DateTimeParser::new().parse_timestamp(date).ok();
    let Some(newest) = dates.iter().filter_map(|date| parsed(date)).max() else { return feed.to_owned() };
    let shift = Timestamp::now().duration_since(newest) - NEWEST_AGE;
    let mut moved = feed.to_owned();
    for date in dates {
        let shifted = parsed(date).and_then(|at| at.checked_add(shift).ok());
        if let Some(text) = shifted.and_then(|at| rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok())
        {
            moved = moved.replacen(&format!("<pubDate>{date}</pubDate>"), &format!("<pubDate>{text}</pubDate>"), 1);
        }
    }
    moved
}

async fn serve(listener: TcpListener, feed: Arc<Mutex<String>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let feed = feed.clone();
        tokio::spawn(async move {
            // A caller that leaves is its own affair.
            let _ = answer(stream, &feed).await;
        });
    }
}

/// One request per connection: enough for a feed and thirty pictures.
async fn answer(mut stream: TcpStream, feed: &Mutex<String>) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        if request.len() > REQUEST_BYTES_MAX || stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let line = String::from_utf8_lossy(&request);
    let path = line.split(' ').nth(1).unwrap_or_default();
    let (status, kind, body) = page(path, feed);
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&body).await?;
    stream.shutdown().await
}

fn page(path: &str, feed: &Mutex<String>) -> (&'static str, &'static str, Vec<u8>) {
    if path == "/rss/tin-tuc.xml" {
        let text = feed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        return ("200 OK", "application/rss+xml; charset=utf-8", text.into_bytes());
    }
    let number = path.strip_prefix("/documents/20182/").and_then(|name| name.strip_suffix(".png"));
    let picture = number.and_then(|number| PICTURES.get(number.parse::<usize>().ok()?.checked_sub(1)?));
    match picture {
        Some(bytes) => ("200 OK", "image/png", bytes.to_vec()),
        None => ("404 Not Found", "text/plain", b"not found".to_vec()),
    }
}
