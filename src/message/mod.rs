//! The one catalogue of messages that ask a person to act, in Vietnamese and
//! English. A message has three parts: what happened, where, what to do.
//!
//! The texts are constants in `text`; what differs from case to case is a
//! typed field of [`Problem`] and fills a place such as `{portal}`. Nothing is
//! decided here, nothing is read, and no secret can get in: the fields are ids,
//! addresses, paths and numbers.

pub mod of;
mod text;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use dongbo_sdk::{ErrorKind, SecretRef};
use serde::{Deserialize, Serialize};

/// Longest line of a message, its label included.
pub const LINE_CHARS_MAX: usize = 160;
/// A field is never cut below this; the texts leave room for it.
const FIELD_CHARS_MIN: usize = 16;

/// The language of messages for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Lang {
    /// Tiếng Việt
    Vi,
    /// English
    En,
}

impl Lang {
    pub const ALL: [Self; 2] = [Self::Vi, Self::En];

    /// The language that was asked for, else the locale's. As POSIX has it,
    /// the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is not empty decides.
    #[must_use]
    pub fn choose(asked: Option<Self>, variable: impl Fn(&str) -> Option<String>) -> Self {
        let locale =
            || ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(&variable).find(|value| !value.is_empty());
        asked.unwrap_or_else(|| locale().map_or(Self::En, |locale| Self::of_locale(&locale)))
    }

    fn of_locale(locale: &str) -> Self {
        let language = locale.split(['_', '.', '@']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("vi") { Self::Vi } else { Self::En }
    }
}

/// What a person is told. `Display` is three lines of at most [`LINE_CHARS_MAX`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    #[serde(skip)]
    pub lang: Lang,
    /// What happened, a sentence.
    pub what: String,
    /// Where: the portal, source or file.
    pub place: String,
    /// What to do, with the command where there is one.
    pub todo: String,
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels = text::LABELS.of(self.lang);
        write!(f, "{}\n{}{}\n{}{}", self.what, labels.place, self.place, labels.todo, self.todo)
    }
}

/// Everything that asks a person to act.
#[derive(Debug, Clone, PartialEq)]
pub enum Problem {
    /// A call on a portal failed.
    Portal {
        kind: ErrorKind,
        /// The portal's id.
        portal: String,
        /// Its public address.
        address: String,
        /// The title of the article, where the failure is one article's.
        article: Option<String>,
    },
    /// A source could not be read.
    Source {
        fault: SourceFault,
        /// The source's id.
        source: String,
        url: String,
    },
    Store {
        fault: StoreFault,
        path: PathBuf,
    },
    /// The details stand in `ConfigError`, one line each.
    ConfigInvalid {
        file: PathBuf,
        /// The first line with a fault.
        line: Option<usize>,
        faults: usize,
    },
    SecretMissing {
        portal: String,
        place: SecretRef,
    },
    /// A category of the source that the portal does not have.
    UnknownCategory {
        portal: String,
        category: String,
    },
    /// More new copies than `create_burst` allows.
    CreateBurstHeld {
        portal: String,
        waiting: u64,
        limit: u32,
    },
    /// The content firewall holds articles of a source.
    ArticlesHeld {
        source: String,
        waiting: u64,
        /// Of them, urgent ones.
        urgent: u64,
    },
    /// The address leads to a site that is not the one we know.
    OtherSite {
        portal: String,
        address: String,
        /// The name of the site that answers now.
        found: String,
    },
    /// A failure that repeating would make worse: nothing is sent until
    /// configuration or secret changes.
    PortalHeld {
        portal: String,
        kind: ErrorKind,
    },
    /// The portal's editors took the copy down.
    CopyRemoved {
        portal: String,
        article: String,
    },
    SeveralCopies {
        portal: String,
        article: String,
        /// Remote ids.
        copies: Vec<String>,
    },
    NothingSelected {
        selection: String,
    },
    DaemonNotRunning {
        state: PathBuf,
    },
    /// A portal's new address is not accepted while somebody works at the old one.
    DaemonRunning {
        portal: String,
        state: PathBuf,
    },
    /// Certificates of `[[host]]` cannot be used: the host is verified without them.
    HostAuthority {
        host: String,
        file: String,
        reason: String,
    },
}

/// Why a source gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceFault {
    /// DNS, connect or time-out.
    Unreachable,
    /// An HTTP status that is not success.
    Status(u16),
    /// Neither RSS nor Atom.
    NotAFeed,
    /// An HTML page, usually a login, where a feed was.
    Page,
    /// More decoded bytes than `limits.feed_size`.
    TooLarge {
        limit_bytes: u64,
    },
    /// Breaks off or is not well-formed.
    Malformed {
        line: Option<usize>,
    },
    Tls,
    /// Too many originals are gone at once: nothing is withdrawn.
    Braked,
    /// The value of its `Authorization` header cannot be read.
    Secret,
    /// What the configuration says of its answers matches nothing any more.
    Unmatched {
        /// The key below `[source.read.KIND]`.
        field: &'static str,
    },
    /// It redirects for good; `url` of the problem is the new address.
    Moved,
    /// A reading met nothing that was known: articles may have been missed.
    Gap {
        /// Since the reading before; `None`: not known.
        since: Option<Duration>,
    },
    /// It said "not modified" although it was.
    Distrusted,
    /// Reads well, but nothing new came for unusually long.
    Silent {
        since: Duration,
    },
}

