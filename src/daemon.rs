//! The running daemon: start-up in order, pollers, orders, signals, shutdown.
//!
//! Start-up: instance lock → ledger → doubts of a restored ledger → open
//! attempts → what the configuration names → lanes → pollers. Shutdown goes
//! the other way, within a limit.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use bytes::Bytes;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use url::Url;

use crate::config::{self, Config};
use crate::history::{self, Historian};
use crate::hook::{self, Bell, Doors};
use crate::media::{Fetch, Pictures};
use crate::original::Cadence;
use crate::plan::{self, Rules};
use crate::poll::{PollError, Polled, Poller};
use crate::portals;
use crate::reach::Reach;
use crate::source::{self, FeedReader, Fetcher, Hosts, Warning};
use crate::store::{
    HealthOf, InstanceLock, Linger, Piece, Planned, PlannedPortal, PortalRow, PortalSpec, SourceSpec, Store,
    StoreError, wall,
};
use crate::watcher::{Watch, Watcher};
use crate::worker::{GateLimits, Gates, Place, Worker};

/// New orders are noticed within this.
const LOOK_FOR_ORDERS: Duration = Duration::from_millis(500);
/// How often old attempts are looked for.
const PRUNE_EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// A past whose articles wait for their own pages is looked at this often.
const PAGES_LOOK: Duration = Duration::from_secs(10);
/// After a past that could not be read.
const LOOK_BACK_AGAIN: Duration = Duration::from_secs(60);
/// How often `run --once` asks whether everything stands.
const ONCE_LOOK: Duration = Duration::from_millis(50);
/// How often it says that it waits.
const ONCE_TOLD: Duration = Duration::from_secs(30);

/// Everything that runs.
#[derive(Debug)]
pub struct Daemon {
    _lock: InstanceLock,
    store: Store,
    planned: Arc<Planned>,
    worker: Worker,
    pollers: Vec<Poller>,
    historians: Vec<Historian>,
    watcher: Option<Watcher>,
    /// Where sources call that they have published.
    hook: Option<(SocketAddr, Doors)>,
    bells: HashMap<String, Bell>,
    reader: Arc<FeedReader>,
    stop_within: Duration,
    /// Attempts that are older are forgotten.
    keep: Duration,
}

/// How `run --once` ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Once {
    EverythingStands,
    /// Some source could not be read, or some delivery waits for a back-off or a person.
    SomethingIsLeft,
}

impl Daemon {
    /// Starts lanes; sources are read by [`Daemon::run`] or [`Daemon::once`].
    ///
    /// # Errors
    /// Another daemon, an unusable ledger, a state folder that cannot be written.
    pub async fn start(config: &Config) -> anyhow::Result<Self> {
        prepare_folder(config)?;
        let lock = InstanceLock::take(&config.state)?;
        let store = Store::open(&config.state, Linger::Yes)?;
        if store.is_restored()? {
            let settles_within = config.installations.iter().map(|one| one.timeout + one.settles_within).max();
            let deliveries = store.doubt_everything(settles_within.unwrap_or_default()).await?;
            tracing::warn!(
                deliveries,
                "this ledger was put back from a backup: once no request of before can be under way, every copy is looked up before anything is written"
            );
        }
        let interrupted = store.recover().await?;
        if interrupted > 0 {
            tracing::info!(interrupted, "attempts without an end; their portals are asked first");
        }
        let rows = store.configure(source_specs(config), portal_specs(config)).await?;
        let planned = Arc::new(planned(config, &rows));
        let reader = Arc::new(FeedReader::default());
        let reach = Reach::of(config);
        for fault in &reach.faults {
            let reason = &fault.reason;
            tracing::error!(host = %fault.host, file = %fault.file, reason, "certificates of a host cannot be used");
        }
        let pictures = Pictures::new(&config.state, Arc::new(Allowed::new(config, &reach)?));
        let places = places(config, &rows, &store, &reach).await?;
        plan_newcomers(&store, &planned, &rows).await?;
        let worker = Worker::start(&store, places, &pictures);
        let hosts = Hosts::new(config.hosts);
        let (mut pollers, mut historians) = (Vec::new(), Vec::new());
        for source in &config.sources {
            let poller = Poller::new(source, reach.feeds(config), reader.clone(), store.clone())?;
            let poller = poller.politely(hosts.clone());
            historians.push(poller.historian(source));
            pollers.push(poller);
        }
        let (doors, bells) = Doors::of(&config.sources);
        let fetcher = Fetcher::new(reach.feeds(config))?.politely(hosts);
        let watcher = watcher(config, &store, &planned, fetcher);
        Ok(Self {
            _lock: lock,
            store,
            planned,
            worker,
            pollers,
            historians,
            watcher: Some(watcher),
            hook: config.hook.map(|listen| (listen, doors)),
            bells,
            reader,
            stop_within: config.limits.stop_within,
            keep: config.keep.age,
        })
    }

    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Documents parsed so far.
    #[must_use]
    pub fn parses(&self) -> u64 {
        self.reader.parses()
    }

