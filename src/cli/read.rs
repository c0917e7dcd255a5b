//! `dongbo read URL|FILE`: what a source yields. Needs no ledger, and a
//! configuration only to read as one of its sources.

use std::io::Read;
use std::path::Path;

use url::Url;

use super::office::{Failure, Office};
use super::reading::{self, Bad, Item, Reading, Trouble};
use crate::article;
use crate::config::Source;
use crate::exit::Exit;
use crate::firewall::{self, Policy};
use crate::message::{Lang, of};
use crate::reach::Reach;
use crate::report::{either, when};
use crate::sample::{Asker, Fed, Sample};
use crate::source::{Fetcher, Format, Limits, ReadError, Warning};

#[derive(Debug, clap::Args)]
#[command(after_long_help = reading::FIELDS)]
pub struct Args {
    /// A feed's address, or a file.
    #[arg(value_name = "URL|FILE")]
    place: String,
    /// Read it as this source of the configuration is read: its first page.
    #[arg(long, value_name = "ID")]
    source: Option<String>,
    /// Read it as this format, whatever it seems to be.
    #[arg(long = "as", value_name = "FORMAT", conflicts_with = "source", value_parser = format_parser())]
    format: Option<Format>,
}

fn format_parser() -> impl clap::builder::TypedValueParser<Value = Format> {
    use clap::builder::TypedValueParser as _;
    let names = clap::builder::PossibleValuesParser::new(Format::ALL.map(Format::name));
    names.try_map(|name| Format::ALL.into_iter().find(|format| format.name() == name).ok_or("no such format"))
}

pub(super) fn read(office: &Office, args: &Args) -> Result<Exit, Failure> {
    let source = args.source.as_deref().map(|id| known(office, id)).transpose()?;
    let limits = limits(office);
    let (url, sampled) = match args.place.parse::<Url>() {
        Ok(url) if matches!(url.scheme(), "http" | "https") => {
            (url.clone(), sample(&url, None, args.format, source, limits))
        }
        Ok(_) | Err(_) => {
            let (url, fed) = file(Path::new(&args.place)).map_err(|error| no_file(office, &args.place, &error))?;
            (url.clone(), fed.and_then(|fed| sample(&url, Some(fed), args.format, source, limits)))
        }
    };
    match sampled {
        Ok(sample) => {
            let reading = Reading::of(&sample, source, office.lang);
            let exit = if reading.quarantined.is_empty() && reading.complete { Exit::Done } else { Exit::Left };
            office.show(&reading, || reading.text(office.lang))?;
            Ok(exit)
        }
        Err(error) => {
            let problem = of::source(&error, args.source.as_deref().unwrap_or("—"), &url);
            told(office, Trouble::new(&error, problem.message(office.lang)));
            Err(Failure::Problem(Box::new(problem), Exit::Left))
        }
    }
}

fn known<'a>(office: &'a Office, id: &str) -> Result<&'a Source, Failure> {
    let config = office.config()?;
    config.source(id).ok_or_else(|| {
        let text = office.say(format!("không có nguồn {id} trong cấu hình"), format!("there is no source {id}"));
        Failure::Said(text, Exit::Usage)
    })
}

/// The terms of `[[host]]` hold here too, where there is a configuration.
pub(super) fn limits(office: &Office) -> Limits {
    office.config().map_or_else(|_| Limits::default(), |config| Reach::of(config).feeds(config))
}

/// What stands at an address, or in the document that is at hand already.
fn sample(
    url: &Url,
    fed: Option<Fed>,
    format: Option<Format>,
    source: Option<&Source>,
    limits: Limits,
) -> Result<Sample, ReadError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| ReadError::Unreachable(error.into()))?;
    runtime.block_on(async {
        let fetcher = Fetcher::new(limits)?;
        let asker = Asker { fetcher: &fetcher, trusted: url };
        let fed = match fed {
            Some(fed) => fed,
            None => asker.fetch(url, source).await?,
        };
        let asker = Asker { trusted: source.map_or(url, |source| &source.url), ..asker };
        asker.read(Fed { format, ..fed }, source).await
    })
}

/// An error as programs see it; people are told on the way out.
fn told(office: &Office, trouble: Trouble) {
    if office.json {
        // Nothing here can fail to become JSON.
        let _ = office.show(&Reading { error: Some(trouble), ..Reading::default() }, String::new);
    }
}

