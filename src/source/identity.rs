//! By which names an article is known: guid, canonical address, hash.
//!
//! The first name that the ledger knows decides which article an item is, so a
//! changed slug keeps its guid and a changed guid keeps its address.

use jiff::Timestamp;
use url::Url;

use crate::article::{Name, NameKind};

/// A guid longer than this is not a name.
pub const GUID_BYTES_MAX: usize = 2048;
/// Addresses longer than this are not followed and name nothing.
pub const URL_BYTES_MAX: usize = 2048;

/// Parameters that say how a reader came, not what they read.
const NOISE: [&str; 15] = [
    "fbclid",
    "gclid",
    "dclid",
    "gbraid",
    "wbraid",
    "msclkid",
    "yclid",
    "zarsrc",
    "mc_cid",
    "mc_eid",
    "igshid",
    "p_p_auth",
    "jsessionid",
    "phpsessid",
    "p_auth",
];

/// The names of an item, the most trusted first. Never empty where there is a
/// guid, an address or a title.
#[must_use]
pub fn names(guid: Option<&str>, url: Option<&Url>, titled: Option<(&str, Option<Timestamp>)>) -> Vec<Name> {
    let mut names = Vec::new();
    if let Some(guid) = guid.and_then(guid_name) {
        names.push(Name { kind: NameKind::Guid, value: guid });
    }
    if let Some(url) = url {
        names.push(Name { kind: NameKind::Url, value: name(url) });
    }
    if let (true, Some((title, at))) = (names.is_empty(), titled) {
        names.push(Name { kind: NameKind::Hash, value: hash(title, at) });
    }
    names
}

/// A guid that is an address is named by its canonical form: sessions and
/// tracking come into guids as well.
fn guid_name(guid: &str) -> Option<String> {
    let guid = super::text::fold(&super::text::normalise(guid));
    if guid.is_empty() || guid.len() > GUID_BYTES_MAX {
        return None;
    }
    Some(http_url(&guid).map_or(guid, |url| name(&url)))
}

/// The canonical address as a name: a portal that moves from http to https
/// keeps its articles.
fn name(url: &Url) -> String {
    secured(canonical(url)).into()
}

fn secured(mut url: Url) -> Url {
    if url.scheme() == "http" && url.port().is_none() {
        // Between http and https a change of scheme never fails.
        let _ = url.set_scheme("https");
    }
    url
}

/// Title and date; an article without a date is named by its title alone,
/// since a guessed date changes with each reading.
fn hash(title: &str, at: Option<Timestamp>) -> String {
    let at = at.map(|at| at.as_second().to_string()).unwrap_or_default();
    blake3::hash(format!("{title}\n{at}").as_bytes()).to_hex().to_string()
}

/// The address without what changes from visit to visit: fragment, session,
/// tracking, default port, user and password. Scheme and host are lower case.
#[must_use]
pub fn canonical(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    // Neither can fail for http and https, which have a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    while let Some(path) = without_session(url.path()) {
        url.set_path(&path);
    }
    let kept: Vec<&str> = url.query().unwrap_or_default().split('&').filter(|pair| !noise(pair)).collect();
    let query = kept.join("&");
    url.set_query(Some(query.as_str()).filter(|query| !query.is_empty()));
    url
}

fn noise(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
    name.is_empty() || name.starts_with("utm_") || NOISE.contains(&name.as_str())
}

/// `/bai;jsessionid=12AB/x` without the session.
fn without_session(path: &str) -> Option<String> {
    let at = path.to_ascii_lowercase().find(";jsessionid=")?;
    let tail = path[at + 1..].find(['/', ';']).map_or("", |end| &path[at + 1 + end..]);
    Some(format!("{}{tail}", &path[..at]))
}

