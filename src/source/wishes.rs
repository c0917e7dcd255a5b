//! What a feed says of its own rhythm: RSS 2.0 `ttl`, `skipHours` and
//! `skipDays` (rssboard.org/rss-specification), and the syndication module's
//! `sy:updatePeriod` and `sy:updateFrequency`
//! (web.resource.org/rss/1.0/modules/syndication). What it comes to is the
//! caller's matter; nonsense says nothing.

use std::time::Duration;

use crate::rhythm::Skip;

/// Longer texts are no numbers and no days.
const WORD_BYTES_MAX: usize = 32;

/// Gathered while the document is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Said {
    ttl: Option<Duration>,
    period: Option<Duration>,
    frequency: Option<u32>,
    pub skip: Skip,
}

impl Said {
    /// Takes the text of an element of the channel; `parent` is the one around it.
    pub fn note(&mut self, parent: &str, name: &str, value: &str) {
        let value = value.trim();
        if value.len() > WORD_BYTES_MAX {
            return;
        }
        match (parent, name) {
            (_, "ttl") => self.ttl = minutes(value).or(self.ttl),
            (_, "sy:updatePeriod") => self.period = period(value).or(self.period),
            (_, "sy:updateFrequency") => {
                self.frequency = value.parse().ok().filter(|&times| times > 0).or(self.frequency);
            }
            ("skipHours", "hour") => self.skip.hours |= hour(value),
            ("skipDays", "day") => self.skip.days |= day(value),
            _ => {}
        }
    }

    /// How often the source says it is worth reading; of two wishes the longer one.
    #[must_use]
    pub fn every(&self) -> Option<Duration> {
        let module = self.period.map(|period| period / self.frequency.unwrap_or(1));
        self.ttl.max(module)
    }
}

fn minutes(value: &str) -> Option<Duration> {
    let minutes = value.parse::<u64>().ok().filter(|&minutes| minutes > 0)?;
    Some(Duration::from_secs(minutes.saturating_mul(60)))
}

fn period(value: &str) -> Option<Duration> {
    let hours = match value.to_ascii_lowercase().as_str() {
        "hourly" => 1,
        "daily" => 24,
        "weekly" => 7 * 24,
        "monthly" => 30 * 24,
        "yearly" => 365 * 24,
        _ => return None,
    };
    Some(Duration::from_secs(hours * 3600))
}

/// RSS 0.91 counts the hours from 1 to 24, RSS 2.0 from 0 to 23.
fn hour(value: &str) -> u32 {
    value.parse::<u32>().ok().filter(|&hour| hour <= 24).map_or(0, |hour| 1 << (hour % 24))
}

fn day(value: &str) -> u8 {
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    days.iter().position(|day| value.eq_ignore_ascii_case(day)).map_or(0, |day| 1 << day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(notes: &[(&str, &str, &str)]) -> Said {
        let mut said = Said::default();
        notes.iter().for_each(|(parent, name, value)| said.note(parent, name, value));
        said
    }

    #[test]
    fn the_longer_wish_counts() {
        let daily = said(&[("channel", "sy:updatePeriod", " daily "), ("channel", "sy:updateFrequency", "4")]);
        assert_eq!(daily.every(), Some(Duration::from_secs(6 * 3600)));
        let both = said(&[
            ("channel", "ttl", "60"),
            ("channel", "sy:updatePeriod", "hourly"),
            ("channel", "sy:updateFrequency", "2"),
        ]);
        assert_eq!(both.every(), Some(Duration::from_secs(3600)));
    }

    #[test]
    fn hours_and_days_are_gathered() {
        let skip = said(&[
            ("skipHours", "hour", "0"),
            ("skipHours", "hour", "24"),
            ("skipHours", "hour", "23"),
            ("skipHours", "hour", "25"),
            ("channel", "hour", "5"),
            ("skipDays", "day", "Sunday"),
            ("skipDays", "day", "Chủ nhật"),
        ])
        .skip;
        assert_eq!(skip, Skip { hours: 1 | 1 << 23, days: 1 << 6 });
    }

    #[test]
    fn nonsense_says_nothing() {
        let long = "9".repeat(WORD_BYTES_MAX + 1);
        for value in ["", "0", "-5", "soon", "1e3", &long] {
            let said = said(&[
                ("channel", "ttl", value),
                ("channel", "sy:updatePeriod", value),
                ("channel", "sy:updateFrequency", value),
            ]);
            assert_eq!(said, Said::default(), "{value}");
        }
        let huge = u64::MAX.to_string();
        assert_eq!(said(&[("channel", "ttl", &huge)]).every(), Some(Duration::from_secs(u64::MAX)));
    }
}
