//! What is remembered of one source between its readings, and what follows
//! for the next one. Pure: time and chance are arguments, the ledger's row
//! comes in and goes out.
//!
//! Wanted: the row changes only when there is something to tell, so that an
//! unchanged poll commits nothing. Accepted: what decides the interval of an
//! unchanged source is told up to [`TOLD_APART`] late, and within it the
//! interval itself may be an older one.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::rhythm::{self, Case, Next, Skip, Why, Wishes};
use crate::source::Head;
use crate::source::wishes::Said;
use crate::store::Rhythm;

/// A source that was "not modified" for so long is read without its validators once.
pub const DOUBT_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// Validators that hid articles are not used for so long.
pub const DISTRUST: SignedDuration = SignedDuration::from_hours(24);
/// 429 or 503 without `Retry-After`: the source is left alone for so long.
pub const BUSY: Duration = Duration::from_secs(5 * 60);
/// Headers change from answer to answer; what follows from them is noted this rarely.
pub const TOLD_APART: SignedDuration = SignedDuration::from_mins(10);
/// A source that moves again within this is out of its mind, and is not told every time.
pub const MOVES_APART: SignedDuration = SignedDuration::from_hours(24);

/// The manners towards one source.
#[derive(Debug, Clone)]
pub struct Manners {
    poll: Option<Duration>,
    own: Option<Duration>,
    /// As the ledger has it.
    kept: Rhythm,
    /// When its last reading succeeded.
    read_at: Option<Timestamp>,
    /// When its body was last seen, be it the same.
    seen_at: Option<Timestamp>,
    told_at: Option<Timestamp>,
    moved_at: Option<Timestamp>,
    next: Option<Next>,
}

/// What a reading came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    Unchanged,
    /// With the source's own rhythm now, and what the feed said, where one was read.
    Changed {
        own: Option<Duration>,
        said: Option<Said>,
    },
    Failed,
}

/// What is to be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub kept: Rhythm,
    /// Events: what, detail.
    pub told: Vec<(&'static str, String)>,
}

impl Manners {
    /// `poll` of the configuration, the ledger's row, the source's own rhythm,
    /// and when it last showed something new.
    #[must_use]
    pub fn new(poll: Option<Duration>, kept: Rhythm, own: Option<Duration>, read_at: Option<Timestamp>) -> Self {
        Self { poll, own, kept, read_at, seen_at: read_at, told_at: None, moved_at: None, next: None }
    }

    /// How long a source that pleaded before a restart is still left alone.
    #[must_use]
    pub fn left_alone(&self, now: Timestamp) -> Duration {
        let until = self.kept.plea_until.and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let left = until.and_then(|until| Duration::try_from(until.duration_since(now)).ok()).unwrap_or_default();
        // A clock that was set back must not silence a source.
        left.min(rhythm::PLEA_MAX.mul_f64(1.0 + rhythm::JITTER))
    }

    /// When the source is read next, and why then. What no reading has decided
    /// yet is never at once: the first one may have failed unsettled.
    #[must_use]
    pub fn next(&self) -> Next {
        self.next.unwrap_or(Next::new(self.poll.unwrap_or(rhythm::UNKNOWN), Why::Own))
    }

    /// How long ago the reading before was.
    #[must_use]
    pub fn since_reading(&self, now: Timestamp) -> Option<Duration> {
        Duration::try_from(now.duration_since(self.read_at?)).ok()
    }

    /// Whether the source's validators are used.
    #[must_use]
    pub fn believes(&self, now: Timestamp) -> bool {
        let until = self.kept.distrusted_until.and_then(|ms| Timestamp::from_millisecond(ms).ok());
        until.is_none_or(|until| until <= now || until.duration_since(now) > DISTRUST)
    }

    /// "Not modified" was all that was heard for too long. A clock that jumped asks for a look as well.
    #[must_use]
    pub fn doubts(&self, now: Timestamp) -> bool {
        self.seen_at.is_some_and(|seen| now.duration_since(seen).abs() >= DOUBT_AFTER)
    }

    /// The look could not be made; the next one is a day away.
    pub fn put_off(&mut self, now: Timestamp) {
        self.seen_at = Some(now);
    }

