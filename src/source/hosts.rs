//! Manners towards hosts: however many sources, pages and originals stand on
//! one server, it is asked a few things at once and not too fast.
//!
//! Wanted: the limits hold for everyone who shares a [`Hosts`], and a host
//! that is slow delays no other. Accepted: an asker who gives up has used up
//! a beat; ports are told apart, because a port is another server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use url::Url;

/// Hosts that are remembered while nobody asks them.
pub const HOSTS_MAX: usize = 1024;

/// What one host is asked to bear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Politeness {
    /// Requests under way at once. At least 1.
    pub in_flight: usize,
    /// Between the beginnings of two requests.
    pub pause: Duration,
}

/// The lanes to all hosts; clones share them.
#[derive(Debug, Clone)]
pub struct Hosts {
    politeness: Politeness,
    lanes: Arc<Mutex<HashMap<Host, Arc<Lane>>>>,
}

/// A server's name, with the port where it is not the usual one: `http` and
/// `https` lead to the same machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Host(String, Option<u16>);

impl Host {
    #[must_use]
    pub fn of(url: &Url) -> Self {
        let name = url.host_str().unwrap_or_default().trim_end_matches('.');
        Self(name.to_owned(), url.port())
    }
}

/// A request's place with a host, held while the answer is read.
#[derive(Debug)]
pub struct Place {
    _permit: Option<OwnedSemaphorePermit>,
}

#[derive(Debug)]
struct Lane {
    places: Arc<Semaphore>,
    /// When the next request may begin.
    next: Mutex<Option<Instant>>,
}

impl Hosts {
    #[must_use]
    pub fn new(politeness: Politeness) -> Self {
        Self { politeness, lanes: Arc::default() }
    }

    /// Waits for a place with the host of an address, and for its pace. Fair:
    /// who came first goes first.
    pub async fn enter(&self, url: &Url) -> Place {
        let lane = self.lane(Host::of(url));
        // No lane is ever closed.
        let permit = lane.places.clone().acquire_owned().await.ok();
        tokio::time::sleep_until(lane.beat(self.politeness.pause)).await;
        Place { _permit: permit }
    }

    fn lane(&self, host: Host) -> Arc<Lane> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if lanes.len() >= HOSTS_MAX && !lanes.contains_key(&host) {
            let now = Instant::now();
            lanes.retain(|_, lane| Arc::strong_count(lane) > 1 || lane.is_busy(self.politeness.in_flight, now));
        }
        let new = || {
            Arc::new(Lane {
                places: Arc::new(Semaphore::new(self.politeness.in_flight.max(1))),
                next: Mutex::default(),
            })
        };
        lanes.entry(host).or_insert_with(new).clone()
    }
}

impl Lane {
    fn beat(&self, pause: Duration) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let at = next.map_or(now, |next| next.max(now));
        *next = Some(at + pause);
        at
    }

    /// A request is under way, or the last one began just now.
    fn is_busy(&self, in_flight: usize, now: Instant) -> bool {
        let next = *self.next.lock().unwrap_or_else(PoisonError::into_inner);
        self.places.available_permits() < in_flight || next.is_some_and(|next| next > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(in_flight: usize, pause_ms: u64) -> Hosts {
        Hosts::new(Politeness { in_flight, pause: Duration::from_millis(pause_ms) })
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn requests_to_one_host_keep_their_distance_and_others_do_not_wait() {
        let (hosts, began) = (hosts(100, 500), Instant::now());
        for address in ["https://a.example.vn/1", "http://a.example.vn/2", "https://A.example.vn./3"] {
            hosts.enter(&url(address)).await;
        }
        assert_eq!(began.elapsed(), Duration::from_millis(1000), "the first goes at once");
        hosts.enter(&url("https://b.example.vn/")).await;
        hosts.enter(&url("https://a.example.vn:8443/")).await;
        assert_eq!(began.elapsed(), Duration::from_millis(1000));
    }

    #[tokio::test(start_paused = true)]
    async fn a_third_request_waits_until_one_of_two_is_answered() {
        let (hosts, began) = (hosts(2, 0), Instant::now());
        let (first, _second) =
            (hosts.enter(&url("https://a.example.vn/")).await, hosts.enter(&url("https://a.example.vn/")).await);
        let third = tokio::spawn({
            let hosts = hosts.clone();
            async move {
                let _place = hosts.enter(&url("https://a.example.vn/")).await;
                began.elapsed()
            }
        });
        tokio::time::sleep(Duration::from_secs(30)).await;
        hosts.enter(&url("https://b.example.vn/")).await;
        assert_eq!(began.elapsed(), Duration::from_secs(30), "the slow host delays no other");
        drop(first);
        assert_eq!(third.await.unwrap(), Duration::from_secs(30));
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_leaves_no_place_taken() {
        let hosts = hosts(1, 0);
        let address = url("https://a.example.vn/");
        let place = hosts.enter(&address).await;
        assert!(tokio::time::timeout(Duration::from_secs(1), hosts.enter(&address)).await.is_err());
        drop(place);
        assert!(tokio::time::timeout(Duration::from_secs(1), hosts.enter(&address)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn hosts_without_end_are_forgotten_but_not_those_that_are_asked() {
        let hosts = hosts(1, 500);
        let asked = hosts.enter(&url("https://asked.example.vn/")).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        for number in 0..3 * HOSTS_MAX {
            hosts.enter(&url(&format!("https://h{number}.example.vn/"))).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let known = hosts.lanes.lock().unwrap().len();
        assert!(known <= HOSTS_MAX + 1, "{known}");
        let address = url("https://asked.example.vn/");
        let again = hosts.enter(&address);
        assert!(tokio::time::timeout(Duration::from_secs(1), again).await.is_err(), "its place is still taken");
        drop(asked);
    }
}
