//! What looks at an article's original come to. Pure.
//!
//! An article that left a feed is not withdrawn: a feed is a window. Only its
//! original tells: gone (404, 410) or closed to the public (401, 403), said
//! several times in a row. Whatever else an address answers, a failure, a
//! challenge, a redirect to somewhere else, says nothing: it neither counts
//! nor resets.

use std::time::Duration;

use crate::delivery::Moment;

/// What one look said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// The original answers under its address.
    Stands,
    /// 404 or 410.
    Gone,
    /// 401 or 403.
    Unpublished,
    /// Anything else.
    Nothing,
}

impl Said {
    /// The meaning of an HTTP status (RFC 9110 §15). `elsewhere`: it came from
    /// another page, to which the original's address redirected: a home page
    /// that answers 200 instead of "not found" is no original.
    #[must_use]
    pub fn of(status: u16, elsewhere: Elsewhere) -> Self {
        match (status, elsewhere) {
            (404 | 410, _) => Self::Gone,
            (401 | 403, Elsewhere::No) => Self::Unpublished,
            (200..=299, Elsewhere::No) => Self::Stands,
            _ => Self::Nothing,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Elsewhere {
    No,
    Redirected,
}

/// What looks in a row have said so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Suspicion {
    #[default]
    None,
    Gone(u32),
    Unpublished(u32),
    /// Of a withdrawn article: it answers again.
    Back(u32),
    /// It is gone, and a person said that the article stays. Holds until it answers again.
    Kept,
}

/// Who withdrew an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withdrawn {
    No,
    ByItsOriginal,
    /// A person's order: no look undoes it.
    ByOrder,
}

/// What follows from a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    Nothing,
    Withdraw(Reason),
    Restore,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    Gone,
    Unpublished,
}

impl Reason {
    /// As the ledger and `--json` spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Unpublished => "unpublished",
        }
    }
}

/// What other originals of the same origin say at the moment that decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// One of them stands, or there is none, or the look decides nothing.
    Answer,
    /// All that were asked are gone as well: a new site, or a mass withdrawal.
    /// Only a person can tell which.
    GoneToo,
    /// They say nothing: the source is out of order, and so is this look.
    Silent,
}

impl Others {
    /// What the looks at `others` come to.
    #[must_use]
    pub fn of(others: &[Said]) -> Self {
        let gone = |said: &Said| matches!(said, Said::Gone | Said::Unpublished);
        if others.is_empty() || others.contains(&Said::Stands) {
            Self::Answer
        } else if others.iter().all(gone) {
            Self::GoneToo
        } else {
            Self::Silent
        }
    }
}

/// How often originals are looked at, and how sure a withdrawal must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cadence {
    /// Originals younger than [`YOUNG`].
    pub young: Duration,
    /// Originals younger than [`SETTLED`].
    pub settled: Duration,
    pub old: Duration,
    /// Between looks that confirm a suspicion.
    pub again: Duration,
    /// Looks in a row that must say the same.
    pub confirmations: u32,
}

/// Younger originals are corrected and withdrawn most.
pub const YOUNG: Duration = Duration::from_secs(3 * 86_400);
pub const SETTLED: Duration = Duration::from_secs(90 * 86_400);

impl Cadence {
    /// When to look next at an original of this age. `draw` is uniform in
    /// 0..1: looks are up to a tenth early, so that they spread.
    #[must_use]
    pub fn next(&self, now: Moment, age: Duration, suspicion: Suspicion, draw: f64) -> Moment {
        let wait = match suspicion {
            Suspicion::None | Suspicion::Kept => self.of(age),
            Suspicion::Gone(_) | Suspicion::Unpublished(_) | Suspicion::Back(_) => self.again.min(self.of(age)),
        };
        now.after(wait.mul_f64(1.0 - 0.1 * draw.clamp(0.0, 1.0)))
    }

    fn of(&self, age: Duration) -> Duration {
        if age < YOUNG {
            self.young
        } else if age < SETTLED {
            self.settled
        } else {
            self.old
        }
    }

    /// Whether one more look that says so would be enough.
    #[must_use]
    pub fn is_last(&self, suspicion: Suspicion) -> bool {
        let times = match suspicion {
            Suspicion::None | Suspicion::Kept => 0,
            Suspicion::Gone(times) | Suspicion::Unpublished(times) | Suspicion::Back(times) => times,
        };
        times + 1 >= self.confirmations
    }

    /// Takes in what a look said.
    #[must_use]
    pub fn hear(&self, suspicion: &mut Suspicion, withdrawn: Withdrawn, said: Said) -> Act {
        *suspicion = match (withdrawn, said, *suspicion) {
            (Withdrawn::ByOrder, _, _) => Suspicion::None,
            (_, Said::Nothing, before) => before,
            (Withdrawn::No, Said::Stands, _) => Suspicion::None,
            (Withdrawn::No, Said::Gone | Said::Unpublished, Suspicion::Kept) => Suspicion::Kept,
            (Withdrawn::No, Said::Gone, Suspicion::Gone(times)) => Suspicion::Gone(times + 1),
            (Withdrawn::No, Said::Gone, _) => Suspicion::Gone(1),
            (Withdrawn::No, Said::Unpublished, Suspicion::Unpublished(times)) => Suspicion::Unpublished(times + 1),
            (Withdrawn::No, Said::Unpublished, _) => Suspicion::Unpublished(1),
            (Withdrawn::ByItsOriginal, Said::Stands, Suspicion::Back(times)) => Suspicion::Back(times + 1),
            (Withdrawn::ByItsOriginal, Said::Stands, _) => Suspicion::Back(1),
            (Withdrawn::ByItsOriginal, Said::Gone | Said::Unpublished, _) => Suspicion::None,
        };
        match *suspicion {
            Suspicion::Gone(times) if times >= self.confirmations => Act::Withdraw(Reason::Gone),
            Suspicion::Unpublished(times) if times >= self.confirmations => Act::Withdraw(Reason::Unpublished),
            Suspicion::Back(times) if times >= self.confirmations => Act::Restore,
            Suspicion::None | Suspicion::Gone(_) | Suspicion::Unpublished(_) | Suspicion::Back(_) | Suspicion::Kept => {
                Act::Nothing
            }
        }
    }
}

