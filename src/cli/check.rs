//! `dongbo check`: asks every portal and source, and stores nothing.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use dongbo_sdk::{
    Adapter, At, Call, CheckReport, Error, ErrorKind, Key, Media, MediaKey, MissingCategory, Operation, Post,
    RemoteCopy, Removal, Trace, Visibility, Written,
};
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::office::{Failure, Office};
use super::order;
use crate::config::{Config, Portal};
use crate::daemon::chain;
use crate::exit::Exit;
use crate::message::{Message, Problem, of};
use crate::plan;
use crate::portals;
use crate::reach::{HostTerms, Reach};
use crate::report::{losses, when};
use crate::sample::Asker;
use crate::source::{Fetcher, Limits, ReadError};
use crate::store::{Desk, PortalRow, wall};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these portals: ids or group:NAME. Without one: all portals and sources.
    #[arg(value_name = "PORTAL")]
    portal: Vec<String>,
    /// Make a hidden draft with a picture, read it back, take it away again.
    #[arg(long)]
    write: bool,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report {
    /// Wall clock, ms.
    at: i64,
    /// Hosts that are reached on terms of their own, `[[host]]`.
    hosts: Vec<HostReport>,
    portals: Vec<PortalReport>,
    sources: Vec<SourceReport>,
}

#[derive(Debug, Serialize)]
struct HostReport {
    #[serde(flatten)]
    terms: HostTerms,
    passed: bool,
    problem: Option<Message>,
}

#[derive(Debug, Default, Serialize)]
struct PortalReport {
    id: String,
    passed: bool,
    site: Option<String>,
    title: Option<String>,
    software: Option<String>,
    account: Option<String>,
    /// What copies there lack.
    losses: Vec<&'static str>,
    /// What the portal itself says that a person should know.
    notes: Vec<String>,
    /// Steps of `--write`, each with how it went.
    written: Vec<String>,
    problems: Vec<Message>,
    /// The failure as it came.
    detail: Option<String>,
}

#[derive(Debug, Serialize)]
struct SourceReport {
    id: String,
    passed: bool,
    items: usize,
    quarantined: usize,
    problem: Option<Message>,
}

pub(super) fn check(office: &Office, args: &Args) -> Result<Exit, Failure> {
    let config = office.config_as_owner()?;
    let chosen = order::portals(office, config, &args.portal)?;
    // No ledger yet is no fault here: check comes before the first run.
    let rows = Desk::open(&config.state).and_then(|desk| desk.portals()).unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Other(error.into()))?;
    let reach = Reach::of(config);
    let report = runtime.block_on(async {
        let hosts = hosts(office, config, &reach);
        let mut report = Report { at: wall(), hosts, portals: Vec::new(), sources: Vec::new() };
        for portal in &config.portals {
            if chosen.as_ref().is_none_or(|ids| ids.contains(&portal.id)) {
                let row = rows.iter().find(|row| row.name == portal.id);
                let asked = Asked { office, config, reach: &reach, portal, row };
                report.portals.push(asked.portal(args.write).await);
            }
        }
        if chosen.is_none() {
            for source in &config.sources {
                report.sources.push(check_source(office, config, &reach, source).await);
            }
        }
        report
    });
    office.show(&report, || report.text(office))?;
    let passed = report.hosts.iter().all(|host| host.passed)
        && report.portals.iter().all(|portal| portal.passed)
        && report.sources.iter().all(|source| source.passed);
    Ok(if passed { Exit::Done } else { Exit::Left })
}

struct Asked<'a> {
    office: &'a Office,
    config: &'a Config,
    reach: &'a Reach,
    portal: &'a Portal,
    row: Option<&'a PortalRow>,
}

