//! Commands that file orders: resync, withdraw, retry, pause, resume.
//!
//! Each shows what it would touch per portal, asks, files the order, and can
//! wait until it is done and its copies stand.

use std::collections::BTreeSet;
use std::io::{BufRead, IsTerminal, Write};
use std::time::{Duration, Instant};

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::Serialize;

use super::office::{Failure, Ledger, Office, nothing};
use crate::config::{Config, Human};
use crate::exit::Exit;
use crate::source::Paged;
use crate::source::date::LOCAL;
use crate::store::{Order, OrderRow, Selection, What};

/// How often `--wait` looks.
const LOOK: Duration = Duration::from_millis(500);
/// How long `--wait` waits unless it says otherwise.
const WAIT_MAX: &str = "15m";

/// Which copies: every condition given must hold.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Chosen {
    /// A portal's id, or group:NAME; may be repeated.
    #[arg(long, value_name = "ID|group:NAME")]
    portal: Vec<String>,
    /// Articles that this source shows.
    #[arg(long, value_name = "ID")]
    source: Option<String>,
    /// Articles of this category, as the source names it.
    #[arg(long, value_name = "NAME")]
    category: Option<String>,
    /// Published on this day (Vietnam) or later: 2026-11-24, or a time such as 2026-11-24T08:00:00+07:00.
    #[arg(long, value_name = "DAY")]
    since: Option<String>,
    /// Published on this day (Vietnam) or earlier.
    #[arg(long, value_name = "DAY")]
    until: Option<String>,
    /// One article: its address, a copy's address, a key, or words of the title.
    #[arg(long, value_name = "KEY")]
    article: Option<String>,
    /// Everything; without this something must be chosen.
    #[arg(long, conflicts_with_all = ["portal", "source", "category", "since", "until", "article"])]
    all: bool,
}

#[derive(Debug, Clone, Default, clap::Args)]
pub struct OrderArgs {
    #[command(flatten)]
    chosen: Chosen,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
    /// Wait until it is done and the copies stand, at most this long.
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = WAIT_MAX, value_parser = wait_time)]
    wait: Option<Duration>,
}

