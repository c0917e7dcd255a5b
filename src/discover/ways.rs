//! By which ways a site may be read, the best first, from what a look at it
//! has shown. Pure.

use std::collections::BTreeMap;

use serde::Serialize;
use url::Url;

use crate::probe::Finding;
use crate::probe::api::State;
use crate::probe::page::Page;
use crate::probe::road::Outcome;
use crate::probe::signs::Platform;
use crate::source::sitemap::Pattern;

/// Digits of a Liferay site's number.
const GROUP_DIGITS_MAX: usize = 18;

/// Sitemaps of one site that are tried.
const SITEMAPS_MAX: usize = 3;
/// Where they usually stand.
const SITEMAPS: [&str; 3] = ["/sitemap.xml", "/sitemap_index.xml", "/wp-sitemap.xml"];

/// How it is read. The order is that of preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// These tell every correction, however old the article.
    Wordpress,
    Drupal,
    Liferay,
    /// A feed with whole texts.
    WholeFeed,
    /// A feed whose texts stand on the articles' own pages.
    Feed,
    /// Addresses alone, with their last touch.
    Sitemap,
    /// A page for people, by selectors that were guessed.
    Listing,
}

/// One way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Way {
    pub kind: Kind,
    pub url: Url,
}

/// The address that the operator named, as far as it has a host: its own form
/// after redirects where these stayed on the host.
#[must_use]
pub fn named(address: &str, finding: &Finding) -> Option<Url> {
    let address = address.trim();
    let asked = match Url::parse(address) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => url,
        Ok(_) | Err(_) => Url::parse(&format!("https://{address}")).ok()?,
    };
    let page = finding.page.as_ref().and_then(|page| Url::parse(&page.url).ok());
    let mut named = page.filter(|page| page.host_str() == asked.host_str()).unwrap_or(asked);
    named.set_fragment(None);
    // Where nobody answered, nobody is named.
    let _ = named.set_username("").and_then(|()| named.set_password(None));
    (named.has_host() && finding.outcome != Outcome::Invalid).then_some(named)
}

/// Ways worth trying.
#[must_use]
pub fn ways(named: &Url, finding: &Finding, page: Option<&Page>) -> Vec<Way> {
    let itself = itself(named, finding).map(|kind| Way { kind, url: named.clone() });
    let api = api(finding, page);
    let feeds = finding.feeds.iter().filter_map(|feed| Url::parse(&feed.url).ok());
    let feeds = feeds.map(|url| Way { kind: Kind::WholeFeed, url });
    itself.into_iter().chain(api).chain(feeds).collect()
}

/// What an address is by its path: of an API, or a sitemap.
fn itself(url: &Url, finding: &Finding) -> Option<Kind> {
    let path = url.path();
    if finding.outcome == Outcome::Document && path.rsplit('/').next().is_some_and(|name| name.contains("sitemap")) {
        return Some(Kind::Sitemap);
    }
    api_of(url)
}

fn api_of(url: &Url) -> Option<Kind> {
    let path = url.path();
    let route = url.query_pairs().find(|(key, _)| key == "rest_route");
    if path.contains("/wp-json/wp/v2/") || route.is_some_and(|(_, route)| route.starts_with("/wp/v2/")) {
        return Some(Kind::Wordpress);
    }
    if path.contains("/jsonapi/node/") {
        return Some(Kind::Drupal);
    }
    path.contains("/o/headless-delivery/v1.0/").then_some(Kind::Liferay)
}

/// Sitemaps of the site: those that its robots.txt names (sitemaps.org,
/// "Submitting your Sitemap"), else where they usually stand.
#[must_use]
pub fn sitemaps(named: &Url, robots: &str) -> Vec<Way> {
    let said = robots.lines().filter_map(|line| line.split_once(':'));
    let said = said.filter(|(key, _)| key.trim().eq_ignore_ascii_case("sitemap"));
    let mut urls: Vec<Url> = said.filter_map(|(_, url)| named.join(url.trim()).ok()).collect();
    urls.retain(|url| matches!(url.scheme(), "http" | "https") && url.host_str() == named.host_str());
    urls.truncate(SITEMAPS_MAX);
    if urls.is_empty() {
        urls = SITEMAPS.iter().filter_map(|path| named.join(path).ok()).collect();
    }
    urls.dedup();
    urls.into_iter().map(|url| Way { kind: Kind::Sitemap, url }).collect()
}

/// The folder that most of the articles stand in, as a pattern of paths.
#[must_use]
pub fn folder<'a>(addresses: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut folders: BTreeMap<String, usize> = BTreeMap::new();
    let mut all = 0;
    for url in addresses.filter_map(|url| Url::parse(url).ok()) {
        all += 1;
        let path = url.path().trim_start_matches('/');
        let (folder, rest) = path.split_once('/').unwrap_or_default();
        if !folder.is_empty() && !rest.is_empty() {
            *folders.entry(format!("/{folder}/")).or_default() += 1;
        }
    }
    let (folder, count) = folders.into_iter().max_by_key(|(_, count)| *count)?;
    (count >= 3 && count * 10 >= all * 6 && Pattern::parse(&folder).is_some()).then_some(folder)
}

