//! `kill -9` at random moments while articles are added and corrected, on a
//! server that answers in 0 to 300 ms and finishes what it began: nothing is
//! lost, nothing stands twice.
//!
//! With the feature `mutants` each broken guarantee must turn this red.

use std::io::Write as _;
use std::time::{Duration, Instant};

use dongbo_sdk::fake::{Entry, Latency};
use dongbo_wordpress::fake::FakeWordPress;

use crate::desk::{Desk, by_key, exactly, stands};
use crate::world::article::Article;
use crate::world::feed::Feed;
use crate::world::wait;

/// How often, where `DONGBO_KILLS` does not say: a taste for every run of the
/// tests. The whole measure is 1,000.
const KILLS: u64 = 60;
/// A daemon dies so many milliseconds after its first request, or in every
/// other life after its first write came to the site.
const LIFE: std::ops::Range<u64> = 0..200;
/// It may take this long until then; one that has nothing to do dies idle.
const AWAKE: Duration = Duration::from_millis(2000);

/// Corrections before each life, among the newest articles: those are under way.
const CORRECTED: u32 = 3;
const NEWEST: u32 = 12;

/// Articles that the feed shows: older ones drop off once they stand, as in every feed.
const WINDOW: u32 = 24;
/// While so many are in the feed, none is added.
const CROWD: usize = 48;

/// The rest of the work once the daemon may live: a try that ran out of time on a busy machine backs off for a minute or two.
const REST: Duration = Duration::from_secs(300);

/// How the site answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Host {
    /// Everything within 300 ms.
    Brisk,
    /// Creates and updates take up to [`SLOW`]: the next life looks before the last one's write has acted.
    Slow,
}

/// Half of it passes before the write acts: longer than a restarted daemon needs to come to its look-up.
const SLOW: Duration = Duration::from_millis(4000);

/// The figures of a run, or why it is red. `mutant` breaks one guarantee.
fn run(kills: u64, seed: u64, host: Host, mutant: &str) -> Result<String, String> {
    let mut random = fastrand::Rng::with_seed(seed);
    let feed = Feed::start();
    feed.add(20);
    let site = FakeWordPress::start();
    site.journal().set_latency(Latency { min: Duration::ZERO, max: Duration::from_millis(300) });
    if host == Host::Slow {
        site.journal().set_slow_writes(Some(("/posts", Latency { min: Duration::ZERO, max: SLOW })));
    }
    let settles = match host {
        // No call runs out of time, not even on a busy machine: what did would back off for minutes.
        Host::Brisk => "in_flight = 12\nsettles_within = \"200ms\"\ntimeout = \"1500ms\"\n",
        Host::Slow => "in_flight = 32\nsettles_within = \"3s\"\ntimeout = \"1s\"\n",
    };
    let desk = Desk::new(&feed, &[&site], settles);
    let (mut hits, mut gone, began) = (0, Vec::new(), Instant::now());
    for round in 0..kills {
        drop_standing(&feed, &site, &mut gone);
        // A feed that grew with every kill would outgrow the lives on a slow
        // machine: none would come to the end of it any more.
        if feed.articles().len() < CROWD {
            feed.add(1);
        }
        let last = feed.articles().last().map_or(1, |article| article.number);
        for _ in 0..CORRECTED {
            feed.correct(random.u32(last.saturating_sub(NEWEST).max(1)..=last));
        }
        let mut daemon = desk.start_as(mutant);
        wait::at_most(AWAKE, || at_work(&site, round % 2 == 0).then_some(()));
        if !daemon.lives(Duration::from_millis(random.u64(LIFE))) {
            return Err(format!("the daemon ended by itself:\n{}", desk.log_tail()));
        }
        hits += u64::from(at_work(&site, true));
        daemon.kill();
        site.journal().forget();
        if let Some((key, posts)) = by_key(&site).iter().find(|(_, posts)| posts.len() > 1) {
            return Err(format!("after {round} kills {key} stands {} times", posts.len()));
        }
    }
    let killed = began.elapsed();
    // A daemon that never came to write would pass everything above. About a
    // quarter do: what a life leaves in doubt may not be written by the next.
    if hits * 10 < kills {
        return Err(format!("only {hits} of {kills} kills hit a write"));
    }
    site.journal().set_latency(Latency::default());
    site.journal().set_slow_writes(None);
    let daemon = desk.start_as(mutant);
    let mut last = String::new();
    let articles = || gone.iter().cloned().chain(feed.articles()).collect::<Vec<_>>();
    let stands = wait::at_most(REST, || exactly(&site, &articles()).map_err(|why| last = why).ok());
    daemon.stop();
    if stands.is_none() {
        return Err(format!("{last}\n{}", what_the_ledger_says(&desk, &site, &articles())));
    }
    Ok(format!(
        "{kills} kills in {killed:.1?}, {hits} with a write under way; {} articles, {} posts",
        articles().len(),
        site.posts().len()
    ))
}

/// Of each article that does not stand: why, and what was tried.
fn what_the_ledger_says(desk: &Desk, site: &FakeWordPress, articles: &[Article]) -> String {
    let missing = articles.iter().filter(|article| !stands(site, article)).take(3);
    let asked = missing.flat_map(|article| {
        let why = desk.run(&["--lang", "en", "why", &article.title, "so-0"]);
        let history = desk.run(&["--lang", "en", "article", &article.title]);
        [why, history].map(|said| String::from_utf8_lossy(&said.stdout).into_owned())
    });
    asked.collect::<Vec<_>>().join("\n")
}

/// A request is at work on the site, or one that writes a post.
fn at_work(site: &FakeWordPress, writes: bool) -> bool {
    let counts = |entry: &Entry| !writes || (entry.method == "POST" && entry.target.contains("posts"));
    site.journal().entries().iter().any(|entry| entry.status.is_none() && counts(entry))
}

/// Lets the oldest articles drop off the feed that stand as they are now.
fn drop_standing(feed: &Feed, site: &FakeWordPress, gone: &mut Vec<Article>) {
    let articles = feed.articles();
    let old = articles.len().saturating_sub(WINDOW as usize);
    for article in &articles[..old] {
        if stands(site, article) {
            feed.remove(article.number);
            gone.push(article.clone());
        }
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().expect("a number"))
}

#[test]
fn random_kills_lose_nothing_and_double_nothing() {
    let (kills, seed) = (number("DONGBO_KILLS", KILLS), number("DONGBO_SEED", fastrand::u64(..)));
    let figures = run(kills, seed, Host::Brisk, "").unwrap_or_else(|why| panic!("seed {seed}: {why}"));
    let _ = writeln!(std::io::stderr(), "seed {seed}: {figures}");
}

#[cfg(feature = "mutants")]
#[test]
fn each_broken_guarantee_turns_it_red() {
    let sound = run(KILLS, fastrand::u64(..), Host::Slow, "").unwrap_or_else(|why| panic!("without a mutant: {why}"));
    let _ = writeln!(std::io::stderr(), "without a mutant: {sound}");
    for mutant in ["intent", "look-up", "grace", "doubt"] {
        let kills = number("DONGBO_KILLS", KILLS * 5);
        let why = run(kills, fastrand::u64(..), Host::Slow, mutant).expect_err(mutant);
        assert!(why.contains("stands"), "{mutant}: {why}");
        let _ = writeln!(std::io::stderr(), "mutant {mutant}: {}", why.chars().take(100).collect::<String>());
    }
}
