//! What the head of an answer says about the next question: how long the
//! answer is fresh, when the server wants to be asked again, and where the
//! source has moved.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use reqwest::header::{self, HeaderMap, HeaderName};
use url::Url;

use super::date;

/// Longer headers of this kind are nonsense.
const HEADER_BYTES_MAX: usize = 1024;
/// A longer address is not worth remembering.
pub const MOVED_BYTES_MAX: usize = 2048;

/// What was heard beside the body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// `None`: no answer came.
    pub status: Option<u16>,
    /// `Retry-After` (RFC 9110 §10.2.3), whatever the status.
    pub plea: Option<Duration>,
    /// `Cache-Control: max-age` less `Age`, else `Expires` less `Date` (RFC 9111 §4.2.1).
    pub fresh: Option<Duration>,
    /// Where permanent redirects (301, 308) led before any temporary one.
    pub moved: Option<Url>,
}

impl Head {
    #[must_use]
    pub fn of(status: u16, headers: &HeaderMap, moved: Option<Url>, now: Timestamp) -> Self {
        Self {
            status: Some(status),
            plea: text(headers, header::RETRY_AFTER).and_then(|said| plea(said, now)),
            fresh: fresh(headers, now),
            moved: moved.filter(is_worth_remembering),
        }
    }

    /// This head and that of a later answer of the same poll: the source's own
    /// address decides where it moved and how long it is fresh, the longest plea counts.
    #[must_use]
    pub fn then(self, later: Self) -> Self {
        if self.status.is_none() {
            return later;
        }
        Self { status: later.status, plea: self.plea.max(later.plea), ..self }
    }

    /// 429 or 503: the server asks for patience, whether or not it says for how long.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self.status, Some(429 | 503))
    }
}

/// An address with an account would show it wherever it is told.
fn is_worth_remembering(url: &Url) -> bool {
    url.as_str().len() <= MOVED_BYTES_MAX && url.username().is_empty() && url.password().is_none()
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim).filter(|text| text.len() <= HEADER_BYTES_MAX)
}

/// Seconds, or a date.
fn plea(said: &str, now: Timestamp) -> Option<Duration> {
    seconds(said).or_else(|| until(said, now)).filter(|plea| !plea.is_zero())
}

/// RFC 9111 §1.2.2: a number that is too large counts as very long.
fn seconds(said: &str) -> Option<Duration> {
    let digits = !said.is_empty() && said.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| Duration::from_secs(said.parse().unwrap_or(u64::MAX)))
}

fn until(said: &str, from: Timestamp) -> Option<Duration> {
    let left = |at: Timestamp| Some(Duration::try_from(at.duration_since(from)).unwrap_or_default());
    if let Some(at) = asctime(said) {
        return left(at);
    }
    let dated = date::parse(said, from)?;
    if dated.clamped { Some(Duration::MAX) } else { left(dated.at) }
}

/// The oldest form of an HTTP date (RFC 9110 §5.6.7), which names no zone and means GMT.
fn asctime(said: &str) -> Option<Timestamp> {
    let at = DateTime::strptime("%a %b %e %H:%M:%S %Y", said).ok()?;
    Offset::UTC.to_timestamp(at).ok()
}

fn fresh(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let cache = text(headers, header::CACHE_CONTROL).unwrap_or_default().to_ascii_lowercase();
    let directives = || cache.split(',').map(str::trim);
    if directives().any(|directive| directive == "no-cache" || directive == "no-store") {
        return None;
    }
    let max_age = directives().find_map(|one| seconds(one.strip_prefix("max-age=")?.trim_matches('"')));
    let age = text(headers, header::AGE).and_then(seconds).unwrap_or_default();
    let fresh = match max_age {
        Some(max_age) => Some(max_age.saturating_sub(age)),
        None => {
            let sent = text(headers, header::DATE).and_then(|said| date::parse(said, now)).map_or(now, |date| date.at);
            until(text(headers, header::EXPIRES)?, sent)
        }
    };
    fresh.filter(|fresh| !fresh.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-24T01:00:00Z";

    fn heard(lines: &[(&'static str, &str)]) -> Head {
        let headers = lines.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        Head::of(200, &headers.collect(), None, NOW.parse().unwrap())
    }

    fn s(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    #[test]
    fn a_plea_is_seconds_or_a_date_in_any_of_three_forms() {
        let plea = |said| heard(&[("retry-after", said)]).plea;
        assert_eq!(plea("120"), s(120));
        assert_eq!(plea("99999999999999999999999"), s(u64::MAX));
        assert_eq!(plea("Tue, 24 Nov 2026 01:10:00 GMT"), s(600));
        assert_eq!(plea("Tuesday, 24-Nov-26 01:10:00 GMT"), s(600), "RFC 850");
        assert_eq!(plea("Tue Nov 24 01:10:00 2026"), s(600), "asctime");
        assert_eq!(plea("Tue, 24 Nov 2037 01:10:00 GMT"), Some(Duration::MAX));
        for nothing in ["", "0", "-1", "soon", "1.5", "Tue, 24 Nov 2026 00:10:00 GMT"] {
            assert_eq!(plea(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn an_answer_is_fresh_for_what_is_left_of_its_age() {
        let fresh = |lines: &[_]| heard(lines).fresh;
        assert_eq!(fresh(&[("cache-control", "public, Max-Age=300")]), s(300));
        assert_eq!(fresh(&[("cache-control", "max-age=300"), ("age", "100")]), s(200));
        assert_eq!(fresh(&[("cache-control", "max-age=300"), ("age", "400")]), None);
        let dates = [("date", "Tue, 24 Nov 2026 02:00:00 GMT"), ("expires", "Tue, 24 Nov 2026 02:05:00 GMT")];
        assert_eq!(fresh(&dates), s(300), "the server's clock counts, not ours");
        assert_eq!(fresh(&[("cache-control", "max-age=60"), dates[1]]), s(60), "max-age comes first");
        for nothing in ["no-cache, max-age=300", "no-store", "s-maxage=300", "max-age=soon", "max-age="] {
            assert_eq!(fresh(&[("cache-control", nothing)]), None, "{nothing}");
        }
        assert_eq!(fresh(&[("expires", "0")]), None);
        assert_eq!(fresh(&[("expires", "Thu, 01 Jan 1970 00:00:00 GMT")]), None);
    }

    #[test]
    fn an_address_without_end_or_with_an_account_is_not_remembered() {
        let moved =
            |url: &str| Head::of(200, &HeaderMap::new(), Some(Url::parse(url).unwrap()), Timestamp::UNIX_EPOCH).moved;
        let long = |length| format!("https://a.example.vn/{}", "a".repeat(length));
        assert!(moved(&long(100)).is_some());
        assert_eq!(moved(&long(MOVED_BYTES_MAX)), None);
        assert_eq!(moved("https://user:hunter2@a.example.vn/"), None);
    }
}
