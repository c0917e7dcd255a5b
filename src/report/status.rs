//! How the whole is doing: portals, sources, originals, orders.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use dongbo_sdk::ErrorKind;
use serde::Serialize;

use super::{either, state_word, to_wall, when};
use crate::config::{Config, Source};
use crate::delivery::{Moment, State};
use crate::message::{Lang, Message, Problem, SourceFault, span};
use crate::reach::HostTerms;
use crate::store::{Counts, Desk, Gap, Health, HeldCount, OrderRow, PortalRow, Rhythm, StoreError, wall};

/// What `dongbo status --json` prints. Times are wall-clock milliseconds since 1970.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// A daemon works on this ledger.
    pub running: bool,
    /// `pause --all` is in force.
    pub paused: bool,
    /// The ledger was put back from a backup and no daemon has run since.
    pub restored: bool,
    pub articles: i64,
    /// Those that need a person first, then those that are late, then by id.
    pub portals: Vec<PortalStatus>,
    /// Ids of portals that have left the configuration; their copies stay.
    pub retired: Vec<String>,
    pub sources: Vec<SourceStatus>,
    /// Hosts that are reached on terms of their own, `[[host]]`.
    pub hosts: Vec<HostTerms>,
    pub originals: Originals,
    pub orders: Vec<OrderRow>,
}

/// How a portal is doing, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// Nothing is sent until a person or the configuration changes something.
    Held,
    /// It does not answer; it is asked again by itself.
    Down,
    /// Some deliveries need a person.
    Attention,
    Paused,
    /// No check has succeeded yet.
    New,
    /// Some deliveries are under way.
    Busy,
    Ok,
}

#[derive(Debug, Clone, Serialize)]
pub struct PortalStatus {
    pub id: String,
    pub name: String,
    pub condition: Condition,
    /// Deliveries by state; a state without any is left out.
    pub deliveries: BTreeMap<State, usize>,
    pub reason: Option<String>,
    /// When it is asked again, where it is down.
    pub asked_again_at: Option<i64>,
    /// When our last write there ended.
    pub written_at: Option<i64>,
    /// Age of the oldest delivery that is due, in seconds.
    pub lag_seconds: Option<i64>,
    /// What asks a person to act.
    pub messages: Vec<Message>,
}

#[derive(Debug, Clone, Serialize)]
pub struct SourceStatus {
    pub id: String,
    /// The last reading that found something new.
    pub read_at: Option<i64>,
    /// Kind of the last failure; `null`: the last poll succeeded.
    pub failing: Option<String>,
    /// Withdrawals wait for a person: too many originals are gone at once.
    pub braked: bool,
    /// What the content firewall holds.
    pub held: HeldCount,
    /// Readings that failed in a row.
    pub failures: u32,
    /// How often it is read, in seconds, and what decides that: `configured`,
    /// `own-rhythm`, `wished`, `retry-after` or `failing`; `null`: not read yet.
    pub every_s: Option<u64>,
    pub why: Option<String>,
    /// When it is read next, where the last reading failed.
    pub next_at: Option<i64>,
    /// Its past is being read; `null`: nobody asked for it.
    pub past: Option<Past>,
    /// What a person should know, what asks for an act first.
    pub messages: Vec<Message>,
}

/// The past of a source that is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Past {
    pub since: i64,
    /// Articles that were new so far.
    pub found: u64,
}

