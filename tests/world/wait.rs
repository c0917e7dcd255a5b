//! Waiting for a condition, never for a time. The only place that polls.

use std::thread;
use std::time::{Duration, Instant};

/// Between two looks of [`until`]. Short beside what is waited for, long beside the cost of a look.
const PAUSE: Duration = Duration::from_millis(100);
/// Between two looks of [`at_most`], which catches moments.
const BLINK: Duration = Duration::from_millis(10);

/// Looks until `look` returns `Ok` and returns what it found.
///
/// # Panics
///
/// After `limit`, with `what` and the reason of the last look: the test has failed.
pub(crate) fn until<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let end = Instant::now() + limit;
    loop {
        match look() {
            Ok(found) => return found,
            Err(reason) if Instant::now() >= end => panic!("not within {limit:?}: {what}: {reason}"),
            Err(_) => thread::sleep(PAUSE),
        }
    }
}

/// Looks until `look` finds something, at most for `limit`.
pub(crate) fn at_most<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    loop {
        let found = look();
        let left = end.saturating_duration_since(Instant::now());
        if found.is_some() || left.is_zero() {
            return found;
        }
        thread::sleep(BLINK.min(left));
    }
}

#[test]
fn a_condition_that_comes_true_is_noticed() {
    let mut looks = 0;
    let found = until(Duration::from_secs(5), "three looks", || {
        looks += 1;
        if looks == 3 { Ok(looks) } else { Err(format!("{looks}")) }
    });
    assert_eq!(found, 3);
}

#[test]
#[should_panic(expected = "a miracle: still nothing")]
fn a_condition_that_does_not_come_true_fails_the_test() {
    until(Duration::from_millis(1), "a miracle", || Err::<(), _>("still nothing".to_owned()));
}

#[test]
fn waiting_at_most_ends_with_nothing() {
    assert_eq!(at_most(Duration::from_millis(1), || None::<()>), None);
    assert_eq!(at_most(Duration::from_secs(5), || Some(1)), Some(1));
}
