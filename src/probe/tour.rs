//! One look at one site, question by question, until its time or its share of
//! questions is over. What was found by then stands.

use std::time::Duration;

use tokio::time::Instant;
use url::Url;

use super::answer::{failed, is_html, outcome, trouble};
use super::api::{self, Api, State};
use super::feeds::{self, Feed, Found};
use super::page::{self, Page, shown};
use super::road::{self, Facts, Outcome};
use super::signs::{self, Platform, Recognised};
use super::tls::{self, Tls};
use super::{Finding, Front, Note, Prober, REQUESTS_MAX, Target};
use crate::source::{ReadError, Visit};

const HTML: &str = "text/html, application/xhtml+xml, */*;q=0.1";
const FEED: &str = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.1";
/// Name look-up: longer ones lead nowhere.
const RESOLVE_MAX: Duration = Duration::from_secs(10);
/// Feeds that are tried of a page that lists them.
const LISTED_MAX: usize = 2;
/// Feeds that are told of one site.
const FEEDS_MAX: usize = 3;

/// A site under way.
struct Tour<'a> {
    prober: &'a Prober,
    /// The address whose origin the operator named: it may be an inner one,
    /// what it redirects to or names may not.
    named: Url,
    until: Instant,
    asked: usize,
    out_of_time: bool,
}

/// What the main address gave.
struct Main {
    visit: Visit,
    page: Page,
}

pub(super) async fn look(prober: &Prober, target: Target) -> Finding {
    let mut finding = Finding {
        address: shown(&target.address, 300),
        name: target.name.map(|name| shown(&name, 160)),
        outcome: Outcome::Invalid,
        page: None,
        tls: Tls::Unknown,
        platform: None,
        guard: None,
        api: Api::not_asked(),
        feeds: Vec::new(),
        road: road::Road::Unknown,
        why: road::Why::WrongAddress,
        notes: Vec::new(),
        trouble: None,
        requests: 0,
    };
    let attempts = attempts(&target.address);
    if let Some(first) = attempts.first() {
        let until = Instant::now() + prober.settings.time;
        let mut tour = Tour { prober, named: first.clone(), until, asked: 0, out_of_time: false };
        tour.walk(&attempts, &mut finding).await;
        finding.requests = tour.asked;
        if tour.out_of_time {
            finding.notes.push(Note::OutOfTime);
        }
    }
    let facts = Facts {
        outcome: finding.outcome,
        status: finding.page.as_ref().map(|page| page.status),
        platform: finding.platform.as_ref().map(|found| found.platform),
        tls: finding.tls,
        api: &finding.api.state,
    };
    (finding.road, finding.why) = road::decide(facts);
    finding
}

/// Addresses to try until one answers. A certificate that fails leads to a try
/// over http, which says no more than what the page is; http that is closed,
/// or leads to https within the operator's own network, to a try over https.
fn attempts(address: &str) -> Vec<Url> {
    let address = address.trim();
    let parsed = match Url::parse(address) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Some(url),
        // `cong.example.vn:8080` parses as a scheme of that name; what has an `@` is a mailbox.
        Ok(_) | Err(_) if !address.contains("://") && !address.contains('@') => {
            Url::parse(&format!("https://{address}")).ok()
        }
        Ok(_) | Err(_) => None,
    };
    let Some(mut url) = parsed.filter(|url| url.host_str().is_some_and(|host| !host.is_empty())) else {
        return Vec::new();
    };
    url.set_fragment(None);
    // An account in an address is nobody's business here.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    let has_scheme = address.contains("://");
    let mut found = vec![url.clone()];
    let other = if url.scheme() == "https" { "http" } else { "https" };
    // Another scheme's port is known only where it is the usual one.
    if (url.port().is_none() || !has_scheme) && url.set_scheme(other).is_ok() {
        found.push(url);
    }
    found
}

