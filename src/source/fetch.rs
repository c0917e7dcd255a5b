//! One conditional GET of a source, or of a picture that its content names.
//!
//! One try, no memory: validators and the body's hash are handed back. Nothing
//! is read past the limits, neither from the wire nor out of a compressed body,
//! and an address other than the configured origin must be public.

use std::error::Error as StdError;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dongbo_sdk::{Secret, Trust};
use flate2::write::MultiGzDecoder;
use jiff::Timestamp;
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Client, Response, StatusCode};
use url::Url;

use super::address::{self, GuardedResolver, Names, OpenResolver, RefusedAddress, SystemNames};
use super::error::ReadError;
use super::head::Head;
use super::hosts::{Hosts, Place};
use super::intranet::Intranet;
use super::{charset, text};

/// A compressed body may be at most this many times as large as on the wire.
/// Feeds reach 15; a bomb reaches 1,000.
pub const RATIO_MAX: u64 = 100;
/// Bodies below this are never refused for their ratio.
pub const RATIO_BYTES_FREE: u64 = 256 * 1024;
/// Wire bytes that are decoded in one go: bounds what one step may unfold to.
const DECODE_STEP_BYTES: usize = 1024;
/// Longer validators are not worth keeping.
const VALIDATOR_BYTES_MAX: usize = 1024;

const ACCEPT_FEED: &str = "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1";
const ACCEPT_PAGE: &str = "text/html, */*;q=0.1";
const ACCEPT_MEDIA: &str = "image/jpeg, image/png, image/webp, image/gif;q=0.8";

/// What one fetch may take, and where it may lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Name look-up, TCP and TLS handshake.
    pub connect: Duration,
    /// Between two pieces of the body.
    pub read: Duration,
    /// All of it, redirects included.
    pub total: Duration,
    /// Bytes of the body as sent.
    pub wire_bytes_max: u64,
    /// Bytes of the body once decompressed.
    pub decoded_bytes_max: u64,
    pub redirects_max: usize,
    /// Bytes per second that must arrive on average once `speed_after` is over.
    pub speed_min: u64,
    pub speed_after: Duration,
    /// Whose certificates are believed.
    pub trust: Trust,
    /// Which hosts may lie in private networks.
    pub intranet: Intranet,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(20),
            total: Duration::from_secs(60),
            wire_bytes_max: 15 * 1024 * 1024,
            decoded_bytes_max: 30 * 1024 * 1024,
            redirects_max: 5,
            speed_min: 1024,
            speed_after: Duration::from_secs(10),
            trust: Trust::default(),
            intranet: Intranet::default(),
        }
    }
}

/// What the source said about its last body (RFC 9110 §8.8), verbatim.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
}

/// One question to a source.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    pub url: &'a Url,
    /// The configured address: its origin is trusted, and nothing else sees the authorization.
    pub source: &'a Url,
    pub previous: &'a Previous,
    /// Value of the `Authorization` header.
    pub authorization: Option<&'a Secret>,
}

/// What is remembered of the last reading that was committed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Previous {
    pub validators: Validators,
    /// BLAKE3 of the decoded body.
    pub hash: Option<[u8; 32]>,
}

/// A fetched body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    pub bytes: Vec<u8>,
    pub content_type: Option<String>,
    /// To be saved once everything in the body is committed.
    pub validators: Validators,
    pub hash: [u8; 32],
    /// Where the body came from after redirects.
    pub final_url: Url,
    pub wire_bytes: u64,
}

/// A page that content leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub bytes: Vec<u8>,
    pub content_type: Option<String>,
    /// Where it came from after redirects.
    pub final_url: Url,
}

impl Page {
    /// Whether the page's text contains this title, whatever its case and
    /// spaces. Linear; to be called where it may block.
    #[must_use]
    pub fn shows(&self, title: &str) -> bool {
        let loose = |text: &str| text::plain(text).to_lowercase();
        let page = charset::decode(&self.bytes, self.content_type.as_deref()).text;
        let title = loose(&text::escape(title));
        !title.is_empty() && loose(&page).contains(&title)
    }
}

/// An answer of any status, for a caller who judges it himself.
#[derive(Debug)]
pub struct Visit {
    pub status: u16,
    pub headers: HeaderMap,
    /// Where it came from after redirects.
    pub final_url: Url,
    /// Why a body could not be read takes nothing from what the head says.
    pub body: Result<Vec<u8>, ReadError>,
}

