//! The fake's categories, tags and files, and what citizens get to see.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::answer::{Answer, Asked, bad_parameter, counted, data, json_body, no_post, page_of, page_size, refuse};
use super::site::{Site, TermRow};
use super::text::stored_name;
use super::{FakeMedia, Role};

/// Extensions that the fake's site takes, and how such a file begins.
const FILES: [(&str, &[u8]); 6] = [
    ("jpg", b"\xff\xd8\xff"),
    ("jpeg", b"\xff\xd8\xff"),
    ("png", b"\x89PNG"),
    ("gif", b"GIF8"),
    ("webp", b"RIFF"),
    ("pdf", b"%PDF"),
];

pub(super) fn list_terms<'a>(asked: &Asked, terms: impl Iterator<Item = &'a TermRow>) -> Answer {
    let size = page_size(asked)?;
    let among = |name: &str, value: &str| asked.list(name).is_none_or(|list| list.contains(&value));
    let found = |row: &&TermRow| {
        among("include", &row.id.to_string())
            && among("slug", &row.slug)
            && asked.one("search").is_none_or(|words| row.name.to_lowercase().contains(&words.to_lowercase()))
    };
    let rows: Vec<&TermRow> = terms.filter(found).collect();
    let page = asked.number("page", 1).max(1);
    let shown = rows.iter().skip((page - 1) * size).take(size);
    let items: Vec<Value> = shown.map(|row| term_json(row)).collect();
    Ok(counted(&Value::Array(items), rows.len(), size))
}

pub(super) fn term_json(row: &TermRow) -> Value {
    json!({"id": row.id, "name": row.name, "slug": row.slug, "parent": row.parent})
}

pub(super) fn create_term(site: &mut Site, asked: &Asked, taxonomy: &str) -> Answer {
    if !asked.known {
        return Err(refuse(401, "rest_cannot_create", "Sorry, you are not allowed to create terms in this taxonomy."));
    }
    if taxonomy == "categories" && site.role != Role::Editor {
        return Err(refuse(403, "rest_cannot_create", "Sorry, you are not allowed to create terms in this taxonomy."));
    }
    let body = json_body(asked)?;
    let name = stored_name(body.get("name").and_then(Value::as_str).unwrap_or_default());
    if name.is_empty() {
        return Err(refuse(400, "empty_term_name", "A name is required for this term."));
    }
    if name.chars().count() > 200 {
        return Err(refuse(500, "db_insert_error", "Could not insert term into the database."));
    }
    let terms = if taxonomy == "tags" { &site.tags } else { &site.categories };
    // wp_insert_term compares with strtolower, which knows ASCII alone.
    if let Some(row) = terms.values().find(|row| row.name.eq_ignore_ascii_case(&name)) {
        let data = json!({"status": 400, "term_id": row.id});
        let message = "A term with the name provided already exists with this parent.";
        return Err(Box::new(super::answer::data(
            StatusCode::BAD_REQUEST,
            &json!({"code": "term_exists", "message": message, "data": data}),
        )));
    }
    let id = if taxonomy == "tags" { site.add_tag(&name) } else { site.add_category(&name) };
    let terms = if taxonomy == "tags" { &site.tags } else { &site.categories };
    Ok(data(StatusCode::CREATED, &terms.get(&id).map(term_json).unwrap_or_default()))
}

pub(super) fn list_media(site: &Site, asked: &Asked) -> Answer {
    let hidden = asked.list("status").is_some_and(|list| list.iter().any(|status| *status != "inherit"));
    if hidden && !asked.known {
        return Err(bad_parameter("status", "Status is forbidden.", ("rest_forbidden_status", Some(401))));
    }
    let size = page_size(asked)?;
    let slugs = asked.list("slug");
    let rows =
        site.media.values().filter(|row| slugs.as_ref().is_none_or(|slugs| slugs.contains(&row.file.slug.as_str())));
    let items: Vec<Value> = rows.map(|row| media_json(&row.file)).collect();
    let total = items.len();
    Ok(counted(&Value::Array(items), total, size))
}

pub(super) fn media_json(file: &FakeMedia) -> Value {
    json!({
        "id": file.id, "slug": file.slug, "status": "inherit", "source_url": file.url, "mime_type": file.mime,
        "alt_text": file.alt, "title": {"rendered": file.title},
    })
}

