//! What a WordPress refusal means: single rows on top of the kit's table.
//!
//! WordPress answers `{code, message, data: {status}}`. The code decides, never
//! the message, which is localised. Sources: WordPress core,
//! `wp-includes/rest-api/endpoints/class-wp-rest-*-controller.php`, read at
//! 6.1 and 6.5, and what a running 6.1.9 answers.

use dongbo_sdk::http::{Reply, from_status};
use dongbo_sdk::{Error, ErrorKind, Result, Retry, Scope};

use crate::wire::Refusal;

/// The reply itself when WordPress did what was asked.
pub(crate) fn accepted(reply: Reply) -> Result<Reply> {
    if reply.status.is_success() { Ok(reply) } else { Err(refused(&reply)) }
}

/// The code of a refusal; empty where something else than WordPress answered.
pub(crate) fn code(reply: &Reply) -> String {
    refusal(reply).code
}

pub(crate) fn refusal(reply: &Reply) -> Refusal {
    serde_json::from_slice(&reply.body).unwrap_or_default()
}

fn refused(reply: &Reply) -> Error {
    let refusal = refusal(reply);
    let status = reply.status.as_u16();
    let inner = forbidden_parameter(&refusal);
    let error = match inner.or_else(|| decide(status, &refusal.code)) {
        Some((kind, retry, scope)) => {
            Error::new(kind, reply.operation, words(kind)).retry(retry).scope(scope).with("status", status)
        }
        None => default_row(reply, &refusal),
    };
    if refusal.code.is_empty() {
        return error;
    }
    error.with("code", refusal.code).with("says", refusal.message)
}

/// A caller who may not see drafts gets 400 `rest_invalid_param`, and the real
/// reason stands inside: `details.status = {code, data: {status: 401}}`. So a
/// revoked password shows in every look-up (seen on 6.1.9).
fn forbidden_parameter(refusal: &Refusal) -> Option<(ErrorKind, Retry, Scope)> {
    let details = refusal.data.get("details")?.as_object()?;
    let mut statuses = details.values().filter_map(|detail| detail.get("data")?.get("status")?.as_u64());
    match statuses.find(|status| matches!(status, 401 | 403))? {
        401 => Some((ErrorKind::Unauthenticated, Retry::Never, Scope::Portal)),
        _ => Some((ErrorKind::Forbidden, Retry::Never, Scope::Portal)),
    }
}

/// The rows where the code says more than the status.
fn decide(status: u16, code: &str) -> Option<(ErrorKind, Retry, Scope)> {
    use ErrorKind::{
        Config, Conflict, Forbidden, NotFound, Protocol, Rejected, TooLarge, Unauthenticated, Unsupported,
    };
    use Scope::{Portal, Post};
    let never = Retry::Never;
    Some(match (status, code) {
        // A refused or missing account shows as 401 with whatever code the
        // route uses for anonymous callers; the code does not matter.
        (401, _) => (Unauthenticated, never, Portal),
        // WP_REST_Attachments_Controller::create_item_permissions_check says
        // 400, not 403, when the account lacks `upload_files`.
        (400, "rest_cannot_create") => (Forbidden, never, Portal),
        // No post of this account can become public.
        (403, "rest_cannot_publish") => (Forbidden, never, Portal),
        (404, "rest_no_route") => (Config, never, Portal),
        // A 404 without a code is the web server's or the theme's: the API is not there.
        (404, "") => (Config, never, Portal),
        (404, "rest_post_invalid_id") => (NotFound, Retry::FindFirst, Post),
        (410, "rest_already_trashed") => (NotFound, never, Post),
        // wp_insert_term; `data.term_id` names the one that stands.
        (400, "term_exists") => (Conflict, never, Post),
        // A permanent refusal that wears a 500: WP_REST_Attachments_Controller
        // ::upload_from_data and ::upload_from_file pass on what
        // wp_handle_sideload says of the type or the file.
        (500, "rest_upload_sideload_error" | "rest_upload_unknown_error") => (Rejected, never, Post),
        // WP_REST_Attachments_Controller::check_upload_size, multisite quotas.
        (
            400,
            "rest_upload_file_too_big"
            | "rest_upload_limited_space"
            | "rest_upload_user_quota_exceeded"
            | "limited_space",
        ) => (TooLarge, never, Post),
        // The file was damaged on its way; nothing was stored.
        (412, "rest_upload_hash_mismatch") => (Protocol, Retry::Later { after: None }, Post),
        // EMPTY_TRASH_DAYS is 0 on this site.
        (501, "rest_trash_not_supported") => (Unsupported, never, Portal),
        _ => return None,
    })
}

