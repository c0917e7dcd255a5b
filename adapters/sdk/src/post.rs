//! What dongbo asks a portal to show: an article shaped for that portal.

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::key::{Key, MediaKey};
use crate::remote::RemoteMedia;

/// An article shaped for one portal. All text is NFC; media is already uploaded.
#[derive(Debug, Clone, PartialEq)]
pub struct Post {
    /// Carried by the copy so that `find` sees it.
    pub key: Key,
    /// Plain text, not empty.
    pub title: String,
    /// Plain text, may be empty.
    pub summary: String,
    /// Sanitised HTML with absolute addresses, without the attribution.
    pub body: String,
    /// Sanitised HTML: the source's name, its time and the link to the original.
    pub attribution: String,
    /// Names as the portal has them, mapped by its rules.
    pub categories: Vec<String>,
    /// What to do with a category that the portal does not have.
    pub missing_category: MissingCategory,
    pub tags: Vec<String>,
    /// When the original was published.
    pub published: Timestamp,
    /// The author as the original names them.
    pub byline: Option<String>,
    /// The address of the original.
    pub canonical: String,
    /// The picture that stands for the article in lists.
    pub featured: Option<RemoteMedia>,
    pub visibility: Visibility,
}

impl Post {
    /// Body and attribution as one piece of HTML, for a CMS that has no place
    /// of its own for the attribution.
    #[must_use]
    pub fn html(&self) -> String {
        if self.attribution.is_empty() {
            return self.body.clone();
        }
        format!("{}\n{}", self.body, self.attribution)
    }
}

/// Whether citizens see the post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Visibility {
    Public,
    /// Stands on the portal for its editors only.
    Draft,
}

/// What to do with a category that the portal does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissingCategory {
    /// Leave it out; the read-back shows that it is missing.
    #[default]
    Match,
    /// Create it, where the account may.
    Create,
}

/// A file to put on a portal.
#[derive(Clone, PartialEq, Eq)]
pub struct Media {
    pub key: MediaKey,
    pub sha256: [u8; 32],
    /// The type read from the bytes, such as `image/jpeg`.
    pub mime: String,
    /// ASCII, with an extension that fits the type.
    pub file_name: String,
    /// Plain text for people who cannot see the picture, and the title in the media library.
    pub alt: String,
    pub bytes: Bytes,
}

impl std::fmt::Debug for Media {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Media({}, {}, {} B)", self.key, self.mime, self.bytes.len())
    }
}

/// A place on the main page. First used with the life of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pin {
    Off,
    On { until: Option<Timestamp> },
}
