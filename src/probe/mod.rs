//! Looks at a portal from outside, without an account: what made it, whether
//! its API answers, where its feeds stand, and which road is open for dongbo.
//!
//! It asks little and slowly, verifies every certificate and changes nothing.
//! Whatever an address leads to ends in a [`Finding`]. It knows the names of
//! CMSs, as data, and must not know the ledger, adapters or the configuration.

mod answer;
pub mod api;
pub mod feeds;
pub mod page;
pub mod road;
pub mod signs;
pub mod tls;
mod tour;
pub mod words;
pub mod write;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt as _;
use serde::Serialize;
use tokio::time::Instant;

use crate::source::{Fetcher, Limits, ReadError};
use api::Api;
use feeds::Feed;
use road::{Outcome, Road, Why};
use signs::Recognised;
use tls::Tls;

/// Questions to one site, redirects not counted.
pub const REQUESTS_MAX: usize = 10;
/// Pause between two questions to one host, whichever addresses they are for.
pub const PACE: Duration = Duration::from_millis(250);

/// An address to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// As a person wrote it; the scheme may be missing.
    pub address: String,
    /// What it is called there.
    pub name: Option<String>,
}

/// What a look at one address came to. The JSON is an interface: fields are
/// added, never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// As it was given.
    pub address: String,
    pub name: Option<String>,
    pub outcome: Outcome,
    pub page: Option<Front>,
    pub tls: Tls,
    pub platform: Option<Recognised>,
    /// The firewall or challenge that answered in the site's place.
    pub guard: Option<&'static str>,
    pub api: Api,
    pub feeds: Vec<Feed>,
    pub road: Road,
    pub why: Why,
    pub notes: Vec<Note>,
    /// The technical cause, where something failed; English.
    pub trouble: Option<String>,
    pub requests: usize,
}

/// The main page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Front {
    /// After redirects.
    pub url: String,
    pub status: u16,
    /// Plain text on one line, cut.
    pub title: Option<String>,
    pub content_type: Option<String>,
}

/// What else a person should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Note {
    /// The time for the site was over before everything was asked.
    OutOfTime,
    /// The site is shown over http although it has https.
    HttpsToo,
    /// The page came over http, because https failed.
    HttpInstead,
    /// An account's password would travel in the clear.
    PlainHttp,
    /// WordPress does not offer application passwords.
    NoApplicationPasswords,
    /// It leads to another host than the one that was asked.
    OtherHost,
}

/// How a round is made.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// For one site, all questions together.
    pub time: Duration,
    /// Sites looked at at the same time.
    pub at_once: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { time: Duration::from_secs(60), at_once: 8 }
    }
}

/// Looks at sites; one for a whole round, so that hosts with several addresses are not hurried.
#[derive(Debug, Clone)]
pub struct Prober {
    fetcher: Fetcher,
    settings: Settings,
    /// When each host and port may be asked next.
    hosts: Arc<Mutex<HashMap<String, Instant>>>,
}

impl Prober {
    /// # Errors
    /// When the TLS set-up of this machine cannot be read.
    pub fn new(settings: Settings) -> Result<Self, ReadError> {
        let limits = Limits {
            connect: Duration::from_secs(10).min(settings.time),
            read: Duration::from_secs(20),
            total: Duration::from_secs(30).min(settings.time),
            wire_bytes_max: 4 * 1024 * 1024,
            decoded_bytes_max: 8 * 1024 * 1024,
            ..Limits::default()
        };
        Ok(Self { fetcher: Fetcher::new(limits)?, settings, hosts: Arc::default() })
    }

    /// Looks at all of them, several at once; what was found, in their order.
    /// `done` is told after each.
    pub async fn round(&self, targets: Vec<Target>, done: impl Fn(&Finding)) -> Vec<Finding> {
        let looks = futures::stream::iter(targets).map(|target| async {
            let finding = tour::look(self, target).await;
            done(&finding);
            finding
        });
        looks.buffered(self.settings.at_once.max(1)).collect().await
    }

    /// Waits until the host may be asked, and takes that moment.
    async fn turn(&self, host: &str) {
        let at = {
            // A panic elsewhere leaves times behind that are still times.
            let mut hosts = self.hosts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let free = hosts.entry(host.to_owned()).or_insert_with(Instant::now);
            let at = (*free).max(Instant::now());
            *free = at + PACE;
            at
        };
        tokio::time::sleep_until(at).await;
    }
}
