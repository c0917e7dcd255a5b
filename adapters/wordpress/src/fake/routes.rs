//! The fake's REST API: who asks, which route, which answer.

use std::collections::HashSet;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::answer::{
    Answer, Asked, Refused, bad_parameter, counted, data, json_body, no_post, no_route, page_of, page_size, refuse,
};
use super::library::{create_media, create_term, delete_media, finish_media, list_media, list_terms, public_page};
use super::site::{ACCOUNT, Change, PASSWORD, PostRow, Site, TermRow, USER, stamp};
use super::text::sanitize_title;
use super::{Role, Shared, locked};

/// Larger requests end like a web server's limit.
const REQUEST_BYTES_MAX: usize = 64 * 1024 * 1024;
const STATUSES: [&str; 6] = ["publish", "future", "draft", "pending", "private", "trash"];
pub(super) async fn handle(State(site): State<Shared>, request: Request<Body>) -> Response {
    if locked(&site).maintenance {
        let page = "<!DOCTYPE html><html><body>Briefly unavailable for scheduled maintenance.</body></html>";
        return page_of(StatusCode::SERVICE_UNAVAILABLE, page, &[("retry-after", "600")]);
    }
    let path = request.uri().path().to_owned();
    let Ok(asked) = take_apart(&site, request).await else {
        return page_of(StatusCode::PAYLOAD_TOO_LARGE, "<html>413 Request Entity Too Large</html>", &[]);
    };
    let Some(asked) = asked else { return public_page(&locked(&site), &path) };
    route(&site, &asked).await.unwrap_or_else(|refused| *refused)
}

/// `Ok(None)`: not a request to the API.
async fn take_apart(site: &Shared, request: Request<Body>) -> Result<Option<Asked>, ()> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, REQUEST_BYTES_MAX).await.map_err(|_| ())?;
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let named = query.iter().find(|(name, _)| name == "rest_route").map(|(_, value)| value.clone());
    let mut site = locked(site);
    let behind = head.uri.path().strip_prefix("/wp-json").filter(|_| !site.plain).map(str::to_owned);
    let Some(route) = named.or(behind) else { return Ok(None) };
    let method = query.iter().find(|(name, _)| name == "_method").map(|(_, value)| value.clone());
    Ok(Some(Asked {
        method: method.unwrap_or_else(|| head.method.to_string()),
        route: route.trim_matches('/').to_owned(),
        query,
        known: !site.revoked && credentials_fit(&mut site, &head.headers),
        headers: head.headers,
        body,
    }))
}

/// Spaces in an application password do not count.
fn credentials_fit(site: &mut Site, headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return false };
    if site.accepted.as_ref() == Some(value) {
        return true;
    }
    let pair = value.to_str().ok().and_then(|value| from_base64(value.strip_prefix("Basic ")?)).unwrap_or_default();
    let fits = String::from_utf8_lossy(&pair).replace(' ', "") == format!("{USER}:{}", PASSWORD.replace(' ', ""));
    if fits {
        site.accepted = Some(value.clone());
    }
    fits
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut word, mut bits) = (Vec::new(), 0_u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let digit = ALPHABET.iter().position(|known| *known == byte)?;
        word = (word << 6 | u32::try_from(digit).ok()?) & 0x00ff_ffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((word >> bits) as u8);
        }
    }
    Some(bytes)
}