/// An absolute http(s) address with a host and of sane length.
#[must_use]
pub fn http_url(text: &str) -> Option<Url> {
    if text.len() > URL_BYTES_MAX {
        return None;
    }
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

/// The item's link as an absolute address. Some CMSs glue host and path
/// together without a slash (`https://a.example.vnbai-1`).
#[must_use]
pub fn link(text: &str, base: &Url) -> Option<Url> {
    let text = text.trim();
    // Before anything looks at it more than once: a feed's own address is read with each item.
    if text.is_empty() || text.len() > URL_BYTES_MAX {
        return None;
    }
    let text = super::text::normalise(text);
    let text = text.trim();
    let url = match glued(text, base) {
        Some(repaired) => Url::parse(&repaired).ok()?,
        None => base.join(text).ok()?,
    };
    http_url(url.as_str())
}

/// What relative addresses stand on, where `text` is an address of sane length.
#[must_use]
pub fn base(text: &str, outer: &Url) -> Option<Url> {
    let text = text.trim();
    if text.len() > URL_BYTES_MAX {
        return None;
    }
    http_url(outer.join(text).ok()?.as_str())
}

fn glued(text: &str, base: &Url) -> Option<String> {
    let origin = base.origin().ascii_serialization();
    let rest = text.strip_prefix(origin.as_str())?;
    let first = rest.split(['/', '?', '#']).next()?;
    let page = [".html", ".htm", ".aspx", ".php"].iter().any(|end| first.ends_with(end));
    let odd = first.starts_with(|c: char| c.is_ascii_alphanumeric()) && (page || !first.contains(['.', ':']));
    odd.then(|| format!("{origin}/{rest}"))
}

/// `https://host`, for plain http on its own port as well; `scheme://host:port` for every other port.
#[must_use]
pub fn origin(url: &Url) -> String {
    secured(url.clone()).origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn sessions_and_tracking_are_no_part_of_a_name() {
        let same = [
            "https://bacninh.example.vn/news/-/details/1/tin-5?id=7",
            "HTTPS://BacNinh.example.vn:443/news/-/details/1/tin-5?id=7#top",
            "https://bacninh.example.vn/news/-/details/1/tin-5;jsessionid=AB12.node1?id=7",
            "https://bacninh.example.vn/news/-/details/1/tin-5?p_p_auth=x9&id=7&utm_source=zalo&fbclid=1",
            "https://u:p@bacninh.example.vn/news/-/details/1/tin-5?id=7&UTM_medium=",
        ];
        for text in same {
            assert_eq!(canonical(&url(text)).as_str(), same[0]);
        }
        assert_eq!(canonical(&url("https://a.example.vn/?p=5")).as_str(), "https://a.example.vn/?p=5");
    }

    #[test]
    fn a_move_to_https_changes_no_name() {
        let (plain, secure) = (url("http://a.example.vn/bai?p=1"), url("https://a.example.vn/bai?p=1"));
        assert_eq!(names(None, Some(&plain), None), names(None, Some(&secure), None));
        assert_eq!(names(Some(plain.as_str()), None, None), names(Some(secure.as_str()), None, None));
        assert_eq!(origin(&plain), "https://a.example.vn");
        assert_eq!(origin(&url("http://127.0.0.1:8080/x")), "http://127.0.0.1:8080");
    }

    #[test]
    fn the_ladder_is_guid_then_address_then_hash() {
        let address = url("https://a.example.vn/bai-1");
        let kinds = |names: Vec<Name>| names.into_iter().map(|name| name.kind).collect::<Vec<_>>();
        assert_eq!(kinds(names(Some("7 at x"), Some(&address), Some(("T", None)))), [NameKind::Guid, NameKind::Url]);
        assert_eq!(kinds(names(Some(" \n"), Some(&address), Some(("T", None)))), [NameKind::Url]);
        assert_eq!(kinds(names(None, None, Some(("T", None)))), [NameKind::Hash]);
        assert!(names(None, None, None).is_empty());
    }

    #[test]
    fn a_hash_knows_title_and_date() {
        let at = Some(Timestamp::UNIX_EPOCH);
        assert_ne!(hash("a", at), hash("a", None));
        assert_ne!(hash("a", at), hash("b", at));
        assert_eq!(hash("a", at), hash("a", at));
    }

    #[test]
    fn links_are_made_absolute() {
        let base = url("https://a.example.vn/rss/tin.xml");
        let absolute = |text| link(text, &base).map(String::from);
        assert_eq!(absolute("/bai-1").as_deref(), Some("https://a.example.vn/bai-1"));
        assert_eq!(absolute("\n //b.example.vn/x ").as_deref(), Some("https://b.example.vn/x"));
        assert_eq!(
            absolute("https://a.example.vntin-tuc/bai-1").as_deref(),
            Some("https://a.example.vn/tin-tuc/bai-1")
        );
        for bad in ["", "javascript:alert(1)", "mailto:a@example.vn", "data:text/html,x", "http://"] {
            assert_eq!(absolute(bad), None, "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn canonical_is_idempotent(path in "[a-z;=/?&#A-Z0-9_.%-]{0,40}") {
            if let Ok(url) = Url::parse(&format!("https://a.example.vn/{path}")) {
                let once = canonical(&url);
                proptest::prop_assert_eq!(&canonical(&once), &once);
            }
        }
    }
}
