//! A feed's text becomes articles, one by one, whatever its format.
//!
//! [`FeedReader::read`] looks at the beginning and says what the document is;
//! the [`Reading`] it returns is an iterator, so that the caller commits in
//! pieces. One bad item is [`Quarantined`] and never stops the others.
//! Synchronous and bound by the processor: run it off the async threads.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use quick_xml::events::Event;
use url::Url;

use super::error::{ReadError, begins};

use super::format::{self, Format, Opened};
use super::item::{self, Context};
use super::raw::{CHILDREN_MAX, RawItem};
use super::wishes::Said;
use super::xml::{self, Damage, Dialect, Scan};
use super::{charset, date, identity, text};
use crate::article::{Item, Name, Precision};

/// Items of one feed.
pub const ITEMS_MAX: usize = 5_000;
/// Time spent on one feed, the caller's own not counted.
pub const TIME_MAX: Duration = Duration::from_secs(20);
/// Quarantined items that are reported one by one.
pub const QUARANTINED_MAX: usize = 500;
/// Warnings that are kept.
pub const WARNINGS_MAX: usize = 100;
/// Characters of a bad item that are shown.
pub const SAMPLE_CHARS: usize = 400;
/// Percent of a feed's guids that may be empty or another article's. Above,
/// the others are no better: a new article with an old one's guid would take
/// its place.
pub const BAD_GUIDS_MAX: usize = 5;
/// How much junk may stand before the root: a byte-order mark, blank lines, a PHP notice.
const JUNK_BYTES_MAX: usize = 64 * 1024;

/// A body with what was said about it.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    pub body: &'a [u8],
    /// The HTTP header.
    pub content_type: Option<&'a str>,
    /// Where it was read in the end.
    pub url: &'a Url,
    pub now: Timestamp,
}

/// Items of a feed that became articles when it was read before, by what stood
/// there. They are not looked at again while nothing about them changes: cost
/// follows what is new.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    around: String,
    items: HashSet<u64>,
}

/// Reads feeds and counts how often it had to.
#[derive(Debug)]
pub struct FeedReader {
    parses: AtomicU64,
    time_max: Duration,
}

impl Default for FeedReader {
    fn default() -> Self {
        Self::with_time(TIME_MAX)
    }
}

impl FeedReader {
    /// A reader that spends at most `time_max` on one feed.
    #[must_use]
    pub fn with_time(time_max: Duration) -> Self {
        Self { parses: AtomicU64::new(0), time_max }
    }

    /// How many documents were parsed.
    #[must_use]
    pub fn parses(&self) -> u64 {
        self.parses.load(Ordering::Relaxed)
    }

    /// Says what the document is and stands before its first item.
    ///
    /// # Errors
    /// Where the document is no feed; damage further on is the reading's matter.
    pub fn read(&self, document: Document<'_>) -> Result<Reading, ReadError> {
        self.read_as(document, None)
    }

    /// As [`read`](Self::read), of a document whose format a person names.
    ///
    /// # Errors
    /// Where the document cannot be of that format.
    pub fn read_as(&self, document: Document<'_>, format: Option<Format>) -> Result<Reading, ReadError> {
        self.parses.fetch_add(1, Ordering::Relaxed);
        let started = Instant::now();
        let decoded = charset::decode(document.body, document.content_type);
        let (scan, ready) = match format::open(&decoded.text, format)? {
            Opened::Json(feed) => {
                let mut scan = Scan::new(Dialect::Rss, 0).whole();
                (scan.title, scan.site, scan.language) = (feed.title, feed.site, feed.language);
                (scan, Some(feed.items.into_iter()))
            }
            Opened::Xml(scan) => (scan, None),
        };
        let mut context = Context::new(document.url.clone(), document.now);
        let survey = match &ready {
            Some(items) => Survey::of(items.clone().map(Ok)),
            None => {
                let mut items = XmlItems { text: &decoded.text, scan: scan.clone().brief() };
                let survey = Survey::of(items.by_ref());
                context.hours_only =
                    survey.minutes_are_months && items.scan.generator.is_some_and(|made| is_nukeviet(&made));
                survey
            }
        };
        let mut warnings = Vec::new();
        if decoded.damaged {
            warnings.push(Warning::DamagedText { encoding: decoded.encoding });
        }
        Ok(Reading {
            text: decoded.text,
            scan,
            ready,
            survey,
            context,
            spent: started.elapsed(),
            time_max: self.time_max,
            summary: Summary { warnings, ..Summary::default() },
            first_damage: None,
            known: Known::default(),
            met: Known::default(),
        })
    }
}

