//! `kill -9` at random moments, while articles keep being added and corrected:
//! nothing lost, nothing twice, nobody else's article touched.

use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::count::{Count, count};
use crate::daemon::Dongbo;
use crate::expect;
use crate::lab::Lab;
use crate::world::feed::Feed;

/// How often, where `DONGBO_LIVE_KILLS` does not say.
const KILLS: u32 = 200;
/// A daemon lives this long, in milliseconds: enough to start, to find and to write.
const LIFE: std::ops::Range<u64> = 100..900;
/// Copies that are wanted and not there: with fewer, more articles are published.
const OPEN_MIN: usize = 30;
/// How many at once.
const MORE: u32 = 10;
/// The rest of the work, once the daemon may live.
const REST_MAX: Duration = Duration::from_secs(300);

#[test]
fn random_kills_lose_nothing_and_double_nothing() {
    let Some(lab) = Lab::up() else { return };
    let before = count(&lab);
    let (kills, seed) = (number("DONGBO_LIVE_KILLS", KILLS.into()), number("DONGBO_LIVE_SEED", fastrand::u64(..)));
    let _ = writeln!(std::io::stderr(), "DONGBO_LIVE_SEED={seed} DONGBO_LIVE_KILLS={kills}");
    let mut random = fastrand::Rng::with_seed(seed);
    let feed = Feed::start();
    let dongbo = Dongbo::new(&feed, &lab);

    let (mut busy, start) = (0, Instant::now());
    for round in 1..=kills {
        let counts = count(&lab);
        counts.iter().for_each(|count| no_duplicates_after(round, count));
        let open = keep_busy(&feed, &counts, &mut random);
        let mut daemon = dongbo.start();
        let life = Duration::from_millis(random.u64(LIFE));
        let ended = daemon.ended_within(life);
        assert!(ended.is_none(), "round {round}: the daemon ended by itself: {ended:?}\n{}", dongbo.log_tail());
        daemon.kill();
        busy += u64::from(count(&lab) != counts && open > 0);
    }
    let killed = start.elapsed();

    let daemon = dongbo.start();
    let counts = expect::until_shown(REST_MAX, &lab, &[0, 1, 2], &feed.articles());
    for count in &counts {
        expect::exactly(count, &feed.articles());
        expect::pictures(count, &feed.articles());
    }
    expect::foreign_untouched(&before, &counts);
    daemon.stop();

    let articles = feed.articles();
    let corrections: u32 = articles.iter().map(|article| article.corrections).sum();
    let _ = writeln!(
        std::io::stderr(),
        "{kills} kills in {killed:.0?}, {busy} of them after a write of that life; {} articles, {corrections} corrections",
        articles.len(),
    );
    // A daemon that never came to write would pass everything above.
    assert!(busy * 4 >= kills, "only {busy} of {kills} lives changed a site: the kills hit no work");
}

/// Publishes and corrects until there is work for the next life; returns how many copies are open.
fn keep_busy(feed: &Feed, counts: &[Count], random: &mut fastrand::Rng) -> usize {
    let wanted = feed.articles().len() * counts.len();
    let there: usize = counts.iter().map(Count::public).sum();
    let mut open = wanted.saturating_sub(there);
    if open < OPEN_MIN {
        feed.add(MORE);
        open += MORE as usize * counts.len();
    }
    let last = u32::try_from(feed.articles().len()).expect("a feed has fewer articles");
    feed.correct(random.u32(1..=last));
    open
}

fn no_duplicates_after(round: u64, count: &Count) {
    assert!(count.duplicates.is_empty(), "before round {round}: {}: {:?}", count.url, count.duplicates);
}

fn number(name: &str, otherwise: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text} is not a number")),
        Err(_) => otherwise,
    }
}
