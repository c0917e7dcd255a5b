//! The command line: what can be asked, and who answers.
//!
//! Data goes to stdout, talk to stderr. A command that reads takes `--json`;
//! one that changes something files an order in the ledger, which the daemon
//! carries out.

mod add;
mod article;
mod backup;
mod check;
mod demo;
mod hold;
mod move_portal;
mod nouns;
mod office;
mod order;
mod plan;
mod probe;
mod read;
mod reading;
mod run;
mod status;
mod why;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::DEFAULT_FILE;
use crate::exit::{Exit, TABLE};
use crate::message::Lang;

pub use office::{Failure, Office};

/// Replicates a provincial portal's articles into component portals on
/// different CMSs, and proves each copy.
#[derive(Debug, Parser)]
#[command(name = "dongbo", version, about, after_help = TABLE, max_term_width = 100)]
pub struct Cli {
    /// The configuration file.
    #[arg(long, global = true, value_name = "FILE", env = "DONGBO_CONFIG", default_value = DEFAULT_FILE)]
    pub config: PathBuf,
    /// The language of messages; else the configuration's, else the locale's.
    #[arg(long, global = true, value_name = "LANG")]
    pub lang: Option<Lang>,
    /// Print JSON for programs; fields are only ever added.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read the sources and keep the portals up to date.
    Run(run::Args),
    /// Ask portals and sources whether all is well; changes nothing.
    Check(check::Args),
    /// What would be done next on each portal.
    Plan(plan::Args),
    /// How every portal and source is doing, trouble first.
    Status(status::Args),
    /// One article with its copies and their history.
    Article(article::Args),
    /// Look copies up on the portals, create what is missing, repair what differs.
    Resync(order::ResyncArgs),
    /// Take copies from the citizens' sight.
    Withdraw(order::WithdrawArgs),
    /// Try again what gave up or was taken down.
    Retry(order::OrderArgs),
    /// Send nothing to portals until `resume`.
    Pause(order::OrderArgs),
    /// End a pause or a hold, and agree to what waits for approval.
    Resume(order::OrderArgs),
    /// One sentence: why an article stands on a portal, or does not.
    Why(why::Args),
    /// What a feed yields, item by item; needs no configuration.
    Read(read::Args),
    /// What portals are made of and which road to each is open; needs no configuration.
    Probe(probe::Args),
    /// Write a checked copy of the ledger; works while the daemon runs.
    Backup(backup::Args),
    /// Mirror a built-in portal into three folders: no network, no set-up.
    Demo(demo::Args),
    /// Articles that the content firewall holds: list, show, release, reject.
    #[command(subcommand)]
    Hold(hold::Command),
    /// Portals: list, show, move.
    #[command(subcommand)]
    Portal(nouns::PortalCommand),
    /// Sources: add, list, withdrawals.
    #[command(subcommand)]
    Source(nouns::SourceCommand),
    /// The configuration: example, show.
    #[command(subcommand)]
    Config(nouns::ConfigCommand),
    /// The ledger: check, quarantine, events.
    #[command(subcommand)]
    Store(nouns::StoreCommand),
}

/// Parses the command line, does what it says, and tells how it ended.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let office = Office::open(&cli);
    let exit = match dispatch(&office, cli.command) {
        Ok(exit) => exit,
        Err(failure) => office.report(&failure),
    };
    exit.into()
}

fn dispatch(office: &Office, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Run(args) => run::run(office, &args),
        Command::Check(args) => check::check(office, &args),
        Command::Plan(args) => plan::plan(office, &args),
        Command::Status(args) => status::status(office, &args),
        Command::Article(args) => article::article(office, &args),
        Command::Resync(args) => order::resync(office, args),
        Command::Withdraw(args) => order::withdraw(office, args),
        Command::Retry(args) => order::retry(office, &args),
        Command::Pause(args) => order::pause(office, &args),
        Command::Resume(args) => order::resume(office, &args),
        Command::Why(args) => why::why(office, &args),
        Command::Read(args) => read::read(office, &args),
        Command::Probe(args) => probe::probe(office, &args),
        Command::Backup(args) => backup::backup(office, &args),
        Command::Demo(args) => demo::demo(office, &args),
        Command::Hold(command) => hold::hold(office, command),
        Command::Portal(command) => nouns::portal(office, &command),
        Command::Source(command) => nouns::source(office, &command),
        Command::Config(command) => nouns::config(office, &command),
        Command::Store(command) => nouns::store(office, &command),
    }
}
