//! `dongbo source add URL`: how an address can be read, as a table for the
//! configuration. Needs no configuration unless it writes there.

use std::time::Duration;

use serde::Serialize;
use url::Url;

use super::office::{Failure, Office};
use super::reading::Reading;
use crate::config::{self, ConfigError, Human};
use crate::discover::{self, Chosen, Discovery, Failed, Wish, table, words};
use crate::exit::Exit;
use crate::probe::road::Outcome;
use crate::probe::{self, Finding};

/// Articles that are shown.
const SHOWN: usize = 5;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A portal's address, or that of a feed or an API.
    url: String,
    /// The source's id; else made from the host.
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Append the table to the configuration file, if that is valid then.
    #[arg(long)]
    write: bool,
    /// Time for the first look at the site.
    #[arg(long, value_name = "TIME", default_value = "60s")]
    time: Human,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Added<'a> {
    id: &'a str,
    #[serde(flatten)]
    way: Option<&'a discover::ways::Way>,
    /// The `[[source]]` table.
    table: Option<&'a str>,
    /// It stands in the configuration file now.
    written: bool,
    reading: Option<&'a Reading>,
    failed: &'a [Failed],
    finding: &'a Finding,
}

pub(super) fn add(office: &Office, args: &Args) -> Result<Exit, Failure> {
    let id = id(office, args)?;
    let found = search(office, args, &id)?;
    let Discovery { finding, chosen, failed } = &found;
    let Some(Chosen { way, table, source, sample }) = chosen else {
        let text = nothing(office, &found);
        let exit = if finding.outcome == Outcome::Page { Exit::Nothing } else { Exit::Left };
        let added = Added { id: &id, way: None, table: None, written: false, reading: None, failed, finding };
        if office.json {
            office.show(&added, String::new)?;
        }
        return Err(Failure::Said(text, exit));
    };
    let reading = Reading::of(sample, Some(source), office.lang);
    office.talk(&reading.first(SHOWN, office.lang));
    let appended = if args.write { config::append::append(&office.file, table) } else { Ok(()) };
    let written = args.write && appended.is_ok();
    let added =
        Added { id: &id, way: Some(way), table: Some(table), written, reading: Some(&reading), failed, finding };
    office.show(&added, || table.clone())?;
    appended.map_err(|error: ConfigError| Failure::Config(error))?;
    if written {
        let file = office.file.display();
        office.talk(&office.say(
            format!("Đã thêm nguồn {id} vào {file}. Kiểm tra: dongbo check, rồi khởi động lại dịch vụ dongbo."),
            format!("Source {id} was added to {file}. Try: dongbo check, then restart the service dongbo."),
        ));
    }
    Ok(if reading.quarantined.is_empty() { Exit::Done } else { Exit::Left })
}

fn id(office: &Office, args: &Args) -> Result<String, Failure> {
    match &args.id {
        Some(id) if config::is_id(id) => Ok(id.clone()),
        Some(_) => {
            let text = office.say(
                "id phải gồm 1 đến 40 chữ thường a-z, chữ số và gạch nối, ví dụ: so-tttt",
                "an id has 1 to 40 small letters a-z, digits and hyphens, such as so-tttt",
            );
            Err(Failure::Said(text.into(), Exit::Usage))
        }
        None => {
            // Without a configuration every id is free.
            let others: Vec<&str> = office
                .config()
                .map(|config| config.sources.iter().map(|source| source.id.as_str()).collect())
                .unwrap_or_default();
            let url = Url::parse(&args.url).ok().filter(Url::has_host);
            let url = url.or_else(|| Url::parse(&format!("https://{}", args.url.trim())).ok());
            Ok(url.map_or_else(|| "nguon".to_owned(), |url| table::id(&url, &others)))
        }
    }
}

fn search(office: &Office, args: &Args, id: &str) -> Result<Discovery, Failure> {
    let other = |error: std::io::Error| Failure::Other(error.into());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(other)?;
    let Human(time) = args.time;
    let (time, limits) = (time.max(Duration::from_secs(1)), super::read::limits(office));
    let wish = Wish { address: &args.url, id: id.to_owned(), lang: office.lang, time, limits };
    let found = runtime.block_on(discover::discover(&wish)).map_err(|error| Failure::Other(error.into()));
    // A name look-up that hangs must not hold up the end.
    runtime.shutdown_background();
    found
}

/// Why there is nothing, and what to do.
fn nothing(office: &Office, found: &Discovery) -> String {
    let Discovery { finding, failed, .. } = found;
    let cause = finding.trouble.as_deref().map(|cause| format!(" ({cause})")).unwrap_or_default();
    let seen = format!("{}: {}{cause}", finding.address, probe::words::outcome(finding.outcome, office.lang));
    let mut lines = vec![seen];
    lines.extend(failed.iter().map(|failed| words::in_vain(failed, office.lang)));
    if finding.outcome == Outcome::Page {
        lines.push(
            office
                .say(
                    "Không thấy API hay nguồn tin; hãy thử địa chỉ một chuyên mục, hoặc mô tả trang bằng [source.read.listing].",
                    "No API and no feed were found; try a category's address, or describe its page by [source.read.listing].",
                )
                .into(),
        );
    }
    lines.join("\n")
}
