//! Reading: an unchanged poll (H6), and a feed that is read whole (H8).

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use dongbo::config::Config;
use dongbo::poll::{Polled, Poller};
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

/// A feed of Vietnamese articles read whole, beside the tokeniser alone.
fn whole(size: Size) -> Result<()> {
    let rounds = size.of(ROUNDS, 3);
    let feed = feed();
    let url = Url::parse("https://portal.example.vn/rss")?;
    let now = Timestamp::now();
    let megabytes = feed.len() as f64 / 1e6;
    let (mut ratios, mut rates) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let watch = Watch::start();
        let document = Document { body: feed.as_bytes(), content_type: None, url: &url, now };
        let mut reading = FeedReader::default().read(document)?;
        let good = reading.by_ref().filter(Result::is_ok).count();
        anyhow::ensure!(good == ITEMS && reading.finish()?.complete, "{good} of {ITEMS} items");
        let read = watch.stop().cpu.as_secs_f64();
        let watch = Watch::start();
        let mut alone = 0;
        while watch.stop().cpu < Duration::from_millis(20) {
            tokens(&feed)?;
            alone += 1;
        }
        let tokens = watch.stop().cpu.as_secs_f64() / f64::from(alone);
        ratios.push(read / tokens);
        rates.push(megabytes / read);
    }
    let (ratio, rate) = (Spread::of(ratios), Spread::of(rates));
    println!(
        "reading: {ITEMS} articles of {megabytes:.1} MB read and cleaned at {rate} MB/s, {ratio} times the tokeniser"
    );
    Ok(())
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

fn feed() -> String {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><rss version=\"2.0\" \
         xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel><title>Cổng tỉnh</title>",
    );
    for number in 0..ITEMS {
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
    let body = feed();
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
