//! Foreign HTML becomes HTML that may stand on a portal.
//!
//! The linear guard first, the sanitiser second, until nothing changes any
//! more: what leaves here is a fixed point, `clean(clean(x)) == clean(x)`.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use url::Url;

use super::guard::{self, HtmlRefused, Pruned};
use super::text;

/// The cleaned text is at most this many times as long as what came in …
pub const OUTPUT_FACTOR_MAX: usize = 4;
/// … but short texts may grow by this: a relative address becomes absolute.
pub const OUTPUT_BYTES_FREE: usize = 16 * 1024;
/// Passes until the text must have settled. Two are the rule.
const PASSES_MAX: usize = 6;

/// Cleans HTML. Relative addresses are made absolute against `base`, the
/// address of the item.
///
/// # Errors
/// When the guard refuses the text; nothing of it may then be published.
pub fn clean(html: &str, base: &Url) -> Result<String, HtmlRefused> {
    Ok(cleaned(html, base)?.html)
}

/// As [`clean`], and tells what the original hides from its readers: cleaning
/// takes styles away, so it would come to light.
///
/// # Errors
/// As [`clean`].
pub fn cleaned(html: &str, base: &Url) -> Result<Pruned, HtmlRefused> {
    let limit = html.len() * OUTPUT_FACTOR_MAX + OUTPUT_BYTES_FREE;
    let Pruned { html: mut before, hidden } = pass(html, base, limit)?;
    for _ in 1..PASSES_MAX {
        let after = pass(&before, base, limit)?.html;
        if after == before {
            return Ok(Pruned { html: after, hidden });
        }
        before = after;
    }
    Err(HtmlRefused::Unstable)
}

fn pass(html: &str, base: &Url, limit: usize) -> Result<Pruned, HtmlRefused> {
    let pruned = guard::prune(&normalise(html), base, limit)?;
    let cleaned = sanitiser(base).clean(&pruned.html).to_string();
    let html = normalise(&cleaned).trim().to_owned();
    if html.len() > limit { Err(HtmlRefused::Output(limit)) } else { Ok(Pruned { html, ..pruned }) }
}

/// NFC of markup: a stroke overlay behind `<` or `>` would compose with it and
/// take the tag apart, so it goes.
fn normalise(html: &str) -> String {
    const OVERLAY: char = '\u{338}';
    if !html.contains(OVERLAY) {
        return text::normalise(html);
    }
    let mut last = ' ';
    let kept = html.chars().filter(|c| {
        let composes = *c == OVERLAY && matches!(last, '<' | '>');
        if !composes {
            last = *c;
        }
        !composes
    });
    text::normalise(&kept.collect::<String>())
}

fn sanitiser(base: &Url) -> Builder<'static> {
    static TAGS: LazyLock<HashSet<&str>> = LazyLock::new(|| guard::ALLOWED.iter().map(|(tag, _)| *tag).collect());
    static ATTRIBUTES: LazyLock<HashMap<&str, HashSet<&str>>> =
        LazyLock::new(|| guard::ALLOWED.iter().map(|(tag, kept)| (*tag, kept.iter().copied().collect())).collect());
    let mut builder = Builder::empty();
    builder
        .tags(TAGS.clone())
        .tag_attributes(ATTRIBUTES.clone())
        .generic_attributes(HashSet::new())
        .clean_content_tags(HashSet::from(["script", "style"]))
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel"]))
        .url_relative(UrlRelative::RewriteWithBase(base.clone()))
        .link_rel(None)
        .strip_comments(true);
    builder
}

/// The first picture of cleaned HTML with an absolute address.
#[must_use]
pub fn first_picture(cleaned: &str) -> Option<String> {
    cleaned.split("<img ").skip(1).find_map(|tag| {
        let tag = tag.split('>').next()?;
        let src = tag.split("src=\"").nth(1)?.split('"').next()?;
        super::identity::http_url(&text::decode_entities(src)).map(String::from)
    })
}

/// Takes a leading picture (with the link around it) off a cleaned text: feeds
/// put a thumbnail before the summary.
#[must_use]
pub fn lift_thumbnail(cleaned: &str) -> Option<(String, String)> {
    let (image, rest) = match cleaned.strip_prefix("<a ") {
        Some(inner) => {
            let (_, inner) = inner.split_once('>')?;
            let (image, rest) = leading_image(inner.trim_start())?;
            (image, rest.trim_start().strip_prefix("</a>")?)
        }
        None => leading_image(cleaned)?,
    };
    let mut rest = rest.trim_start();
    while let Some(after) = rest.strip_prefix("<br>") {
        rest = after.trim_start();
    }
    Some((first_picture(image)?, rest.to_owned()))
}

fn leading_image(html: &str) -> Option<(&str, &str)> {
    html.strip_prefix("<img ")?;
    let end = html.find('>')? + 1;
    Some(html.split_at(end))
}
