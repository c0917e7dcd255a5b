//! Sitemaps (sitemaps.org, protocol 0.9) with Google's news extension
//! (developers.google.com/search/docs/crawling-indexing/sitemaps/news-sitemap):
//! addresses of articles and when they were touched last.
//!
//! Pure: reads one file, a list of addresses or of further files. A sitemap
//! has no text and mostly no title; they stand on the articles' own pages, see
//! `page`. The order of a file says nothing, so an address without any date
//! cannot be told from one that is ten years old, and is left alone.

use std::collections::HashSet;
use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use url::Url;

use super::error::ReadError;
use super::feed::{self, Document, Quarantined, SAMPLE_CHARS, Warning};
use super::item::{self, Context};
use super::json::Wrong;
use super::raw::{RawItem, Slot};
use super::xml::{Damage, Dialect, Scan, Tag};
use super::{charset, date, identity, text};
use crate::article::{Item, Precision};

/// Addresses of one file that are looked at, as the protocol bounds them.
pub const ENTRIES_MAX: usize = 50_000;
/// Of them, those that are young enough to be read.
pub const YOUNG_MAX: usize = 5_000;
/// One file, unpacked. The protocol allows 50 MB; 50,000 addresses take 10.
pub const FILE_BYTES_MAX: usize = 20 * 1024 * 1024;
/// Files of one reading; the newest are read.
pub const FILES_MAX: usize = 50;
/// Lists of files above a file. The protocol allows one.
pub const DEPTH_MAX: usize = 3;
/// Longer patterns are a mistake.
const PATTERN_BYTES_MAX: usize = 500;
/// Patterns of one list.
const PATTERNS_MAX: usize = 50;
/// RFC 1952 §2.3.1.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// `[source.read.sitemap]`. The source's `url` is that of the sitemap or of the
/// list of its files. Needs `[source.page]` with `title` and `body`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table [source.read.sitemap]")]
pub struct Config {
    /// Paths of articles, such as `"/tin-tuc/"`. Default: all.
    #[serde(default)]
    pub include: Vec<Pattern>,
    /// Paths that are no articles, whatever `include` says. Default: none.
    #[serde(default)]
    pub exclude: Vec<Pattern>,
}

/// The beginning of a path with its query, as in robots.txt (RFC 9309 §2.2.3):
/// `*` is anything, `$` at the end is the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

/// A file that a list of files names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub url: Url,
    /// When it was changed last, as the list says.
    pub touched: Option<(Timestamp, Precision)>,
}

/// What a file is.
#[derive(Debug)]
pub enum Answer {
    Index(Vec<File>),
    Entries(Entries),
}

/// Addresses of one file.
#[derive(Debug, Default)]
pub struct Entries {
    /// Those that are young enough, the newest first.
    pub items: Vec<Result<Item, Quarantined>>,
    pub warnings: Vec<Warning>,
    /// The file was read to its proper end.
    pub complete: bool,
    /// Addresses of the site, whatever their path.
    pub listed: usize,
    /// Of them, those on paths that the configuration wants.
    pub wanted: usize,
    /// Of those, the dated ones.
    pub dated: usize,
}

/// Names the slot of an element's text, within `url` or `sitemap`.
#[must_use]
pub fn open(path: &str, _: &Tag, _: &mut RawItem) -> Option<Slot> {
    match path {
        "loc" => Some(Slot::Link),
        "lastmod" => Some(Slot::Updated),
        "news:news/news:title" => Some(Slot::Title),
        "news:news/news:publication_date" => Some(Slot::Published),
        _ => None,
    }
}

impl Config {
    #[must_use]
    pub fn wrong(&self) -> Option<Wrong> {
        let lists = [("include", &self.include), ("exclude", &self.exclude)];
        let (key, _) = lists.into_iter().find(|(_, patterns)| patterns.len() > PATTERNS_MAX)?;
        Some(Wrong { key, problem: "has more than 50 patterns", change: "write fewer" })
    }

