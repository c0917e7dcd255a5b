//! Dates as feeds write them. Pure: the caller says what time it is.
//!
//! RFC 822 with its liberties, RFC 3339, ISO without zone and the Vietnamese
//! `dd/MM/yyyy`. A date without zone is Vietnam's (+07:00, no summer time); a
//! number pair is never month first.

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use crate::article::Precision;

/// Asia/Ho_Chi_Minh since 1975.
pub const LOCAL: Offset = Offset::constant(7);
/// A date further ahead of now than this is a wrong clock.
pub const FUTURE_MAX: SignedDuration = SignedDuration::from_hours(24);
/// Nobody published on the web before; .NET prints a date that is none as year 1.
const YEAR_MIN: i16 = 1990;
/// Longer texts are no dates.
const TEXT_CHARS_MAX: usize = 100;
/// A date among words begins within these characters.
const WORDS_CHARS_MAX: usize = 300;

/// A date as read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dated {
    pub at: Timestamp,
    pub precision: Precision,
    /// The source's date lay too far ahead; `at` is now.
    pub clamped: bool,
}

/// Reads a date; `None` where the text is none.
#[must_use]
pub fn parse(text: &str, now: Timestamp) -> Option<Dated> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > TEXT_CHARS_MAX {
        return None;
    }
    let parts = Parts::read(text)?;
    let (at, precision) = parts.resolve()?;
    let clamped = at.duration_since(now) > FUTURE_MAX;
    Some(Dated { at: if clamped { now } else { at }, precision, clamped })
}

/// The month and the minute, as the text writes them.
#[must_use]
pub fn month_and_minute(text: &str) -> Option<(i8, i8)> {
    let text = text.trim();
    if text.chars().count() > TEXT_CHARS_MAX {
        return None;
    }
    let parts = Parts::read(text)?;
    Some((parts.day?.month(), parts.hour?.1))
}

impl Dated {
    /// Without its minutes; where a date says nothing smaller than a day it stays.
    #[must_use]
    pub fn to_the_hour(self) -> Self {
        match self.precision {
            Precision::Second | Precision::Minute => {
                // Vietnam's offset is of whole hours.
                let second = self.at.as_second();
                let at = Timestamp::from_second(second - second.rem_euclid(3600)).unwrap_or(self.at);
                Self { at, precision: Precision::Hour, ..self }
            }
            Precision::Hour | Precision::Day | Precision::Guessed => self,
        }
    }
}

/// Whether a text can be a format in the manner of strftime(3): an instant
/// that is written in it reads back.
#[must_use]
pub fn is_format(format: &str) -> bool {
    let sample = jiff::civil::date(2026, 11, 24).at(14, 5, 9, 0).to_zoned_datetime(TimeZone::fixed(LOCAL));
    let written = sample.ok().and_then(|sample| strtime::format(format, &sample).ok());
    written.is_some_and(|written| formatted(format, &written).is_some())
}

/// A date in the format as RFC 3339, without what the format does not say.
#[must_use]
pub fn formatted(format: &str, written: &str) -> Option<String> {
    plain(&BrokenDownTime::parse(format, written.trim()).ok()?)
}

/// As [`formatted`], of a date that stands among words: "Ngày đăng: 24/11/2026
/// 14:05 | Lượt xem: 12". What cannot be read stays as it is.
#[must_use]
pub fn within(format: Option<&str>, text: &str) -> String {
    let starts = text
        .char_indices()
        .take(WORDS_CHARS_MAX)
        .filter(|(at, c)| c.is_ascii_digit() && !text[..*at].ends_with(|before: char| before.is_ascii_digit()));
    let mut tried = starts.filter_map(|(at, _)| BrokenDownTime::parse_prefix(format?, &text[at..]).ok());
    let read =
        format.and_then(|format| formatted(format, text)).or_else(|| tried.find_map(|(broken, _)| plain(&broken)));
    read.unwrap_or_else(|| text.to_owned())
}

fn plain(broken: &BrokenDownTime) -> Option<String> {
    if let Ok(at) = broken.to_timestamp() {
        return Some(at.to_string());
    }
    let day = broken.to_date().ok()?;
    let (Some(_), Ok(time)) = (broken.hour(), broken.to_time()) else { return Some(day.to_string()) };
    let local = DateTime::from_parts(day, time);
    Some(match broken.second() {
        Some(_) => local.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
        None => local.strftime("%Y-%m-%dT%H:%M").to_string(),
    })
}

/// What the text says, before it becomes a time.
#[derive(Debug, Default)]
struct Parts {
    day: Option<Date>,
    hour: Option<(i8, i8, Option<i8>)>,
    nanos: i32,
    afternoon: Option<bool>,
    offset: Option<Offset>,
}

