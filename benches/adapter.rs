//! The adapter of the simulated CMS, on the SDK's HTTP kit as a real one.

use std::time::Duration;

use async_trait::async_trait;
use dongbo_sdk::http::{Http, Limits, Request};
use dongbo_sdk::{
    Adapter, AdapterInfo, At, Call, Capabilities, CategorySupport, CheckReport, DateSupport, Error, ErrorKind, Key,
    KeySupport, Operation, PinSupport, Post, RemoteCopy, RemoteId, RemoteStatus, Removal, Result, Trace, Visibility,
    Written,
};
use jiff::Timestamp;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use url::Url;

/// A site of the simulated CMS.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    http: Http,
    posts: Url,
    about: Url,
}

/// What is sent. The id stands first.
#[derive(Debug, Serialize)]
pub(crate) struct NewPost<'a> {
    id: &'a str,
    status: &'static str,
    title: &'a str,
    summary: &'a str,
    body: String,
    categories: &'a [String],
    published: Timestamp,
    canonical: &'a str,
}

/// What the CMS shows of a stored post.
#[derive(Debug, Deserialize)]
pub(crate) struct StoredPost {
    id: Key,
    url: String,
    version: String,
    title: String,
    summary: String,
    body: String,
    categories: Vec<String>,
    published: Timestamp,
}

#[derive(Debug, Deserialize)]
struct About {
    site: String,
}

impl Site {
    /// A site at `address`, which ends with a slash.
    pub(crate) fn new(http: Http, address: &Url) -> Self {
        let join = |path| address.join(path).expect("a path joins an address");
        Self { http, posts: join("posts"), about: join("site") }
    }

    /// The HTTP client of one installation.
    pub(crate) fn http() -> Http {
        Http::new(Limits::default()).expect("a client without certificates of its own")
    }
}

/// The body of a create.
pub(crate) fn body(post: &Post) -> NewPost<'_> {
    NewPost {
        id: post.key.as_str(),
        status: match post.visibility {
            Visibility::Public => "public",
            Visibility::Draft => "draft",
        },
        title: &post.title,
        summary: &post.summary,
        body: post.html(),
        categories: &post.categories,
        published: post.published,
        canonical: &post.canonical,
    }
}

impl From<StoredPost> for RemoteCopy {
    fn from(stored: StoredPost) -> Self {
        Self {
            id: RemoteId(stored.id.to_string()),
            key: Some(stored.id),
            version: Some(stored.version),
            url: Some(stored.url),
            status: RemoteStatus::Public,
            title: stored.title,
            summary: stored.summary,
            body: stored.body,
            categories: stored.categories,
            published: Some(stored.published),
            featured: None,
            pinned: None,
        }
    }
}

/// What the simulated CMS can do.
pub(crate) fn capabilities() -> Capabilities {
    Capabilities {
        key: KeySupport::Enforced,
        reply_is_read_back: true,
        find_lag: Duration::ZERO,
        absence_reads: 1,
        settles_within: Duration::from_secs(5),
        removals: Vec::new(),
        publish_date: DateSupport::Exact,
        categories: CategorySupport::Create,
        tags: false,
        summary: true,
        drafts: false,
        media: false,
        list: false,
        canonical: true,
        annexes: false,
        pin: PinSupport::None,
        title_chars_max: None,
        body_bytes_max: None,
        media_bytes_max: None,
        in_flight_max: None,
    }
}

/// The storm brings new articles only; the CMS keeps no bodies that could be read or changed.
fn kept_nowhere(operation: Operation) -> Error {
    Error::new(ErrorKind::Unsupported, operation, "the simulated CMS keeps no bodies")
}

#[async_trait]
impl Adapter for Site {
    fn info(&self) -> AdapterInfo {
        AdapterInfo { kind: "simulated", address: self.posts.to_string() }
    }

    async fn check(&self, call: &Call) -> Result<CheckReport> {
        let reply = self.http.send(call, Request::get(Operation::Check, self.about.clone())).await?;
        let about: About = reply.success()?.json()?;
        Ok(CheckReport {
            site: about.site,
            title: "Simulated".to_owned(),
            software: "simulated".to_owned(),
            account: "dongbo".to_owned(),
            capabilities: capabilities(),
            categories: Vec::new(),
            notes: Vec::new(),
        })
    }

    async fn find(&self, _call: &Call, _trace: &Trace) -> Result<Vec<RemoteCopy>> {
        Err(kept_nowhere(Operation::Find))
    }

    async fn read(&self, _call: &Call, _id: &RemoteId) -> Result<Option<RemoteCopy>> {
        Err(kept_nowhere(Operation::Read))
    }

    async fn create(&self, call: &Call, post: &Post) -> Result<Written> {
        let request = Request::write(Operation::Create, Method::POST, self.posts.clone()).json(&body(post));
        let reply = self.http.send(call, request).await?.success()?;
        Ok(Written::Stands(reply.json::<StoredPost>()?.into()))
    }

    async fn update(&self, _call: &Call, _at: &At, _post: &Post) -> Result<Written> {
        Err(kept_nowhere(Operation::Update))
    }

    async fn withdraw(&self, _call: &Call, _at: &At, _how: Removal) -> Result<Option<RemoteCopy>> {
        Err(kept_nowhere(Operation::Withdraw))
    }
}
