//! The site on the disk: records, the pages that follow from them, and the
//! repair of what a crash left between the two.
//!
//! Everything here blocks and knows nothing of calls and faults.

use std::path::{Path, PathBuf};

use dongbo_sdk::{Key, MissingCategory, Post, RemoteCopy, RemoteId, RemoteMedia, RemoteStatus, Visibility};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::disk::{Dir, Held, OURS, make_root};
use crate::error::{Outcome, Trouble};
use crate::page;

/// Largest record; `Capabilities::body_bytes_max` keeps far below it.
pub(crate) const RECORD_BYTES_MAX: usize = 24 * 1024 * 1024;
/// Largest body that a page takes.
pub(crate) const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Largest list of a month: some 60,000 articles.
const MONTH_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Largest page that is read back.
const PAGE_BYTES_MAX: usize = RECORD_BYTES_MAX;
/// Largest list of categories: some thousands.
const CATEGORIES_BYTES_MAX: usize = 256 * 1024;
/// Largest note on an unfinished article: two months.
const NOTE_BYTES_MAX: usize = 4 * 1024;
/// Articles on one page of a list.
pub(crate) const LIST_MAX: usize = 100;
/// Articles in the feed.
pub(crate) const FEED_MAX: usize = 50;
/// Characters of the summary on lists.
const LIST_SUMMARY_CHARS_MAX: usize = 300;

/// Vietnam has no summer time and kept this offset since 1975.
const VIETNAM: Offset = Offset::constant(7);

const RECORDS: &str = ".dongbo/bai";
const MONTHS: &str = ".dongbo/thang";
const NOTES: &str = ".dongbo/cho";
const CATEGORIES: &str = "muc.json";
const PAGES: &str = "bai";
const MONTH_PAGES: &str = "thang";
const MEDIA: &str = "media";
/// What a folder that is not ours may hold under our names.
const PUBLIC_NAMES: [&str; 6] = ["index.html", "feed.xml", "style.css", PAGES, MONTH_PAGES, MEDIA];

/// What the settings say of the site.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub(crate) path: PathBuf,
    /// Ends with a slash.
    pub(crate) url: Url,
    pub(crate) title: String,
    /// Categories that exist whatever the articles are about.
    pub(crate) categories: Vec<String>,
}

/// An article as stored, drafts too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) key: Key,
    /// Grows with every write.
    pub(crate) version: u64,
    pub(crate) visibility: Visibility,
    pub(crate) title: String,
    pub(crate) summary: String,
    pub(crate) body: String,
    pub(crate) attribution: String,
    pub(crate) categories: Vec<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) published: Timestamp,
    pub(crate) byline: Option<String>,
    pub(crate) canonical: String,
    pub(crate) featured: Option<RemoteMedia>,
}

/// A line of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) key: Key,
    pub(crate) title: String,
    pub(crate) summary: String,
    pub(crate) categories: Vec<String>,
    pub(crate) published: Timestamp,
    pub(crate) featured: Option<RemoteMedia>,
}

/// What stands under a key.
pub(crate) enum Stands {
    Nothing,
    /// Something that we did not write or cannot read.
    Foreign,
    Ours(Box<Record>),
}

impl Record {
    /// The post as it is kept: without what no page may hold.
    pub(crate) fn new(post: &Post, categories: Vec<String>, version: u64) -> Self {
        Self {
            key: post.key.clone(),
            version,
            visibility: post.visibility,
            title: page::writable(&post.title),
            summary: page::writable(&post.summary),
            body: page::writable(&post.body),
            attribution: page::writable(&post.attribution),
            categories,
            tags: post.tags.clone(),
            published: post.published,
            byline: post.byline.clone(),
            canonical: post.canonical.clone(),
            featured: post.featured.clone(),
        }
    }

    fn line(&self) -> Line {
        Line {
            key: self.key.clone(),
            title: self.title.clone(),
            summary: shorten(&self.summary, LIST_SUMMARY_CHARS_MAX),
            categories: self.categories.clone(),
            published: self.published,
            featured: self.featured.clone(),
        }
    }

    fn public(&self) -> bool {
        match self.visibility {
            Visibility::Public => true,
            Visibility::Draft => false,
        }
    }
}

impl Site {
    pub(crate) fn page_url(&self, key: &Key) -> String {
        self.address(&format!("{PAGES}/{key}.html"))
    }

    pub(crate) fn address(&self, place: &str) -> String {
        format!("{}{place}", self.url)
    }

    /// The root for reading. `None`: nothing was written yet.
    pub(crate) fn open(&self) -> Outcome<Option<Dir>> {
        let Some(root) = Dir::root(&self.path)? else { return Ok(None) };
        Ok(root.occupied(OURS)?.then_some(root))
    }

