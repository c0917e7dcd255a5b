//! `dongbo hold`: a person looks at what the content firewall holds, and decides.

use serde::Serialize;

use super::office::{Failure, Ledger, Office, nothing};
use super::order;
use crate::exit::Exit;
use crate::firewall::Reason;
use crate::report::when;
use crate::source::text;
use crate::store::{HeldRow, Order, Selection, What};

/// Characters of a held text that are shown.
const TEXT_CHARS_MAX: usize = 4_000;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// What is held and why, urgent articles first.
    List(List),
    /// One held article with its text.
    Show(Named),
    /// The text may go out; the hosts that it leads to are known from now on.
    Release(Decide),
    /// The text must not go out; copies keep the text that they have. A newer text is judged anew.
    Reject(Decide),
}

#[derive(Debug, clap::Args)]
pub struct List {
    /// Those that were rejected as well.
    #[arg(long)]
    all: bool,
    /// Of this source alone.
    #[arg(long, value_name = "ID")]
    source: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct Named {
    /// The original's address, a key, or words of the title.
    #[arg(required = true)]
    key: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub struct Decide {
    /// The original's address, a key, or words of the title.
    key: Vec<String>,
    /// Everything that is held of this source.
    #[arg(long, conflicts_with = "key")]
    source: Option<String>,
    /// Everything that is held.
    #[arg(long, conflicts_with_all = ["key", "source"])]
    all: bool,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

/// What `dongbo hold list --json` and `show --json` print.
#[derive(Debug, Serialize)]
struct Held<'a> {
    key: &'a str,
    title: &'a str,
    url: &'a str,
    source: &'a str,
    /// Wall clock, ms.
    held_at: i64,
    urgent: bool,
    /// An older text stands on portals and stays there.
    corrects: bool,
    reasons: Vec<Told>,
    #[serde(skip)]
    found: &'a [Reason],
    /// Who rejected it; `null`: it waits for a person.
    rejected_by: Option<&'a str>,
    /// With `show`: the text, as people read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

/// A reason, for programs.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Told {
    /// `hosts`, `words`, `hidden` or `burst`.
    pub kind: &'static str,
    pub detail: String,
}

impl From<&Reason> for Told {
    fn from(reason: &Reason) -> Self {
        Self { kind: reason.name(), detail: reason.to_string() }
    }
}

/// What `release --json` and `reject --json` print.
#[derive(Debug, Serialize)]
struct Decided<'a> {
    order: &'static str,
    id: i64,
    keys: Vec<&'a str>,
}

pub(super) fn hold(office: &Office, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list(office, &args),
        Command::Show(args) => show(office, &args),
        Command::Release(args) => decide(office, &args, What::Release),
        Command::Reject(args) => decide(office, &args, What::Reject),
    }
}

fn list(office: &Office, args: &List) -> Result<Exit, Failure> {
    let ledger = office.ledger()?;
    if let Some(source) = &args.source {
        of_the_configuration(office, &ledger, source)?;
    }
    let mut rows = ledger.read(|desk| desk.held(args.all))?;
    rows.retain(|row| args.source.as_ref().is_none_or(|source| row.source == *source));
    let held: Vec<Held<'_>> = rows.iter().map(Held::new).collect();
    office.show(&held, || match held.as_slice() {
        [] => office.say("Không có bài nào bị giữ.", "Nothing is held.").into(),
        held => held.iter().map(|held| held.line(office)).collect::<Vec<_>>().join("\n"),
    })?;
    Ok(Exit::Done)
}

fn show(office: &Office, args: &Named) -> Result<Exit, Failure> {
    let ledger = office.ledger()?;
    let row = find(office, &ledger, &args.key.join(" "))?;
    let content = ledger.read(|desk| desk.content(row.revision))?;
    let prose = content.map(|content| text::cut(&text::plain(&content.body), TEXT_CHARS_MAX));
    let held = Held { text: prose, ..Held::new(&row) };
    office.show(&held, || format!("{}\n\n{}", held.line(office), held.text.as_deref().unwrap_or_default()))?;
    Ok(Exit::Done)
}

/// The held text of the article that is named.
fn find(office: &Office, ledger: &Ledger<'_>, words: &str) -> Result<HeldRow, Failure> {
    let article = office.article(ledger, words)?.id;
    let held = ledger.read(|desk| desk.held(true))?;
    held.into_iter().find(|row| row.article == article).ok_or_else(|| nothing(words))
}