impl Status {
    /// # Errors
    /// When the ledger cannot be read.
    pub fn read(desk: &Desk, config: &Config, lang: Lang) -> Result<Self, StoreError> {
        let (rows, now, paused) = (desk.portals()?, desk.now()?, desk.paused()?);
        let mut portals = Vec::new();
        for row in rows.iter().filter(|row| !row.retired) {
            portals.push(portal_status(desk, config, row, &Look { now, paused, lang })?);
        }
        portals.sort_by(|a, b| (a.condition, &a.id).cmp(&(b.condition, &b.id)));
        let watched = desk.watched(now)?;
        let mut sources = Vec::new();
        for source in &config.sources {
            let row = desk.source(&source.id)?;
            let (read_at, failing) = row.map(|row| (row.read_at, row.failing)).unwrap_or_default();
            let braked = watched.braked.contains(&source.id);
            let held = desk.held_count(&source.id)?;
            let braked_by = braked.then(|| Problem::Source {
                fault: SourceFault::Braked,
                source: source.id.clone(),
                url: source.url.to_string(),
            });
            let held_by = (held.articles > 0).then(|| Problem::ArticlesHeld {
                source: source.id.clone(),
                waiting: held.articles.into(),
                urgent: held.urgent.into(),
            });
            let rhythm = desk.rhythm(&source.id)?;
            let notices = notices(source, &rhythm, desk.gap(&source.id)?);
            let problems = braked_by.into_iter().chain(held_by).chain(notices);
            let messages = problems.map(|problem| problem.message(lang)).collect();
            sources.push(SourceStatus {
                id: source.id.clone(),
                read_at,
                failing,
                braked,
                held,
                failures: rhythm.failures,
                every_s: rhythm.every.map(|every| every.as_secs()),
                why: rhythm.why,
                next_at: rhythm.not_before,
                past: desk.history(&source.id)?.map(|past| Past { since: past.since, found: past.found }),
                messages,
            });
        }
        Ok(Self {
            running: crate::store::InstanceLock::is_held(&config.state),
            paused,
            restored: desk.is_restored()?,
            articles: desk.articles()?,
            portals,
            retired: rows.into_iter().filter(|row| row.retired).map(|row| row.name).collect(),
            sources,
            hosts: HostTerms::all(config),
            originals: Originals {
                watched: watched.originals,
                due: watched.due,
                late_s: watched.late_s,
                noticed_within_s: noticed_within(config),
            },
            orders: desk.open_orders()?,
        })
    }

    /// Something waits for a person.
    #[must_use]
    pub fn needs_a_person(&self) -> bool {
        let portal = |portal: &PortalStatus| matches!(portal.condition, Condition::Held | Condition::Attention);
        let source = |source: &SourceStatus| source.failing.is_some() || source.braked || source.held.articles > 0;
        self.portals.iter().any(portal) || self.sources.iter().any(source)
    }