/// The articles behind the API that answered.
fn api(finding: &Finding, page: Option<&Page>) -> Option<Way> {
    let platform = finding.platform.as_ref()?.platform;
    if !matches!(finding.api.state, State::Answers | State::AsksAccount) {
        return None;
    }
    let mut url = Url::parse(finding.api.url.as_deref()?).ok()?;
    match platform {
        Platform::WordPress if url.query_pairs().any(|(key, _)| key == "rest_route") => {
            url.set_query(Some("rest_route=/wp/v2/posts"));
            Some(Way { kind: Kind::Wordpress, url })
        }
        Platform::WordPress => Some(Way { kind: Kind::Wordpress, url: below(&url, "wp/v2/posts")? }),
        Platform::Drupal => Some(Way { kind: Kind::Drupal, url: below(&url, "node/article")? }),
        Platform::Liferay if url.path().contains("/headless-delivery/") => {
            let path = format!("/o/headless-delivery/v1.0/sites/{}/structured-contents", group(page?)?);
            Some(Way { kind: Kind::Liferay, url: url.join(&path).ok()? })
        }
        _ => None,
    }
}

fn below(url: &Url, path: &str) -> Option<Url> {
    let mut folder = url.clone();
    folder.set_query(None);
    if !folder.path().ends_with('/') {
        folder.set_path(&format!("{}/", url.path()));
    }
    folder.join(path).ok()
}

/// The number of a Liferay site, as its pages give it to scripts:
/// `getScopeGroupId: function() { return '20182'; }`.
fn group(page: &Page) -> Option<&str> {
    let scripts = &page.scripts;
    let after = &scripts[scripts.find("getscopegroupid")?..];
    let start = after.find(|c: char| c.is_ascii_digit()).filter(|start| *start < 80)?;
    let digits = after[start..].split(|c: char| !c.is_ascii_digit()).next()?;
    (digits.len() <= GROUP_DIGITS_MAX).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_an_api_is_known_by_its_path() {
        let kind = |path: &str| api_of(&Url::parse(&format!("https://a.example.vn{path}")).unwrap());
        assert_eq!(kind("/wp-json/wp/v2/posts?categories=7"), Some(Kind::Wordpress));
        assert_eq!(kind("/?rest_route=/wp/v2/posts"), Some(Kind::Wordpress));
        assert_eq!(kind("/vi/jsonapi/node/article"), Some(Kind::Drupal));
        assert_eq!(kind("/o/headless-delivery/v1.0/sites/20182/blog-postings"), Some(Kind::Liferay));
        assert_eq!(kind("/rss?a=/wp-json/wp/v2/"), None);
    }

    #[test]
    fn the_number_of_a_liferay_site_stands_in_its_scripts() {
        let of = |scripts: &str| group(&Page { scripts: scripts.into(), ..Page::default() }).map(str::to_owned);
        assert_eq!(of("getscopegroupid: function() { return '20182'; }"), Some("20182".into()));
        assert_eq!(of("getscopegroupid:function(){return\"22511\"}"), Some("22511".into()));
        assert_eq!(of("getscopegroupid"), None);
        assert_eq!(of(&format!("getscopegroupid{}", "1".repeat(40))), None);
    }

    #[test]
    fn sitemaps_are_those_of_robots_txt_else_where_they_usually_stand() {
        let of = |robots: &str| {
            let ways = sitemaps(&Url::parse("https://a.example.vn/tin/x").unwrap(), robots);
            ways.iter().map(|way| way.url.to_string()).collect::<Vec<_>>().join(" ")
        };
        let robots = "User-agent: *\nDisallow: /\nsitemap : /map.xml\nSITEMAP: https://b.example.vn/x.xml\nSitemap: file:///etc/x";
        assert_eq!(of(robots), "https://a.example.vn/map.xml");
        assert_eq!(of(&"Sitemap: /a.xml\nSitemap: /b.xml\n".repeat(50)).split(' ').count(), SITEMAPS_MAX);
        assert!(of("").starts_with("https://a.example.vn/sitemap.xml "));
    }

    #[test]
    fn the_folder_of_the_articles_is_that_of_most() {
        let of = |paths: &[&str]| {
            let urls: Vec<String> = paths.iter().map(|path| format!("https://a.example.vn{path}")).collect();
            folder(urls.iter().map(String::as_str))
        };
        assert_eq!(of(&["/tin/1", "/tin/2", "/tin/3", "/gioi-thieu"]), Some("/tin/".into()));
        assert_eq!(of(&["/1", "/2", "/3", "/4"]), None);
        assert_eq!(of(&["/a/1", "/a/2", "/a/3", "/b/1", "/b/2", "/b/3"]), None);
        assert_eq!(of(&["/tin/1", "/tin/2"]), None);
    }

    #[test]
    fn the_best_ways_come_first() {
        let best = [Kind::Wordpress, Kind::WholeFeed, Kind::Feed, Kind::Sitemap, Kind::Listing];
        assert!(best.is_sorted());
    }
}