impl Parts {
    fn read(text: &str) -> Option<Self> {
        let folded = text.to_lowercase();
        let words = split(&folded);
        let mut parts = Self::default();
        let mut written = Vec::new();
        for word in &words {
            if parts.take(word).is_none() {
                written.push(*word);
            }
        }
        if parts.day.is_none() {
            parts.day = rfc822_day(&written);
        }
        parts.day.is_some().then_some(parts)
    }

    /// Takes a word that means something on its own.
    fn take(&mut self, word: &str) -> Option<()> {
        if let Some((day, rest)) = iso_day(word).or_else(|| slashed_day(word)) {
            self.day = Some(day);
            return if rest.is_empty() { Some(()) } else { self.clock(rest) };
        }
        match word {
            "ch" | "pm" => self.afternoon = Some(true),
            "sa" | "am" => self.afternoon = Some(false),
            _ if word.contains(':') && word.starts_with(|c: char| c.is_ascii_digit()) => return self.clock(word),
            _ => self.offset = Some(zone(word)?),
        }
        Some(())
    }

    /// `14:05`, `14:05:09.123`, with or without a zone that follows at once.
    fn clock(&mut self, text: &str) -> Option<()> {
        let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.' | ','))).unwrap_or(text.len());
        let (clock, rest) = text.split_at(end);
        if !rest.is_empty() {
            self.offset = Some(zone(rest)?);
        }
        let mut fields = clock.split(':');
        let hour: i8 = fields.next()?.parse().ok()?;
        let minute: i8 = fields.next()?.parse().ok()?;
        let second = match fields.next() {
            Some(second) => {
                let (whole, fraction) = second.split_once(['.', ',']).unwrap_or((second, ""));
                self.nanos = nanos(fraction)?;
                // A leap second is the second before it.
                Some(whole.parse::<i8>().ok()?.min(59))
            }
            None => None,
        };
        self.hour = Some((hour, minute, second));
        Some(())
    }

    fn resolve(&self) -> Option<(Timestamp, Precision)> {
        let day = self.day.filter(|day| day.year() >= YEAR_MIN)?;
        let Some((hour, minute, second)) = self.hour else {
            return Some((LOCAL.to_timestamp(day.to_datetime(Time::midnight())).ok()?, Precision::Day));
        };
        let hour = match self.afternoon {
            Some(true) if hour < 12 => hour + 12,
            Some(false) if hour == 12 => 0,
            Some(true | false) | None => hour,
        };
        let time = Time::new(hour, minute, second.unwrap_or(0), self.nanos).ok()?;
        // CMSs that know only the day print it as midnight GMT.
        if time == Time::midnight() && self.offset == Some(Offset::UTC) {
            return Some((LOCAL.to_timestamp(day.to_datetime(Time::midnight())).ok()?, Precision::Day));
        }
        let at = self.offset.unwrap_or(LOCAL).to_timestamp(DateTime::from_parts(day, time)).ok()?;
        Some((at, if second.is_some() { Precision::Second } else { Precision::Minute }))
    }
}

/// Words without commas, brackets and the names of weekdays.
fn split(text: &str) -> Vec<&str> {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')'))
        .filter(|word| !word.is_empty())
        .collect();
    let mut kept = Vec::with_capacity(words.len());
    let mut skip = false;
    for word in words {
        if std::mem::take(&mut skip) || WEEKDAYS.contains(&word.trim_end_matches('.')) {
            continue;
        }
        match word {
            // "Thứ Hai", "Chủ nhật", "ngày": the number may be a word or a digit.
            "thứ" | "chủ" => skip = true,
            "ngày" | "lúc" | "-" => {}
            _ => kept.push(word),
        }
    }
    kept
}

const WEEKDAYS: [&str; 24] = [
    "mon",
    "tue",
    "tues",
    "wed",
    "thu",
    "thur",
    "thurs",
    "fri",
    "sat",
    "sun",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "cn",
    "t2",
    "t3",
    "t4",
    "t5",
    "t6",
    "t7",
];

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// `2026-11-24`, followed by `T` and a clock or by nothing.
fn iso_day(word: &str) -> Option<(Date, &str)> {
    let day = word.get(..10)?;
    let mut fields = day.split('-');
    let (year, month, date) = (fields.next()?, fields.next()?, fields.next()?);
    if year.len() != 4 || month.len() != 2 {
        return None;
    }
    let date = Date::new(year.parse().ok()?, month.parse().ok()?, date.parse().ok()?).ok()?;
    let rest = &word[10..];
    Some((date, rest.strip_prefix('t').unwrap_or(rest)))
}

/// `24/11/2026`, `24-11-2026`, `24.11.2026`: the day first, always.
fn slashed_day(word: &str) -> Option<(Date, &str)> {
    let mut fields = word.split(['/', '-', '.']);
    let (day, month, year) = (fields.next()?, fields.next()?, fields.next()?);
    if fields.next().is_some() {
        return None;
    }
    let date = Date::new(full_year(year)?, month.parse().ok()?, day.parse().ok()?).ok()?;
    Some((date, ""))
}