async fn route(site: &Shared, asked: &Asked) -> Answer {
    let parts: Vec<&str> = asked.route.split('/').filter(|part| !part.is_empty()).collect();
    match (asked.method.as_str(), parts.as_slice()) {
        ("GET", []) => Ok(root(&locked(site))),
        ("GET", ["wp", "v2", "users", "me"]) => me(&locked(site), asked),
        ("GET", ["wp", "v2", "posts"]) => list_posts(&locked(site), asked),
        ("POST", ["wp", "v2", "posts"]) => create_post(site, asked).await,
        (method, ["wp", "v2", "posts", id]) => {
            let id = id.parse().map_err(|_| no_route())?;
            match method {
                "GET" => read_post(&locked(site), asked, id),
                "POST" | "PUT" | "PATCH" => update_post(site, asked, id).await,
                "DELETE" => delete_post(&mut locked(site), asked, id),
                _ => Err(no_route()),
            }
        }
        ("GET", ["wp", "v2", "categories"]) => list_terms(asked, locked(site).categories.values()),
        ("GET", ["wp", "v2", "tags"]) => list_terms(asked, locked(site).tags.values()),
        ("POST", ["wp", "v2", taxonomy @ ("categories" | "tags")]) => create_term(&mut locked(site), asked, taxonomy),
        ("GET", ["wp", "v2", "media"]) => list_media(&locked(site), asked),
        ("POST", ["wp", "v2", "media"]) => create_media(&mut locked(site), asked),
        ("POST", ["wp", "v2", "media", id, "post-process"]) => finish_media(&locked(site), asked, id),
        ("DELETE", ["wp", "v2", "media", id]) => delete_media(&mut locked(site), asked, id),
        _ => Err(no_route()),
    }
}

fn root(site: &Site) -> Response {
    // A refused password does not show here: the root is public.
    let body = json!({
        "name": site.name, "url": site.url, "home": site.url, "gmt_offset": 7, "timezone_string": "Asia/Ho_Chi_Minh",
        "namespaces": ["oembed/1.0", "wp/v2"],
        "authentication": {"application-passwords": {"endpoints": {"authorization":
            format!("{}/wp-admin/authorize-application.php", site.url)}}},
    });
    data(StatusCode::OK, &body)
}

fn me(site: &Site, asked: &Asked) -> Answer {
    if !asked.known {
        return Err(refuse(401, "rest_not_logged_in", "You are not currently logged in."));
    }
    let (role, rights): (&str, &[&str]) = match site.role {
        Role::Contributor => ("contributor", &["edit_posts", "delete_posts", "read"]),
        Role::Author => (
            "author",
            &[
                "edit_posts",
                "delete_posts",
                "read",
                "upload_files",
                "publish_posts",
                "edit_published_posts",
                "delete_published_posts",
            ],
        ),
        Role::Editor => (
            "editor",
            &[
                "edit_posts",
                "delete_posts",
                "read",
                "upload_files",
                "publish_posts",
                "edit_published_posts",
                "delete_published_posts",
                "edit_others_posts",
                "manage_categories",
                "unfiltered_html",
            ],
        ),
    };
    let capabilities: Map<String, Value> = rights.iter().map(|right| ((*right).to_owned(), json!(true))).collect();
    let body = json!({
        "id": ACCOUNT, "username": USER, "slug": USER, "name": USER, "roles": [role],
        "registered_date": site.registered, "capabilities": capabilities,
    });
    Ok(data(StatusCode::OK, &body))
}

fn list_posts(site: &Site, asked: &Asked) -> Answer {
    let statuses = statuses(asked)?;
    if asked.edits() && !asked.known {
        return Err(refuse(
            401,
            "rest_forbidden_context",
            "Sorry, you are not allowed to edit posts in this post type.",
        ));
    }
    let size = page_size(asked)?;
    let visible = |row: &&PostRow| statuses.contains(&row.status.as_str()) && matches(asked, row);
    let mut rows: Vec<&PostRow> = match asked.list("slug") {
        Some(slugs) => {
            let ids = slugs.iter().flat_map(|slug| site.with_slug(&sanitize_title(slug)).to_vec());
            ids.filter_map(|id| site.posts.get(&id)).filter(visible).collect()
        }
        None => site.posts.values().filter(visible).collect(),
    };
    match asked.one("orderby") {
        Some("id") => rows.sort_by_key(|row| row.id),
        Some("modified") => rows.sort_by_key(|row| row.modified),
        _ => rows.sort_by_key(|row| (row.date, row.id)),
    }
    if asked.one("order") != Some("asc") {
        rows.reverse();
    }
    let total = rows.len();
    let page = asked.number("page", 1).max(1);
    if page > 1 && (page - 1) * size >= total {
        return Err(refuse(
            400,
            "rest_post_invalid_page_number",
            "The page number requested is larger than the number of pages available.",
        ));
    }
    // Counted before, filtered by rights after.
    let shown = rows.into_iter().skip((page - 1) * size).take(size).filter(|row| !asked.edits() || site.may_edit(row));
    let items: Vec<Value> = shown.map(|row| post_json(site, row, asked)).collect();
    Ok(counted(&Value::Array(items), total, size))
}

