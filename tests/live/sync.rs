//! The main job: a feed becomes posts, a correction follows, a withdrawal follows.

use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::count::{Count, count};
use crate::daemon::Dongbo;
use crate::expect;
use crate::lab::{Lab, SITES};
use crate::world::feed::Feed;
use crate::world::wait;

const ARTICLES: u32 = 50;
/// For 50 articles on three sites on a slow machine.
const FIRST_MAX: Duration = Duration::from_secs(180);
/// For one change: a poll, a call per site and a margin.
const CHANGE_MAX: Duration = Duration::from_secs(60);
const ALL: [usize; SITES] = [0, 1, 2];

#[test]
fn a_feed_stands_on_every_site_is_corrected_and_withdrawn() {
    let Some(lab) = Lab::up() else { return };
    let before = count(&lab);
    let feed = Feed::start();
    feed.add(ARTICLES);
    let dongbo = Dongbo::new(&feed, &lab);
    let (daemon, start) = (dongbo.start(), Instant::now());

    let counts = expect::until_shown(FIRST_MAX, &lab, &ALL, &feed.articles());
    let _ = writeln!(std::io::stderr(), "{ARTICLES} articles stand on {SITES} sites after {:.2?}", start.elapsed());
    for count in &counts {
        expect::exactly(count, &feed.articles());
        expect::pictures(count, &feed.articles());
    }

    feed.correct(7);
    let counts = expect::until_shown(CHANGE_MAX, &lab, &ALL, &feed.articles());
    counts.iter().for_each(|count| expect::exactly(count, &feed.articles()));

    let withdrawn = feed.articles()[20].url.clone();
    dongbo.run(&["withdraw", "--article", &withdrawn, "--yes"]);
    let counts = wait::until(CHANGE_MAX, "the withdrawal on all sites", || {
        let counts = count(&lab);
        let public = counts.iter().find(|count| is_public(count, &withdrawn));
        public.map_or(Ok(()), |count| Err(format!("{} still shows it", count.url)))?;
        Ok(counts)
    });
    for count in &counts {
        expect::no_duplicates(count);
        assert_eq!(count.public(), ARTICLES as usize - 1, "{}: {:?}", count.url, count.by_status);
    }

    expect::foreign_untouched(&before, &counts);
    expect::status_answers(&dongbo);
    daemon.stop();
}

fn is_public(count: &Count, url: &str) -> bool {
    count.of(url).is_some_and(|item| item.status == "publish")
}
