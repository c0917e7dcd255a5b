//! How a source is read: what it wishes is heard within limits, what it hides
//! is found, and what may have been missed is told.

use std::time::Duration;

use dongbo::rhythm::{self, Why};
use dongbo::source::ReadError;

use dongbo_wordpress::fake::FakeWordPress;

use crate::desk::{Desk, SOON};
use crate::reader::Reader;
use crate::world::feed::{Feed, Script};
use crate::world::wait;

const SECOND: Duration = Duration::from_secs(1);

async fn reader(feed: &Feed, articles: u32, script: Script) -> Reader {
    feed.play(script);
    feed.add(articles);
    Reader::new(feed).await
}

fn header(name: &'static str, value: &str) -> Script {
    Script { headers: vec![(name, value.to_owned())], ..Script::default() }
}

fn about(wait: Duration, meant: Duration) -> bool {
    wait >= meant.mul_f64(0.94) && wait <= meant.mul_f64(1.11)
}

#[tokio::test]
async fn a_feeds_wish_lengthens_the_interval_to_a_quarter_of_an_hour_and_outlives_a_restart() {
    for (channel, meant) in [
        ("<ttl>2</ttl>", 120 * SECOND),
        ("<ttl>10080</ttl>", rhythm::WISH_MAX),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>6</sy:updateFrequency>", 600 * SECOND),
        (
            "<skipDays><day>Monday</day><day>Tuesday</day><day>Wednesday</day><day>Thursday</day><day>Friday</day>\
          <day>Saturday</day><day>Sunday</day></skipDays>",
            rhythm::WISH_MAX,
        ),
    ] {
        let feed = Feed::start();
        let mut reader = reader(&feed, 3, Script { channel, ..Script::default() }).await;
        reader.poll().await;
        for _ in 0..2 {
            let next = reader.poller.next();
            assert!(next.why == Why::Wished && about(next.wait, meant), "{channel}: {next:?}");
            reader.restart();
            assert_eq!(reader.poll().await, None);
        }
        let status = reader.status();
        assert!(status.contains("(as the source wishes)"), "{status}");
    }
}

#[tokio::test]
async fn an_unchanged_source_that_is_fresh_or_pleads_is_read_later_and_commits_nothing() {
    for (script, meant, why) in [
        (header("cache-control", "max-age=120"), 120 * SECOND, Why::Wished),
        (header("retry-after", "1200"), 1200 * SECOND, Why::Plea),
        (header("retry-after", "999999"), rhythm::PLEA_MAX, Why::Plea),
    ] {
        let feed = Feed::start();
        let mut reader = reader(&feed, 3, script).await;
        reader.poll().await;
        let commits = reader.commits();
        for _ in 0..20 {
            assert_eq!(reader.poll().await, None);
            let next = reader.poller.next();
            assert!(next.why == why && about(next.wait, meant), "{next:?}");
        }
        assert!(reader.commits().are_the_same_as(commits));
        assert_eq!(feed.requests().not_modified, 20);
    }
}

#[tokio::test]
async fn a_busy_sources_plea_outlives_a_restart() {
    for status in [429, 503] {
        let feed = Feed::start();
        let mut reader = reader(&feed, 3, Script::default()).await;
        reader.poll().await;
        assert_eq!(reader.poller.first_wait(), Duration::ZERO);
        feed.play(Script { status: Some(status), ..header("retry-after", "600") });
        assert!(matches!(reader.fails().await, ReadError::Status(said) if said == status));
        reader.restart();
        let wait = reader.poller.first_wait();
        assert!(wait > 590 * SECOND && wait < 700 * SECOND, "{wait:?}");
        let told = reader.status();
        assert!(told.contains("NOT READ: status") && told.contains("Retry-After"), "{told}");
        feed.play(Script::default());
        assert_eq!(reader.poll().await, None);
        assert!(!reader.status().contains("NOT READ"), "{}", reader.status());
        reader.restart();
        assert_eq!(reader.poller.first_wait(), Duration::ZERO, "it is over");
    }
}

#[tokio::test]
async fn a_source_whose_reading_the_ledger_refuses_is_not_said_to_be_well() {
    let feed = Feed::start();
    let mut reader = reader(&feed, 3, Script::default()).await;
    let refusal = "CREATE TRIGGER refusal BEFORE INSERT ON article BEGIN SELECT RAISE(ABORT, 'no'); END";
    reader.ledger.execute_batch(refusal).unwrap();
    for failures in 1..=3 {
        assert!(!reader.is_refused().await.is_io());
        assert_eq!((reader.rhythm().failures, reader.poller.next().why), (failures, Why::Failing));
    }
    assert!(reader.status().contains("NOT READ: ledger"), "{}", reader.status());
    reader.ledger.execute_batch("DROP TRIGGER refusal").unwrap();
    assert_eq!(reader.poll().await.map(|committed| committed.new), Some(3));
    assert!(!reader.status().contains("NOT READ"), "{}", reader.status());
}

#[tokio::test]
async fn a_source_that_fails_is_read_less_and_less_often_and_the_ledger_counts() {
    let feed = Feed::start();
    let mut reader = reader(&feed, 3, Script { status: Some(500), ..Script::default() }).await;
    for failures in 1..=12_u32 {
        reader.fails().await;
        let next = reader.poller.next();
        let meant = (10 * SECOND * 2_u32.pow(failures - 1)).min(rhythm::FAILING_MAX);
        assert!(next.why == Why::Failing && next.wait >= meant / 2 && next.wait <= meant, "{failures}: {next:?}");
        assert_eq!(reader.rhythm().failures, failures);
        reader.restart();
    }
    assert!(reader.status().contains("(failures in a row: 12)"), "{}", reader.status());
    feed.play(Script::default());
    assert_eq!(reader.poll().await.map(|committed| committed.new), Some(3));
    assert_eq!(reader.rhythm().failures, 0);
    assert_eq!(reader.poller.next().why, Why::Configured);
}