/// `status=any` leaves the bin out.
fn statuses(asked: &Asked) -> Result<Vec<&str>, Refused> {
    let mut statuses = asked.list("status").unwrap_or_else(|| vec!["publish"]);
    if statuses.iter().any(|status| !STATUSES.contains(status) && *status != "any") {
        return Err(bad_parameter("status", "status[0] is not one of the statuses.", ("rest_not_in_enum", None)));
    }
    if !asked.known && statuses.iter().any(|status| *status != "publish") {
        return Err(bad_parameter("status", "Status is forbidden.", ("rest_forbidden_status", Some(401))));
    }
    if statuses.contains(&"any") {
        statuses.extend(STATUSES.iter().filter(|status| **status != "trash"));
    }
    Ok(statuses)
}

/// The filters that core knows. Others, `meta_key` among them, are ignored.
fn matches(asked: &Asked, row: &PostRow) -> bool {
    let among = |name: &str, value: &str| asked.list(name).is_none_or(|list| list.contains(&value));
    let found = |word: &str| {
        let word = word.to_lowercase();
        [&row.title, &row.excerpt, &row.content].iter().any(|text| text.to_lowercase().contains(&word))
    };
    among("author", &row.author.to_string())
        && among("include", &row.id.to_string())
        && asked.one("sticky").is_none_or(|sticky| (sticky == "true") == row.sticky)
        && asked.one("search").is_none_or(|words| words.split_whitespace().all(found))
}

fn read_post(site: &Site, asked: &Asked, id: u64) -> Answer {
    let row = site.posts.get(&id).ok_or_else(no_post)?;
    if asked.edits() && !(asked.known && site.may_edit(row)) {
        let status = if asked.known { 403 } else { 401 };
        return Err(refuse(status, "rest_forbidden_context", "Sorry, you are not allowed to edit this post."));
    }
    if !asked.known && row.status != "publish" {
        return Err(refuse(401, "rest_forbidden", "Sorry, you are not allowed to do that."));
    }
    Ok(data(StatusCode::OK, &post_json(site, row, asked)))
}

/// Three steps with a pause between them, as in PHP: the slug is chosen, the
/// post is stored, its terms are set.
async fn create_post(site: &Shared, asked: &Asked) -> Answer {
    let (change, slug, meeting) = {
        let mut site = locked(site);
        if !asked.known {
            return Err(refuse(401, "rest_cannot_create", "Sorry, you are not allowed to create posts as this user."));
        }
        let body = json_body(asked)?;
        if body.get("id").is_some_and(|id| !id.is_null()) {
            return Err(refuse(400, "rest_post_exists", "Cannot create existing post."));
        }
        let change = change(&body)?;
        allowed(&site, &change)?;
        let texts = [&change.title, &change.content, &change.excerpt];
        if texts.iter().all(|text| text.as_deref().unwrap_or_default().trim().is_empty()) {
            return Err(refuse(400, "empty_content", "Content, title, and excerpt are empty."));
        }
        let draft = matches!(change.status.as_deref(), None | Some("draft" | "pending"));
        let wanted = match (change.slug.as_deref().unwrap_or_default(), draft) {
            ("", true) => String::new(),
            ("", false) => sanitize_title(change.title.as_deref().unwrap_or_default()),
            (slug, _) => sanitize_title(slug),
        };
        let slug = site.free_slug(&wanted, 0);
        (change, slug, site.meeting())
    };
    match meeting {
        Some(barrier) => {
            barrier.wait().await;
        }
        None => tokio::task::yield_now().await,
    }
    let id = locked(site).insert(&change, slug);
    tokio::task::yield_now().await;
    let mut site = locked(site);
    site.set_terms(id, &change);
    let row = site.posts.get(&id).ok_or_else(no_post)?;
    Ok(data(StatusCode::CREATED, &post_json(&site, row, asked)))
}

