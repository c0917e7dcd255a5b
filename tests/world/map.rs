//! A portal whose articles are told by a sitemap alone: a list of files, five
//! articles each, the oldest file packed. Titles and texts stand on the pages.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use jiff::{SignedDuration, Timestamp};

use super::article::Article;
use super::server::Server;

/// Articles of one file.
const ENTRIES: u32 = 5;

/// The running portal. Ends when dropped.
#[derive(Debug)]
pub(crate) struct Map {
    server: Server,
    shared: Arc<Mutex<Shared>>,
}

/// How often the portal was asked, since its start.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) lists: u32,
    pub(crate) files: u32,
    pub(crate) pages: u32,
}

#[derive(Debug, Default)]
struct Shared {
    /// With the last touch; `None`: the map gives none.
    articles: BTreeMap<u32, (Article, Option<Timestamp>)>,
    asked: Asked,
    /// In place of the list or of a file.
    odd: BTreeMap<String, (u16, Vec<u8>)>,
}

impl Map {
    pub(crate) fn start() -> Self {
        let shared = Arc::new(Mutex::new(Shared::default()));
        let router = Router::new()
            .route("/sitemap.xml", get(list))
            .route("/map/{name}", get(file))
            .route("/tin/{number}", get(page))
            .with_state(Arc::clone(&shared));
        Self { server: Server::start(router), shared }
    }

    pub(crate) fn base(&self) -> String {
        self.server.base()
    }

    /// As a `[[source]]` of the configuration.
    pub(crate) fn source(&self) -> String {
        format!(
            "[[source]]\nid = \"ban-do\"\nurl = \"{}/sitemap.xml\"\npoll = \"10s\"\n[source.read.sitemap]\n\
             include = [\"/tin/\"]\n[source.page]\ntitle = \"h1\"\nbody = \"#noi-dung\"\ndate = \"time\"\n",
            self.base()
        )
    }

    /// An article, touched so long ago.
    pub(crate) fn add(&self, number: u32, touched: SignedDuration) {
        self.touch(number, Some(Timestamp::now() - touched));
    }

    pub(crate) fn touch(&self, number: u32, at: Option<Timestamp>) {
        let base = self.base();
        let mut shared = self.shared();
        let article = || (Article::new(&base, number), at);
        shared.articles.entry(number).or_insert_with(article).1 = at;
    }

    /// An editor corrects the article, and the map tells it.
    pub(crate) fn correct(&self, number: u32) -> Article {
        let mut shared = self.shared();
        let (article, touched) = shared.articles.get_mut(&number).expect("an article of the map");
        article.correct();
        *touched = Some(Timestamp::now());
        article.clone()
    }

    pub(crate) fn remove(&self, number: u32) {
        self.shared().articles.remove(&number);
    }

    /// From now on this stands at a path; `None`: what belongs there.
    pub(crate) fn odd(&self, path: &str, answer: Option<(u16, Vec<u8>)>) {
        let odd = &mut self.shared().odd;
        match answer {
            Some(answer) => odd.insert(path.to_owned(), answer),
            None => odd.remove(path),
        };
    }

    /// What a file says, not packed.
    pub(crate) fn file(&self, number: u32) -> String {
        self.shared().file(&self.base(), number)
    }

    pub(crate) fn asked(&self) -> Asked {
        self.shared().asked
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// The file that an article stands in, from 0.
    fn files(&self) -> BTreeMap<u32, Option<Timestamp>> {
        let mut files = BTreeMap::new();
        for (number, (_, touched)) in &self.articles {
            let newest = files.entry((number - 1) / ENTRIES).or_insert(None);
            *newest = (*newest).max(*touched);
        }
        files
    }

    fn list(&self, base: &str) -> String {
        let files = self.files();
        let one = |(number, touched): (&u32, &Option<Timestamp>)| {
            let end = if *number == 0 { ".gz" } else { "" };
            format!("<sitemap><loc>{base}/map/{number}.xml{end}</loc>{}</sitemap>", lastmod(*touched))
        };
        let files: String = files.iter().map(one).collect();
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><sitemapindex>{files}</sitemapindex>")
    }

    fn file(&self, base: &str, number: u32) -> String {
        let own = |(of, _): &(&u32, _)| (**of - 1) / ENTRIES == number;
        let urls: String = self
            .articles
            .iter()
            .filter(own)
            .map(|(number, (_, touched))| format!("<url><loc>{base}/tin/{number}</loc>{}</url>", lastmod(*touched)))
            .collect();
        format!(
            "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\"><url><loc>{base}/</loc></url>{urls}</urlset>"
        )
    }
}

fn lastmod(touched: Option<Timestamp>) -> String {
    touched.map(|at| format!("<lastmod>{at}</lastmod>")).unwrap_or_default()
}

fn packed(text: &str) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(text.as_bytes()).expect("memory takes it");
    gzip.finish().expect("memory takes it")
}

type World = State<Arc<Mutex<Shared>>>;

fn base(headers: &HeaderMap) -> String {
    format!("http://{}", headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default())
}

fn odd(shared: &Shared, path: &str) -> Option<Response> {
    let (status, body) = shared.odd.get(path)?;
    Some((StatusCode::from_u16(*status).expect("a status"), Bytes::from(body.clone())).into_response())
}

async fn list(State(shared): World, headers: HeaderMap) -> Response {
    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    shared.asked.lists += 1;
    odd(&shared, "/sitemap.xml").unwrap_or_else(|| shared.list(&base(&headers)).into_response())
}

async fn file(State(shared): World, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    shared.asked.files += 1;
    if let Some(odd) = odd(&shared, &format!("/map/{name}")) {
        return odd;
    }
    let number = name.split('.').next().and_then(|number| number.parse().ok()).unwrap_or_default();
    let text = shared.file(&base(&headers), number);
    if name.ends_with(".gz") { Bytes::from(packed(&text)).into_response() } else { text.into_response() }
}

async fn page(State(shared): World, Path(number): Path<u32>) -> Response {
    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    shared.asked.pages += 1;
    match shared.articles.get(&number) {
        Some((Article { title, body, published, .. }, _)) => {
            let title = title.replace('&', "&amp;");
            Html(format!("<h1>{title}</h1><time>{published}</time><div id=noi-dung>{body}</div>")).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
