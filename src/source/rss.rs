//! RSS 0.9x and 2.0 (rssboard.org/rss-specification), RSS 1.0
//! (web.resource.org/rss/1.0) and their usual modules: where each child of an
//! `item` belongs.

use super::raw::{RawItem, Slot};
use super::xml::Tag;

/// Notes what an element says in its attributes and names the slot of its text.
#[must_use]
pub fn open(path: &str, tag: &Tag, raw: &mut RawItem) -> Option<Slot> {
    let slot = match path {
        "title" => Slot::Title,
        "link" => Slot::Link,
        "guid" => Slot::Guid,
        "description" => Slot::Description,
        "content:encoded" => Slot::Content,
        "pubDate" | "pubdate" | "dc:date" => Slot::Published,
        "atom:updated" | "dcterms:modified" => Slot::Updated,
        "dc:creator" => Slot::Creator,
        "author" => Slot::Author,
        "category" | "dc:subject" => Slot::Category,
        "dc:language" => Slot::Language,
        "dc:source" => Slot::Credit,
        "source" => {
            tag.attribute("url").unwrap_or_default().clone_into(&mut raw.credit_url);
            Slot::Credit
        }
        "atom:link" => {
            atom_link(tag, raw);
            return None;
        }
        "enclosure" => {
            let image = tag.attribute("type").is_some_and(|kind| kind.trim().starts_with("image/"));
            raw.picture(tag.attribute("url").filter(|url| image || image_name(url)), 1);
            return None;
        }
        path => {
            media(path, tag, raw);
            return None;
        }
    };
    Some(slot)
}

/// Media RSS (rssboard.org/media-rss): single pictures and groups of them.
pub(super) fn media(path: &str, tag: &Tag, raw: &mut RawItem) {
    match path {
        "media:content" | "media:group/media:content" => {
            let said = tag.attribute("medium").or_else(|| tag.attribute("type"));
            let url = tag.attribute("url");
            let image = said.map_or_else(|| url.is_some_and(image_name), |said| said.starts_with("image"));
            raw.picture(url.filter(|_| image), 0);
        }
        "media:thumbnail" | "media:group/media:thumbnail" | "media:content/media:thumbnail" => {
            raw.picture(tag.attribute("url"), 2);
        }
        _ => {}
    }
}

/// `atom:link rel="alternate"` stands in for a missing `link`.
fn atom_link(tag: &Tag, raw: &mut RawItem) {
    let alternate = tag.attribute("rel").is_none_or(|rel| rel == "alternate");
    if let Some(href) = tag.attribute("href").filter(|_| alternate && raw.link.trim().is_empty()) {
        href.clone_into(&mut raw.link);
    }
}

fn image_name(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    [".jpg", ".jpeg", ".png", ".gif", ".webp"].iter().any(|end| path.ends_with(end))
}
