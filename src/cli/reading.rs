//! What `dongbo read --json` prints: the shapes, and the table of their fields
//! that `dongbo read --help` shows. `tests/cli/read.rs` holds one to the other.

use serde::Serialize;

use super::hold::Told;
use crate::article;
use crate::firewall::{self, Examined, Policy};
use crate::message::Message;
use crate::source::{Quarantined, ReadError, Warning};

/// The table of fields.
pub(super) const FIELDS: &str = "With --json, for programs (times in ms since 1970; fields are only ever added):
  complete                  boolean      read to its proper end
  error                     object|null  nothing could be read; the lists are empty then
  error.kind                string       a stable word, such as html-instead or status
  error.message             string       what happened, in English, for a log
  error.todo                string       what to do, in the language of messages
  error.what                string       what happened, in the language of messages
  items                     list         articles, in the order of the feed
  items[].body              string       cleaned HTML
  items[].body_bytes        number       bytes of body
  items[].byline            string|null  the author
  items[].categories        list         of strings, without repetition
  items[].credit            string|null  whom it names as its origin
  items[].credit_host       string|null  the host of that
  items[].held              list         why the content firewall would hold it
  items[].held[].detail     string       what was found
  items[].held[].kind       string       words, hidden, or hosts that are not known yet
  items[].image             string|null  address of the picture that stands for it
  items[].language          string|null  of the text (RFC 5646)
  items[].names             list         by which it is known, the most trusted first
  items[].names[].kind      string       guid, url or hash
  items[].names[].value     string
  items[].number            string|null  of a document (số, ký hiệu)
  items[].precision         string       of published_at: second, minute, day or guessed
  items[].published_at      number       ms; the time of reading where guessed
  items[].summary           string       plain text, may be empty
  items[].title             string       plain text on one line, never empty
  items[].updated_at        number|null  ms; when the source says it touched it last
  items[].url               string       canonical address; the feed's page where there is none
  quarantined               list         items that cannot become articles
  quarantined[].identity    string|null  its name, if it got that far
  quarantined[].reason      string       in English
  quarantined[].sample      string       how it begins, at most 400 characters
  title                     string|null  the feed's own name
  warning_kinds             list         a stable word for each of warnings, such as no-date
  warnings                  list         of strings, in the language of messages; at most 100

Example:
  {\"title\": \"Tin tức\", \"items\": [{\"title\": \"Chỉ thị số 5\", \"url\": \"https://portal.example.vn/5\", …}],
   \"quarantined\": [], \"warnings\": [], \"warning_kinds\": [], \"complete\": true, \"error\": null}

Ends with 0 where everything was read, 4 where something was not or nothing could be.";

#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Reading {
    pub title: Option<String>,
    pub items: Vec<Item>,
    pub quarantined: Vec<Bad>,
    pub warnings: Vec<String>,
    pub warning_kinds: Vec<&'static str>,
    pub complete: bool,
    pub error: Option<Trouble>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Item {
    pub title: String,
    pub url: String,
    pub published_at: i64,
    pub categories: Vec<String>,
    pub image: Option<String>,
    pub body_bytes: usize,
    pub names: Vec<Name>,
    pub precision: article::Precision,
    pub updated_at: Option<i64>,
    pub summary: String,
    pub byline: Option<String>,
    pub body: String,
    pub number: Option<String>,
    pub credit: Option<String>,
    pub credit_host: Option<String>,
    pub language: Option<String>,
    pub held: Vec<Told>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Name {
    pub kind: &'static str,
    pub value: String,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Bad {
    pub reason: String,
    pub sample: String,
    pub identity: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Trouble {
    pub kind: &'static str,
    pub message: String,
    pub what: String,
    pub todo: String,
}

impl Trouble {
    pub(super) fn new(error: &ReadError, told: Message) -> Self {
        Self { kind: error.kind().name(), message: error.to_string(), what: told.what, todo: told.todo }
    }
}

impl Item {
    /// `policy`: what is usual for the source.
    pub(super) fn new(item: article::Item, policy: &Policy) -> Self {
        let Examined { foreign, reasons } = firewall::examine(&item, policy);
        let reasons = reasons.into_iter().chain(firewall::new_hosts(foreign));
        let held = reasons.map(|reason| Told::from(&reason)).collect();
        let content = item.content;
        let names = item.names.into_iter().map(|name| Name { kind: name.kind.name(), value: name.value });
        Self {
            title: content.title,
            url: content.url,
            published_at: content.published.as_millisecond(),
            categories: item.categories,
            image: content.image,
            body_bytes: content.body.len(),
            names: names.collect(),
            precision: content.precision,
            updated_at: item.updated.map(|at| at.as_millisecond()),
            summary: content.summary,
            byline: content.byline,
            body: content.body,
            number: content.number,
            credit: content.provenance.credit,
            credit_host: content.provenance.host,
            language: content.provenance.language,
            held,
        }
    }
}

impl From<Quarantined> for Bad {
    fn from(bad: Quarantined) -> Self {
        Self { reason: bad.reason, sample: bad.sample, identity: bad.identity.map(|name| name.value) }
    }
}

/// A stable word for a warning.
pub(super) fn kind(warning: &Warning) -> &'static str {
    match warning {
        Warning::DamagedText { .. } => "damaged-text",
        Warning::NoDate { .. } => "no-date",
        Warning::FutureDate { .. } => "future-date",
        Warning::SharedGuid { .. } => "shared-guid",
        Warning::WeakGuids { .. } => "weak-guids",
        Warning::TitleCut { .. } => "title-cut",
        Warning::LegacyText { .. } => "legacy-text",
        Warning::TooManyItems => "too-many-items",
        Warning::TooDamaged => "too-damaged",
        Warning::OutOfTime => "out-of-time",
        Warning::NotOnPage { .. } => "not-on-page",
    }
}