/// Why the ledger cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StoreFault {
    Missing,
    ReadOnly,
    /// Another dongbo holds it.
    Locked {
        pid: Option<u32>,
    },
    /// Written by a newer version.
    Newer {
        found: u32,
        known: u32,
    },
    /// The SQLite library is too old to be safe.
    OldLibrary {
        needed: &'static str,
    },
    DiskFull,
    /// The disk answers with errors.
    DiskFails,
    Damaged,
}

impl Problem {
    /// The message in one language.
    #[must_use]
    pub fn message(&self, lang: Lang) -> Message {
        let text = text::text(self).of(lang);
        let labels = text::LABELS.of(lang);
        let fields = self.fields(lang);
        Message {
            lang,
            what: fill(text.what, 0, &fields),
            place: fill(text.place, labels.place.chars().count(), &fields),
            todo: fill(text.todo, labels.todo.chars().count(), &fields),
        }
    }

    /// The stable name for JSON and logs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Portal { kind, .. } => kind.name(),
            Self::Source { fault, .. } => fault.name(),
            Self::Store { fault, .. } => fault.name(),
            Self::ConfigInvalid { .. } => "config-invalid",
            Self::SecretMissing { .. } => "secret-missing",
            Self::UnknownCategory { .. } => "unknown-category",
            Self::CreateBurstHeld { .. } => "create-burst-held",
            Self::ArticlesHeld { urgent: 0, .. } => "articles-held",
            Self::ArticlesHeld { .. } => "urgent-articles-held",
            Self::OtherSite { .. } => "other-site",
            Self::PortalHeld { .. } => "portal-held",
            Self::CopyRemoved { .. } => "copy-removed",
            Self::SeveralCopies { .. } => "several-copies",
            Self::NothingSelected { .. } => "nothing-selected",
            Self::DaemonNotRunning { .. } => "daemon-not-running",
            Self::DaemonRunning { .. } => "daemon-running",
            Self::HostAuthority { .. } => "host-authority",
        }
    }

    fn fields(&self, lang: Lang) -> Vec<Field> {
        match self {
            Self::Portal { portal, address, article, .. } => {
                vec![id("portal", portal), cut("address", address), cut("article", article.as_deref().unwrap_or("—"))]
            }
            Self::Source { fault, source, url } => {
                let mut fields = vec![id("source", source), cut("url", url)];
                fields.extend(fault.field(lang));
                fields
            }
            Self::Store { fault, path } => {
                let mut fields = vec![cut("path", path.display())];
                fields.extend(fault.fields(lang));
                fields
            }
            Self::ConfigInvalid { file, line, faults } => {
                vec![cut("path", file.display()), id("line", known(*line, lang)), id("faults", faults)]
            }
            Self::SecretMissing { portal, place } => vec![id("portal", portal), cut("place", secret(place, lang))],
            Self::UnknownCategory { portal, category } => vec![id("portal", portal), cut("category", category)],
            Self::CreateBurstHeld { portal, waiting, limit } => {
                vec![id("portal", portal), id("waiting", waiting), id("limit", limit)]
            }
            Self::ArticlesHeld { source, waiting, urgent } => {
                vec![id("source", source), id("waiting", waiting), id("urgent", urgent)]
            }
            Self::OtherSite { portal, address, found } => {
                vec![id("portal", portal), cut("address", address), cut("found", found)]
            }
            Self::PortalHeld { portal, kind } => vec![id("portal", portal), id("kind", kind.name())],
            Self::CopyRemoved { portal, article } => vec![id("portal", portal), cut("article", article)],
            Self::SeveralCopies { portal, article, copies } => {
                vec![id("portal", portal), cut("article", article), cut("copies", copies.join(", "))]
            }
            Self::NothingSelected { selection } => vec![cut("selection", selection)],
            Self::DaemonNotRunning { state } => vec![cut("path", state.display())],
            Self::DaemonRunning { portal, state } => vec![id("portal", portal), cut("path", state.display())],
            Self::HostAuthority { host, file, reason } => {
                vec![cut("host", host), cut("path", file), cut("reason", reason)]
            }
        }
    }
}

