//! A portal that publishes: an RSS 2.0 feed on loopback, with the articles'
//! own pages and pictures on the same server. Answers conditional requests
//! (RFC 9110 §13) and counts what it was asked for.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::tz::{Offset, TimeZone};

use super::article::Article;
use super::picture;
use super::server::Server;

/// The running portal. Ends when dropped.
#[derive(Debug)]
pub(crate) struct Feed {
    server: Server,
    shared: Arc<Mutex<Shared>>,
}

/// How often the portal was asked, since its start.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Requests {
    /// The feed, answered with 200.
    pub(crate) full: u64,
    /// The feed, answered with 304.
    pub(crate) not_modified: u64,
    pub(crate) pictures: u64,
    pub(crate) pages: u64,
}

#[derive(Debug, Default)]
struct Shared {
    /// In the feed, oldest first.
    articles: Vec<Article>,
    /// The number of the last article that was ever added.
    last: u32,
    /// Counts changes of the feed: the ETag.
    version: u64,
    requests: Requests,
    /// How single pages answer, where not as published.
    pages: BTreeMap<u32, PageIs>,
    script: Script,
    /// When the feed was asked, under either address.
    asked: Vec<Instant>,
}

/// What the feed's address does beside the ordinary, until another script is given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    /// Instead of 200; with a `location` header it redirects to the feed's second address.
    pub(crate) status: Option<u16>,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Elements of the channel, as XML.
    pub(crate) channel: &'static str,
    /// Whoever shows a validator is told "not modified", whatever is new.
    pub(crate) always_unmodified: bool,
    /// How many of the newest articles it shows; `None`: all.
    pub(crate) window: Option<usize>,
}

/// What became of an article's own page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageIs {
    Published,
    Status(u16),
    /// Every address answers 200, this one with a page that says in words that nothing was found.
    NotFoundInWords,
    /// Its address leads to the home page, as many CMSs do it.
    SentHome,
    /// Takes the request and does not answer.
    Silent,
}

impl Feed {
    /// Starts an empty portal on a free port.
    pub(crate) fn start() -> Self {
        let shared = Arc::new(Mutex::new(Shared::default()));
        Self { server: Server::start(router(Arc::clone(&shared))), shared }
    }

    /// The portal's origin, without a slash at the end.
    pub(crate) fn base(&self) -> String {
        self.server.base()
    }

    /// The feed's address.
    pub(crate) fn url(&self) -> String {
        format!("{}/rss/tin-tuc.rss", self.base())
    }

    /// Publishes new articles.
    pub(crate) fn add(&self, count: u32) {
        let base = self.base();
        let mut shared = self.shared();
        for _ in 0..count {
            shared.last += 1;
            let article = Article::new(&base, shared.last);
            shared.articles.push(article);
        }
        shared.version += 1;
    }

    /// Publishes an article that is not like the others.
    pub(crate) fn publish(&self, write: impl FnOnce(&mut Article)) -> Article {
        self.add(1);
        let last = self.shared().last;
        self.edit(last, write)
    }

    /// Someone changes the article of this number.
    pub(crate) fn edit(&self, number: u32, write: impl FnOnce(&mut Article)) -> Article {
        let mut shared = self.shared();
        shared.version += 1;
        let article = shared.articles.iter_mut().find(|article| article.number == number);
        let article = article.unwrap_or_else(|| panic!("article {number} is not in the feed"));
        write(article);
        article.clone()
    }

    /// Corrects the article of this number, and returns it as it is now.
    pub(crate) fn correct(&self, number: u32) -> Article {
        self.edit(number, Article::correct)
    }

    /// The article's first text is shown again, as a stale copy or an editor does it.
    pub(crate) fn revert(&self, number: u32) {
        let base = self.base();
        let mut shared = self.shared();
        shared.version += 1;
        let article = shared.articles.iter_mut().find(|article| article.number == number);
        *article.unwrap_or_else(|| panic!("article {number} is not in the feed")) = Article::new(&base, number);
    }

    /// The article drops off the feed; its page and picture stay.
    pub(crate) fn remove(&self, number: u32) {
        let mut shared = self.shared();
        shared.articles.retain(|article| article.number != number);
        shared.version += 1;
    }

    /// From now on the article's page answers like this; the feed does not change.
    pub(crate) fn page(&self, number: u32, page: PageIs) {
        self.shared().pages.insert(number, page);
    }

