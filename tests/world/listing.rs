//! A portal whose category pages load their articles page by page as JSON, the
//! newest first, as Liferay's news portlets do: `pageNum`, `recordPerPage`,
//! `{items: […], totalPageNum}`; or as others do, by offset, cursor or link.
//! Articles may come and go between two pages.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use jiff::tz::{Offset, TimeZone};
use serde::Deserialize;
use serde_json::{Value, json};

use super::article::Article;
use super::server::Server;

/// The running portal. Ends when dropped.
#[derive(Debug)]
pub(crate) struct Listing {
    server: Server,
    shared: Arc<Mutex<Shared>>,
}

/// What happens to the portal once a page was served.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Meanwhile {
    Added(u32),
    /// The article with this number is deleted.
    Deleted(u32),
}

/// How further pages are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Way {
    #[default]
    Number,
    /// How many articles to skip.
    Offset,
    /// Where the last page ended: articles that come meanwhile shift nothing.
    Cursor,
    /// An address in the answer, relative to the portal; it skips articles as well.
    Link,
}

impl Way {
    pub(crate) const ALL: [Self; 4] = [Self::Number, Self::Offset, Self::Cursor, Self::Link];

    /// `[source.read.json.pages]`
    fn toml(self) -> &'static str {
        match self {
            Self::Number => "number = \"pageNum\"\nsize = \"recordPerPage\"\nitems = 20\ntotal = \"$.totalPageNum\"\n",
            Self::Offset => "offset = \"start\"\nsize = \"recordPerPage\"\nitems = 20\n",
            Self::Cursor => "cursor = \"before\"\nnext = \"$.paging.cursor\"\nsize = \"recordPerPage\"\nitems = 20\n",
            Self::Link => "link = \"$.paging.next\"\n",
        }
    }
}

/// How the portal behaves beside the ordinary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Odd {
    #[default]
    Not,
    /// The page's number is ignored: always the first one.
    SamePage,
    /// `totalPageNum` is far too large.
    LyingTotal,
    /// The last page leads back to the first.
    Circle,
    /// The list has another name since an update of the portal.
    Renamed,
    /// Items lack their text since an update of the portal.
    WithoutText,
}

#[derive(Debug, Default)]
struct Shared {
    /// Oldest first.
    articles: Vec<Article>,
    last: u32,
    odd: Odd,
    way: Way,
    /// By the number of the request to come.
    meanwhile: BTreeMap<u32, Meanwhile>,
    failing: Vec<u32>,
    /// Numbers of articles that the list names by their number alone.
    spoilt: std::ops::Range<u32>,
    requests: u32,
    /// Value of `Authorization` without which nothing is served.
    secret: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    page_num: Option<usize>,
    record_per_page: Option<usize>,
    start: Option<usize>,
    /// Only articles with a smaller number.
    before: Option<u32>,
}

impl Listing {
    pub(crate) fn start() -> Self {
        let shared = Arc::new(Mutex::new(Shared::default()));
        let router = Router::new().route("/chinh-tri", get(page)).with_state(Arc::clone(&shared));
        Self { server: Server::start(router), shared }
    }

    pub(crate) fn paging(way: Way) -> Self {
        let listing = Self::start();
        listing.shared().way = way;
        listing
    }

    pub(crate) fn base(&self) -> String {
        self.server.base()
    }

    /// As a `[[source]]` of the configuration.
    pub(crate) fn source(&self) -> String {
        let shared = self.shared();
        let secret = shared.secret.as_ref().map_or("", |_| "authorization = { file = \"source-secret\" }\n");
        format!(
            r#"[[source]]
id = "chinh-tri"
url = "{}/chinh-tri?p_p_resource_id=loadPage"
poll = "10s"
categories = ["Chính trị"]
[source.read.json]
items = "$.items[*]"
id = "$.id"
title = "$.title"
link = "$.urlDetail"
summary = "$.summary"
content = "$.content"
published = "$.createdDate"
date_format = "%d/%m/%Y %H:%M"
{}[source.read.json.pages]
{}"#,
            self.base(),
            secret,
            shared.way.toml(),
        )
    }