impl SourceFault {
    fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "source-unreachable",
            Self::Status(_) => "source-status",
            Self::NotAFeed => "source-not-a-feed",
            Self::Page => "source-page",
            Self::TooLarge { .. } => "source-too-large",
            Self::Malformed { .. } => "source-malformed",
            Self::Tls => "source-tls",
            Self::Braked => "source-braked",
            Self::Secret => "source-secret",
            Self::Unmatched { .. } => "source-unmatched",
            Self::Moved => "source-moved",
            Self::Gap { .. } => "source-gap",
            Self::Distrusted => "source-distrusted",
            Self::Silent { .. } => "source-silent",
        }
    }

    fn field(self, lang: Lang) -> Option<Field> {
        match self {
            Self::Status(status) => Some(id("status", status)),
            Self::TooLarge { limit_bytes } => Some(id("limit", format_args!("{} MB", limit_bytes >> 20))),
            Self::Malformed { line } => Some(id("line", known(line, lang))),
            Self::Silent { since } => Some(id("since", span(since, lang))),
            Self::Unmatched { field } => Some(id("field", field)),
            Self::Gap { since } => Some(id("since", known(since.map(|since| span(since, lang)), lang))),
            Self::Unreachable
            | Self::NotAFeed
            | Self::Page
            | Self::Tls
            | Self::Secret
            | Self::Braked
            | Self::Moved
            | Self::Distrusted => None,
        }
    }
}

impl StoreFault {
    fn name(self) -> &'static str {
        match self {
            Self::Missing => "store-missing",
            Self::ReadOnly => "store-read-only",
            Self::Locked { .. } => "store-locked",
            Self::Newer { .. } => "store-newer",
            Self::OldLibrary { .. } => "store-old-library",
            Self::DiskFull => "store-disk-full",
            Self::DiskFails => "store-disk-fails",
            Self::Damaged => "store-damaged",
        }
    }

    fn fields(self, lang: Lang) -> Vec<Field> {
        match self {
            Self::Locked { pid } => vec![id("pid", known(pid, lang))],
            Self::Newer { found, known } => vec![id("found", found), id("known", known)],
            Self::OldLibrary { needed } => vec![id("needed", needed)],
            Self::Missing | Self::ReadOnly | Self::DiskFull | Self::DiskFails | Self::Damaged => Vec::new(),
        }
    }
}

/// What stands in a place of a text.
struct Field {
    name: &'static str,
    value: String,
    /// An id or a number is no use when it is cut.
    whole: bool,
}

fn id(name: &'static str, value: impl fmt::Display) -> Field {
    Field { name, value: one_line(&value.to_string()), whole: true }
}

fn cut(name: &'static str, value: impl fmt::Display) -> Field {
    Field { name, value: one_line(&value.to_string()), whole: false }
}

/// Fields come from configurations, feeds and portals: no line breaks, no
/// terminal control.
fn one_line(value: &str) -> String {
    value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Fills the places of a text; the longest fields are cut until the line fits.
fn fill(text: &str, label_chars: usize, fields: &[Field]) -> String {
    let longest = fields.iter().map(|field| field.value.chars().count()).max().unwrap_or(0).min(LINE_CHARS_MAX);
    let mut cap = longest.max(FIELD_CHARS_MIN);
    loop {
        let line = fill_capped(text, cap, fields);
        if label_chars + line.chars().count() <= LINE_CHARS_MAX || cap <= FIELD_CHARS_MIN {
            return line;
        }
        cap -= 1;
    }
}

/// One pass over the text, so that a field's value is never taken for a place.
fn fill_capped(text: &str, cap: usize, fields: &[Field]) -> String {
    let mut line = String::with_capacity(LINE_CHARS_MAX);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, behind) = after.split_once('}').unwrap_or((after, ""));
        line.push_str(before);
        if let Some(field) = fields.iter().find(|field| field.name == name) {
            line.push_str(&capped(field, cap));
        }
        rest = behind;
    }
    line + rest
}

fn capped(field: &Field, cap: usize) -> String {
    if field.whole || field.value.chars().count() <= cap {
        return field.value.clone();
    }
    field.value.chars().take(cap - 1).chain(['…']).collect()
}

fn secret(place: &SecretRef, lang: Lang) -> String {
    match (place, lang) {
        (SecretRef::Env(name), Lang::Vi) => format!("biến môi trường {name}"),
        (SecretRef::File(path), Lang::Vi) => format!("tệp {}", path.display()),
        (SecretRef::Credential(name), Lang::Vi) => format!("thông tin xác thực systemd {name}"),
        (place, Lang::En) => place.to_string(),
    }
}

/// A number, or that it is not known.
fn known(number: Option<impl fmt::Display>, lang: Lang) -> String {
    match (number, lang) {
        (Some(number), Lang::Vi | Lang::En) => number.to_string(),
        (None, Lang::Vi) => "không rõ".to_owned(),
        (None, Lang::En) => "unknown".to_owned(),
    }
}

/// A span of time, rounded down to its largest unit of which there are two.
pub(crate) fn span(time: Duration, lang: Lang) -> String {
    let seconds = time.as_secs();
    let (number, vi, en) = match seconds {
        0..120 => (seconds, "giây", "seconds"),
        120..7_200 => (seconds / 60, "phút", "minutes"),
        7_200..172_800 => (seconds / 3600, "giờ", "hours"),
        _ => (seconds / 86_400, "ngày", "days"),
    };
    match lang {
        Lang::Vi => format!("{number} {vi}"),
        Lang::En => format!("{number} {en}"),
    }
}

#[cfg(test)]
mod tests;