/// Withdrawals that no share forbids.
pub const BRAKE_FREE: i64 = 3;

/// Whether `suspects` originals of a source, withdrawn lately or about to be,
/// are too many of `articles` young ones: then it is the source that changed.
#[must_use]
pub fn brakes(suspects: i64, articles: i64, share: f64) -> bool {
    suspects > BRAKE_FREE && suspects as f64 > articles as f64 * share
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cadence() -> Cadence {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        Cadence {
            young: minutes(7),
            settled: minutes(24 * 60),
            old: minutes(7 * 24 * 60),
            again: minutes(1),
            confirmations: 3,
        }
    }

    /// The acts that a row of looks leads to.
    fn acts(withdrawn: Withdrawn, looks: &[Said]) -> Vec<Act> {
        let mut suspicion = Suspicion::None;
        looks.iter().map(|&said| cadence().hear(&mut suspicion, withdrawn, said)).collect()
    }

    #[test]
    fn a_status_says_what_it_says_and_nothing_more() {
        let direct = [(200, Said::Stands), (404, Said::Gone), (410, Said::Gone), (401, Said::Unpublished)];
        let silent = [500, 502, 503, 429, 301, 400, 418].map(|status| (status, Said::Nothing));
        for (status, said) in direct.into_iter().chain(silent) {
            assert_eq!(Said::of(status, Elsewhere::No), said, "{status}");
        }
        assert_eq!(Said::of(200, Elsewhere::Redirected), Said::Nothing, "the home page is no original");
        assert_eq!(Said::of(403, Elsewhere::Redirected), Said::Nothing, "nor is a login page");
        assert_eq!(Said::of(404, Elsewhere::Redirected), Said::Gone);
    }

    #[test]
    fn only_the_same_answer_three_times_in_a_row_withdraws() {
        use Said::{Gone, Nothing, Stands, Unpublished};
        let last = |looks: &[Said]| *acts(Withdrawn::No, looks).last().unwrap();
        assert_eq!(last(&[Gone, Gone]), Act::Nothing);
        assert_eq!(last(&[Gone, Gone, Gone]), Act::Withdraw(Reason::Gone));
        assert_eq!(last(&[Gone, Gone, Stands, Gone]), Act::Nothing);
        assert_eq!(last(&[Gone, Nothing, Gone, Nothing, Gone]), Act::Withdraw(Reason::Gone));
        assert_eq!(last(&[Unpublished, Gone, Gone, Unpublished]), Act::Nothing);
        assert_eq!(last(&[Nothing; 50]), Act::Nothing);
    }

    #[test]
    fn what_came_back_is_shown_again_but_not_against_a_persons_order() {
        let back =
            acts(Withdrawn::ByItsOriginal, &[Said::Stands, Said::Gone, Said::Stands, Said::Stands, Said::Stands]);
        assert_eq!(back, [Act::Nothing, Act::Nothing, Act::Nothing, Act::Nothing, Act::Restore]);
        assert!(acts(Withdrawn::ByOrder, &[Said::Stands; 9]).iter().all(|&act| act == Act::Nothing));
    }

    #[test]
    fn what_a_person_kept_stays_until_it_answered_once_more() {
        let mut suspicion = Suspicion::Kept;
        let mut hear = |said| cadence().hear(&mut suspicion, Withdrawn::No, said);
        assert!((0..9).all(|_| hear(Said::Gone) == Act::Nothing));
        assert_eq!(hear(Said::Stands), Act::Nothing);
        assert_eq!([hear(Said::Gone), hear(Said::Gone), hear(Said::Gone)][2], Act::Withdraw(Reason::Gone));
    }

    #[test]
    fn a_young_original_that_goes_is_noticed_within_ten_minutes() {
        let cadence = cadence();
        let longest = cadence.young + cadence.again * (cadence.confirmations - 1);
        assert!(longest <= Duration::from_secs(600), "{longest:?}");
        let next = |age: Duration| Moment(0).until(cadence.next(Moment(0), age, Suspicion::None, 0.0));
        assert_eq!(next(Duration::ZERO), cadence.young);
        assert_eq!(next(YOUNG), cadence.settled);
        assert_eq!(next(SETTLED), cadence.old);
        let soon = cadence.next(Moment(0), SETTLED, Suspicion::Gone(1), 1.0);
        assert_eq!(Moment(0).until(soon), cadence.again.mul_f64(0.9));
    }

    #[test]
    fn others_that_are_gone_too_are_not_others_that_fail() {
        use Said::{Gone, Nothing, Stands, Unpublished};
        assert_eq!(Others::of(&[]), Others::Answer);
        assert_eq!(Others::of(&[Gone, Nothing, Stands]), Others::Answer);
        assert_eq!(Others::of(&[Gone, Unpublished]), Others::GoneToo);
        assert_eq!(Others::of(&[Gone, Nothing, Gone]), Others::Silent);
        assert_eq!(Others::of(&[Nothing]), Others::Silent);
    }

    #[test]
    fn a_few_may_go_and_many_ask_a_person() {
        assert!(!brakes(3, 3, 0.05));
        assert!(brakes(4, 30, 0.05));
        assert!(!brakes(5, 100, 0.05));
        assert!(brakes(6, 100, 0.05));
    }
}