impl Visit {
    /// The header of that name, where it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The answer of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// 304, or the same body again: there is nothing to parse. The validators
    /// are those to save (a server may renew them with the same body).
    Unchanged {
        validators: Validators,
    },
    Changed(Box<Body>),
}

/// The answer of a source with its head, which says when to ask again even where the body is none.
#[derive(Debug)]
pub struct Heard {
    pub head: Head,
    pub fetched: Result<Fetched, ReadError>,
}

/// Fetches for one source; clones share their connections.
#[derive(Debug, Clone)]
pub struct Fetcher {
    /// For the configured origin, wherever it leads.
    trusted: Client,
    /// For every other address.
    guarded: Client,
    limits: Limits,
    /// Shared with others that ask the same hosts; `None`: nobody does.
    hosts: Option<Hosts>,
}

impl Fetcher {
    /// # Errors
    /// When the TLS set-up of this machine cannot be read.
    pub fn new(limits: Limits) -> Result<Self, ReadError> {
        Self::asking(limits, Arc::new(SystemNames))
    }

    /// As [`Fetcher::new`], where others than the system tell the addresses of names.
    ///
    /// # Errors
    /// When the TLS set-up of this machine cannot be read.
    pub fn asking(limits: Limits, names: Arc<dyn Names>) -> Result<Self, ReadError> {
        dongbo_sdk::http::install_crypto();
        let builder = || {
            let builder = Client::builder()
                .user_agent(concat!("dongbo/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(limits.connect)
                .read_timeout(limits.read)
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .no_gzip()
                .no_brotli()
                .no_proxy();
            limits.trust.give(builder)
        };
        let failed = |error: reqwest::Error| ReadError::Tls(Box::new(error));
        let open = OpenResolver { names: Arc::clone(&names), intranet: limits.intranet.clone() };
        let trusted = builder().dns_resolver(open).build().map_err(failed)?;
        let guard = GuardedResolver { names, intranet: limits.intranet.clone() };
        let guarded = builder().dns_resolver(guard).build().map_err(failed)?;
        Ok(Self { trusted, guarded, limits, hosts: None })
    }

    /// It keeps to the limits of each host, with all that share them. Waiting
    /// for one's turn counts against no limit of the fetch.
    #[must_use]
    pub fn politely(self, hosts: Hosts) -> Self {
        Self { hosts: Some(hosts), ..self }
    }

    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Asks a configured source for what is new since `previous`.
    ///
    /// # Errors
    /// One try; see [`ReadError`] for what may go wrong.
    pub async fn fetch(&self, url: &Url, previous: &Previous) -> Result<Fetched, ReadError> {
        self.ask(Ask { url, source: url, previous, authorization: None }).await
    }

    /// As [`Fetcher::fetch`], for a source of several addresses or with an account.
    ///
    /// # Errors
    /// One try; see [`ReadError`] for what may go wrong.
    pub async fn ask(&self, ask: Ask<'_>) -> Result<Fetched, ReadError> {
        self.hear(ask).await.fetched
    }

    /// As [`Fetcher::ask`], with what the head of the answer says.
    pub async fn hear(&self, ask: Ask<'_>) -> Heard {
        let mut head = Head::default();
        let fetched = self.fetched(ask, &mut head).await;
        Heard { head, fetched }
    }

    async fn fetched(&self, ask: Ask<'_>, head: &mut Head) -> Result<Fetched, ReadError> {
        let previous = ask.previous;
        let headers = conditional(&previous.validators);
        let (body, answer) = self.get(ask, headers, head).await?;
        let validators = answer.validators.clone();
        match body {
            None if previous.validators == Validators::default() => Err(ReadError::NotModifiedLoop),
            None => Ok(Fetched::Unchanged { validators: or_previous(validators, &previous.validators) }),
            Some((bytes, wire_bytes)) => {
                let hash = *blake3::hash(&bytes).as_bytes();
                if previous.hash == Some(hash) {
                    return Ok(Fetched::Unchanged { validators });
                }
                let Answer { content_type, final_url, .. } = answer;
                Ok(Fetched::Changed(Box::new(Body { bytes, content_type, validators, hash, final_url, wire_bytes })))
            }
        }
    }

    /// Asks whether a page stands: its status and the address that gave it,
    /// after redirects. The body is not read.
    ///
    /// # Errors
    /// Where no answer came.
    pub async fn look(&self, url: &Url, allowed: &Url) -> Result<(u16, Url), ReadError> {
        let ask = Ask { url, source: allowed, previous: &Previous::default(), authorization: None };
        let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(ACCEPT_PAGE))]);
        let place = self.enter(ask.url).await;
        let Arrived { response, url, .. } = self.within(self.hops(ask, headers, place)).await?;
        Ok((response.status().as_u16(), url))
    }

    /// As [`Fetcher::look`], with the page itself as text.
    ///
    /// # Errors
    /// Where no answer came, or one that is no page.
    pub async fn page(&self, url: &Url, allowed: &Url) -> Result<Page, ReadError> {
        let ask = Ask { url, source: allowed, previous: &Previous::default(), authorization: None };
        let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(ACCEPT_PAGE))]);
        let (body, Answer { content_type, final_url, .. }) = self.get(ask, headers, &mut Head::default()).await?;
        let (bytes, _) = body.ok_or(ReadError::NotModifiedLoop)?;
        Ok(Page { bytes, content_type, final_url })
    }

    /// Asks for whatever stands at an address: head and body of any status.
    ///
    /// # Errors
    /// Where no answer came.
    pub async fn visit(&self, url: &Url, allowed: &Url, accept: &'static str) -> Result<Visit, ReadError> {
        let ask = Ask { url, source: allowed, previous: &Previous::default(), authorization: None };
        let headers = HeaderMap::from_iter([
            (header::ACCEPT, HeaderValue::from_static(accept)),
            (header::ACCEPT_ENCODING, HeaderValue::from_static("gzip")),
        ]);
        let place = self.enter(ask.url).await;
        self.within(async {
            let Arrived { response, url: final_url, place: _place, .. } = self.hops(ask, headers, place).await?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let body = self.read(response).await.map(|(bytes, _)| bytes);
            Ok(Visit { status, headers, final_url, body })
        })
        .await
    }

    /// Fetches what content names: public addresses, and `allowed` with whatever it leads to.
    pub(super) async fn fetch_content(&self, url: &Url, allowed: &Url) -> Result<Vec<u8>, ReadError> {
        let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(ACCEPT_MEDIA))]);
        let ask = Ask { url, source: allowed, previous: &Previous::default(), authorization: None };
        match self.get(ask, headers, &mut Head::default()).await? {
            (Some((bytes, _)), _) => Ok(bytes),
            (None, _) => Err(ReadError::NotModifiedLoop),
        }
    }

    async fn get(&self, ask: Ask<'_>, headers: HeaderMap, head: &mut Head) -> Result<(Payload, Answer), ReadError> {
        let place = self.enter(ask.url).await;
        self.within(self.follow(ask, headers, place, head)).await
    }

    async fn enter(&self, url: &Url) -> Option<Place> {
        match &self.hosts {
            Some(hosts) => Some(hosts.enter(url).await),
            None => None,
        }
    }

    async fn within<T>(&self, answer: impl Future<Output = Result<T, ReadError>>) -> Result<T, ReadError> {
        let late = |_| ReadError::TimedOut { phase: "the whole answer" };
        tokio::time::timeout(self.limits.total, answer).await.map_err(late)?
    }

    async fn follow(
        &self,
        ask: Ask<'_>,
        headers: HeaderMap,
        place: Option<Place>,
        head: &mut Head,
    ) -> Result<(Payload, Answer), ReadError> {
        let Arrived { response, url, moved, place: _place } = self.hops(ask, headers, place).await?;
        *head = Head::of(response.status().as_u16(), response.headers(), moved, Timestamp::now());
        let (status, answer) = (response.status(), Answer::of(&response, url));
        if status == StatusCode::NOT_MODIFIED {
            return Ok((None, answer));
        }
        if !status.is_success() {
            return Err(ReadError::Status(status.as_u16()));
        }
        Ok((Some(self.read(response).await?), answer))
    }

    /// Follows redirects by hand: each hop is judged like the first. The
    /// answer that is none, and where it came from.
    async fn hops(&self, ask: Ask<'_>, headers: HeaderMap, mut place: Option<Place>) -> Result<Arrived, ReadError> {
        let (mut url, mut moved, mut for_good) = (ask.url.clone(), None, true);
        for _ in 0..=self.limits.redirects_max {
            let mut headers = headers.clone();
            if let Some(secret) = ask.authorization.filter(|_| url.origin() == ask.source.origin()) {
                headers.insert(header::AUTHORIZATION, sensitive(secret)?);
            }
            let client = self.client(&url, ask.source)?;
            let response = client.get(url.clone()).headers(headers).send().await.map_err(transport)?;
            let Some(next) = redirect(&url, &response) else { return Ok(Arrived { response, url, moved, place }) };
            for_good &= matches!(response.status(), StatusCode::MOVED_PERMANENTLY | StatusCode::PERMANENT_REDIRECT);
            if for_good {
                moved = Some(next.clone());
            }
            url = next;
            // The old place first: two that wait for each other's would wait for ever.
            drop(place.take());
            place = self.enter(&url).await;
        }
        Err(ReadError::RedirectLoop)
    }

    fn client(&self, url: &Url, allowed: &Url) -> Result<&Client, ReadError> {
        if matches!(url.scheme(), "http" | "https") && url.origin() == allowed.origin() {
            return Ok(&self.trusted);
        }
        address::check_literal(url, &self.limits.intranet)?;
        Ok(&self.guarded)
    }

    /// Reads a body piece by piece within the limits; the wire's byte count stands beside it.
    async fn read(&self, mut response: Response) -> Result<(Vec<u8>, u64), ReadError> {
        if response.content_length().is_some_and(|length| length > self.limits.wire_bytes_max) {
            return Err(ReadError::TooLarge { what: "bytes sent", limit: self.limits.wire_bytes_max });
        }
        let said = response.headers().get(header::CONTENT_ENCODING).and_then(|value| value.to_str().ok());
        let mut body = Unpacking::new(said.unwrap_or_default(), self.limits.clone())?;
        let started = Instant::now();
        while let Some(chunk) = response.chunk().await.map_err(transport)? {
            body.take(&chunk)?;
            let elapsed = started.elapsed();
            let slow = body.wire < self.limits.speed_min.saturating_mul(elapsed.as_secs().max(1));
            if elapsed > self.limits.speed_after && slow {
                return Err(ReadError::TimedOut { phase: "the answer comes too slowly" });
            }
        }
        body.finish()
    }
}

