//! H4: recording outcomes. 1,024 producers, each awaiting that the end of its
//! create is durable.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::Size;
use crate::ledger::{self, Begun, Ledger};
use crate::measure::{Cost, Spread, Watch};

const PRODUCERS: usize = 1024;
const PORTALS: usize = 20;
const ROUNDS: usize = 7;
const GOAL: f64 = 150_000.0;

pub(crate) fn run(size: Size) -> Result<()> {
    crate::storm::runtime()?.block_on(measure(size))
}

async fn measure(size: Size) -> Result<()> {
    let articles = size.of(2_500, 250);
    let mut ledger = Ledger::new(PORTALS).await?;
    let (mut rates, mut cpu, mut p50, mut p99) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begun = begin_all(&mut ledger, articles).await?;
        let count = begun.len();
        let (cost, mut waits) = record_all(&ledger, begun).await?;
        waits.sort_unstable();
        rates.push(cost.rate(count));
        cpu.push(cost.cpu_us(count));
        p50.push(waits[waits.len() / 2].as_secs_f64() * 1000.0);
        p99.push(waits[waits.len() * 99 / 100].as_secs_f64() * 1000.0);
    }
    println!(
        "H4 Record outcome: group commit, FULL, {PRODUCERS} producers, {} outcomes a round, {ROUNDS} rounds",
        articles * PORTALS
    );
    println!("   {:.0} acks/s (goal >= {GOAL:.0})", Spread::of(rates));
    println!("   p50 {:.1} ms, p99 {:.1} ms", Spread::of(p50), Spread::of(p99));
    println!("   CPU us per outcome: {:.1}", Spread::of(cpu));
    Ok(())
}

/// Publishes articles and makes the intent of each delivery durable.
async fn begin_all(ledger: &mut Ledger, articles: usize) -> Result<VecDeque<Begun>> {
    ledger.publish(articles).await?;
    let mut due = Vec::new();
    for portal in &ledger.portals {
        due.extend(ledger.due(portal.id, usize::MAX)?.into_iter().map(|hint| (portal.id, hint)));
    }
    due.sort_by_key(|(portal, hint)| (hint.article, *portal));
    let store = &ledger.store;
    let used = due.clone();
    let begun = stream::iter(due)
        .map(|(portal, hint)| ledger::begin(store, portal, hint))
        .buffered(PRODUCERS)
        .try_collect()
        .await?;
    store.step(None, None, used).await?;
    Ok(begun)
}

async fn record_all(ledger: &Ledger, begun: VecDeque<Begun>) -> Result<(Cost, Vec<Duration>)> {
    let queue = Arc::new(Mutex::new(begun));
    let watch = Watch::start();
    let mut producers = tokio::task::JoinSet::new();
    for _ in 0..PRODUCERS {
        producers.spawn(produce(ledger.store.clone(), queue.clone()));
    }
    let mut waits = Vec::new();
    while let Some(done) = producers.join_next().await {
        waits.extend(done??);
    }
    Ok((watch.stop(), waits))
}

async fn produce(store: dongbo::store::Store, queue: Arc<Mutex<VecDeque<Begun>>>) -> Result<Vec<Duration>> {
    let mut waits = Vec::new();
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(begun) = next else { return Ok(waits) };
        let began = Instant::now();
        store.step(Some(Arc::new(ledger::outcome(&store, &begun))), None, Vec::new()).await?;
        waits.push(began.elapsed());
    }
}