/// The kit's row. A failure that WordPress itself put into words is this
/// site's, not its server's; 503 stays the server's (`wp-maintenance`).
fn default_row(reply: &Reply, refusal: &Refusal) -> Error {
    let error = from_status(reply);
    match (error.kind, error.scope) {
        (ErrorKind::Unavailable, Scope::Installation)
            if !refusal.code.is_empty() && reply.status != reqwest::StatusCode::SERVICE_UNAVAILABLE =>
        {
            error.scope(Scope::Portal)
        }
        _ => error,
    }
}

fn words(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Config => "the address is not that of a WordPress REST API",
        ErrorKind::Unauthenticated => "WordPress does not accept the account and its application password",
        ErrorKind::Forbidden => "the account may not do this",
        ErrorKind::NotFound => "the post is not there",
        ErrorKind::Conflict => "the name is taken",
        ErrorKind::Rejected => "WordPress refuses the file",
        ErrorKind::TooLarge => "WordPress finds the file too large",
        ErrorKind::Unsupported => "the site has no bin",
        ErrorKind::Protocol => "the file arrived damaged",
        ErrorKind::Blocked
        | ErrorKind::RateLimited
        | ErrorKind::Unavailable
        | ErrorKind::Timeout
        | ErrorKind::Unexpected => "WordPress refuses",
    }
}

#[cfg(test)]
mod tests {
    use dongbo_sdk::Operation;
    use dongbo_sdk::http::Effect;
    use reqwest::StatusCode;
    use reqwest::header::HeaderMap;

    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            operation: Operation::Create,
            effect: Effect::Writes,
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: body.to_owned().into(),
        }
    }

    fn coded(status: u16, code: &str) -> (ErrorKind, Retry, Scope) {
        let body = format!(r#"{{"code":"{code}","message":"Xin lỗi","data":{{"status":{status}}}}}"#);
        let error = accepted(reply(status, &body)).unwrap_err();
        assert_eq!(error.value("code"), Some(code));
        (error.kind, error.retry, error.scope)
    }

    fn page(status: u16) -> (ErrorKind, Retry, Scope) {
        let error = accepted(reply(status, "<html>x</html>")).unwrap_err();
        (error.kind, error.retry, error.scope)
    }

    #[test]
    fn the_whole_table() {
        use ErrorKind::*;
        use Scope::{Installation, Portal, Post};
        let later = Retry::Later { after: None };
        let rows = [
            (401, "rest_not_logged_in", Unauthenticated, Retry::Never, Portal),
            (401, "incorrect_password", Unauthenticated, Retry::Never, Portal),
            (401, "rest_cannot_create", Unauthenticated, Retry::Never, Portal),
            (403, "rest_cannot_edit", Forbidden, Retry::Never, Post),
            (403, "rest_forbidden_context", Forbidden, Retry::Never, Post),
            (403, "rest_cannot_publish", Forbidden, Retry::Never, Portal),
            (400, "rest_cannot_create", Forbidden, Retry::Never, Portal),
            (404, "rest_post_invalid_id", NotFound, Retry::FindFirst, Post),
            (404, "rest_no_route", Config, Retry::Never, Portal),
            (410, "rest_already_trashed", NotFound, Retry::Never, Post),
            (400, "rest_invalid_param", Rejected, Retry::Never, Post),
            (400, "rest_invalid_json", Rejected, Retry::Never, Post),
            (400, "empty_content", Rejected, Retry::Never, Post),
            (400, "rest_invalid_field", Rejected, Retry::Never, Post),
            (400, "term_exists", Conflict, Retry::Never, Post),
            (400, "rest_upload_no_data", Rejected, Retry::Never, Post),
            (500, "rest_upload_sideload_error", Rejected, Retry::Never, Post),
            (500, "rest_upload_unknown_error", Rejected, Retry::Never, Post),
            (400, "rest_upload_file_too_big", TooLarge, Retry::Never, Post),
            (400, "rest_upload_limited_space", TooLarge, Retry::Never, Post),
            (412, "rest_upload_hash_mismatch", Protocol, later, Post),
            (501, "rest_trash_not_supported", Unsupported, Retry::Never, Portal),
            (500, "internal_server_error", Unavailable, Retry::FindFirst, Portal),
            (500, "db_insert_error", Unavailable, Retry::FindFirst, Portal),
            (429, "too_many_requests", RateLimited, later, Installation),
        ];
        for (status, code, kind, retry, scope) in rows {
            assert_eq!(coded(status, code), (kind, retry, scope), "{status} {code}");
        }
        let pages = [
            (403, Blocked, Retry::Never, Post),
            (404, Config, Retry::Never, Portal),
            (413, TooLarge, Retry::Never, Post),
            (500, Unavailable, Retry::FindFirst, Installation),
            (502, Unavailable, Retry::FindFirst, Installation),
            (503, Unavailable, later, Installation),
        ];
        for (status, kind, retry, scope) in pages {
            assert_eq!(page(status), (kind, retry, scope), "{status} page");
        }
    }
}