    /// Takes in how a reading ended. `hid`: its validators said "not modified"
    /// although it brought something. `Some`: the ledger is to be told.
    pub fn settle(&mut self, came: Came, head: &Head, hid: bool, now: Timestamp, draw: f64) -> Option<Note> {
        let mut kept = self.kept.clone();
        let mut told = Vec::new();
        match came {
            Came::Failed => kept.failures = kept.failures.saturating_add(1),
            Came::Unchanged | Came::Changed { .. } => {
                kept.failures = 0;
                self.read_at = Some(now);
                if head.status != Some(304) {
                    self.seen_at = Some(now);
                }
                kept.moved = self.moved(head, now);
            }
        }
        if let Came::Changed { own, said } = came {
            self.own = own;
            if let Some(said) = said {
                (kept.wish, kept.skip_hours, kept.skip_days) = (said.every(), said.skip.hours, said.skip.days);
            }
        }
        if let Some(moved) = kept.moved.as_ref().filter(|moved| self.kept.moved.as_ref() != Some(moved)) {
            told.push(("source.moved", moved.clone()));
        }
        if hid {
            kept.distrusted_until = Some((now + DISTRUST).as_millisecond());
            told.push(("source.validators-distrusted", "it said \"not modified\" although it was".to_owned()));
        }
        self.decide(&mut kept, came, head, now, draw);
        if kept == self.kept {
            return None;
        }
        self.told_at = Some(now);
        self.kept = kept.clone();
        Some(Note { kept, told })
    }

    /// Where the source has moved: a redirect that is gone is forgotten at
    /// once, a new one is believed once a day.
    fn moved(&mut self, head: &Head, now: Timestamp) -> Option<String> {
        let moved = head.moved.as_ref().map(ToString::to_string)?;
        if self.kept.moved.as_ref() == Some(&moved) {
            return Some(moved);
        }
        if self.moved_at.is_some_and(|at| now.duration_since(at).abs() < MOVES_APART) {
            return self.kept.moved.clone();
        }
        self.moved_at = Some(now);
        Some(moved)
    }

