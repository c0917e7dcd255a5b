//! The keys by which copies and media are recognised on a portal.
//!
//! A key is `uuidv5(namespace, origin + identity at first sight)` in a short
//! form that survives every CMS seen so far: `[a-z0-9-]`, starts with a
//! letter, no `--`, no `_ % [ ]`, never derived from a title. (WordPress hides
//! words with a leading dash in searches and strips `--` from comments, LIKE
//! treats `_` and `%` as wildcards, NukeViet splits on brackets.)

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The namespace of article keys. It is part of every key in the field and can never change.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f1d_53c8_2d6c_5b0a_9c5e_61d1_5a0b_94d7);
/// Hexadecimal digits behind `cs-`: 96 bits.
const ARTICLE_HEX: usize = 24;
/// Hexadecimal digits behind `cm-`: 128 bits.
const MEDIA_HEX: usize = 32;

/// The key of an article: `cs-` and 24 hexadecimal digits. It never changes
/// and holds no portal and no configured name.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key(String);

impl Key {
    /// The key for `identity` (a guid, else a canonical address) of `origin`
    /// (the source's own host, as an origin such as `https://bacninh.gov.vn`).
    #[must_use]
    pub fn derive(origin: &str, identity: &str) -> Self {
        let name = format!("{origin}\n{identity}");
        let uuid = Uuid::new_v5(&NAMESPACE, name.as_bytes());
        let hex = uuid.simple().to_string();
        Self(format!("cs-{}", &hex[..ARTICLE_HEX]))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first article key that stands in `text` as a word of its own, such
    /// as a marker in a body.
    #[must_use]
    pub fn find_in(text: &str) -> Option<Self> {
        text.match_indices("cs-").find_map(|(at, _)| {
            let bounded = text[..at].chars().next_back().is_none_or(|before| !before.is_ascii_alphanumeric());
            let end = at + 3 + ARTICLE_HEX;
            let key = text.get(at..end)?;
            let closed = text[end..].chars().next().is_none_or(|after| !after.is_ascii_alphanumeric());
            (bounded && closed).then(|| key.parse().ok()).flatten()
        })
    }
}

impl FromStr for Key {
    type Err = BadKey;

    fn from_str(text: &str) -> Result<Self, BadKey> {
        is_key(text, "cs-", ARTICLE_HEX).then(|| Self(text.to_owned())).ok_or_else(|| BadKey(text.to_owned()))
    }
}

/// The key of a file: `cm-` and the first 32 hexadecimal digits of its SHA-256.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MediaKey(String);

impl MediaKey {
    #[must_use]
    pub fn of_sha256(sha256: &[u8; 32]) -> Self {
        let hex: String = sha256.iter().take(MEDIA_HEX / 2).map(|byte| format!("{byte:02x}")).collect();
        Self(format!("cm-{hex}"))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MediaKey {
    type Err = BadKey;

    fn from_str(text: &str) -> Result<Self, BadKey> {
        is_key(text, "cm-", MEDIA_HEX).then(|| Self(text.to_owned())).ok_or_else(|| BadKey(text.to_owned()))
    }
}

fn is_key(text: &str, prefix: &str, digits: usize) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|hex| hex.len() == digits && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')))
}

/// The text is not a key in the one format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a key: `cs-` and 24 hexadecimal digits for an article, `cm-` and 32 for a file")]
pub struct BadKey(String);

macro_rules! text_newtype {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl TryFrom<String> for $name {
            type Error = BadKey;
            fn try_from(text: String) -> Result<Self, BadKey> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(key: $name) -> Self {
                key.0
            }
        }
    };
}
text_newtype!(Key);
text_newtype!(MediaKey);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_stable_and_of_the_one_format() {
        let key = Key::derive("https://bacninh.gov.vn", "86668605");
        assert_eq!(key, Key::derive("https://bacninh.gov.vn", "86668605"));
        assert_ne!(key, Key::derive("https://bacninh.gov.vn", "86668606"));
        assert_eq!(key.as_str().len(), 27);
        assert_eq!(key.as_str().parse::<Key>().unwrap(), key);
    }

    #[test]
    fn a_key_is_found_in_a_marker_but_not_inside_a_longer_word() {
        let key = Key::derive("o", "1");
        assert_eq!(Key::find_in(&format!("<p>x</p><!-- dongbo {key} -->")), Some(key.clone()));
        assert_eq!(Key::find_in(&format!("x{key}")), None);
        assert_eq!(Key::find_in(&format!("{key}0")), None);
        assert_eq!(Key::find_in(&format!("đ cs-12 {key}")), Some(key));
    }

    #[test]
    fn other_words_are_refused() {
        for text in ["", "cs-", "cm-0123", "cs-0123456789abcdef0123456G", "cs-0123456789ABCDEF01234567"] {
            assert!(text.parse::<Key>().is_err(), "{text}");
        }
    }
}
