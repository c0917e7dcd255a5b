//! `dongbo run`: the daemon, or one round of it.

use serde::Serialize;

use crate::cli::office::{Failure, Office, store_failure};
use crate::config::Config;
use crate::daemon::{Daemon, Once, chain};
use crate::delivery::AttemptId;
use crate::exit::Exit;
use crate::message::of;
use crate::poll::PollError;
use crate::report::{Condition, PortalStatus, Status};
use crate::store::{StoreError, Written};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Read every source once, deliver all that is due, and end: 0 when everything stands, else 4.
    #[arg(long)]
    once: bool,
    /// How the log on stderr is written. `RUST_LOG` says how much of it.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum LogFormat {
    Text,
    /// One JSON object per line.
    Json,
}

pub(super) fn run(office: &Office, args: &Args) -> Result<Exit, Failure> {
    let config = office.config_as_owner()?;
    log(args.log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Other(error.into()))?;
    runtime.block_on(async {
        let daemon = Daemon::start(config).await.map_err(|error| failure(error, config))?;
        if args.once {
            return once(office, config, daemon).await;
        }
        daemon.run().await.map_err(|error| failure(error, config))?;
        Ok(Exit::Done)
    })
}

async fn once(office: &Office, config: &Config, daemon: Daemon) -> Result<Exit, Failure> {
    let before = Tally::take(office)?;
    let (end, failed) = daemon.once().await.map_err(|error| failure(error, config))?;
    for (id, error) in &failed {
        office.talk(&poll_text(office, config, id, error));
    }
    let after = Tally::take(office)?;
    let round = Round {
        sources_read: config.sources.len() - failed.len(),
        sources_failed: failed.len(),
        new_articles: after.articles - before.articles,
        written: office.ledger()?.read(|desk| desk.written_since(before.attempt))?,
        standing: after.standing,
        left: after.left,
        portals: after.troubled,
    };
    office.show(&round, || round.text(office))?;
    Ok(match end {
        Once::EverythingStands => Exit::Done,
        Once::SomethingIsLeft => Exit::Left,
    })
}

/// What `run --once --json` prints.
#[derive(Debug, Serialize)]
struct Round {
    sources_read: usize,
    sources_failed: usize,
    new_articles: i64,
    /// In this round.
    #[serde(flatten)]
    written: Written,
    standing: usize,
    /// Deliveries that do not stand.
    left: usize,
    /// Portals that are not well.
    portals: Vec<PortalStatus>,
}

struct Tally {
    articles: i64,
    attempt: Option<AttemptId>,
    standing: usize,
    left: usize,
    troubled: Vec<PortalStatus>,
}

impl Tally {
    fn take(office: &Office) -> Result<Self, Failure> {
        let ledger = office.ledger()?;
        let status = ledger.read(|desk| Status::read(desk, ledger.config, office.lang))?;
        let attempt = ledger.read(|desk| desk.newest_attempt())?;
        let counts = |standing: bool| {
            let all = status.portals.iter().flat_map(|portal| &portal.deliveries);
            all.filter(|(state, _)| state.is_settled() == standing).map(|(_, count)| count).sum()
        };
        let (standing, left) = (counts(true), counts(false));
        let troubled = status.portals.into_iter().filter(|portal| portal.condition != Condition::Ok).collect();
        Ok(Self { articles: status.articles, attempt, standing, left, troubled })
    }
}

impl Round {
    fn text(&self, office: &Office) -> String {
        let Self { sources_read, sources_failed, new_articles, standing, left, .. } = self;
        let Written { created, updated, withdrawn } = self.written;
        let mut lines = vec![
            office.say(
                format!("Nguồn: đọc được {sources_read}, lỗi {sources_failed}; bài mới: {new_articles}"),
                format!("Sources: {sources_read} read, {sources_failed} failed; new articles: {new_articles}"),
            ),
            office.say(
                format!("Lần này: đăng mới {created}, cập nhật {updated}, thu hồi {withdrawn}"),
                format!("In this round: {created} created, {updated} updated, {withdrawn} withdrawn"),
            ),
            office.say(
                format!("Bản sao: đúng {standing}, còn lại {left}"),
                format!("Copies: {standing} stand, {left} left"),
            ),
        ];
        lines.extend(self.portals.iter().map(|portal| portal.text(office.lang)));
        lines.join("\n")
    }
}

fn poll_text(office: &Office, config: &Config, id: &str, error: &PollError) -> String {
    let problem = match (error, config.source(id)) {
        (PollError::Read(error), Some(source)) => Some(of::source(error, id, &source.url)),
        (PollError::Store(error), _) => of::store(error, &config.state),
        (PollError::Read(_), None) => None,
    };
    problem.map_or_else(|| format!("{id}: {}", chain(error)), |problem| problem.message(office.lang).to_string())
}

/// A daemon's failure is a ledger's more often than not.
fn failure(error: anyhow::Error, config: &Config) -> Failure {
    match error.downcast::<StoreError>() {
        Ok(error) => store_failure(error, &config.state),
        Err(error) => Failure::Other(error),
    }
}

fn log(format: LogFormat) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).with_env_filter(filter);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}