    /// Runs until a signal.
    ///
    /// # Errors
    /// A failing disk of the ledger.
    pub async fn run(mut self) -> anyhow::Result<()> {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = tokio::task::JoinSet::new();
        let sources = self.pollers.len();
        for poller in std::mem::take(&mut self.pollers) {
            let bell = self.bells.get(&poller.id).cloned().unwrap_or_default();
            tasks.spawn(poll_forever(poller, bell, self.planned.clone(), stopped.clone()));
        }
        if let Some((listen, doors)) = self.hook.take() {
            tasks.spawn(hook::listen(listen, doors, stopped.clone()));
        }
        let obeyed = Arc::new(Notify::new());
        for historian in std::mem::take(&mut self.historians) {
            tasks.spawn(look_back_forever(historian, self.planned.clone(), obeyed.clone(), stopped.clone()));
        }
        tasks.spawn(obey_forever(self.store.clone(), self.planned.clone(), obeyed, stopped.clone()));
        if let Some(watcher) = self.watcher.take() {
            tasks.spawn(watcher.run(stopped.clone()));
        }
        tasks.spawn(prune_forever(self.store.clone(), self.keep, stopped.clone()));
        notify(&[sd_notify::NotifyState::Ready]);
        tracing::info!(portals = self.planned.portals.len(), sources, "dongbo runs");
        let failure = tokio::select! {
            failure = self.until_signal() => failure,
            panic = first_panic(&mut tasks) => Err(panic),
        };
        notify(&[sd_notify::NotifyState::Stopping]);
        tracing::info!("stopping");
        let _ = stop.send(true);
        let stopped = self.worker.stop(self.stop_within).await;
        // A poll that is under way is given up; its validators are not saved.
        tasks.shutdown().await;
        self.store.close();
        stopped.context("the ledger could not be written")?;
        failure
    }

    /// Waits for a signal, pinging the watchdog while writer and lanes make progress.
    async fn until_signal(&self) -> anyhow::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let watchdog = sd_notify::watchdog_enabled();
        let every = watchdog.map_or(Duration::from_secs(5), |limit| limit / 3);
        let mut tick = tokio::time::interval(every);
        loop {
            tokio::select! {
                _ = terminate.recv() => return Ok(()),
                _ = interrupt.recv() => return Ok(()),
                _ = tick.tick() => {
                    anyhow::ensure!(!self.worker.failed(), "a lane ended because the ledger cannot be written");
                    if self.is_alive().await {
                        notify(&[sd_notify::NotifyState::Watchdog]);
                    }
                }
            }
        }
    }

    /// The writer answers an empty job.
    async fn is_alive(&self) -> bool {
        tokio::time::timeout(Duration::from_secs(10), self.store.ping()).await.is_ok_and(|answer| answer.is_ok())
    }

    /// Reads every source once, obeys open orders, delivers all that is due.
    /// Waits out publish delays, graces and tickets, not back-offs.
    ///
    /// # Errors
    /// A failing disk of the ledger.
    pub async fn once(mut self) -> anyhow::Result<(Once, Vec<(String, PollError)>)> {
        let mut failed = Vec::new();
        for poller in &mut self.pollers {
            match poller.poll(&self.planned).await {
                Ok(polled) => log_polled(&poller.id, &polled),
                Err(error) => failed.push((poller.id.clone(), error)),
            }
        }
        while self.store.obey(self.planned.clone()).await? != Piece::Idle {}
        for (poller, historian) in self.pollers.iter_mut().zip(&self.historians) {
            if let Err(error) = look_back(poller, historian, &self.planned).await {
                failed.push((poller.id.clone(), error));
            }
        }
        while self.store.obey(self.planned.clone()).await? != Piece::Idle {}
        let stands = self.drain().await;
        let ended = self.worker.stop(self.stop_within).await;
        self.store.close();
        // Why a lane ended says more than that it did.
        ended.context("the ledger could not be written")?;
        let end = if stands? && failed.is_empty() { Once::EverythingStands } else { Once::SomethingIsLeft };
        Ok((end, failed))
    }

    /// Until nothing is left that time alone would bring. Whether everything stands.
    async fn drain(&self) -> anyhow::Result<bool> {
        let mut told = Instant::now();
        loop {
            anyhow::ensure!(!self.worker.failed(), "a lane ended because the ledger cannot be written");
            let left = self.store.left_to_do()?;
            if !left.workable {
                return Ok(left.unfinished == 0);
            }
            if told.elapsed() >= ONCE_TOLD {
                told = Instant::now();
                self.tell_wait()?;
            }
            tokio::time::sleep(ONCE_LOOK).await;
        }
    }

    /// A person who waits sees nothing else happen.
    fn tell_wait(&self) -> anyhow::Result<()> {
        let mut next = None;
        for portal in &self.planned.portals {
            next = next.into_iter().chain(self.store.next_due(portal.rules.portal)?).min();
        }
        let seconds = next.map_or(0, |at| self.store.clock().now().until(at).as_secs());
        tracing::info!(next_in_s = seconds, "waiting for copies that are due later: a delay, a gap or a grace");
        Ok(())
    }
}

