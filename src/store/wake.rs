//! Who wants to know that there is work: one bell per portal.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::delivery::{Class, PortalId};

/// Bells by portal; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Wakes {
    bells: Arc<Mutex<HashMap<PortalId, Arc<Bell>>>>,
}

/// Rings when a portal has work, and remembers the best class that rang.
#[derive(Debug)]
pub struct Bell {
    notify: Notify,
    /// Place of the best class in [`Class::ALL`] since it was last asked for.
    best: AtomicUsize,
}

impl Default for Bell {
    fn default() -> Self {
        Self { notify: Notify::new(), best: AtomicUsize::new(Class::ALL.len()) }
    }
}

impl Bell {
    /// Announce interest (`enable`) before looking for work.
    pub fn notified(&self) -> tokio::sync::futures::Notified<'_> {
        self.notify.notified()
    }

    /// Whether something better than `class` came since the last question.
    #[must_use]
    pub fn rang_for_better_than(&self, class: Class) -> bool {
        let place = place(class);
        if self.best.load(Ordering::Acquire) >= place {
            return false;
        }
        self.best.swap(Class::ALL.len(), Ordering::AcqRel) < place
    }

    fn ring(&self, best: usize) {
        self.best.fetch_min(best, Ordering::AcqRel);
        self.notify.notify_waiters();
    }
}

fn place(class: Class) -> usize {
    Class::ALL.iter().position(|&other| other == class).unwrap_or(Class::ALL.len())
}

impl Wakes {
    #[must_use]
    pub fn bell(&self, portal: PortalId) -> Arc<Bell> {
        self.bells.lock().unwrap_or_else(PoisonError::into_inner).entry(portal).or_default().clone()
    }

    pub(super) fn wake(&self, portals: &BTreeMap<PortalId, Class>) {
        if portals.is_empty() {
            return;
        }
        let bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
        for (portal, &class) in portals {
            if let Some(bell) = bells.get(portal) {
                bell.ring(place(class));
            }
        }
    }

    /// Something changed from outside: everybody looks.
    pub fn wake_all(&self) {
        for bell in self.bells.lock().unwrap_or_else(PoisonError::into_inner).values() {
            bell.ring(0);
        }
    }
}