    /// For people; a line for each portal, trouble first.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        let mut text = self.head(lang);
        let width = self.portals.iter().map(|portal| portal.id.chars().count()).max().unwrap_or(0);
        for portal in &self.portals {
            let _ = writeln!(text, "{}", portal.line(width, lang));
            for message in &portal.messages {
                let _ = writeln!(text, "{}", indented(&message.to_string()));
            }
        }
        for source in &self.sources {
            let _ = writeln!(text, "{}", source.text(lang));
            for message in &source.messages {
                let _ = writeln!(text, "{}", indented(&message.to_string()));
            }
        }
        for host in &self.hosts {
            let _ = writeln!(text, "{}", host.text(lang));
        }
        let _ = writeln!(text, "{}", self.originals.text(lang));
        for order in &self.orders {
            let words = either(lang, "lệnh đang mở", "open order");
            let _ = writeln!(text, "{words} {}: {} ({})", order.id, order.order.what.name(), order.who);
        }
        text
    }

    fn head(&self, lang: Lang) -> String {
        let mut text = either(
            lang,
            format!("{} bài, {} cổng thành phần\n", self.articles, self.portals.len()),
            format!("{} articles, {} portals\n", self.articles, self.portals.len()),
        );
        let mut say = |vi: &str, en: &str| {
            let _ = writeln!(text, "{}", either(lang, vi, en));
        };
        if !self.running {
            say("dongbo chưa chạy: dongbo run", "dongbo is not running: dongbo run");
        }
        if self.paused {
            say(
                "Tất cả đang tạm dừng; tiếp tục: dongbo resume --all",
                "Everything is paused; go on: dongbo resume --all",
            );
        }
        if self.restored {
            say(
                "Cơ sở dữ liệu vừa khôi phục từ bản sao lưu; khi chạy, mọi bản sao được đối chiếu trước khi ghi.",
                "The ledger was put back from a backup; the next run looks every copy up before it writes.",
            );
        }
        if !self.retired.is_empty() {
            let ids = self.retired.join(", ");
            say(&format!("Không còn trong cấu hình: {ids}"), &format!("No longer in the configuration: {ids}"));
        }
        text
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

struct Look {
    now: Moment,
    paused: bool,
    lang: Lang,
}

fn portal_status(desk: &Desk, config: &Config, row: &PortalRow, look: &Look) -> Result<PortalStatus, StoreError> {
    let (counts, pulse) = (desk.counts(row.id)?, desk.pulse(row.id)?);
    let health = worse(row);
    let messages = problems(config, row, &counts).into_iter().map(|problem| problem.message(look.lang)).collect();
    let lag = pulse.due_at.filter(|&at| at <= look.now).map(|at| (look.now.0 - at.0) / 1000);
    Ok(PortalStatus {
        id: row.name.clone(),
        name: config.portal(&row.name).map_or_else(|| row.name.clone(), |portal| portal.name.clone()),
        condition: condition(row, &counts, look.paused),
        deliveries: counts,
        reason: health.reason.clone(),
        asked_again_at: health.open_until.map(|at| to_wall(at, look.now)),
        written_at: pulse.written_at.map(|at| to_wall(at, look.now)),
        lag_seconds: lag,
        messages,
    })
}

/// The portal's own health, or its installation's where that is what stops it.
fn worse(row: &PortalRow) -> &Health {
    let calm = |health: &Health| health.held.is_none() && health.open_until.is_none();
    if calm(&row.health) && !calm(&row.installation_health) { &row.installation_health } else { &row.health }
}

fn condition(row: &PortalRow, counts: &Counts, all_paused: bool) -> Condition {
    let some = |states: &[State]| states.iter().any(|state| counts.get(state).is_some_and(|&count| count > 0));
    let health = worse(row);
    if health.held.is_some() {
        Condition::Held
    } else if health.open_until.is_some() {
        Condition::Down
    } else if some(&[State::Parked, State::Removed, State::Waiting]) {
        Condition::Attention
    } else if row.paused || all_paused {
        Condition::Paused
    } else if row.capabilities.is_none() {
        Condition::New
    } else if some(&[State::Due, State::Uncertain]) {
        Condition::Busy
    } else {
        Condition::Ok
    }
}

/// What asks a person to act on a portal as a whole.
fn problems(config: &Config, row: &PortalRow, counts: &Counts) -> Vec<Problem> {
    let mut problems = Vec::new();
    let portal = row.name.clone();
    let health = worse(row);
    if let Some(held) = &health.held {
        let kind = ErrorKind::from_name(held).unwrap_or(ErrorKind::Unexpected);
        problems.push(match kind {
            ErrorKind::Conflict => Problem::OtherSite {
                portal: portal.clone(),
                address: row.address.clone(),
                found: health.reason.clone().unwrap_or_default(),
            },
            kind => Problem::PortalHeld { portal: portal.clone(), kind },
        });
    }
    if let Some(&waiting) = counts.get(&State::Waiting).filter(|&&count| count > 0) {
        let limit = config.portal(&row.name).map_or(0, |portal| portal.create_burst);
        problems.push(Problem::CreateBurstHeld { portal, waiting: waiting as u64, limit });
    }
    problems
}

impl Condition {
    #[must_use]
    pub fn word(self, lang: Lang) -> &'static str {
        let (vi, en) = match self {
            Self::Held => ("BỊ GIỮ", "HELD"),
            Self::Down => ("KHÔNG TRẢ LỜI", "DOWN"),
            Self::Attention => ("CẦN XEM", "ATTENTION"),
            Self::Paused => ("tạm dừng", "paused"),
            Self::New => ("chưa kiểm tra", "new"),
            Self::Busy => ("đang gửi", "busy"),
            Self::Ok => ("ổn", "ok"),
        };
        either(lang, vi, en)
    }
}

impl PortalStatus {
    /// For people: its line and what to do.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        let messages = self.messages.iter().map(|message| indented(&message.to_string()));
        std::iter::once(self.line(0, lang)).chain(messages).collect::<Vec<_>>().join("\n")
    }

    fn line(&self, width: usize, lang: Lang) -> String {
        let mut line = format!("{:<width$}  {:<13}", self.id, self.condition.word(lang));
        for (state, count) in &self.deliveries {
            let _ = write!(line, "  {} {count}", state_word(*state, lang));
        }
        if let Some(lag) = self.lag_seconds.filter(|&lag| lag > 0) {
            let _ = write!(line, "  {}", either(lang, format!("trễ {lag} giây"), format!("late {lag} s")));
        }
        if let Some(at) = self.written_at {
            let _ = write!(line, "  {} {}", either(lang, "ghi lúc", "written"), when(at, lang));
        }
        if let Some(reason) = &self.reason {
            let _ = write!(line, "  {reason}");
        }
        if let Some(at) = self.asked_again_at {
            let _ = write!(line, "  {} {}", either(lang, "hỏi lại lúc", "asked again"), when(at, lang));
        }
        line
    }
}

/// The watch over originals.
#[derive(Debug, Clone, Serialize)]
pub struct Originals {
    pub watched: i64,
    /// Due and not looked at yet.
    pub due: i64,
    /// By how much the longest waiting one is late.
    pub late_s: i64,
    /// Within how many seconds a withdrawal is noticed: of originals younger
    /// than 3 days, younger than 90 days, older.
    pub noticed_within_s: [u64; 3],
}

