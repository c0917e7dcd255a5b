//! What an answer is: a page, a document, a login, a failure. Pure.

use super::feeds::Feed;
use super::page::{Page, shown};
use super::road::Outcome;
use super::{signs, tls};
use crate::source::{ReadError, Visit};

/// By its label, or where that says nothing, by its beginning.
pub(super) fn is_html(body: &[u8], content_type: Option<&str>) -> bool {
    match content_type.map(str::to_ascii_lowercase) {
        Some(label) if label.contains("html") => true,
        Some(label) if !label.starts_with("text/plain") && !label.contains("octet-stream") => false,
        _ => body.trim_ascii_start().starts_with(b"<") && !body.trim_ascii_start().starts_with(b"<?xml"),
    }
}

/// What the main address answered with.
pub(super) fn outcome(visit: &Visit, page: &Page, guard: Option<&str>, itself: Option<&Feed>) -> Outcome {
    let body = match &visit.body {
        Ok(body) => body,
        Err(ReadError::TooLarge { .. }) => return Outcome::TooLarge,
        Err(ReadError::TimedOut { .. }) => return Outcome::TimedOut,
        Err(ReadError::Broken(_)) => return Outcome::Broken,
        Err(_) => return Outcome::Unreadable,
    };
    if guard.is_some() {
        return Outcome::Blocked;
    }
    if signs::is_login(visit, page) {
        return Outcome::Login;
    }
    if !(200..300).contains(&visit.status) {
        return Outcome::Status;
    }
    if itself.is_some() {
        return Outcome::Feed;
    }
    if body.trim_ascii().is_empty() {
        return Outcome::Empty;
    }
    if !is_html(body, visit.header("content-type")) {
        return Outcome::Document;
    }
    // A page that a script fills has nothing but the script.
    let bare = page.title.is_none() && page.text.is_empty() && page.scripts.is_empty() && page.addresses.is_empty();
    if bare { Outcome::Empty } else { Outcome::Page }
}

/// What a failure to get any answer was.
pub(super) fn failed(error: &ReadError) -> Outcome {
    match error {
        error if tls::of(error).is_some() => Outcome::Tls,
        error if tls::nobody_listens(error) => Outcome::Refused,
        ReadError::TimedOut { .. } => Outcome::TimedOut,
        ReadError::Broken(_) => Outcome::Broken,
        ReadError::RedirectLoop => Outcome::Loop,
        ReadError::Refused { .. } => Outcome::Inner,
        ReadError::Unreachable(_) => Outcome::Unreachable,
        _ => Outcome::Unreadable,
    }
}

/// What lies at the bottom of an error, for a technician.
pub(super) fn trouble(error: &ReadError) -> String {
    let mut bottom: &dyn std::error::Error = error;
    while let Some(cause) = bottom.source() {
        bottom = cause;
    }
    shown(&bottom.to_string(), 240)
}
