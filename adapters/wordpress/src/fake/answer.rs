//! What the fake is asked and the forms of its answers.

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// One request, taken apart.
pub(super) struct Asked {
    pub(super) method: String,
    /// Behind `/wp-json/`, without slashes at its ends.
    pub(super) route: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The credentials are the account's.
    pub(super) known: bool,
}

impl Asked {
    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A list as `a,b` or as `name[]=a&name[]=b`.
    pub(super) fn list(&self, name: &str) -> Option<Vec<&str>> {
        let many = format!("{name}[]");
        let values: Vec<&str> = self
            .query
            .iter()
            .filter(|(known, _)| known == name || *known == many)
            .flat_map(|(_, value)| value.split(','))
            .collect();
        (!values.is_empty()).then_some(values)
    }

    pub(super) fn number(&self, name: &str, default: usize) -> usize {
        self.one(name).and_then(|value| value.parse().ok()).unwrap_or(default)
    }

    pub(super) fn edits(&self) -> bool {
        self.one("context") == Some("edit")
    }
}

/// An answer that is not what was asked for.
pub(super) type Refused = Box<Response>;
pub(super) type Answer = Result<Response, Refused>;

pub(super) fn json_body(asked: &Asked) -> Result<Value, Refused> {
    serde_json::from_slice(&asked.body).map_err(|_| refuse(400, "rest_invalid_json", "Invalid JSON body passed."))
}

pub(super) fn page_size(asked: &Asked) -> Result<usize, Refused> {
    let size = asked.number("per_page", 10);
    if (1..=100).contains(&size) {
        return Ok(size);
    }
    let message = "per_page must be between 1 (inclusive) and 100 (inclusive)";
    Err(bad_parameter("per_page", message, ("rest_out_of_bounds", None)))
}

pub(super) fn data(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json; charset=UTF-8")], body.to_string()).into_response()
}

pub(super) fn counted(body: &Value, total: usize, size: usize) -> Response {
    let mut response = data(StatusCode::OK, body);
    response.headers_mut().insert("x-wp-total", total.into());
    response.headers_mut().insert("x-wp-totalpages", total.div_ceil(size).into());
    response
}

pub(super) fn refuse(status: u16, code: &str, message: &str) -> Refused {
    let body = json!({"code": code, "message": message, "data": {"status": status}});
    Box::new(data(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), &body))
}

/// `rest_invalid_param` with the reason inside, as WordPress wraps it.
pub(super) fn bad_parameter(name: &str, message: &str, (code, status): (&str, Option<u16>)) -> Refused {
    let inner = status.map_or(Value::Null, |status| json!({ "status": status }));
    let body = json!({
        "code": "rest_invalid_param", "message": format!("Invalid parameter(s): {name}"),
        "data": {"status": 400, "params": {name: message}, "details": {name: {"code": code, "message": message, "data": inner}}},
    });
    Box::new(data(StatusCode::BAD_REQUEST, &body))
}

pub(super) fn no_post() -> Refused {
    refuse(404, "rest_post_invalid_id", "Invalid post ID.")
}

pub(super) fn no_route() -> Refused {
    refuse(404, "rest_no_route", "No route was found matching the URL and request method.")
}

pub(super) fn page_of(status: StatusCode, page: &str, headers: &[(&'static str, &'static str)]) -> Response {
    let mut response = (status, [(header::CONTENT_TYPE, "text/html; charset=UTF-8")], page.to_owned()).into_response();
    for (name, value) in headers {
        response.headers_mut().insert(*name, header::HeaderValue::from_static(value));
    }
    response
}
