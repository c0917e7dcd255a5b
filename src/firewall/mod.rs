//! The content firewall: what looks as if the portal's editors had not written
//! it is held until a person has seen it. Pure.
//!
//! A hacked portal is found by its texts: links to hosts that it never linked
//! to, the vocabulary of gambling and spam, texts that readers cannot see, and
//! many articles at once. Each is a [`Reason`]. A verdict belongs to one
//! revision of one article, and is made once, when the revision is first seen.
//!
//! Wanted: nothing leaves that has an open reason; a person's word is about
//! the very text that they saw. Accepted: an honest article waits now and
//! then. A clever forger who writes sober text without a link passes.

mod hosts;
mod vocabulary;
mod words;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::article::Item;
use crate::plan::same_name;
use crate::source::text;

pub use hosts::bare;
pub use words::{is_known as is_word, nearest as nearest_word};

/// Hosts of one article that are looked at; one with more is held for that.
pub const HOSTS_MAX: usize = 64;
/// Names and words that a reason lists.
pub const LISTED_MAX: usize = 12;

/// What is usual for a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The host of the source's address: it and hosts below it are its own.
    pub own: String,
    /// Hosts that may be linked, with all hosts below them.
    pub hosts: Vec<String>,
    /// Words of the vocabulary that mean nothing here.
    pub words: Vec<String>,
    /// Texts that readers do not see are usual here.
    pub hidden: bool,
    /// More new and corrected articles than this within an hour are held.
    pub burst: u32,
    /// Categories whose articles must not wait unnoticed.
    pub urgent: Vec<String>,
}

/// New and corrected articles of one source within an hour.
pub const BURST: u32 = 50;

impl Default for Policy {
    fn default() -> Self {
        Self {
            own: String::new(),
            hosts: Vec::new(),
            words: Vec::new(),
            hidden: false,
            burst: BURST,
            urgent: Vec::new(),
        }
    }
}

impl Policy {
    #[must_use]
    pub fn is_urgent(&self, item: &Item) -> bool {
        item.categories.iter().any(|name| self.urgent.iter().any(|urgent| same_name(name, urgent)))
    }
}

/// Why a revision is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Links or pictures on hosts that this source never named before.
    Hosts(Vec<String>),
    /// Vocabulary of gambling and spam.
    Words(Vec<String>),
    /// The beginning of a text that the original hides from readers.
    Hidden(String),
    /// One of more new and corrected articles within an hour than this.
    Burst(u32),
}

impl Reason {
    /// The word for programs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Hosts(_) => "hosts",
            Self::Words(_) => "words",
            Self::Hidden(_) => "hidden",
            Self::Burst(_) => "burst",
        }
    }
}

impl fmt::Display for Reason {
    /// For the log of events.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hosts(hosts) => write!(f, "new hosts: {}", hosts.join(", ")),
            Self::Words(words) => write!(f, "words: {}", words.join(", ")),
            Self::Hidden(text) => write!(f, "hidden: {text}"),
            Self::Burst(limit) => write!(f, "more than {limit} within an hour"),
        }
    }
}

/// What a revision says by itself, before the ledger is asked what is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// Hosts that are neither the source's own nor allowed, each once.
    pub foreign: Vec<String>,
    /// Reasons that hold whatever the ledger knows.
    pub reasons: Vec<Reason>,
}

/// Reads what an item says against what is usual for its source.
#[must_use]
pub fn examine(item: &Item, policy: &Policy) -> Examined {
    let content = &item.content;
    let mut foreign = hosts::of(content);
    foreign.retain(|host| !policy.knows(host));
    let mut reasons = Vec::new();
    let words = words::found(&content.title, &prose(item), !foreign.is_empty(), &policy.words);
    if !words.is_empty() {
        reasons.push(Reason::Words(words));
    }
    if !item.hidden.is_empty() && !policy.hidden {
        reasons.push(Reason::Hidden(item.hidden.clone()));
    }
    Examined { foreign, reasons }
}

/// Everything that readers and search engines see beside the title.
fn prose(item: &Item) -> String {
    let content = &item.content;
    let [byline, number] = [&content.byline, &content.number].map(|line| line.as_deref().unwrap_or_default());
    let mut lines = vec![content.summary.clone(), text::plain(&content.body), byline.into(), number.into()];
    lines.extend(["alt", "title"].iter().flat_map(|name| attributes(&content.body, name)));
    lines.extend(item.categories.iter().cloned());
    lines.join("\n")
}

/// Values of an attribute. The sanitiser writes attributes in one form only.
fn attributes(cleaned: &str, name: &str) -> Vec<String> {
    let begins = format!(" {name}=\"");
    let tags = cleaned.split('<').skip(1).filter_map(|rest| rest.split('>').next());
    let values = tags.filter_map(|tag| tag.split_once(&begins)?.1.split('"').next());
    values.map(text::decode_entities).collect()
}

/// The reason for hosts that the ledger does not know.
#[must_use]
pub fn new_hosts(mut hosts: Vec<String>) -> Option<Reason> {
    hosts.truncate(LISTED_MAX);
    (!hosts.is_empty()).then_some(Reason::Hosts(hosts))
}

#[cfg(test)]
mod tests;