    /// From now on the feed's address answers like this. What it shows changes
    /// for readers that remember it only with its next article.
    pub(crate) fn play(&self, script: Script) {
        self.shared().script = script;
    }

    /// Every article has a new guid, as after an update of the portal.
    pub(crate) fn renew_guids(&self) {
        let mut shared = self.shared();
        shared.version += 1;
        shared.articles.iter_mut().for_each(|article| article.guid = format!("moi-{}", article.number));
    }

    /// Every article has a new address.
    pub(crate) fn renew_links(&self) {
        let base = self.base();
        let mut shared = self.shared();
        shared.version += 1;
        shared.articles.iter_mut().for_each(|article| article.url = format!("{base}/bai/{}", article.number));
    }

    /// The feed's second address, to which a script may redirect.
    pub(crate) fn second_url(&self) -> String {
        format!("{}/rss/moi.rss", self.base())
    }

    /// When the feed was asked so far.
    pub(crate) fn asked(&self) -> Vec<Instant> {
        self.shared().asked.clone()
    }

    /// What the feed carries now, oldest first.
    pub(crate) fn articles(&self) -> Vec<Article> {
        self.shared().articles.clone()
    }

    pub(crate) fn requests(&self) -> Requests {
        self.shared().requests
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        lock(&self.shared)
    }
}

/// A test that failed while it held the lock has told so already.
fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn router(shared: Arc<Mutex<Shared>>) -> Router {
    Router::new()
        .route("/rss/tin-tuc.rss", get(feed))
        .route("/rss/moi.rss", get(second))
        .route("/tin/{number}", get(page))
        .route("/bai/{number}", get(page))
        .route("/", get(async || axum::response::Html("<h1>Cổng Thông tin điện tử tỉnh</h1>")))
        .route("/anh/{file}", get(picture_file))
        .with_state(shared)
}

type World = State<Arc<Mutex<Shared>>>;

async fn feed(State(shared): World, headers: HeaderMap) -> Response {
    let mut shared = lock(&shared);
    let script = shared.script.clone();
    let mut answer = match script.status {
        Some(status) => StatusCode::from_u16(status).expect("a status").into_response(),
        None => current(&mut shared, &headers),
    };
    for (name, value) in script.headers {
        answer.headers_mut().insert(name, value.parse().expect("a header's value"));
    }
    answer
}

/// The same feed under another address, which no script touches.
async fn second(State(shared): World, headers: HeaderMap) -> Response {
    current(&mut lock(&shared), &headers)
}

fn current(shared: &mut Shared, headers: &HeaderMap) -> Response {
    shared.asked.push(Instant::now());
    let tag = format!("\"lan-{}\"", shared.version);
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let same = |known: &str| known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag);
    if known.is_some_and(|known| shared.script.always_unmodified || same(known)) {
        shared.requests.not_modified += 1;
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    shared.requests.full += 1;
    let kind = "application/rss+xml; charset=utf-8".to_owned();
    let shown = shared.articles.len().saturating_sub(shared.script.window.unwrap_or(usize::MAX));
    let body = rss(&shared.articles[shown..], shared.script.channel);
    ([(header::CONTENT_TYPE, kind), (header::ETAG, tag)], body).into_response()
}

async fn page(State(shared): World, Path(number): Path<u32>) -> Response {
    let silent = {
        let mut shared = lock(&shared);
        shared.requests.pages += 1;
        shared.pages.get(&number) == Some(&PageIs::Silent)
    };
    if silent {
        std::future::pending::<()>().await;
    }
    let shared = lock(&shared);
    if number == 0 || number > shared.last {
        return StatusCode::NOT_FOUND.into_response();
    }
    match shared.pages.get(&number) {
        Some(PageIs::Status(status)) => {
            return StatusCode::from_u16(*status).expect("a status").into_response();
        }
        Some(PageIs::SentHome) => return axum::response::Redirect::to("/").into_response(),
        Some(PageIs::NotFoundInWords) => return axum::response::Html("<h1>Không tìm thấy</h1>").into_response(),
        Some(PageIs::Published | PageIs::Silent) | None => {}
    }
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    let article = shared.articles.iter().find(|article| article.number == number);
    let title = article.map_or_else(|| format!("Tin số {number}"), |article| escape(&article.title));
    (kind, format!("<!doctype html><title>{title}</title><h1>{title}</h1>")).into_response()
}

