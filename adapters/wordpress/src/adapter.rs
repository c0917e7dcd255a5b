//! The contract, step by step. Each function is one try of one step.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use dongbo_sdk::http::Reply;
use dongbo_sdk::{
    Adapter, AdapterInfo, At, Call, Capabilities, CategorySupport, CheckReport, Cursor, DateSupport, Error, ErrorKind,
    KeySupport, Listed, Listing, Media, Operation, Page, PinSupport, Post, RemoteCopy, RemoteId, RemoteMedia,
    RemoteStatus, Removal, Result, Retry, Scope, Trace, Visibility, Written,
};
use jiff::Timestamp;
use reqwest::header::HeaderName;
use serde_json::json;
use url::Url;

use crate::api::{Api, Write};
use crate::content::{escape, key_in_slug, slugs, unescape, with_marker, without_marker};
use crate::error::{accepted, code};
use crate::media;
use crate::terms::{self, Terms};
use crate::wire::{ALL_STATUSES, ContentRead, LISTED_FIELDS, POST_FIELDS, PostRead, PostWrite, Root, User};

const POSTS: &str = "wp/v2/posts";
/// Asks for the stored form with the names of its categories.
const STORED: [(&str, &str); 3] = [("context", "edit"), ("_embed", "wp:term"), ("_fields", POST_FIELDS)];
/// PHP's own limit for one request is 30 s by default and does not count
/// waiting for the database.
const SETTLES_WITHIN: Duration = Duration::from_secs(60);
/// `wp_posts.post_title` is TEXT: 65,535 bytes, at most four to a character.
const TITLE_CHARS_MAX: usize = 16_000;
/// PHP escapes a Vietnamese letter as six bytes, and a body comes back within one answer.
const ANSWER_BYTES_PER_BODY_BYTE: usize = 4;
/// Contents asked for at once in a listing, so that an answer stays far below its limit.
const CONTENTS_AT_ONCE: usize = 20;

/// One WordPress site, as one account.
#[derive(Debug)]
pub struct WordPress {
    api: Api,
    terms: Terms,
}

impl WordPress {
    pub(crate) fn new(http: dongbo_sdk::http::Http, site: Url, rest: Option<Url>) -> Self {
        Self { api: Api::new(http, site, rest), terms: Terms::default() }
    }

    /// The public address, with a slash at its end.
    #[must_use]
    pub fn site(&self) -> &Url {
        self.api.site()
    }

    /// Lets a test script what becomes of each request.
    #[cfg(feature = "testkit")]
    #[must_use]
    pub fn with_faults(mut self, faults: dongbo_sdk::fault::Faults) -> Self {
        self.api = self.api.with_faults(faults);
        self
    }
}

#[async_trait]
impl Adapter for WordPress {
    fn info(&self) -> AdapterInfo {
        AdapterInfo { kind: "wordpress", address: self.site().to_string() }
    }

    async fn check(&self, call: &Call) -> Result<CheckReport> {
        let (root, user) = self.api.identity(call, Operation::Check).await?;
        if !user.may("edit_posts") {
            return Err(Error::new(ErrorKind::Forbidden, Operation::Check, "the account may not write posts")
                .scope(Scope::Portal)
                .with("account", &user.username)
                .with("roles", user.roles.join(", ")));
        }
        let categories = terms::all(&self.api, call, Operation::Check).await?;
        Ok(CheckReport {
            site: site_identity(&root, &user),
            title: unescape(&root.name),
            software: "WordPress".into(),
            account: format!("{} ({})", user.username, user.roles.join(", ")),
            capabilities: capabilities(&user, self.api.answer_bytes_max()),
            categories: categories.iter().filter(|term| !terms::is_none(term)).map(terms::shown).collect(),
            notes: notes(self.site(), &root, &user),
        })
    }

    async fn find(&self, call: &Call, trace: &Trace) -> Result<Vec<RemoteCopy>> {
        let by_slug = self.look_up(call, trace, ("slug", &slugs(trace.key.as_str()))).await?;
        if !by_slug.is_empty() {
            return Ok(by_slug);
        }
        // Editors change slugs; the marker stays in the content.
        self.look_up(call, trace, ("search", trace.key.as_str())).await
    }