    pub(crate) fn add(&self, count: u32) {
        let base = self.base();
        self.shared().add(&base, count);
    }

    pub(crate) fn spoil(&self, numbers: std::ops::Range<u32>) {
        self.shared().spoilt = numbers;
    }

    pub(crate) fn behave(&self, odd: Odd) {
        self.shared().odd = odd;
    }

    /// Once `requests` more pages were served.
    pub(crate) fn after(&self, requests: u32, meanwhile: Meanwhile) {
        let mut shared = self.shared();
        let at = shared.requests + requests;
        shared.meanwhile.insert(at, meanwhile);
    }

    /// The request after `requests` more ones is answered with 500.
    pub(crate) fn fail_after(&self, requests: u32) {
        let mut shared = self.shared();
        let at = shared.requests + requests + 1;
        shared.failing.push(at);
    }

    pub(crate) fn require(&self, secret: &str) {
        self.shared().secret = Some(secret.to_owned());
    }

    pub(crate) fn requests(&self) -> u32 {
        self.shared().requests
    }

    /// Titles of what stands in the list now.
    pub(crate) fn titles(&self) -> Vec<String> {
        let shared = self.shared();
        let whole = shared.articles.iter().filter(|article| !shared.spoilt.contains(&article.number));
        whole.map(|article| article.title.clone()).collect()
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn add(&mut self, base: &str, count: u32) {
        for _ in 0..count {
            self.last += 1;
            self.articles.push(Article::new(base, self.last));
        }
    }

    fn page(&self, asked: &Asked) -> Value {
        let size = asked.record_per_page.unwrap_or(20);
        let number = if self.odd == Odd::SamePage { 1 } else { asked.page_num.unwrap_or(1) };
        let skip = asked.start.unwrap_or((number - 1) * size);
        let newest_first = self.articles.iter().rev();
        let rest = newest_first.filter(|article| asked.before.is_none_or(|before| article.number < before)).skip(skip);
        let rest: Vec<&Article> = rest.collect();
        let (here, later) = rest.split_at(rest.len().min(size));
        let pages = self.articles.len().div_ceil(size);
        let total = if self.odd == Odd::LyingTotal { 9_999 } else { pages };
        let list = if self.odd == Odd::Renamed { "records" } else { "items" };
        let items: Vec<Value> = here.iter().map(|article| self.item(article)).collect();
        let mut page = json!({ list: items, "totalPageNum": total });
        if later.is_empty() && self.odd != Odd::Circle {
            return page;
        }
        let (start, last) = if later.is_empty() { (0, None) } else { (skip + size, here.last()) };
        page["paging"] = json!({
            "cursor": last.map_or(u32::MAX, |article| article.number).to_string(),
            "next": format!("/chinh-tri?p_p_resource_id=loadPage&start={start}"),
        });
        page
    }

    fn item(&self, article: &Article) -> Value {
        if self.spoilt.contains(&article.number) {
            return json!({ "id": article.number });
        }
        let local = article.published.to_zoned_datetime(TimeZone::fixed(Offset::constant(7)));
        let mut item = json!({
            "id": article.number,
            "title": article.title,
            "summary": article.summary,
            "createdDate": local.strftime("%d/%m/%Y %H:%M").to_string(),
            "urlDetail": format!("/news/-/details/20182/tin-{}", article.number),
        });
        if self.odd != Odd::WithoutText {
            let picture = format!("<p><img src=\"/documents/{}/anh.png\"></p>", article.number);
            item["content"] = json!(format!("{}{picture}", article.body));
        }
        item
    }
}

async fn page(State(shared): State<Arc<Mutex<Shared>>>, Query(asked): Query<Asked>, headers: HeaderMap) -> Response {
    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if shared.secret.is_some() && shared.secret.as_deref() != given {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    shared.requests += 1;
    let number = shared.requests;
    if shared.failing.contains(&number) {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let answer = shared.page(&asked);
    match shared.meanwhile.remove(&number) {
        Some(Meanwhile::Added(count)) => {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned();
            shared.add(&format!("http://{host}"), count);
        }
        Some(Meanwhile::Deleted(number)) => shared.articles.retain(|article| article.number != number),
        None => {}
    }
    Json(answer).into_response()
}