/// `4 Nov 26`, `Nov 4 2026`, `4 tháng 11 năm 2026` in the words that are left.
fn rfc822_day(words: &[&str]) -> Option<Date> {
    let words: Vec<&str> = words.iter().flat_map(|word| word.split('-')).filter(|word| *word != "năm").collect();
    if let [day, "tháng", month, year, ..] = words.as_slice() {
        return Date::new(full_year(year)?, month.parse().ok()?, day.parse().ok()?).ok();
    }
    let [first, second, year, ..] = words.as_slice() else { return None };
    let (day, month) = match month(second) {
        Some(month) => (first, month),
        None => (second, month(first)?),
    };
    Date::new(full_year(year)?, month, day.parse().ok()?).ok()
}

fn month(word: &str) -> Option<i8> {
    let at = MONTHS.iter().position(|name| word.get(..3) == Some(name))?;
    i8::try_from(at + 1).ok()
}

/// RFC 2822 §4.3: two digits below 50 are this century, three count from 1900.
fn full_year(text: &str) -> Option<i16> {
    let year: i16 = text.parse().ok()?;
    match text.len() {
        2 => Some(if year < 50 { 2000 + year } else { 1900 + year }),
        3 => Some(1900 + year),
        4 => Some(year),
        _ => None,
    }
}

/// `Z`, `+0700`, `+07:00`, `+7`, `GMT+7`, `ICT` and the zones of RFC 822.
fn zone(word: &str) -> Option<Offset> {
    let hours = match word {
        "z" | "gmt" | "ut" | "utc" => 0,
        "ict" | "asia/ho_chi_minh" | "asia/saigon" | "asia/bangkok" => 7,
        "edt" => -4,
        "est" | "cdt" => -5,
        "cst" | "mdt" => -6,
        "mst" | "pdt" => -7,
        "pst" => -8,
        _ => return numeric_zone(word.trim_start_matches("gmt").trim_start_matches("utc")),
    };
    Offset::from_hours(hours).ok()
}