    async fn read(&self, call: &Call, id: &RemoteId) -> Result<Option<RemoteCopy>> {
        self.read_for(call, Operation::Read, id).await
    }

    async fn create(&self, call: &Call, post: &Post) -> Result<Written> {
        let write = Write { operation: Operation::Create, route: POSTS, query: &STORED };
        self.put(call, write, post).await
    }

    async fn update(&self, call: &Call, at: &At, post: &Post) -> Result<Written> {
        if self.ours(call, Operation::Update, at).await?.is_none() {
            return Err(Error::new(ErrorKind::NotFound, Operation::Update, "the post is not there").with("id", &at.id));
        }
        let route = route(Operation::Update, &at.id)?;
        self.put(call, Write { operation: Operation::Update, route: &route, query: &STORED }, post).await
    }

    async fn withdraw(&self, call: &Call, at: &At, how: Removal) -> Result<Option<RemoteCopy>> {
        let Some(standing) = self.ours(call, Operation::Withdraw, at).await? else { return Ok(None) };
        match (how, standing.status) {
            // Out of sight already; taking it out of the bin would be a step back.
            (Removal::Hide | Removal::Trash, RemoteStatus::Trashed) | (Removal::Hide, RemoteStatus::Hidden) => {
                Ok(Some(standing))
            }
            (Removal::Hide, RemoteStatus::Public | RemoteStatus::Scheduled) => self.hide(call, &at.id).await,
            (Removal::Trash, RemoteStatus::Public | RemoteStatus::Scheduled | RemoteStatus::Hidden) => {
                self.trash(call, &at.id).await
            }
            (
                Removal::Delete,
                RemoteStatus::Public | RemoteStatus::Scheduled | RemoteStatus::Hidden | RemoteStatus::Trashed,
            ) => self.delete(call, &at.id).await,
        }
    }

    async fn upload(&self, call: &Call, media: &Media) -> Result<RemoteMedia> {
        media::upload(&self.api, call, media).await
    }

    async fn list(&self, call: &Call, what: Listing, from: Option<Cursor>) -> Result<Page<Listed>> {
        let page = page_number(from)?;
        let author = match what {
            Listing::Ours => Some(self.api.account(call, Operation::List).await?.to_string()),
            Listing::Recent => None,
        };
        let (number, mut query) = (page.to_string(), vec![("context", "edit"), ("status", ALL_STATUSES)]);
        query.extend([("per_page", "100"), ("page", &number), ("_fields", LISTED_FIELDS)]);
        match &author {
            Some(author) => query.extend([("author", author.as_str()), ("orderby", "id"), ("order", "asc")]),
            None => query.extend([("orderby", "date"), ("order", "desc")]),
        }
        let reply = self.api.ask(call, Operation::List, POSTS, &query).await?;
        if code(&reply) == "rest_post_invalid_page_number" {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let reply = accepted(reply)?;
        let mut items = self.listed(call, reply.json()?).await?;
        if what == Listing::Ours {
            items.retain(|item| item.key.is_some());
        }
        let more = number_in(&reply, &PAGES) > page;
        Ok(Page { items, next: more.then(|| Cursor((page + 1).to_string())) })
    }
}

impl WordPress {
    /// Posts that match one filter and carry the key.
    async fn look_up(&self, call: &Call, trace: &Trace, filter: (&str, &str)) -> Result<Vec<RemoteCopy>> {
        let mut query = vec![filter, ("status", ALL_STATUSES), ("per_page", "100")];
        query.extend(STORED);
        let reply = accepted(self.api.ask(call, Operation::Find, POSTS, &query).await?)?;
        let matching = number_in(&reply, &TOTAL);
        let read: Vec<PostRead> = reply.json()?;
        if filter.0 == "slug" && matching > read.len() as u64 {
            // WordPress counts what the account may not edit and leaves it out: that is no absence.
            return Err(Error::new(
                ErrorKind::Forbidden,
                Operation::Find,
                "a copy stands that the account may not edit",
            )
            .with("slug", filter.1));
        }
        let mut copies = Vec::new();
        for post in read {
            let copy = self.copy(call, Operation::Find, post).await?;
            if copy.key.as_ref() == Some(&trace.key) {
                copies.push(copy);
            }
        }
        Ok(copies)
    }

