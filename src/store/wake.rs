//! Who wants to know that there is work: one bell per portal.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::delivery::PortalId;

/// Bells by portal; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Wakes {
    bells: Arc<Mutex<HashMap<PortalId, Arc<Notify>>>>,
}

impl Wakes {
    /// The bell of a portal. Announce interest (`notified().enable()`) before looking for work.
    #[must_use]
    pub fn bell(&self, portal: PortalId) -> Arc<Notify> {
        self.bells.lock().unwrap_or_else(PoisonError::into_inner).entry(portal).or_default().clone()
    }

    pub(super) fn wake(&self, portals: &BTreeSet<PortalId>) {
        if portals.is_empty() {
            return;
        }
        let bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
        for bell in portals.iter().filter_map(|portal| bells.get(portal)) {
            bell.notify_waiters();
        }
    }

    /// Something changed from outside: everybody looks.
    pub fn wake_all(&self) {
        for bell in self.bells.lock().unwrap_or_else(PoisonError::into_inner).values() {
            bell.notify_waiters();
        }
    }
}