/// Looks that are less late than this are on time.
const LATE_FROM_S: i64 = 120;

/// The longest time from a withdrawal to its last confirmation.
fn noticed_within(config: &Config) -> [u64; 3] {
    let watch = &config.watch;
    let confirmed = watch.again.saturating_mul(watch.confirmations.saturating_sub(1));
    [watch.young, watch.settled, watch.old].map(|every| (every + confirmed.min(every)).as_secs())
}

impl Originals {
    /// For people, one line.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        let [young, settled, old] = self.noticed_within_s.map(|seconds| span(Duration::from_secs(seconds), lang));
        let (originals, due) = (self.watched, self.due);
        let late = match self.late_s {
            ..LATE_FROM_S => String::new(),
            late => {
                let late = span(Duration::from_secs(late.unsigned_abs()), lang);
                either(lang, format!(", chậm nhất {late}"), format!(", the latest by {late}"))
            }
        };
        either(
            lang,
            format!(
                "bài gốc: theo dõi {originals}; bài bị gỡ được phát hiện trong {young} (dưới 3 ngày), {settled} (dưới 90 ngày), \
                 {old}; {due} đến hạn xem lại{late}"
            ),
            format!(
                "originals: {originals} watched; a withdrawal is noticed within {young} (younger than 3 days), {settled} \
                 (90 days), {old}; {due} due{late}"
            ),
        )
    }
}

impl SourceStatus {
    /// For people, one line.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        let word = either(lang, "nguồn", "source");
        let read = self.read_at.map_or_else(|| "—".into(), |at| when(at, lang));
        let state = match &self.failing {
            Some(kind) => format!("{} {kind}", either(lang, "KHÔNG ĐỌC ĐƯỢC:", "NOT READ:")),
            None => either(lang, "đọc được", "readable").into(),
        };
        let new = either(lang, "có tin mới lúc", "something new at");
        format!("{word} {}: {state}, {new} {read}{}{}", self.id, self.rhythm(lang), self.past(lang))
    }

    /// How far the past that a person asked for was read.
    fn past(&self, lang: Lang) -> String {
        let Some(Past { since, found }) = &self.past else { return String::new() };
        let since = when(*since, lang);
        either(
            lang,
            format!(", đang đọc ngược về {since}: {found} bài mới"),
            format!(", its past is read back to {since}: {found} new articles"),
        )
    }

    /// How often it is read, or when next, and why where that is not the ordinary interval.
    fn rhythm(&self, lang: Lang) -> String {
        let Some(every) = self.every_s else { return String::new() };
        let why = match self.why.as_deref() {
            Some("wished") => either(lang, " (theo đề nghị của nguồn)", " (as the source wishes)").to_owned(),
            Some("retry-after") => {
                either(lang, " (nguồn đề nghị chờ: Retry-After)", " (the source asks to wait: Retry-After)").to_owned()
            }
            Some("failing") => {
                let failures = self.failures;
                either(
                    lang,
                    format!(" (sau {failures} lần lỗi liên tiếp)"),
                    format!(" (failures in a row: {failures})"),
                )
            }
            Some(_) | None => String::new(),
        };
        match self.next_at {
            Some(at) => format!(", {} {}{why}", either(lang, "đọc lại lúc", "read again at"), when(at, lang)),
            None => {
                let every = span(Duration::from_secs(every), lang);
                format!(", {} {every}{why}", either(lang, "đọc mỗi", "read every"))
            }
        }
    }
}

/// A gap is told for so long.
const GAP_TOLD_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// What a person should know of a source although it is read.
fn notices(source: &Source, rhythm: &Rhythm, gap: Option<Gap>) -> Vec<Problem> {
    let (id, url, now) = (source.id.clone(), source.url.to_string(), wall());
    let gap = gap.filter(|gap| now.abs_diff(gap.at) < GAP_TOLD_MS);
    let distrusted = rhythm.distrusted_until.is_some_and(|until| until > now);
    let problem = |fault, url: &str| Problem::Source { fault, source: id.clone(), url: url.to_owned() };
    let moved = rhythm.moved.as_deref().filter(|moved| *moved != url);
    let all = [
        moved.map(|moved| problem(SourceFault::Moved, moved)),
        gap.map(|gap| problem(SourceFault::Gap { since: gap.after }, &url)),
        distrusted.then(|| problem(SourceFault::Distrusted, &url)),
    ];
    all.into_iter().flatten().collect()
}