#[tokio::test]
async fn a_move_for_good_is_told_once_and_the_source_is_read_through_it() {
    for (status, events) in [(301, 1), (308, 1), (302, 0), (307, 0)] {
        let feed = Feed::start();
        let script = Script { status: Some(status), ..header("location", &feed.second_url()) };
        let mut reader = reader(&feed, 3, script).await;
        assert_eq!(reader.poll().await.map(|committed| committed.new), Some(3));
        reader.restart();
        feed.add(1);
        assert_eq!(reader.poll().await.map(|committed| committed.new), Some(1));
        assert_eq!(reader.events("source.moved").len(), events, "{status}");
        let told = reader.status();
        assert_eq!(told.contains("moved for good") && told.contains(&feed.second_url()), events == 1, "{told}");
        feed.play(Script::default());
        reader.poll().await;
        assert!(!reader.status().contains("moved for good"), "the redirect is gone");
    }
}

#[tokio::test]
async fn what_not_modified_hides_is_found_after_a_day_and_the_validators_are_dropped_for_another() {
    let feed = Feed::start();
    let mut reader = reader(&feed, 3, Script::default()).await;
    reader.poll().await;
    feed.play(Script { always_unmodified: true, ..Script::default() });
    feed.add(2);
    assert_eq!(reader.poll().await, None, "hidden");
    reader.age(23);
    assert_eq!(reader.poll().await, None);
    reader.age(2);
    assert_eq!(reader.poll().await.map(|committed| committed.new), Some(2));
    assert_eq!(reader.events("source.validators-distrusted").len(), 1);
    assert!(reader.status().contains("said “not modified”"), "{}", reader.status());
    feed.add(1);
    reader.restart();
    assert_eq!(reader.poll().await.map(|committed| committed.new), Some(1), "read whole, also after a restart");
    reader.ledger.execute("UPDATE source SET distrusted_until = 1", []).unwrap();
    feed.add(1);
    reader.restart();
    assert_eq!(reader.poll().await, None, "a day later it has another chance");
}

#[tokio::test]
async fn a_source_that_is_really_unchanged_is_looked_at_once_a_day_and_not_accused() {
    let feed = Feed::start();
    let mut reader = reader(&feed, 3, Script::default()).await;
    reader.poll().await;
    reader.age(25);
    let (commits, full) = (reader.commits(), feed.requests().full);
    for _ in 0..5 {
        assert_eq!(reader.poll().await, None);
    }
    assert!(reader.commits().are_the_same_as(commits));
    assert_eq!(feed.requests().full, full + 1);
    // Something new at the very moment of the look is no lie.
    reader.age(25);
    feed.add(1);
    assert_eq!(reader.poll().await.map(|committed| committed.new), Some(1));
    assert_eq!(reader.events("source.validators-distrusted"), Vec::<String>::new());
}

#[tokio::test]
async fn a_reading_that_shares_nothing_with_those_before_is_told_as_a_gap() {
    let feed = Feed::start();
    let mut reader = reader(&feed, 10, Script { window: Some(5), ..Script::default() }).await;
    reader.poll().await;
    assert_eq!(reader.events("source.gap").len(), 0, "a first reading misses nothing");
    feed.add(4);
    reader.poll().await;
    assert_eq!(reader.events("source.gap").len(), 0, "one article was known");
    feed.add(5);
    reader.poll().await;
    assert_eq!(reader.events("source.gap").len(), 1);
    assert!(reader.status().contains("A reading met nothing known"), "{}", reader.status());
    feed.add(9);
    reader.poll().await;
    assert_eq!(reader.events("source.gap").len(), 1, "the same cause is no second event on the same day");
    reader.ledger.execute("UPDATE source SET gap_at = gap_at - 8 * 86400000", []).unwrap();
    assert!(!reader.status().contains("nothing known"), "told for a week");
}

#[tokio::test]
async fn a_source_that_was_empty_misses_nothing_with_its_first_articles() {
    let feed = Feed::start();
    let mut reader = reader(&feed, 0, Script::default()).await;
    reader.poll().await;
    feed.add(5);
    assert_eq!(reader.poll().await.map(|committed| committed.new), Some(5));
    assert_eq!(reader.events("source.gap").len(), 0);
}

#[test]
fn two_sources_on_one_host_are_not_read_at_the_same_moment() {
    let feed = Feed::start();
    feed.add(3);
    let site = FakeWordPress::start();
    let desk = Desk::new(&feed, &[&site], "");
    let more: String = (1..=3)
        .map(|n| format!("[[source]]\nid = \"s{n}\"\nurl = \"{}?{n}\"\npoll = \"10s\"\n", feed.second_url()))
        .collect();
    let text =
        format!("{}\n[hosts]\npause = \"700ms\"\n{more}", std::fs::read_to_string(desk.path("dongbo.toml")).unwrap());
    std::fs::write(desk.path("dongbo.toml"), text).unwrap();
    let daemon = desk.start();
    let asked = wait::until(SOON, "all four are read", || match feed.asked() {
        asked if asked.len() >= 4 => Ok(asked),
        asked => Err(format!("{asked:?}")),
    });
    daemon.stop();
    let gaps: Vec<Duration> = asked.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.iter().all(|gap| *gap >= Duration::from_millis(600)), "{gaps:?}");
}