async fn picture_file(State(shared): World, Path(file): Path<String>) -> Response {
    let mut shared = lock(&shared);
    shared.requests.pictures += 1;
    let number = file.strip_suffix(".png").and_then(|number| number.parse::<u32>().ok());
    let Some(number) = number.filter(|&number| number != 0 && number <= shared.last) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    ([(header::CONTENT_TYPE, "image/png")], picture::png(number)).into_response()
}

/// The feed as XML, the newest article first.
fn rss(articles: &[Article], channel: &str) -> String {
    let mut xml = String::from(concat!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n",
        "<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
         xmlns:sy=\"http://purl.org/rss/1.0/modules/syndication/\">\n<channel>\n",
        "<title>Cổng thông tin điện tử tỉnh</title>\n<link>https://portal.example.vn/</link>\n",
        "<description>Tin tức</description>\n",
    ));
    xml.push_str(channel);
    for article in articles.iter().rev() {
        item(&mut xml, article);
    }
    xml.push_str("</channel>\n</rss>\n");
    xml
}

fn item(xml: &mut String, article: &Article) {
    let zone = TimeZone::fixed(Offset::constant(7));
    let date = article.published.to_zoned_datetime(zone).strftime("%a, %d %b %Y %H:%M:%S %z").to_string();
    let categories: String =
        article.categories.iter().map(|name| format!("<category>{}</category>\n", escape(name))).collect();
    write!(
        xml,
        "<item>\n<guid isPermaLink=\"false\">{}</guid>\n<link>{}</link>\n<title>{}</title>\n<description>{}</description>\n\
         <pubDate>{date}</pubDate>\n{categories}<enclosure url=\"{}\" type=\"image/png\" length=\"{}\"/>\n\
         <content:encoded><![CDATA[{}]]></content:encoded>\n</item>\n",
        escape(&article.guid),
        escape(&article.url),
        escape(&article.title),
        escape(&article.summary),
        escape(&article.picture),
        picture::png(article.number).len(),
        article.body.replace("]]>", "]]]]><![CDATA[>"),
    )
    .expect("a string takes all that is written to it");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    use super::*;

    /// One HTTP/1.0 request; the whole answer.
    fn ask(feed: &Feed, path: &str, headers: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(feed.server.address).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\n{headers}\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    }

    fn text(feed: &Feed, path: &str, headers: &str) -> String {
        String::from_utf8(ask(feed, path, headers)).unwrap()
    }

    #[test]
    fn the_feed_is_well_formed_and_tells_each_article_once() {
        let feed = Feed::start();
        feed.add(50);
        let answer = text(&feed, "/rss/tin-tuc.rss", "");
        let (_, xml) = answer.split_once("\r\n\r\n").unwrap();
        let mut reader = quick_xml::Reader::from_str(xml);
        let mut items = 0;
        loop {
            match reader.read_event().unwrap() {
                quick_xml::events::Event::Start(start) if start.name().as_ref() == b"item" => items += 1,
                quick_xml::events::Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(items, 50);
        assert!(feed.articles().iter().all(|article| xml.contains(&escape(&article.title))));
    }

    #[test]
    fn an_unchanged_feed_is_answered_with_304_until_it_changes() {
        let feed = Feed::start();
        feed.add(2);
        let first = text(&feed, "/rss/tin-tuc.rss", "");
        let tag = first.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap().to_owned();
        let again = format!("If-None-Match: {tag}\r\n");
        assert!(text(&feed, "/rss/tin-tuc.rss", &again).starts_with("HTTP/1.0 304"));
        let corrected = feed.correct(1);
        assert!(text(&feed, "/rss/tin-tuc.rss", &again).contains(&escape(&corrected.title)));
        feed.remove(1);
        assert!(!text(&feed, "/rss/tin-tuc.rss", &again).contains(&corrected.guid));
        assert_eq!(feed.requests(), Requests { full: 3, not_modified: 1, ..Requests::default() });
    }

    #[test]
    fn pages_and_pictures_exist_for_what_was_published() {
        let feed = Feed::start();
        feed.add(1);
        assert!(ask(&feed, "/anh/1.png", "").ends_with(&picture::png(1)));
        assert!(text(&feed, "/tin/1", "").starts_with("HTTP/1.0 200"));
        assert!(text(&feed, "/anh/2.png", "").starts_with("HTTP/1.0 404"));
        assert!(text(&feed, "/tin/2", "").starts_with("HTTP/1.0 404"));
        assert_eq!(feed.requests(), Requests { pictures: 2, pages: 2, ..Requests::default() });
    }
}