    /// The root for writing, made and locked.
    pub(crate) fn hold(&self) -> Outcome<Held> {
        let root = make_root(&self.path)?;
        refuse_occupied(&root)?;
        Held::take(root)
    }

    /// Nothing is known to stand in the way of a write. Changes nothing.
    pub(crate) fn examine(&self) -> Outcome<bool> {
        let Some(root) = Dir::root(&self.path)? else {
            let parent = self.path.parent().unwrap_or(Path::new("/"));
            let parent = Dir::root(parent)?.ok_or_else(|| missing(parent))?;
            parent.writable()?;
            return Ok(false);
        };
        root.writable()?;
        refuse_occupied(&root)?;
        for name in [PAGES, MONTH_PAGES, MEDIA, OURS, RECORDS, MONTHS, NOTES] {
            if let Some(dir) = root.below(name)? {
                dir.writable()?;
            }
        }
        Ok(true)
    }

    /// What stands under the key, by its record.
    pub(crate) fn stands(root: &Dir, key: &Key) -> Outcome<Stands> {
        let Some(dir) = root.below(RECORDS)? else { return Ok(Stands::Nothing) };
        let Some(bytes) = dir.read(&record_name(key), RECORD_BYTES_MAX)? else { return Ok(Stands::Nothing) };
        Ok(match serde_json::from_slice::<Record>(&bytes) {
            Ok(record) => Stands::Ours(Box::new(record)),
            Err(_) => Stands::Foreign,
        })
    }

    /// What citizens are shown, read back from the page itself where there is one.
    pub(crate) fn copy(&self, root: &Dir, id: &Key, record: &Record) -> Outcome<RemoteCopy> {
        let shown = if record.public() { read_page(root, id)? } else { None };
        let status = if shown.is_some() { RemoteStatus::Public } else { RemoteStatus::Hidden };
        let body = shown.map(|html| page::body_of(&html, id).unwrap_or_default());
        Ok(RemoteCopy {
            id: RemoteId(id.to_string()),
            key: Some(record.key.clone()),
            version: Some(record.version.to_string()),
            url: status.reaches_citizens().then(|| self.page_url(id)),
            status,
            title: record.title.clone(),
            summary: record.summary.clone(),
            body: body.unwrap_or_else(|| record.body.clone()),
            categories: record.categories.clone(),
            published: Some(record.published),
            featured: record.featured.as_ref().map(|media| media.id.clone()),
            pinned: None,
        })
    }

    /// A page of the records in the order of their keys, from `after` on. Reads no more records than it returns.
    pub(crate) fn records(root: &Dir, after: &str, most: usize) -> Outcome<Vec<Record>> {
        let Some(dir) = root.below(RECORDS)? else { return Ok(Vec::new()) };
        let names = dir.names()?;
        let keys = names.iter().filter_map(|name| name.strip_suffix(".json")?.parse::<Key>().ok());
        let mut found = Vec::new();
        for key in keys.filter(|key| key.as_str() > after) {
            if let Stands::Ours(record) = Self::stands(root, &key)?
                && record.key == key
            {
                found.push(*record);
            }
            if found.len() == most {
                break;
            }
        }
        Ok(found)
    }

    /// The newest lines of the lists, newest first.
    pub(crate) fn newest(root: &Dir, most: usize) -> Outcome<Vec<Line>> {
        let Some(dir) = root.below(MONTHS)? else { return Ok(Vec::new()) };
        let mut lines = Vec::new();
        for month in months(&dir)?.iter().rev() {
            lines.extend(read_month(&dir, month)?);
            if lines.len() >= most {
                break;
            }
        }
        lines.truncate(most);
        Ok(lines)
    }

    /// All categories of the site, sorted.
    pub(crate) fn categories(&self) -> Outcome<Vec<String>> {
        let created = match self.open()? {
            Some(root) => created_categories(&root)?,
            None => Vec::new(),
        };
        Ok(sorted(created.into_iter().chain(self.categories.iter().cloned()).collect()))
    }

    /// The post's categories that the site has, or now has because the post may create them.
    pub(crate) fn admit(&self, held: &Held, post: &Post) -> Outcome<Vec<String>> {
        let created = created_categories(&held.root)?;
        let (known, new): (Vec<_>, Vec<_>) =
            post.categories.iter().cloned().partition(|name| self.categories.contains(name) || created.contains(name));
        match post.missing_category {
            MissingCategory::Create if !new.is_empty() => {}
            MissingCategory::Create | MissingCategory::Match => return Ok(known),
        }
        let all = sorted(created.into_iter().chain(new).collect());
        let bytes = serde_json::to_vec_pretty(&all).map_err(|error| Trouble::Refused(error.to_string()))?;
        if bytes.len() > CATEGORIES_BYTES_MAX {
            return Err(Trouble::TooLarge { file: CATEGORIES.into(), limit: CATEGORIES_BYTES_MAX });
        }
        held.put_if_changed(&held.root.make(OURS)?, CATEGORIES, &bytes)?;
        Ok(post.categories.clone())
    }

