//! Reading: an unchanged poll (H6), and a feed that is read whole (H8).

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use dongbo::config::Config;
use dongbo::poll::{Polled, Poller};
use dongbo::source::feed::Known;
use dongbo::source::{Document, FeedReader, Limits};
use dongbo::store::{Linger, Planned, SourceSpec, Store};
use jiff::Timestamp;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use quick_xml::events::Event;
use url::Url;

use crate::Size;
use crate::measure::{Spread, Watch};

const ITEMS: usize = 200;
const ROUNDS: usize = 9;

pub(crate) fn run(size: Size) -> Result<()> {
    unchanged(size)?;
    whole(size)
}

/// CPU of one poll that is answered with 304, the server's share taken off.
fn unchanged(size: Size) -> Result<()> {
    let polls = size.of(2_000, 200);
    let server = Server::start()?;
    let folder = tempfile::tempdir()?;
    let toml = format!(
        "state = \"state\"\n[[source]]\nid = \"cong-tinh\"\nurl = \"{}\"\n[[portal]]\nid = \"a\"\n\
         [portal.adapter.folder]\npath = \"a\"\nurl = \"https://a.example.vn\"\n",
        server.url
    );
    let config = Config::parse(&toml, &folder.path().join("dongbo.toml"))?;
    std::fs::create_dir_all(&config.state)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let spread = runtime.block_on(async {
        let store = Store::open(&config.state, Linger::No)?;
        let source = &config.sources[0];
        store.configure(vec![SourceSpec { id: source.id.clone(), name: source.name.clone() }], Vec::new()).await?;
        let reader = Arc::new(FeedReader::default());
        let mut poller = Poller::new(source, Limits::default(), reader.clone(), store.clone())?;
        let planned = Arc::new(Planned::default());
        poller.poll(&planned).await?;
        let parses = reader.parses();
        let mut costs = Vec::new();
        for _ in 0..ROUNDS {
            let (watch, served) = (Watch::start(), server.cpu());
            for _ in 0..polls {
                anyhow::ensure!(matches!(poller.poll(&planned).await?, Polled::Unchanged), "the feed is unchanged");
            }
            let own = watch.stop().cpu.saturating_sub(server.cpu().saturating_sub(served));
            costs.push(own.as_secs_f64() * 1e6 / polls as f64);
        }
        anyhow::ensure!(reader.parses() == parses, "an unchanged feed is not parsed");
        store.close();
        anyhow::Ok(Spread::of(costs))
    })?;
    println!("reading: an unchanged poll (304) costs {spread} us CPU; goal 150");
    Ok(())
}

/// A feed of Vietnamese articles read whole, and read again with one new
/// article, beside the tokeniser alone.
fn whole(size: Size) -> Result<()> {
    let rounds = size.of(ROUNDS, 3);
    let (feed, grown) = (feed(0..ITEMS), feed(1..ITEMS + 1));
    let megabytes = feed.len() as f64 / 1e6;
    let (mut first, mut rates, mut again) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let watch = Watch::start();
        let (looked_at, known) = read(&feed, Known::default())?;
        let whole = watch.stop().cpu.as_secs_f64();
        anyhow::ensure!(looked_at == ITEMS, "{looked_at} of {ITEMS} items");
        let (mut repeats, watch) = (0, Watch::start());
        while watch.stop().cpu < MEASURED {
            let (looked_at, _) = read(&grown, known.clone())?;
            anyhow::ensure!(looked_at == 1, "{looked_at} items were looked at for one new one");
            repeats += 1;
        }
        let one_new = watch.stop().cpu.as_secs_f64() / f64::from(repeats);
        let (mut repeats, watch) = (0, Watch::start());
        while watch.stop().cpu < MEASURED {
            tokens(&feed)?;
            repeats += 1;
        }
        let tokens = watch.stop().cpu.as_secs_f64() / f64::from(repeats);
        first.push(whole / tokens);
        rates.push(megabytes / one_new);
        again.push(one_new / tokens);
    }
    let [first, rates, again] = [first, rates, again].map(Spread::of);
    println!("reading: {ITEMS} articles of {megabytes:.1} MB: read and cleaned, {first} times the tokeniser");
    println!("reading: the same with one new article, {again} times the tokeniser, {rates} MB/s");
    Ok(())
}

/// So much CPU makes a figure.
const MEASURED: Duration = Duration::from_millis(50);

/// Items that were looked at, and what is known then.
fn read(feed: &str, known: Known) -> Result<(usize, Known)> {
    let url = Url::parse("https://portal.example.vn/rss")?;
    let document = Document { body: feed.as_bytes(), content_type: None, url: &url, now: Timestamp::now() };
    let mut reading = FeedReader::default().read(document)?.without(known);
    let good = reading.by_ref().filter(Result::is_ok).count();
    let summary = reading.finish()?;
    anyhow::ensure!(summary.complete, "the feed was not read whole");
    Ok((good, summary.known))
}

fn tokens(feed: &str) -> Result<usize> {
    let mut reader = quick_xml::Reader::from_str(feed);
    let mut count = 0;
    loop {
        match reader.read_event()? {
            Event::Eof => return Ok(count),
            _ => count += 1,
        }
    }
}

fn feed(numbers: std::ops::Range<usize>) -> String {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><rss version=\"2.0\" \
         xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel><title>Cổng tỉnh</title>",
    );
    for number in numbers {
        let content = crate::article::item(number).content;
        xml.push_str(&format!(
            "<item><guid isPermaLink=\"false\">bai-{number}</guid><link>{}</link><title>{}</title>\
             <description><![CDATA[{}]]></description><pubDate>Tue, 24 Nov 2026 08:00:00 +0700</pubDate>\
             <content:encoded><![CDATA[{}]]></content:encoded></item>",
            content.url, content.title, content.summary, content.body
        ));
    }
    xml + "</channel></rss>"
}

/// A source that is always unchanged, on a thread whose CPU is counted apart.
struct Server {
    url: String,
    used: Arc<std::sync::atomic::AtomicU64>,
}

impl Server {
    fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let url = format!("http://{}/rss", listener.local_addr()?);
        let used = Arc::new(std::sync::atomic::AtomicU64::new(0));
        let told = Arc::clone(&used);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A reader that goes away ends its connection, not the server.
                let _ = serve(&stream, &told);
            }
        });
        Ok(Self { url, used })
    }

    fn cpu(&self) -> Duration {
        Duration::from_micros(self.used.load(std::sync::atomic::Ordering::Relaxed))
    }
}

fn serve(mut stream: &TcpStream, used: &std::sync::atomic::AtomicU64) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let body = feed(0..ITEMS);
    loop {
        let mut known = false;
        loop {
            let line = lines.next().context("the reader has gone")??;
            known |= line.to_ascii_lowercase().starts_with("if-none-match");
            if line.is_empty() {
                break;
            }
        }
        if known {
            stream.write_all(b"HTTP/1.1 304 Not Modified\r\netag: \"1\"\r\n\r\n")?;
        } else {
            let head = format!("HTTP/1.1 200 OK\r\netag: \"1\"\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all(head.as_bytes())?;
            stream.write_all(body.as_bytes())?;
        }
        let usage = getrusage(UsageWho::RUSAGE_THREAD)?;
        let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
        used.store(u64::try_from(micros).unwrap_or(0), std::sync::atomic::Ordering::Relaxed);
    }
}
