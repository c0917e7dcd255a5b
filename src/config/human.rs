//! Values as people write them: durations, rates, sizes. Each refuses with a
//! sentence that shows how to write it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use serde::{Serialize, Serializer};

/// Longest duration that any setting may have: ten years. Sums of two stay far from overflow.
const DURATION_MAX: Duration = Duration::from_secs(3660 * 86_400);
/// Longest text of a value: nothing honest is longer.
const TEXT_BYTES_MAX: usize = 40;

const DURATION_UNITS: [(&str, u64); 5] =
    [("w", 7 * 86_400_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)];
const RATE_UNITS: [(&str, f64); 3] = [("s", 1.0), ("min", 60.0), ("h", 3600.0)];
const SIZE_UNITS: [(&str, u64); 5] = [("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10), ("KB", 1 << 10), ("B", 1)];

/// A duration such as `"90s"`, `"15m"`, `"1h30m"`, `"7d"`, `"2w"` or `"250ms"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Human(pub Duration);

impl FromStr for Human {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "write a number and a unit, such as \"90s\", \"15m\", \"1h30m\" or \"7d\"";
        if text.is_empty() || text.len() > TEXT_BYTES_MAX {
            return Err(WRONG);
        }
        let mut rest = text;
        let mut total = 0_u64;
        while !rest.is_empty() {
            let (number, after) = whole_number(rest).ok_or(WRONG)?;
            let (millis, after) = duration_unit(after).ok_or(WRONG)?;
            total = number.checked_mul(millis).and_then(|part| total.checked_add(part)).ok_or(WRONG)?;
            rest = after;
        }
        let total = Duration::from_millis(total);
        if total > DURATION_MAX { Err("a duration of at most ten years") } else { Ok(Self(total)) }
    }
}

/// The leading digits and what follows them.
fn whole_number(text: &str) -> Option<(u64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, after) = text.split_at(digits);
    Some((number.parse().ok()?, after))
}

/// The leading unit in milliseconds and what follows it. `ms` before `m`.
fn duration_unit(text: &str) -> Option<(u64, &str)> {
    if let Some(after) = text.strip_prefix("ms") {
        return Some((1, after));
    }
    DURATION_UNITS.iter().find_map(|(name, millis)| Some((*millis, text.strip_prefix(name)?)))
}

impl fmt::Display for Human {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        if rest == 0 {
            return f.write_str("0s");
        }
        // Weeks are read but not written: "90d" says more than "12w6d".
        for (name, millis) in &DURATION_UNITS[1..] {
            if rest >= *millis {
                write!(f, "{}{name}", rest / millis)?;
                rest %= millis;
            }
        }
        if rest > 0 { write!(f, "{rest}ms") } else { Ok(()) }
    }
}

/// Requests per time such as `"2/s"`, `"0.4/s"`, `"30/min"` or `"500/h"`, kept per second.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Rate(pub f64);

impl FromStr for Rate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "write requests per time, such as \"2/s\", \"0.4/s\", \"30/min\" or \"500/h\"";
        if text.len() > TEXT_BYTES_MAX {
            return Err(WRONG);
        }
        let (number, unit) = text.split_once('/').ok_or(WRONG)?;
        let (_, seconds) = RATE_UNITS.iter().find(|(name, _)| *name == unit.trim()).ok_or(WRONG)?;
        let number = number.trim();
        if !number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return Err(WRONG);
        }
        let rate = number.parse::<f64>().map_err(|_| WRONG)? / seconds;
        if rate > 0.0 && rate <= 10_000.0 { Ok(Self(rate)) } else { Err("a rate above 0 and at most 10000/s") }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = |seconds: &f64| (self.0 * seconds).round() / seconds == self.0;
        match RATE_UNITS.iter().find(|(_, seconds)| whole(seconds)) {
            Some((unit, seconds)) => write!(f, "{}/{unit}", (self.0 * seconds).round()),
            None => write!(f, "{}/s", self.0),
        }
    }
}

/// Bytes such as `"15MB"`, `"512 kB"`: powers of 1024.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

impl FromStr for Size {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "write a number and a unit, such as \"512kB\", \"15MB\" or \"1GB\"";
        let (number, unit) = whole_number(text).ok_or(WRONG)?;
        let bytes = SIZE_UNITS.iter().find(|(name, _)| *name == unit.trim()).ok_or(WRONG)?.1;
        number.checked_mul(bytes).map(Self).ok_or(WRONG)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, unit) = SIZE_UNITS
            .iter()
            .find(|(_, unit)| self.0 >= *unit && self.0.is_multiple_of(*unit))
            .copied()
            .unwrap_or(("B", 1));
        write!(f, "{}{name}", self.0 / unit)
    }
}

/// What a new portal receives of the time before it was configured:
/// `"none"`, `"all"` or an age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backfill {
    None,
    All,
    /// What was published within this time before the first contact.
    Age(Duration),
}

impl FromStr for Backfill {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(Self::None),
            "all" => Ok(Self::All),
            age => match age.parse() {
                Ok(Human(age)) => Ok(Self::Age(age)),
                Err(_) => Err("write \"none\", \"all\" or an age such as \"7d\""),
            },
        }
    }
}

impl fmt::Display for Backfill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::All => f.write_str("all"),
            Self::Age(age) => Human(*age).fmt(f),
        }
    }
}

/// Reads any of the above from a string; a bare number gets the same advice.
struct FromText<T>(&'static str, std::marker::PhantomData<T>);

impl<T: FromStr<Err = &'static str>> Visitor<'_> for FromText<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(|advice| E::invalid_value(Unexpected::Str(text), &Advice(advice)))
    }
}

/// Stands after "expected" in serde's sentence.
struct Advice(&'static str);

impl serde::de::Expected for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

macro_rules! text_value {
    ($type:ty, $expecting:literal) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                input.deserialize_str(FromText($expecting, std::marker::PhantomData))
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.collect_str(self)
            }
        }
    };
}

text_value!(Human, "a duration in quotes, such as \"90s\", \"15m\", \"1h30m\" or \"7d\"");
text_value!(Rate, "a rate in quotes, such as \"2/s\" or \"30/min\"");
text_value!(Size, "a size in quotes, such as \"15MB\"");
text_value!(Backfill, "\"none\", \"all\" or an age such as \"7d\"");