/// A feed under way; yields what its items became.
#[derive(Debug)]
pub struct Reading {
    text: String,
    scan: Scan,
    /// Items of a format that is read at once.
    ready: Option<std::vec::IntoIter<RawItem>>,
    survey: Survey,
    context: Context,
    spent: Duration,
    time_max: Duration,
    summary: Summary,
    first_damage: Option<Damage>,
    /// Passed over.
    known: Known,
    /// What may be passed over the next time.
    met: Known,
}

/// What a whole reading came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// The feed's own name, plain text.
    pub title: Option<String>,
    pub items: usize,
    /// Of the items, those that were known and passed over.
    pub passed_over: usize,
    pub quarantined: usize,
    /// The document was read to its proper end. Where it was not, the
    /// validators must not be saved, so that the next poll reads it again.
    pub complete: bool,
    pub warnings: Vec<Warning>,
    /// Articles that the feed says were deleted. A hint: only their own pages tell.
    pub tombstones: Vec<Name>,
    /// What the feed says of its own rhythm; `None`: no feed was read.
    pub said: Option<Said>,
    /// For the next reading, once everything of this one is committed.
    pub known: Known,
}

/// What an operator may want to know although everything was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// Bytes that are no text in the feed's encoding.
    DamagedText {
        encoding: &'static str,
    },
    /// The article's date could not be read; the time of reading stands in.
    NoDate {
        title: String,
    },
    /// The article's date lay more than a day ahead; the time of reading stands in.
    FutureDate {
        title: String,
    },
    /// Different articles share this guid, so it names none of them.
    SharedGuid {
        guid: String,
    },
    /// So many of the feed's guids are empty or shared that links name its articles.
    WeakGuids {
        bad: usize,
        items: usize,
    },
    TitleCut {
        title: String,
    },
    /// The article seems to be in a font's own encoding: readers see signs.
    LegacyText {
        title: String,
        encoding: &'static str,
    },
    /// A selector of `[source.page]` found nothing on the article's own page.
    NotOnPage {
        field: &'static str,
        url: String,
    },
    /// Behind this the feed was not read: more than [`ITEMS_MAX`] items.
    TooManyItems,
    /// Behind this the feed was not read: [`TIME_MAX`] was over.
    OutOfTime,
    /// Behind this the feed was not read: more than [`DAMAGES_MAX`](xml::DAMAGES_MAX) damaged places.
    TooDamaged,
}

/// An item that could not become an article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    pub reason: String,
    /// The beginning of the item as written, at most [`SAMPLE_CHARS`].
    pub sample: String,
    /// The name by which it would be known, if it got that far.
    pub identity: Option<Name>,
}

impl Iterator for Reading {
    type Item = Result<Item, Quarantined>;

    fn next(&mut self) -> Option<Self::Item> {
        let started = Instant::now();
        let next = self.advance();
        self.spent += started.elapsed();
        next
    }
}

impl Reading {
    /// Passes over what is known, of the same feed.
    #[must_use]
    pub fn without(self, known: Known) -> Self {
        Self { known, ..self }
    }

    fn advance(&mut self) -> Option<Result<Item, Quarantined>> {
        while !self.exhausted() {
            let result = match self.next_raw()? {
                Ok(mut raw) => match self.survey.admit(&mut raw) {
                    Some(categories) => match self.shape(raw, categories) {
                        Some(shaped) => shaped,
                        None => continue,
                    },
                    None => continue,
                },
                Err(damage) => Err(self.damaged(damage)),
            };
            match &result {
                Ok(_) => self.summary.items += 1,
                Err(_) => self.summary.quarantined += 1,
            }
            if result.is_ok() || self.summary.quarantined <= QUARANTINED_MAX {
                return Some(result);
            }
        }
        None
    }

