//! `dongbo probe URL…`: what portals are made of and which road to each is
//! open. Needs no configuration, no ledger and no account, and changes nothing.

use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::ValueEnum;
use serde::Serialize;

use super::office::{Failure, Office};
use crate::config::Human;
use crate::exit::Exit;
use crate::probe::road::Outcome;
use crate::probe::{Finding, Prober, Settings, Target, words, write};
use crate::source::charset;

/// Bytes of a list: a hundred portals need a few thousand.
const LIST_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Addresses of one round.
const TARGETS_MAX: usize = 5_000;
/// Headings of the column with addresses, and of the one with names.
const URL_HEADINGS: [&str; 5] = ["url", "address", "địa chỉ", "dia chi", "website"];
const NAME_HEADINGS: [&str; 4] = ["name", "tên", "ten", "đơn vị"];

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Addresses of portals; https is tried where none says otherwise.
    #[arg(value_name = "URL", required_unless_present = "csv")]
    urls: Vec<String>,
    /// A list: its column `url`, or the first; `name` if it has one.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// How the result is written.
    #[arg(long, value_enum, value_name = "FORM")]
    format: Option<Format>,
    /// Time for one site, all questions together.
    #[arg(long, value_name = "TIME", default_value = "60s")]
    time: Human,
    /// Sites looked at at the same time.
    #[arg(long, value_name = "NUMBER", default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    at_once: u8,
}

/// The forms of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Html,
    Csv,
    Json,
}

/// What `--json` prints for each address.
#[derive(Debug, Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    finding: &'a Finding,
    /// What to do, in the language asked for.
    advice: &'static str,
}

pub(super) fn probe(office: &Office, args: &Args) -> Result<Exit, Failure> {
    let format = format(office, args.format)?;
    let targets = targets(office, args)?;
    let findings = round(office, args, targets)?;
    match format {
        Format::Table => office.print(&write::table(&findings, office.lang)),
        Format::Html => office.print(&write::html(&findings, office.lang)),
        Format::Csv => office.print(&write::csv(&findings, office.lang).map_err(|error| Failure::Other(error.into()))?),
        Format::Json => office.print(&json(&findings, office)?),
    }
    let all = findings.iter().all(|finding| finding.outcome == Outcome::Page);
    Ok(if all { Exit::Done } else { Exit::Left })
}

fn format(office: &Office, asked: Option<Format>) -> Result<Format, Failure> {
    match (asked, office.json) {
        (None, false) => Ok(Format::Table),
        (None | Some(Format::Json), true) => Ok(Format::Json),
        (Some(format), false) => Ok(format),
        (Some(_), true) => {
            let text = office.say("chọn --json hoặc --format, không cả hai", "choose --json or --format, not both");
            Err(Failure::Said(text.into(), Exit::Usage))
        }
    }
}

fn json(findings: &[Finding], office: &Office) -> Result<String, Failure> {
    let row = |finding| Row { finding, advice: words::why(finding.why, office.lang) };
    let rows: Vec<Row<'_>> = findings.iter().map(row).collect();
    serde_json::to_string_pretty(&rows).map_err(|error| Failure::Other(error.into()))
}

fn round(office: &Office, args: &Args, targets: Vec<Target>) -> Result<Vec<Finding>, Failure> {
    let settings = Settings { time: args.time.0, at_once: args.at_once.into() };
    let prober = Prober::new(settings).map_err(|error| Failure::Other(error.into()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| Failure::Other(error.into()))?;
    let (number, done) = (targets.len(), AtomicUsize::new(0));
    // Progress is for somebody who waits, not for a log.
    let watched = number > 1 && std::io::stderr().is_terminal();
    let tell = |finding: &Finding| {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if watched {
            office.talk(&format!("{done}/{number}  {}", finding.address));
        }
    };
    let findings = runtime.block_on(prober.round(targets, tell));
    // A name look-up that hangs must not hold up the end.
    runtime.shutdown_background();
    Ok(findings)
}

/// What is named on the command line, then the list, each address once.
fn targets(office: &Office, args: &Args) -> Result<Vec<Target>, Failure> {
    let mut found: Vec<Target> =
        args.urls.iter().map(|url| Target { address: url.trim().to_owned(), name: None }).collect();
    if let Some(path) = &args.csv {
        found.extend(list(office, path)?);
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|target| !target.address.is_empty() && seen.insert(target.address.clone()));
    if found.is_empty() {
        let text = office.say("danh sách không có địa chỉ nào", "the list names no address");
        return Err(Failure::Said(text.into(), Exit::Nothing));
    }
    if found.len() > TARGETS_MAX {
        let text = office.say(
            format!("quá nhiều địa chỉ: {}, tối đa {TARGETS_MAX}", found.len()),
            format!("too many addresses: {}, at most {TARGETS_MAX}", found.len()),
        );
        return Err(Failure::Said(text, Exit::Usage));
    }
    Ok(found)
}

/// Reads a list as table programs write them: any encoding, comma, semicolon or tab.
fn list(office: &Office, path: &Path) -> Result<Vec<Target>, Failure> {
    let said = |error: &dyn std::fmt::Display| {
        let path = path.display();
        let text = office.say(format!("Không đọc được {path}: {error}"), format!("{path} cannot be read: {error}"));
        Failure::Said(text, Exit::Left)
    };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| said(&error))?;
    file.take(LIST_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| said(&error))?;
    if bytes.len() as u64 > LIST_BYTES_MAX {
        return Err(said(&office.say("tệp quá lớn", "the file is too large")));
    }
    let text = charset::decode(&bytes, None).text;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(&text))
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        rows.push(record.map_err(|error| said(&error))?);
    }
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let column =
        |names: &[&str]| first.iter().position(|heading| names.contains(&heading.trim().to_lowercase().as_str()));
    let (url, name) = (column(&URL_HEADINGS), column(&NAME_HEADINGS));
    // Without a heading of ours the first row is data, unless it plainly is none.
    let is_heading = url.is_some() || name.is_some() || !first.get(0).unwrap_or_default().contains('.');
    let field = |row: &csv::StringRecord, at: usize| row.get(at).unwrap_or_default().trim().to_owned();
    let data = rows.iter().skip(usize::from(is_heading));
    let target = |row| Target {
        address: field(row, url.unwrap_or(0)),
        name: name.map(|at| field(row, at)).filter(|name| !name.is_empty()),
    };
    Ok(data.map(target).collect())
}

/// The delimiter of the first line: Vietnamese spreadsheets write semicolons.
fn delimiter(text: &str) -> u8 {
    let line = text.lines().next().unwrap_or_default();
    let count = |delimiter: char| line.matches(delimiter).count();
    [b';', b'\t'].into_iter().find(|other| count(char::from(*other)) > count(',')).unwrap_or(b',')
}