    /// Notes the article as unfinished and stores the record. `old` is the record that it replaces.
    pub(crate) fn store(held: &Held, record: &Record, old: Option<&Record>) -> Outcome<()> {
        let bytes = serde_json::to_vec_pretty(record)
            .map_err(|error| Trouble::Refused(format!("the article cannot be stored: {error}")))?;
        if bytes.len() > RECORD_BYTES_MAX {
            return Err(Trouble::TooLarge { file: record_name(&record.key), limit: RECORD_BYTES_MAX });
        }
        let dir = held.root.make(RECORDS)?;
        note(held, &record.key, old)?;
        match old {
            Some(_) => held.put(&dir, &record_name(&record.key), &bytes),
            None => held.put_new(&dir, &record_name(&record.key), &bytes),
        }
    }

    /// Notes the article as unfinished and takes its record away.
    pub(crate) fn erase(held: &Held, record: &Record) -> Outcome<()> {
        note(held, &record.key, Some(record))?;
        held.root.make(RECORDS)?.remove(&record_name(&record.key))
    }

    /// Articles whose pages may not follow their record yet.
    pub(crate) fn unfinished(root: &Dir) -> Outcome<Vec<Key>> {
        let Some(dir) = root.below(NOTES)? else { return Ok(Vec::new()) };
        Ok(dir.names()?.iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// Makes the pages follow the records of these articles.
    pub(crate) fn publish(&self, held: &Held, keys: &[Key]) -> Outcome<()> {
        let notes = held.root.make(NOTES)?;
        for key in keys {
            let record = match Self::stands(&held.root, key)? {
                Stands::Ours(record) if record.key == *key && record.public() => Some(record),
                Stands::Ours(_) | Stands::Foreign | Stands::Nothing => None,
            };
            self.put_page(held, key, record.as_deref())?;
            self.put_lines(held, key, record.as_deref(), &noted_months(&notes, key)?)?;
        }
        self.put_front(held)?;
        keys.iter().try_for_each(|key| notes.remove(key.as_str()))
    }

    /// Takes the article's page away, whatever its record says.
    pub(crate) fn conceal(&self, held: &Held, key: &Key) -> Outcome<()> {
        self.put_page(held, key, None)
    }

    fn put_page(&self, held: &Held, key: &Key, record: Option<&Record>) -> Outcome<()> {
        let dir = held.root.make(PAGES)?;
        match record {
            Some(record) => held.put_if_changed(&dir, &page_name(key), page::article(self, record)?.as_bytes()),
            None => dir.remove(&page_name(key)),
        }
    }

    /// Takes the article's line out of the months where it may stand and puts it where it belongs.
    fn put_lines(&self, held: &Held, key: &Key, record: Option<&Record>, noted: &[String]) -> Outcome<()> {
        let home = record.map(|record| month_of(record.published));
        let mut touched: Vec<&String> = noted.iter().chain(&home).collect();
        touched.sort_unstable();
        touched.dedup();
        let dir = held.root.make(MONTHS)?;
        for month in touched {
            let mut lines = Self::lines_of(held, &dir, month)?;
            lines.retain(|line| line.key != *key);
            if let Some(record) = record
                && home.as_ref() == Some(month)
            {
                lines.push(record.line());
            }
            lines.sort_by(|a, b| b.published.cmp(&a.published).then_with(|| a.key.cmp(&b.key)));
            self.put_month(held, &dir, month, &lines)?;
        }
        Ok(())
    }

    /// The lines of a month; a list that cannot be read is made again from all records.
    fn lines_of(held: &Held, dir: &Dir, month: &str) -> Outcome<Vec<Line>> {
        match read_month(dir, month) {
            Err(Trouble::Damaged { .. }) => {}
            known => return known,
        }
        let records = Self::records(&held.root, "", usize::MAX)?;
        let of_month = records.iter().filter(|record| record.public() && month_of(record.published) == month);
        Ok(of_month.map(Record::line).collect())
    }

    /// The lines of a month and its pages. The last page of the list is the
    /// oldest and keeps its name, so a new article changes one page only.
    fn put_month(&self, held: &Held, dir: &Dir, month: &str, lines: &[Line]) -> Outcome<()> {
        let pages = held.root.make(MONTH_PAGES)?;
        let parts = page::month(self, month, lines)?;
        for (name, html) in &parts {
            held.put_if_changed(&pages, name, html.as_bytes())?;
        }
        let mut beyond = parts.len();
        while pages.has(&page::month_page_name(month, beyond))? {
            pages.remove(&page::month_page_name(month, beyond))?;
            beyond += 1;
        }
        if lines.is_empty() {
            return dir.remove(&format!("{month}.json"));
        }
        let bytes = serde_json::to_vec(lines).map_err(|error| Trouble::Refused(error.to_string()))?;
        held.put_if_changed(dir, &format!("{month}.json"), &bytes)
    }

    fn put_front(&self, held: &Held) -> Outcome<()> {
        let lines = Self::newest(&held.root, LIST_MAX)?;
        let months = months(&held.root.make(MONTHS)?)?;
        let root = &held.root;
        held.put_if_changed(root, "style.css", page::STYLE.as_bytes())?;
        held.put_if_changed(root, "index.html", page::front(self, &lines, &months)?.as_bytes())?;
        let newest = lines.get(..FEED_MAX).unwrap_or(&lines);
        held.put_if_changed(root, "feed.xml", page::feed(self, newest)?.as_bytes())
    }

    /// Puts a file under `media/`, or finds the same bytes there.
    pub(crate) fn put_media(&self, held: &Held, name: &str, bytes: &[u8]) -> Outcome<RemoteMedia> {
        let dir = held.root.make(MEDIA)?;
        held.put_if_changed(&dir, name, bytes)?;
        let place = format!("{MEDIA}/{name}");
        Ok(RemoteMedia { url: self.address(&place), id: RemoteId(place), expires: None })
    }
}

/// A folder without our corner must not hold anything under our names.
fn refuse_occupied(root: &Dir) -> Outcome<()> {
    if root.occupied(OURS)? {
        return Ok(());
    }
    for name in PUBLIC_NAMES {
        if root.occupied(name)? {
            return Err(Trouble::Occupied { file: name.to_owned() });
        }
    }
    Ok(())
}

/// Categories that posts brought into being.
fn created_categories(root: &Dir) -> Outcome<Vec<String>> {
    let Some(dir) = root.below(OURS)? else { return Ok(Vec::new()) };
    let Some(bytes) = dir.read(CATEGORIES, CATEGORIES_BYTES_MAX)? else { return Ok(Vec::new()) };
    serde_json::from_slice(&bytes).map_err(|_| Trouble::Damaged { file: CATEGORIES.into() })
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort_unstable();
    names.dedup();
    names
}

fn missing(path: &Path) -> Trouble {
    Trouble::os("look at the folder above", path.display().to_string())(rustix::io::Errno::NOENT)
}

/// Durable before the record changes: the key, and the month whose list held the article until now.
fn note(held: &Held, key: &Key, old: Option<&Record>) -> Outcome<()> {
    let dir = held.root.make(NOTES)?;
    let mut months = noted_months(&dir, key)?;
    months.extend(old.map(|old| month_of(old.published)));
    months.sort_unstable();
    months.dedup();
    held.put_if_changed(&dir, key.as_str(), months.join("\n").as_bytes())
}

fn noted_months(notes: &Dir, key: &Key) -> Outcome<Vec<String>> {
    let bytes = notes.read(key.as_str(), NOTE_BYTES_MAX)?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&bytes).lines().filter(|line| is_month(line)).map(str::to_owned).collect())
}