    async fn read_for(&self, call: &Call, step: Operation, id: &RemoteId) -> Result<Option<RemoteCopy>> {
        let Ok(route) = route(step, id) else { return Ok(None) };
        let reply = self.api.ask(call, step, &route, &STORED).await?;
        if code(&reply) == "rest_post_invalid_id" {
            return Ok(None);
        }
        let post = accepted(reply)?.json()?;
        self.copy(call, step, post).await.map(Some)
    }

    /// What stands at the address, if it carries our key. WordPress has no
    /// conditional write, so a foreign post is told apart just before.
    async fn ours(&self, call: &Call, step: Operation, at: &At) -> Result<Option<RemoteCopy>> {
        match self.read_for(call, step, &at.id).await? {
            Some(copy) if copy.key.as_ref() != Some(&at.key) => {
                Err(Error::new(ErrorKind::Conflict, step, "what stands there carries another key").with("id", &at.id))
            }
            standing => Ok(standing),
        }
    }

    /// Writes the whole post in one request; the answer is the read-back.
    async fn put(&self, call: &Call, write: Write<'_>, post: &Post) -> Result<Written> {
        let step = write.operation;
        let categories = self.terms.categories(&self.api, call, step, post).await?;
        let tags = self.terms.tags(&self.api, call, step, post).await?;
        let body = shape(step, post, (&categories, &tags))?;
        let stored: PostRead = accepted(self.api.post(call, write, &body).await?)?.json()?;
        let settled = async {
            let stored = self.keep_categories(call, post, (stored, &categories)).await?;
            self.copy(call, step, stored).await
        };
        // The post stands from here on, whatever becomes of the rest.
        settled.await.map(Written::Stands).map_err(|error| error.retry(Retry::FindFirst))
    }

    /// WordPress drops the number of a category that was deleted since the map
    /// was read. Once more with a new map.
    async fn keep_categories(&self, call: &Call, post: &Post, (stored, sent): (PostRead, &[u64])) -> Result<PostRead> {
        if sent.iter().all(|number| stored.categories.contains(number)) {
            return Ok(stored);
        }
        self.terms.forget().await;
        let now = self.terms.categories(&self.api, call, Operation::Update, post).await?;
        if now == sent {
            return Ok(stored);
        }
        let route = format!("{POSTS}/{}", stored.id);
        let write = Write { operation: Operation::Update, route: &route, query: &STORED };
        accepted(self.api.post(call, write, &json!({ "categories": now })).await?)?.json()
    }

    async fn hide(&self, call: &Call, id: &RemoteId) -> Result<Option<RemoteCopy>> {
        let route = route(Operation::Withdraw, id)?;
        let write = Write { operation: Operation::Withdraw, route: &route, query: &STORED };
        let reply = self.api.post(call, write, &json!({ "status": "draft" })).await?;
        self.left(call, reply).await
    }

    async fn trash(&self, call: &Call, id: &RemoteId) -> Result<Option<RemoteCopy>> {
        let route = route(Operation::Withdraw, id)?;
        let write = Write { operation: Operation::Withdraw, route: &route, query: &STORED };
        let reply = self.api.delete(call, write).await?;
        if code(&reply) == "rest_already_trashed" {
            return self.read_for(call, Operation::Withdraw, id).await;
        }
        self.left(call, reply).await
    }

    async fn delete(&self, call: &Call, id: &RemoteId) -> Result<Option<RemoteCopy>> {
        let route = route(Operation::Withdraw, id)?;
        let write = Write { operation: Operation::Withdraw, route: &route, query: &[("force", "true")] };
        let reply = self.api.delete(call, write).await?;
        if code(&reply) != "rest_post_invalid_id" {
            accepted(reply)?.json::<serde_json::Value>()?;
        }
        Ok(None)
    }

    /// What a withdrawal left; gone meanwhile is success.
    async fn left(&self, call: &Call, reply: Reply) -> Result<Option<RemoteCopy>> {
        if code(&reply) == "rest_post_invalid_id" {
            return Ok(None);
        }
        let post = accepted(reply)?.json()?;
        self.copy(call, Operation::Withdraw, post).await.map(Some)
    }

