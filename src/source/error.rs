//! Why a source could not be read, as one word that a message catalogue keys on.

use thiserror::Error;

/// Characters of a body that an error may quote.
pub const BEGINS_CHARS: usize = 120;

/// Why nothing could be read. Single bad items are not errors, see
/// [`Quarantined`](crate::source::Quarantined).
#[derive(Debug, Error)]
pub enum ReadError {
    /// Name look-up or connection failed.
    #[error("the source cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the connection is not secure")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Connect, read, total or minimum speed.
    #[error("the source took too long: {phase}")]
    TimedOut { phase: &'static str },
    /// Neither 2xx nor 304; redirects that could not be followed end here too.
    #[error("the source answered with status {0}")]
    Status(u16),
    /// 304 although no validators were sent: asking again would end the same way.
    #[error("the source says \"not modified\" although nothing was asked about")]
    NotModifiedLoop,
    #[error("the source redirects too often or in a circle")]
    RedirectLoop,
    /// The private-network guard: an address that content or a redirect named.
    #[error("the address {address} is not allowed: {reason}")]
    Refused { address: String, reason: &'static str },
    /// Wire bytes, decoded bytes or their ratio.
    #[error("the answer is larger than the limit: {what} {limit}")]
    TooLarge { what: &'static str, limit: u64 },
    #[error("the answer cannot be decoded: {0}")]
    Encoding(String),
    #[error("the connection broke in the middle of the answer")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the answer is empty")]
    Empty,
    /// A login page or a firewall's challenge, whatever its status.
    #[error("the source answered with a web page instead of a feed: {begins}")]
    HtmlInstead { begins: String },
    #[error("the source answered with JSON instead of a feed: {begins}")]
    JsonInstead { begins: String },
    #[error("this is not a feed: {begins}")]
    NotAFeed { begins: String },
    /// The XML breaks before any item could be read; `at` is a byte offset in the decoded text.
    #[error("the answer is damaged at byte {at}: {reason}")]
    Malformed { at: u64, reason: String },
    /// A DOCTYPE with an internal subset: entities of its own are never expanded.
    #[error("the feed declares entities of its own")]
    Doctype,
    #[error("this is not a picture that can be published: {0}")]
    NotAPicture(&'static str),
    /// The secret cannot be read, or cannot stand in a header.
    #[error("the source's secret cannot be used")]
    Secret(Option<dongbo_sdk::SecretError>),
    /// What the configuration says of the source's answers no longer holds.
    #[error("{path} matches nothing, where {field} was expected")]
    NothingMatched { field: &'static str, path: String },
}

/// [`ReadError`] without its data, for catalogues, metrics and tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReadErrorKind {
    Unreachable,
    Tls,
    TimedOut,
    Status,
    NotModifiedLoop,
    RedirectLoop,
    Refused,
    TooLarge,
    Encoding,
    Broken,
    Empty,
    HtmlInstead,
    JsonInstead,
    NotAFeed,
    Malformed,
    Doctype,
    NotAPicture,
    Secret,
    NothingMatched,
}

impl ReadError {
    #[must_use]
    pub fn kind(&self) -> ReadErrorKind {
        match self {
            Self::Unreachable(_) => ReadErrorKind::Unreachable,
            Self::Tls(_) => ReadErrorKind::Tls,
            Self::TimedOut { .. } => ReadErrorKind::TimedOut,
            Self::Status(_) => ReadErrorKind::Status,
            Self::NotModifiedLoop => ReadErrorKind::NotModifiedLoop,
            Self::RedirectLoop => ReadErrorKind::RedirectLoop,
            Self::Refused { .. } => ReadErrorKind::Refused,
            Self::TooLarge { .. } => ReadErrorKind::TooLarge,
            Self::Encoding(_) => ReadErrorKind::Encoding,
            Self::Broken(_) => ReadErrorKind::Broken,
            Self::Empty => ReadErrorKind::Empty,
            Self::HtmlInstead { .. } => ReadErrorKind::HtmlInstead,
            Self::JsonInstead { .. } => ReadErrorKind::JsonInstead,
            Self::NotAFeed { .. } => ReadErrorKind::NotAFeed,
            Self::Malformed { .. } => ReadErrorKind::Malformed,
            Self::Doctype => ReadErrorKind::Doctype,
            Self::NotAPicture(_) => ReadErrorKind::NotAPicture,
            Self::Secret(_) => ReadErrorKind::Secret,
            Self::NothingMatched { .. } => ReadErrorKind::NothingMatched,
        }
    }
}

impl ReadErrorKind {
    /// A stable word: key of catalogues and label of metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::TimedOut => "timed-out",
            Self::Status => "status",
            Self::NotModifiedLoop => "not-modified-loop",
            Self::RedirectLoop => "redirect-loop",
            Self::Refused => "refused",
            Self::TooLarge => "too-large",
            Self::Encoding => "encoding",
            Self::Broken => "broken",
            Self::Empty => "empty",
            Self::HtmlInstead => "html-instead",
            Self::JsonInstead => "json-instead",
            Self::NotAFeed => "not-a-feed",
            Self::Malformed => "malformed",
            Self::Doctype => "doctype",
            Self::NotAPicture => "not-a-picture",
            Self::Secret => "secret",
            Self::NothingMatched => "nothing-matched",
        }
    }
}

/// The beginning of a body on one line, for an error.
#[must_use]
pub fn begins(text: &str) -> String {
    let line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let line: String = line.take(BEGINS_CHARS * 4).collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(BEGINS_CHARS).collect()
}