impl Asked<'_> {
    async fn portal(&self, write: bool) -> PortalReport {
        let mut report = PortalReport { id: self.portal.id.clone(), ..PortalReport::default() };
        if let Err(problem) = self.ask(&mut report, write).await {
            report.passed = false;
            report.problems.push(problem.message(self.office.lang));
        }
        report
    }

    async fn ask(&self, report: &mut PortalReport, write: bool) -> Result<(), Problem> {
        let adapter = self.adapter(report)?;
        let call = self.call();
        let found = adapter.check(&call).await.map_err(|error| self.failed(report, &error))?;
        report.losses = losses(&found.capabilities, self.office.lang);
        report.notes.clone_from(&found.notes);
        for category in self.missing(&found) {
            let problem = Problem::UnknownCategory { portal: self.portal.id.clone(), category };
            report.problems.push(problem.message(self.office.lang));
        }
        let known = self.row.and_then(|row| row.site.as_deref());
        let other = known.is_some_and(|known| known != found.site);
        let (title, drafts) = (found.title.clone(), found.capabilities.drafts);
        report.site = Some(found.site.clone());
        report.title = Some(found.title.clone());
        report.software = Some(found.software.clone());
        report.account = Some(found.account.clone());
        if other {
            let address = self.portal.adapter.address().site;
            return Err(Problem::OtherSite { portal: self.portal.id.clone(), address, found: title });
        }
        report.passed = true;
        if write && drafts {
            self.write(report, adapter.as_ref(), &found).await?;
        } else if write {
            let text =
                self.office.say("không thử ghi: cổng không có bản nháp", "not written: the portal has no drafts");
            report.written.push(text.into());
        }
        Ok(())
    }

    fn adapter(&self, report: &mut PortalReport) -> Result<Arc<dyn Adapter>, Problem> {
        if let Some((place, error)) =
            self.portal.adapter.secret().and_then(|place| Some((place, place.resolve().err()?)))
        {
            report.detail = Some(chain(&error));
            return Err(Problem::SecretMissing { portal: self.portal.id.clone(), place: place.clone() });
        }
        let limits =
            self.config.installation(&self.portal.installation).map(|one| self.reach.portal(one)).unwrap_or_default();
        portals::build(&self.portal.adapter, &self.portal.name, limits).map_err(|error| {
            report.detail = Some(format!("{error:#}"));
            of::kind(ErrorKind::Config, &self.portal.id, &self.portal.adapter.address().site)
        })
    }

    fn call(&self) -> Call {
        let timeout = self.config.installation(&self.portal.installation).map(|one| one.timeout).unwrap_or_default();
        Call { request: format!("check-{:08x}", fastrand::u32(..)), deadline: Instant::now() + timeout, attempt: 1 }
    }

    fn failed(&self, report: &mut PortalReport, error: &Error) -> Problem {
        report.detail = Some(chain(error));
        of::portal(error, &self.portal.id, &self.portal.adapter.address().site)
    }

    /// Categories of the rules that the portal does not have and may not create.
    fn missing(&self, found: &CheckReport) -> Vec<String> {
        if self.portal.missing_category == MissingCategory::Create {
            return Vec::new();
        }
        let mapped = |name: &String| {
            let map = self.portal.categories.iter().find(|(from, _)| plan::same_name(from, name));
            map.map_or_else(|| name.clone(), |(_, to)| to.clone())
        };
        let mut wanted: Vec<String> = self.portal.accept.iter().map(mapped).collect();
        wanted.extend(self.portal.categories.values().cloned());
        wanted.sort();
        wanted.dedup();
        wanted.retain(|name| !found.categories.iter().any(|known| plan::same_name(known, name)));
        wanted
    }

    /// A hidden draft with a picture; whatever happens, what carries its key is taken away.
    async fn write(
        &self,
        report: &mut PortalReport,
        adapter: &dyn Adapter,
        found: &CheckReport,
    ) -> Result<(), Problem> {
        let probe = Probe::new();
        let made = self.make(report, adapter, &probe, found.capabilities.media).await;
        let cleaned = self.clean(report, adapter, &probe, &found.capabilities.removals).await;
        made.and(cleaned).map_err(|error| self.failed(report, &error))
    }

    async fn make(
        &self,
        report: &mut PortalReport,
        adapter: &dyn Adapter,
        probe: &Probe,
        media: bool,
    ) -> Result<(), Error> {
        let mut post = probe.post();
        if media {
            let file = adapter.upload(&self.call(), &probe.media()).await?;
            report.step(self.office.say("tải ảnh lên", "picture uploaded"), &file.url);
            post.featured = Some(file);
        }
        let Written::Stands(copy) = adapter.create(&self.call(), &post).await? else {
            report.step(self.office.say("cổng đang xử lý bản nháp", "the portal works on the draft"), "");
            return Ok(());
        };
        report.step(self.office.say("tạo bản nháp", "draft made"), &copy.id.0);
        let read = adapter.read(&self.call(), &copy.id).await?;
        probe.recognise(read.as_ref())?;
        report.step(self.office.say("đọc lại đúng", "read back, equal"), "");
        Ok(())
    }

    async fn clean(
        &self,
        report: &mut PortalReport,
        adapter: &dyn Adapter,
        probe: &Probe,
        removals: &[Removal],
    ) -> Result<(), Error> {
        let best = [Removal::Delete, Removal::Trash, Removal::Hide].into_iter().find(|how| removals.contains(how));
        for copy in adapter.find(&self.call(), &probe.trace()).await? {
            let Some(how) = best else { continue };
            let at = At { id: copy.id.clone(), key: probe.key.clone(), version: copy.version.clone() };
            let rest = adapter.withdraw(&self.call(), &at, how).await?;
            let rest = rest.map_or_else(String::new, |copy| format!("{:?}", copy.status));
            report.step(self.office.say("gỡ bản nháp", "draft taken away"), &rest);
        }
        Ok(())
    }
}

