//! `POST /hook/SOURCE`: a portal says that it has published, and is read at
//! once. On loopback only: the portal's request comes through the web server
//! of this machine, which has TLS and an access list.
//!
//! hyper carries it: it is in the tree already through the client, is kept by
//! the people who keep the client's HTTP, and nothing more than one path of
//! one method is wanted of a framework. The body is not looked at: a hook says
//! when to read, never what.
//!
//! Wanted: nothing that is sent here costs more than a look at its head, tells
//! a token or stays in memory. Accepted: a hook that comes before the portal's
//! own cache has noticed finds nothing, and the ordinary reading does.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use dongbo_sdk::{Secret, SecretRef};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::config::Source;

/// Readings that hooks cause are at least this far apart; hooks in between are one.
pub const APART: Duration = Duration::from_secs(5);
/// A shorter token could be guessed.
pub const TOKEN_BYTES_MIN: usize = 16;
/// Bytes of a body; it is not looked at.
pub const BODY_BYTES_MAX: u64 = 64 * 1024;
/// Hooks of one source within [`WINDOW`].
pub const HOOKS_MAX: u32 = 60;
/// Wrong tokens within [`WINDOW`], all sources together; the right one passes beyond it.
pub const WRONG_MAX: u32 = 10;
pub const WINDOW: Duration = Duration::from_secs(60);
/// Connections at once; more are closed unheard.
const CONNECTIONS_MAX: usize = 16;
/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 8 * 1024;
/// For all of a request.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(10);
/// After a failure to accept, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Rung by a hook; rings that nobody has heard yet are one.
pub type Bell = Arc<Notify>;

/// Where hooks knock: a door for each source that has a token.
#[derive(Debug, Default)]
pub struct Doors {
    doors: HashMap<String, Door>,
    wrong: Mutex<Window>,
}

#[derive(Debug)]
struct Door {
    /// Comparing digests takes the same time whatever they are, and tells no length.
    token: blake3::Hash,
    bell: Bell,
    hooks: Mutex<Window>,
}

/// Counts what happens within [`WINDOW`].
#[derive(Debug, Default)]
struct Window {
    began: Option<Instant>,
    count: u32,
}

impl Window {
    fn admits(&mut self, now: Instant, max: u32) -> bool {
        if self.began.is_none_or(|began| now.duration_since(began) >= WINDOW) {
            *self = Self { began: Some(now), count: 0 };
        }
        self.count = self.count.saturating_add(1);
        self.count <= max
    }
}

impl Doors {
    /// A door and its bell for each source that has a token. One whose token
    /// cannot be used has no hook and is read all the same.
    #[must_use]
    pub fn of(sources: &[Source]) -> (Self, HashMap<String, Bell>) {
        let (mut doors, mut bells) = (Self::default(), HashMap::new());
        for source in sources {
            let id = source.id.as_str();
            match source.token.as_ref().map(SecretRef::resolve) {
                None => {}
                Some(Err(error)) => tracing::error!(source = id, %error, "the hook's token cannot be read"),
                Some(Ok(token)) => match doors.open(id, &token) {
                    Some(bell) => drop(bells.insert(id.to_owned(), bell)),
                    None => {
                        tracing::error!(source = id, TOKEN_BYTES_MIN, "the hook's token is too short: it is not used")
                    }
                },
            }
        }
        (doors, bells)
    }

    /// The bell of a new door; `None` where the token is too short to keep anybody out.
    pub fn open(&mut self, source: &str, token: &Secret) -> Option<Bell> {
        let token = token.expose().as_bytes();
        if token.len() < TOKEN_BYTES_MIN {
            return None;
        }
        let bell = Bell::default();
        let door = Door { token: blake3::hash(token), bell: bell.clone(), hooks: Mutex::default() };
        self.doors.insert(source.to_owned(), door);
        Some(bell)
    }

    /// Whose door it is and that it may be rung, or the answer to whoever may not.
    fn judge(&self, request: &Request<impl Body>, now: Instant) -> Result<(&str, &Door), StatusCode> {
        let source = request.uri().path().strip_prefix("/hook/").unwrap_or_default();
        let (source, door) = self.doors.get_key_value(source).ok_or(StatusCode::NOT_FOUND)?;
        if request.method() != Method::POST {
            return Err(StatusCode::METHOD_NOT_ALLOWED);
        }
        if bearer(request.headers()).map(blake3::hash) != Some(door.token) {
            let told = lock(&self.wrong).admits(now, WRONG_MAX);
            if told {
                tracing::warn!(source, "a hook with a wrong token was refused");
            }
            return Err(if told { StatusCode::UNAUTHORIZED } else { StatusCode::TOO_MANY_REQUESTS });
        }
        if !lock(&door.hooks).admits(now, HOOKS_MAX) {
            return Err(StatusCode::TOO_MANY_REQUESTS);
        }
        let length =
            request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        if length.is_some_and(|length: u64| length > BODY_BYTES_MAX) {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        Ok((source, door))
    }

    async fn answer(&self, request: Request<Incoming>) -> StatusCode {
        let (source, door) = match self.judge(&request, Instant::now()) {
            Ok(found) => found,
            Err(status) => return status,
        };
        let mut body = Limited::new(request.into_body(), usize::try_from(BODY_BYTES_MAX).unwrap_or(usize::MAX));
        while let Some(frame) = body.frame().await {
            if frame.is_err() {
                return StatusCode::PAYLOAD_TOO_LARGE;
            }
        }
        tracing::info!(source, "the source calls: it is read at once");
        door.bell.notify_one();
        StatusCode::ACCEPTED
    }
}

/// `Authorization: Bearer …` (RFC 6750 §2.1).
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
}

