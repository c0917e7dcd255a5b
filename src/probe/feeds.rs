//! Where a site's feeds may stand, and whether they do: only what the feed
//! reader reads is called a feed.

use jiff::Timestamp;
use serde::Serialize;
use url::Url;

use super::page::{Page, TITLE_CHARS_MAX, shown};
use super::signs::Platform;
use crate::source::{Document, FeedReader, Visit};

/// Addresses that are tried of those that the page names.
const NAMED_MAX: usize = 3;
/// Common addresses that are tried where the page names none that answers.
const COMMON_MAX: usize = 3;

/// Where feeds usually stand, by platform.
const PATHS: &[(Platform, &[&str])] = &[
    (Platform::WordPress, &["feed/"]),
    (Platform::Drupal, &["rss.xml"]),
    (Platform::Joomla, &["?format=feed&type=rss"]),
    (Platform::NukeViet, &["news/rss/", "rss/"]),
    (Platform::Ghost, &["rss/"]),
    (Platform::Plone, &["RSS", "rss.xml"]),
    (Platform::Liferay, &["/rss", "/rss/-/asset_publisher/rss"]),
    (Platform::SharePoint, &["/rss/Pages/index.aspx", "/rss"]),
    (Platform::Blogger, &["/feeds/posts/default"]),
];
/// Where they stand on platforms that nobody knows.
const ANYWHERE: &[&str] = &["/rss", "/feed", "/rss.xml", "/rss/home.rss"];

/// A feed that answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Feed {
    pub url: String,
    pub title: Option<String>,
    pub items: usize,
    /// How its address was found.
    pub found: Found,
}

/// How a feed's address was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Found {
    /// `<link rel=alternate>`.
    Announced,
    /// A link of the page that is called like a feed.
    Linked,
    /// A common address.
    Common,
    /// The address that was asked about is one.
    Itself,
}

/// Addresses worth asking, those that the page names first.
#[must_use]
pub fn candidates(page: &Page) -> Vec<(Url, Found)> {
    let announced = page.alternates.iter().map(|url| (url.clone(), Found::Announced));
    let linked =
        page.likely.iter().filter(|url| !page.alternates.contains(url)).map(|url| (url.clone(), Found::Linked));
    announced.chain(linked).take(NAMED_MAX).collect()
}

/// Common addresses, without those that were asked already.
#[must_use]
pub fn common(platform: Option<Platform>, site: &Url, asked: &[Url]) -> Vec<(Url, Found)> {
    let own = PATHS.iter().find(|(of, _)| Some(*of) == platform).map(|(_, paths)| *paths).unwrap_or_default();
    let urls = own.iter().chain(ANYWHERE).filter_map(|path| site.join(path).ok());
    let mut found: Vec<Url> = Vec::new();
    for url in urls.filter(|url| !asked.contains(url)) {
        if !found.contains(&url) {
            found.push(url);
        }
    }
    found.into_iter().take(COMMON_MAX).map(|url| (url, Found::Common)).collect()
}

/// Reads an answer as a feed. Synchronous and bound by the processor.
#[must_use]
pub fn read(visit: &Visit, found: Found) -> Option<Feed> {
    let body = visit.body.as_ref().ok().filter(|_| (200..300).contains(&visit.status))?;
    let content_type = visit.header("content-type");
    let document = Document { body, content_type, url: &visit.final_url, now: Timestamp::now() };
    let mut reading = FeedReader::default().read(document).ok()?;
    let items = reading.by_ref().filter(Result::is_ok).count();
    let summary = reading.finish().ok()?;
    let title = summary.title.map(|title| shown(&title, TITLE_CHARS_MAX)).filter(|title| !title.is_empty());
    Some(Feed { url: visit.final_url.to_string(), title, items, found })
}