    fn next_raw(&mut self) -> Option<Result<RawItem, Damage>> {
        match &mut self.ready {
            Some(items) => items.next().map(Ok),
            None => self.scan.next(&self.text),
        }
    }

    /// What the reading came to; call it when the iterator has ended.
    ///
    /// # Errors
    /// Where damage left nothing that could be read.
    pub fn finish(self) -> Result<Summary, ReadError> {
        let Self { scan, summary, first_damage, context, text, survey, met, .. } = self;
        match first_damage {
            Some(damage) if summary.items + summary.quarantined <= 1 && summary.items == 0 && damage.item.is_none() => {
                Err(ReadError::Malformed { at: damage.at as u64, reason: damage.reason })
            }
            Some(_) | None if !scan.complete && !context.stopped && summary.items + summary.quarantined == 0 => {
                Err(ReadError::Malformed { at: text.len() as u64, reason: "the feed ends too early".to_owned() })
            }
            Some(_) | None => {
                let title = scan.title.as_deref().map(|title| item::one_line(title, item::TITLE_CHARS_MAX));
                let survey_is_weak = survey.guids_are_weak();
                let mut shared: Vec<String> = survey.shared_guids.into_iter().collect();
                shared.sort();
                let shared = shared.into_iter().map(|guid| Warning::SharedGuid { guid });
                let weak = Warning::WeakGuids { bad: survey.bad_guids, items: survey.items };
                let weak = survey_is_weak.then_some(weak);
                let damaged = scan.gave_up().then_some(Warning::TooDamaged);
                let warnings =
                    summary.warnings.into_iter().chain(damaged).chain(weak).chain(context.warnings).chain(shared);
                let warnings = warnings.take(WARNINGS_MAX).collect();
                let complete = scan.complete && !context.stopped;
                let tombstones = scan.tombstones.iter().flat_map(|id| identity::names(Some(id), None, None)).collect();
                let said = Some(scan.said);
                Ok(Summary { title, complete, warnings, tombstones, said, known: met, ..summary })
            }
        }
    }

    /// The limits of a whole feed; past them nothing more is read.
    fn exhausted(&mut self) -> bool {
        let over = if self.summary.items + self.summary.quarantined >= ITEMS_MAX {
            Warning::TooManyItems
        } else if self.spent > self.time_max {
            Warning::OutOfTime
        } else {
            return false;
        };
        if !self.context.stopped && self.next_raw().is_some() {
            self.context.stopped = true;
            self.summary.warnings.push(over);
        }
        true
    }

    /// `None`: it is known, and became an article before.
    fn shape(&mut self, raw: RawItem, categories: Vec<String>) -> Option<Result<Item, Quarantined>> {
        self.context.feed(&self.scan);
        let around = self.context.around();
        if self.met.around != around {
            self.met = Known { around, items: HashSet::new() };
        }
        let raw = RawItem { categories, ..raw };
        let digest = raw.digest();
        if self.known.around == self.met.around && self.known.items.contains(&digest) {
            self.met.items.insert(digest);
            self.summary.items += 1;
            self.summary.passed_over += 1;
            return None;
        }
        let shaped = item::shape(&raw, &mut self.context).map_err(|bad| Quarantined {
            reason: bad.reason,
            sample: item::sample(&raw),
            identity: bad.identity,
        });
        // A guessed date may be another one the next time.
        if shaped.as_ref().is_ok_and(|item| item.content.precision != Precision::Guessed) {
            self.met.items.insert(digest);
        }
        Some(shaped)
    }

