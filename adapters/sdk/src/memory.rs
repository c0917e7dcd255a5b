//! An in-memory portal.
//!
//! [`MemorySite`] is the portal: it has state, limits and habits of its own,
//! and tests look into it and plant things there. [`MemoryAdapter`] is the
//! adapter: it knows the site only through requests on a [`wire`](crate::wire)
//! on which faults can be scripted. Clones of a site share it.
//!
//! The site does nothing for us that a CMS would not do: with
//! [`KeySupport::Searchable`] a second create is a second object.
//!
//! No lock is held across an await. A request whose caller has gone goes on
//! where the site has an answer time, as on a real server.

mod adapter;
mod server;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use adapter::MemoryAdapter;

use crate::adapter::Removal;
use crate::capability::{CategorySupport, DateSupport, KeySupport};
use crate::error::Operation;
use crate::fake::Latency;
use crate::fault::Faults;
use crate::http::Effect;
use crate::key::{Key, MediaKey};
use crate::post::Media;
use crate::remote::{RemoteCopy, RemoteId, RemoteStatus};

/// The habits of a site. Start from `Default` and change what the test is about.
#[derive(Debug, Clone, PartialEq)]
pub struct MemoryOptions {
    /// Names the site; see [`CheckReport::site`].
    pub site: String,
    pub key: KeySupport,
    /// Look-ups under a key that do not see a new object yet.
    pub find_lag: u32,
    /// How long a request may take; adjustable later with [`MemorySite::set_latency`].
    pub latency: Latency,
    pub reply_is_read_back: bool,
    pub removals: Vec<Removal>,
    pub publish_date: DateSupport,
    pub category_support: CategorySupport,
    /// Categories that exist from the start.
    pub categories: Vec<String>,
    pub drafts: bool,
    pub media: bool,
    pub list: bool,
    /// Objects on a page of a listing.
    pub page_size: usize,
    /// A longer title is refused.
    pub title_chars_max: Option<usize>,
    /// A longer body is refused.
    pub body_bytes_max: Option<usize>,
    pub media_bytes_max: Option<usize>,
    pub in_flight_max: Option<u16>,
}

impl Default for MemoryOptions {
    fn default() -> Self {
        Self {
            site: "memory:1".to_owned(),
            key: KeySupport::Searchable,
            find_lag: 0,
            latency: Latency::default(),
            reply_is_read_back: true,
            removals: vec![Removal::Hide, Removal::Trash, Removal::Delete],
            publish_date: DateSupport::Exact,
            category_support: CategorySupport::Create,
            categories: vec!["Tin tức".to_owned(), "Thông báo".to_owned()],
            drafts: true,
            media: true,
            list: true,
            page_size: 10,
            title_chars_max: None,
            body_bytes_max: Some(1024 * 1024),
            media_bytes_max: Some(1024 * 1024),
            in_flight_max: None,
        }
    }
}

/// One object as the site stores it.
#[derive(Debug, Clone, PartialEq)]
pub struct MemoryObject {
    pub copy: RemoteCopy,
    pub tags: Vec<String>,
    pub byline: Option<String>,
    pub canonical: String,
    /// Look-ups that still do not see it.
    unseen: u32,
}

/// One request that the site acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryEntry {
    pub operation: Operation,
    pub effect: Effect,
    /// The number of the object that was addressed or made.
    pub object: Option<u64>,
}

/// A portal in memory. Clones share it.
#[derive(Debug, Clone)]
pub struct MemorySite {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: MemoryOptions,
    state: Mutex<State>,
    faults: Faults,
    latency: Mutex<Latency>,
    turn: AtomicUsize,
    in_flight: AtomicUsize,
    in_flight_peak: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    site: String,
    last_id: u64,
    objects: BTreeMap<u64, MemoryObject>,
    by_key: HashMap<Key, Vec<u64>>,
    media: BTreeMap<u64, (MediaKey, Media)>,
    categories: BTreeSet<String>,
    journal: Vec<MemoryEntry>,
}

impl Default for MemorySite {
    fn default() -> Self {
        Self::new(MemoryOptions::default())
    }
}

impl MemorySite {
    #[must_use]
    pub fn new(options: MemoryOptions) -> Self {
        let state = State {
            site: options.site.clone(),
            categories: options.categories.iter().cloned().collect(),
            ..State::default()
        };
        let latency = Mutex::new(options.latency);
        Self {
            shared: Arc::new(Shared {
                options,
                state: Mutex::new(state),
                faults: Faults::default(),
                latency,
                turn: AtomicUsize::new(0),
                in_flight: AtomicUsize::new(0),
                in_flight_peak: AtomicUsize::new(0),
            }),
        }
    }

    /// An adapter that speaks to this site.
    #[must_use]
    pub fn adapter(&self) -> MemoryAdapter {
        MemoryAdapter::new(self.clone())
    }

