//! A portal that only people were thought of: category pages with ten entries
//! each, the newest first, and every article's text on its own page, as at Bắc
//! Ninh. Articles may come and go between two pages.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::get;
use jiff::tz::{Offset, TimeZone};
use serde::Deserialize;

use super::article::Article;
use super::listing::Meanwhile;
use super::picture;
use super::server::Server;

/// Entries of one page.
const ENTRIES: usize = 10;

/// The running portal. Ends when dropped.
#[derive(Debug)]
pub(crate) struct Category {
    server: Server,
    shared: Arc<Mutex<Shared>>,
}

/// How often the portal was asked, since its start.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) lists: u32,
    pub(crate) pages: u32,
}

/// What an article's own page is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Own {
    Status(u16),
    /// Its address leads elsewhere.
    Leads(String),
    /// This, whole.
    Page(String),
}

#[derive(Debug, Default)]
struct Shared {
    /// In the list, oldest first; their pages show their corrections, the list does not.
    articles: Vec<Article>,
    last: u32,
    asked: Asked,
    /// The list or the pages have other classes and ids since a redesign.
    list_redesigned: bool,
    pages_redesigned: bool,
    own: BTreeMap<u32, Own>,
    /// By the number of the list to come.
    meanwhile: BTreeMap<u32, Meanwhile>,
}

impl Category {
    pub(crate) fn start() -> Self {
        let shared = Arc::new(Mutex::new(Shared::default()));
        let router = Router::new()
            .route("/chinh-tri", get(list))
            .route("/documents/{number}/anh.png", get(async |Path(number): Path<u32>| picture::png(number)))
            .route("/news/-/details/20182/{slug}", get(page))
            .with_state(Arc::clone(&shared));
        Self { server: Server::start(router), shared }
    }

    pub(crate) fn base(&self) -> String {
        self.server.base()
    }

    /// As a `[[source]]` of the configuration.
    pub(crate) fn source(&self) -> String {
        format!(
            r##"[[source]]
id = "chinh-tri"
url = "{}/chinh-tri"
poll = "10s"
categories = ["Chính trị"]
[source.read.listing]
items = "ul.danh-sach > li"
date = "span.ngay"
date_format = "%d/%m/%Y %H:%M"
summary = "p.trich"
[source.read.listing.pages]
number = "trang"
[source.page]
title = "h1#contentDetailTitleId"
lead = "div#sapoDetailId"
body = "div#contentDetail"
date = ".ngay-dang"
date_format = "%d/%m/%Y %H:%M"
author = ".tac-gia"
"##,
            self.base()
        )
    }

    pub(crate) fn add(&self, count: u32) {
        let base = self.base();
        self.shared().add(&base, count);
    }

    /// The article's page is corrected; the list does not show it.
    pub(crate) fn correct(&self, number: u32) -> Article {
        let mut shared = self.shared();
        let article = shared.articles.iter_mut().find(|article| article.number == number);
        let article = article.unwrap_or_else(|| panic!("article {number} is not in the list"));
        article.correct();
        article.clone()
    }

    pub(crate) fn redesign(&self, list: bool, pages: bool) {
        let mut shared = self.shared();
        (shared.list_redesigned, shared.pages_redesigned) = (list, pages);
    }

    /// From now on the article's page is this.
    pub(crate) fn own(&self, number: u32, own: Own) {
        self.shared().own.insert(number, own);
    }

    /// All pages are as published again.
    pub(crate) fn answer(&self) {
        self.shared().own.clear();
    }

    /// Once `lists` more lists were served.
    pub(crate) fn after(&self, lists: u32, meanwhile: Meanwhile) {
        let mut shared = self.shared();
        let at = shared.asked.lists + lists;
        shared.meanwhile.insert(at, meanwhile);
    }

    pub(crate) fn asked(&self) -> Asked {
        self.shared().asked
    }

