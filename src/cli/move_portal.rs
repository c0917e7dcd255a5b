//! `dongbo portal move`: a portal's address has changed in the configuration.
//! The daemon sends nothing there until our copies were recognised behind it,
//! and does not run meanwhile: it would go on at the old address.

use std::time::Instant;

use dongbo_sdk::{Adapter, Call, Error, Trace};

use super::office::{Failure, Ledger, Office, nothing, store_failure};
use super::order;
use crate::config::Portal;
use crate::exit::Exit;
use crate::message::{Problem, of};
use crate::portals;
use crate::reach::Reach;
use crate::store::{InstanceLock, KnownCopy, StoreError};

/// Recent copies that are looked for behind the new address.
const COPIES: usize = 5;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The portal's id.
    portal: String,
}

pub(super) fn move_portal(office: &Office, args: &Args) -> Result<Exit, Failure> {
    let ledger = office.ledger()?;
    order::portals(office, ledger.config, std::slice::from_ref(&args.portal))?;
    let Some(portal) = ledger.config.portal(&args.portal) else { return Err(nothing(&args.portal)) };
    let _lock = alone(&ledger, portal)?;
    let copies = ledger.read(|desk| desk.recent_copies(&portal.id, COPIES))?;
    let found = ask(&ledger, portal, &copies).map_err(|error| {
        let problem = of::portal(&error, &portal.id, &portal.adapter.address().site);
        Failure::Problem(Box::new(problem), Exit::Left)
    })?;
    // An editor may have taken one or two down; most must be there.
    if found.known * 2 <= copies.len() && !copies.is_empty() {
        let address = portal.adapter.address().site;
        let problem = Problem::OtherSite { portal: portal.id.clone(), address, found: found.title };
        return Err(Failure::Problem(Box::new(problem), Exit::Left));
    }
    accept(office, &ledger, portal, &found)?;
    Ok(Exit::Done)
}

/// No daemon works on the ledger, and none begins before the move is done.
fn alone(ledger: &Ledger<'_>, portal: &Portal) -> Result<InstanceLock, Failure> {
    let state = &ledger.config.state;
    InstanceLock::take(state).map_err(|error| match error {
        StoreError::Locked { .. } => {
            let problem = Problem::DaemonRunning { portal: portal.id.clone(), state: state.clone() };
            Failure::Problem(Box::new(problem), Exit::Running)
        }
        error => store_failure(error, state),
    })
}

fn accept(office: &Office, ledger: &Ledger<'_>, portal: &Portal, found: &Found) -> Result<(), Failure> {
    let address = portal.adapter.address().site;
    ledger.read(|desk| desk.move_portal(&portal.id, &address, &found.site, &order::who()))?;
    let known = found.known;
    office.talk(&office.say(
        format!("Đã nhận ra {known} bản sao tại {address}; mọi bản sao sẽ được đối chiếu. Khởi động dịch vụ: systemctl start dongbo"),
        format!("Recognised {known} copies at {address}; every copy will be looked up. Start the service: systemctl start dongbo"),
    ));
    Ok(())
}

struct Found {
    site: String,
    title: String,
    /// Copies of ours that are there.
    known: usize,
}

fn ask(ledger: &Ledger<'_>, portal: &Portal, copies: &[KnownCopy]) -> Result<Found, Error> {
    let wrong = |error: String| Error::new(dongbo_sdk::ErrorKind::Config, dongbo_sdk::Operation::Check, error);
    let installation = ledger.config.installation(&portal.installation);
    let limits = installation.map(|one| Reach::of(ledger.config).portal(one)).unwrap_or_default();
    let adapter = portals::build(&portal.adapter, &portal.name, limits).map_err(|error| wrong(format!("{error:#}")))?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| wrong(error.to_string()))?;
    let timeout = installation.map(|one| one.timeout).unwrap_or_default();
    let call =
        || Call { request: format!("move-{:08x}", fastrand::u32(..)), deadline: Instant::now() + timeout, attempt: 1 };
    runtime.block_on(look(adapter.as_ref(), copies, call))
}

async fn look(adapter: &dyn Adapter, copies: &[KnownCopy], call: impl Fn() -> Call) -> Result<Found, Error> {
    let report = adapter.check(&call()).await?;
    let mut known = 0;
    for copy in copies {
        let Ok(key) = copy.key.parse() else { continue };
        let trace = Trace { key, origin: copy.origin.clone(), title: copy.title.clone(), since: None };
        known += usize::from(!adapter.find(&call(), &trace).await?.is_empty());
    }
    Ok(Found { site: report.site, title: report.title, known })
}