    /// Reads a file of the sitemap at `site`; articles that were touched or
    /// published before `since` are left out. Bound by the processor.
    ///
    /// # Errors
    /// Where it cannot be read as a whole; single bad entries are in it.
    pub fn read(&self, site: &Url, since: Timestamp, document: &Document<'_>) -> Result<Answer, ReadError> {
        let unpacked = unpacked(document.body)?;
        let decoded = charset::decode(unpacked.as_deref().unwrap_or(document.body), document.content_type).text;
        let scan = feed::root(&decoded)?;
        let reading = Reading { text: &decoded, scan, site, document };
        match reading.scan.dialect {
            Dialect::SitemapIndex => reading.files().map(Answer::Index),
            Dialect::Sitemap => self.entries(reading, since).map(Answer::Entries),
            Dialect::Rss | Dialect::Atom => Err(ReadError::NotAFeed { begins: super::error::begins(&decoded) }),
        }
    }

    fn entries(&self, mut reading: Reading<'_>, since: Timestamp) -> Result<Entries, ReadError> {
        let mut entries = Entries::default();
        let mut young: Vec<(Timestamp, RawItem)> = Vec::new();
        for _ in 0..ENTRIES_MAX {
            let mut raw = match reading.scan.next(reading.text) {
                None => break,
                Some(Ok(raw)) => raw,
                Some(Err(damage)) => {
                    entries.items.push(Err(reading.damaged(&damage)));
                    continue;
                }
            };
            let Some(url) = reading.address(&raw) else { continue };
            entries.listed += 1;
            if !self.wants(&url) {
                continue;
            }
            entries.wanted += 1;
            let Some(at) = newest(&raw, reading.document.now) else { continue };
            entries.dated += 1;
            if at >= since {
                raw.link = text::escape(url.as_str());
                young.push((at, raw));
            }
        }
        entries.complete = reading.finish(entries.items.len(), entries.listed)?;
        young.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        if young.len() > YOUNG_MAX || reading.scan.next(reading.text).is_some() {
            entries.warnings.push(Warning::TooManyItems);
        }
        let mut context = Context::new(reading.document.url.clone(), reading.document.now);
        entries.items.extend(young.into_iter().take(YOUNG_MAX).map(|(_, raw)| shape(raw, &mut context)));
        entries.warnings.extend(context.warnings);
        Ok(entries)
    }

    fn wants(&self, url: &Url) -> bool {
        let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let any = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(path));
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude)
    }
}

/// A file under way.
struct Reading<'a> {
    text: &'a str,
    scan: Scan,
    site: &'a Url,
    document: &'a Document<'a>,
}

impl Reading<'_> {
    fn files(mut self) -> Result<Vec<File>, ReadError> {
        let (mut files, mut damaged, now) = (Vec::new(), 0, self.document.now);
        // More than are ever read, because the newest may stand last.
        for _ in 0..ENTRIES_MAX {
            match self.scan.next(self.text) {
                None => break,
                Some(Err(_)) => damaged += 1,
                Some(Ok(raw)) => {
                    let touched = date::parse(&raw.updated, now).map(|dated| (dated.at, dated.precision));
                    files.extend(self.address(&raw).map(|url| File { url, touched }));
                }
            }
        }
        self.finish(damaged, files.len())?;
        Ok(files)
    }

    /// The protocol keeps a sitemap to its own host.
    fn address(&self, raw: &RawItem) -> Option<Url> {
        let url = identity::link(&raw.link, self.document.url)?;
        (bare(&url) == bare(self.site)).then_some(url)
    }

    fn damaged(&self, damage: &Damage) -> Quarantined {
        let sample = text::fold(&self.text[damage.from..].chars().take(SAMPLE_CHARS).collect::<String>());
        let reason = format!("the sitemap is damaged at byte {}: {}", damage.at, damage.reason);
        Quarantined { reason, sample, identity: None }
    }

    /// Whether the end was a proper one.
    fn finish(&self, damaged: usize, read: usize) -> Result<bool, ReadError> {
        let whole = self.scan.complete && !self.scan.gave_up();
        if read == 0 && (damaged > 0 || !whole) {
            let reason = "the sitemap is broken before its first address".to_owned();
            return Err(ReadError::Malformed { at: self.text.len() as u64, reason });
        }
        Ok(whole)
    }
}

fn bare(url: &Url) -> &str {
    let host = url.host_str().unwrap_or_default();
    host.strip_prefix("www.").unwrap_or(host)
}