pub(super) fn create_media(site: &mut Site, asked: &Asked) -> Answer {
    if !asked.known {
        return Err(refuse(401, "rest_cannot_create", "Sorry, you are not allowed to create posts as this user."));
    }
    if site.role == Role::Contributor {
        return Err(refuse(400, "rest_cannot_create", "Sorry, you are not allowed to upload media on this site."));
    }
    let given =
        |name: header::HeaderName| asked.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    if asked.body.is_empty() {
        return Err(refuse(400, "rest_upload_no_data", "No data supplied."));
    }
    let mime = given(header::CONTENT_TYPE)
        .ok_or_else(|| refuse(400, "rest_upload_no_content_type", "No Content-Type supplied."))?;
    let disposition = given(header::CONTENT_DISPOSITION)
        .ok_or_else(|| refuse(400, "rest_upload_no_content_disposition", "No Content-Disposition supplied."))?;
    let name = disposition
        .split_once("filename=\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(name, _)| name.to_owned())
        .ok_or_else(|| refuse(400, "rest_upload_invalid_disposition", "Invalid Content-Disposition supplied."))?;
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_lowercase();
    if !FILES.iter().any(|(known, begins)| *known == extension && asked.body.starts_with(begins)) {
        return Err(refuse(500, "rest_upload_sideload_error", "Sorry, you are not allowed to upload this file type."));
    }
    let text = |name: &str| asked.one(name).unwrap_or_default().to_owned();
    let file = FakeMedia {
        id: 0,
        slug: text("slug"),
        title: text("title"),
        alt: text("alt_text"),
        mime,
        url: String::new(),
        bytes: asked.body.len(),
    };
    let id = site.add_file(file, &name, asked.body.clone());
    if std::mem::take(&mut site.subsizes_fail) {
        let mut died = page_of(StatusCode::INTERNAL_SERVER_ERROR, "<html>Fatal error</html>", &[]);
        died.headers_mut().insert("x-wp-upload-attachment-id", id.into());
        return Err(Box::new(died));
    }
    Ok(data(StatusCode::CREATED, &site.media.get(&id).map(|row| media_json(&row.file)).unwrap_or_default()))
}

pub(super) fn finish_media(site: &Site, asked: &Asked, id: &str) -> Answer {
    if !asked.known {
        return Err(refuse(401, "rest_cannot_edit", "Sorry, you are not allowed to edit this post."));
    }
    let row = id.parse().ok().and_then(|id: u64| site.media.get(&id)).ok_or_else(no_post)?;
    Ok(data(StatusCode::OK, &media_json(&row.file)))
}

pub(super) fn delete_media(site: &mut Site, asked: &Asked, id: &str) -> Answer {
    if !asked.known {
        return Err(refuse(401, "rest_cannot_delete", "Sorry, you are not allowed to delete this post."));
    }
    if asked.one("force") != Some("true") {
        return Err(refuse(
            501,
            "rest_trash_not_supported",
            "The post does not support trashing. Set 'force=true' to delete.",
        ));
    }
    let row = id.parse().ok().and_then(|id: u64| site.media.remove(&id)).ok_or_else(no_post)?;
    Ok(data(StatusCode::OK, &json!({"deleted": true, "previous": media_json(&row.file)})))
}

/// What a citizen gets: public posts and files, else a page that says 404.
pub(super) fn public_page(site: &Site, path: &str) -> Response {
    if let Some(row) = site.media.values().find(|row| row.path == path) {
        return ([(header::CONTENT_TYPE, row.file.mime.clone())], row.content.clone()).into_response();
    }
    let slug = path.trim_matches('/').rsplit('/').next().unwrap_or_default();
    let post = site.with_slug(slug).iter().filter_map(|id| site.posts.get(id)).find(|row| row.status == "publish");
    match post {
        Some(row) => {
            let page = format!(
                "<!DOCTYPE html><html><title>{0}</title><body><h1>{0}</h1>{1}</body></html>",
                row.title, row.content
            );
            page_of(StatusCode::OK, &page, &[])
        }
        None => page_of(StatusCode::NOT_FOUND, "<!DOCTYPE html><html><title>Page not found</title></html>", &[]),
    }
}