fn no_file(office: &Office, path: &str, error: &std::io::Error) -> Failure {
    let english = format!("{path} cannot be read: {error}");
    let what = office.say(format!("Không đọc được {path}: {error}"), english.clone());
    let todo = office.say("Kiểm tra đường dẫn và quyền đọc tệp.", "Check the path and the right to read the file.");
    told(office, Trouble { kind: "file", message: english, what: what.clone(), todo: todo.to_owned() });
    Failure::Said(what, Exit::Left)
}

fn file(path: &Path) -> std::io::Result<(Url, Result<Fed, ReadError>)> {
    let limit = Limits::default().decoded_bytes_max;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    let full = std::path::absolute(path)?;
    let url = Url::from_file_path(full).map_err(|()| std::io::Error::from(std::io::ErrorKind::InvalidInput))?;
    if bytes.len() as u64 > limit {
        return Ok((url, Err(ReadError::TooLarge { what: "decoded bytes", limit })));
    }
    Ok((url.clone(), Ok(Fed { bytes, content_type: None, url, format: None })))
}

/// Of a feed that is no source yet: an article's own host is usual.
fn of_its_own(item: &article::Item) -> Policy {
    let url = item.content.url.parse::<Url>().ok();
    let own = url.as_ref().and_then(Url::host_str).map(firewall::bare).unwrap_or_default();
    Policy { own, ..Policy::default() }
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
        Warning::WeakGuids { bad, items } => either(
            lang,
            format!("{bad} trong {items} bài không có guid riêng: bài được nhận ra theo liên kết"),
            format!("{bad} of {items} items have no guid of their own: articles are known by their links"),
        ),
        Warning::TitleCut { title } => {
            either(lang, format!("tiêu đề bị cắt: {title}"), format!("the title was cut: {title}"))
        }
        Warning::LegacyText { title, encoding } => either(
            lang,
            format!("có vẻ dùng phông {encoding}, người đọc sẽ thấy sai chữ: {title}"),
            format!("seems to be in {encoding}, so readers see other letters: {title}"),
        ),
        Warning::NotOnPage { field, url } => {
            either(lang, format!("không thấy {field} trên trang {url}"), format!("no {field} on the page {url}"))
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
    pub(super) fn of(sample: &Sample, source: Option<&Source>, lang: Lang) -> Self {
        let categories = source.map(|source| source.categories.as_slice()).unwrap_or_default();
        let Sample { entries, summary } = sample;
        let (mut items, mut quarantined) = (Vec::new(), Vec::new());
        for result in entries.iter().cloned() {
            match result {
                Ok(mut item) => {
                    item.categorise(categories);
                    let policy = source.map_or_else(|| of_its_own(&item), |source| source.firewall.clone());
                    items.push(Item::new(item, &policy));
                }
                Err(bad) => quarantined.push(Bad::from(bad)),
            }
        }
        let warnings = summary.warnings.iter().map(|warning| warning_text(warning, lang)).collect();
        let warning_kinds = summary.warnings.iter().map(reading::kind).collect();
        let (title, complete) = (summary.title.clone(), summary.complete);
        Self { title, items, quarantined, warnings, warning_kinds, complete, error: None }
    }

    pub(super) fn text(&self, lang: Lang) -> String {
        self.first(usize::MAX, lang)
    }

    /// With no more than this many articles.
    pub(super) fn first(&self, count: usize, lang: Lang) -> String {
        let mut lines = vec![either(
            lang,
            format!("{}: {} bài, {} bị loại", self.name(), self.items.len(), self.quarantined.len()),
            format!("{}: {} items, {} put aside", self.name(), self.items.len(), self.quarantined.len()),
        )];
        for item in self.items.iter().take(count) {
            let picture = item.image.as_deref().unwrap_or("—");
            let categories = item.categories.join(", ");
            lines.push(format!("{}  {}", when(item.published_at, lang), item.title));
            lines.push(format!("    {}\n    {categories}  {} B  {picture}", item.url, item.body_bytes));
            let held = either(lang, "tường lửa nội dung", "content firewall");
            lines.extend(item.held.iter().map(|reason| format!("    ~ {held}: {}", reason.detail)));
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
