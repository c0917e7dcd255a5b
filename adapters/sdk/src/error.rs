//! What a failure on a portal means, and what it decides.
//!
//! Who reads an error and what each does with it:
//!
//! | reader | reads | does |
//! | --- | --- | --- |
//! | ledger | `retry`, `scope` | settles the delivery, pauses the portal or its installation |
//! | breaker | `scope`, `kind` | opens, and asks `check` whose failure it was |
//! | message catalogue | `kind` | tells a person what to do, in their language |
//! | log | everything | one line |
//!
//! The default is the safe one: a write whose fate is not known is
//! [`Retry::FindFirst`], anything else that is not understood is
//! [`Retry::Never`] for this post.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What happened, in words that hold for every CMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// The address or the portal's set-up is wrong; no request can succeed.
    Config,
    /// The portal does not accept who we say we are.
    Unauthenticated,
    /// The account may not do this.
    Forbidden,
    /// A firewall or a ban page stands before the portal: a person must talk to the host.
    Blocked,
    /// What we addressed is not there.
    NotFound,
    /// Something else stands there: another version, another owner, two copies.
    Conflict,
    /// The portal understood and refuses this content.
    Rejected,
    TooLarge,
    /// This portal cannot do it at all.
    Unsupported,
    RateLimited,
    /// Down, under maintenance or failing inside.
    Unavailable,
    Timeout,
    /// The reply is not what the CMS's documentation promises.
    Protocol,
    /// A defect of ours or a case that nobody thought of.
    Unexpected,
}

impl ErrorKind {
    pub const ALL: [Self; 14] = [
        Self::Config,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::Blocked,
        Self::NotFound,
        Self::Conflict,
        Self::Rejected,
        Self::TooLarge,
        Self::Unsupported,
        Self::RateLimited,
        Self::Unavailable,
        Self::Timeout,
        Self::Protocol,
        Self::Unexpected,
    ];

    /// The name used in the ledger, in JSON and in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::Blocked => "blocked",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::Rejected => "rejected",
            Self::TooLarge => "too-large",
            Self::Unsupported => "unsupported",
            Self::RateLimited => "rate-limited",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
            Self::Unexpected => "unexpected",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Whether and how to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Something must change first.
    Never,
    /// Nothing happened; send it again unchanged, not before `after` where the portal said so.
    Later { after: Option<Duration> },
    /// The portal may have acted: look up by key, then decide.
    FindFirst,
}

/// What the failure speaks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// This post only.
    Post,
    /// The portal: its account, its site.
    Portal,
    /// The installation: the server, the network, its limits.
    Installation,
}

/// What was being done; the verbs of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    Check,
    Find,
    Read,
    Create,
    Update,
    Confirm,
    Withdraw,
    Pin,
    Upload,
    List,
}

impl Operation {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Find => "find",
            Self::Read => "read",
            Self::Create => "create",
            Self::Update => "update",
            Self::Confirm => "confirm",
            Self::Withdraw => "withdraw",
            Self::Pin => "pin",
            Self::Upload => "upload",
            Self::List => "list",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A failed call. `Display` is one line for a log and never repeats its source.
#[derive(Debug)]
pub struct Error {
    pub kind: ErrorKind,
    pub retry: Retry,
    pub scope: Scope,
    pub operation: Operation,
    /// For an operator: what the portal said or did. Lower case, no secrets, capped.
    pub message: String,
    /// What else is known, in order of importance: status, code, address.
    pub context: Vec<(&'static str, String)>,
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Longest message or context value in characters; replies are hostile.
const TEXT_CHARS_MAX: usize = 300;

impl Error {
    /// An error with the usual decision for its kind; see [`usual`].
    #[must_use]
    pub fn new(kind: ErrorKind, operation: Operation, message: impl Into<String>) -> Self {
        let (retry, scope) = usual(kind);
        Self { kind, retry, scope, operation, message: tidy(&message.into()), context: Vec::new(), source: None }
    }

    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.context.push((name, tidy(&value.to_string())));
        self
    }

    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The portal may have acted on a write that ended like this.
    #[must_use]
    pub fn leaves_doubt(&self) -> bool {
        self.retry == Retry::FindFirst
    }

    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.context.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

/// The usual decision for a kind, before an adapter's `error.rs` overrides single rows.
#[must_use]
pub fn usual(kind: ErrorKind) -> (Retry, Scope) {
    let later = Retry::Later { after: None };
    match kind {
        ErrorKind::Config | ErrorKind::Unauthenticated => (Retry::Never, Scope::Portal),
        ErrorKind::Forbidden
        | ErrorKind::Blocked
        | ErrorKind::Rejected
        | ErrorKind::TooLarge
        | ErrorKind::Unsupported
        | ErrorKind::Unexpected => (Retry::Never, Scope::Post),
        ErrorKind::NotFound | ErrorKind::Conflict => (Retry::FindFirst, Scope::Post),
        ErrorKind::RateLimited | ErrorKind::Unavailable => (later, Scope::Installation),
        ErrorKind::Timeout => (Retry::FindFirst, Scope::Installation),
        ErrorKind::Protocol => (Retry::FindFirst, Scope::Portal),
    }
}

/// One line, without control characters, of bounded length.
fn tidy(text: &str) -> String {
    let mut line: String = text.chars().take(TEXT_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(TEXT_CHARS_MAX).is_some() {
        line.push('…');
    }
    line
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.operation, self.kind.name(), self.message)?;
        for (name, value) in &self.context {
            write!(f, "; {name} {value}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        for kind in ErrorKind::ALL {
            assert_eq!(ErrorKind::from_name(kind.name()), Some(kind));
        }
    }

    #[test]
    fn a_hostile_message_stays_one_short_line() {
        let error = Error::new(ErrorKind::Protocol, Operation::Find, "a\nb\u{1b}[31m".repeat(1000)).with("status", 200);
        let line = error.to_string();
        assert!(!line.chars().any(char::is_control));
        assert!(line.chars().count() < 400, "{line}");
    }
}
