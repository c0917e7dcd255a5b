//! APIs that are asked for what was touched since a moment, the oldest touch
//! first. Pure: the caller asks, and goes on as long as [`Rise`] says.
//!
//! Wanted: nothing is missed and nothing is counted. Every question begins at
//! the newest moment of the answer before it, so an article that goes away
//! meanwhile shifts nothing, and one that is touched again comes later. What
//! was touched at the very same second is told apart by its id. Where a
//! reading ends early, the next one goes on from what is committed.
//!
//! Accepted: a source that sets a clock back by more than [`OVERLAP`].

pub mod drupal;
pub mod liferay;
pub mod wordpress;

use dongbo_sdk::SecretRef;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::charset;
use super::error::{ReadError, begins};
use super::feed::{Document, Quarantined, Warning};
use super::item::{self, Context};
use super::json;
use super::raw::RawItem;
use crate::article::Item;

/// Articles of one answer. Small, because an answer is held as values.
pub const ITEMS: usize = 20;
/// Answers of one reading; the next one goes on with the same rise.
pub const ANSWERS_MAX: u32 = 50;
/// Articles touched at one second that are told apart; a question names them.
pub const TIES_MAX: usize = 400;
/// How long after its time a touch may come to light: clocks differ, and a
/// server may still be writing what it has dated.
pub const OVERLAP: SignedDuration = SignedDuration::from_mins(10);

/// `[source.read.wordpress]`, `[source.read.drupal]`, `[source.read.liferay]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Api {
    WordPress(wordpress::Config),
    Drupal(drupal::Config),
    Liferay(liferay::Config),
}

/// What a moment is: a scheduled article is published long after it was touched last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum By {
    Touch,
    Publication,
}

/// What a source is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    pub by: By,
    /// From this moment on, itself included.
    pub from: Timestamp,
    /// Ids at that moment that are known already.
    pub known: Vec<String>,
}

/// An article with what orders it.
#[derive(Debug)]
pub struct Touched {
    pub id: String,
    pub at: Timestamp,
    pub raw: RawItem,
}

/// An answer, read.
#[derive(Debug)]
pub struct Answer {
    pub items: Vec<Result<Item, Quarantined>>,
    pub warnings: Vec<Warning>,
    moments: Vec<(Timestamp, String)>,
    more: bool,
}

/// What the modules of the platforms read.
struct Read {
    touched: Vec<Result<Touched, String>>,
    /// Moments and ids of what is no article for us: a rise goes on behind it.
    passed: Vec<(Timestamp, String)>,
    /// Articles may follow.
    more: bool,
}

impl Answer {
    /// The newest moment.
    #[must_use]
    pub fn newest(&self) -> Option<Timestamp> {
        self.moments.iter().map(|(at, _)| *at).max()
    }

    /// The newest moment that has come. An article that is dated ahead must
    /// not hide what the source dates right.
    #[must_use]
    pub fn newest_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.moments.iter().map(|(at, _)| *at).filter(|at| *at <= now).max()
    }

    /// Articles may follow.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.more
    }
}

impl Api {
    /// What the source must be asked by.
    #[must_use]
    pub fn orders(&self) -> &'static [By] {
        match self {
            Self::WordPress(_) | Self::Liferay(_) => &[By::Touch, By::Publication],
            // Drupal's `changed` moves when an article is published.
            Self::Drupal(_) => &[By::Touch],
        }
    }

    /// The place of the secret, where the source has one.
    #[must_use]
    pub fn authorization(&self) -> Option<&SecretRef> {
        match self {
            Self::WordPress(config) => config.authorization.as_ref(),
            Self::Drupal(config) => config.authorization.as_ref(),
            Self::Liferay(config) => config.authorization.as_ref(),
        }
    }

    /// The address of a question to the source at `url`.
    #[must_use]
    pub fn address(&self, url: &Url, question: &Question) -> Url {
        match self {
            Self::WordPress(_) => wordpress::address(url, question),
            Self::Drupal(config) => config.address(url, question),
            Self::Liferay(_) => liferay::address(url, question),
        }
    }

    /// The address of the newest articles, for a look.
    #[must_use]
    pub fn latest(&self, url: &Url) -> Url {
        match self {
            Self::WordPress(_) => wordpress::latest(url),
            Self::Drupal(config) => config.latest(url),
            Self::Liferay(_) => liferay::latest(url),
        }
    }

    /// Reads an answer to a question.
    ///
    /// # Errors
    /// Where it cannot be read as a whole, or answers another question; single
    /// bad articles are in it.
    pub fn answer(&self, question: &Question, url: &Url, document: &Document<'_>) -> Result<Answer, ReadError> {
        let answer = self.read(question.by, url, document)?;
        if answer.moments.iter().any(|(at, _)| *at < question.from) {
            return Err(ReadError::NothingMatched { field: "since", path: self.since().to_owned() });
        }
        if answer.more && answer.moments.is_empty() {
            // What follows could not be asked for.
            return Err(ReadError::NothingMatched { field: "moment", path: self.moments().to_owned() });
        }
        Ok(answer)
    }

    /// The parameter that says since when. Versions that are too old ignore it.
    fn since(&self) -> &'static str {
        match self {
            Self::WordPress(_) => "modified_after (WordPress 5.7)",
            Self::Drupal(_) => "filter[since]",
            Self::Liferay(_) => "filter",
        }
    }

    /// Where an article says when it was touched.
    fn moments(&self) -> &'static str {
        match self {
            Self::WordPress(_) => "modified_gmt",
            Self::Drupal(_) => "changed",
            Self::Liferay(_) => "dateModified",
        }
    }

    /// Reads articles in whatever order.
    ///
    /// # Errors
    /// Where the answer cannot be read as a whole; single bad articles are in it.
    pub fn read(&self, by: By, url: &Url, document: &Document<'_>) -> Result<Answer, ReadError> {
        let value = parse(document)?;
        let read = match self {
            Self::WordPress(_) => wordpress::read(&value, by),
            Self::Drupal(config) => config.read(&value),
            Self::Liferay(config) => config.read(&value, by, url),
        };
        let Read { touched, passed, more } = read.ok_or_else(|| {
            let head = String::from_utf8_lossy(&document.body[..document.body.len().min(200)]).into_owned();
            ReadError::JsonInstead { begins: begins(&head) }
        })?;
        let mut context = Context::new(document.url.clone(), document.now);
        let mut answer = Answer { items: Vec::new(), warnings: Vec::new(), moments: passed, more };
        for touched in touched {
            match touched {
                Ok(Touched { id, at, raw }) => {
                    answer.moments.push((at, id));
                    answer.items.push(item::shape(&raw, &mut context).map_err(|bad| Quarantined {
                        reason: bad.reason,
                        sample: item::sample(&raw),
                        identity: bad.identity,
                    }));
                }
                Err(reason) => answer.items.push(Err(Quarantined { sample: reason.clone(), reason, identity: None })),
            }
        }
        answer.warnings = context.warnings;
        Ok(answer)
    }
}