    fn damaged(&mut self, damage: Damage) -> Quarantined {
        let identity = damage.item.as_deref().and_then(|raw| item::identity(raw, &self.context));
        let sample = text::fold(&self.text[damage.from..].chars().take(SAMPLE_CHARS).collect::<String>());
        let reason = format!("the feed is damaged at byte {}: {}", damage.at, damage.reason);
        self.first_damage.get_or_insert(damage);
        Quarantined { reason, sample, identity }
    }
}

/// What only the whole feed can tell: which names stand for several articles,
/// and which articles stand there several times.
#[derive(Debug, Default)]
struct Survey {
    shared_guids: HashSet<String>,
    shared_links: HashSet<String>,
    /// Categories of an article that stands there more than once; taken by its first copy.
    categories: HashMap<String, Vec<String>>,
    seen: HashSet<String>,
    /// In every date of the feed the minutes are the number of the month.
    minutes_are_months: bool,
    /// Items that a link could name.
    items: usize,
    /// Of them, those whose guid is empty or another article's.
    bad_guids: usize,
}

/// The items of an XML text, for the survey.
struct XmlItems<'a> {
    text: &'a str,
    scan: Scan,
}

impl Iterator for XmlItems<'_> {
    type Item = Result<RawItem, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        self.scan.next(self.text)
    }
}

impl Survey {
    fn of(read: impl Iterator<Item = Result<RawItem, Damage>>) -> Self {
        let mut survey = Self::default();
        let (mut guids, mut links) = (HashMap::new(), HashMap::new());
        let started = Instant::now();
        let (mut items, mut looked_at) = (Vec::new(), 0);
        let (mut dates, mut months) = (0, 0);
        for result in read {
            looked_at += 1;
            if looked_at > ITEMS_MAX || started.elapsed() > TIME_MAX {
                break;
            }
            let Ok(raw) = result else { continue };
            if let Some((month, minute)) = date::month_and_minute(&raw.published) {
                (dates, months) = (dates + 1, months + usize::from(month == minute));
            }
            let (guid, link, title) = (trimmed(&raw.guid), trimmed(&raw.link), trimmed(&raw.title));
            if shared(&mut guids, &guid, &link, &title) {
                survey.shared_guids.insert(guid.clone());
            }
            if shared(&mut links, &link, &guid, &title) {
                survey.shared_links.insert(link.clone());
            }
            items.push((guid, link, raw.categories));
        }
        survey.minutes_are_months = dates > 0 && months == dates;
        let linked = || items.iter().filter(|(_, link, _)| !link.is_empty());
        let bad = |guid: &str| guid.is_empty() || survey.shared_guids.contains(guid);
        survey.bad_guids = linked().filter(|(guid, ..)| bad(guid)).count();
        survey.items = linked().count();
        for (guid, link, categories) in items {
            if let Some(key) = survey.key(&guid, &link) {
                let known = survey.categories.entry(key).or_default();
                let room = CHILDREN_MAX.saturating_sub(known.len());
                known.extend(categories.into_iter().take(room));
            }
        }
        survey
    }

    /// Where no item has a guid the format knows none.
    fn guids_are_weak(&self) -> bool {
        self.bad_guids * 100 > self.items * BAD_GUIDS_MAX && self.bad_guids < self.items
    }

    /// By which name two items of this feed are the same article.
    fn key(&self, guid: &str, link: &str) -> Option<String> {
        if !guid.is_empty() && !self.shared_guids.contains(guid) {
            return Some(format!("guid {guid}"));
        }
        (!link.is_empty() && !self.shared_links.contains(link)).then(|| format!("link {link}"))
    }

    /// The categories of an item, or `None` where it was handed out before.
    fn admit(&mut self, raw: &mut RawItem) -> Option<Vec<String>> {
        let (guid, link) = (trimmed(&raw.guid), trimmed(&raw.link));
        let key = self.key(&guid, &link);
        if self.shared_guids.contains(&guid) {
            raw.guid.clear();
        }
        raw.guid_is_weak = self.guids_are_weak();
        raw.link_is_shared = self.shared_links.contains(&link);
        let Some(key) = key else { return Some(std::mem::take(&mut raw.categories)) };
        if !self.seen.insert(key.clone()) {
            return None;
        }
        Some(self.categories.remove(&key).unwrap_or_default())
    }
}