    /// The model of a post as read.
    async fn copy(&self, call: &Call, step: Operation, post: PostRead) -> Result<RemoteCopy> {
        let categories = self.category_names(call, step, &post).await?;
        let (body, marked) = without_marker(&post.content.raw);
        let status = status(&post.status);
        Ok(RemoteCopy {
            id: RemoteId(post.id.to_string()),
            key: marked.or_else(|| key_in_slug(&post.slug)),
            version: post.modified_gmt,
            url: public_address(status, post.link),
            status,
            title: unescape(&post.title.raw),
            summary: unescape(&post.excerpt.raw),
            body,
            categories,
            published: post.date_gmt.as_deref().and_then(timestamp),
            featured: (post.featured_media != 0).then(|| RemoteId(post.featured_media.to_string())),
            pinned: post.sticky,
        })
    }

    /// The names that came embedded; the rest is asked for (an answer embeds at most ten).
    async fn category_names(&self, call: &Call, step: Operation, post: &PostRead) -> Result<Vec<String>> {
        let mut known = post.embedded.categories();
        let missing: Vec<u64> =
            post.categories.iter().copied().filter(|number| known.iter().all(|term| term.id != *number)).collect();
        if !missing.is_empty() {
            known.extend(terms::names(&self.api, call, step, &missing).await?);
        }
        Ok(known
            .iter()
            .filter(|term| post.categories.contains(&term.id) && !terms::is_none(term))
            .map(terms::shown)
            .collect())
    }

    /// Lines of a listing. Contents are long: they are read only of posts whose slug shows no key.
    async fn listed(&self, call: &Call, posts: Vec<PostRead>) -> Result<Vec<Listed>> {
        let unknown: Vec<u64> =
            posts.iter().filter(|post| key_in_slug(&post.slug).is_none()).map(|post| post.id).collect();
        let mut marked = HashMap::new();
        for some in unknown.chunks(CONTENTS_AT_ONCE) {
            let include = some.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
            let query = [("context", "edit"), ("status", ALL_STATUSES), ("include", &include), ("per_page", "100")];
            let query = [query.as_slice(), &[("_fields", "id,content.raw")]].concat();
            let read: Vec<ContentRead> = self.api.get(call, Operation::List, POSTS, &query).await?;
            marked.extend(read.into_iter().filter_map(|post| Some((post.id, without_marker(&post.content.raw).1?))));
        }
        Ok(posts.into_iter().map(|post| line(post, &marked)).collect())
    }
}

fn line(post: PostRead, marked: &HashMap<u64, dongbo_sdk::Key>) -> Listed {
    let status = status(&post.status);
    Listed {
        key: key_in_slug(&post.slug).or_else(|| marked.get(&post.id).cloned()),
        id: RemoteId(post.id.to_string()),
        url: public_address(status, post.link),
        status,
        title: unescape(&post.title.raw),
        published: post.date_gmt.as_deref().and_then(timestamp),
    }
}

/// The wire form of a post.
fn shape<'a>(step: Operation, post: &'a Post, (categories, tags): (&'a [u64], &'a [u64])) -> Result<PostWrite<'a>> {
    let featured_media = match &post.featured {
        Some(media) => number(&media.id).ok_or_else(|| {
            Error::new(ErrorKind::Unexpected, step, "the featured picture was not uploaded to a WordPress")
                .with("id", &media.id)
        })?,
        None => 0,
    };
    Ok(PostWrite {
        title: escape(&post.title),
        content: with_marker(&post.html(), &post.key),
        excerpt: escape(&post.summary),
        slug: post.key.as_str(),
        status: match post.visibility {
            Visibility::Public => "publish",
            Visibility::Draft => "draft",
        },
        date_gmt: post.published.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
        categories,
        tags,
        featured_media,
        comment_status: "closed",
        ping_status: "closed",
    })
}

fn number(id: &RemoteId) -> Option<u64> {
    id.0.parse().ok()
}

fn route(step: Operation, id: &RemoteId) -> Result<String> {
    match number(id) {
        Some(number) => Ok(format!("{POSTS}/{number}")),
        None => Err(Error::new(ErrorKind::NotFound, step, "not a number of WordPress").with("id", id)),
    }
}

