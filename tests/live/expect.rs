//! What the sites must show: each article once, whole, and nothing else touched.

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::count::{Count, Item, count};
use crate::daemon::Dongbo;
use crate::lab::Lab;
use crate::world::article::Article;
use crate::world::wait;

/// Where the made-up portal has its articles' pages.
const PAGES: &str = "/tin/";

/// Waits until the sites of these indexes show exactly the articles, as they
/// are now, and returns the whole count.
pub(crate) fn until_shown(limit: Duration, lab: &Lab, sites: &[usize], articles: &[Article]) -> Vec<Count> {
    let what = format!("{} articles on the sites {sites:?}", articles.len());
    wait::until(limit, &what, || {
        let counts = count(lab);
        sites.iter().try_for_each(|&index| missing(&counts[index], articles).map_or(Ok(()), Err))?;
        Ok(counts)
    })
}

/// What a site does not show yet of the articles, if anything.
fn missing(count: &Count, articles: &[Article]) -> Option<String> {
    let shown = |article: &&Article| shows(count, article);
    let open: Vec<_> = articles.iter().filter(|article| !shown(article)).map(|article| article.number).collect();
    (!open.is_empty())
        .then(|| format!("{} lacks {} articles: {:?}", count.url, open.len(), &open[..open.len().min(10)]))
}

/// The site shows the article as it is now. WordPress stores the post first and
/// its terms and picture after it: a count may come in between.
pub(crate) fn shows(count: &Count, article: &Article) -> bool {
    count.of(&article.url).is_some_and(|item| {
        let finished = item.categories.len() == article.categories.len()
            && article.categories.iter().all(|name| item.categories.contains(name));
        item.status == "publish" && item.title == article.title && item.featured.is_some() && finished
    })
}

/// Asserts that a site carries each article exactly once, whole and public, and nothing besides.
pub(crate) fn exactly(count: &Count, articles: &[Article]) {
    no_duplicates(count);
    assert_eq!(count.items.len(), articles.len(), "{}: {:?}", count.url, count.by_status);
    for article in articles {
        let item = count.of(&article.url).unwrap_or_else(|| panic!("{} lost article {}", count.url, article.number));
        assert_eq!(item.status, "publish", "{item:?}");
        whole(item, article);
    }
}

/// Asserts that nothing carries another's key: neither items nor pictures.
pub(crate) fn no_duplicates(count: &Count) {
    assert!(count.duplicates.is_empty(), "{}: {:?}", count.url, count.duplicates);
    assert!(count.media_duplicates.is_empty(), "{}: {:?}", count.url, count.media_duplicates);
    let mixed: Vec<_> = count.items.iter().filter(|item| item.keys.len() != 1 || item.kind != "post").collect();
    assert!(mixed.is_empty(), "{}: {mixed:?}", count.url);
    // One copy per original, whatever the keys say: the attribution leads to the original's page.
    let mut originals: Vec<_> =
        count.items.iter().flat_map(|item| &item.links).filter(|link| link.contains(PAGES)).collect();
    let all = originals.len();
    originals.sort();
    originals.dedup();
    assert_eq!(originals.len(), all, "{}: two items lead to one original", count.url);
}

/// Asserts that the copy shows what the article says.
pub(crate) fn whole(item: &Item, article: &Article) {
    assert_eq!(item.title, article.title);
    assert_eq!(item.date_gmt, utc(article), "{}", article.title);
    let mut categories = article.categories.clone();
    categories.sort();
    let mut shown = item.categories.clone();
    shown.sort();
    assert_eq!(shown, categories, "{}", article.title);
    assert!(item.featured.is_some(), "{} has no picture", article.title);
    assert_eq!((item.comments.as_str(), item.pings.as_str()), ("closed", "closed"), "{}", article.title);
    for text in ["“Phải rõ người, rõ việc, rõ thời gian, rõ trách nhiệm”", "<td>Nhân Thắng</td>"]
    {
        assert!(item.content.contains(text), "{} lacks {text}: {}", article.title, item.content);
    }
    let correction = format!("Đính chính lần {}:", article.corrections);
    assert_eq!(item.content.contains(&correction), article.corrections > 0, "{}", item.content);
}

fn utc(article: &Article) -> String {
    article.published.to_zoned_datetime(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Asserts that no site's own articles changed between two counts.
pub(crate) fn foreign_untouched(before: &[Count], after: &[Count]) {
    for (before, after) in before.iter().zip(after) {
        assert!(before.foreign.len() >= 5, "{} has articles of its own", before.url);
        assert_eq!(before.foreign, after.foreign, "{}", before.url);
    }
}

/// Asserts that a site has one picture per article and no article lacks its own.
pub(crate) fn pictures(count: &Count, articles: &[Article]) {
    assert_eq!((count.featured, count.media.len()), (articles.len(), articles.len()), "{}: pictures", count.url);
    let mut used: Vec<_> = count.items.iter().filter_map(|item| item.featured).collect();
    used.sort_unstable();
    used.dedup();
    assert_eq!(used.len(), articles.len(), "{}: different articles show one picture", count.url);
}

/// Asserts that the ledger itself can be asked beside the daemon.
pub(crate) fn status_answers(dongbo: &Dongbo) {
    let status = dongbo.run(&["status", "--json"]);
    serde_json::from_str::<serde_json::Value>(&status).unwrap_or_else(|error| panic!("{error}: {status}"));
}