/// Notes a name; true where another article had it before.
fn shared(known: &mut HashMap<String, (String, String)>, name: &str, other: &str, title: &str) -> bool {
    if name.is_empty() {
        return false;
    }
    match known.get(name) {
        Some((before, titled)) => titled != title && (before != other || other.is_empty()),
        None => {
            known.insert(name.to_owned(), (other.to_owned(), title.to_owned()));
            false
        }
    }
}

/// NukeViet 4.3 to 4.5 writes `H:m:s`, where PHP's `m` is the month
/// (php.net/manual/en/datetime.format.php); 4.6 mended it.
fn is_nukeviet(generator: &str) -> bool {
    generator.to_ascii_lowercase().contains("nukeviet")
}

fn trimmed(text: &str) -> String {
    text.trim().to_owned()
}

/// Finds the root and refuses what is neither feed nor sitemap.
pub(super) fn root(text: &str) -> Result<Scan, ReadError> {
    let head = text.trim_start_matches('\u{FEFF}').trim_start();
    if head.is_empty() {
        return Err(ReadError::Empty);
    }
    if head.starts_with(['{', '[']) {
        return Err(ReadError::JsonInstead { begins: begins(head) });
    }
    let not_a_feed = || ReadError::NotAFeed { begins: begins(head) };
    let start = junk(text).ok_or_else(not_a_feed)?;
    let mut reader = xml::reader(text, start);
    loop {
        let at = start + usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let event =
            reader.read_event().map_err(|error| ReadError::Malformed { at: at as u64, reason: error.to_string() })?;
        match event {
            Event::DocType(doctype) if doctype.contains(&b'[') => return Err(ReadError::Doctype),
            Event::DocType(doctype) if is_html(&String::from_utf8_lossy(&doctype)) => {
                return Err(ReadError::HtmlInstead { begins: begins(head) });
            }
            Event::Start(tag) | Event::Empty(tag) => {
                if tag.len() > xml::TAG_BYTES_MAX {
                    return Err(ReadError::Malformed { at: at as u64, reason: "a tag is too long".to_owned() });
                }
                let name = String::from_utf8_lossy(tag.name().as_ref()).into_owned();
                return match name.rsplit(':').next().unwrap_or_default() {
                    "rss" | "channel" | "RDF" | "rdf" => Ok(Scan::new(Dialect::Rss, at)),
                    "feed" => Ok(Scan::new(Dialect::Atom, at)),
                    // RFC 4287 §2: an entry may be a document of its own.
                    "entry" => Ok(Scan::new(Dialect::Atom, at).whole()),
                    "urlset" => Ok(Scan::new(Dialect::Sitemap, at)),
                    "sitemapindex" => Ok(Scan::new(Dialect::SitemapIndex, at)),
                    other if is_html(other) => Err(ReadError::HtmlInstead { begins: begins(head) }),
                    _ => Err(not_a_feed()),
                };
            }
            Event::Eof => return Err(not_a_feed()),
            Event::DocType(_)
            | Event::End(_)
            | Event::Text(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::GeneralRef(_) => {}
        }
    }
}

/// How many bytes of a server's warnings, which may be HTML themselves, stand
/// before the XML declaration or the root of a feed, else before the first tag.
pub(super) fn junk(text: &str) -> Option<usize> {
    let window = &text[..xml::floor(text, JUNK_BYTES_MAX)];
    let lower = window.to_ascii_lowercase();
    ["<?xml", "<!doctype", "<rss", "<feed", "<rdf:rdf"]
        .iter()
        .filter_map(|root| lower.find(root))
        .min()
        .or_else(|| window.find('<'))
}

fn is_html(name: &str) -> bool {
    let name = name.trim_start().to_ascii_lowercase();
    ["html", "head", "body", "script", "div", "title", "meta", "!doctype html"]
        .iter()
        .any(|html| name.starts_with(html))
}
