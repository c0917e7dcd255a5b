//! The rarer commands, under the thing that they are about: `portal`,
//! `source`, `config`, `store`.

use clap::Subcommand;
use serde::Serialize;

use super::office::{Failure, Office};
use super::{add, move_portal, order};
use crate::config::{Config, EXAMPLE};
use crate::exit::Exit;
use crate::report::{Status, state_word, when};
use crate::store::{Order, Selection, What};

/// Rows that a listing shows.
const ROWS_MAX: usize = 500;

#[derive(Debug, Subcommand)]
pub enum PortalCommand {
    /// Every portal: id, kind, address, groups.
    List,
    /// One portal: how it is doing and which articles need a person.
    Show {
        /// The portal's id.
        portal: String,
    },
    /// Accept a portal's new address, while the service is stopped, once our copies were recognised there.
    Move(move_portal::Args),
}

#[derive(Debug, Subcommand)]
pub enum SourceCommand {
    /// How an address can be read, as a table for the configuration; needs none unless it writes.
    Add(add::Args),
    /// Every source: id, address, last reading.
    List,
    /// Articles whose originals seem to be gone; with --allow or --keep, what becomes of them.
    Withdrawals(Withdrawals),
}

#[derive(Debug, clap::Args)]
pub struct Withdrawals {
    /// The source's id.
    source: String,
    /// They go from every portal, however many they are.
    #[arg(long, conflicts_with = "keep")]
    allow: bool,
    /// They stay as long as their originals do not answer again.
    #[arg(long)]
    keep: bool,
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the commented sample.
    Example,
    /// Print what is in force, defaults filled in; never a secret.
    Show,
}

#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// Check the ledger's pages and the chain of its events.
    Check,
    /// Items that could not become articles, newest first.
    Quarantine,
    /// Who did what, newest first.
    Events,
}

#[derive(Debug, Serialize)]
struct PortalLine<'a> {
    id: &'a str,
    name: &'a str,
    kind: &'static str,
    address: String,
    groups: &'a [String],
}

pub(super) fn portal(office: &Office, command: &PortalCommand) -> Result<Exit, Failure> {
    match command {
        PortalCommand::List => list_portals(office),
        PortalCommand::Show { portal } => show_portal(office, portal),
        PortalCommand::Move(args) => move_portal::move_portal(office, args),
    }
}

fn list_portals(office: &Office) -> Result<Exit, Failure> {
    let portals: Vec<PortalLine<'_>> = office
        .config()?
        .portals
        .iter()
        .map(|portal| PortalLine {
            id: &portal.id,
            name: &portal.name,
            kind: portal.adapter.kind(),
            address: portal.adapter.address().site,
            groups: &portal.groups,
        })
        .collect();
    office.show(&portals, || {
        let lines = portals.iter().map(|portal| {
            format!("{}  {}  {}  {}  {}", portal.id, portal.kind, portal.address, portal.groups.join(","), portal.name)
        });
        lines.collect::<Vec<_>>().join("\n")
    })?;
    Ok(Exit::Done)
}

#[derive(Debug, Serialize)]
struct PortalShow {
    status: crate::report::PortalStatus,
    troubled: Vec<Troubled>,
}

#[derive(Debug, Serialize)]
struct Troubled {
    key: String,
    title: String,
    state: crate::delivery::State,
}

fn show_portal(office: &Office, id: &str) -> Result<Exit, Failure> {
    let ledger = office.ledger()?;
    order::portals(office, ledger.config, &[id.to_owned()])?;
    let status = ledger.read(|desk| Status::read(desk, ledger.config, office.lang))?;
    let Some(status) = status.portals.into_iter().find(|portal| portal.id == id) else {
        return Err(super::office::nothing(id));
    };
    let rows = ledger.read(|desk| desk.portals())?;
    let row = rows.iter().find(|row| row.name == id).map(|row| row.id);
    let troubled = match row {
        Some(row) => ledger.read(|desk| desk.troubled(row, ROWS_MAX))?,
        None => Vec::new(),
    };
    let troubled = troubled
        .into_iter()
        .map(|(article, delivery)| Troubled { key: article.key, title: article.title, state: delivery.state() })
        .collect();
    let show = PortalShow { status, troubled };
    office.show(&show, || {
        let mut lines = vec![show.status.text(office.lang)];
        let word = |troubled: &Troubled| state_word(troubled.state, office.lang);
        lines.extend(show.troubled.iter().map(|one| format!("  {}  {}  {}", word(one), one.key, one.title)));
        lines.join("\n")
    })?;
    Ok(Exit::Done)
}

