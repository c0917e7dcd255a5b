//! One try of one HTTP request to a portal.
//!
//! The kit decides the transport half of every failure by one question: could
//! the portal have acted? Connect, DNS and TLS handshake failures: no. Any
//! other failure of a write: maybe, so a look-up comes first. It never
//! retries, never follows the redirect of a write, reads at most
//! [`Limits::body_bytes_max`] decoded bytes and never shows a secret.

use std::error::Error as StdError;
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::Instrument;
use url::Url;

use crate::adapter::Call;
use crate::error::{Error, ErrorKind, Operation, Result, Retry, Scope};
#[cfg(feature = "testkit")]
use crate::fault::{Fault, Faults, ScriptedAnswer};
use crate::secret::Secret;
use crate::trust::Trust;

/// The limits of every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Name look-up, TCP and TLS handshake.
    pub connect: Duration,
    /// Between two pieces of an answer.
    pub read: Duration,
    /// The whole request, answer included.
    pub total: Duration,
    /// Decoded bytes of an answer's body.
    pub body_bytes_max: usize,
    /// How long an unused connection is kept. PHP hosts close at about 5 s; a
    /// write on a connection that the server is closing has an unknown outcome.
    pub idle: Duration,
    /// Whose certificates are believed.
    pub trust: Trust,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(20),
            total: Duration::from_secs(60),
            body_bytes_max: 8 * 1024 * 1024,
            idle: Duration::from_secs(4),
            trust: Trust::default(),
        }
    }
}

/// Room for the JSON of a usual post, so that it is written without moving.
const JSON_BYTES_USUAL: usize = 16 * 1024;
/// Same-origin redirects of a read that are followed.
const REDIRECTS_MAX: usize = 5;
/// Characters of an answer's body that an error may quote.
const SNIPPET_CHARS: usize = 120;

/// Whether the portal can act on a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Reads,
    Writes,
}

