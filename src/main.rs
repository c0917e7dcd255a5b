//! The command line; see `dongbo --help`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use dongbo::config::Config;
use dongbo::daemon::{Daemon, Once};

#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    /// The configuration file.
    #[arg(long, global = true, env = "DONGBO_CONFIG", default_value = "/etc/dongbo/dongbo.toml")]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read the sources and keep the portals up to date.
    Run {
        /// Read every source once, deliver all that is due, and end.
        #[arg(long)]
        once: bool,
    },
}

fn main() -> anyhow::Result<std::process::ExitCode> {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()))
        .init();
    let config = Config::load(&cli.config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let Command::Run { once } = cli.command;
    runtime.block_on(async {
        let daemon = Daemon::start(&config).await?;
        if !once {
            daemon.run().await?;
            return Ok(std::process::ExitCode::SUCCESS);
        }
        let (end, failed) = daemon.once().await?;
        for (source, error) in failed {
            tracing::error!(source, %error, "source not read");
        }
        Ok(if end == Once::EverythingStands { 0 } else { 4 }.into())
    })
}