impl Tour<'_> {
    async fn walk(&mut self, attempts: &[Url], finding: &mut Finding) {
        if !self.resolves().await {
            finding.outcome = Outcome::Unresolved;
            return;
        }
        let main = match self.main(attempts, finding).await {
            Ok(main) => main,
            Err(error) => {
                finding.outcome = failed(&error);
                finding.trouble = Some(trouble(&error));
                return;
            }
        };
        self.describe(&main, finding).await;
        let Main { visit, page } = main;
        if let Some(tls) = self.other_scheme(&visit, finding.tls).await {
            finding.tls = tls;
            if tls == Tls::Ok {
                finding.notes.push(Note::HttpsToo);
            }
        }
        if finding.outcome == Outcome::Page || finding.platform.is_some() {
            let platform = finding.platform.as_ref().map(|found| found.platform);
            let site = api::site(&self.named, &visit.final_url);
            if let Some(platform) = platform {
                finding.api = self.api(platform, &site, page.api.as_ref()).await;
            }
            finding.feeds = self.feeds(platform, &site, &page).await;
        }
        note(finding);
    }

    /// Our own look-up: the HTTP client does not tell a name that leads nowhere from a dead network.
    async fn resolves(&self) -> bool {
        let Some(host) = self.named.host_str() else { return false };
        let host = host.trim_matches(['[', ']']).to_owned();
        let port = self.named.port_or_known_default().unwrap_or(443);
        let look_up = tokio::net::lookup_host((host, port));
        let limit = RESOLVE_MAX.min(self.until.saturating_duration_since(Instant::now()));
        match tokio::time::timeout(limit, look_up).await {
            Ok(Ok(mut found)) => found.next().is_some(),
            Ok(Err(_)) | Err(_) => false,
        }
    }

    /// The main page by the first attempt that gives an answer, else the first failure.
    async fn main(&mut self, attempts: &[Url], finding: &mut Finding) -> Result<Main, ReadError> {
        let mut first = None;
        for url in attempts {
            self.named = url.clone();
            match self.visit(url, HTML).await {
                Ok(visit) => {
                    let page = read(&visit).await;
                    finding.tls = match visit.final_url.scheme() {
                        "https" => Tls::Ok,
                        _ if finding.tls == Tls::Unknown && url.scheme() == "https" => Tls::None,
                        _ => finding.tls,
                    };
                    if first.is_some() && url.scheme() == "http" {
                        finding.notes.push(Note::HttpInstead);
                    }
                    return Ok(Main { visit, page });
                }
                Err(error) => {
                    finding.tls = match tls::of(&error) {
                        Some(tls) => tls,
                        None if tls::nobody_listens(&error) && url.scheme() == "https" => Tls::None,
                        None => finding.tls,
                    };
                    // What TLS says is more than that nobody listens elsewhere.
                    first = match first {
                        Some(first) if tls::of(&error).is_none() => Some(first),
                        _ => Some(error),
                    };
                }
            }
        }
        let first = first.unwrap_or(ReadError::TimedOut { phase: "the site" });
        // Where http is as silent as https, nothing was learned of either.
        if finding.tls == Tls::None && tls::of(&first).is_none() {
            finding.tls = Tls::Unknown;
        }
        Err(first)
    }

    /// What the answer is, and what made it.
    async fn describe(&self, main: &Main, finding: &mut Finding) {
        let Main { visit, page } = main;
        let content_type = visit.header("content-type").map(|value| shown(value, 80));
        let itself = itself(visit).await;
        finding.page = Some(Front {
            url: visit.final_url.to_string(),
            status: visit.status,
            title: page.title.clone(),
            content_type,
        });
        finding.guard = signs::guard(visit, page);
        finding.outcome = outcome(visit, page, finding.guard, itself.as_ref());
        finding.trouble = visit.body.as_ref().err().map(trouble);
        finding.feeds.extend(itself);
        // A firewall's page tells of the firewall, an error page still of the site.
        if finding.outcome != Outcome::Blocked {
            finding.platform = signs::platform(visit, page);
        }
        if visit.final_url.host_str() != self.named.host_str() {
            finding.notes.push(Note::OtherHost);
        }
    }

    /// Whether a site that shows itself over http has https as well.
    async fn other_scheme(&mut self, visit: &Visit, known: Tls) -> Option<Tls> {
        if known != Tls::Unknown {
            return None;
        }
        let mut url = visit.final_url.clone();
        // Another port's neighbour is not known.
        if url.port().is_some() || url.set_scheme("https").is_err() {
            return Some(Tls::None);
        }
        // The operator named the host, whichever scheme leads to it.
        let named = self.named.clone();
        if url.host_str() == named.host_str() {
            self.named = url.clone();
        }
        let answer = self.visit(&url, HTML).await;
        self.named = named;
        match answer {
            Ok(visit) if visit.final_url.scheme() == "https" => Some(Tls::Ok),
            Ok(_) => Some(Tls::None),
            Err(error) => Some(tls::of(&error).unwrap_or(Tls::None)),
        }
    }

    async fn api(&mut self, platform: Platform, site: &Url, own: Option<&Url>) -> Api {
        let mut best = Api::not_asked();
        for (url, door) in api::doors(platform, site, own) {
            let found = match self.visit(&url, door.accept).await {
                Ok(visit) => {
                    let page = read(&visit).await;
                    let (state, application_passwords) = api::judge(door, &visit, &page);
                    Api { state, url: Some(visit.final_url.to_string()), application_passwords }
                }
                Err(_) if self.out_of_time => break,
                Err(_) => Api { state: State::Broken, url: Some(url.to_string()), application_passwords: None },
            };
            if found.state.speaks() {
                return found;
            }
            // The first refusal says more than a later "not found".
            if matches!(best.state, State::NotAsked | State::Absent) {
                best = found;
            }
        }
        best
    }

    async fn feeds(&mut self, platform: Option<Platform>, site: &Url, page: &Page) -> Vec<Feed> {
        let mut found = Vec::new();
        let named = feeds::candidates(page);
        let mut asked: Vec<Url> = named.iter().map(|(url, _)| url.clone()).collect();
        for (url, how) in named {
            self.feed(&url, how, &mut asked, &mut found).await;
        }
        for (url, how) in feeds::common(platform, site, &asked) {
            if !found.is_empty() {
                break;
            }
            self.feed(&url, how, &mut asked, &mut found).await;
        }
        found.truncate(FEEDS_MAX);
        found
    }

    /// Asks for a feed. Many portals have a page in its place that lists their feeds.
    async fn feed(&mut self, url: &Url, how: Found, asked: &mut Vec<Url>, found: &mut Vec<Feed>) {
        let mut next = vec![(url.clone(), how)];
        let mut is_list = false;
        while let Some((url, how)) = next.pop() {
            let Ok(visit) = self.visit(&url, FEED).await else { return };
            let page = read(&visit).await;
            let feed = tokio::task::spawn_blocking(move || feeds::read(&visit, how)).await.ok().flatten();
            match feed {
                // Sites announce one feed under several names.
                Some(feed) if found.iter().any(|other| other.url == feed.url) => {}
                Some(feed) => found.push(feed),
                None if !is_list => {
                    is_list = true;
                    next = feeds::candidates(&page);
                    next.retain(|(url, _)| !asked.contains(url));
                    next.truncate(LISTED_MAX);
                    next.reverse();
                    asked.extend(next.iter().map(|(url, _)| url.clone()));
                }
                None => {}
            }
        }
    }

    /// One question, within the site's share.
    async fn visit(&mut self, url: &Url, accept: &'static str) -> Result<Visit, ReadError> {
        let over = ReadError::TimedOut { phase: "the site" };
        if self.asked >= REQUESTS_MAX || Instant::now() >= self.until {
            self.out_of_time |= Instant::now() >= self.until;
            return Err(over);
        }
        let ask = async {
            self.prober.turn(&url[url::Position::BeforeHost..url::Position::AfterPort]).await;
            self.prober.fetcher.visit(url, &self.named, accept).await
        };
        self.asked += 1;
        let answer = tokio::time::timeout_at(self.until, ask).await;
        self.out_of_time |= answer.is_err();
        let mut visit = answer.map_err(|_| over)??;
        // Nobody's account is shown, not even one that a redirect made up.
        let _ = visit.final_url.set_username("").and_then(|()| visit.final_url.set_password(None));
        Ok(visit)
    }
}