/// A request to be sent once.
#[derive(Debug)]
pub struct Request {
    pub operation: Operation,
    pub effect: Effect,
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Request {
    /// A request that changes nothing.
    #[must_use]
    pub fn get(operation: Operation, url: Url) -> Self {
        Self {
            operation,
            effect: Effect::Reads,
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// A request that the portal may act on.
    #[must_use]
    pub fn write(operation: Operation, method: Method, url: Url) -> Self {
        Self { operation, effect: Effect::Writes, method, url, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// Adds a JSON body.
    ///
    /// # Panics
    /// Never for wire structs: their fields are text, numbers and lists.
    #[must_use]
    pub fn json(mut self, body: &impl Serialize) -> Self {
        let mut json = BytesMut::with_capacity(JSON_BYTES_USUAL).writer();
        serde_json::to_writer(&mut json, body).expect("wire structs serialise");
        self.body = json.into_inner().freeze();
        self.header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
    }

    #[must_use]
    pub fn bytes(mut self, content_type: HeaderValue, body: Bytes) -> Self {
        self.body = body;
        self.header(header::CONTENT_TYPE, content_type)
    }

    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}

/// An answer, read whole within the limits.
#[derive(Debug)]
pub struct Reply {
    pub operation: Operation,
    pub effect: Effect,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Sends requests as one account. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Http {
    client: reqwest::Client,
    limits: Limits,
    authorization: Option<Arc<HeaderValue>>,
    /// The only origin that the authorization goes to.
    origin: Option<url::Origin>,
    #[cfg(feature = "testkit")]
    faults: Faults,
}

impl Http {
    /// A client without an account.
    ///
    /// # Errors
    /// When the TLS set-up of this machine cannot be read.
    pub fn new(limits: Limits) -> std::result::Result<Self, reqwest::Error> {
        install_crypto();
        let builder = reqwest::Client::builder()
            .user_agent(concat!("dongbo/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(limits.connect)
            .read_timeout(limits.read)
            .timeout(limits.total)
            .pool_idle_timeout(limits.idle)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy();
        Ok(Self {
            client: limits.trust.give(builder).build()?,
            limits,
            authorization: None,
            origin: None,
            #[cfg(feature = "testkit")]
            faults: Faults::default(),
        })
    }

    /// Sends `Authorization: Basic …` (RFC 7617) to the origin of `site` and nowhere else.
    ///
    /// # Panics
    /// Never: base64 is a valid header value.
    #[must_use]
    pub fn basic(self, site: &Url, user: &str, password: &Secret) -> Self {
        let pair = base64(format!("{user}:{}", password.expose()).as_bytes());
        self.authorization(site, &format!("Basic {pair}"))
    }

    /// Sends an `Authorization` header to the origin of `site` and nowhere else.
    ///
    /// # Panics
    /// When `value` cannot stand in a header.
    #[must_use]
    pub fn authorization(mut self, site: &Url, value: &str) -> Self {
        let mut value = HeaderValue::from_str(value).expect("an authorization is visible ASCII");
        value.set_sensitive(true);
        self.authorization = Some(Arc::new(value));
        self.origin = Some(site.origin());
        self
    }

    /// Lets a test script what becomes of each request.
    #[cfg(feature = "testkit")]
    #[must_use]
    pub fn with_faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// The limits in force, for capabilities and graces.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Sends the request once and reads the answer whole.
    ///
    /// # Errors
    /// Only for the transport half: a status is not an error here, see
    /// [`Reply::success`].
    pub async fn send(&self, call: &Call, request: Request) -> Result<Reply> {
        let span = tracing::debug_span!(
            "portal request",
            request = %call.request,
            operation = request.operation.name(),
            method = %request.method,
            host = request.url.host_str().unwrap_or_default(),
            path = request.url.path(),
            status = tracing::field::Empty,
        );
        self.follow(call, request).instrument(span).await
    }

    /// Follows the redirects of a read within its origin.
    async fn follow(&self, call: &Call, mut request: Request) -> Result<Reply> {
        for _ in 0..=REDIRECTS_MAX {
            let from = request.url.clone();
            let (operation, effect, method, headers) =
                (request.operation, request.effect, request.method.clone(), request.headers.clone());
            let reply = self.once(call, request).await?;
            let Some(to) = redirect(&from, &reply) else { return Ok(reply) };
            let refused = |message: &str| {
                Error::new(ErrorKind::Config, operation, message).with("status", reply.status.as_u16()).with("to", &to)
            };
            if effect == Effect::Writes {
                return Err(refused("the portal redirects the write; set its address to where it leads"));
            }
            if to.origin() != from.origin() {
                return Err(refused("the portal redirects to another address; set its address to where it leads"));
            }
            request = Request { operation, effect, method, url: to, headers, body: Bytes::new() };
        }
        Err(Error::new(ErrorKind::Config, request.operation, "the portal redirects in a circle")
            .with("url", &request.url))
    }

    async fn once(&self, call: &Call, request: Request) -> Result<Reply> {
        #[cfg(feature = "testkit")]
        let fault = self.faults.next_request(request.operation, request.effect);
        #[cfg(feature = "testkit")]
        if let Some(fault) = &fault {
            self.strike_before(fault, &request).await?;
            if let Fault::Answer(answer) = fault {
                return Ok(scripted(answer, request.operation, request.effect));
            }
        }
        let (operation, effect) = (request.operation, request.effect);
        let reply = self.exchange(call, request).await;
        #[cfg(feature = "testkit")]
        if let Some(fault) = &fault {
            match fault {
                Fault::CutAfter => return self.faults.cut().await,
                Fault::AnswerLost => {
                    return Err(transport(operation, effect, "the connection broke before the answer was read"));
                }
                Fault::AnswerReplaced(answer) => return Ok(scripted(answer, operation, effect)),
                Fault::Refused | Fault::Stalled | Fault::CutBefore | Fault::Answer(_) => {}
            }
        }
        if let Ok(reply) = &reply {
            tracing::Span::current().record("status", reply.status.as_u16());
        }
        tracing::trace!(operation = operation.name(), write = effect == Effect::Writes, "request ended");
        reply
    }

    async fn exchange(&self, call: &Call, request: Request) -> Result<Reply> {
        let (operation, effect) = (request.operation, request.effect);
        let Some(left) = call.deadline.checked_duration_since(Instant::now()) else {
            return Err(Error::new(ErrorKind::Timeout, operation, "no time was left to send the request")
                .retry(Retry::Later { after: None }));
        };
        let mut out = self.client.request(request.method, request.url.clone()).headers(request.headers);
        if let Some(value) = self.authorization.as_deref().filter(|_| self.origin == Some(request.url.origin())) {
            out = out.header(header::AUTHORIZATION, value.clone());
        }
        if !request.body.is_empty() {
            out = out.body(request.body);
        }
        let mut answer = out
            .timeout(left.min(self.limits.total))
            .send()
            .await
            .map_err(|error| from_reqwest(operation, effect, error))?;
        let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
        let body = self.read_body(operation, effect, answer).await?;
        Ok(Reply { operation, effect, status, headers, body })
    }

    async fn read_body(&self, operation: Operation, effect: Effect, mut answer: reqwest::Response) -> Result<Bytes> {
        let (mut pieces, mut length) = (Vec::new(), 0);
        while let Some(piece) = answer.chunk().await.map_err(|error| from_reqwest(operation, effect, error))? {
            length += piece.len();
            if length > self.limits.body_bytes_max {
                let error = Error::new(ErrorKind::Protocol, operation, "the answer is larger than the limit")
                    .with("limit", self.limits.body_bytes_max);
                return Err(doubt(error, effect));
            }
            pieces.push(piece);
        }
        // Most answers are one piece, which is then kept as it came.
        Ok(if pieces.len() == 1 { pieces.swap_remove(0) } else { pieces.concat().into() })
    }

    #[cfg(feature = "testkit")]
    async fn strike_before(&self, fault: &Fault, request: &Request) -> Result<()> {
        match fault {
            Fault::Refused => Err(not_sent(request.operation, "the connection was refused")),
            Fault::Stalled => Err(timed_out(request.operation, request.effect)),
            Fault::CutBefore => self.faults.cut().await,
            Fault::CutAfter | Fault::AnswerLost | Fault::Answer(_) | Fault::AnswerReplaced(_) => Ok(()),
        }
    }
}

impl Reply {
    /// The reply itself when its status is 2xx, else the default row for the
    /// status; an adapter's `error.rs` overrides single rows before this.
    ///
    /// # Errors
    /// See [`from_status`].
    pub fn success(self) -> Result<Self> {
        if self.status.is_success() { Ok(self) } else { Err(from_status(&self)) }
    }

    /// Reads a JSON body. A 200 with HTML is an error.
    ///
    /// # Errors
    /// `Protocol`; after a write the outcome is unknown.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        // JSON is UTF-8 (RFC 8259 §8.1). Checked here once and fast; serde_json
        // would check string by string, which costs most of its time on Vietnamese.
        let text = simdutf8::basic::from_utf8(&self.body).map_err(|error| self.unreadable(error))?;
        serde_json::from_str(text).map_err(|error| self.unreadable(error))
    }

    fn unreadable(&self, cause: impl StdError + Send + Sync + 'static) -> Error {
        let message = if self.is_html() {
            "the portal answered with a web page instead of data"
        } else {
            "the portal's answer cannot be read"
        };
        let error = Error::new(ErrorKind::Protocol, self.operation, message)
            .with("status", self.status.as_u16())
            .with("type", self.content_type())
            .with("begins", self.snippet())
            .caused_by(cause);
        doubt(error, self.effect)
    }

    #[must_use]
    pub fn content_type(&self) -> &str {
        self.header(&header::CONTENT_TYPE).unwrap_or_default()
    }

    #[must_use]
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body is a web page, whatever the header says.
    #[must_use]
    pub fn is_html(&self) -> bool {
        if self.content_type().contains("json") {
            return false;
        }
        let start = self.body.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(0);
        self.content_type().contains("html") || self.body[start..].starts_with(b"<")
    }

    /// The first characters of the body, for an error.
    #[must_use]
    pub fn snippet(&self) -> String {
        let head = &self.body[..self.body.len().min(SNIPPET_CHARS * 4)];
        String::from_utf8_lossy(head).chars().take(SNIPPET_CHARS).collect()
    }

    /// `Retry-After` (RFC 9110 §10.2.3) as a span: adapters have no clock, so
    /// a date is taken against the reply's own `Date`.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let value = self.header(&header::RETRY_AFTER)?.trim();
        if let Ok(seconds) = value.parse::<u64>() {
            return Some(Duration::from_secs(seconds));
        }
        let until = http_date(value)?;
        let now = http_date(self.header(&header::DATE)?)?;
        Some(Duration::try_from(until.duration_since(now)).unwrap_or_default())
    }
}

/// The default table for a status that is not 2xx, where the CMS gives no
/// better word (RFC 9110 §15).
///
/// | status | kind | retry | scope |
/// | --- | --- | --- | --- |
/// | 3xx | Config | Never | Portal |
/// | 400, 405, 406, 415, 422 | Rejected | Never | Post |
/// | 401 | Unauthenticated | Never | Portal |
/// | 403 | Forbidden; Blocked for a web page | Never | Post |
/// | 404, 410 | NotFound | FindFirst | Post |
/// | 409, 412 | Conflict | FindFirst | Post |
/// | 408, 425 | Timeout | FindFirst after a write | Installation |
/// | 413 | TooLarge | Never | Post |
/// | 429 | RateLimited | Later | Installation |
/// | 501 | Unsupported | Never | Post |
/// | 503 | Unavailable | Later | Installation |
/// | other 5xx | Unavailable | FindFirst after a write | Installation |
/// | else | Protocol | FindFirst after a write | Portal |
#[must_use]
pub fn from_status(reply: &Reply) -> Error {
    let status = reply.status.as_u16();
    let later = Retry::Later { after: reply.retry_after() };
    let new = |kind, message: &str| Error::new(kind, reply.operation, message).with("status", status);
    match status {
        300..=399 => new(ErrorKind::Config, "the portal redirects"),
        400 | 405 | 406 | 415 | 422 => {
            new(ErrorKind::Rejected, "the portal refuses the request").with("begins", reply.snippet())
        }
        401 => new(ErrorKind::Unauthenticated, "the portal does not accept the account"),
        403 if reply.is_html() => new(ErrorKind::Blocked, "a firewall before the portal refuses the request"),
        403 => new(ErrorKind::Forbidden, "the account may not do this"),
        404 | 410 => new(ErrorKind::NotFound, "the portal does not have it"),
        408 | 425 => doubt(new(ErrorKind::Timeout, "the portal gave up waiting"), reply.effect),
        409 | 412 => new(ErrorKind::Conflict, "the portal holds another version"),
        413 => new(ErrorKind::TooLarge, "the portal finds the request too large"),
        429 => new(ErrorKind::RateLimited, "the portal asks for a pause").retry(later),
        501 => new(ErrorKind::Unsupported, "the portal cannot do it"),
        503 => new(ErrorKind::Unavailable, "the portal is down for maintenance").retry(later),
        500..=599 => {
            doubt(new(ErrorKind::Unavailable, "the portal failed").with("begins", reply.snippet()), reply.effect)
        }
        _ => doubt(new(ErrorKind::Protocol, "the portal gave an unknown status"), reply.effect),
    }
}

/// The retry that an unexplained failure deserves: look first after a write, else try later.
#[must_use]
pub fn doubt(error: Error, effect: Effect) -> Error {
    match effect {
        Effect::Writes => error.retry(Retry::FindFirst),
        Effect::Reads => error.retry(Retry::Later { after: None }),
    }
}

/// The target of a redirect, if the reply is one.
fn redirect(from: &Url, reply: &Reply) -> Option<Url> {
    if !matches!(reply.status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    from.join(reply.header(&header::LOCATION)?).ok()
}

pub(crate) fn not_sent(operation: Operation, message: &str) -> Error {
    Error::new(ErrorKind::Unavailable, operation, message).retry(Retry::Later { after: None })
}

pub(crate) fn transport(operation: Operation, effect: Effect, message: &str) -> Error {
    doubt(Error::new(ErrorKind::Unavailable, operation, message), effect)
}

pub(crate) fn timed_out(operation: Operation, effect: Effect) -> Error {
    doubt(Error::new(ErrorKind::Timeout, operation, "the portal did not answer in time"), effect)
}

/// Could the portal have acted? `is_connect` holds for DNS, TCP and TLS
/// handshake failures of reqwest's connector, also when their own limit ran out.
fn from_reqwest(operation: Operation, effect: Effect, error: reqwest::Error) -> Error {
    // The address may hold a token; the context already names the host.
    let error = error.without_url();
    let mapped = if error.is_builder() {
        Error::new(ErrorKind::Config, operation, "the address cannot be requested")
    } else if error.is_connect() {
        let message = if error.is_timeout() { "no connection in time" } else { "no connection" };
        not_sent(operation, message)
    } else if error.is_timeout() {
        timed_out(operation, effect)
    } else if error.is_decode() {
        doubt(Error::new(ErrorKind::Protocol, operation, "the answer is damaged"), effect).scope(Scope::Installation)
    } else {
        transport(operation, effect, "the connection broke")
    };
    let reason = innermost(&error);
    mapped.with("reason", reason).caused_by(error)
}

/// The last cause says most ("connection refused", "certificate expired").
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn StdError = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// RFC 9110 §5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`.
#[must_use]
pub fn http_date(text: &str) -> Option<jiff::Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

/// RFC 4648 §4, with padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            if place <= chunk.len() {
                out.push(char::from(ALPHABET[(word >> (18 - 6 * place) & 63) as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

/// rustls asks for one crypto provider per process; ring builds fast and everywhere.
pub fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that another part of the process chose one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

#[cfg(feature = "testkit")]
pub(crate) fn scripted(answer: &ScriptedAnswer, operation: Operation, effect: Effect) -> Reply {
    let mut headers = HeaderMap::new();
    for (name, value) in &answer.headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(*name, value);
        }
    }
    Reply {
        operation,
        effect,
        status: StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        headers,
        body: Bytes::from(answer.body.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_matches_rfc_4648_section_10() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    fn reply(status: u16, headers: &[(&'static str, &str)], body: &str) -> Reply {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        Reply {
            operation: Operation::Create,
            effect: Effect::Writes,
            status: StatusCode::from_u16(status).unwrap(),
            headers: map,
            body: Bytes::from(body.to_owned()),
        }
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date_against_the_replys_own() {
        assert_eq!(reply(503, &[("retry-after", "600")], "").retry_after(), Some(Duration::from_secs(600)));
        let dated = [("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"), ("date", "Sun, 06 Nov 1994 08:49:07 GMT")];
        assert_eq!(reply(503, &dated, "").retry_after(), Some(Duration::from_secs(30)));
        assert_eq!(reply(503, &[("retry-after", "soon")], "").retry_after(), None);
    }

    #[test]
    fn a_write_that_ends_with_500_may_have_acted() {
        assert!(from_status(&reply(500, &[], "")).leaves_doubt());
        assert_eq!(from_status(&reply(503, &[], "")).retry, Retry::Later { after: None });
    }

    #[test]
    fn a_web_page_instead_of_data_leaves_doubt() {
        let error = reply(200, &[("content-type", "text/html")], "<html>login").json::<u8>().unwrap_err();
        assert_eq!((error.kind, error.retry), (ErrorKind::Protocol, Retry::FindFirst));
    }
}
