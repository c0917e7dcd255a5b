//! When a source is read next. Pure: time and chance are arguments.
//!
//! The interval is the configured one, or the source's own: half the median
//! gap between its newest articles. With a reading every half gap most gaps
//! are met by two readings, and an article waits a quarter of a gap on average.
//! What the source wishes (`ttl`, `skipHours`, caching headers) may only
//! lengthen it, and never beyond [`WISH_MAX`]: a storm warning must not wait
//! because a feed says `ttl=10080`. Only a plea of the server (`Retry-After`)
//! and failures in a row go further, to an hour and to half of one. Nothing
//! ever ends the readings.

use std::time::Duration;

use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use crate::retry;

/// A source that publishes without pause is read this often.
pub const OWN_MIN: Duration = Duration::from_secs(60);
/// A source that hardly ever publishes is read this often.
pub const OWN_MAX: Duration = Duration::from_secs(15 * 60);
/// Of a source whose rhythm is not known.
pub const UNKNOWN: Duration = Duration::from_secs(5 * 60);
/// Nothing that a source says of itself keeps it unread for longer.
pub const WISH_MAX: Duration = Duration::from_secs(15 * 60);
/// The longest `Retry-After` that is believed; a longer one is taken for a mistake.
pub const PLEA_MAX: Duration = Duration::from_secs(60 * 60);
/// A source that fails is read at least this often, unless it is configured more rarely.
pub const FAILING_MAX: Duration = retry::READING_CAP;
/// Readings spread by up to this share of their interval, so that they never come together.
pub const JITTER: f64 = 0.1;
/// Articles that tell a source's own rhythm.
pub const NEWEST: usize = 20;

/// What a source wishes, in its document and in the headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wishes {
    /// RSS 2.0 `ttl`, or the syndication module's `updatePeriod` and `updateFrequency`.
    pub every: Option<Duration>,
    /// How long its last answer is fresh: `Cache-Control: max-age` or `Expires` (RFC 9111 §4.2.1).
    pub fresh: Option<Duration>,
    pub skip: Skip,
}

/// Hours and days at which nothing is published (RSS 2.0 `skipHours`, `skipDays`), in GMT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Skip {
    /// Bit 0: from midnight to one.
    pub hours: u32,
    /// Bit 0: Monday.
    pub days: u8,
}

/// All that decides when a source is read next.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Case {
    /// `poll` of the configuration.
    pub poll: Option<Duration>,
    /// The source's own rhythm, see [`own`].
    pub own: Option<Duration>,
    pub wishes: Wishes,
    /// `Retry-After` of the last answer.
    pub plea: Option<Duration>,
    /// Readings that failed in a row.
    pub failures: u32,
}

/// When the next reading is due, from now on, and what decided it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    pub wait: Duration,
    pub why: Why,
    /// Nothing shortens the wait below this: the server asked for it.
    pub at_least: Duration,
}

impl Next {
    #[must_use]
    pub const fn new(wait: Duration, why: Why) -> Self {
        Self { wait, why, at_least: Duration::ZERO }
    }
}

/// What decides an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The configuration.
    Configured,
    /// How often the source publishes.
    Own,
    /// `ttl`, `skipHours` and their like, or caching headers.
    Wished,
    /// `Retry-After`.
    Plea,
    /// Readings that failed in a row.
    Failing,
}

impl Why {
    /// As the ledger and `--json` spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Configured => "configured",
            Self::Own => "own-rhythm",
            Self::Wished => "wished",
            Self::Plea => "retry-after",
            Self::Failing => "failing",
        }
    }
}

/// The source's own rhythm: half the median gap between its newest articles,
/// within [`OWN_MIN`] and [`OWN_MAX`]. Articles of one minute count once:
/// several of them come out together. `None` where there are too few to tell.
#[must_use]
pub fn own(published: impl Iterator<Item = Timestamp>) -> Option<Duration> {
    let mut minutes: Vec<i64> = published.map(|at| at.as_second().div_euclid(60)).collect();
    minutes.sort_unstable();
    minutes.dedup();
    let newest = &minutes[minutes.len().saturating_sub(NEWEST)..];
    let mut gaps: Vec<u64> = newest.windows(2).map(|pair| pair[1].abs_diff(pair[0])).collect();
    gaps.sort_unstable();
    let median = *gaps.get(gaps.len() / 2).filter(|_| gaps.len() >= 2)?;
    Some(Duration::from_secs(median.saturating_mul(30)).clamp(OWN_MIN, OWN_MAX))
}

