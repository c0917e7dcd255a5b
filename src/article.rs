//! Articles and their revisions: what a source says, cleaned.
//!
//! An article's key is fixed at first sight and never changes. A revision is
//! the content at one time, named by a digest that does not know when the
//! source touched it, in which categories it stands or which feed told it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What citizens read, cleaned: NFC, sanitised, absolute addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Plain text on one line. Never empty: an item without a title gets the
    /// first words of its text.
    pub title: String,
    /// Plain text, may be empty (RSS `description` beside a full text).
    pub summary: String,
    /// Sanitised HTML, may be only the summary where the source gives no more.
    pub body: String,
    /// When the original was published (RSS `pubDate`, Atom `published`).
    pub published: Timestamp,
    pub precision: Precision,
    /// The author as the source names them.
    pub byline: Option<String>,
    /// The address of the original, canonical: no session, no tracking.
    pub url: String,
    /// The picture that stands for the article: media or enclosure, else the body's first.
    pub image: Option<String>,
    /// The number of a document (số, ký hiệu) as its page shows it: `12/CT-UBND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    #[serde(default, skip_serializing_if = "Provenance::is_empty")]
    pub provenance: Provenance,
}

/// What the source says of an article beside its content. Not in the digest:
/// a portal that begins to say it corrects nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Whom it names as the origin (RSS `source`, Atom `source/title`, `dc:source`), plain text on one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit: Option<String>,
    /// The host where that origin stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Language tag (RFC 5646 §2.1), such as `vi` or `en-GB`: the article's own, else its feed's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

impl Provenance {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How exactly the source dated the article.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    Second,
    Minute,
    /// The source's minutes are known to be none.
    Hour,
    Day,
    /// The source gave no date; the time of first sight stands in.
    Guessed,
}

impl Content {
    /// Names the revision. Everything a citizen can see counts, nothing else:
    /// the picture's and the body's query strings stay, the time of the last
    /// touch does not exist here. A guessed date is left out, because the next
    /// reading would guess another.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut hasher = blake3::Hasher::new();
        let mut field = |text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        field(&self.title);
        field(&self.summary);
        field(&self.body);
        match self.precision {
            Precision::Guessed => field(""),
            Precision::Second | Precision::Minute | Precision::Hour | Precision::Day => {
                field(&self.published.to_string());
            }
        }
        field(self.byline.as_deref().unwrap_or_default());
        field(&self.url);
        field(self.image.as_deref().unwrap_or_default());
        // Behind the others and only where there is one: revisions that were named before keep their names.
        if let Some(number) = &self.number {
            field(number);
        }
        Digest(*hasher.finalize().as_bytes())
    }
}

/// BLAKE3 of a content.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().take(8).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// One item of a source, ready for the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Names by which the source knows the article, the most trusted first.
    /// The first one that is known decides which article this is.
    pub names: Vec<Name>,
    /// The host of the original as an origin (`https://bacninh.gov.vn`): with
    /// the first name it makes the article's key.
    pub origin: String,
    pub content: Content,
    /// The source's own names, NFC, without repeats.
    pub categories: Vec<String>,
    /// When the source says that it touched the article last (Atom `updated`,
    /// `dcterms:modified`). Not in the digest: a touch alone changes nothing.
    pub updated: Option<Timestamp>,
    /// The beginning of what the original hides from its readers; empty: nothing.
    #[serde(default)]
    pub hidden: String,
}

impl Item {
    /// Names what the source says of the article: whoever read the item once
    /// need not look at the same one again. As in [`Content::digest`], a
    /// guessed date does not count.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.content.digest().0);
        let names = self.names.iter().flat_map(|name| [name.kind.name(), &name.value]);
        let updated = self.updated.map(|at| at.to_string()).unwrap_or_default();
        for text in names.chain(["categories"]).chain(self.categories.iter().map(String::as_str)).chain([&*updated]) {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        Digest(*hasher.finalize().as_bytes())
    }

    /// The source's own categories stand behind those that the article names.
    pub fn categorise(&mut self, categories: &[String]) {
        for category in categories {
            if !self.categories.contains(category) {
                self.categories.push(category.clone());
            }
        }
    }
}

/// A name of an article within its origin.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Name {
    pub kind: NameKind,
    pub value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameKind {
    /// RSS `guid`, Atom `id`.
    Guid,
    /// The canonical address of the original.
    Url,
    /// Digest of title and date, where the source gives neither.
    Hash,
}

impl NameKind {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Guid => "guid",
            Self::Url => "url",
            Self::Hash => "hash",
        }
    }
}
