//! A simulated CMS that enforces the key: the client chooses the id, a second
//! create under it is refused with 409, and a write's reply shows the stored form.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

/// Sites on one server. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sites {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Site and id of every post.
    posts: Mutex<HashSet<(usize, String)>>,
    refused: AtomicUsize,
}

impl Sites {
    /// `POST /{site}/posts`, `GET /{site}/site`.
    pub(crate) fn router(&self) -> Router {
        Router::new().route("/{site}/posts", post(create)).route("/{site}/site", get(about)).with_state(self.clone())
    }

    /// Posts that stand, over all sites.
    pub(crate) fn posts(&self) -> usize {
        self.shared.posts.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Creates under an id that was taken.
    pub(crate) fn refused(&self) -> usize {
        self.shared.refused.load(Ordering::SeqCst)
    }
}

async fn about(State(sites): State<Sites>, Path(site): Path<usize>) -> Response {
    let text = format!("{{\"site\":\"{site}\",\"posts\":{},\"refused\":{}}}", sites.posts(), sites.refused());
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

async fn create(State(sites): State<Sites>, Path(site): Path<usize>, body: Bytes) -> Response {
    let Some(id) = id(&body) else { return StatusCode::UNPROCESSABLE_ENTITY.into_response() };
    let new = sites.shared.posts.lock().unwrap_or_else(PoisonError::into_inner).insert((site, id.to_owned()));
    if !new {
        sites.shared.refused.fetch_add(1, Ordering::SeqCst);
        return StatusCode::CONFLICT.into_response();
    }
    let mut stored = Vec::with_capacity(body.len() + 128);
    stored.extend_from_slice(format!("{{\"url\":\"http://cms.example.vn/{id}\",\"version\":\"1\",").as_bytes());
    stored.extend_from_slice(&body[1..]);
    (StatusCode::CREATED, [(header::CONTENT_TYPE, "application/json")], stored).into_response()
}

/// The id that the client chose. It stands first, so nothing else need be read.
fn id(body: &[u8]) -> Option<&str> {
    let rest = body.strip_prefix(b"{\"id\":\"")?;
    let end = rest.iter().position(|&byte| byte == b'"')?;
    std::str::from_utf8(&rest[..end]).ok()
}