pub(super) fn source(office: &Office, command: &SourceCommand) -> Result<Exit, Failure> {
    match command {
        SourceCommand::Add(args) => add::add(office, args),
        SourceCommand::List => list_sources(office),
        SourceCommand::Withdrawals(args) => withdrawals(office, args),
    }
}

#[derive(Debug, Serialize)]
struct Suspect {
    title: String,
    url: String,
}

fn withdrawals(office: &Office, args: &Withdrawals) -> Result<Exit, Failure> {
    let (ledger, source) = (office.ledger()?, args.source.as_str());
    if ledger.config.source(source).is_none() {
        return Err(super::office::nothing(source));
    }
    let what = match (args.allow, args.keep) {
        (true, _) => What::AllowWithdrawals,
        (false, true) => What::KeepArticles,
        (false, false) => {
            let suspects = ledger.read(|desk| desk.suspects(source, ROWS_MAX))?;
            let suspects: Vec<_> = suspects.into_iter().map(|(title, url)| Suspect { title, url }).collect();
            office.show(&suspects, || {
                let lines = suspects.iter().map(|suspect| format!("{}\n    {}", suspect.title, suspect.url));
                let lines: Vec<String> = lines.collect();
                let end = office.say(
                    format!("{} bài; gỡ: thêm --allow, giữ: thêm --keep", lines.len()),
                    format!("{} articles; to let them go add --allow, to keep them --keep", lines.len()),
                );
                lines.into_iter().chain([end]).collect::<Vec<_>>().join("\n")
            })?;
            return Ok(Exit::Done);
        }
    };
    let selection = Selection { source: Some(source.to_owned()), ..Selection::default() };
    let id = ledger.read(|desk| desk.file(&Order { what, selection }, &order::who()))?;
    office.show(&Filed { id }, || office.say(format!("Đã ghi lệnh {id}."), format!("Order {id} is filed.")))?;
    Ok(Exit::Done)
}

fn list_sources(office: &Office) -> Result<Exit, Failure> {
    let ledger = office.ledger()?;
    let status = ledger.read(|desk| Status::read(desk, ledger.config, office.lang))?;
    office.show(&status.sources, || {
        let lines = status.sources.iter().map(|source| {
            let url = ledger.config.source(&source.id).map(|source| source.url.to_string()).unwrap_or_default();
            format!("{}  {url}", source.text(office.lang))
        });
        lines.collect::<Vec<_>>().join("\n")
    })?;
    Ok(Exit::Done)
}

pub(super) fn config(office: &Office, command: &ConfigCommand) -> Result<Exit, Failure> {
    match command {
        ConfigCommand::Example => office.print(EXAMPLE),
        ConfigCommand::Show => {
            let config: &Config = office.config()?;
            office.show(&config.to_json(), || config.to_toml())?;
        }
    }
    Ok(Exit::Done)
}

#[derive(Debug, Serialize)]
struct Filed {
    id: i64,
}

#[derive(Debug, Serialize)]
struct Checked {
    sound: bool,
    /// What is wrong.
    fault: Option<String>,
}

#[derive(Debug, Serialize)]
struct PutAside {
    source: String,
    reason: String,
    sample: String,
}

pub(super) fn store(office: &Office, command: &StoreCommand) -> Result<Exit, Failure> {
    let ledger = office.ledger()?;
    match command {
        StoreCommand::Check => {
            let fault = ledger.read(|desk| desk.verify())?;
            let checked = Checked { sound: fault.is_none(), fault };
            office.show(&checked, || match &checked.fault {
                None => office.say("Cơ sở dữ liệu nguyên vẹn.", "The ledger is sound.").into(),
                Some(fault) => fault.clone(),
            })?;
            return Ok(if checked.sound { Exit::Done } else { Exit::Ledger });
        }
        StoreCommand::Quarantine => {
            let rows = ledger.read(|desk| desk.quarantine(ROWS_MAX))?;
            let rows: Vec<PutAside> =
                rows.into_iter().map(|(source, reason, sample)| PutAside { source, reason, sample }).collect();
            office.show(&rows, || {
                let lines = rows.iter().map(|row| format!("{}: {}\n    {}", row.source, row.reason, row.sample));
                lines.collect::<Vec<_>>().join("\n")
            })?;
        }
        StoreCommand::Events => {
            let events = ledger.read(|desk| desk.events(ROWS_MAX))?;
            office.show(&events, || {
                let lines = events.iter().map(|event| {
                    let at = when(event.at, office.lang);
                    format!("{at}  {}  {}  {}  {}", event.who, event.what, event.subject, event.detail)
                });
                lines.collect::<Vec<_>>().join("\n")
            })?;
        }
    }
    Ok(Exit::Done)
}