async fn update_post(site: &Shared, asked: &Asked, id: u64) -> Answer {
    let (change, slug) = {
        let site = locked(site);
        let row = site.posts.get(&id).ok_or_else(no_post)?;
        may_write(&site, asked, row, "rest_cannot_edit")?;
        let change = change(&json_body(asked)?)?;
        allowed(&site, &change)?;
        let slug = site.slug_after(row, &change);
        (change, slug)
    };
    tokio::task::yield_now().await;
    locked(site).change(id, &change, slug);
    tokio::task::yield_now().await;
    let mut site = locked(site);
    site.set_terms(id, &change);
    let row = site.posts.get(&id).ok_or_else(no_post)?;
    Ok(data(StatusCode::OK, &post_json(&site, row, asked)))
}

fn delete_post(site: &mut Site, asked: &Asked, id: u64) -> Answer {
    let row = site.posts.get(&id).ok_or_else(no_post)?.clone();
    may_write(site, asked, &row, "rest_cannot_delete")?;
    if asked.one("force") == Some("true") {
        let body = json!({"deleted": true, "previous": post_json(site, &row, asked)});
        site.delete(id);
        return Ok(data(StatusCode::OK, &body));
    }
    if !site.bin {
        return Err(refuse(
            501,
            "rest_trash_not_supported",
            "The post does not support trashing. Set 'force=true' to delete.",
        ));
    }
    if row.status == "trash" {
        return Err(refuse(410, "rest_already_trashed", "The post has already been deleted."));
    }
    site.trash(id);
    let row = site.posts.get(&id).ok_or_else(no_post)?;
    Ok(data(StatusCode::OK, &post_json(site, row, asked)))
}

fn may_write(site: &Site, asked: &Asked, row: &PostRow, code: &str) -> Result<(), Refused> {
    match (asked.known, site.may_edit(row)) {
        (false, _) => Err(refuse(401, code, "Sorry, you are not allowed to do this.")),
        (true, false) => Err(refuse(403, code, "Sorry, you are not allowed to do this.")),
        (true, true) => Ok(()),
    }
}

/// What the role may not, and what a test forbids.
fn allowed(site: &Site, change: &Change) -> Result<(), Refused> {
    let publishes = matches!(change.status.as_deref(), Some("publish" | "future" | "private"));
    if publishes && site.role == Role::Contributor {
        return Err(refuse(
            403,
            "rest_cannot_publish",
            "Sorry, you are not allowed to publish posts in this post type.",
        ));
    }
    let content = change.content.as_deref().unwrap_or_default();
    let named = |key: &String| change.slug.as_deref() == Some(key) || content.contains(key.as_str());
    match site.refused.iter().find(|(key, _)| named(key)) {
        Some((_, status)) => {
            Err(refuse(*status, "internal_server_error", "There has been a critical error on this website."))
        }
        None => Ok(()),
    }
}

