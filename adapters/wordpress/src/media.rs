//! Files: looked up by the digest in their slug, then sent as they are.
//!
//! WordPress never recognises the same bytes (a second upload becomes `-1` on
//! the disk and `-2` in the slug), so the look-up is ours.

use dongbo_sdk::http::Reply;
use dongbo_sdk::{Call, Error, ErrorKind, Media, Operation, RemoteId, RemoteMedia, Result, Retry};
use reqwest::header::{CONTENT_DISPOSITION, HeaderName, HeaderValue};
use serde_json::json;

use crate::api::{Api, Write};
use crate::error::accepted;
use crate::wire::MediaRead;

const ROUTE: &str = "wp/v2/media";
const FIELDS: &str = "id,slug,status,source_url";
/// Characters of title and alternative text: they travel in the address.
const TEXT_CHARS_MAX: usize = 160;
/// Sent before the smaller sizes are made; names the attachment that stands even when that fails.
const ATTACHMENT: HeaderName = HeaderName::from_static("x-wp-upload-attachment-id");

pub(crate) async fn upload(api: &Api, call: &Call, media: &Media) -> Result<RemoteMedia> {
    if let Some(standing) = find(api, call, media).await? {
        return Ok(remote(standing));
    }
    let reply = send(api, call, media).await?;
    let unfinished = reply.header(&ATTACHMENT).and_then(|id| id.parse::<u64>().ok());
    match unfinished {
        Some(id) if reply.status.is_server_error() => finish(api, call, reply, id).await,
        _ => Ok(remote(accepted(reply)?.json()?)),
    }
}

/// The file with this digest, unless it is in the bin.
async fn find(api: &Api, call: &Call, media: &Media) -> Result<Option<MediaRead>> {
    let slugs = format!("{key},{key}-2,{key}-3", key = media.key);
    let query = [("slug", slugs.as_str()), ("status", "inherit,private,trash"), ("_fields", FIELDS)];
    let hits: Vec<MediaRead> = api.get(call, Operation::Upload, ROUTE, &query).await?;
    let ours = |hit: &MediaRead| hit.slug.starts_with(media.key.as_str()) && !hit.source_url.is_empty();
    Ok(hits.into_iter().find(|hit| ours(hit) && hit.status != "trash"))
}

async fn send(api: &Api, call: &Call, media: &Media) -> Result<Reply> {
    let text: String = media.alt.chars().take(TEXT_CHARS_MAX).collect();
    let title = if text.is_empty() { media.key.as_str() } else { text.as_str() };
    let query = [("slug", media.key.as_str()), ("title", title), ("alt_text", &text), ("_fields", FIELDS)];
    let refused = |what: &str| Error::new(ErrorKind::Rejected, Operation::Upload, what).with("file", &media.file_name);
    let mime = HeaderValue::from_str(&media.mime).map_err(|_| refused("the file's type is not a type"))?;
    // WordPress reads `filename` alone, in ASCII; `filename*` (RFC 6266) is not parsed.
    let disposition = format!("attachment; filename=\"{}\"", plain_name(&media.file_name));
    let disposition = HeaderValue::from_str(&disposition).map_err(|_| refused("the file's name cannot be sent"))?;
    api.send_file(call, Write { operation: Operation::Upload, route: ROUTE, query: &query }, |request| {
        request.bytes(mime, media.bytes.clone()).header(CONTENT_DISPOSITION, disposition)
    })
    .await
}

/// The file stands, and WordPress died while it made the smaller sizes (REST
/// API Handbook, Media, `post-process`). Once more, else it is taken away.
async fn finish(api: &Api, call: &Call, failed: Reply, id: u64) -> Result<RemoteMedia> {
    let failure = match accepted(failed) {
        Err(failure) => failure.retry(Retry::FindFirst),
        Ok(reply) => return Ok(remote(reply.json()?)),
    };
    let route = format!("{ROUTE}/{id}/post-process");
    let write = Write { operation: Operation::Upload, route: &route, query: &[("_fields", FIELDS)] };
    let again = api.post(call, write, &json!({ "action": "create-image-subsizes" })).await?;
    if let Ok(reply) = accepted(again) {
        return Ok(remote(reply.json()?));
    }
    let route = format!("{ROUTE}/{id}");
    let write = Write { operation: Operation::Upload, route: &route, query: &[("force", "true")] };
    accepted(api.delete(call, write).await?)?;
    Err(failure.with("attachment", id))
}

fn remote(read: MediaRead) -> RemoteMedia {
    RemoteMedia { id: RemoteId(read.id.to_string()), url: read.source_url, expires: None }
}

/// A name without anything that could end the quoted string or name a folder.
fn plain_name(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_file_name_stays_one_word() {
        assert_eq!(plain_name("cm-1.jpg"), "cm-1.jpg");
        assert_eq!(plain_name("../a\"; x=\r\nđ.jpg"), "..-a---x----.jpg");
    }
}
