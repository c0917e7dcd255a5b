//! H1: a replication storm. 1,500 articles for 20 CMSs, 64 in flight, intent
//! and outcome durable for every delivery, against a bare reqwest loop that
//! sends the same bodies to the same simulators, and beside the least program
//! that does the same work, which shows how much of the bare loop can be had.
//!
//! Each side and the simulators are processes of their own, so that CPU time
//! and memory are theirs.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use async_trait::async_trait;
use bytes::Bytes;
use dongbo::media::{Fetch, Pictures};
use dongbo::worker::{Gate, GateLimits, Place, Worker};
use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;
use url::Url;

use crate::adapter::Site;
use crate::cms::Sites;
use crate::ledger::Ledger;
use crate::measure::{Cost, Spread, Watch, memory_peak};
use crate::{Size, reference};

const SITES: usize = 20;
const IN_FLIGHT: usize = 64;
const ROUNDS: usize = 7;
const GOAL: f64 = 0.85;
const MEMORY_GOAL_MB: f64 = 32.0;
/// Longer than any round takes.
const LIMIT: Duration = Duration::from_secs(300);

/// The runtime of the daemon.
pub(crate) fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// What a side reports.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Figures {
    wall_us: f64,
    cpu_us: f64,
    memory: u64,
}

impl Figures {
    fn of(cost: Cost, deliveries: usize) -> Self {
        Self { wall_us: cost.wall_us(deliveries), cpu_us: cost.cpu_us(deliveries), memory: memory_peak() }
    }
}

pub(crate) fn run(size: Size) -> Result<()> {
    let articles = size.of(1_500, 150);
    let (mut ours, mut least, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(side("ours", articles)?);
        least.push(side("least", articles)?);
        bare.push(side("bare", articles)?);
    }
    println!(
        "H1 Replication storm: {articles} articles x {SITES} simulated CMSs, {IN_FLIGHT} in flight; {ROUNDS} rounds"
    );
    let share = |side: &[Figures]| Spread::of(side.iter().zip(&bare).map(|(side, bare)| bare.wall_us / side.wall_us));
    println!("   deliveries/s, divided by a bare reqwest loop: {} (goal >= {GOAL})", share(&ours));
    println!("   the least program that does the same, divided by that loop: {}", share(&least));
    let rate = |side: &[Figures]| Spread::of(side.iter().map(|figures| 1e6 / figures.wall_us));
    println!("   deliveries/s: {:.0} ours, {:.0} the least, {:.0} bare", rate(&ours), rate(&least), rate(&bare));
    let cpu = |side: &[Figures]| Spread::of(side.iter().map(|figures| figures.cpu_us));
    println!("   CPU us per delivery: {:.1} ours, {:.1} the least, {:.1} bare", cpu(&ours), cpu(&least), cpu(&bare));
    let memory = Spread::of(ours.iter().map(|figures| figures.memory as f64 / 1e6));
    println!("   peak RSS, MB: {memory:.1} (goal <= {MEMORY_GOAL_MB})");
    Ok(())
}

/// Runs one side in a process of its own against fresh simulators.
fn side(name: &str, articles: usize) -> Result<Figures> {
    let mut simulators = start(&["sites"])?;
    let ports = line(&mut simulators.0)?;
    let mut worker = start(&[name, &articles.to_string(), &ports])?;
    let figures = serde_json::from_str(&line(&mut worker.0)?).with_context(|| format!("the figures of {name}"))?;
    ensure!(worker.0.wait()?.success(), "{name} failed");
    Ok(figures)
}

/// A child process, killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(arguments: &[&str]) -> Result<Running> {
    let mut command = Command::new(std::env::current_exe()?);
    Ok(Running(command.arg("child").args(arguments).stdout(Stdio::piped()).spawn()?))
}

fn line(child: &mut Child) -> Result<String> {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().context("a pipe")?).read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

/// The work of a child: `sites`, or `ours`, `least` or `bare` with `ARTICLES PORTS`.
pub(crate) fn child(arguments: &[String]) -> Result<()> {
    match arguments {
        [name] if name == "sites" => sites(),
        [name, articles, ports] => {
            let ports: Vec<u16> = ports.split(',').map(str::parse).collect::<Result<_, _>>()?;
            let articles = articles.parse()?;
            let figures = match name.as_str() {
                "ours" => runtime()?.block_on(ours(articles, &ports))?,
                "least" => runtime()?.block_on(reference(articles, &ports, reference::least))?,
                "bare" => runtime()?.block_on(reference(articles, &ports, reference::bare))?,
                other => anyhow::bail!("no side {other}"),
            };
            println!("{}", serde_json::to_string(&figures)?);
            Ok(())
        }
        other => anyhow::bail!("no child {other:?}"),
    }
}