/// The answer at the end of all redirects.
struct Arrived {
    response: Response,
    /// Where it came from.
    url: Url,
    /// Where permanent redirects led before any temporary one.
    moved: Option<Url>,
    /// To be held until the body is read.
    place: Option<Place>,
}

/// `None` for 304, else the decoded body with its size on the wire.
type Payload = Option<(Vec<u8>, u64)>;

/// What an answer's headers say.
struct Answer {
    validators: Validators,
    content_type: Option<String>,
    final_url: Url,
}

impl Answer {
    fn of(response: &Response, final_url: Url) -> Self {
        let text = |name| {
            let value = response.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok())?;
            (!value.is_empty() && value.len() <= VALIDATOR_BYTES_MAX).then(|| value.to_owned())
        };
        let validators = Validators { etag: text(header::ETAG), last_modified: text(header::LAST_MODIFIED) };
        Self { validators, content_type: text(header::CONTENT_TYPE), final_url }
    }
}

/// A body on its way out of its compression.
struct Unpacking {
    gzip: Option<MultiGzDecoder<Vec<u8>>>,
    plain: Vec<u8>,
    /// Gzip was announced; the first bytes decide whether it is.
    announced: bool,
    wire: u64,
    limits: Limits,
}

impl Unpacking {
    fn new(encoding: &str, limits: Limits) -> Result<Self, ReadError> {
        let announced = match encoding.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => false,
            "gzip" | "x-gzip" => true,
            other => return Err(ReadError::Encoding(format!("content encoding {}", super::error::begins(other)))),
        };
        Ok(Self { gzip: None, plain: Vec::new(), announced, wire: 0, limits })
    }

    fn take(&mut self, chunk: &[u8]) -> Result<(), ReadError> {
        // Some servers announce gzip and send plain text; the magic number tells.
        if self.wire == 0 && self.announced && chunk.first() == Some(&0x1F) {
            self.gzip = Some(MultiGzDecoder::new(Vec::new()));
        }
        self.wire += chunk.len() as u64;
        if self.wire > self.limits.wire_bytes_max {
            return Err(ReadError::TooLarge { what: "bytes sent", limit: self.limits.wire_bytes_max });
        }
        for step in chunk.chunks(DECODE_STEP_BYTES) {
            self.unpack(step)?;
        }
        Ok(())
    }

    fn unpack(&mut self, step: &[u8]) -> Result<(), ReadError> {
        let Some(gzip) = &mut self.gzip else {
            self.plain.extend_from_slice(step);
            return self.check(self.plain.len() as u64);
        };
        gzip.write_all(step).map_err(|error| ReadError::Encoding(error.to_string()))?;
        let decoded = gzip.get_ref().len() as u64;
        if decoded > RATIO_BYTES_FREE && decoded > self.wire.saturating_mul(RATIO_MAX) {
            return Err(ReadError::TooLarge { what: "times its size on the wire", limit: RATIO_MAX });
        }
        self.check(decoded)
    }

    fn check(&self, decoded: u64) -> Result<(), ReadError> {
        let limit = self.limits.decoded_bytes_max;
        if decoded > limit { Err(ReadError::TooLarge { what: "bytes decoded", limit }) } else { Ok(()) }
    }

    fn finish(self) -> Result<(Vec<u8>, u64), ReadError> {
        let bytes = match self.gzip {
            Some(gzip) => gzip.finish().map_err(|error| ReadError::Encoding(error.to_string()))?,
            None => self.plain,
        };
        self.limits
            .decoded_bytes_max
            .checked_sub(bytes.len() as u64)
            .ok_or(ReadError::TooLarge { what: "bytes decoded", limit: self.limits.decoded_bytes_max })?;
        Ok((bytes, self.wire))
    }
}

