//! The only caller of adapters: closes the difference between what is wanted
//! and what stands.
//!
//! One lane per portal with its own slots; above the lanes a gate per
//! installation. Reading order: `lane` (what is picked and when), `hand`
//! (one delivery, step by step), `gate` (limits, breaker and blame of an
//! installation).

mod gate;
mod hand;
mod lane;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use dongbo_sdk::{Adapter, Removal};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

pub use gate::{Gate, GateLimits};

use crate::delivery::PortalId;
use crate::media::Pictures;
use crate::store::{PortalRow, Store, StoreError};

/// Bytes of media that are in memory at once, over all lanes.
const MEDIA_BYTES: usize = 64 * 1024 * 1024;

/// A portal as the worker needs it.
#[derive(Debug, Clone)]
pub struct Place {
    pub row: PortalRow,
    pub adapter: Arc<dyn Adapter>,
    pub gate: Arc<Gate>,
    /// Deliveries in hand at once.
    pub slots: usize,
    /// The end of one call.
    pub timeout: Duration,
    /// How long the server may go on working on one request.
    pub settles_within: Duration,
    pub create_burst: u32,
    pub removal: Option<Removal>,
    /// The portal's rules ask for drafts.
    pub drafts: bool,
}

/// The running lanes.
#[derive(Debug)]
pub struct Worker {
    stop: watch::Sender<bool>,
    lanes: Vec<JoinHandle<Result<(), StoreError>>>,
    pulse: Arc<std::sync::atomic::AtomicU64>,
}

impl Worker {
    /// Starts a lane for every place. Open attempts were recovered before.
    #[must_use]
    pub fn start(store: &Store, places: Vec<Place>, pictures: &Pictures) -> Self {
        let (stop, stopped) = watch::channel(false);
        let budget = Arc::new(Semaphore::new(MEDIA_BYTES / 1024));
        let pulse = Arc::new(std::sync::atomic::AtomicU64::new(0));
        let shared = hand::Shared::new(store.clone(), pictures.clone(), budget);
        let lanes = places
            .into_iter()
            .map(|place| tokio::spawn(lane::Lane::new(place, shared.clone(), stopped.clone(), pulse.clone()).run()))
            .collect();
        Self { stop, lanes, pulse }
    }

    /// Picks and waits of all lanes so far: the watchdog's proof of life.
    #[must_use]
    pub fn progress(&self) -> u64 {
        self.pulse.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Whether a lane ended although nobody asked: the ledger's disk fails.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.lanes.iter().any(JoinHandle::is_finished)
    }

    /// Takes nothing new in hand, lets what is in hand end within `limit`, and
    /// gives up the rest: an attempt without an end is a doubt that the next start clears.
    ///
    /// # Errors
    /// The failure that ended a lane.
    pub async fn stop(self, limit: Duration) -> Result<(), StoreError> {
        let _ = self.stop.send(true);
        let deadline = tokio::time::Instant::now() + limit;
        let mut result = Ok(());
        for mut lane in self.lanes {
            match tokio::time::timeout_at(deadline, &mut lane).await {
                Ok(Ok(Err(error))) => result = Err(error),
                Ok(Ok(Ok(())) | Err(_)) => {}
                Err(_) => lane.abort(),
            }
        }
        result
    }
}

/// Gates by installation, made once and shared by their portals.
#[derive(Debug, Default)]
pub struct Gates {
    gates: HashMap<crate::delivery::InstallationId, Arc<Gate>>,
}

impl Gates {
    pub fn of(&mut self, row: &PortalRow, limits: &GateLimits) -> Arc<Gate> {
        self.gates
            .entry(row.installation)
            .or_insert_with(|| Arc::new(Gate::new(row.installation, limits, row.installation_health.clone())))
            .clone()
    }
}

/// Names a portal in logs.
#[derive(Debug, Clone)]
struct Name {
    id: PortalId,
    text: Arc<str>,
}
