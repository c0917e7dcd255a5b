//! A portal that is asked for what was touched since a moment, as WordPress,
//! Drupal and Liferay answer it: posts of one second in no order, deletions
//! and touches between two answers, schedules, and versions that are too old.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Query, State};
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::article::Article;
use super::server::Server;

/// Articles of one answer, as the question asks for; more are never given.
const PAGE_MAX: usize = 50;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    WordPress,
    Drupal,
    Liferay,
}

/// The running portal. Ends when dropped.
#[derive(Debug)]
pub(crate) struct Api {
    server: Server,
    kind: Kind,
    shared: Arc<Mutex<Shared>>,
}

/// What happens once an answer was given.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Meanwhile {
    Deleted(u32),
    Touched(u32),
}

#[derive(Debug)]
struct Post {
    article: Article,
    /// Whole seconds.
    touched: Timestamp,
    kind: Sort,
}

/// What WordPress also tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Open,
    /// Behind a password.
    Protected,
    /// Not as the API describes posts.
    Odd,
}

#[derive(Debug, Default)]
struct Shared {
    posts: Vec<Post>,
    last: u32,
    requests: u32,
    /// By the number of the request before it.
    meanwhile: BTreeMap<u32, Meanwhile>,
    /// A version that does not know the question's parameters.
    old: bool,
    /// A version that knows all of them but `modified_after`.
    ignores_touches: bool,
}

type Asked = HashMap<String, String>;

impl Api {
    pub(crate) fn start(kind: Kind) -> Self {
        let shared = Arc::new(Mutex::new(Shared::default()));
        let route = match kind {
            Kind::WordPress => get(wordpress),
            Kind::Drupal => get(drupal),
            Kind::Liferay => get(liferay),
        };
        let server = Server::start(Router::new().route("/api", route).with_state(Arc::clone(&shared)));
        Self { server, kind, shared }
    }

    /// As a `[[source]]` of the configuration.
    pub(crate) fn source(&self) -> String {
        let read = match self.kind {
            Kind::WordPress => "wordpress",
            Kind::Drupal => "drupal",
            Kind::Liferay => "liferay",
        };
        let base = self.server.base();
        format!(
            "[[source]]\nid = \"cong-tinh\"\nurl = \"{base}/api\"\n[source.read.{read}]\n[source.firewall]\nburst = 1000\n"
        )
    }

    /// Publishes articles that were all touched at one second, so many seconds ago.
    pub(crate) fn add(&self, count: u32, seconds_ago: i64) {
        let touched = now() - SignedDuration::from_secs(seconds_ago);
        self.post(count, touched, touched);
    }

    /// Posts behind a password, one a second from so many seconds ago on.
    pub(crate) fn add_protected(&self, count: u32, seconds_ago: i64) {
        self.add_of(Sort::Protected, count, seconds_ago);
    }

    /// Posts without a title, one a second from so many seconds ago on.
    pub(crate) fn add_odd(&self, count: u32, seconds_ago: i64) {
        self.add_of(Sort::Odd, count, seconds_ago);
    }

    fn add_of(&self, sort: Sort, count: u32, seconds_ago: i64) {
        for second in 0..i64::from(count) {
            self.add(1, seconds_ago - second);
            self.shared().posts.last_mut().expect("it was added").kind = sort;
        }
    }

    /// Articles that were written long ago and were published just now.
    pub(crate) fn publish_scheduled(&self, count: u32) {
        self.post(count, now() - SignedDuration::from_hours(20), now());
    }

    /// One article for each of the days that begin so long ago.
    pub(crate) fn add_past(&self, days: std::ops::Range<i64>) {
        for day in days.rev() {
            let at = now() - SignedDuration::from_hours(24 * day);
            self.post(1, at, at);
        }
    }

    fn post(&self, count: u32, touched: Timestamp, published: Timestamp) {
        let base = self.server.base();
        let mut shared = self.shared();
        for _ in 0..count {
            shared.last += 1;
            let article = Article { published, ..Article::new(&base, shared.last) };
            shared.posts.push(Post { article, touched, kind: Sort::Open });
        }
    }

    pub(crate) fn correct(&self, number: u32) {
        let mut shared = self.shared();
        let post = shared.posts.iter_mut().find(|post| post.article.number == number).expect("it exists");
        post.article.correct();
        post.touched = now();
    }

    /// Once `requests` more answers were given.
    pub(crate) fn after(&self, requests: u32, meanwhile: Meanwhile) {
        let mut shared = self.shared();
        let at = shared.requests + requests;
        shared.meanwhile.insert(at, meanwhile);
    }

    pub(crate) fn is_old(&self) {
        self.shared().old = true;
    }

    pub(crate) fn ignores_touches(&self) {
        self.shared().ignores_touches = true;
    }

    pub(crate) fn requests(&self) -> u32 {
        self.shared().requests
    }

    pub(crate) fn titles(&self) -> Vec<String> {
        let shared = self.shared();
        let open = shared.posts.iter().filter(|post| post.kind == Sort::Open);
        open.map(|post| post.article.title.clone()).collect()
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        lock(&self.shared)
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).expect("a time of ours")
}

impl Shared {
    /// The posts in order of `moment`, those of one moment in another order each time.
    fn sorted(&self, moment: impl Fn(&Post) -> Timestamp) -> Vec<&Post> {
        let mut posts: Vec<&Post> = self.posts.iter().collect();
        let shuffled = |post: &Post| post.article.number.wrapping_mul(self.requests * 2 + 1) % 101;
        posts.sort_by_key(|post| (moment(post), shuffled(post)));
        posts
    }

