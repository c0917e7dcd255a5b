//! Whether a platform's API answers, and if not, what does in its place.

use serde::Serialize;
use serde_json::Value;
use url::Url;

use super::page::Page;
use super::signs::{self, Platform};
use crate::source::Visit;

/// Where an API stands and by what it is known.
#[derive(Debug, Clone, Copy)]
pub struct Door {
    pub of: Platform,
    /// Relative to the site's address.
    pub path: &'static str,
    pub accept: &'static str,
    /// One of these keys stands in its JSON; none: any JSON will do.
    pub keys: &'static [&'static str],
}

const JSON: &str = "application/json";
const JSON_API: &str = "application/vnd.api+json";

/// Doors in the order in which they are tried. Each is asked without an
/// account and changes nothing.
pub const DOORS: &[Door] = &[
    Door { of: Platform::WordPress, path: "wp-json/", accept: JSON, keys: &["namespaces"] },
    // Sites without pretty addresses have it here.
    Door { of: Platform::WordPress, path: "?rest_route=/", accept: JSON, keys: &["namespaces"] },
    Door { of: Platform::Liferay, path: "/o/headless-delivery/v1.0/openapi.json", accept: JSON, keys: &["openapi"] },
    // Before 7.4; the answer is a number, or an object that names an exception.
    Door { of: Platform::Liferay, path: "/api/jsonws/portal/get-build-number", accept: JSON, keys: &[] },
    Door { of: Platform::SharePoint, path: "_api/web?$select=Title", accept: JSON, keys: &["Title", "d", "value"] },
    Door { of: Platform::VnptPortal, path: "/api/public/categories", accept: JSON, keys: &[] },
    Door { of: Platform::NukeViet, path: "api.php", accept: JSON, keys: &["code", "status"] },
    Door {
        of: Platform::Joomla,
        path: "api/index.php/v1/content/articles",
        accept: JSON_API,
        keys: &["data", "errors"],
    },
    Door { of: Platform::Drupal, path: "jsonapi", accept: JSON_API, keys: &["jsonapi", "links"] },
    Door { of: Platform::Ghost, path: "ghost/api/admin/site/", accept: JSON, keys: &["site"] },
    Door { of: Platform::Plone, path: "@site", accept: JSON, keys: &["@id"] },
    Door { of: Platform::Plone, path: "++api++/@site", accept: JSON, keys: &["@id"] },
    Door {
        of: Platform::Umbraco,
        path: "/umbraco/management/api/v1/server/status",
        accept: JSON,
        keys: &["serverStatus"],
    },
];

/// What answers where the API should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum State {
    /// It does.
    Answers,
    /// It does, and asks for an account.
    AsksAccount,
    /// A firewall or a challenge; `by` where it is known.
    Blocked { by: Option<&'static str> },
    /// A page that asks for an account.
    Login,
    /// Nothing, or a page of the site: it is switched off or elsewhere.
    Absent,
    /// A server error or no answer.
    Broken,
    /// The platform has none that dongbo knows, or it was not reached.
    NotAsked,
}

impl State {
    /// Whether the API itself spoke.
    #[must_use]
    pub fn speaks(&self) -> bool {
        matches!(self, Self::Answers | Self::AsksAccount)
    }
}

/// What was found at the platform's door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Api {
    #[serde(flatten)]
    pub state: State,
    pub url: Option<String>,
    /// WordPress says whether it offers application passwords.
    pub application_passwords: Option<bool>,
}

impl Api {
    /// Nobody was asked.
    #[must_use]
    pub fn not_asked() -> Self {
        Self { state: State::NotAsked, url: None, application_passwords: None }
    }
}

/// Addresses to ask for this platform; `own` is the one that the page names.
#[must_use]
pub fn doors(platform: Platform, site: &Url, own: Option<&Url>) -> Vec<(Url, &'static Door)> {
    let mut found = Vec::new();
    for door in DOORS.iter().filter(|door| door.of == platform) {
        let named = own.filter(|_| found.is_empty()).cloned();
        if let Some(url) = named.or_else(|| site.join(door.path).ok()) {
            found.push((url, door));
        }
    }
    found
}

