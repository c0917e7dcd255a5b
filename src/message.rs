//! The one catalogue of messages that ask a person to act, in Vietnamese and English.

use serde::{Deserialize, Serialize};

/// The language of messages for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lang {
    Vi,
    En,
}
