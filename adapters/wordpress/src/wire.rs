//! The shapes of the REST API that we send and read; no meaning here.
//!
//! Source: WordPress REST API Handbook, Reference: Posts, Media, Categories,
//! Tags, Users. Only the fields that `_fields` asks for are listed.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Every status that holds a copy of ours. `any` leaves the bin out.
pub(crate) const ALL_STATUSES: &str = "publish,future,draft,pending,private,trash";
/// What we read of a post. The terms' names come embedded (`_embed=wp:term`).
pub(crate) const POST_FIELDS: &str = "id,link,slug,status,date_gmt,modified_gmt,title.raw,content.raw,excerpt.raw,\
                                      categories,featured_media,sticky,_links,_embedded";
/// What we read of a post in a list.
pub(crate) const LISTED_FIELDS: &str = "id,link,slug,status,date_gmt,title.raw";

/// The object at the root of the API.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Root {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) home: String,
    /// Hours, as a number or as text.
    #[serde(default)]
    pub(crate) gmt_offset: Value,
    #[serde(default)]
    pub(crate) timezone_string: String,
    /// Present on every WordPress; tells it from other JSON.
    pub(crate) namespaces: Vec<String>,
    /// An object, or an empty list where no way to log in exists.
    #[serde(default)]
    pub(crate) authentication: Value,
}

#[derive(Debug, Deserialize)]
pub(crate) struct User {
    pub(crate) id: u64,
    #[serde(default)]
    pub(crate) username: String,
    #[serde(default)]
    pub(crate) registered_date: String,
    #[serde(default)]
    pub(crate) roles: Vec<String>,
    /// Capability → held. PHP writes an empty map as a list.
    #[serde(default)]
    pub(crate) capabilities: Value,
}

impl User {
    pub(crate) fn may(&self, capability: &str) -> bool {
        self.capabilities.get(capability).and_then(Value::as_bool).unwrap_or(false)
    }
}

/// The text of a field as stored (`context=edit`).
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Raw {
    #[serde(default)]
    pub(crate) raw: String,
}

/// A post as read.
#[derive(Debug, Deserialize)]
pub(crate) struct PostRead {
    pub(crate) id: u64,
    #[serde(default)]
    pub(crate) link: String,
    #[serde(default)]
    pub(crate) slug: String,
    pub(crate) status: String,
    /// UTC without a zone.
    pub(crate) date_gmt: Option<String>,
    pub(crate) modified_gmt: Option<String>,
    #[serde(default)]
    pub(crate) title: Raw,
    #[serde(default)]
    pub(crate) content: Raw,
    #[serde(default)]
    pub(crate) excerpt: Raw,
    #[serde(default)]
    pub(crate) categories: Vec<u64>,
    #[serde(default)]
    pub(crate) featured_media: u64,
    #[serde(default)]
    pub(crate) sticky: Option<bool>,
    #[serde(default, rename = "_embedded")]
    pub(crate) embedded: Embedded,
}

/// A post with nothing but its content, to find a marker.
#[derive(Debug, Deserialize)]
pub(crate) struct ContentRead {
    pub(crate) id: u64,
    #[serde(default)]
    pub(crate) content: Raw,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Embedded {
    /// One list per taxonomy; an error object where it could not be embedded.
    #[serde(default, rename = "wp:term")]
    pub(crate) terms: Value,
}

impl Embedded {
    /// The embedded categories, as far as they were embedded.
    pub(crate) fn categories(&self) -> Vec<Term> {
        let lists = self.terms.as_array().into_iter().flatten().filter_map(Value::as_array);
        lists
            .flatten()
            .filter(|term| term.get("taxonomy").and_then(Value::as_str) == Some("category"))
            .filter_map(|term| Term::deserialize(term).ok())
            .collect()
    }
}

/// A category or a tag. The name is HTML: `Kinh t&#7871; &amp; x&atilde; h&#7897;i`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Term {
    pub(crate) id: u64,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) slug: String,
    #[serde(default)]
    pub(crate) parent: u64,
}

/// A post as written: the whole of it in one request.
#[derive(Debug, Serialize)]
pub(crate) struct PostWrite<'a> {
    pub(crate) title: String,
    pub(crate) content: String,
    pub(crate) excerpt: String,
    pub(crate) slug: &'a str,
    pub(crate) status: &'static str,
    pub(crate) date_gmt: String,
    pub(crate) categories: &'a [u64],
    pub(crate) tags: &'a [u64],
    pub(crate) featured_media: u64,
    pub(crate) comment_status: &'static str,
    pub(crate) ping_status: &'static str,
}

#[derive(Debug, Deserialize)]
pub(crate) struct MediaRead {
    pub(crate) id: u64,
    #[serde(default)]
    pub(crate) slug: String,
    #[serde(default)]
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) source_url: String,
}

/// The body of a refusal: `{code, message, data: {status, …}}`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Refusal {
    #[serde(default)]
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) data: Value,
}
