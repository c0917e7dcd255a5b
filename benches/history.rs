//! H3: the cost of new work beside years of old work. Claim and record with
//! 10 million delivered rows, divided by the same with none.

use std::sync::Arc;

use anyhow::Result;
use dongbo::delivery::PortalId;
use dongbo::store::Hint;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::Size;
use crate::ledger::{self, Ledger};
use crate::measure::{Cost, Spread, Watch};

const PORTALS: usize = 20;
const ROUNDS: usize = 9;
/// New articles of a round.
const ARTICLES: usize = 100;
/// Deliveries in hand at once.
const IN_HAND: usize = 64;
const GOAL: f64 = 1.25;
const START_GOAL_MS: f64 = 100.0;

pub(crate) fn run(size: Size) -> Result<()> {
    crate::storm::runtime()?.block_on(measure(size))
}

async fn measure(size: Size) -> Result<()> {
    let articles: i64 = size.of(500_000, 10_000);
    let mut none = Ledger::new(PORTALS).await?;
    let mut years = Ledger::new(PORTALS).await?;
    years.rewrite(|db| ledger::add_history(db, articles, PORTALS))?;
    let starts = start_times(&mut years).await?;
    let (mut ratios, mut with, mut without) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let (old, new) = (work(&mut years, ARTICLES).await?, work(&mut none, ARTICLES).await?);
        // The first round fills caches.
        if round > 0 {
            ratios.push(old.wall.as_secs_f64() / new.wall.as_secs_f64());
            with.push(old.cpu_us(PORTALS * ARTICLES));
            without.push(new.cpu_us(PORTALS * ARTICLES));
        }
    }
    let rows = usize::try_from(articles)? * PORTALS;
    println!("H3 O(new work): claim + record with {rows} delivered rows, divided by none; {ROUNDS} rounds");
    println!("   ratio {} (goal <= {GOAL})", Spread::of(ratios));
    println!("   CPU us per delivery: {:.1} with, {:.1} without", Spread::of(with), Spread::of(without));
    println!("   start-up (open + recover): {:.1} ms (goal <= {START_GOAL_MS})", Spread::of(starts));
    println!("   bytes of a delivered row with copy and attempt: {}", years.bytes() / rows as u64);
    Ok(())
}

async fn start_times(ledger: &mut Ledger) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        times.push(ledger.restart().await?.as_secs_f64() * 1000.0);
    }
    Ok(times)
}

/// New articles become due; what is timed is to claim each delivery and to record its end.
pub(crate) async fn work(ledger: &mut Ledger, articles: usize) -> Result<Cost> {
    ledger.publish(articles).await?;
    let watch = Watch::start();
    let mut left = ledger.portals.len() * articles;
    while left > 0 {
        let mut block: Vec<(PortalId, Hint)> = Vec::new();
        for portal in &ledger.portals {
            block.extend(ledger.due(portal.id, IN_HAND)?.into_iter().map(|hint| (portal.id, hint)));
        }
        left = left.saturating_sub(block.len());
        deliver(ledger, block).await?;
    }
    Ok(watch.stop())
}

/// Claims and records, 64 at a time, and deletes the used hints in blocks.
pub(crate) async fn deliver(ledger: &Ledger, block: Vec<(PortalId, Hint)>) -> Result<()> {
    let store = &ledger.store;
    let used: Vec<(PortalId, Hint)> = stream::iter(block)
        .map(|(portal, hint)| async move {
            let begun = ledger::begin(store, portal, hint).await?;
            store.step(Some(Arc::new(ledger::outcome(store, &begun))), None, Vec::new()).await?;
            anyhow::Ok((portal, hint))
        })
        .buffer_unordered(IN_HAND)
        .try_collect()
        .await?;
    for block in used.chunks(IN_HAND) {
        store.step(None, None, block.to_vec()).await?;
    }
    Ok(())
}