fn conditional(validators: &Validators) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static(ACCEPT_FEED));
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    let pairs = [(header::IF_NONE_MATCH, &validators.etag), (header::IF_MODIFIED_SINCE, &validators.last_modified)];
    for (name, value) in pairs {
        if let Some(value) = value.as_deref().and_then(|value| HeaderValue::from_str(value).ok()) {
            headers.insert(name, value);
        }
    }
    headers
}

/// A value that no log and no Debug shows.
fn sensitive(secret: &Secret) -> Result<HeaderValue, ReadError> {
    let mut value = HeaderValue::from_str(secret.expose()).map_err(|_| ReadError::Secret(None))?;
    value.set_sensitive(true);
    Ok(value)
}

fn or_previous(said: Validators, previous: &Validators) -> Validators {
    Validators {
        etag: said.etag.or_else(|| previous.etag.clone()),
        last_modified: said.last_modified.or_else(|| previous.last_modified.clone()),
    }
}

fn redirect(from: &Url, response: &Response) -> Option<Url> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(header::LOCATION)?;
    from.join(std::str::from_utf8(location.as_bytes()).ok()?).ok()
}

/// What a failed exchange was: the cause is looked for in the chain of sources.
fn transport(error: reqwest::Error) -> ReadError {
    if let Some(refused) = cause::<RefusedAddress>(&error) {
        return ReadError::Refused { address: refused.host.clone(), reason: refused.reason };
    }
    if error.is_timeout() {
        let phase = if error.is_connect() { "the connection" } else { "the next piece of the answer" };
        return ReadError::TimedOut { phase };
    }
    let tls = cause::<rustls::Error>(&error).is_some();
    let (connect, error) = (error.is_connect(), Box::new(error.without_url()));
    match (tls, connect) {
        (true, _) => ReadError::Tls(error),
        (false, true) => ReadError::Unreachable(error),
        (false, false) => ReadError::Broken(error),
    }
}

/// Looks through the chain of sources. An I/O error that wraps another skips
/// it in its own `source`, so those are opened one by one.
pub(crate) fn cause<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    if let Some(found) = error.downcast_ref::<E>() {
        return Some(found);
    }
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    match wrapped {
        Some(inner) => cause(inner),
        None => cause(error.source()?),
    }
}
