//! WordPress's REST API, `/wp-json/wp/v2/posts` (developer.wordpress.org/rest-api/reference/posts),
//! 5.7 or later.
//!
//! Anonymous readers see what is published. `modified_after` and `after` leave
//! their own moment out, and posts of one second have no order among each
//! other, so those that are known are excluded by id. A scheduled post keeps
//! the touch of the day when it was written.

use dongbo_sdk::SecretRef;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::super::raw::{CHILDREN_MAX, Picture, RawItem};
use super::{By, ITEMS, Question, Read, Touched, moment, typed};

/// `[source.read.wordpress]`. The source's `url` is that of the posts:
/// `https://portal.example.vn/wp-json/wp/v2/posts`; `categories=7` and other
/// parameters of the API may stand in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table [source.read.wordpress]")]
pub struct Config {
    /// Value of the `Authorization` header. Sent to the origin of `url` alone.
    pub authorization: Option<SecretRef>,
}

const FIELDS: &str = "id,guid,link,title,content,excerpt,date_gmt,modified_gmt,_links,_embedded";
const EMBED: &str = "author,wp:term,wp:featuredmedia";

pub(super) fn address(url: &Url, question: &Question) -> Url {
    let (after, order) = match question.by {
        By::Touch => ("modified_after", "modified"),
        By::Publication => ("after", "date"),
    };
    let before = question.from.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(question.from);
    let mut url = latest(url);
    url.query_pairs_mut()
        .append_pair(after, &before.to_string())
        .append_pair("orderby", order)
        .append_pair("order", "asc");
    if !question.known.is_empty() {
        url.query_pairs_mut().append_pair("exclude", &question.known.join(","));
    }
    url
}

/// Without an order the newest come first.
pub(super) fn latest(url: &Url) -> Url {
    let mut url = url.clone();
    url.query_pairs_mut()
        .append_pair("per_page", &ITEMS.to_string())
        .append_pair("_fields", FIELDS)
        .append_pair("_embed", EMBED);
    url
}

pub(super) fn read(answer: &Value, by: By) -> Option<Read> {
    let posts = answer.as_array()?;
    let mut read = Read { touched: Vec::new(), passed: Vec::new(), more: posts.len() >= ITEMS };
    for post in posts {
        let protected = post.pointer("/content/protected") == Some(&Value::Bool(true));
        let touched = touched(post, by);
        if protected || touched.is_err() {
            read.passed.extend(place(post, by));
        }
        if !protected {
            read.touched.push(touched);
        }
    }
    Some(read)
}

/// Where a post stands in the order, though nothing else of it be readable.
fn place(post: &Value, by: By) -> Option<(Timestamp, String)> {
    let field = match by {
        By::Touch => "modified_gmt",
        By::Publication => "date_gmt",
    };
    let at = moment(&format!("{}Z", post.get(field)?.as_str()?)).ok()?;
    Some((at, post.get("id")?.as_u64()?.to_string()))
}

#[derive(Deserialize)]
struct Post {
    id: u64,
    guid: Rendered,
    link: String,
    title: Rendered,
    content: Rendered,
    #[serde(default)]
    excerpt: Rendered,
    date_gmt: String,
    modified_gmt: String,
    #[serde(default, rename = "_embedded")]
    embedded: Embedded,
}

#[derive(Default, Deserialize)]
struct Rendered {
    rendered: String,
}

/// Objects that cannot be read by everybody are errors in their place.
#[derive(Default, Deserialize)]
struct Embedded {
    #[serde(default)]
    author: Vec<Value>,
    #[serde(default, rename = "wp:term")]
    terms: Vec<Vec<Value>>,
    #[serde(default, rename = "wp:featuredmedia")]
    media: Vec<Value>,
}

fn touched(post: &Value, by: By) -> Result<Touched, String> {
    let post: Post = typed(post)?;
    let utc = |text: &str| moment(&format!("{text}Z"));
    let (published, modified): (Timestamp, Timestamp) = (utc(&post.date_gmt)?, utc(&post.modified_gmt)?);
    let word = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let category = |term: &&Value| term.get("taxonomy").and_then(Value::as_str) == Some("category");
    let terms = post.embedded.terms.iter().flatten().filter(category);
    let media = post.embedded.media.iter().filter_map(|media| word(media, "source_url"));
    Ok(Touched {
        id: post.id.to_string(),
        at: match by {
            By::Touch => modified,
            By::Publication => published,
        },
        raw: RawItem {
            title: post.title.rendered,
            link: post.link,
            guid: post.guid.rendered,
            description: post.excerpt.rendered,
            content: post.content.rendered,
            published: published.to_string(),
            updated: modified.to_string(),
            author: post.embedded.author.iter().find_map(|author| word(author, "name")).unwrap_or_default(),
            categories: terms.filter_map(|term| word(term, "name")).take(CHILDREN_MAX).collect(),
            pictures: media.map(|url| Picture { url, rank: 0 }).take(1).collect(),
            ..RawItem::default()
        },
    })
}