impl PortalReport {
    fn step(&mut self, what: &str, detail: &str) {
        self.written.push(format!("{what} {detail}").trim_end().to_owned());
    }

    fn text(&self, office: &Office) -> String {
        let verdict =
            if self.passed { office.say("đạt", "passes") } else { office.say("KHÔNG ĐẠT", "DOES NOT PASS") };
        let mut lines = vec![format!("{}: {verdict}", self.id)];
        let facts = [&self.title, &self.site, &self.software, &self.account].map(|fact| fact.as_deref().unwrap_or(""));
        let facts: Vec<&str> = facts.into_iter().filter(|fact| !fact.is_empty()).collect();
        if !facts.is_empty() {
            lines.push(format!("  {}", facts.join(" · ")));
        }
        if !self.losses.is_empty() {
            let words = office.say("bản sao ở đây sẽ thiếu", "copies here lack");
            lines.push(format!("  {words}: {}", self.losses.join(", ")));
        }
        lines.extend(self.notes.iter().chain(&self.written).map(|note| format!("  {note}")));
        for problem in &self.problems {
            lines.extend(problem.to_string().lines().map(|line| format!("  {line}")));
        }
        lines.extend(self.detail.iter().map(|detail| format!("  ({detail})")));
        lines.join("\n")
    }
}

/// The picture of the probe: a valid PNG of 386 bytes.
const PICTURE: &[u8] = include_bytes!("../../fixtures/sample/media/01.png");
const TITLE: &str = "dongbo: bản nháp kiểm tra, tự xóa";

/// A post that nobody is to see, under a key of its own.
struct Probe {
    key: Key,
    at: Timestamp,
}

impl Probe {
    fn new() -> Self {
        let at = Timestamp::now();
        Self { key: Key::derive("dongbo:check", &format!("{at} {:016x}", fastrand::u64(..))), at }
    }

    fn origin(&self) -> String {
        format!("https://check.invalid/{}", self.key.as_str())
    }

    fn trace(&self) -> Trace {
        Trace { key: self.key.clone(), origin: self.origin(), title: TITLE.into(), since: None }
    }