fn parse(document: &Document<'_>) -> Result<Value, ReadError> {
    if document.body.len() > json::JSON_BYTES_MAX {
        return Err(ReadError::TooLarge { what: "bytes of JSON", limit: json::JSON_BYTES_MAX as u64 });
    }
    let decoded = charset::decode(document.body, document.content_type);
    let text = decoded.text.trim_start_matches('\u{FEFF}').trim();
    match text.chars().next() {
        None => Err(ReadError::Empty),
        Some('<') => Err(ReadError::HtmlInstead { begins: begins(text) }),
        Some(_) => json::parse_text(text),
    }
}

/// A part of an answer in its Rust form; what is wrong with it for the quarantine.
fn typed<T: for<'de> Deserialize<'de>>(value: &Value) -> Result<T, String> {
    T::deserialize(value).map_err(|error| {
        let id = value.get("id").map(json::scalar).unwrap_or_default();
        format!("article {id} is not as the API describes it: {error}")
    })
}

fn moment(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| format!("\u{201c}{text}\u{201d} is no moment (RFC 3339)"))
}

/// One rise from a moment to now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rise {
    question: Question,
    answers: u32,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Ask the next question.
    Ask,
    /// Enough for one reading: the next one goes on with this rise.
    Pause,
    /// Everything up to now was told.
    Done,
    /// More than [`TIES_MAX`] articles have one moment, so some may have been
    /// missed. The rise goes on behind them.
    Gap,
}

/// A rise goes on where it was left.
impl From<Question> for Rise {
    fn from(question: Question) -> Self {
        Self { question, answers: 0 }
    }
}

impl Rise {
    /// From a little before the newest moment that is known.
    #[must_use]
    pub fn new(by: By, newest: Timestamp) -> Self {
        let from = newest.saturating_sub(OVERLAP).unwrap_or(newest);
        // Whole seconds: that is how platforms compare.
        let from = Timestamp::from_second(from.as_second()).unwrap_or(from);
        Self { question: Question { by, from, known: Vec::new() }, answers: 0 }
    }

    #[must_use]
    pub fn question(&self) -> &Question {
        &self.question
    }

    fn behind(&mut self, moment: Timestamp) -> Next {
        self.question.from = moment.saturating_add(SignedDuration::from_secs(1)).unwrap_or(moment);
        self.question.known.clear();
        Next::Gap
    }

    /// Takes an answer in.
    #[must_use]
    pub fn next(&mut self, answer: &Answer) -> Next {
        self.answers += 1;
        let Some(newest) = answer.newest().filter(|_| answer.more) else {
            return Next::Done;
        };
        let at_newest = || answer.moments.iter().filter(|(at, _)| *at == newest).map(|(_, id)| id.clone());
        if newest > self.question.from {
            self.question.from = newest;
            self.question.known = at_newest().collect();
        } else {
            let before = self.question.known.len();
            let unknown: Vec<String> = at_newest().filter(|id| !self.question.known.contains(id)).collect();
            self.question.known.extend(unknown);
            if self.question.known.len() == before {
                // A server that repeats itself would be asked for ever.
                return self.behind(newest);
            }
        }
        if self.question.known.len() > TIES_MAX {
            return self.behind(newest);
        }
        if self.answers < ANSWERS_MAX {
            return Next::Ask;
        }
        self.answers = 0;
        Next::Pause
    }
}

#[cfg(test)]
mod tests;