/// The page of an answer; a document that is none has no signs.
async fn read(visit: &Visit) -> Page {
    let Ok(body) = &visit.body else { return Page::default() };
    let (body, url) = (body.clone(), visit.final_url.clone());
    let content_type = visit.header("content-type").map(str::to_owned);
    let page = tokio::task::spawn_blocking(move || match is_html(&body, content_type.as_deref()) {
        true => page::read(&body, content_type.as_deref(), &url),
        false => Page::default(),
    });
    page.await.unwrap_or_default()
}

/// The feed that the main address is, where it is one.
async fn itself(visit: &Visit) -> Option<Feed> {
    let body = visit.body.as_ref().ok()?;
    if body.is_empty() || visit.header("content-type").is_some_and(|label| label.contains("text/html")) {
        return None;
    }
    let copy = Visit {
        status: visit.status,
        headers: visit.headers.clone(),
        final_url: visit.final_url.clone(),
        body: Ok(body.clone()),
    };
    tokio::task::spawn_blocking(move || feeds::read(&copy, Found::Itself)).await.ok().flatten()
}

fn note(finding: &mut Finding) {
    let Some(Recognised { platform: Platform::WordPress, .. }) = finding.platform else { return };
    if !finding.api.state.speaks() {
        return;
    }
    if finding.tls == Tls::None {
        finding.notes.push(Note::PlainHttp);
    }
    if finding.api.application_passwords == Some(false) {
        finding.notes.push(Note::NoApplicationPasswords);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_tried_as_it_is_written_first() {
        let tried = |text| attempts(text).iter().map(Url::to_string).collect::<Vec<_>>().join(" ");
        assert_eq!(tried("so.example.vn"), "https://so.example.vn/ http://so.example.vn/");
        assert_eq!(tried(" so.example.vn/tin#a "), "https://so.example.vn/tin http://so.example.vn/tin");
        assert_eq!(tried("so.example.vn:8080"), "https://so.example.vn:8080/ http://so.example.vn:8080/");
        assert_eq!(tried("http://so.example.vn/"), "http://so.example.vn/ https://so.example.vn/");
        assert_eq!(tried("https://u:p@so.example.vn/"), "https://so.example.vn/ http://so.example.vn/");
        assert_eq!(tried("http://so.example.vn:8080/"), "http://so.example.vn:8080/");
        assert_eq!(tried("https://so.example.vn:8443/"), "https://so.example.vn:8443/");
        for wrong in [
            "",
            "ftp://so.example.vn/",
            "http://",
            "mailto:a@so.example.vn",
            "a@so.example.vn",
            "không có",
            "javascript:alert(1)",
        ] {
            assert_eq!(tried(wrong), "", "{wrong}");
        }
    }
}
