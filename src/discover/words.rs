//! What was found, in words for people, in Vietnamese and English.

use super::ways::Kind;
use super::{Best, Failed};
use crate::message::Lang;
use crate::probe::{Finding, words};
use crate::report::either;

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
            "nguồn tin (feed) không đủ toàn văn; trang của từng bài được đọc theo [source.page]",
            "a feed without whole texts; each article's own page is read by [source.page]",
        ),
        Kind::Sitemap => either(
            lang,
            "sơ đồ trang (sitemap); trang của từng bài được đọc theo [source.page]",
            "a sitemap; each article's own page is read by [source.page]",
        ),
        Kind::Listing => either(
            lang,
            "trang chuyên mục; trang của từng bài được đọc theo [source.page]",
            "a category page; each article's own page is read by [source.page]",
        ),
    }
}

/// Comments for the table: what was chosen, what it yielded, what else there is.
pub(super) fn notes(best: &Best, finding: &Finding, failed: &[Failed], lang: Lang) -> Vec<String> {
    let (way, chosen, items) = (&best.way, kind(best.way.kind, lang), best.listed);
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
    if let Some(guessed) = guessed(best) {
        notes.push(either(lang, guessed.0, guessed.1).into());
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

/// What a person has to look at before the source is used.
fn guessed(best: &Best) -> Option<(&'static str, &'static str)> {
    match (&best.table.page, best.way.kind) {
        (Some(_), _) => Some((
            "Các bộ chọn là phỏng đoán từ vài bài: so với trang gốc trước khi dùng, bằng dongbo read URL --source ID.",
            "The selectors are guessed from a few articles: compare with the pages before use: dongbo read URL --source ID.",
        )),
        (None, Kind::Feed) => Some((
            "Chưa đoán được [source.page]: hãy tự mô tả, nếu không chỉ có phần tóm tắt được đăng lại.",
            "[source.page] could not be guessed: describe it, or only the summaries are posted.",
        )),
        (None, _) => None,
    }
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