fn numeric_zone(word: &str) -> Option<Offset> {
    let (sign, digits) = match word.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits: String = digits.chars().filter(|c| *c != ':').collect();
    if digits.len() > 4 {
        return None;
    }
    let number: i32 = digits.parse().ok()?;
    let (hours, minutes) = if digits.len() <= 2 { (number, 0) } else { (number / 100, number % 100) };
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

fn nanos(fraction: &str) -> Option<i32> {
    if fraction.is_empty() {
        return Some(0);
    }
    let digits: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-24T12:00:00Z".parse().unwrap()
    }

    fn check(text: &str, at: &str, precision: Precision) {
        let dated = parse(text, now()).unwrap_or_else(|| panic!("{text} was not read"));
        assert_eq!((dated.at.to_string().as_str(), dated.precision), (at, precision), "{text}");
        assert!(!dated.clamped, "{text}");
    }

    #[test]
    fn rfc822_and_its_liberties() {
        check("Tue, 24 Nov 2026 08:30:15 +0700", "2026-11-24T01:30:15Z", Precision::Second);
        check("Wed, 4 Nov 2026 08:30:15 +0700", "2026-11-04T01:30:15Z", Precision::Second);
        check("4 Nov 26 08:30 GMT", "2026-11-04T08:30:00Z", Precision::Minute);
        check("Tue, 24 Nov 2026 08:30:00 GMT+7", "2026-11-24T01:30:00Z", Precision::Second);
        check("Tue, 24 Nov 2026 08:30:00 GMT+07:00", "2026-11-24T01:30:00Z", Precision::Second);
        check("Tue, 24 Nov 2026 08:30:00 ICT", "2026-11-24T01:30:00Z", Precision::Second);
        check("Tue, 24 Nov 2026 08:30:00 Z", "2026-11-24T08:30:00Z", Precision::Second);
        check("Tue, 24 Nov 2026 08:30:00", "2026-11-24T01:30:00Z", Precision::Second);
        check("Nov 24, 2026 08:30", "2026-11-24T01:30:00Z", Precision::Minute);
        check("Tuesday, 24-Nov-26 08:30:00 GMT", "2026-11-24T08:30:00Z", Precision::Second);
        check("Sat, 31 Dec 2016 23:59:60 GMT", "2016-12-31T23:59:59Z", Precision::Second);
    }

    #[test]
    fn vietnamese_weekdays_and_months() {
        check("Thứ Ba, 24 Nov 2026 08:30:00 +0700", "2026-11-24T01:30:00Z", Precision::Second);
        check("Chủ nhật, 22/11/2026 08:30", "2026-11-22T01:30:00Z", Precision::Minute);
        check("Thứ 3, ngày 24/11/2026 - 08:30", "2026-11-24T01:30:00Z", Precision::Minute);
        check("ngày 05 tháng 02 năm 2026", "2026-02-04T17:00:00Z", Precision::Day);
    }

    #[test]
    fn iso_with_and_without_zone() {
        check("2026-11-24T08:30:15+07:00", "2026-11-24T01:30:15Z", Precision::Second);
        check("2026-11-24T01:30:15.250Z", "2026-11-24T01:30:15.25Z", Precision::Second);
        check("2026-11-24T08:30:15", "2026-11-24T01:30:15Z", Precision::Second);
        check("2026-11-24 08:30", "2026-11-24T01:30:00Z", Precision::Minute);
        check("2026-11-24", "2026-11-23T17:00:00Z", Precision::Day);
    }

    #[test]
    fn the_day_comes_before_the_month() {
        check("03/04/2026", "2026-04-02T17:00:00Z", Precision::Day);
        check("03/04/2026 09:05", "2026-04-03T02:05:00Z", Precision::Minute);
        check("3/4/2026 09:05:07", "2026-04-03T02:05:07Z", Precision::Second);
        assert_eq!(parse("04/13/2026", now()), None);
    }

    #[test]
    fn sa_and_ch_are_morning_and_afternoon() {
        check("15/11/2026 2:05:00 CH", "2026-11-15T07:05:00Z", Precision::Second);
        check("15/11/2026 12:05:00 SA", "2026-11-14T17:05:00Z", Precision::Second);
        check("15/11/2026 12:05 CH", "2026-11-15T05:05:00Z", Precision::Minute);
        check("15/11/2026 8:05 AM", "2026-11-15T01:05:00Z", Precision::Minute);
    }

    #[test]
    fn midnight_gmt_is_a_day_and_not_a_time() {
        check("Tue, 24 Nov 2026 00:00:00 GMT", "2026-11-23T17:00:00Z", Precision::Day);
        check("Tue, 24 Nov 2026 00:00:00 +0700", "2026-11-23T17:00:00Z", Precision::Second);
    }

    #[test]
    fn a_date_far_ahead_is_clamped_and_flagged() {
        let near = parse("25/11/2026 18:59", now()).unwrap();
        assert!(!near.clamped);
        let far = parse("25/11/2026 19:01", now()).unwrap();
        assert_eq!((far.at, far.clamped), (now(), true));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in ["", "hôm qua", "32/01/2026", "24/11/2026 25:00", "1", "-", "2026-13-01", "99999999999", "é"] {
            assert_eq!(parse(text, now()), None, "{text}");
        }
    }

    #[test]
    fn a_zone_of_too_many_digits_is_none() {
        check("2026-11-24 08:30 +2147483647", "2026-11-24T01:30:00Z", Precision::Minute);
        assert_eq!(parse("2026-11-24T08:30:00+2147483647", now()).map(|dated| dated.precision), Some(Precision::Day));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = parse(&text, now());
        }

        #[test]
        fn date_like_text_does_not_panic(text in "[0-9/:. +\\-TZGMTSACH]{0,30}") {
            let _ = parse(&text, now());
        }
    }

    #[test]
    fn dates_are_read_as_the_format_says_and_keep_their_precision() {
        let read = |format: &str, text: &str| formatted(format, text).unwrap();
        assert_eq!(read("%d/%m/%Y %H:%M", "03/04/2026 14:05"), "2026-04-03T14:05");
        assert_eq!(read("%d/%m/%Y", "03/04/2026"), "2026-04-03");
        assert_eq!(read("%Y-%m-%dT%H:%M:%S%z", "2026-04-03T14:05:09+0700"), "2026-04-03T07:05:09Z");
        assert_eq!(formatted("%d/%m/%Y", "ngày mai"), None);
    }

    #[test]
    fn a_format_that_holds_no_date_is_told_apart() {
        assert!(is_format("%d/%m/%Y %H:%M"));
        for wrong in ["", "%H:%M", "dd/MM/yyyy", "%"] {
            assert!(!is_format(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_date_is_found_among_words() {
        let read = |text: &str| within(Some("%d/%m/%Y %H:%M"), text);
        assert_eq!(read("Lượt xem: 12 | Ngày đăng: 24/11/2026 14:05 (GMT+7)"), "2026-11-24T14:05");
        assert_eq!(read(&format!("{}24/11/2026 14:05", "1 ".repeat(300))), "1 ".repeat(300) + "24/11/2026 14:05");
        assert_eq!(read("hôm qua"), "hôm qua");
        assert_eq!(within(None, "Thứ Ba, 24/11/2026"), "Thứ Ba, 24/11/2026");
    }
}
