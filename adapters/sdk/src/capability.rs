//! What one portal can do with the account that we have there.
//!
//! Facts found by `check` and kept in the ledger, so that plans work while the
//! portal is down. What is absent here means `Unsupported`, and the plan says
//! per portal what is lost.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::adapter::Removal;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Capabilities {
    pub key: KeySupport,
    /// A write's reply shows the stored form; otherwise `read` follows.
    pub reply_is_read_back: bool,
    /// How long `find` may not see what was written.
    #[serde(with = "millis")]
    pub find_lag: Duration,
    /// How many look-ups in a row must say absent before absence is believed.
    pub absence_reads: u8,
    /// How long the server may go on working on a request whose caller has gone.
    #[serde(with = "millis")]
    pub settles_within: Duration,
    /// The ways to take a copy away, best first. Empty: it cannot be done.
    pub removals: Vec<Removal>,
    pub publish_date: DateSupport,
    pub categories: CategorySupport,
    pub tags: bool,
    pub summary: bool,
    pub drafts: bool,
    /// `upload` works, and a post shows its featured picture.
    pub media: bool,
    /// `list` works.
    pub list: bool,
    /// The copy can name the original as its canonical address.
    pub canonical: bool,
    pub annexes: bool,
    pub pin: PinSupport,
    /// Unicode scalar values.
    pub title_chars_max: Option<usize>,
    /// UTF-8 bytes.
    pub body_bytes_max: Option<usize>,
    pub media_bytes_max: Option<usize>,
    pub in_flight_max: Option<u16>,
}

/// How a portal keeps our key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeySupport {
    /// It refuses a second copy under the key, even in a race.
    Enforced,
    /// `find` sees the key; nothing stops a second copy but us.
    Searchable,
    /// A copy cannot be recognised. An unknown outcome parks.
    None,
}

/// How exactly the original's time survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DateSupport {
    /// To the second.
    Exact,
    Minute,
    Day,
    /// The portal sets its own.
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CategorySupport {
    None,
    /// Existing ones only.
    Match,
    /// The account may also create them.
    Create,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PinSupport {
    None,
    /// Stays until it is taken away.
    Plain,
    /// The portal ends it by itself.
    Expiring,
}

/// Durations as whole milliseconds, the ledger's unit.
mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &Duration, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_u64(u64::try_from(value.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Duration, D::Error> {
        u64::deserialize(input).map(Duration::from_millis)
    }
}