/// The interval as it is meant, without chance, failures and pleas.
#[must_use]
pub fn interval(case: &Case, now: Timestamp) -> Next {
    let ordinary = match (case.poll, case.own) {
        (Some(poll), _) => Next::new(poll, Why::Configured),
        (None, own) => Next::new(own.unwrap_or(UNKNOWN), Why::Own),
    };
    let Wishes { every, fresh, skip } = case.wishes;
    let wish = every.max(fresh).unwrap_or_default().min(WISH_MAX).max(ordinary.wait);
    let wish = skip.lengthened(wish, now);
    if wish > ordinary.wait { Next::new(wish, Why::Wished) } else { ordinary }
}

/// When the source is read next. `draw` is uniform in 0..1.
#[must_use]
pub fn next(case: &Case, now: Timestamp, draw: f64) -> Next {
    let mut next = interval(case, now);
    next.wait = match case.failures {
        0 => next.wait.mul_f64(1.0 + JITTER * (draw.clamp(0.0, 1.0) - 0.5)),
        failures => {
            next.why = Why::Failing;
            retry::reading(next.wait, failures, draw)
        }
    };
    next.at_least = case.plea.unwrap_or_default().min(PLEA_MAX);
    if next.at_least > next.wait {
        next.why = Why::Plea;
        // Many may have been asked to come back at the same moment.
        next.wait = next.at_least.mul_f64(1.0 + JITTER * draw.clamp(0.0, 1.0));
    }
    next
}

impl Skip {
    /// A wait that ends in a skipped hour lasts until one comes that is not, at most to [`WISH_MAX`].
    fn lengthened(self, wait: Duration, now: Timestamp) -> Duration {
        let Ok(wait_signed) = SignedDuration::try_from(wait) else { return wait };
        let Ok(at) = now.checked_add(wait_signed) else { return wait };
        if wait >= WISH_MAX || !self.covers(at) {
            return wait;
        }
        let into_hour = Duration::from_secs(at.as_second().rem_euclid(3600).unsigned_abs());
        let left = Duration::from_secs(3600) - into_hour;
        let goes_on =
            SignedDuration::try_from(left).is_ok_and(|left| at.checked_add(left).is_ok_and(|end| self.covers(end)));
        // Two skipped hours are longer than the ceiling anyway.
        if goes_on { WISH_MAX } else { (wait + left).min(WISH_MAX) }
    }