/// One named article needs no question: naming it is the answer. The order
/// names the very text that stands in the list, so that one that comes
/// meanwhile is judged anew.
fn decide(office: &Office, args: &Decide, what: fn(Vec<i64>) -> What) -> Result<Exit, Failure> {
    let ledger = office.ledger()?;
    let rows = chosen(office, &ledger, args)?;
    let held: Vec<Held<'_>> = rows.iter().map(Held::new).collect();
    if args.key.is_empty() && !args.yes {
        let lines: Vec<String> = held.iter().map(|held| held.line(office)).collect();
        office.talk(&lines.join("\n"));
        order::ask(office)?;
    }
    let what = what(rows.iter().map(|row| row.revision.0).collect());
    let order = what.name();
    let id = ledger.read(|desk| desk.file(&Order { what, selection: Selection::default() }, &order::who()))?;
    office.is_running(&ledger.config.state);
    let decided = Decided { order, id, keys: rows.iter().map(|row| row.key.as_str()).collect() };
    office.show(&decided, || {
        let mut lines: Vec<String> = held.iter().map(|held| format!("{}  {}", held.key, held.title)).collect();
        lines.push(office.say(
            format!("{order}: {} bài, đã ghi lệnh số {id}.", rows.len()),
            format!("{order}: {} articles, filed as order {id}.", rows.len()),
        ));
        lines.join("\n")
    })?;
    Ok(Exit::Done)
}

fn chosen(office: &Office, ledger: &Ledger<'_>, args: &Decide) -> Result<Vec<HeldRow>, Failure> {
    if !args.key.is_empty() {
        return Ok(vec![find(office, ledger, &args.key.join(" "))?]);
    }
    if args.source.is_none() && !args.all {
        let text = office.say(
            "Chưa chọn gì: nêu địa chỉ hoặc khóa của một bài, --source ID, hoặc --all.",
            "Nothing is chosen: name an article by address or key, --source ID, or --all.",
        );
        return Err(Failure::Said(text.into(), Exit::Usage));
    }
    if let Some(source) = &args.source {
        of_the_configuration(office, ledger, source)?;
    }
    let mut rows = ledger.read(|desk| desk.held(false))?;
    rows.retain(|row| args.source.as_ref().is_none_or(|source| row.source == *source));
    if rows.is_empty() {
        return Err(nothing(args.source.as_deref().unwrap_or("--all")));
    }
    Ok(rows)
}

fn of_the_configuration(office: &Office, ledger: &Ledger<'_>, source: &str) -> Result<(), Failure> {
    if ledger.config.source(source).is_some() {
        return Ok(());
    }
    let known: Vec<String> = ledger.config.sources.iter().map(|source| source.id.clone()).collect();
    Err(order::unknown(office, source, &known))
}

impl<'a> Held<'a> {
    fn new(row: &'a HeldRow) -> Self {
        Self {
            key: &row.key,
            title: &row.title,
            url: &row.url,
            source: &row.source,
            held_at: row.at,
            urgent: row.urgent,
            corrects: row.corrects,
            reasons: row.reasons.iter().map(Told::from).collect(),
            found: &row.reasons,
            rejected_by: row.rejected.as_ref().map(|(who, _)| who.as_str()),
            text: None,
        }
    }

    fn line(&self, office: &Office) -> String {
        let urgent = if self.urgent { office.say("KHẨN  ", "URGENT  ") } else { "" };
        let mut lines = vec![format!("{urgent}{}  {}", self.key, self.title)];
        let at = when(self.held_at, office.lang);
        lines.push(format!("    {}  {}  {at}", self.url, self.source));
        lines.extend(self.found.iter().map(|reason| format!("    {}", words(reason, office))));
        if self.corrects {
            let text = office
                .say("bản sửa: các cổng vẫn giữ nội dung trước", "a correction: portals keep the text that they have");
            lines.push(format!("    {text}"));
        }
        if let Some(who) = self.rejected_by {
            lines.push(office.say(format!("    đã từ chối: {who}"), format!("    rejected by {who}")));
        }
        lines.join("\n")
    }
}

fn words(reason: &Reason, office: &Office) -> String {
    match reason {
        Reason::Hosts(hosts) => office.say(
            format!("dẫn đến máy chủ chưa từng có: {}", hosts.join(", ")),
            format!("leads to hosts that were never named before: {}", hosts.join(", ")),
        ),
        Reason::Words(words) => office.say(
            format!("từ ngữ cờ bạc, quảng cáo rác: {}", words.join(", ")),
            format!("words of gambling or spam: {}", words.join(", ")),
        ),
        Reason::Hidden(text) => {
            office.say(format!("nội dung bị giấu với người đọc: “{text}”"), format!("hidden from readers: “{text}”"))
        }
        Reason::Burst(limit) => office.say(
            format!("một trong hơn {limit} bài mới và bài sửa trong một giờ"),
            format!("one of more than {limit} new and corrected articles within an hour"),
        ),
    }
}