    /// When the next reading is, and what of that is told.
    fn decide(&mut self, kept: &mut Rhythm, came: Came, head: &Head, now: Timestamp, draw: f64) {
        let skip = Skip { hours: kept.skip_hours, days: kept.skip_days };
        let case = Case {
            poll: self.poll,
            own: self.own,
            wishes: Wishes { every: kept.wish, fresh: head.fresh, skip },
            plea: head.plea.or(head.is_busy().then_some(BUSY)),
            failures: kept.failures,
        };
        let next = rhythm::next(&case, now, draw);
        self.next = Some(next);
        let failed = came == Came::Failed;
        let at = |wait| now.checked_add(SignedDuration::try_from(wait).ok()?).ok().map(Timestamp::as_millisecond);
        let plea = Some(next.at_least).filter(|plea| failed && !plea.is_zero());
        (kept.not_before, kept.plea_until) = (at(next.wait).filter(|_| failed), plea.and_then(at));
        let changed = matches!(came, Came::Changed { .. });
        let lately = self.told_at.is_some_and(|told| now.duration_since(told) < TOLD_APART);
        let other = kept.why.as_deref() != Some(next.why.name());
        if failed || changed || (other && !lately) {
            let meant = match next.why {
                Why::Plea | Why::Failing => next.wait,
                Why::Configured | Why::Own | Why::Wished => rhythm::interval(&case, now).wait,
            };
            kept.why = Some(next.why.name().to_owned());
            kept.every = Some(Duration::from_secs(meant.as_secs()));
        }
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn now() -> Timestamp {
        "2026-11-24T01:00:00Z".parse().unwrap()
    }

    fn manners() -> Manners {
        Manners::new(Some(MINUTE), Rhythm::default(), None, Some(now()))
    }

    fn ok() -> Head {
        Head { status: Some(200), ..Head::default() }
    }

    fn not_modified() -> Head {
        Head { status: Some(304), ..Head::default() }
    }

    const CHANGED: Came = Came::Changed { own: None, said: None };

    #[test]
    fn an_unchanged_source_has_nothing_to_tell() {
        let mut manners = manners();
        assert!(manners.settle(CHANGED, &ok(), false, now(), 0.5).is_some());
        for minute in 0..100 {
            let note =
                manners.settle(Came::Unchanged, &not_modified(), false, now() + SignedDuration::from_mins(minute), 0.1);
            assert_eq!(note, None);
        }
    }

    #[test]
    fn headers_that_change_with_every_answer_are_told_every_ten_minutes_at_most() {
        let mut manners = manners();
        manners.settle(CHANGED, &ok(), false, now(), 0.5);
        let mut notes = 0;
        for minute in 0..100_i64 {
            let fresh = (minute % 2 == 0).then_some(5 * MINUTE);
            let head = Head { fresh, ..not_modified() };
            notes += usize::from(
                manners.settle(Came::Unchanged, &head, false, now() + SignedDuration::from_mins(minute), 0.5).is_some(),
            );
        }
        assert!((2..=10).contains(&notes), "{notes}");
    }

    #[test]
    fn failures_are_counted_in_the_ledger_and_end_with_a_success() {
        let mut manners = manners();
        for failures in 1..=3 {
            let note = manners.settle(Came::Failed, &Head::default(), false, now(), 1.0).unwrap();
            assert_eq!((note.kept.failures, note.kept.why.as_deref()), (failures, Some("failing")));
        }
        let mut again = Manners::new(Some(MINUTE), manners.kept.clone(), None, None);
        assert_eq!(again.left_alone(now()), Duration::ZERO, "a restart tries at once");
        again.settle(Came::Failed, &Head::default(), false, now(), 1.0);
        assert_eq!(again.next().wait, 8 * MINUTE, "and knows what failed before it");
        let note = again.settle(Came::Unchanged, &not_modified(), false, now(), 0.5).unwrap();
        assert_eq!((note.kept.failures, note.kept.not_before), (0, None));
    }

    #[test]
    fn a_reading_that_was_never_settled_is_not_repeated_at_once() {
        assert_eq!(manners().next().wait, MINUTE);
        assert_eq!(Manners::new(None, Rhythm::default(), None, None).next().wait, rhythm::UNKNOWN);
    }

    #[test]
    fn a_plea_outlives_a_restart_but_no_clock_makes_it_longer() {
        let mut manners = manners();
        let head = Head { status: Some(503), plea: Some(30 * MINUTE), ..Head::default() };
        let note = manners.settle(Came::Failed, &head, false, now(), 0.0).unwrap();
        let again = Manners::new(Some(MINUTE), note.kept, None, None);
        assert_eq!(again.left_alone(now() + SignedDuration::from_mins(10)), 20 * MINUTE);
        assert_eq!(again.left_alone(now() + SignedDuration::from_mins(40)), Duration::ZERO);
        assert!(again.left_alone(now() - SignedDuration::from_hours(1000)) <= 2 * rhythm::PLEA_MAX);
        let busy = Head { status: Some(429), ..Head::default() };
        manners.settle(Came::Unchanged, &ok(), false, now(), 0.0);
        manners.settle(Came::Failed, &busy, false, now(), 0.0);
        assert_eq!(manners.next(), Next { wait: BUSY, why: Why::Plea, at_least: BUSY });
    }

    #[test]
    fn a_move_is_told_once() {
        let mut manners = manners();
        let head = Head { moved: Some(Url::parse("https://moi.example.vn/rss").unwrap()), ..ok() };
        let told = |note: Option<Note>| note.map_or(0, |note| note.told.len());
        assert_eq!(told(manners.settle(CHANGED, &head, false, now(), 0.5)), 1);
        assert_eq!(told(manners.settle(CHANGED, &head, false, now(), 0.5)), 0);
        let back = manners.settle(CHANGED, &ok(), false, now(), 0.5).unwrap();
        assert_eq!((back.kept.moved, back.told.len()), (None, 0));
    }

    #[test]
    fn a_source_that_moves_with_every_answer_is_told_once_a_day() {
        let mut manners = manners();
        let mut told = 0;
        for minute in 0..2 * 24 * 60_i64 {
            let url = Url::parse(&format!("https://moi.example.vn/{}", minute % 7)).unwrap();
            let head = Head { moved: (minute % 5 != 0).then_some(url), ..ok() };
            let note = manners.settle(Came::Unchanged, &head, false, now() + SignedDuration::from_mins(minute), 0.5);
            told += note.map_or(0, |note| note.told.len());
        }
        assert_eq!(told, 2);
    }

    #[test]
    fn validators_that_hid_something_are_not_used_for_a_day() {
        let mut manners = manners();
        let day = |hours| now() + SignedDuration::from_hours(hours);
        manners.settle(Came::Unchanged, &not_modified(), false, day(23), 0.5);
        assert!(!manners.doubts(day(23)) && manners.doubts(day(24)), "a 304 shows no body");
        let note = manners.settle(CHANGED, &ok(), true, day(24), 0.5).unwrap();
        assert!(note.told.iter().any(|(what, _)| *what == "source.validators-distrusted"));
        assert!(!manners.doubts(day(25)));
        let again = Manners::new(None, note.kept, None, None);
        assert!(!again.believes(day(47)) && again.believes(day(48)));
        assert!(again.believes(day(-1000)), "a clock that was set back distrusts nobody");
    }
}
