//! The one retry schedule: how long until the next try.
//!
//! The schedule itself lives in the store, as due times; this file only
//! computes an interval, and it is the only user of the `backoff` crate. The
//! crate's own jitter passes its cap and draws from a global generator, so it
//! is switched off and full jitter is drawn from a number that the caller
//! gives: a seed then replays. Its silent end after 15 minutes is off too.

use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff;

/// Tries after which a delivery parks. With the intervals below, 12 doublings
/// up to a day and then daily, they span about two weeks.
pub const TRIES_MAX: u32 = 24;

const FIRST: Duration = Duration::from_secs(30);
const CAP: Duration = Duration::from_secs(24 * 60 * 60);
/// A portal that is down is asked at least this often, so that it catches up soon after it comes back.
const PROBE_CAP: Duration = Duration::from_secs(30);
const PROBE_FIRST: Duration = Duration::from_secs(4);
/// A source that fails is read at least this often, unless it is configured more rarely.
pub const READING_CAP: Duration = Duration::from_secs(30 * 60);
/// The longest pause that a portal may ask for with `Retry-After`; a longer one is taken for a mistake.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60 * 60);

/// The wait before try number `tries + 1` of a delivery that failed `tries`
/// times. `draw` is uniform in 0..1. `after` is the portal's own `Retry-After`.
#[must_use]
pub fn delivery(tries: u32, after: Option<Duration>, draw: f64) -> Duration {
    jittered(interval(FIRST, CAP, tries), after, draw)
}

/// The wait before the next probe of a portal or installation that failed
/// `failures` times in a row.
#[must_use]
pub fn probe(failures: u32, after: Option<Duration>, draw: f64) -> Duration {
    jittered(interval(PROBE_FIRST, PROBE_CAP, failures), after, draw)
}

/// The wait before a source is read again that failed `failures` times in a
/// row and is otherwise read every `every`: between half and the whole of the
/// interval, so that a first failure is no reason to ask more often.
#[must_use]
pub fn reading(every: Duration, failures: u32, draw: f64) -> Duration {
    interval(every, READING_CAP.max(every), failures).mul_f64(0.5 + 0.5 * draw.clamp(0.0, 1.0))
}

/// Full jitter between a tenth and the whole of the interval: never at once,
/// never all together. What the portal asks for is a floor.
fn jittered(interval: Duration, after: Option<Duration>, draw: f64) -> Duration {
    let floor = after.unwrap_or_default().min(RETRY_AFTER_MAX);
    let share = 0.1 + 0.9 * draw.clamp(0.0, 1.0);
    interval.mul_f64(share).max(floor)
}

fn interval(first: Duration, cap: Duration, tries: u32) -> Duration {
    let mut schedule = ExponentialBackoff {
        current_interval: first,
        initial_interval: first,
        randomization_factor: 0.0,
        multiplier: 2.0,
        max_interval: cap,
        max_elapsed_time: None,
        ..ExponentialBackoff::default()
    };
    // The crate hands out the current interval and then doubles it; beyond
    // `TRIES_MAX` doublings every interval is the cap.
    let mut interval = first;
    for _ in 0..tries.clamp(1, TRIES_MAX) {
        interval = schedule.next_backoff().unwrap_or(cap);
    }
    interval
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_double_up_to_the_cap_and_never_pass_it() {
        let seconds: Vec<u64> = (1..=4).map(|tries| delivery(tries, None, 1.0).as_secs()).collect();
        assert_eq!(seconds, [30, 60, 120, 240]);
        assert_eq!(delivery(1000, None, 1.0), CAP);
        assert_eq!(probe(1000, None, 1.0), PROBE_CAP);
    }

    #[test]
    fn the_tries_of_a_delivery_span_about_two_weeks() {
        let longest: Duration = (1..TRIES_MAX).map(|tries| delivery(tries, None, 1.0)).sum();
        let mean: Duration = (1..TRIES_MAX).map(|tries| delivery(tries, None, 0.5)).sum();
        assert!((7.0..=15.0).contains(&(longest.as_secs_f64() / 86_400.0)), "{longest:?}");
        assert!(mean > longest / 2);
    }

    #[test]
    fn a_portals_own_wish_is_a_floor_within_reason() {
        assert_eq!(delivery(1, Some(Duration::from_secs(600)), 0.0), Duration::from_secs(600));
        assert_eq!(delivery(1, Some(Duration::from_secs(10_000_000)), 0.0), RETRY_AFTER_MAX);
    }
}
