//! `dongbo read URL|FILE`: what a feed yields. Needs no configuration and no ledger.

use std::io::Read;
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;
use url::Url;

use super::office::{Failure, Office};
use crate::exit::Exit;
use crate::message::{Lang, of};
use crate::report::{either, when};
use crate::source::{Document, FeedReader, Fetched, Fetcher, Limits, Previous, ReadError, Warning};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A feed's address, or a file.
    #[arg(value_name = "URL|FILE")]
    place: String,
}

/// What `--json` prints.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Reading {
    pub title: Option<String>,
    pub items: Vec<Item>,
    pub quarantined: Vec<Quarantined>,
    pub warnings: Vec<String>,
    /// It was read to its proper end.
    pub complete: bool,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Item {
    pub title: String,
    pub url: String,
    /// Wall clock, ms.
    pub published_at: i64,
    pub categories: Vec<String>,
    pub image: Option<String>,
    /// Bytes of the cleaned body.
    pub body_bytes: usize,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Quarantined {
    pub reason: String,
    pub sample: String,
}

/// A document in hand.
struct Fed {
    bytes: Vec<u8>,
    content_type: Option<String>,
    url: Url,
}

pub(super) fn read(office: &Office, args: &Args) -> Result<Exit, Failure> {
    let (url, fed) = match args.place.parse::<Url>() {
        Ok(url) if matches!(url.scheme(), "http" | "https") => (url.clone(), fetch(&url)),
        Ok(_) | Err(_) => file(office, Path::new(&args.place))?,
    };
    match fed.and_then(|fed| parse(&fed, office.lang)) {
        Ok(reading) => {
            let exit = if reading.quarantined.is_empty() && reading.complete { Exit::Done } else { Exit::Left };
            office.show(&reading, || reading.text(office.lang))?;
            Ok(exit)
        }
        Err(error) => Err(Failure::Problem(Box::new(of::source(&error, "—", &url)), Exit::Left)),
    }
}

fn fetch(url: &Url) -> Result<Fed, ReadError> {
    let unreachable = |error: std::io::Error| ReadError::Unreachable(error.into());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(unreachable)?;
    runtime.block_on(async {
        match Fetcher::new(Limits::default())?.fetch(url, &Previous::default()).await? {
            Fetched::Changed(body) => {
                Ok(Fed { bytes: body.bytes, content_type: body.content_type, url: body.final_url })
            }
            Fetched::Unchanged { .. } => Err(ReadError::NotModifiedLoop),
        }
    })
}

fn file(office: &Office, path: &Path) -> Result<(Url, Result<Fed, ReadError>), Failure> {
    let said = |error: std::io::Error| {
        let path = path.display();
        let text = office.say(format!("Không đọc được {path}: {error}"), format!("{path} cannot be read: {error}"));
        Failure::Said(text, Exit::Left)
    };
    let limit = Limits::default().decoded_bytes_max;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(said)?;
    file.take(limit + 1).read_to_end(&mut bytes).map_err(said)?;
    let full = std::path::absolute(path).map_err(said)?;
    let url = Url::from_file_path(full).map_err(|()| said(std::io::Error::from(std::io::ErrorKind::InvalidInput)))?;
    if bytes.len() as u64 > limit {
        return Ok((url, Err(ReadError::TooLarge { what: "decoded bytes", limit })));
    }
    Ok((url.clone(), Ok(Fed { bytes, content_type: None, url })))
}

fn parse(fed: &Fed, lang: Lang) -> Result<Reading, ReadError> {
    let document =
        Document { body: &fed.bytes, content_type: fed.content_type.as_deref(), url: &fed.url, now: Timestamp::now() };
    let mut reading = FeedReader::default().read(document)?;
    let (mut items, mut quarantined) = (Vec::new(), Vec::new());
    for result in reading.by_ref() {
        match result {
            Ok(item) => items.push(Item {
                title: item.content.title,
                url: item.content.url,
                published_at: item.content.published.as_millisecond(),
                categories: item.categories,
                image: item.content.image,
                body_bytes: item.content.body.len(),
            }),
            Err(bad) => quarantined.push(Quarantined { reason: bad.reason, sample: bad.sample }),
        }
    }
    let summary = reading.finish()?;
    let warnings = summary.warnings.iter().map(|warning| warning_text(warning, lang)).collect();
    Ok(Reading { title: summary.title, items, quarantined, warnings, complete: summary.complete })
}

fn warning_text(warning: &Warning, lang: Lang) -> String {
    match warning {
        Warning::DamagedText { encoding } => either(
            lang,
            format!("có byte không phải văn bản theo bảng mã {encoding}"),
            format!("bytes that are no text in {encoding}"),
        ),
        Warning::NoDate { title } => {
            either(lang, format!("không đọc được ngày: {title}"), format!("no readable date: {title}"))
        }
        Warning::FutureDate { title } => {
            either(lang, format!("ngày ở tương lai: {title}"), format!("a date in the future: {title}"))
        }
        Warning::SharedGuid { guid } => either(
            lang,
            format!("nhiều bài dùng chung guid {guid}"),
            format!("different articles share the guid {guid}"),
        ),
        Warning::TitleCut { title } => {
            either(lang, format!("tiêu đề bị cắt: {title}"), format!("the title was cut: {title}"))
        }
        Warning::TooManyItems => {
            either(lang, "quá nhiều bài; phần sau không đọc", "too many items; the rest was not read").into()
        }
        Warning::TooDamaged => {
            either(lang, "hỏng quá nhiều; phần sau không đọc", "too damaged; the rest was not read").into()
        }
        Warning::OutOfTime => {
            either(lang, "đọc quá lâu; phần sau không đọc", "out of time; the rest was not read").into()
        }
    }
}

impl Reading {
    fn text(&self, lang: Lang) -> String {
        let mut lines = vec![either(
            lang,
            format!("{}: {} bài, {} bị loại", self.name(), self.items.len(), self.quarantined.len()),
            format!("{}: {} items, {} put aside", self.name(), self.items.len(), self.quarantined.len()),
        )];
        for item in &self.items {
            let picture = item.image.as_deref().unwrap_or("—");
            let categories = item.categories.join(", ");
            lines.push(format!("{}  {}", when(item.published_at, lang), item.title));
            lines.push(format!("    {}\n    {categories}  {} B  {picture}", item.url, item.body_bytes));
        }
        for bad in &self.quarantined {
            lines.push(format!("! {}\n    {}", bad.reason, bad.sample));
        }
        lines.extend(self.warnings.iter().map(|warning| format!("* {warning}")));
        if !self.complete {
            lines.push(either(lang, "! không đọc được đến hết", "! not read to its end").into());
        }
        lines.join("\n")
    }

    fn name(&self) -> &str {
        self.title.as_deref().unwrap_or("—")
    }
}