    fn covers(self, at: Timestamp) -> bool {
        let at = Offset::UTC.to_datetime(at);
        let hour = self.hours >> at.hour().unsigned_abs() & 1 == 1;
        let day = self.days >> at.weekday().to_monday_zero_offset().unsigned_abs() & 1 == 1;
        hour || day
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn every(gap_s: i64, count: i64) -> impl Iterator<Item = Timestamp> {
        (0..count).map(move |n| Timestamp::from_second(1_790_000_000 + n * gap_s).unwrap())
    }

    fn noon(case: Case) -> Next {
        next(&case, at("2026-11-24T12:00:00Z"), 0.5)
    }

    #[test]
    fn a_source_is_read_twice_between_two_of_its_articles() {
        assert_eq!(own(every(1200, 30)), Some(10 * MINUTE));
        assert_eq!(own(every(61, 30)), Some(OWN_MIN), "a flood");
        assert_eq!(own(every(86_400, 30)), Some(OWN_MAX), "one a day");
        assert_eq!(own(every(1, 30)), None, "all of one minute tell nothing");
        assert_eq!(own(every(600, 2)), None, "too few");
        let old_and_new =
            every(86_400, 50).chain((0..20).map(|n| at("2027-06-01T00:00:00Z") + SignedDuration::from_mins(n * 8)));
        assert_eq!(own(old_and_new), Some(4 * MINUTE), "only the newest count");
    }

    #[test]
    fn what_is_configured_is_the_interval_whatever_the_source_publishes() {
        let case = Case { poll: Some(2 * MINUTE), own: Some(9 * MINUTE), ..Case::default() };
        assert_eq!(noon(case), Next::new(2 * MINUTE, Why::Configured));
        let case = Case { own: Some(9 * MINUTE), ..Case::default() };
        assert_eq!(noon(case), Next::new(9 * MINUTE, Why::Own));
        assert_eq!(noon(Case::default()).wait, UNKNOWN);
    }

    #[test]
    fn a_wish_lengthens_the_interval_to_its_ceiling_and_never_shortens_it() {
        let wished = |poll, every| {
            let wishes = Wishes { every: Some(every), ..Wishes::default() };
            noon(Case { poll: Some(poll), wishes, ..Case::default() })
        };
        assert_eq!(wished(2 * MINUTE, 10 * MINUTE), Next::new(10 * MINUTE, Why::Wished));
        assert_eq!(wished(2 * MINUTE, 10_080 * MINUTE), Next::new(WISH_MAX, Why::Wished));
        assert_eq!(wished(20 * MINUTE, MINUTE), Next::new(20 * MINUTE, Why::Configured));
        assert_eq!(wished(60 * MINUTE, 10_080 * MINUTE).wait, 60 * MINUTE);
    }

    #[test]
    fn skipped_hours_and_days_are_gmt_and_end_at_the_ceiling() {
        let skip = Skip { hours: 1 << 12, days: 0 };
        let case = Case { poll: Some(2 * MINUTE), wishes: Wishes { skip, ..Wishes::default() }, ..Case::default() };
        let wait = |case: &Case, time: &str| interval(case, at(time)).wait;
        assert_eq!(wait(&case, "2026-11-24T11:30:00Z"), 2 * MINUTE);
        assert_eq!(wait(&case, "2026-11-24T12:10:00Z"), WISH_MAX);
        assert_eq!(wait(&case, "2026-11-24T12:50:00Z"), 10 * MINUTE, "the hour is over at one");
        // 2026-11-24 is a Tuesday.
        let skip = Skip { hours: 0, days: 1 << 1 };
        let case = Case { poll: Some(2 * MINUTE), wishes: Wishes { skip, ..Wishes::default() }, ..Case::default() };
        assert_eq!(wait(&case, "2026-11-24T20:00:00Z"), WISH_MAX);
        assert_eq!(wait(&case, "2026-11-25T00:00:00Z"), 2 * MINUTE);
        let every_hour = Skip { hours: u32::MAX, days: u8::MAX };
        let case = Case { wishes: Wishes { skip: every_hour, ..Wishes::default() }, ..Case::default() };
        assert_eq!(wait(&case, "2026-11-24T20:50:00Z"), WISH_MAX, "the next hour is skipped too");
    }

    #[test]
    fn a_plea_is_kept_for_an_hour_at_most_and_never_broken() {
        let case = |plea| Case { poll: Some(MINUTE), plea: Some(plea), ..Case::default() };
        for draw in [0.0, 0.5, 1.0] {
            let next = next(&case(10 * MINUTE), Timestamp::UNIX_EPOCH, draw);
            assert!(next.wait >= 10 * MINUTE && next.why == Why::Plea, "{next:?}");
        }
        assert_eq!(next(&case(Duration::MAX), Timestamp::UNIX_EPOCH, 0.0).wait, PLEA_MAX);
        let short = noon(case(Duration::from_secs(1)));
        assert_eq!((short.wait, short.why), (MINUTE, Why::Configured), "a shorter one changes nothing");
        assert_eq!(short.at_least, Duration::from_secs(1), "but is known to whoever is in a hurry");
    }

    #[test]
    fn failures_double_the_interval_and_never_end_the_readings() {
        let wait =
            |failures| next(&Case { poll: Some(MINUTE), failures, ..Case::default() }, Timestamp::UNIX_EPOCH, 1.0).wait;
        assert_eq!([1, 2, 3, 4].map(wait), [1, 2, 4, 8].map(|minutes| minutes * MINUTE));
        assert_eq!(wait(u32::MAX), FAILING_MAX);
    }

    prop_compose! {
        fn any_duration()(seconds in prop_oneof![0..10_000_u64, any::<u64>()]) -> Duration { Duration::from_secs(seconds) }
    }

    proptest! {
        #[test]
        fn whatever_a_source_says_it_is_read_within_floor_and_ceiling(
            poll in prop::option::of(10..86_400_u64),
            own in prop::option::of(60..=900_u64),
            every in prop::option::of(any_duration()),
            fresh in prop::option::of(any_duration()),
            plea in prop::option::of(any_duration()),
            (hours, days) in (any::<u32>(), any::<u8>()),
            failures in prop_oneof![Just(0), any::<u32>()],
            now in -9_000_000_000..9_000_000_000_i64,
            draw in 0.0..=1.0,
        ) {
            let poll = poll.map(Duration::from_secs);
            let own = own.map(Duration::from_secs);
            let wishes = Wishes { every, fresh, skip: Skip { hours, days } };
            let case = Case { poll, own, wishes, plea, failures };
            let next = next(&case, Timestamp::from_second(now).unwrap(), draw);
            let wait = next.wait;
            prop_assert!(next.at_least <= wait);
            let ordinary = poll.or(own).unwrap_or(UNKNOWN);
            let floor = ordinary.mul_f64(if failures == 0 { 1.0 - JITTER / 2.0 } else { 0.5 });
            prop_assert!(wait >= floor, "{wait:?} is below {floor:?}");
            if let Some(plea) = plea {
                prop_assert!(wait >= plea.min(PLEA_MAX));
            }
            let ceiling = match (plea, failures) {
                (None, 0) => WISH_MAX.max(ordinary),
                (None, _) => FAILING_MAX.max(ordinary),
                (Some(_), _) => PLEA_MAX.max(ordinary),
            };
            prop_assert!(wait <= ceiling.mul_f64(1.0 + JITTER), "{wait:?} is above {ceiling:?}");
        }
    }
}