/// The folder that a site stands in. What was asked for says more than where
/// it led: `/` leads to `/vi/` or to `/web/guest/trang-chu`, the API stays.
#[must_use]
pub fn site(asked: &Url, last: &Url) -> Url {
    let mut url = last.clone();
    if asked.host_str() == last.host_str() {
        url.set_path(asked.path());
    }
    url.set_query(None);
    url.set_fragment(None);
    let path = url.path();
    // A library of SharePoint, within the site.
    let path = path.to_ascii_lowercase().find("/pages/").map_or(path, |at| &path[..=at]);
    let last = path.rsplit('/').next().unwrap_or_default();
    // `/portal` is a folder, `/index.php` and `/Pages/default.aspx` are not.
    let path = if last.is_empty() || last.contains('.') { path.to_owned() } else { format!("{path}/") };
    url.set_path(&path);
    url
}

/// Judges the answer at a door.
#[must_use]
pub fn judge(door: &Door, visit: &Visit, page: &Page) -> (State, Option<bool>) {
    let json = visit.body.as_ref().ok().and_then(|body| serde_json::from_slice::<Value>(body).ok());
    let state = match (&json, visit.status) {
        (Some(json), 200..=299) if is_its(door, json) => State::Answers,
        (Some(_), 401 | 403) => State::AsksAccount,
        // SharePoint and Joomla refuse in their own name without JSON.
        (None, 401 | 403) if names_itself(visit) => State::AsksAccount,
        // VNPT Portal says "no data" so, Joomla "no such route".
        (Some(json), 404) if door.of == Platform::VnptPortal && json.get("statusCode").is_some() => State::Answers,
        _ => instead(visit, page),
    };
    let passwords = json.filter(|_| door.of == Platform::WordPress && state == State::Answers);
    (state, passwords.map(|json| json.pointer("/authentication/application-passwords").is_some()))
}

fn is_its(door: &Door, json: &Value) -> bool {
    door.keys.is_empty() || door.keys.iter().any(|key| json.get(key).is_some())
}

fn names_itself(visit: &Visit) -> bool {
    let joomla = visit.header("x-powered-by").is_some_and(|by| by.starts_with("JoomlaAPI"));
    joomla || visit.header("microsoftsharepointteamservices").is_some() || visit.header("sprequestguid").is_some()
}

/// What it is that is not the API.
fn instead(visit: &Visit, page: &Page) -> State {
    if let Some(by) = signs::guard(visit, page) {
        return State::Blocked { by: Some(by) };
    }
    if signs::is_login(visit, page) {
        return State::Login;
    }
    match visit.status {
        // A site that shows its pages and refuses this one is behind a firewall's rule.
        401 | 403 | 406 | 418 | 429 | 451 => State::Blocked { by: None },
        500..=599 => State::Broken,
        _ => State::Absent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_site_is_the_folder_that_was_asked_for() {
        let cases = [
            ("http://so.vn/", "https://so.vn/web/guest/trang-chu", "https://so.vn/"),
            ("http://so.vn/", "https://so.vn/vi/?a=1", "https://so.vn/"),
            ("http://so.vn/xa", "http://so.vn/xa/", "http://so.vn/xa/"),
            ("http://so.vn/index.php", "http://so.vn/index.php", "http://so.vn/index.php"),
            ("http://so.vn/a/Pages/default.aspx", "http://so.vn/a/Pages/default.aspx", "http://so.vn/a/"),
            ("http://cu.vn/", "http://moi.vn/tin/", "http://moi.vn/tin/"),
        ];
        for (asked, last, wanted) in cases {
            let found = site(&Url::parse(asked).unwrap(), &Url::parse(last).unwrap());
            assert_eq!(found.as_str(), wanted, "{asked} {last}");
        }
    }
}