fn notify(states: &[sd_notify::NotifyState<'_>]) {
    // Not started by systemd: nobody listens.
    let _ = sd_notify::notify(states);
}

fn prepare_folder(config: &Config) -> anyhow::Result<()> {
    std::fs::create_dir_all(&config.state).map_err(|error| match error.kind() {
        std::io::ErrorKind::StorageFull => StoreError::Full,
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly,
        _ => StoreError::Missing { path: config.state.clone() },
    })?;
    Ok(())
}

/// Originals stand on the sources' own hosts, or on public ones.
fn watcher(config: &Config, store: &Store, planned: &Arc<Planned>, fetcher: Fetcher) -> Watcher {
    let settings = &config.watch;
    let watch = Watch {
        cadence: Cadence {
            young: settings.young,
            settled: settings.settled,
            old: settings.old,
            again: settings.again,
            confirmations: settings.confirmations,
        },
        pace: settings.pace,
        share: f64::from(settings.brake) / 100.0,
    };
    let sources = config.sources.iter().map(|source| source.url.clone()).collect();
    Watcher::new(watch, fetcher, sources, store.clone(), planned.clone())
}

fn source_specs(config: &Config) -> Vec<SourceSpec> {
    config.sources.iter().map(|source| SourceSpec { id: source.id.clone(), name: source.name.clone() }).collect()
}

fn portal_specs(config: &Config) -> Vec<PortalSpec> {
    config
        .portals
        .iter()
        .map(|portal| {
            let address = portal.adapter.address();
            PortalSpec {
                id: portal.id.clone(),
                installation: portal.installation.clone(),
                address: address.site.clone(),
                access: portals::access(&portal.adapter),
            }
        })
        .collect()
}

/// The rules in force, for planning in the ledger and for commands.
#[must_use]
pub fn planned(config: &Config, rows: &[PortalRow]) -> Planned {
    let urgent: Vec<String> = config.sources.iter().flat_map(|source| source.urgent.clone()).collect();
    let portals = rows
        .iter()
        .filter_map(|row| config.portal(&row.name).map(|portal| (row, portal)))
        .map(|(row, portal)| PlannedPortal {
            name: row.name.clone(),
            groups: portal.groups.clone(),
            since: row.since,
            rules: rules(row, portal, &urgent),
        })
        .collect();
    let sources = config.sources.iter().map(|source| (source.id.clone(), source.name.clone())).collect();
    let policies = config.sources.iter().map(|source| (source.id.clone(), source.firewall.clone())).collect();
    Planned { portals, sources, policies }
}

fn rules(row: &PortalRow, portal: &config::Portal, urgent: &[String]) -> Rules {
    Rules {
        portal: row.id,
        sources: portal.sources.iter().cloned().collect(),
        accept: portal.accept.clone(),
        reject: portal.reject.clone(),
        categories: portal.categories.clone(),
        missing_category: portal.missing_category,
        visibility: portal.publish,
        backfill: match portal.backfill {
            config::Backfill::None => plan::Backfill::None,
            config::Backfill::All => plan::Backfill::All,
            config::Backfill::Age(age) => plan::Backfill::Age(age),
        },
        publish_delay: portal.publish_delay,
        correction_gap: portal.correction_gap,
        urgent: urgent.to_vec(),
        direction: vec![DIRECTION.to_owned()],
        attribution: portal.attribution.clone(),
    }
}

/// The category of the leadership's direction and administration content (directive 2094/UBND-CTTĐT).
const DIRECTION: &str = "Chỉ đạo điều hành";

/// The portals that can be worked with. One whose adapter cannot be made (a
/// missing secret) is held and does not stop the others.
async fn places(config: &Config, rows: &[PortalRow], store: &Store, reach: &Reach) -> anyhow::Result<Vec<Place>> {
    let mut gates = Gates::default();
    let mut places = Vec::new();
    for row in rows.iter().filter(|row| !row.retired) {
        let Some(portal) = config.portal(&row.name) else { continue };
        let Some(installation) = config.installation(&portal.installation) else { continue };
        if row.address != portal.adapter.address().site {
            // Held by the ledger until `portal move`; without a lane no `resume` sends anything there.
            tracing::error!(portal = %row.name, reason = row.health.reason, "portal held: its address changed");
            continue;
        }
        let adapter = match portals::build(&portal.adapter, &portal.name, reach.portal(installation)) {
            Ok(adapter) => adapter,
            Err(error) => {
                let reason = format!("{error:#}");
                tracing::error!(portal = %row.name, reason, "portal held: its adapter cannot be made");
                let health =
                    crate::store::Health { held: Some("config".into()), reason: Some(reason), ..row.health.clone() };
                store.set_health(HealthOf::Portal(row.id), health).await?;
                continue;
            }
        };
        let limits = GateLimits { in_flight: usize::from(installation.in_flight), rate: installation.rate };
        places.push(Place {
            gate: gates.of(row, &limits),
            row: row.clone(),
            adapter,
            slots: usize::from(portal.in_flight.max(1)),
            timeout: installation.timeout,
            settles_within: installation.settles_within,
            create_burst: portal.create_burst,
            removal: portal.removal,
            drafts: portal.publish == dongbo_sdk::Visibility::Draft,
        });
    }
    Ok(places)
}

/// A new portal receives what its backfill names of the articles that are known already.
async fn plan_newcomers(store: &Store, planned: &Arc<Planned>, rows: &[PortalRow]) -> Result<(), StoreError> {
    for portal in &planned.portals {
        let digest = plan::digest(&portal.rules);
        if rows.iter().any(|row| row.id == portal.rules.portal && row.rules.is_none()) {
            store.plan_portal(portal.clone(), digest, planned.clone()).await?;
        }
    }
    Ok(())
}

/// Reads a source by its rhythm, and at once when its bell rings. Whoever
/// rings does not shorten a wait that the server itself asked for.
async fn poll_forever(mut poller: Poller, bell: Bell, planned: Arc<Planned>, mut stop: watch::Receiver<bool>) {
    let mut due = Instant::now() + poller.first_wait();
    // No reading that is asked for is earlier.
    let mut earliest = due;
    loop {
        tokio::select! {
            () = tokio::time::sleep_until(due) => {}
            () = bell.notified() => {
                due = due.min(earliest);
                continue;
            }
            _ = stop.changed() => return,
        }
        let began = Instant::now();
        match poller.poll(&planned).await {
            Ok(polled) => log_polled(&poller.id, &polled),
            Err(error) => tracing::warn!(source = %poller.id, error = %chain(&error), "source not read"),
        }
        let next = poller.next();
        due = Instant::now() + next.wait;
        earliest = (began + hook::APART).max(Instant::now() + next.at_least);
    }
}

fn log_polled(source: &str, polled: &Polled) {
    match polled {
        Polled::Unchanged => tracing::debug!(source, "source unchanged"),
        Polled::Changed { committed, summary } => {
            tracing::info!(
                source,
                new = committed.new,
                corrected = committed.corrected,
                deliveries = committed.deliveries,
                quarantined = summary.quarantined,
                "source read"
            );
            for warning in &summary.warnings {
                match warning {
                    Warning::LegacyText { title, encoding } => {
                        tracing::warn!(source, title, encoding, "an article seems to be in a font's own encoding");
                    }
                    other => tracing::debug!(source, warning = ?other, "while reading"),
                }
            }
            alarm(source, committed.held, committed.held_urgent);
        }
    }
}

/// Held articles wait for a person; urgent ones must not wait unnoticed.
fn alarm(source: &str, held: usize, urgent: usize) {
    if urgent > 0 {
        tracing::error!(source, held, urgent, "URGENT articles are held by the content firewall: dongbo hold list");
    } else if held > 0 {
        tracing::warn!(source, held, "articles are held by the content firewall: dongbo hold list");
    }
}

/// Reads a past that is asked for to its end.
async fn look_back(poller: &mut Poller, historian: &Historian, planned: &Arc<Planned>) -> Result<(), PollError> {
    loop {
        match historian.step(planned).await? {
            history::Step::Idle => return Ok(()),
            history::Step::More => tokio::time::sleep(history::PAUSE).await,
            // A poll reads the articles' own pages.
            history::Step::Pages => {
                let polled = poller.poll(planned).await?;
                log_polled(&poller.id, &polled);
            }
            history::Step::Done => {}
        }
    }
}

async fn look_back_forever(
    historian: Historian,
    planned: Arc<Planned>,
    obeyed: Arc<Notify>,
    mut stop: watch::Receiver<bool>,
) {
    let mut failures = 0;
    loop {
        let order = obeyed.notified();
        let stepped = historian.step(&planned).await;
        failures = if stepped.is_err() { failures + 1 } else { 0 };
        let wait = match stepped {
            Ok(history::Step::Idle) => None,
            Ok(history::Step::More) => Some(history::PAUSE),
            Ok(history::Step::Pages) => Some(PAGES_LOOK),
            Ok(history::Step::Done) => Some(Duration::ZERO),
            Err(error) => {
                look_back_failed(&historian, failures, &chain(&error)).await;
                Some(LOOK_BACK_AGAIN)
            }
        };
        tokio::select! {
            () = order => {}
            () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => {}
            _ = stop.changed() => return,
        }
    }
}

async fn look_back_failed(historian: &Historian, failures: u32, error: &str) {
    let source = historian.id();
    if !failures.is_multiple_of(history::FAILURES_MAX) {
        tracing::warn!(source, error, "the source's past could not be read yet");
        return;
    }
    tracing::error!(
        source,
        error,
        "the rest of the source's past is left unread: what was read goes out; order it again"
    );
    if let Err(error) = historian.give_up(error).await {
        tracing::warn!(source, %error, "the past could not be ended yet");
    }
}

async fn prune_forever(store: Store, keep: Duration, mut stop: watch::Receiver<bool>) {
    loop {
        let age = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
        match store.prune_attempts(wall().saturating_sub(age)).await {
            Ok(0) => {}
            Ok(attempts) => tracing::info!(attempts, "old attempts forgotten"),
            Err(error) => tracing::warn!(%error, "old attempts could not be forgotten yet"),
        }
        tokio::select! {
            () = tokio::time::sleep(PRUNE_EVERY) => {}
            _ = stop.changed() => return,
        }
    }
}

async fn obey_forever(store: Store, planned: Arc<Planned>, obeyed: Arc<Notify>, mut stop: watch::Receiver<bool>) {
    loop {
        match store.obey(planned.clone()).await {
            Ok(Piece::More) => continue,
            Ok(Piece::Done) => {
                obeyed.notify_waiters();
                continue;
            }
            Ok(Piece::Idle) => {}
            Err(error) => tracing::warn!(%error, "an order could not be carried out yet"),
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_FOR_ORDERS) => {}
            _ = stop.changed() => return,
        }
    }
}

