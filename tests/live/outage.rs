//! A site that is down delays nobody else, and catches up by itself.

use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::count::count;
use crate::daemon::Dongbo;
use crate::expect;
use crate::lab::Lab;
use crate::world::feed::Feed;
use crate::world::wait;

const ARTICLES: u32 = 50;
const DOWN: usize = 1;
const OTHERS: [usize; 2] = [0, 2];
/// For 50 articles on a slow machine.
const RUN_MAX: Duration = Duration::from_secs(180);
/// How much longer the others may take than with all sites up.
const SLOWER_MAX: f64 = 1.1;
/// From the site's coming back until it has everything, without a command.
const CATCH_UP_MAX: Duration = Duration::from_secs(60);

#[test]
fn a_stopped_site_delays_nobody_and_catches_up_by_itself() {
    let Some(lab) = Lab::up() else { return };
    let before = count(&lab);

    // Three feeds with articles of their own, so that every run starts from nothing.
    // The first only warms the sites up: their first requests compile PHP.
    let warm_up = run(&lab, &Feed::start());
    let all_up = run(&lab, &Feed::start());

    lab.stop_site(DOWN);
    let feed = Feed::start();
    feed.add(ARTICLES);
    let dongbo = Dongbo::new(&feed, &lab);
    let daemon = dongbo.start();
    let one_down = shown_on_others(&lab, &feed);
    let ratio = one_down.as_secs_f64() / all_up.as_secs_f64();
    let _ = writeln!(
        std::io::stderr(),
        "two sites: warm-up {warm_up:.2?}, three up {all_up:.2?}, one of them down {one_down:.2?}, ratio {ratio:.2}"
    );
    assert!(ratio <= SLOWER_MAX, "one site down: {one_down:?} instead of {all_up:?}");
    assert!(count(&lab)[DOWN].of(&feed.articles()[0].url).is_none(), "a stopped site has no new copies");

    lab.start_site(DOWN);
    let back = Instant::now();
    let counts = expect::until_shown(CATCH_UP_MAX, &lab, &[0, 1, 2], &feed.articles());
    let _ = writeln!(std::io::stderr(), "the stopped site caught up in {:.2?}", back.elapsed());
    for count in &counts {
        expect::no_duplicates(count);
        assert_eq!(count.public(), 3 * ARTICLES as usize, "{}: {:?}", count.url, count.by_status);
    }
    expect::foreign_untouched(&before, &counts);
    daemon.stop();
}

/// One whole run with every site up: the time until the two sites that stay up had everything.
fn run(lab: &Lab, feed: &Feed) -> Duration {
    feed.add(ARTICLES);
    let dongbo = Dongbo::new(feed, lab);
    let daemon = dongbo.start();
    let took = shown_on_others(lab, feed);
    expect::until_shown(RUN_MAX, lab, &[DOWN], &feed.articles());
    daemon.stop();
    took
}

/// From the feed's being read until the sites that are up show it.
fn shown_on_others(lab: &Lab, feed: &Feed) -> Duration {
    wait::until(RUN_MAX, "the feed is read", || {
        if feed.requests().full > 0 { Ok(()) } else { Err("no request".to_owned()) }
    });
    let start = Instant::now();
    expect::until_shown(RUN_MAX, lab, &OTHERS, &feed.articles());
    start.elapsed()
}