    fn media(&self) -> Media {
        let sha256: [u8; 32] = Sha256::digest(PICTURE).into();
        Media {
            key: MediaKey::of_sha256(&sha256),
            sha256,
            mime: "image/png".into(),
            file_name: "dongbo-check.png".into(),
            alt: TITLE.into(),
            bytes: Bytes::from_static(PICTURE),
        }
    }

    fn post(&self) -> Post {
        Post {
            key: self.key.clone(),
            title: TITLE.into(),
            summary: String::new(),
            body: "<p>Bản nháp này do dongbo tạo để kiểm tra và tự xóa.</p>".into(),
            attribution: String::new(),
            categories: Vec::new(),
            missing_category: MissingCategory::Match,
            tags: Vec::new(),
            published: self.at,
            byline: None,
            canonical: self.origin(),
            featured: None,
            visibility: Visibility::Draft,
        }
    }

    /// What was read back is the probe, and hidden.
    fn recognise(&self, copy: Option<&RemoteCopy>) -> Result<(), Error> {
        let wrong = |message: &str| Err(Error::new(ErrorKind::Protocol, Operation::Read, message));
        match copy {
            None => wrong("the draft is not there after it was made"),
            Some(copy) if copy.key.as_ref() != Some(&self.key) => wrong("the draft does not carry its key"),
            Some(copy) if copy.status.reaches_citizens() => wrong("the draft is public"),
            Some(copy) if copy.title != TITLE => wrong("the draft has another title"),
            Some(_) => Ok(()),
        }
    }
}

fn hosts(office: &Office, config: &Config, reach: &Reach) -> Vec<HostReport> {
    let host = |terms: HostTerms| {
        let fault = reach.faults.iter().find(|fault| fault.host == terms.name);
        let problem = fault.map(|fault| fault.problem().message(office.lang));
        HostReport { terms, passed: problem.is_none(), problem }
    };
    HostTerms::all(config).into_iter().map(host).collect()
}

async fn check_source(office: &Office, config: &Config, reach: &Reach, source: &crate::config::Source) -> SourceReport {
    let mut report = SourceReport { id: source.id.clone(), passed: true, items: 0, quarantined: 0, problem: None };
    match read(reach.feeds(config), source).await {
        Ok((items, quarantined)) => (report.items, report.quarantined) = (items, quarantined),
        Err(error) => {
            report.passed = false;
            report.problem = Some(of::source(&error, &source.id, &source.url).message(office.lang));
        }
    }
    report
}

/// Its first page; articles' own pages are not asked for.
async fn read(limits: Limits, source: &crate::config::Source) -> Result<(usize, usize), ReadError> {
    let fetcher = Fetcher::new(limits)?;
    let asker = Asker { fetcher: &fetcher, trusted: &source.url };
    let list = crate::config::Source { page: None, ..source.clone() };
    let sample = asker.read(asker.fetch(&list.url, Some(&list)).await?, Some(&list)).await?;
    let items = sample.items().count();
    Ok((items, sample.entries.len() - items))
}

impl Report {
    fn text(&self, office: &Office) -> String {
        let mut lines = vec![when(self.at, office.lang)];
        for host in &self.hosts {
            lines.push(host.terms.text(office.lang));
            let problem = host.problem.as_ref().map(ToString::to_string).unwrap_or_default();
            lines.extend(problem.lines().map(|line| format!("  {line}")));
        }
        lines.extend(self.portals.iter().map(|portal| portal.text(office)));
        for source in &self.sources {
            let (id, items, aside) = (&source.id, source.items, source.quarantined);
            lines.push(match &source.problem {
                Some(problem) => format!("{id}: {problem}"),
                None => office.say(
                    format!("nguồn {id}: {items} bài, {aside} bị loại"),
                    format!("source {id}: {items} items, {aside} put aside"),
                ),
            });
        }
        lines.join("\n")
    }
}
