//! Work that nobody can do now must not cost the others: 1 million due rows of
//! a held portal and 100,000 of one limited to 0.4 calls per second, beside a
//! ledger without them. Neither portal is asked for its rows here, because a
//! held lane does not look and a slow one looks 64 ahead.

use anyhow::Result;

use crate::Size;
use crate::history;
use crate::ledger::{self, Ledger};
use crate::measure::{Spread, Watch};

/// Portals with work that can be done.
const PORTALS: usize = 20;
const ROUNDS: usize = 7;
const ARTICLES: usize = 100;
const GOAL: f64 = 1.25;

pub(crate) fn run(size: Size) -> Result<()> {
    crate::storm::runtime()?.block_on(measure(size))
}

async fn measure(size: Size) -> Result<()> {
    let (held, slow): (i64, i64) = size.of((1_000_000, 100_000), (50_000, 5_000));
    let mut plain = Ledger::new(PORTALS + 2).await?;
    let mut burdened = Ledger::new(PORTALS + 2).await?;
    let ids = [burdened.portals[PORTALS].id, burdened.portals[PORTALS + 1].id];
    plain.plan_only(PORTALS);
    burdened.plan_only(PORTALS);
    burdened.rewrite(|db| {
        ledger::add_overdue(db, ids[0], held)?;
        ledger::add_overdue(db, ids[1], slow)
    })?;
    let (mut ratios, mut looks) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let (with, without) =
            (history::work(&mut burdened, ARTICLES).await?, history::work(&mut plain, ARTICLES).await?);
        let watch = Watch::start();
        anyhow::ensure!(burdened.due(ids[1], 64)?.len() == 64, "the limited portal's rows are due");
        let look = watch.stop().wall.as_secs_f64() * 1e6;
        // The first round fills caches.
        if round > 0 {
            ratios.push(with.wall.as_secs_f64() / without.wall.as_secs_f64());
            looks.push(look);
        }
    }
    println!(
        "Overdue rows: {held} of a held portal and {slow} of a limited one beside {PORTALS} others; {ROUNDS} rounds"
    );
    println!("   the others' claim + record, divided by that without them: {} (goal <= {GOAL})", Spread::of(ratios));
    println!("   the limited portal's look 64 ahead: {:.0} us", Spread::of(looks));
    Ok(())
}