#[derive(Debug, Clone, clap::Args)]
pub struct ResyncArgs {
    #[command(flatten)]
    order: OrderArgs,
    /// Only say what would be looked up; files nothing.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Clone, clap::Args)]
pub struct WithdrawArgs {
    /// One article: its address, a copy's address, a key, or words of the title.
    #[arg(value_name = "KEY", conflicts_with_all = ["article", "all"])]
    key: Vec<String>,
    #[command(flatten)]
    order: OrderArgs,
    /// Only say what would be taken away; files nothing.
    #[arg(long)]
    dry_run: bool,
    /// Undo a withdrawal: the copies are shown again.
    #[arg(long)]
    undo: bool,
}

fn wait_time(text: &str) -> Result<Duration, String> {
    text.parse::<Human>().map(|human| human.0).map_err(|error| error.to_string())
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report {
    /// The order's word: `resync`, `withdraw`, `restore` ….
    order: &'static str,
    /// `null`: nothing was filed.
    id: Option<i64>,
    /// With `resync --source --since`: the order that reads the source's past,
    /// or would; `null`: the source is a feed, which has none.
    history: Option<History>,
    /// Deliveries that it touches, per portal id.
    portals: Vec<Touched>,
    total: usize,
    /// With `--wait`: deliveries that do not stand yet, per portal id.
    left: Option<Vec<Touched>>,
}

#[derive(Debug, Serialize)]
struct History {
    /// `null`: nothing was filed.
    id: Option<i64>,
}

#[derive(Debug, Serialize)]
struct Touched {
    portal: String,
    deliveries: usize,
}

/// Whether an order is filed or only foreseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    File,
    Foresee,
}

pub(super) fn resync(office: &Office, args: ResyncArgs) -> Result<Exit, Failure> {
    give(office, What::Resync, &args.order, mode(args.dry_run))
}

pub(super) fn withdraw(office: &Office, mut args: WithdrawArgs) -> Result<Exit, Failure> {
    if !args.key.is_empty() {
        args.order.chosen.article = Some(args.key.join(" "));
    }
    let what = if args.undo { What::Restore } else { What::Withdraw };
    give(office, what, &args.order, mode(args.dry_run))
}

fn mode(dry_run: bool) -> Mode {
    if dry_run { Mode::Foresee } else { Mode::File }
}

pub(super) fn retry(office: &Office, args: &OrderArgs) -> Result<Exit, Failure> {
    give(office, What::Retry, args, Mode::File)
}

pub(super) fn pause(office: &Office, args: &OrderArgs) -> Result<Exit, Failure> {
    portals_only(office, &args.chosen)?;
    give(office, What::Pause, args, Mode::File)
}

pub(super) fn resume(office: &Office, args: &OrderArgs) -> Result<Exit, Failure> {
    portals_only(office, &args.chosen)?;
    give(office, What::Resume, args, Mode::File)
}

/// A portal rests as a whole: its lane cannot rest for a category.
fn portals_only(office: &Office, chosen: &Chosen) -> Result<(), Failure> {
    let other = [&chosen.source, &chosen.category, &chosen.since, &chosen.until, &chosen.article];
    if other.iter().all(|value| value.is_none()) {
        return Ok(());
    }
    let text = office.say(
        "Chỉ tạm dừng hoặc tiếp tục được cả cổng: --portal ID, --portal group:TÊN hoặc --all. \
         Để gỡ bài: dongbo withdraw; để không nhận chuyên mục: reject trong tệp cấu hình.",
        "Only whole portals are paused or resumed: --portal ID, --portal group:NAME or --all. \
         To take articles away: dongbo withdraw; to refuse a category: reject in the configuration.",
    );
    Err(Failure::Said(text.into(), Exit::Usage))
}

fn give(office: &Office, what: What, args: &OrderArgs, mode: Mode) -> Result<Exit, Failure> {
    let ledger = office.ledger()?;
    let order = Order { selection: selection(office, &ledger, &args.chosen)?, what };
    let foreseen = ledger.read(|desk| desk.foresee(&order, &ledger.planned))?;
    let total: usize = foreseen.iter().map(|(_, count)| count).sum();
    let whole_portals = matches!(order.what, What::Pause | What::Resume);
    let history = has_a_past(office, &ledger, &order).then_some(History { id: None });
    if foreseen.is_empty() || (total == 0 && !whole_portals && history.is_none()) {
        return Err(nothing(&args.chosen.words()));
    }
    let mut report =
        Report { order: order.what.name(), id: None, history, portals: touched(foreseen), total, left: None };
    if mode == Mode::Foresee {
        office.show(&report, || report.text(office))?;
        return Ok(Exit::Done);
    }
    if !args.yes {
        office.talk(&report.text(office));
        ask(office)?;
    }
    let id = ledger.read(|desk| desk.file(&order, &who()))?;
    report.id = Some(id);
    if let Some(history) = &mut report.history {
        let order = Order { what: What::History, selection: order.selection.clone() };
        history.id = Some(ledger.read(|desk| desk.file(&order, &who()))?);
    }
    let running = office.is_running(&ledger.config.state);
    let exit = match args.wait {
        Some(limit) if running => wait(office, &ledger, &order, Waited { id, limit, report: &mut report })?,
        Some(_) => Exit::Left,
        None => Exit::Done,
    };
    office.show(&report, || report.text(office))?;
    Ok(exit)
}

/// Whether the order asks for what a source published before it was known.
fn has_a_past(office: &Office, ledger: &Ledger<'_>, order: &Order) -> bool {
    let Selection { source, since, article, .. } = &order.selection;
    let (What::Resync, Some(source), Some(_), None) = (&order.what, source, since, article) else { return false };
    let past = ledger.config.source(source).and_then(|source| source.read.as_ref()).is_some_and(Paged::has_a_past);
    if !past {
        office.talk(office.say(
            "Nguồn này không đọc ngược được (RSS chỉ cho biết các bài đang hiện); chỉ xử lý các bài đã biết.",
            "This source cannot be read back (a feed tells only what it shows); only known articles are meant.",
        ));
    }
    past
}

impl Report {
    fn text(&self, office: &Office) -> String {
        let portals = self.portals.iter().filter(|touched| touched.deliveries > 0);
        let mut lines: Vec<String> =
            portals.map(|touched| format!("  {}: {}", touched.portal, touched.deliveries)).collect();
        let (order, total, count) = (self.order, self.total, self.portals.len());
        let of = office.say(
            format!("{order}: {total} bản sao trên {count} cổng thành phần"),
            format!("{order}: {total} copies on {count} portals"),
        );
        lines.insert(0, of);
        if self.history.is_some() {
            let text = office.say(
                "Nguồn sẽ được đọc ngược về ngày đã nêu, sau các bài mới; đọc xong thì bài được đưa sang.",
                "The source's past is read back to that day, behind what is new; then its articles follow.",
            );
            lines.push(text.into());
        }
        if let Some(id) = self.id {
            lines.push(office.say(format!("Đã ghi lệnh số {id}."), format!("Filed as order {id}.")));
        }
        for left in self.left.iter().flatten().filter(|left| left.deliveries > 0) {
            let (portal, count) = (&left.portal, left.deliveries);
            lines.push(office.say(
                format!("Chưa xong: {portal}, {count} bản sao; xem: dongbo status"),
                format!("Not done yet: {portal}, {count} copies; look: dongbo status"),
            ));
        }
        lines.join("\n")
    }
}

fn touched(counts: Vec<(String, usize)>) -> Vec<Touched> {
    counts.into_iter().map(|(portal, deliveries)| Touched { portal, deliveries }).collect()
}

/// Who files an order: the person behind `sudo`, else the user.
pub(super) fn who() -> String {
    let named = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    named("SUDO_USER").or_else(|| named("USER")).unwrap_or_else(|| format!("uid {}", nix::unistd::getuid()))
}

/// Asks on the terminal; where there is none, nobody can agree.
pub(super) fn ask(office: &Office) -> Result<(), Failure> {
    let declined = |text: &str| Err(Failure::Said(text.to_owned(), Exit::Declined));
    if !std::io::stdin().is_terminal() {
        return declined(office.say(
            "Không có ai để hỏi (không phải thiết bị đầu cuối); thêm --yes nếu đã chắc chắn.",
            "Nobody can be asked (this is no terminal); add --yes if you are sure.",
        ));
    }
    let _ = write!(std::io::stderr(), "{}", office.say("Thực hiện? [c/K] ", "Go on? [y/N] "));
    let mut answer = String::new();
    let _ = std::io::stdin().lock().read_line(&mut answer);
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" | "c" | "có" | "co" => Ok(()),
        _ => declined(office.say("Không làm gì.", "Nothing was done.")),
    }
}