/// `None`: it was not packed. `.gz` is a form of the file, not of the answer.
fn unpacked(body: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
    let too_large = ReadError::TooLarge { what: "bytes of a sitemap", limit: FILE_BYTES_MAX as u64 };
    if !body.starts_with(&GZIP) {
        return if body.len() > FILE_BYTES_MAX { Err(too_large) } else { Ok(None) };
    }
    let mut text = Vec::new();
    let read = MultiGzDecoder::new(body).take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut text);
    read.map_err(|error| ReadError::Encoding(error.to_string()))?;
    if text.len() > FILE_BYTES_MAX { Err(too_large) } else { Ok(Some(text)) }
}

fn newest(raw: &RawItem, now: Timestamp) -> Option<Timestamp> {
    [&raw.published, &raw.updated].into_iter().filter_map(|text| date::parse(text, now)).map(|dated| dated.at).max()
}

fn shape(mut raw: RawItem, context: &mut Context) -> Result<Item, Quarantined> {
    // The page has the title; until it is read the address stands in.
    if raw.title.trim().is_empty() {
        raw.title.clone_from(&raw.link);
    }
    item::shape(&raw, context).map_err(|bad| Quarantined {
        reason: bad.reason,
        sample: item::sample(&raw),
        identity: bad.identity,
    })
}

impl Pattern {
    #[must_use]
    pub fn parse(written: &str) -> Option<Self> {
        let honest = written.starts_with(['/', '*']) && written.len() <= PATTERN_BYTES_MAX;
        (honest && !written.chars().any(char::is_whitespace)).then(|| Self(written.to_owned()))
    }

    /// As the configuration has it.
    #[must_use]
    pub fn written(&self) -> &str {
        &self.0
    }

    /// Linear: each part is looked for behind the one before it.
    fn matches(&self, path: &str) -> bool {
        let (pattern, to_the_end) = match self.0.strip_suffix('$') {
            Some(pattern) => (pattern, true),
            None => (self.0.as_str(), false),
        };
        let (head, parts) = pattern.split_once('*').map_or((pattern, None), |(head, parts)| (head, Some(parts)));
        let Some(rest) = path.strip_prefix(head) else { return false };
        let Some(parts) = parts else { return !to_the_end || rest.is_empty() };
        let (middle, last) = parts.rsplit_once('*').unwrap_or(("", parts));
        let mut rest = rest;
        for part in middle.split('*') {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        if to_the_end { rest.ends_with(last) } else { rest.contains(last) }
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let written = String::deserialize(input)?;
        Self::parse(&written)
            .ok_or_else(|| serde::de::Error::custom("is not the pattern of a path; write it as \"/tin-tuc/*.html$\""))
    }
}

/// Files that wait to be read, the newest first: [`FILES_MAX`] at most, each once.
#[derive(Debug)]
pub struct Files {
    waiting: Vec<(File, usize)>,
    met: HashSet<Url>,
    since: Timestamp,
    left: usize,
    /// Files were left out because there were too many, or lists above lists.
    pub cut: bool,
    /// Files were left out because they are old.
    pub skipped: bool,
}

impl Files {
    /// Files that were changed before `since` hold nothing that is asked for.
    #[must_use]
    pub fn of(root: Url, since: Timestamp) -> Self {
        let met = HashSet::from([root.clone()]);
        Self {
            waiting: vec![(File { url: root, touched: None }, 0)],
            met,
            since,
            left: FILES_MAX,
            cut: false,
            skipped: false,
        }
    }

    /// The next one, and how many lists stand above it.
    pub fn newest(&mut self) -> Option<(File, usize)> {
        let by_date = |(at, (file, _)): &(usize, &(File, usize))| (file.touched.map(|(at, _)| at), *at);
        let (at, _) = self.waiting.iter().enumerate().max_by_key(by_date)?;
        if self.left == 0 {
            self.cut = true;
            return None;
        }
        self.left -= 1;
        Some(self.waiting.swap_remove(at))
    }

    /// Takes up the files of a list that stands `depth` below the root.
    pub fn found(&mut self, files: &[File], depth: usize) {
        if depth >= DEPTH_MAX {
            self.cut |= !files.is_empty();
            return;
        }
        for file in files {
            if file.touched.is_some_and(|(at, _)| at < self.since) {
                self.skipped = true;
            } else if self.waiting.len() < ENTRIES_MAX && self.met.insert(file.url.clone()) {
                self.waiting.push((file.clone(), depth + 1));
            }
        }
    }
}

#[cfg(test)]
mod tests;
