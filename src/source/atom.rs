//! Atom 1.0 (RFC 4287) and its draft 0.3: where each child of an `entry` belongs.

use super::raw::{RawItem, Slot};
use super::rss;
use super::xml::Tag;

/// Notes what an element says in its attributes and names the slot of its text.
#[must_use]
pub fn open(path: &str, tag: &Tag, raw: &mut RawItem) -> Option<Slot> {
    let slot = match path {
        "title" => Slot::Title,
        "id" => Slot::Guid,
        "summary" => Slot::Description,
        "content" if tag.attribute("src").is_none() => Slot::Content,
        // `issued`, `created` and `modified` are Atom 0.3's.
        "published" | "issued" | "created" => Slot::Published,
        "updated" | "modified" => Slot::Updated,
        "author/name" => Slot::Author,
        "dc:creator" => Slot::Creator,
        "dc:language" => Slot::Language,
        "dc:source" | "source/title" => Slot::Credit,
        "source/link" => {
            if tag.attribute("rel").is_none_or(|rel| rel == "alternate") {
                tag.attribute("href").unwrap_or_default().clone_into(&mut raw.credit_url);
            }
            return None;
        }
        "link" => {
            link(tag, raw);
            return None;
        }
        "category" => {
            let name = [tag.attribute("label"), tag.attribute("term")].into_iter().flatten();
            if let Some(name) = name.into_iter().find(|name| !name.trim().is_empty()) {
                raw.category(name.to_owned());
            }
            return None;
        }
        path => {
            rss::media(path, tag, raw);
            return None;
        }
    };
    Some(slot)
}

/// RFC 4287 §4.2.7: no `rel` means alternate; of several the HTML one comes first.
fn link(tag: &Tag, raw: &mut RawItem) {
    let Some(href) = tag.attribute("href") else { return };
    let kind = tag.attribute("type").unwrap_or("text/html");
    match tag.attribute("rel").unwrap_or("alternate") {
        "alternate" if raw.link.is_empty() || kind == "text/html" => href.clone_into(&mut raw.link),
        "enclosure" if kind.starts_with("image/") => raw.picture(Some(href), 1),
        _ => {}
    }
}