    /// The script of the wire between the adapters and this site.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    #[must_use]
    pub fn options(&self) -> &MemoryOptions {
        &self.shared.options
    }

    /// All objects, oldest first.
    #[must_use]
    pub fn objects(&self) -> Vec<MemoryObject> {
        self.state().objects.values().cloned().collect()
    }

    /// How many objects stand, without copying them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state().objects.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[must_use]
    pub fn object(&self, id: &RemoteId) -> Option<MemoryObject> {
        self.state().objects.get(&server::number(id)?).cloned()
    }

    /// All objects under a key, in every state.
    #[must_use]
    pub fn under(&self, key: &Key) -> Vec<MemoryObject> {
        let state = self.state();
        let ids = state.by_key.get(key).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|id| state.objects.get(id)).cloned().collect()
    }

    /// Keys that more than one object carries.
    #[must_use]
    pub fn duplicates(&self) -> Vec<Key> {
        self.state().by_key.iter().filter(|(_, ids)| ids.len() > 1).map(|(key, _)| key.clone()).collect()
    }

    /// Puts an object on the site as its own editors would, or as another program with a key.
    pub fn plant(&self, title: &str, body: &str, key: Option<Key>) -> RemoteId {
        let copy = RemoteCopy {
            id: RemoteId(String::new()),
            key,
            version: None,
            url: None,
            status: RemoteStatus::Public,
            title: title.to_owned(),
            summary: String::new(),
            body: body.to_owned(),
            categories: Vec::new(),
            published: None,
            featured: None,
            pinned: Some(false),
        };
        let object = MemoryObject { copy, tags: Vec::new(), byline: None, canonical: String::new(), unseen: 0 };
        self.state().insert(object).copy.id
    }

    /// Changes an object as the site's editors would. Says whether it was there.
    pub fn edit(&self, id: &RemoteId, change: impl FnOnce(&mut RemoteCopy)) -> bool {
        let mut state = self.state();
        let found = server::number(id).and_then(|id| state.objects.get_mut(&id));
        let Some(object) = found else { return false };
        let key = object.copy.key.clone();
        change(&mut object.copy);
        object.copy.key = key;
        server::touch(object);
        true
    }

    /// Removes an object for good, as the site's editors would. Says whether it was there.
    pub fn remove(&self, id: &RemoteId) -> bool {
        server::number(id).is_some_and(|id| self.state().remove(id).is_some())
    }

    /// From here on another site answers, which knows nothing of ours.
    pub fn replace_by(&self, site: &str) {
        let categories = self.shared.options.categories.iter().cloned().collect();
        *self.state() = State { site: site.to_owned(), categories, ..State::default() };
    }

    /// The files on the site, oldest first.
    #[must_use]
    pub fn media(&self) -> Vec<(RemoteId, MediaKey, Media)> {
        let state = self.state();
        state.media.iter().map(|(id, (key, media))| (RemoteId(id.to_string()), key.clone(), media.clone())).collect()
    }

    #[must_use]
    pub fn categories(&self) -> Vec<String> {
        self.state().categories.iter().cloned().collect()
    }

    /// What the site did, in order.
    #[must_use]
    pub fn journal(&self) -> Vec<MemoryEntry> {
        self.state().journal.clone()
    }

    /// How many requests of this operation and effect the site acted on.
    #[must_use]
    pub fn count(&self, operation: Operation, effect: Effect) -> usize {
        let state = self.state();
        state.journal.iter().filter(|entry| entry.operation == operation && entry.effect == effect).count()
    }

    /// How many requests came that could change something.
    #[must_use]
    pub fn writes(&self) -> usize {
        self.state().journal.iter().filter(|entry| entry.effect == Effect::Writes).count()
    }

    pub fn forget_journal(&self) {
        self.state().journal.clear();
        let now = self.shared.in_flight.load(Ordering::SeqCst);
        self.shared.in_flight_peak.store(now, Ordering::SeqCst);
    }

    /// The most requests that were ever at work at once.
    #[must_use]
    pub fn in_flight_peak(&self) -> usize {
        self.shared.in_flight_peak.load(Ordering::SeqCst)
    }

    pub fn set_latency(&self, latency: Latency) {
        *self.shared.latency.lock().unwrap_or_else(PoisonError::into_inner) = latency;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Half of the next request's answer time; a Weyl sequence spreads the times evenly and repeatably.
    fn half_wait(&self) -> Duration {
        let latency = *self.shared.latency.lock().unwrap_or_else(PoisonError::into_inner);
        if latency.max.is_zero() {
            return Duration::ZERO;
        }
        let step = self.shared.turn.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9) % 1000;
        let spread = latency.max.saturating_sub(latency.min);
        (latency.min + spread * u32::try_from(step).unwrap_or(0) / 1000) / 2
    }
}
