//! `dongbo run`: the daemon, or one round of it.

use crate::cli::office::{Failure, Office, store_failure};
use crate::config::Config;
use crate::daemon::{Daemon, Once, chain};
use crate::exit::Exit;
use crate::message::of;
use crate::poll::PollError;
use crate::store::StoreError;

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
    let config = office.config()?;
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
    let (end, failed) = daemon.once().await.map_err(|error| failure(error, config))?;
    for (id, error) in &failed {
        office.talk(&poll_text(office, config, id, error));
    }
    let ledger = office.ledger()?;
    let status = ledger.read(|desk| crate::report::Status::read(desk, config, office.lang))?;
    office.show(&status, || status.text(office.lang))?;
    Ok(match end {
        Once::EverythingStands => Exit::Done,
        Once::SomethingIsLeft => Exit::Left,
    })
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