fn months(dir: &Dir) -> Outcome<Vec<String>> {
    let names = dir.names()?;
    Ok(names.iter().filter_map(|name| name.strip_suffix(".json")).filter(|m| is_month(m)).map(str::to_owned).collect())
}

fn read_month(dir: &Dir, month: &str) -> Outcome<Vec<Line>> {
    let name = format!("{month}.json");
    let Some(bytes) = dir.read(&name, MONTH_BYTES_MAX)? else { return Ok(Vec::new()) };
    serde_json::from_slice(&bytes).map_err(|_| Trouble::Damaged { file: name })
}

fn read_page(root: &Dir, key: &Key) -> Outcome<Option<String>> {
    let Some(dir) = root.below(PAGES)? else { return Ok(None) };
    let bytes = dir.read(&page_name(key), PAGE_BYTES_MAX)?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

fn record_name(key: &Key) -> String {
    format!("{key}.json")
}

fn page_name(key: &Key) -> String {
    format!("{key}.html")
}

/// Vietnam's time of day.
pub(crate) fn local(at: Timestamp) -> DateTime {
    VIETNAM.to_datetime(at)
}

/// `2026-11`. Years outside 0000–9999 keep their sign and sort first.
fn month_of(at: Timestamp) -> String {
    let local = local(at);
    format!("{:04}-{:02}", local.year().max(0), local.month())
}

fn is_month(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 7
        && bytes.iter().enumerate().all(|(at, byte)| if at == 4 { *byte == b'-' } else { byte.is_ascii_digit() })
}

/// At most `most` characters, at a word's end where there is one.
fn shorten(text: &str, most: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(most) else { return text.to_owned() };
    let cut = &text[..end];
    format!("{}…", cut.rfind(' ').map_or(cut, |space| &cut[..space]))
}