    fn answered(&mut self) {
        self.requests += 1;
        match self.meanwhile.remove(&self.requests) {
            Some(Meanwhile::Deleted(number)) => self.posts.retain(|post| post.article.number != number),
            Some(Meanwhile::Touched(number)) => {
                let posts = self.posts.iter_mut().filter(|post| post.article.number == number);
                posts.for_each(|post| post.touched = now());
            }
            None => {}
        }
    }
}

fn moment(asked: &Asked, name: &str) -> Option<Timestamp> {
    asked.get(name)?.parse().ok()
}

fn size(asked: &Asked, name: &str) -> usize {
    asked.get(name).and_then(|size| size.parse().ok()).unwrap_or(10).min(PAGE_MAX)
}

async fn wordpress(State(shared): State<Arc<Mutex<Shared>>>, Query(asked): Query<Asked>) -> Response {
    let mut shared = lock(&shared);
    let by_date = asked.get("orderby").map(String::as_str) == Some("date");
    let of = |post: &Post| if by_date { post.article.published } else { post.touched };
    let after = moment(&asked, if by_date { "after" } else { "modified_after" })
        .filter(|_| !shared.old && (by_date || !shared.ignores_touches));
    let excluded: Vec<&str> = asked.get("exclude").map(|ids| ids.split(',').collect()).unwrap_or_default();
    // Its own moment is left out.
    let wanted = |post: &&Post| {
        after.is_none_or(|after| of(post) > after) && !excluded.contains(&post.article.number.to_string().as_str())
    };
    let posts = shared.sorted(of).into_iter().filter(wanted).take(size(&asked, "per_page"));
    let gmt = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let answer: Vec<Value> = posts
        .map(|Post { article, touched, kind }| {
            let title = if *kind == Sort::Odd { Value::Null } else { json!({ "rendered": article.title }) };
            let closed = *kind == Sort::Protected;
            json!({
                "id": article.number, "guid": { "rendered": article.guid }, "link": article.url,
                "title": title, "content": { "rendered": article.body, "protected": closed },
                "excerpt": { "rendered": article.summary }, "date_gmt": gmt(article.published), "modified_gmt": gmt(*touched),
            })
        })
        .collect();
    shared.answered();
    Json(answer).into_response()
}

async fn drupal(State(shared): State<Arc<Mutex<Shared>>>, Query(asked): Query<Asked>) -> Response {
    let mut shared = lock(&shared);
    let value = |name: &str| {
        asked.get(&format!("filter[{name}][condition][value]")).and_then(|value| value.parse::<i64>().ok())
    };
    let wanted = |post: &&Post| {
        let (changed, number) = (post.touched.as_second(), i64::from(post.article.number));
        let since = value("since").is_none_or(|since| changed >= since);
        let behind = value("later").zip(value("next"));
        since && behind.is_none_or(|(later, next)| changed > later || (changed == later && number > next))
    };
    let mut posts = shared.sorted(|post| post.touched);
    // This order is asked for whole.
    posts.sort_by_key(|post| (post.touched, post.article.number));
    let mut posts = posts.into_iter().filter(wanted);
    let nodes: Vec<Value> = posts
        .by_ref()
        .take(size(&asked, "page[limit]"))
        .map(|Post { article, touched, .. }| {
            json!({ "type": "node--article", "id": article.guid, "attributes": {
                "drupal_internal__nid": article.number, "title": article.title, "path": { "alias": format!("/tin/{}", article.number) },
                "created": article.published.to_string(), "changed": touched.to_string(), "body": { "processed": article.body },
            }})
        })
        .collect();
    let next = posts.next().map(|_| json!({ "href": "…" }));
    let answer = json!({ "data": nodes, "links": { "next": next } });
    shared.answered();
    Json(answer).into_response()
}

async fn liferay(State(shared): State<Arc<Mutex<Shared>>>, Query(asked): Query<Asked>) -> Response {
    let mut shared = lock(&shared);
    let filter = asked.get("filter").cloned().unwrap_or_default();
    let (field, from) = filter.split_once(" ge ").unwrap_or(("dateModified", ""));
    let from: Option<Timestamp> = from.parse().ok();
    let of = |post: &Post| if field == "datePublished" { post.article.published } else { post.touched };
    let posts: Vec<&Post> = {
        let mut posts = shared.sorted(of);
        posts.sort_by_key(|post| (of(post), post.article.number));
        posts.into_iter().filter(|post| from.is_none_or(|from| of(post) >= from)).collect()
    };
    let (page, size) = (size(&asked, "page").max(1), size(&asked, "pageSize"));
    let items: Vec<Value> = posts
        .iter()
        .skip((page - 1) * size)
        .take(size)
        .map(|Post { article, touched, .. }| {
            json!({ "id": article.number, "uuid": article.guid, "title": article.title, "friendlyUrlPath": format!("tin-{}", article.number),
                "datePublished": article.published.to_string(), "dateModified": touched.to_string(),
                "contentFields": [{ "name": "content", "contentFieldValue": { "data": article.body } }] })
        })
        .collect();
    let answer = json!({ "items": items, "page": page, "lastPage": posts.len().div_ceil(size).max(1) });
    shared.answered();
    Json(answer).into_response()
}
