//! A kit for stateful fake CMS servers.
//!
//! A fake is an axum router over its own state. The kit gives it a real
//! socket on loopback, a journal that tests read, adjustable answer times, and
//! the habit of real servers to finish a request whose caller has gone. A
//! fake that answers before it has acted would hide the worst duplicates, so
//! the waiting is split: before acting and before answering.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tokio::sync::oneshot;
use url::Url;

/// Answer times: each request waits a time between `min` and `max`, half of
/// it before it acts and half before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Latency {
    pub min: Duration,
    pub max: Duration,
}

/// One request as the server saw it.
#[derive(Debug, Clone)]
pub struct Entry {
    pub started: Instant,
    pub method: String,
    /// Path and query.
    pub target: String,
    /// `None`: still at work.
    pub status: Option<u16>,
    /// Requests at work when this one came, itself included.
    pub in_flight: usize,
}

/// What happened on a fake; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Journal {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    entries: Mutex<Vec<Entry>>,
    /// Entries forgotten so far: numbers go on.
    forgotten: AtomicUsize,
    latency: Mutex<Latency>,
    /// Writes to targets that contain the word take this time instead.
    slow_writes: Mutex<Option<(String, Latency)>>,
    in_flight: AtomicUsize,
    in_flight_peak: AtomicUsize,
    down: AtomicBool,
    seed: AtomicUsize,
}

impl Journal {
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().clone()
    }

    /// Requests per method, for quick assertions.
    #[must_use]
    pub fn by_method(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for entry in self.lock().iter() {
            *counts.entry(entry.method.clone()).or_default() += 1;
        }
        counts
    }

    /// The most requests that were ever at work at once.
    #[must_use]
    pub fn in_flight_peak(&self) -> usize {
        self.shared.in_flight_peak.load(Ordering::SeqCst)
    }

    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.shared.in_flight.load(Ordering::SeqCst)
    }

    pub fn forget(&self) {
        let mut entries = self.lock();
        self.shared.forgotten.fetch_add(entries.len(), Ordering::SeqCst);
        entries.clear();
        drop(entries);
        self.shared.in_flight_peak.store(self.in_flight(), Ordering::SeqCst);
    }

    pub fn set_latency(&self, latency: Latency) {
        *self.shared.latency.lock().unwrap_or_else(PoisonError::into_inner) = latency;
    }

    /// Lets only writes whose target contains `word` take this time; `None`: no longer.
    pub fn set_slow_writes(&self, slow: Option<(&str, Latency)>) {
        let slow = slow.map(|(word, latency)| (word.to_owned(), latency));
        *self.shared.slow_writes.lock().unwrap_or_else(PoisonError::into_inner) = slow;
    }

    /// A server that is down answers nothing but 503 from a proxy before it and acts on nothing.
    pub fn set_down(&self, down: bool) {
        self.shared.down.store(down, Ordering::SeqCst);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Entry>> {
        self.shared.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, request: &Request) -> usize {
        let in_flight = self.shared.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.shared.in_flight_peak.fetch_max(in_flight, Ordering::SeqCst);
        let mut entries = self.lock();
        entries.push(Entry {
            started: Instant::now(),
            method: request.method().to_string(),
            target: request.uri().to_string(),
            status: None,
            in_flight,
        });
        entries.len() - 1 + self.shared.forgotten.load(Ordering::SeqCst)
    }

    fn end(&self, number: usize, status: u16) {
        self.shared.in_flight.fetch_sub(1, Ordering::SeqCst);
        let mut entries = self.lock();
        let place = number.checked_sub(self.shared.forgotten.load(Ordering::SeqCst));
        if let Some(entry) = place.and_then(|place| entries.get_mut(place)) {
            entry.status = Some(status);
        }
    }

    fn slowed(&self, request: &Request) -> Option<Latency> {
        let slow = self.shared.slow_writes.lock().unwrap_or_else(PoisonError::into_inner);
        let (word, latency) = slow.as_ref()?;
        (request.method() != axum::http::Method::GET && request.uri().to_string().contains(word.as_str()))
            .then_some(*latency)
    }

    /// Half of a request's answer time. A Weyl sequence spreads the times evenly and repeatably.
    fn half_wait(&self, slow: Option<Latency>) -> Duration {
        let latency = slow.unwrap_or(*self.shared.latency.lock().unwrap_or_else(PoisonError::into_inner));
        let step = self.shared.seed.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9) % 1000;
        let spread = latency.max.saturating_sub(latency.min);
        (latency.min + spread * u32::try_from(step).unwrap_or(0) / 1000) / 2
    }
}

/// A running fake. Dropping it closes the socket at once.
#[derive(Debug)]
pub struct FakeServer {
    address: SocketAddr,
    journal: Journal,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl FakeServer {
    /// Serves `app` on a free port of loopback, in a thread of its own.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    pub fn start(app: Router) -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), app, Journal::default())
    }

    /// Serves on a given address with a given journal: a server that comes back.
    ///
    /// # Panics
    /// When the address is taken.
    #[must_use]
    pub fn start_at(address: SocketAddr, app: Router, journal: Journal) -> Self {
        let listener = TcpListener::bind(address).expect("a free port on loopback");
        listener.set_nonblocking(true).expect("a socket that does not block");
        let address = listener.local_addr().expect("a bound socket");
        let app = app.layer(middleware::from_fn_with_state(journal.clone(), record));
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                tokio::select! {
                    served = axum::serve(listener, app) => served.expect("a server"),
                    _ = stopped => {}
                }
            });
        });
        Self { address, journal, stop: Some(stop), thread: Some(thread) }
    }

    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// # Panics
    /// Never: a socket address is a valid host.
    #[must_use]
    pub fn url(&self) -> Url {
        Url::parse(&format!("http://{}", self.address)).expect("an address")
    }

    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.journal
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn record(State(journal): State<Journal>, request: Request, next: Next) -> Response {
    if journal.shared.down.load(Ordering::SeqCst) {
        return (StatusCode::SERVICE_UNAVAILABLE, "<html>upstream is down</html>").into_response();
    }
    let number = journal.begin(&request);
    let slow = journal.slowed(&request);
    // A task of its own: the work goes on when the caller has gone.
    let work = tokio::spawn(async move {
        tokio::time::sleep(journal.half_wait(slow)).await;
        let response = next.run(request).await;
        tokio::time::sleep(journal.half_wait(slow)).await;
        journal.end(number, response.status().as_u16());
        response
    });
    work.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}