fn status(word: &str) -> RemoteStatus {
    match word {
        "publish" => RemoteStatus::Public,
        "future" => RemoteStatus::Scheduled,
        "trash" => RemoteStatus::Trashed,
        // draft, pending, private, and what plug-ins add.
        _ => RemoteStatus::Hidden,
    }
}

/// Links of posts that are not public lead editors to a preview.
fn public_address(status: RemoteStatus, link: String) -> Option<String> {
    (status == RemoteStatus::Public && !link.is_empty()).then_some(link)
}

/// `2026-11-24T15:00:02`, in UTC without a zone.
fn timestamp(text: &str) -> Option<Timestamp> {
    format!("{text}Z").parse().ok()
}

fn page_number(from: Option<Cursor>) -> Result<u64> {
    let Some(Cursor(text)) = from else { return Ok(1) };
    text.parse().map_err(|_| {
        Error::new(ErrorKind::Unexpected, Operation::List, "the cursor is not one of WordPress").with("cursor", text)
    })
}

const TOTAL: HeaderName = HeaderName::from_static("x-wp-total");
const PAGES: HeaderName = HeaderName::from_static("x-wp-totalpages");

/// 0 where a proxy took the header away.
fn number_in(reply: &Reply, header: &HeaderName) -> u64 {
    reply.header(header).and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Tells this site from another behind the same address with the same ids. The
/// second at which the account was made there stays when its password or the
/// site's name changes and differs on a site that was set up anew.
fn site_identity(root: &Root, user: &User) -> String {
    format!("{} account {} of {}", root.home, user.id, user.registered_date)
}

fn capabilities(user: &User, answer_bytes_max: usize) -> Capabilities {
    let mut removals = Vec::new();
    if user.may("edit_published_posts") {
        removals.push(Removal::Hide);
    }
    if user.may("delete_published_posts") {
        removals.extend([Removal::Trash, Removal::Delete]);
    }
    Capabilities {
        key: KeySupport::Searchable,
        reply_is_read_back: true,
        find_lag: Duration::ZERO,
        absence_reads: 1,
        settles_within: SETTLES_WITHIN,
        removals,
        publish_date: DateSupport::Exact,
        categories: if user.may("manage_categories") { CategorySupport::Create } else { CategorySupport::Match },
        tags: true,
        summary: true,
        drafts: true,
        media: user.may("upload_files"),
        list: true,
        canonical: false,
        annexes: false,
        pin: PinSupport::None,
        title_chars_max: Some(TITLE_CHARS_MAX),
        body_bytes_max: Some(answer_bytes_max / ANSWER_BYTES_PER_BODY_BYTE),
        media_bytes_max: None,
        in_flight_max: None,
    }
}

/// What a person should know before this portal goes live.
fn notes(site: &Url, root: &Root, user: &User) -> Vec<String> {
    let mut notes = Vec::new();
    for (capability, lost) in [
        ("publish_posts", "posts stay drafts"),
        ("edit_published_posts", "corrections and withdrawals are refused"),
        ("delete_published_posts", "copies can be hidden, not deleted"),
        ("upload_files", "pictures are left out"),
        ("edit_others_posts", "copies made by another account are not found: keep this account"),
        ("unfiltered_html", "WordPress takes frames and some styles out of bodies"),
    ] {
        if !user.may(capability) {
            notes.push(format!("the account lacks {capability}: {lost}"));
        }
    }
    if root.authentication.get("application-passwords").is_none() {
        notes.push("the site does not announce application passwords (they need https)".into());
    }
    if root.timezone_string != "Asia/Ho_Chi_Minh" && offset_hours(root) != Some(7.0) {
        notes.push("the site's time zone is not UTC+7: citizens see other times than at the original".into());
    }
    if site.scheme() == "http" && !is_loopback(site) {
        notes.push("the address is http: the application password travels in the clear".into());
    }
    if root.home.parse::<Url>().is_ok_and(|home| home.host_str() != site.host_str()) {
        notes.push(format!("the site calls itself {}: public addresses lead there", root.home));
    }
    notes
}

/// A number, or a number in quotes.
fn offset_hours(root: &Root) -> Option<f64> {
    root.gmt_offset.as_f64().or_else(|| root.gmt_offset.as_str()?.parse().ok())
}

fn is_loopback(site: &Url) -> bool {
    match site.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