/// Answers until it is stopped. An address that is taken costs the hooks and
/// nothing else: sources are read by their rhythm.
pub async fn listen(address: SocketAddr, doors: Doors, stop: watch::Receiver<bool>) {
    match TcpListener::bind(address).await {
        Ok(listener) => serve(listener, Arc::new(doors), stop).await,
        Err(error) => tracing::error!(%address, %error, "hooks cannot be heard at this address"),
    }
}

async fn serve(listener: TcpListener, doors: Arc<Doors>, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            _ = stop.changed() => return,
        };
        match accepted {
            Ok((stream, _)) if connections.len() < CONNECTIONS_MAX => {
                connections.spawn(tokio::time::timeout(REQUEST_TIME_MAX, connection(stream, doors.clone())));
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "a hook could not be heard");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, doors: Arc<Doors>) {
    let service = service_fn(move |request| {
        let doors = doors.clone();
        async move { Ok::<_, Infallible>(response(doors.answer(request).await)) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(HEAD_BYTES_MAX)
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_TIME_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a hook broke off");
    }
}

fn response(status: StatusCode) -> Response<Empty<Bytes>> {
    let mut response = Response::new(Empty::new());
    *response.status_mut() = status;
    let hint: Option<(HeaderName, &str)> = match status {
        StatusCode::METHOD_NOT_ALLOWED => Some((header::ALLOW, "POST")),
        StatusCode::UNAUTHORIZED => Some((header::WWW_AUTHENTICATE, "Bearer")),
        StatusCode::TOO_MANY_REQUESTS => Some((header::RETRY_AFTER, "60")),
        _ => None,
    };
    if let Some((name, value)) = hint {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn lock(window: &Mutex<Window>) -> std::sync::MutexGuard<'_, Window> {
    window.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "a-long-enough-token";

    fn doors() -> (Doors, Bell) {
        let mut doors = Doors::default();
        let bell = doors.open("cong-tinh", &Secret::new(TOKEN.into())).unwrap();
        (doors, bell)
    }

    fn judged(doors: &Doors, method: &str, path: &str, authorization: &str, now: Instant) -> u16 {
        let request = Request::builder().method(method).uri(path).header(header::AUTHORIZATION, authorization);
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        doors.judge(&request, now).map_or_else(|status| status.as_u16(), |_| 202)
    }

    #[test]
    fn only_the_token_opens_the_door_and_only_to_its_source() {
        let (mut doors, _) = doors();
        doors.open("other", &Secret::new("another-long-token".into())).unwrap();
        let now = Instant::now();
        let judge = |method, path, authorization: &str| judged(&doors, method, path, authorization, now);
        let right = format!("Bearer {TOKEN}");
        assert_eq!(judge("POST", "/hook/cong-tinh", &right), 202);
        assert_eq!(judge("POST", "/hook/cong-tinh?x=1", &format!("bearer {TOKEN}")), 202);
        assert_eq!(judge("GET", "/hook/cong-tinh", &right), 405);
        for path in ["/", "/hook/", "/hook", "/hook/nobody", "/hook/cong-tinh/", "/Hook/cong-tinh", "/hook/%63ong-tinh"]
        {
            assert_eq!(judge("POST", path, &right), 404, "{path}");
        }
        for wrong in ["", "Bearer", "Bearer ", TOKEN, "Basic a-long-enough-token", "Bearer a-long-enough-toke"] {
            assert_eq!(judge("POST", "/hook/cong-tinh", wrong), 401, "{wrong}");
        }
        assert_eq!(judge("POST", "/hook/other", &right), 401, "another source's token");
    }

    #[test]
    fn guessing_is_slowed_down_and_does_not_lock_the_right_one_out() {
        let (doors, _) = doors();
        let (now, right) = (Instant::now(), format!("Bearer {TOKEN}"));
        let wrong: Vec<u16> =
            (0..WRONG_MAX + 5).map(|_| judged(&doors, "POST", "/hook/cong-tinh", "Bearer guess", now)).collect();
        assert_eq!(wrong.iter().filter(|&&status| status == 401).count(), WRONG_MAX as usize);
        assert_eq!(wrong.last(), Some(&429));
        assert_eq!(judged(&doors, "POST", "/hook/cong-tinh", &right, now), 202);
        assert_eq!(judged(&doors, "POST", "/hook/cong-tinh", "Bearer guess", now + WINDOW), 401);
    }

    #[test]
    fn a_source_that_calls_without_end_is_told_to_wait() {
        let (doors, _) = doors();
        let (now, right) = (Instant::now(), format!("Bearer {TOKEN}"));
        let judge = |now| judged(&doors, "POST", "/hook/cong-tinh", &right, now);
        assert!((0..HOOKS_MAX).all(|_| judge(now) == 202));
        assert_eq!(judge(now), 429);
        assert_eq!(judge(now + WINDOW), 202);
    }

    #[test]
    fn a_token_that_could_be_guessed_opens_nothing_and_no_token_is_shown() {
        let (mut doors, _) = doors();
        assert!(doors.open("short", &Secret::new("a".repeat(TOKEN_BYTES_MIN - 1))).is_none());
        assert!(!format!("{doors:?}").contains(TOKEN));
    }
}