struct Waited<'a> {
    id: i64,
    limit: Duration,
    report: &'a mut Report,
}

/// Until the order is done and what it names stands.
fn wait(office: &Office, ledger: &Ledger<'_>, order: &Order, waited: Waited<'_>) -> Result<Exit, Failure> {
    let deadline = Instant::now() + waited.limit;
    loop {
        let row = ledger.read(|desk| desk.order(waited.id))?;
        if let Some(reason) = row.as_ref().and_then(|row| row.failed.as_deref()) {
            return Err(Failure::Said(
                office.say(format!("Lệnh thất bại: {reason}"), format!("The order failed: {reason}")),
                Exit::Left,
            ));
        }
        let done = row.is_some_and(|row: OrderRow| row.done.is_some());
        let whole_portals = matches!(order.what, What::Pause | What::Resume);
        if done && whole_portals {
            return Ok(Exit::Done);
        }
        let left = ledger.read(|desk| desk.unfinished(&order.selection, &ledger.planned))?;
        let stands = done && left.iter().all(|(_, count)| *count == 0);
        waited.report.left = Some(touched(left));
        if stands {
            return Ok(Exit::Done);
        }
        if Instant::now() >= deadline {
            return Ok(Exit::Left);
        }
        std::thread::sleep(LOOK);
    }
}

impl Chosen {
    fn is_empty(&self) -> bool {
        self.portal.is_empty()
            && [&self.source, &self.category, &self.since, &self.until, &self.article].iter().all(|one| one.is_none())
    }