/// Serves the simulated CMSs, each on a port of its own, until it is killed.
fn sites() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut ports = Vec::new();
        let mut servers = tokio::task::JoinSet::new();
        for _ in 0..SITES {
            let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
            ports.push(listener.local_addr()?.port().to_string());
            servers.spawn(async move { axum::serve(listener, Sites::default().router()).await });
        }
        println!("{}", ports.join(","));
        servers.join_next().await;
        Ok(())
    })
}

fn address(port: u16) -> Result<Url> {
    Ok(Url::parse(&format!("http://127.0.0.1:{port}/0/"))?)
}

#[derive(Debug, Deserialize)]
struct About {
    posts: usize,
    refused: usize,
}

/// Every article stands once on every site, and none was sent twice.
async fn prove(articles: usize, ports: &[u16]) -> Result<()> {
    for &port in ports {
        let text = reqwest::Client::new().get(address(port)?.join("site")?).send().await?.bytes().await?;
        let about: About = serde_json::from_slice(&text)?;
        ensure!((about.posts, about.refused) == (articles, 0), "port {port}: {about:?}");
    }
    Ok(())
}

/// No article of the storm has a picture.
#[derive(Debug)]
pub(crate) struct NoPictures;

#[async_trait]
impl Fetch for NoPictures {
    async fn fetch(&self, url: &str) -> Result<(Bytes, String), String> {
        Err(format!("no picture at {url}"))
    }
}

/// The product's own worker on its own ledger.
async fn ours(articles: usize, ports: &[u16]) -> Result<Figures> {
    let mut ledger = Ledger::new(ports.len()).await?;
    ledger.publish(articles).await?;
    let places = places(&ledger, ports)?;
    let pictures = Pictures::new(ledger.state(), Arc::new(NoPictures));
    let deliveries = articles * ports.len();
    let watch = Watch::start();
    let worker = Worker::start(&ledger.store, places, &pictures);
    let db = Connection::open_with_flags(ledger.file(), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    tokio::time::timeout(LIMIT, durable(&db, deliveries)).await.context("the storm took too long")??;
    let figures = Figures::of(watch.stop(), deliveries);
    worker.stop(Duration::from_secs(5)).await?;
    prove(articles, ports).await?;
    Ok(figures)
}

fn places(ledger: &Ledger, ports: &[u16]) -> Result<Vec<Place>> {
    let http = Site::http();
    let of_each = IN_FLIGHT / ports.len();
    let with_one_more = IN_FLIGHT % ports.len();
    let mut places = Vec::new();
    for (number, (row, &port)) in ledger.portals.iter().zip(ports).enumerate() {
        let slots = of_each + usize::from(number < with_one_more);
        let limits = GateLimits { in_flight: slots, rate: None };
        places.push(Place {
            row: row.clone(),
            adapter: Arc::new(Site::new(http.clone(), &address(port)?)),
            gate: Arc::new(Gate::new(row.installation, &limits, row.installation_health.clone())),
            slots,
            timeout: Duration::from_secs(60),
            settles_within: Duration::from_secs(5),
            create_burst: u32::MAX,
            removal: None,
            drafts: false,
        });
    }
    Ok(places)
}

/// A program that ours is measured by.
async fn reference<F: Future<Output = Result<Cost>>>(
    articles: usize,
    ports: &[u16],
    run: impl FnOnce(usize, Vec<Url>, usize) -> F,
) -> Result<Figures> {
    let urls = ports.iter().map(|&port| Ok(address(port)?.join("posts")?)).collect::<Result<_>>()?;
    let figures = Figures::of(run(articles, urls, IN_FLIGHT).await?, articles * ports.len());
    prove(articles, ports).await?;
    Ok(figures)
}

/// Until the outcome of every delivery is durable. Attempts are counted by
/// their last number, which costs nothing, and only then by their ends.
async fn durable(db: &Connection, deliveries: usize) -> Result<()> {
    let wanted = i64::try_from(deliveries)?;
    loop {
        let begun: Option<i64> = db.query_row("SELECT max(id) FROM attempt", [], |row| row.get(0))?;
        if begun.is_some_and(|begun| begun >= wanted) && Ledger::open_attempts(db)? == 0 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