/// Waits for a task that a defect of ours stopped. Others may end by themselves.
async fn first_panic(tasks: &mut tokio::task::JoinSet<()>) -> anyhow::Error {
    loop {
        match tasks.join_next().await {
            Some(Err(error)) if error.is_panic() => {
                return anyhow::Error::new(error).context("a source or an order stopped by a defect of ours");
            }
            Some(_) => {}
            None => std::future::pending().await,
        }
    }
}

/// An error and its causes on one line.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let text = next.to_string();
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = next.source();
    }
    line
}

/// Fetches pictures: the origins of configured sources are allowed, every
/// other address passes the private-network guard.
#[derive(Debug)]
struct Allowed {
    fetcher: Fetcher,
    origins: Vec<Url>,
}

impl Allowed {
    fn new(config: &Config, reach: &Reach) -> Result<Self, source::ReadError> {
        let origins = config.sources.iter().map(|source| source.url.clone()).collect();
        Ok(Self { fetcher: Fetcher::new(reach.pictures(config))?, origins })
    }
}

#[async_trait]
impl Fetch for Allowed {
    async fn fetch(&self, url: &str) -> Result<(Bytes, String), String> {
        let url = Url::parse(url).map_err(|error| error.to_string())?;
        let allowed = self.origins.iter().find(|origin| origin.origin() == url.origin()).or(self.origins.first());
        let Some(allowed) = allowed else { return Err("no source is configured".into()) };
        match source::fetch_media(&self.fetcher, &url, allowed).await {
            Ok(media) => Ok((media.bytes.into(), media.kind.mime().to_owned())),
            Err(error) => Err(chain(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_may_end_but_not_panic() {
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(async {});
        let idle = tokio::time::timeout(Duration::from_millis(50), first_panic(&mut tasks));
        assert!(idle.await.is_err(), "a hook whose address is taken ends, and nothing else");
        tasks.spawn(async { panic!("a defect") });
        assert!(first_panic(&mut tasks).await.to_string().contains("a defect of ours"));
    }
}