    /// As it was typed.
    fn words(&self) -> String {
        let named = [
            ("--source", &self.source),
            ("--category", &self.category),
            ("--since", &self.since),
            ("--until", &self.until),
            ("--article", &self.article),
        ];
        let portals = self.portal.iter().map(|portal| format!("--portal {portal}"));
        let others = named.iter().filter_map(|(name, value)| value.as_ref().map(|value| format!("{name} {value}")));
        let words: Vec<String> = portals.chain(others).collect();
        if words.is_empty() { "--all".into() } else { words.join(" ") }
    }
}

fn selection(office: &Office, ledger: &Ledger<'_>, chosen: &Chosen) -> Result<Selection, Failure> {
    if chosen.is_empty() && !chosen.all {
        let text = office.say(
            "Chưa chọn gì: dùng --portal, --source, --category, --since, --until, --article, hoặc --all cho tất cả.",
            "Nothing is chosen: use --portal, --source, --category, --since, --until, --article, or --all.",
        );
        return Err(Failure::Said(text.into(), Exit::Usage));
    }
    if let Some(source) = chosen.source.as_ref().filter(|id| ledger.config.source(id).is_none()) {
        return Err(unknown(office, source, &ids(ledger.config.sources.iter().map(|source| &source.id))));
    }
    let article = match &chosen.article {
        Some(words) => Some(office.article(ledger, words)?.id.0),
        None => None,
    };
    Ok(Selection {
        portals: portals(office, ledger.config, &chosen.portal)?,
        article,
        source: chosen.source.clone(),
        category: chosen.category.clone(),
        since: chosen.since.as_deref().map(|text| moment(office, text, Edge::Start)).transpose()?,
        until: chosen.until.as_deref().map(|text| moment(office, text, Edge::End)).transpose()?,
    })
}

fn ids<'a>(ids: impl Iterator<Item = &'a String>) -> Vec<String> {
    ids.cloned().collect()
}

/// Ids and groups as ids; `None`: all.
pub(super) fn portals(office: &Office, config: &Config, named: &[String]) -> Result<Option<BTreeSet<String>>, Failure> {
    let mut chosen = BTreeSet::new();
    for name in named {
        if let Some(group) = name.strip_prefix("group:") {
            let members = config.portals.iter().filter(|portal| portal.groups.iter().any(|of| of == group));
            let before = chosen.len();
            chosen.extend(members.map(|portal| portal.id.clone()));
            if chosen.len() == before && !config.groups.iter().any(|known| known == group) {
                let known: Vec<String> = config.groups.iter().map(|group| format!("group:{group}")).collect();
                return Err(unknown(office, name, &known));
            }
        } else if config.portal(name).is_some() {
            chosen.insert(name.clone());
        } else {
            return Err(unknown(office, name, &ids(config.portals.iter().map(|portal| &portal.id))));
        }
    }
    Ok((!named.is_empty()).then_some(chosen))
}

/// Names nothing that the configuration knows; offers the nearest name.
pub(super) fn unknown(office: &Office, name: &str, known: &[String]) -> Failure {
    let near = known.iter().max_by(|a, b| strsim::jaro_winkler(name, a).total_cmp(&strsim::jaro_winkler(name, b)));
    let near = near.map(String::as_str).unwrap_or("—");
    let text = office.say(
        format!("Cấu hình không có “{name}”; gần nhất: {near}"),
        format!("The configuration has no “{name}”; the nearest is {near}"),
    );
    Failure::Said(text, Exit::Nothing)
}

#[derive(Debug, Clone, Copy)]
enum Edge {
    Start,
    End,
}

/// A day in Vietnam, or an instant, as wall-clock ms.
fn moment(office: &Office, text: &str, edge: Edge) -> Result<i64, Failure> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant.as_millisecond());
    }
    let midnight = |day: Date| LOCAL.to_timestamp(day.at(0, 0, 0, 0)).ok().map(Timestamp::as_millisecond);
    let found = text.parse::<Date>().ok().and_then(|day| match edge {
        Edge::Start => midnight(day),
        Edge::End => day.checked_add(1.day()).ok().and_then(midnight).map(|next| next - 1),
    });
    found.ok_or_else(|| {
        let say = office.say(
            format!("“{text}” không phải là ngày; ví dụ: 2026-11-24"),
            format!("“{text}” is no day; such as 2026-11-24"),
        );
        Failure::Said(say, Exit::Usage)
    })
}
