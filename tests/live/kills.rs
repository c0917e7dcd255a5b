//! `kill -9` at random moments, while articles keep being added and corrected:
//! nothing lost, nothing twice, nobody else's article touched.

use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::count::{Count, count};
use crate::daemon::Dongbo;
use crate::expect;
use crate::lab::Lab;
use crate::world::article::Article;
use crate::world::feed::Feed;
use crate::world::wait;

/// How often, where `DONGBO_LIVE_KILLS` does not say.
const KILLS: u32 = 200;
/// A daemon dies so many milliseconds after its first write came to a site.
const LIFE: std::ops::Range<u64> = 0..400;
/// It may take this long until then; one that has nothing to write dies idle.
const AWAKE: Duration = Duration::from_millis(2500);
/// Articles that the feed shows: older ones drop off once they stand, as in every feed.
const WINDOW: usize = 24;
/// How long a write may wait on the site: longer than the next life needs to
/// come to its look-up, so that whoever believes an absence at once creates a
/// second copy. Shorter than the portals' `settles_within`.
const SLOW: Duration = Duration::from_millis(1000);
/// Published before the first life.
const FIRST: u32 = 30;
/// Published and corrected before each life: more than one life can finish.
const NEW: u32 = 1;
const CORRECTED: u32 = 3;
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
    feed.add(FIRST);
    let dongbo = Dongbo::new(&feed, &lab);
    lab.slow_writes(SLOW);

    let (mut hits, mut gone, start) = (0, Vec::new(), Instant::now());
    for round in 1..=kills {
        let counts = count(&lab);
        counts.iter().for_each(|count| no_duplicates_after(round, count));
        drop_standing(&feed, &counts, &mut gone);
        publish(&feed, &mut random);
        let writes = lab.writes();
        let mut daemon = dongbo.start();
        wait::at_most(AWAKE, || (lab.writes() > writes).then_some(()));
        let life = Duration::from_millis(random.u64(LIFE));
        let ended = daemon.ended_within(life);
        assert!(ended.is_none(), "round {round}: the daemon ended by itself: {ended:?}\n{}", dongbo.log_tail());
        daemon.kill();
        hits += u64::from(lab.writes() > writes && lab.writes_in_flight() > 0);
    }
    let killed = start.elapsed();
    lab.slow_writes(Duration::ZERO);

    let daemon = dongbo.start();
    let articles: Vec<_> = gone.into_iter().chain(feed.articles()).collect();
    let counts = expect::until_shown(REST_MAX, &lab, &[0, 1, 2], &articles);
    for count in &counts {
        expect::exactly(count, &articles);
        expect::pictures(count, &articles);
    }
    expect::foreign_untouched(&before, &counts);
    daemon.stop();

    let corrections: u32 = articles.iter().map(|article| article.corrections).sum();
    let _ = writeln!(
        std::io::stderr(),
        "{kills} kills in {killed:.0?}, {hits} of them with a write under way; {} articles, {corrections} corrections",
        articles.len(),
    );
    // A daemon that never came to write would pass everything above.
    assert!(hits * 4 >= kills, "only {hits} of {kills} kills hit a write");
}

/// What the editors did meanwhile.
fn publish(feed: &Feed, random: &mut fastrand::Rng) {
    feed.add(NEW);
    let articles = feed.articles();
    for _ in 0..CORRECTED {
        feed.correct(articles[random.usize(0..articles.len())].number);
    }
}

/// Lets the oldest articles drop off the feed that every site shows as they are now.
fn drop_standing(feed: &Feed, counts: &[Count], gone: &mut Vec<Article>) {
    let articles = feed.articles();
    for article in &articles[..articles.len().saturating_sub(WINDOW)] {
        if counts.iter().all(|count| expect::shows(count, article)) {
            feed.remove(article.number);
            gone.push(article.clone());
        }
    }
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
