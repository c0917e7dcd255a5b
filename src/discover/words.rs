//! What was found, in words for people, in Vietnamese and English.

use super::Failed;
use super::ways::{Kind, Way};
use crate::message::Lang;
use crate::probe::{Finding, words};
use crate::report::either;
use crate::sample::Sample;

/// Ways that are told beside the one that was chosen.
const OTHERS_MAX: usize = 5;

/// A way of reading, and what it is good for.
#[must_use]
pub fn kind(kind: Kind, lang: Lang) -> &'static str {
    match kind {
        Kind::Wordpress => {
            either(lang, "API của WordPress, báo mọi bản sửa", "WordPress's API, tells every correction")
        }
        Kind::Drupal => either(lang, "API của Drupal, báo mọi bản sửa", "Drupal's API, tells every correction"),
        Kind::Liferay => either(lang, "API của Liferay, báo mọi bản sửa", "Liferay's API, tells every correction"),
        Kind::WholeFeed => either(lang, "nguồn tin (feed) có toàn văn", "a feed with whole texts"),
        Kind::Feed => either(
            lang,
            "nguồn tin (feed) không đủ toàn văn; hãy thêm [source.page] để đọc trang của từng bài",
            "a feed without whole texts; add [source.page] to read each article's own page",
        ),
    }
}

/// Comments for the table: what was chosen, what it yielded, what else there is.
#[must_use]
pub fn notes(way: &Way, sample: &Sample, finding: &Finding, failed: &[Failed], lang: Lang) -> Vec<String> {
    let (chosen, items) = (kind(way.kind, lang), sample.items().count());
    let first = either(
        lang,
        format!("{chosen}. Số bài khi đọc thử: {items}."),
        format!("{chosen}. Articles at a first look: {items}."),
    );
    let mut notes = vec![capital(&first)];
    let asked = finding.page.as_ref().and_then(|page| url::Url::parse(&page.url).ok());
    if let Some(host) = way.url.host_str().filter(|host| asked.is_some_and(|asked| asked.host_str() != Some(*host))) {
        notes.push(either(
            lang,
            format!("Chú ý: nguồn nằm ở máy chủ khác, {host}."),
            format!("Mind: it stands on another host, {host}."),
        ));
    }
    if way.kind < Kind::WholeFeed {
        notes.push(
            either(
                lang,
                "Cả cổng; thêm tham số của API vào url để chỉ lấy một chuyên mục.",
                "All of the site; add the API's parameters to url for one category alone.",
            )
            .into(),
        );
    }
    let others = finding.feeds.iter().filter(|feed| feed.url != way.url.as_str()).take(OTHERS_MAX);
    notes.extend(others.map(|feed| {
        let (url, items, found) = (&feed.url, feed.items, words::found(feed.found, lang));
        either(
            lang,
            format!("Cũng có: nguồn tin {url} ({items} bài, {found})"),
            format!("Also there: the feed {url} ({items} items, {found})"),
        )
    }));
    notes.extend(failed.iter().take(OTHERS_MAX).map(|failed| in_vain(failed, lang)));
    notes
}

/// A way that could not be read.
#[must_use]
pub fn in_vain(failed: &Failed, lang: Lang) -> String {
    let Failed { way, reason } = failed;
    either(lang, format!("Không đọc được {}: {reason}", way.url), format!("Not readable: {}: {reason}", way.url))
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