/// Known fields; unknown ones and `meta` are dropped without a word.
fn change(body: &Value) -> Result<Change, Refused> {
    let text = |name: &str| {
        let value = body.get(name)?;
        value.as_str().or_else(|| value.get("raw")?.as_str()).map(str::to_owned)
    };
    let ids = |name: &str| Some(body.get(name)?.as_array()?.iter().filter_map(Value::as_u64).collect());
    let status = text("status");
    if status.as_deref().is_some_and(|status| !STATUSES.contains(&status)) {
        return Err(bad_parameter("status", "status is not one of the statuses.", ("rest_not_in_enum", None)));
    }
    let date = match text("date_gmt") {
        Some(date) => Some(date_of(&date)?),
        None => None,
    };
    Ok(Change {
        title: text("title"),
        content: text("content"),
        excerpt: text("excerpt"),
        slug: text("slug"),
        status,
        date,
        categories: ids("categories"),
        tags: ids("tags"),
        featured: body.get("featured_media").and_then(Value::as_u64),
        sticky: body.get("sticky").and_then(Value::as_bool),
        comment_status: text("comment_status"),
    })
}

fn date_of(text: &str) -> Result<Timestamp, Refused> {
    format!("{}Z", text.trim_end_matches('Z'))
        .parse()
        .map_err(|_| bad_parameter("date_gmt", "Invalid date.", ("rest_invalid_date", None)))
}

fn post_json(site: &Site, row: &PostRow, asked: &Asked) -> Value {
    let fields: Option<HashSet<&str>> = asked.list("_fields").map(|list| list.into_iter().collect());
    let wants = |name: &str| fields.as_ref().is_none_or(|fields| fields.contains(name));
    let wants_text = |name: &str| {
        fields.as_ref().is_none_or(|fields| fields.iter().any(|field| field.split('.').next() == Some(name)))
    };
    let mut out = Map::new();
    let mut put = |name: &str, value: &dyn Fn() -> Value| {
        if wants(name) {
            out.insert(name.to_owned(), value());
        }
    };
    put("id", &|| json!(row.id));
    put("link", &|| json!(link(site, row)));
    put("slug", &|| json!(row.slug));
    put("status", &|| json!(row.status));
    put("date_gmt", &|| json!(stamp(row.date)));
    put("modified_gmt", &|| json!(stamp(row.modified)));
    put("categories", &|| json!(row.categories));
    put("tags", &|| json!(row.tags));
    put("featured_media", &|| json!(row.featured));
    put("sticky", &|| json!(row.sticky));
    put("author", &|| json!(row.author));
    put("comment_status", &|| json!(row.comment_status));
    put("ping_status", &|| json!("closed"));
    put("_embedded", &|| embedded(site, row, asked));
    for (name, text) in [("title", &row.title), ("content", &row.content), ("excerpt", &row.excerpt)] {
        if wants_text(name) {
            let value = match (asked.edits(), wants(name)) {
                (true, false) => json!({ "raw": text }),
                (true, true) => json!({"raw": text, "rendered": text}),
                (false, _) => json!({ "rendered": text }),
            };
            out.insert(name.to_owned(), value);
        }
    }
    Value::Object(out)
}

/// At most ten of each taxonomy, as `_embed=wp:term` gives them.
fn embedded(site: &Site, row: &PostRow, asked: &Asked) -> Value {
    if asked.one("_embed").is_none() {
        return json!({});
    }
    let some = |terms: &std::collections::BTreeMap<u64, TermRow>, ids: &[u64], taxonomy: &str| -> Value {
        let terms = ids.iter().filter_map(|id| terms.get(id)).take(10);
        terms.map(|row| json!({"id": row.id, "name": row.name, "slug": row.slug, "taxonomy": taxonomy})).collect()
    };
    json!({"wp:term": [some(&site.categories, &row.categories, "category"), some(&site.tags, &row.tags, "post_tag")]})
}

fn link(site: &Site, row: &PostRow) -> String {
    if row.status != "publish" {
        return format!("{}/?p={}", site.url, row.id);
    }
    // Permalinks by name; with the date in them they would move with it.
    format!("{}/{}/", site.url, row.slug)
}
