//! What the portals of one installation share: in-flight limit, rate, breaker,
//! and the question whose failure a failure was.
//!
//! Wanted: the limits are never exceeded, whatever the number of lanes; an
//! installation that is down costs one probe at a time and nobody's tries;
//! one cause is one alert. Accepted: lanes that were already calling when the
//! breaker opened finish their call.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::delivery::{InstallationId, Moment};
use crate::retry;
use crate::store::Health;

/// The limits of an installation.
#[derive(Debug, Clone, PartialEq)]
pub struct GateLimits {
    pub in_flight: usize,
    /// Calls per second.
    pub rate: Option<f64>,
}

#[derive(Debug)]
pub struct Gate {
    pub installation: InstallationId,
    permits: Semaphore,
    pace: Option<Pace>,
    breaker: Breaker,
    /// One lane at a time asks whose failure it was, or whether the installation is back.
    pub(super) diagnosis: tokio::sync::Mutex<()>,
}

impl Gate {
    #[must_use]
    pub fn new(installation: InstallationId, limits: &GateLimits, health: Health) -> Self {
        Self {
            installation,
            permits: Semaphore::new(limits.in_flight.max(1)),
            pace: limits.rate.map(Pace::new),
            breaker: Breaker::new(health),
            diagnosis: tokio::sync::Mutex::new(()),
        }
    }

    /// Waits for a place and for the pace. Cancel-safe: a call that is given
    /// up here has used up a beat at most.
    ///
    /// # Panics
    /// Never: the semaphore is not closed.
    pub async fn enter(&self) -> SemaphorePermit<'_> {
        let permit = self.permits.acquire().await.expect("a gate is never closed");
        if let Some(pace) = &self.pace {
            tokio::time::sleep_until(pace.next()).await;
        }
        permit
    }

    #[must_use]
    pub fn breaker(&self) -> &Breaker {
        &self.breaker
    }
}

/// Spreads calls evenly in time (a generic cell rate algorithm with a burst of one).
#[derive(Debug)]
struct Pace {
    beat: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    fn new(per_second: f64) -> Self {
        Self { beat: Duration::from_secs_f64(1.0 / per_second.max(0.001)), next: Mutex::new(None) }
    }

    fn next(&self) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let at = next.map_or(now, |next| next.max(now));
        *next = Some(at + self.beat);
        at
    }
}

/// A breaker that heals itself by probes, kept in the ledger.
#[derive(Debug)]
pub struct Breaker {
    health: Mutex<Health>,
}

/// Whether calls may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    Free,
    /// Closed until then; afterwards one probe.
    Until(Moment),
    /// A probe is due.
    Probe,
    /// Only a person or the configuration ends it.
    Held,
}

impl Breaker {
    #[must_use]
    pub fn new(health: Health) -> Self {
        Self { health: Mutex::new(health) }
    }

    #[must_use]
    pub fn passage(&self, now: Moment) -> Passage {
        let health = self.lock();
        match (&health.held, health.open_until) {
            (Some(_), _) => Passage::Held,
            (None, None) => Passage::Free,
            (None, Some(until)) if now < until => Passage::Until(until),
            (None, Some(_)) => Passage::Probe,
        }
    }

    /// Opens it, or keeps it open after a probe that failed.
    pub fn open(&self, reason: String, after: Option<Duration>, now: Moment) -> Health {
        let mut health = self.lock();
        health.failures = health.failures.saturating_add(1);
        health.open_until = Some(now.after(retry::probe(health.failures, after, fastrand::f64())));
        health.reason = Some(reason);
        health.clone()
    }

    pub fn hold(&self, kind: &str, reason: String) -> Health {
        let mut health = self.lock();
        health.failures = health.failures.saturating_add(1);
        health.held = Some(kind.to_owned());
        health.reason = Some(reason);
        health.clone()
    }

    /// A call succeeded. `Some`: that ends a trouble and is to be stored.
    pub fn heal(&self) -> Option<Health> {
        let mut health = self.lock();
        if *health == Health::default() {
            return None;
        }
        *health = Health::default();
        Some(health.clone())
    }

    /// What the ledger says now: an operator may have let it go.
    pub fn take_over(&self, health: Health) {
        *self.lock() = health;
    }

    #[must_use]
    pub fn is_troubled(&self) -> bool {
        let health = self.lock();
        health.held.is_some() || health.open_until.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_breaker_opens_is_probed_and_heals() {
        let breaker = Breaker::new(Health::default());
        let now = Moment(1_000_000);
        assert_eq!(breaker.passage(now), Passage::Free);
        let health = breaker.open("down".into(), None, now);
        let until = health.open_until.unwrap();
        assert_eq!(breaker.passage(now), Passage::Until(until));
        assert_eq!(breaker.passage(until), Passage::Probe);
        assert_eq!(breaker.heal(), Some(Health::default()));
        assert_eq!((breaker.passage(now), breaker.heal()), (Passage::Free, None));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pace_spreads_calls_evenly() {
        let limits = GateLimits { in_flight: 4, rate: Some(0.5) };
        let gate = Gate::new(InstallationId(1), &limits, Health::default());
        let began = Instant::now();
        for _ in 0..3 {
            drop(gate.enter().await);
        }
        assert_eq!(began.elapsed().as_secs(), 4);
    }
}