    pub(crate) fn articles(&self) -> Vec<Article> {
        self.shared().articles.clone()
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn add(&mut self, base: &str, count: u32) {
        for _ in 0..count {
            self.last += 1;
            let number = self.last;
            let url = format!("{base}/news/-/details/20182/tin-{number}");
            self.articles.push(Article { url, ..Article::new(base, number) });
        }
    }

    /// The visits at the end make every answer another.
    fn list(&self, number: usize) -> String {
        let entries: String = self
            .articles
            .iter()
            .rev()
            .skip(number.saturating_sub(1) * ENTRIES)
            .take(ENTRIES)
            .map(|article| entry(article, self.asked.lists))
            .collect();
        let class = if self.list_redesigned { "news-grid" } else { "danh-sach" };
        format!(
            "<!doctype html><title>Chính trị</title><nav><a href=/>Trang chủ</a></nav>\
             <ul class=\"{class}\">{entries}</ul><footer>Lượt truy cập: {}</footer>",
            self.asked.lists
        )
    }

    fn page(&self, article: &Article) -> String {
        let id = |usual: &str| if self.pages_redesigned { "x".to_owned() } else { usual.to_owned() };
        let Article { number, title, summary, body, .. } = article;
        format!(
            "<!doctype html><title>{title}</title><script>document.write('<h1>x</h1>')</script>\
             <div class=\"main\"><h1 id=\"{}\">{}</h1><span class=\"ngay-dang\">Ngày đăng: {} | Lượt xem: 7</span>\
             <div id=\"{}\">{}</div><div id=\"{}\">{body}<p><img src=\"/documents/{number}/anh.png\"></p></div>\
             <p class=\"tac-gia\">Hồng Hà</p></div>",
            id("contentDetailTitleId"),
            escape(title),
            date(article),
            id("sapoDetailId"),
            escape(summary),
            id("contentDetail"),
        )
    }
}

/// The link carries a session, which is another at every visit.
fn entry(article: &Article, visit: u32) -> String {
    let number = article.number;
    let title = article.title.split(" (đính chính").next().unwrap_or_default();
    format!(
        "<li><a href=\"/news/-/details/20182/tin-{number}?p_p_auth={visit}\"><img src=\"/documents/{number}/nho.png\"></a>\
         <h3><a href=\"/news/-/details/20182/tin-{number}?p_p_auth={visit}\">{}</a></h3>\
         <span class=\"ngay\">({})</span><p class=\"trich\">{}…</p>",
        escape(title),
        date(article),
        escape(&article.summary.chars().take(30).collect::<String>()),
    )
}

fn date(article: &Article) -> String {
    let local = article.published.to_zoned_datetime(TimeZone::fixed(Offset::constant(7)));
    local.strftime("%d/%m/%Y %H:%M").to_string()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

type World = State<Arc<Mutex<Shared>>>;

#[derive(Debug, Deserialize)]
struct Page {
    trang: usize,
}

async fn list(State(shared): World, Query(asked): Query<Page>, headers: HeaderMap) -> Response {
    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    shared.asked.lists += 1;
    let answer = shared.list(asked.trang);
    let number = shared.asked.lists;
    match shared.meanwhile.remove(&number) {
        Some(Meanwhile::Added(count)) => {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned();
            shared.add(&format!("http://{host}"), count);
        }
        Some(Meanwhile::Deleted(number)) => shared.articles.retain(|article| article.number != number),
        None => {}
    }
    Html(answer).into_response()
}

async fn page(State(shared): World, Path(slug): Path<String>) -> Response {
    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    shared.asked.pages += 1;
    let number = slug.strip_prefix("tin-").and_then(|number| number.parse::<u32>().ok());
    match number.and_then(|number| shared.own.get(&number)) {
        Some(Own::Status(status)) => return StatusCode::from_u16(*status).expect("a status").into_response(),
        Some(Own::Leads(elsewhere)) => return Redirect::to(elsewhere).into_response(),
        Some(Own::Page(whole)) => return Html(whole.clone()).into_response(),
        None => {}
    }
    match shared.articles.iter().find(|article| Some(article.number) == number) {
        Some(article) => Html(shared.page(article)).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
